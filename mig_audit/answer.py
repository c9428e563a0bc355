"""A result as it leaves the process; and what is said if nobody gets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional, cast

from .console import say
from .errors import OutputError, unexpected
from .results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_KEYS = frozenset({"foundanything", "success", "elements", "statistics", "errors"})


class Answer(NamedTuple):
    """An envelope as one line of JSON, and as what that says; ``exit_code`` is what the CLI makes of it."""

    line: str
    envelope: Mapping[str, object]
    exit_code: int

    @classmethod
    def of(cls, result: Result) -> Answer:
        """Return the answer that a result is; one that is no JSON is a fault of the module's."""
        try:
            return cls(result.to_line(), result.to_json(), result.exit_code)
        except (TypeError, ValueError, RecursionError) as error:
            return cls.of(Result.failure(unexpected(error, "the result is no JSON: ")))

    @classmethod
    def parse(cls, line: bytes) -> Optional[Answer]:
        """Return the answer that a persistent process has sent; None if that is no whole envelope."""
        try:
            text = line.decode("utf-8")
            envelope = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(envelope, dict) or not envelope.keys() >= _KEYS:
            return None
        return cls(text, envelope, 0)

    @property
    def errors(self) -> Sequence[str]:
        """What the envelope says of errors."""
        return cast("Optional[Sequence[str]]", self.envelope["errors"]) or ()


def write_answer(write: Callable[[str], None], text: str, envelope: Mapping[str, object]) -> None:
    """Write an envelope as it was rendered.

    Raises:
        OutputError: it cannot be written; where there is a raw log, the error names it, and other errors were told.
    """
    try:
        write(text)
    except BrokenPipeError:
        # Who reads no more may have had enough of it.
        if _raw_log(envelope):
            say(f"the result was not read to its end; {_raw_log(envelope)}")
        raise
    except OutputError as error:
        for each in cast("Optional[Sequence[str]]", envelope["errors"]) or ():
            say(each)
        raise OutputError(error.what, _raw_log(envelope) or error.remedy) from error


def _raw_log(envelope: Mapping[str, object]) -> str:
    """Say where the records are of a result that nobody got; nothing if there are none."""
    elements = envelope["elements"]
    raw_log = elements.get("raw_log") if isinstance(elements, dict) else None
    if not isinstance(raw_log, dict) or "path" not in raw_log:
        return ""
    return f"every record is in {raw_log['path']}: `mig-audit replay {raw_log['path']}` gives the events"
