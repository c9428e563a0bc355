"""The rule sets that are shipped."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.rules import Names, RuleLine, load_profile, profile_names
from mig_audit.modules.audit.rules import constants as c

_NOBODY: dict[str, int] = {}
_KEY = re.compile(r"T1[0-9]{3}_[a-z]+")
_MACHINES = ("x86_64", "aarch64", "i686", "armv7l", "ppc64", "ppc64le", "riscv64")


def _names(machine: str) -> Names:
    return Names(_NOBODY.get, _NOBODY.get, lambda _path: False, machine)


def _rules(name: str, machine: str = "x86_64") -> tuple[RuleLine, ...]:
    return load_profile(name, _names(machine))


def test_there_are_three_profiles() -> None:
    """Their names are part of the parameters' contract."""
    assert profile_names() == ("exec", "identity", "network")


@pytest.mark.parametrize("machine", _MACHINES)
@pytest.mark.parametrize("name", profile_names())
def test_every_line_is_a_rule_that_adds_something_with_a_key(name: str, machine: str) -> None:
    """On every machine that is supported; keys begin with a technique of ATT&CK."""
    lines = _rules(name, machine)
    assert lines
    for line in lines:
        assert line.error is None, line.text
        assert line.parsed is not None
        assert not line.parsed.delete
        assert line.parsed.warnings == ()
        assert all(_KEY.fullmatch(key) for key in line.parsed.rule.keys)
        assert len(line.parsed.rule.keys) == 1


@pytest.mark.parametrize("name", profile_names())
def test_no_rule_is_shipped_twice(name: str) -> None:
    """The kernel would refuse the second."""
    packed = [line.parsed.rule.pack() for line in _rules(name) if line.parsed]
    assert len(packed) == len(set(packed))


@pytest.mark.parametrize("name", ["exec", "network"])
def test_programs_of_both_widths_are_covered(name: str) -> None:
    """A 32-bit program is no way around a rule."""
    elves = {field.value for line in _rules(name) if line.parsed for field in line.parsed.rule.fields[:1]}
    assert elves == {0xC000003E, 0x40000003}


def test_rules_for_programs_that_a_machine_has_not_are_left_out() -> None:
    """A profile is no error where there is nothing to record; an unknown machine is one."""
    assert [line.parsed is not None for line in _rules("exec", "ppc64le")] == [True]
    assert [line.parsed is not None for line in _rules("exec", "i686")] == [True]
    assert [line.parsed is not None for line in _rules("exec", "pdp11")] == [False, False]


def test_what_is_watched_has_a_folder_that_exists_everywhere() -> None:
    """The kernel refuses a watch whose folder is missing."""
    paths = [
        PurePosixPath((field.text or b"").decode())
        for line in _rules("identity")
        if line.parsed
        for field in line.parsed.rule.fields
        if field.code == c.AUDIT_WATCH
    ]
    assert {str(path.parent) for path in paths} == {"/etc", "/root"}
    assert PurePosixPath("/etc/passwd") in paths


def test_exec_records_both_ways_to_start_a_program() -> None:
    """execveat starts one just as well."""
    first = _rules("exec")[0].parsed
    assert first is not None
    assert first.rule.mask == 1 << 59 | 1 << 322


def test_the_host_is_the_default() -> None:
    """The profiles load where they are shipped to."""
    assert all(line.error is None for line in load_profile("exec"))


@pytest.mark.parametrize("name", ["", "Exec", "../exec", "exec.rules"])
def test_an_unknown_profile_is_an_error(name: str) -> None:
    """A name is not a path."""
    with pytest.raises(UsageError, match="no profile"):
        load_profile(name)
