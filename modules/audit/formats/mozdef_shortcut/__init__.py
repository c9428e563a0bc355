"""MozDef's events out of remembered fragments: the bytes of `MozdefFormat.encode`, at a fraction of its cost.

Nearly all events are a system call's, their records of the one shape that the kernel gives them, and nearly all that
they say was said before: the same programs call the same calls on the same files. So a record is cut into the parts
that vary together, each part is checked against its exact shape once and remembered as the JSON that it becomes, and
an event is these pieces joined. No `Event` is made.

Everything else is declined, and goes the long way through `Decoder` and `MozdefFormat`: records of another type or
shape, numbers that are not written as the kernel does, late parts, events too long for a term. The tests hold the two
ways against each other, byte for byte, on real logs and on mutated ones.

All that is remembered is bounded in number and in length: whoever makes every string unique makes this slower, not
larger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.modules.audit.events.usual import Usual
from mig_audit.modules.audit.events.usual_message import UsualMessage
from mig_audit.modules.audit.formats.mozdef_enrichment import add_enrichment
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Frame
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import ENTRIES, Declined, Memory, written
from mig_audit.modules.audit.formats.mozdef_shortcut.messages import Messages
from mig_audit.modules.audit.formats.mozdef_shortcut.syscalls import Syscalls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events import Actor, Bundle, Decoder, Event
    from mig_audit.modules.audit.events.enrichment import Enrichment
    from mig_audit.modules.audit.events.usual import UsualEvent
    from mig_audit.modules.audit.formats.interface import Short

__all__ = ["MozdefShortcut"]

_END = b"}}"
_LONGEST_ENRICHMENT = 2048  # bytes of what is remembered


class MozdefShortcut:
    """The shortcut.

    Args:
        hostname: of the host that the records are from, printable.
        decoder: the one of the long way.
        document: what the format makes of an event.
    """

    def __init__(self, hostname: str, decoder: Decoder, document: Callable[[Event], dict[str, Any]]) -> None:
        frame = self._frame = Frame(hostname)
        self._syscalls = Syscalls(frame, decoder)
        self._messages = Messages(frame, decoder, document)
        self._enrichments = Enrichments()

    def encode_usuals(
        self, usuals: Sequence[UsualEvent], enrichments: Sequence[Enrichment] = (), node: str = ""
    ) -> tuple[list[bytes], list[tuple[str, Actor]]]:
        """Return what the format gives for usual events of a node, up to the first that is declined."""
        self._frame.turn_to(node)
        encode, encode_message = self._syscalls.encode_usual, self._messages.encode_usual
        told: list[bytes] = []
        actors: list[tuple[str, Actor]] = []
        try:
            if enrichments:
                last_of = self._enrichments.of
                for usual, enrichment in zip(usuals, enrichments):
                    last = last_of(enrichment)
                    if isinstance(usual, UsualMessage):
                        data, category, actor = encode_message(usual, last)
                    else:
                        plain, added = usual.plain()
                        data, category, actor = encode(plain, (), None, last, added)
                    told.append(data)
                    actors.append((category, actor))
                return told, actors
            for usual in usuals:
                if type(usual) is Usual:
                    data, category, actor = encode(usual)
                elif isinstance(usual, UsualMessage):
                    data, category, actor = encode_message(usual)
                else:
                    plain, added = usual.plain()
                    data, category, actor = encode(plain, added=added)
                told.append(data)
                actors.append((category, actor))
        except Declined:
            pass
        return told, actors

    def encode(self, bundle: Bundle, enrichment: Optional[Enrichment] = None) -> Optional[Short]:
        """Return what the format gives for any event; None if it is declined."""
        if bundle.records is not None or bundle.part:
            return None
        self._frame.turn_to(bundle.node)
        last = _END if enrichment is None else self._enrichments.of(enrichment)
        try:
            if len(bundle.types) != 1:
                return self._syscalls.encode(bundle, last)
            return self._messages.encode(bundle, last)
        except Declined:
            return None


class Enrichments(Memory["Enrichment", bytes]):
    """The last members of the details, and the end of the event: what is known around the event's process."""

    def __init__(self) -> None:
        super().__init__()
        # Most events of a process have one and the same; to hash it takes as long as all the rest.
        self._same: dict[int, tuple[Enrichment, bytes]] = {}

    def of(self, enrichment: Enrichment) -> bytes:
        """Return them."""
        same = self._same.get(id(enrichment))
        if same is not None and same[0] is enrichment:
            return same[1]
        told = self[enrichment]
        if len(told) <= _LONGEST_ENRICHMENT:
            if len(self._same) >= ENTRIES:
                self._same.clear()
            self._same[id(enrichment)] = enrichment, told
        return told

    def make(self, key: Enrichment) -> bytes:
        """Return those of one that was not seen before."""
        return written(add_enrichment, key) + _END

    def keep(self, key: Enrichment, value: bytes) -> None:
        """Remember one more, unless it is long."""
        if len(value) <= _LONGEST_ENRICHMENT:
            super().keep(key, value)
