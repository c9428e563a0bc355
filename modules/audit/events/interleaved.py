"""Usual events whose records came by turns: two processors had each an event to tell of at the same time.

Put in order, each is found by the one expression that finds usual events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.usual import USUAL, EnrichedUsual, Usual
from mig_audit.modules.audit.events.usual_message import ENRICHED_MESSAGE, USUAL_MESSAGE, UsualMessage
from mig_audit.modules.audit.records.record import SEPARATOR

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.usual import UsualEvent

_NEAR = 4096  # bytes, within which all of them must have ended: four events or so
_RECORD = rb"type=[A-Z_]+ msg=audit%b .*\n"
_RECORDS = compile_late(_RECORD % rb"(\([0-9.]+:([0-9]{1,10})\):)" + b"(?:%b)*" % (_RECORD % rb"\1"))
"""Matches the records of one event that are one after the other; its groups are their stamp and its serial."""


class Interleaved(NamedTuple):
    """Usual events that have their ends.

    Attributes:
        events: in the order of their ends.
        serials: that of each record but those that follow one of the same event.
        end: where in the block they all have ended.
    """

    events: list[UsualEvent]
    serials: list[int]
    end: int


def untangle(block: bytes, start: int, stamp: bytes) -> Optional[Interleaved]:
    """Return the events that begin here, the first of which has this stamp, up to where none of them is open.

    None if that is far, or one of them is not usual.
    """
    near = start + _NEAR
    if block.find(b"\ntype=EOE msg=audit(%b): \n" % stamp, start, near) < 0:
        return None
    open_: dict[bytes, bytes] = {}
    events: list[UsualEvent] = []
    serials: list[int] = []
    while open_ or not events:
        records = _RECORDS.match(block, start, near)
        if records is None:
            return None
        start = records.end()
        stamp = records[1]
        serials.append(int(records[2]))
        text = open_.pop(stamp, b"") + records[0]
        if text.endswith(b"\ntype=EOE msg=audit%b \n" % stamp):
            usual = USUAL.fullmatch(text)
            if usual is None:
                return None
            events.append((EnrichedUsual if SEPARATOR in text else Usual)._make(usual.groups()))
        elif text.startswith(b"type=SYSCALL "):
            open_[stamp] = text
        else:
            message = (ENRICHED_MESSAGE if SEPARATOR in text else USUAL_MESSAGE).fullmatch(text)
            if message is None:
                return None
            events.append(UsualMessage.of(message.groups()))
    return Interleaved(events, serials, start)
