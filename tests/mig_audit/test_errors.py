"""The error tree and its exit codes."""

from __future__ import annotations

import inspect
import os

import pytest

from mig_audit import errors
from mig_audit.errors import (
    EXIT_CODES,
    AuditAbsentError,
    AuditLockedError,
    AuditOwnedError,
    DeliveryError,
    InternalError,
    KernelRefusedError,
    LossError,
    MigAuditError,
    NotPermittedError,
    ParametersError,
    Problem,
    RawLogError,
    RestoreError,
    RuleError,
    UsageError,
    exit_code,
    unexpected,
)

_TREE = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, MigAuditError) and value is not MigAuditError
]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("what"), 2),
        (ParametersError([Problem("$", "required", "'rules' is missing")]), 2),
        (RuleError("what", 3), 2),
        (NotPermittedError("what"), 3),
        (AuditAbsentError("what"), 4),
        (AuditLockedError("what"), 4),
        (AuditOwnedError("what"), 4),
        (DeliveryError("what"), 5),
        (InternalError("what"), 6),
        (KernelRefusedError("what", 17), 1),
        (LossError("what"), 1),
        (RawLogError("what"), 1),
        (RestoreError("what"), 1),
    ],
)
def test_each_error_has_its_exit_code(error: MigAuditError, code: int) -> None:
    """The codes are a contract with scripts."""
    assert exit_code([error]) == code


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(24, "many"), 2, "ulimit -n"),
        (OSError(23, "many"), 2, "ulimit -n"),
        (OSError(5, "disk"), 6, "please report this"),
        (KeyError("x"), 6, "KeyError: 'x'"),
        (FileNotFoundError(2, "no", "/etc/nosuch"), 6, "/etc/nosuch"),
        (ModuleNotFoundError("no", name="psutil"), 2, "package psutil is not installed"),
        (ModuleNotFoundError("no", name="mig_audit.nothing"), 6, "please report this"),
    ],
)
def test_an_exception_of_another_tree_is_our_fault_but_for_what_the_host_lacks(
    error: Exception, code: int, words: str
) -> None:
    """Descriptors and packages are the caller's to give."""
    told = unexpected(error)

    assert told.exit_code == code
    assert words in str(told)


@pytest.mark.parametrize("lacking", ["/proc/self/stat", os.devnull])
def test_a_root_folder_without_what_every_program_needs_is_told(
    monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    """A bare chroot is not a fault of ours."""
    monkeypatch.setattr("os.path.exists", lambda path: path != lacking)
    told = unexpected(FileNotFoundError(2, "no", lacking), "the recorder failed: ")

    assert told.exit_code == 2
    assert told.what == f"the recorder failed: there is no {lacking} here"
    assert "mount /proc" in told.remedy


def test_no_error_is_exit_code_0() -> None:
    """A run without entries in errors is done."""
    assert exit_code([]) == 0


def test_among_several_errors_the_one_that_explains_the_most_decides() -> None:
    """A locked configuration explains a refused rule, and a lost record explains nothing else."""
    assert exit_code([LossError("a"), AuditLockedError("b"), DeliveryError("c")]) == 4
    assert exit_code([LossError("a"), DeliveryError("c")]) == 5


@pytest.mark.parametrize("kind", _TREE, ids=lambda kind: kind.__name__)
def test_every_class_is_in_the_drawn_tree(kind: type[MigAuditError]) -> None:
    """The docstring shows all of them, with a code that is documented."""
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__
    assert kind.exit_code in EXIT_CODES


def test_an_error_says_what_and_what_to_do() -> None:
    """Both in one line; without a remedy there is no colon."""
    assert str(UsageError("the file is gone", "name another")) == "the file is gone: name another"
    assert str(UsageError("the file is gone")) == "the file is gone"


def test_a_refusal_has_the_kernels_word() -> None:
    """The number by name, and in words."""
    assert str(KernelRefusedError("adding a rule", 22)) == "adding a rule: EINVAL (Invalid argument)"
