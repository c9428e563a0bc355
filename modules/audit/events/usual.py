"""Usual events: of system calls whose records come one after the other, each in its ordinary shape; and messages.

Nearly all events are usual ones. One expression finds such an event in a block, checks it, and cuts it into the parts
that vary together, for less than what it takes to cut the block into lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from mig_audit.modules.audit.events.glance import Seen, is_auxiliary
from mig_audit.modules.audit.events.group import END, Bundle
from mig_audit.modules.audit.events.usual_message import MESSAGE_END, NUMBER, STAMP, UsualMessage
from mig_audit.modules.audit.records.record import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def _record(name: bytes, body: bytes) -> bytes:
    return rb"type=" + name + rb" msg=audit\(\1\): " + body + rb"\n"


# An absolute name that is JSON as it stands is one of a kind as often as not, so that it is cut out here, where that is
# nearly free; of a name that led to nothing there is no inode.
_FIRST_PATH = (
    rb'(item=0 name=("/[!#-\[\]-~]{0,199}")(?: inode=(0|[1-9][0-9]{0,19})(?= dev=)|(?= nametype=)) (.*)|.*)'
)

SYSCALL_BODY = (
    rb"(arch=[0-9a-f]{1,8} syscall=[0-9]{1,10} success=(?:yes|no)) exit=(0|-?[1-9][0-9]{0,18})"
    + b"".join(rb" a%d=([0-9a-f]{1,16})" % index for index in range(4))
    + rb" items=%b ppid=%b pid=%b (.*)" % (NUMBER, NUMBER, NUMBER)
)
"""Matches the body of a SYSCALL record; its groups are those of a `Usual` from ``call`` to ``who``."""

_FOLLOWING = (b"SOCKADDR", b"EXECVE", b"CWD", b"PATH", b"PATH", b"PATH", b"PATH", b"PROCTITLE")

USUAL = re.compile(
    rb"type=SYSCALL msg=audit\(%b\): %b\n" % (STAMP, SYSCALL_BODY)
    # An empty alternative is found in three quarters of the time that an optional group takes.
    + b"(?:%b|)" % _record(b"(BPRM_FCAPS|OBJ_PID)", b"(.*)")
    + b"".join(
        b"(?:%b|)" % _record(name, _FIRST_PATH if place == _FOLLOWING.index(b"PATH") else b"(.*)")
        for place, name in enumerate(_FOLLOWING)
    )
    + rb"(?:type=(EOE) msg=audit\(\1\): \n|)"
)
"""Matches the records of a usual event, or as many of its first ones as come together; its groups are a `Usual`.

