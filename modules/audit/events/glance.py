"""A glance at an event's records before they are decoded: which there are, and the parts of its SYSCALL record.

Filters and enrichment ask something of every event, and to decode it for that would cost more than all the rest. So a
glance is to be had only where it cannot differ from what the decoder finds: where no record but the system call's says
who did what, and that one has the kernel's shape, at least up to ``auid=``. What follows is for the reader to check.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.draft import only_value
from mig_audit.modules.audit.events.event import NO_SYSCALL
from mig_audit.modules.audit.events.execve import parse_arguments
from mig_audit.modules.audit.events.paths import find_directory, parse_paths
from mig_audit.modules.audit.events.system_calls import Call, resolve_call
from mig_audit.modules.audit.events.values import string_value
from mig_audit.modules.audit.records import parse_fields
from mig_audit.modules.audit.records.memo import LONGEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.events.event import PathItem

_SHAPE = compile_late(
    rb"(arch=[0-9a-f]{1,8} syscall=[0-9]{1,10}(?: success=(?:yes|no))?)(?:(?<![0-9]) exit=(-?[0-9]{1,20})|(?<=[0-9]))"
    rb" a0=([0-9a-f]{1,16}) a1=([0-9a-f]{1,16}) a2=([0-9a-f]{1,16}) a3=([0-9a-f]{1,16})"
    rb" items=([0-9]{1,10}) ppid=([0-9]{1,10}) pid=([0-9]{1,10}) (auid=.*)",
    re.DOTALL,
)
# Records that say nothing about the event as a whole, whatever is in them; and those that do not if this is all they
# have, the first time.
_QUIET = frozenset({"SYSCALL", "PATH", "EXECVE", "EOE"})
# kernel/auditsc.c, audit_log_exit and audit_log_pid_context: what records of these types have in them says nothing about
# the event as a whole either, as far as it is what the kernel writes.
AUXILIARY_FIELDS: Mapping[bytes, frozenset[str]] = {
    b"BPRM_FCAPS": frozenset(
        ["fver", "fp", "fi", "fe", "old_pp", "old_pi", "old_pe", "old_pa", "pp", "pi", "pe", "pa", "frootid"]
    ),
    b"OBJ_PID": frozenset(["opid", "oauid", "ouid", "oses", "obj", "ocomm"]),
}
"""The fields of records that tell more of some calls, by their types."""

_AUXILIARIES = frozenset([name.decode("ascii") for name in AUXILIARY_FIELDS])
_CWD, _TITLE, _ADDRESS, _WHO = b"cwd=", b"proctitle=", b"saddr=", b"auid="
_ONE_FIELD = {"CWD": _CWD, "PROCTITLE": _TITLE, "SOCKADDR": _ADDRESS}
_KNOWN = _QUIET | _AUXILIARIES | frozenset(_ONE_FIELD)
_MOST_TYPES = 64  # of an event whose layout is remembered
_new = tuple.__new__  # what Glance(...) does, without its Python frame


class Seen:
    """What it shows of one event, however its records were cut.

    Attributes:
        call: of the SYSCALL record ``arch`` and ``syscall``, and ``success`` if it is there.
        a0: the first argument.
        a1: the second.
        a2: the third.
        a3: the fourth.
        items: how many PATH records are announced.
        ppid: the parent.
        pid: the process.
        who: from ``auid=`` to the end.
        cwd: the working directory's record; None without one.
        address: the socket address's.
        title: the process title's.
    """

    call: bytes
    a0: bytes
    a1: bytes
    a2: bytes
    a3: bytes
    items: bytes
    ppid: bytes
    pid: bytes
    who: bytes
    cwd: Optional[bytes]
    address: Optional[bytes]
    title: Optional[bytes]

    __slots__ = ()

    @property
    def exit(self) -> Optional[bytes]:
        """Return what the call returned; None where the record does not say."""
        raise NotImplementedError

    @property
    def types(self) -> tuple[str, ...]:
        """Return the types of all records."""
        raise NotImplementedError

    @property
    def paths(self) -> Sequence[bytes]:
        """Return the PATH records."""
        raise NotImplementedError

    @property
    def commands(self) -> Sequence[bytes]:
        """Return the EXECVE records."""
        raise NotImplementedError

    @property
    def auxiliaries(self) -> Sequence[tuple[bytes, bytes]]:
        """Return types and bodies of the auxiliary records."""
        raise NotImplementedError

    @property
    def alone(self) -> bool:
        """Say whether no record but the first says who did what, and that goes on after ``pid`` as the kernel's does.

        Each record that may have one field only must have just that, and each auxiliary one its own fields.
        """
        cwd, address, title = self.cwd, self.address, self.title
        if not self.who.startswith(_WHO):
            return False
        if cwd is not None and (b" " in cwd or not cwd.startswith(_CWD)):
            return False
        if address is not None and (b" " in address or not address.startswith(_ADDRESS)):
            return False
        if title is not None and (b" " in title or not title.startswith(_TITLE)):
            return False
        others = self.auxiliaries
        return not others or all(is_auxiliary(kind, body) for kind, body in others)

    @property
    def args(self) -> tuple[str, str, str, str]:
        """Return the arguments as the decoder has them."""
        a0, a1, a2, a3 = self.a0, self.a1, self.a2, self.a3
        return a0.decode("ascii"), a1.decode("ascii"), a2.decode("ascii"), a3.decode("ascii")

    @property
    def outcome(self) -> tuple[Optional[bytes], Optional[bytes]]:
        """Return ``success`` and ``exit``."""
        return (self.call.rpartition(b"=")[2], self.exit) if self.exit is not None else (None, None)

    @property
    def directory(self) -> Optional[str]:
        """Return the working directory."""
        if self.cwd is None:
            return None
        raw = only_value(self.cwd, _CWD)
        if raw is None:
            raw = next((value for name, value in parse_fields(self.cwd) if name == "cwd"), None)
        return None if raw is None else string_value(raw)

    def path_items(self, call: Optional[str]) -> tuple[PathItem, ...]:
        """Return the PATH records of a call of that name, decoded."""
        directory = find_directory(self.directory, NO_SYSCALL._replace(name=call, args=self.args))
        return parse_paths(self.paths, directory, call)

    def argv(self) -> Optional[tuple[Optional[str], ...]]:
        """Return the arguments of the program that was started; None without an EXECVE record."""
        commands = self.commands
        return parse_arguments(commands)[0].argv if commands else None


class _Parts(NamedTuple):
    call: bytes
    exit: Optional[bytes]
    a0: bytes
    a1: bytes
    a2: bytes
    a3: bytes
    items: bytes
    ppid: bytes
    pid: bytes
    who: bytes
    cwd: Optional[bytes]
    address: Optional[bytes]
    title: Optional[bytes]
    types: tuple[str, ...]
    paths: tuple[bytes, ...]
    commands: tuple[bytes, ...]
    auxiliaries: tuple[tuple[bytes, bytes], ...]


class Glance(_Parts, Seen):
    """The same of an event whose records are apart."""

    __slots__ = ()


class _Layout(NamedTuple):
    """Where in an event of some types which record is; -1 where there is none."""

    syscall: int
    cwd: int
    address: int
    title: int
    paths: tuple[int, ...]
    commands: tuple[int, ...]
    auxiliaries: tuple[int, ...]
    ends: tuple[int, ...]


def glance_at(types: Sequence[str], bodies: Sequence[bytes]) -> Optional[Glance]:
    """Return what the records of an event show, none of which has a node or interpretations; None if it is nothing."""
    layout = (_layout if len(types) <= _MOST_TYPES else _find_layout)(tuple(types))
    if layout is None:
        return None
    at_call, at_cwd, at_address, at_title, at_paths, at_commands, at_others, at_ends = layout
    match = _SHAPE.fullmatch(bodies[at_call])
    if match is None:
        return None
    for place in at_ends:
        if bodies[place].strip():
            return None
    cwd = bodies[at_cwd] if at_cwd >= 0 else None
    address = bodies[at_address] if at_address >= 0 else None
    title = bodies[at_title] if at_title >= 0 else None
    paths = tuple([bodies[place] for place in at_paths])
    commands = tuple([bodies[place] for place in at_commands]) if at_commands else ()
    others = (
        tuple([(types[place].encode("ascii"), bodies[place]) for place in at_others]) if at_others else ()
    )
    return _new(Glance, (*match.groups(), cwd, address, title, tuple(types), paths, commands, others))


def is_auxiliary(kind: bytes, body: bytes) -> bool:
    """Say whether an auxiliary record has no other fields than the kernel writes there."""
    return (_is_auxiliary if len(body) <= LONGEST else _has_own_fields)(kind, body)


def _has_own_fields(kind: bytes, body: bytes) -> bool:
    return AUXILIARY_FIELDS[kind].issuperset([name for name, _ in parse_fields(body)])


_is_auxiliary = lru_cache(maxsize=1024)(_has_own_fields)


@lru_cache(maxsize=4096)
def call_of(text: bytes) -> Call:
    """Return which system call the ``call`` of a glance is; of ``socketcall``, only that."""
    arch, number = [part.partition(b"=")[2] for part in text.split(b" ")[:2]]
    return resolve_call(arch, number, uring=False)


def _find_layout(types: tuple[str, ...]) -> Optional[_Layout]:
    """Return where the records of these types are; None where others than the SYSCALL record may say who did what."""
    if types.count("SYSCALL") != 1 or any(types.count(name) > 1 for name in _ONE_FIELD):
        return None
    if not _KNOWN.issuperset(types):
        return None

    def only(name: str) -> int:
        return types.index(name) if name in types else -1

    def every(*names: str) -> tuple[int, ...]:
        return tuple([place for place, each in enumerate(types) if each in names])

    return _Layout(
        only("SYSCALL"),
        only("CWD"),
        only("SOCKADDR"),
        only("PROCTITLE"),
        every("PATH"),
        every("EXECVE"),
        every(*_AUXILIARIES),
        every("EOE"),
    )


_layout = lru_cache(maxsize=4096)(_find_layout)
