"""What a canary looks like: a message of this run's own that goes the way of every record, and must come out."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MESSAGE_TYPE = 1121
"""AUDIT_TRUSTED_APP (libaudit.h): a program's message in words of its own."""

CLOCK = 0.011
"""Seconds that a record's stamp may be behind the time: the clock of the kernel's stamps ticks 100 times a second or more."""

_END = b" end"
_MODULUS = 2**32
_HALF = 2**31
_LIST = struct.Struct("=I")
_PREPEND = 0x10
_MESSAGE_LISTS = frozenset({0, 5})  # linux/audit.h: AUDIT_FILTER_USER, AUDIT_FILTER_EXCLUDE


class Sighting(NamedTuple):
    """A canary that came out: its number from 1, its event's serial, and whether it was sent to close the window."""

    number: int
    serial: int
    end: bool


_BODY = compile_late(
    rb"pid=([0-9]{1,10}) uid=[0-9]+ auid=[0-9]+ ses=[0-9]+(?: subj=[^']*)? "
    rb"msg='op=mig-audit-canary run=([0-9a-f]{16}) nr=([0-9]{1,10})( end)?'"
)
_LINE = compile_late(rb"^type=TRUSTED_APP msg=audit\([^:]*:([0-9]{1,10})\): (.*)$", re.MULTILINE)


def canary_of(serial: int, body: bytes, pids: Collection[int]) -> Optional[Sighting]:
    """Return the canary that a TRUSTED_APP record is, if it is one that one of these processes sent.

    The kernel writes the sender's process id before the text of a message: nobody else can send one that passes.
    """
    match = _BODY.fullmatch(body)
    if match is None or int(match[1]) not in pids:
        return None
    return Sighting(int(match[3]), serial, match[4] is not None)


class Claim(NamedTuple):
    """Which run a canary says it is of, and the process that sent it."""

    run_id: str
    pid: int


def claim_of(body: bytes) -> Optional[Claim]:
    """Return what a TRUSTED_APP record claims to be the canary of; None if it does not look like one."""
    match = _BODY.fullmatch(body)
    return None if match is None else Claim(match[2].decode(), int(match[1]))


class Mark:
    """Makes the canaries of one run, and finds them in what comes back."""

    def __init__(self, run_id: str, pid: int) -> None:
        """Mark for the canaries that process ``pid`` sends."""
        self._text = b"op=mig-audit-canary run=%b nr=" % run_id.encode()
        self._pids = frozenset({pid})

    def text(self, number: int, *, end: bool) -> bytes:
        """Return the message to send."""
        return b"%b%d%b" % (self._text, number, _END if end else b"")

    def in_block(self, data: bytes) -> list[Sighting]:
        """Return the canaries among raw-log lines."""
        # Most blocks have none, and a search for plain bytes is what they cost.
        if self._text not in data:
            return []
        lines = [match for match in _LINE.finditer(data) if self._text in match[2]]
        seen = [canary_of(int(match[1]), match[2], self._pids) for match in lines]
        return [sighting for sighting in seen if sighting is not None]


class Bracket:
    """The serials from a run's first canary to the one that closed its window: what lies outside is not of the window.

    Where a canary did not come, or none are sent, the times tell in its place.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._first: Optional[int] = None
        self._last: Optional[int] = None
        self._began: Optional[float] = None
        self._ended: Optional[float] = None

    def begin_at(self, seconds: float) -> None:
        """Take note of when the window began, in seconds since the epoch."""
        self._began = seconds

    def end_at(self, seconds: float) -> None:
        """Take note of when the window ended, in seconds since the epoch."""
        self._ended = seconds

    def begins_with(self, seconds: float) -> bool:
        """Return whether an event of that time shows that the window has begun: the kernel's stamps are never early."""
        return self._began is not None and seconds >= self._began

    def add(self, seen: Sighting) -> bool:
        """Take a canary; return whether it is the first."""
        first = self._first is None
        if first:
            self._first = seen.serial
        if seen.end and self._last is None:
            self._last = seen.serial
        return first

    def holds(self, serial: int, seconds: float) -> Optional[bool]:
        """Return whether an event is of the window; None where nothing shows when that ended."""
        if self._first is not None:
            if is_below(serial, self._first):
                return False
        elif self._began is not None and seconds < self._began:
            return False
        if self._last is not None:
            return is_below(serial, self._last)
        return None if self._ended is None else seconds < self._ended - CLOCK


def is_below(serial: int, other: Optional[int]) -> bool:
    """Say whether a serial is below another one, where there is one: they roll over."""
    return other is not None and (serial - other) % _MODULUS >= _HALF


def may_filter(rules: Iterable[bytes]) -> bool:
    """Say whether one of these rules (``struct audit_rule_data``) could keep messages of programs out of the record."""
    return any(_LIST.unpack_from(rule)[0] & ~_PREPEND in _MESSAGE_LISTS for rule in rules)
