"""A result that cannot be written leaves word of where its records are."""

from __future__ import annotations

from typing import NoReturn

import pytest

from mig_audit.answer import Answer, write_answer
from mig_audit.errors import OutputError, RawLogError
from mig_audit.results import Result

_WHERE = "every record is in /r/a.log: `mig-audit replay /r/a.log` gives the events"
_RESULT = Result(
    found_anything=True,
    success=True,
    elements={"raw_log": {"path": "/r/a.log"}},
    errors=(RawLogError("it is full"),),
)


def _full(_text: str) -> NoReturn:
    raise OutputError("stdout could not be written: No space left on device", "write to another place")


def _left(_text: str) -> NoReturn:
    raise BrokenPipeError


def test_where_there_is_no_room_the_raw_log_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """And what the result says of errors, which is in no place else."""
    with pytest.raises(OutputError) as caught:
        write_answer(_full, "{}", _RESULT.to_json())

    assert str(caught.value) == f"stdout could not be written: No space left on device: {_WHERE}"
    assert capsys.readouterr().err == "mig-audit: it is full\n"


def test_where_the_reader_is_gone_the_raw_log_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """It may have had enough."""
    with pytest.raises(BrokenPipeError):
        write_answer(_left, "{}", _RESULT.to_json())

    assert capsys.readouterr().err == f"mig-audit: the result was not read to its end; {_WHERE}\n"


def test_without_a_raw_log_there_is_none_to_name(capsys: pytest.CaptureFixture[str]) -> None:
    """The error is as it was."""
    with pytest.raises(OutputError, match="write to another place"):
        write_answer(_full, "{}", Result().to_json())
    with pytest.raises(BrokenPipeError):
        write_answer(_left, "{}", Result().to_json())

    assert capsys.readouterr().err == ""


def test_an_answer_of_another_process_is_an_envelope_or_none() -> None:
    """What is cut off is none."""
    answer = Answer.of(_RESULT)

    assert Answer.parse(answer.line.encode()) == answer._replace(exit_code=0)
    assert answer.errors == ["it is full"]
    for line in (b"", b"{}", b"[]", b"\xff", answer.line.encode()[:-1], b"[" * 100_000):
        assert Answer.parse(line) is None