The order is that of kernel/auditsc.c, audit_log_exit; there are more records that could be between these, which are not
usual.
"""

_TYPES = tuple(name.decode("ascii") for name in _FOLLOWING)
_WHO, _AUX, _ADDRESS, _PATH, _NAME, _SECOND_PATH = 13, 15, 16, 19, 20, 23  # where they are in a `Usual`
_PLACES = tuple(zip(_TYPES, (_ADDRESS, 17, 18, _PATH, _SECOND_PATH, 24, 25, 26)))
_MOST = 2 + len(_FOLLOWING)  # without EOE
_EOE = b"EOE"
_new = tuple.__new__  # what Usual(...) does, without its Python frame


class _Cut(NamedTuple):
    """The groups of `USUAL`."""

    stamp: bytes
    seconds: bytes
    milliseconds: bytes
    serial: bytes
    call: bytes
    exit: bytes
    a0: bytes
    a1: bytes
    a2: bytes
    a3: bytes
    items: bytes
    ppid: bytes
    pid: bytes
    who: bytes
    aux_type: Optional[bytes]
    aux: Optional[bytes]
    address: Optional[bytes]
    command: Optional[bytes]
    cwd: Optional[bytes]
    path0: Optional[bytes]
    name: Optional[bytes]
    inode: Optional[bytes]
    entry: Optional[bytes]
    path1: Optional[bytes]
    path2: Optional[bytes]
    path3: Optional[bytes]
    title: Optional[bytes]
    end: Optional[bytes]


class Usual(_Cut, Seen):
    """An event, as `USUAL` cuts it.

    Attributes:
        stamp: ``SEC.MMM:SERIAL``; then its three numbers, of which the first and the last have no leading zeros.
        call: of the SYSCALL record ``arch`` to ``success``; then what it returned, its arguments, its numbers, and what
            follows ``pid``.
        aux_type: which of the two records there may be after that, None for neither, and ``aux``, its body.
        address: the body of the SOCKADDR record, None if there is none; likewise those of the other records.
        name: of the first PATH record, if that is plain: in its quotes; then its inode, if it has one, and what
            follows.
        end: ``EOE`` if it ends with that; None while it may get more records; then one of `ENDINGS`, as bytes.
    """

    __slots__ = ()

    @property
    def types(self) -> tuple[str, ...]:
        """Return the types of its records."""
        return tuple(self.run()[0])

    @property
    def paths(self) -> Sequence[bytes]:
        """Return the PATH records."""
        path = self.path0
        if path is None or self.path1 is None:
            return () if path is None else (path,)
        return [each for each in (path, self.path1, self.path2, self.path3) if each is not None]

    @property
    def commands(self) -> Sequence[bytes]:
        """Return the EXECVE record, if there is one."""
        return () if self.command is None else (self.command,)

    @property
    def auxiliaries(self) -> Sequence[tuple[bytes, bytes]]:
        """Return type and body of the auxiliary record, if there is one."""
        return () if self.aux_type is None or self.aux is None else ((self.aux_type, self.aux),)

    @property
    def alone(self) -> bool:
        """Say whether no record but the first says who did what; see `Seen.alone`, which says the same more slowly."""
        who, kind, aux, address, _, cwd, _, _, _, _, _, _, _, title, _ = self[_WHO:]
        return (
            who is not None
            and who.startswith(b"auid=")
            and (cwd is None or (b" " not in cwd and cwd.startswith(b"cwd=")))
            and (title is None or (b" " not in title and title.startswith(b"proctitle=")))
            and (address is None or (b" " not in address and address.startswith(b"saddr=")))
            and (aux is None or kind is None or is_auxiliary(kind, aux))
        )

    def plain(self) -> tuple[Usual, Optional[bytes]]:
        """Return the event without what auditd added, and what that added to its SYSCALL record."""
        return self, None

    @property
    def whole(self) -> bool:
        """Say whether it has the PATH records that it announces."""
        items = self.items
        if items == b"1":
            return self.path0 is not None
        return items == b"0" or int(items) <= len(self.paths)

    @property
    def ending(self) -> str:
        """Return why it is complete, one of `ENDINGS`."""
        return (self.end or END.encode("ascii")).decode("ascii").lower()

    @property
    def records(self) -> int:
        """Return how many records it has."""
        return count_records((self,))[0]

    def extended(self, types: Sequence[str], texts: Sequence[bytes]) -> Optional[Usual]:
        """Return the event with further records; None if it is no usual one with these."""
        parts: list[Optional[bytes]] = list(self)
        places = iter(_PLACES)
        for name, text in zip(types, texts):
            for each, place in places:
                if each == name and parts[place:-1].count(None) == len(parts) - 1 - place:
                    parts[place] = text
                    break
            else:
                if name != "EOE" or text:
                    return None
                parts[-1] = _EOE
        return _new(EnrichedUsual if any(SEPARATOR in text for text in texts) else type(self), parts)

    def bundle(self, node: str = "") -> Bundle:
        """Return the same as a bundle, of a node if it is of one."""
        types, texts = self.run()
        return Bundle.of(self.stamp, types, texts, self.ending, 0, node)

    def run(self) -> tuple[list[str], list[bytes]]:
        """Return the types and texts of its records."""
        arguments = b"exit=%b a0=%b a1=%b a2=%b a3=%b" % (self.exit, self.a0, self.a1, self.a2, self.a3)
        numbers = b"items=%b ppid=%b pid=%b" % (self.items, self.ppid, self.pid)
        body = b" ".join((self.call, arguments, numbers, self.who))
        types, texts = ["SYSCALL"], [body]
        if self.aux_type is not None and self.aux is not None:
            types.append(self.aux_type.decode("ascii"))
            texts.append(self.aux)
        for name, following in zip(_TYPES, (*self[_ADDRESS:_NAME], *self[_SECOND_PATH:-1])):
            if following is not None:
                types.append(name)
                texts.append(following)
        if self.end == _EOE:
            types.append("EOE")
            texts.append(b"")
        return types, texts


class EnrichedUsual(Usual):
    """An event of an enriched log: after each of its records may be what auditd added, with the separator before it.

    What is asked of a glance must be asked of `plain`.
    """

    __slots__ = ()

    def plain(self) -> tuple[Usual, Optional[bytes]]:
        """Return the event without any of it."""
        parts = [
            part if part is None or SEPARATOR not in part else part[: part.rindex(SEPARATOR)]
            for part in self[_WHO:]
        ]
        _, cut, added = self.who.rpartition(SEPARATOR)
        return _new(Usual, (*self[:_WHO], *parts)), added if cut else None


UsualEvent = Union[Usual, UsualMessage]


def with_ending(usuals: Sequence[Usual], ending: str) -> list[UsualEvent]:
    """Return events that have no ends as complete for another reason than these."""
    end = (ending.encode("ascii"),)
    return list(map(_new, map(type, usuals), [usual[:-1] + end for usual in usuals]))


def count_records(usuals: Iterable[UsualEvent]) -> list[int]:
    """Return how many records each of some events has."""
    return [
        1
        if usual[-1] == MESSAGE_END
        else _MOST - usual[_AUX:_NAME].count(None) - usual[_SECOND_PATH:-1].count(None) + (usual[-1] == _EOE)
        for usual in usuals
    ]


class UsualRun(NamedTuple):
    """Usual events that are complete, one after the other, how many records they have together, and the node of all."""

    events: list[UsualEvent]
    records: int
    node: str = ""

    @classmethod
    def of(cls, events: list[UsualEvent], node: str) -> UsualRun:
        """Return events as a run."""
        return cls(events, sum(count_records(events)), node)

    def bundles(self) -> list[Bundle]:
        """Return the events one by one."""
        return [usual.bundle(self.node) for usual in self.events]

    def split(self, number: int) -> tuple[UsualRun, UsualRun, UsualRun]:
        """Return the first events, the next one, and the rest."""
        events, records, node = self
        if number == len(events):
            return self, _NO_EVENTS, _NO_EVENTS
        one, rest = UsualRun.of(events[number : number + 1], node), UsualRun.of(events[number + 1 :], node)
        return UsualRun(events[:number], records - one.records - rest.records, node), one, rest


_NO_EVENTS = UsualRun([], 0)

Complete = Union[Bundle, UsualRun]
"""An event that is complete, or some."""


def bundles(complete: Complete) -> list[Bundle]:
    """Return the events one by one."""
    return complete.bundles() if isinstance(complete, UsualRun) else [complete]
