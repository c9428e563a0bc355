"""What came and could not be written: each such record is of an event that may be in no raw log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.canary import is_below

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERIAL = compile_late(rb"^type=[^ ]+ msg=audit\([0-9.]+:([0-9]{1,10})\)", re.MULTILINE)
_CHANGE = compile_late(rb"^type=CONFIG_CHANGE ", re.MULTILINE)


@dataclass(frozen=True)
class Unwritten:
    """What a recorder tells of the records that it had to drop.

    ``highest`` is the highest serial, ``in_window`` the highest that came before the window ended; each is None where
    there is none. ``own`` counts records that are the run's own canaries, or changes to audit, which may be its own.
    """

    records: int = 0
    in_window: Optional[int] = None
    highest: Optional[int] = None
    own: int = 0

    def to_json(self) -> dict[str, object]:
        """Return the account as a document."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Unwritten:
        """Rebuild the account."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


class Leftovers:
    """Takes the lines that were not written.

    Nothing is hot here: writing fails once, and what is dropped after that is what the kernel has queued.

    Args:
        canaries: counts the run's own in raw-log lines.
    """

    def __init__(self, canaries: Callable[[bytes], int]) -> None:
        """Begin with none."""
        self._canaries = canaries
        self._in_window: Optional[int] = None
        self._highest: Optional[int] = None
        self._own = 0
        self.records = 0

    def add(self, lines: bytes, records: int) -> None:
        """Count that many lines, and follow their serials."""
        self.records += records
        if not lines:
            return
        self._own += self._canaries(lines) + len(_CHANGE.findall(lines))
        for serial in map(int, _SERIAL.findall(lines)):
            if self._highest is None or is_below(self._highest, serial):
                self._highest = serial

    def end_window(self) -> None:
        """Take note that what comes from now on came after the window's end."""
        self._in_window = self._highest

    def account(self) -> Unwritten:
        """Return what there was."""
        return Unwritten(self.records, self._in_window, self._highest, self._own)
