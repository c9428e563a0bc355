"""An answer is written, or it is said what else there is of a run that nobody got the result of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from .console import say, say_error
from .errors import OutputError

if TYPE_CHECKING:
    from .results import Result


def write_answer(write: Callable[[str], None], text: str, result: Result) -> None:
    """Write a result as it was rendered.

    Raises:
        OutputError: it cannot be written; where there is a raw log, the error names it, and other errors were told.
    """
    try:
        write(text)
    except BrokenPipeError:
        # Who reads no more may have had enough of it.
        if _raw_log(result):
            say(f"the result was not read to its end; {_raw_log(result)}")
        raise
    except OutputError as error:
        for each in result.errors:
            say_error(each)
        raise OutputError(error.what, _raw_log(result) or error.remedy) from error


def _raw_log(result: Result) -> str:
    """Say where the records are of a result that nobody got; nothing if there are none."""
    raw_log = (result.elements or {}).get("raw_log")
    if not isinstance(raw_log, dict):
        return ""
    return f"every record is in {raw_log['path']}: `mig-audit replay {raw_log['path']}` gives the events"
