"""What the process of a run says to the one that asked for it."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from mig_audit.answer import Answer
from mig_audit.errors import PartialError, UsageError
from mig_audit.results import Result
from mig_audit.separate_run import Finished, SeparateRun

if TYPE_CHECKING:
    from mig_audit.interface import Module

_ANSWER = Answer.of(
    Result(
        found_anything=True,
        success=True,
        elements={"said": "a\nb\udce9é"},
        statistics={"n": 1},
        errors=(PartialError("oh\n"),),
    )
)


def _written() -> bytearray:
    file = io.BytesIO()
    Finished.of(_ANSWER).write(file)
    return bytearray(file.getvalue())


def test_all_of_it_comes_over() -> None:
    """Who does not need the elements sees the rest at a glance."""
    finished = Finished.parse(_written())

    assert finished == Finished.of(_ANSWER)
    assert finished.answer()._replace(envelope={}) == _ANSWER._replace(envelope={})
    assert finished.answer().envelope["elements"] == {"said": "a\nb\udce9é"}
    assert (finished.exit_code, finished.worked) == (1, True)
    assert finished.glance == {
        "foundanything": True,
        "success": True,
        "statistics": {"n": 1},
        "errors": ["oh\n"],
    }


def test_what_is_not_whole_is_nothing() -> None:
    """Wherever the process was killed."""
    whole = _written()

    assert [Finished.parse(whole[:size]) for size in range(len(whole))] == [None] * len(whole)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_a_host_that_has_no_process_for_it_is_told_apart_from_a_fault(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Root has no such bound of its own, so a container's is put in; and no descriptor is left open."""

    def no_fork() -> int:
        raise OSError(number, os.strerror(number))

    before = list(Path("/proc/self/fd").iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fork", no_fork)
        with pytest.raises(UsageError, match=r"no process could be started: .*: allow more processes"):
            SeparateRun.start(cast("Module", None), {}, print)

    assert len(list(Path("/proc/self/fd").iterdir())) == len(before)
