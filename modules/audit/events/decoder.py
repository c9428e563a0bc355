"""A group of records becomes an event. Everything is decoded here, once; formats only choose and arrange.

Nothing that a record holds makes this fail: what is not of the kernel's shape goes through the general parser, and
what that finds without knowing a home for it goes to ``rest``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events import category
from mig_audit.modules.audit.events.draft import HEX, IDENTITIES, MESSAGE_FIELDS, NUMBER, Draft
from mig_audit.modules.audit.events.event import Event, Identities, Identity, Message, Process, Syscall
from mig_audit.modules.audit.events.names import UNSET, HostNames
from mig_audit.modules.audit.events.paths import find_directory, parse_path
from mig_audit.modules.audit.records import Absent, decode, printable
from mig_audit.modules.audit.records.interpretation import argument_words, field_words
from mig_audit.modules.audit.records.memo import remember
from mig_audit.modules.audit.tables import URING, arch_name, errno_name, syscall_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mig_audit.modules.audit.events.event import Field
    from mig_audit.modules.audit.events.group import Group
    from mig_audit.modules.audit.events.names import Names

_USERS = ("auid", "uid", "euid", "suid", "fsuid")
_RESULTS = {b"1": True, b"yes": True, b"success": True, b"0": False, b"no": False, b"failed": False}
_OCTAL = compile_late(r"[0-7]{1,12}")
_ENRICHED_UNKNOWN = compile_late(rb'"unset"|"unknown\([0-9]+\)"')
_X32_BIT = 0x4000_0000  # asm/unistd.h __X32_SYSCALL_BIT: set in the numbers of x32 programs
_MAX_ERRNO = 4095
_MEMO_LIMIT = 8192
_NOT_ENRICHED: Mapping[str, bytes] = MappingProxyType({})
_new = tuple.__new__  # what Identities(...) does, without its Python frame
_QUEUES = frozenset({"mq_open", "mq_unlink"})


class Call(NamedTuple):
    """The architecture's name, the call's number and its name."""

    arch_name: Optional[str]
    number: Optional[int]
    name: Optional[str]


class LookUp(NamedTuple):
    """The decoder's way to names, at a minute of the stream.

    Attributes:
        identities: `Decoder.identities`.
        minute: since the epoch.
    """

    identities: Callable[[tuple[Optional[bytes], ...], int], Identities]
    minute: int

    def find(self, numbers: Mapping[str, bytes]) -> Identities:
        """Return the identities that some fields of a record mean."""
        return self.identities(tuple([numbers.get(name) for name in IDENTITIES]), self.minute)


class Decoder:
    """Decodes groups.

    Args:
        names: where names of users and groups come from; this host's by default.
    """

    def __init__(self, names: Optional[Names] = None) -> None:
        self._names = HostNames() if names is None else names
        self._identity_memo: dict[tuple[Optional[bytes], ...], Identities] = {}
        self._users, self._groups = _Accounts(self._names.user), _Accounts(self._names.group)
        self._accounts = [self._users if field in _USERS else self._groups for field in IDENTITIES]
        self._minute = -1
        self._calls: dict[tuple[bytes, bytes], Call] = {}

    def decode(self, group: Group) -> Event:
        """Return the event of these records; never raises."""
        draft = Draft(group.records)
        home = draft.home
        has_call = draft.has_syscall or "syscall" in home or "uring_op" in home
        syscall = self.syscall(home) if has_call else None
        process = _process(draft)
        directory = find_directory(process.cwd, syscall)
        message = _message(draft.home)
        success = message.result if message else None
        if success is None and syscall:
            success = syscall.success
        types = [record.type for record in group.records]
        first = group.records[0]
        return Event(
            node=first.node,
            seconds=first.seconds,
            milliseconds=first.milliseconds,
            serial=first.serial,
            part=group.part,
            ending=group.ending,
            gaps=_gaps(group, syscall, process),
            category=category.categorise(
                types,
                syscall.name if syscall else None,
                _open_flags(syscall, draft.rest),
                apparmor=any(field.name == "apparmor" for field in draft.rest),
            ),
            success=success,
            syscall=syscall,
            interpreted=self._interpreted(draft, syscall),
            process=process,
            identities=self._identities(draft, first.seconds // 60),
            keys=rule_keys(draft.home.get("key")),
            paths=tuple([parse_path(body, directory) for body in draft.paths]),
            address=draft.address,
            message=message,
            rest=tuple(draft.rest),
            records=group.records,
        )

    def syscall(self, home: Mapping[str, bytes]) -> Syscall:
        """Return the system call that these fields of a SYSCALL or URINGOP record tell of."""
        arch, number, name = self._call(home)
        a0, a1, a2, a3 = home.get("a0"), home.get("a1"), home.get("a2"), home.get("a3")
        args = (_ascii(a0), _ascii(a1), _ascii(a2), _ascii(a3))
        code = _number(home.get("exit"))
        error = errno_name(-code) if code is not None and -_MAX_ERRNO <= code < 0 else None
        return Syscall(
            _ascii(home.get("arch")),
            arch,
            number,
            category.effective_syscall(name, int(args[0], 16) if args[0] else None),
            _result(home.get("success")),
            code,
            error,
            args if a0 or a1 else (),
        )

    def _interpreted(self, draft: Draft, syscall: Optional[Syscall]) -> tuple[tuple[str, str], ...]:
        words: list[tuple[str, str]] = []
        if syscall is not None and syscall.args:
            # Of the call itself: behind socketcall, the registers are not those of what it was asked for.
            call = self._call(draft.home)
            known = argument_words(call.arch_name, call.name, syscall.args)
            words += [(f"a{index}", text) for index, text in known]
        for field in draft.rest:
            text = field_words(field.record, field.name, field.value, self._names)
            if text is not None and text != field.value:
                words.append((field.name, text))
        return tuple(words)

    def _call(self, home: Mapping[str, bytes]) -> Call:
        number = home.get("syscall", b"") or home.get("uring_op", b"")
        return self.call(home.get("arch", b""), number, uring="uring_op" in home)

    def call(self, arch: bytes, number: bytes, *, uring: bool = False) -> Call:
        """Return what a record's ``arch`` and ``syscall`` mean."""
        memo_key = (arch, number)
        known = self._calls.get(memo_key)
        if known is None:
            if len(self._calls) >= _MEMO_LIMIT:
                self._calls.clear()
            known = self._calls[memo_key] = resolve_call(arch, number, uring=uring)
        return known

    def _identities(self, draft: Draft, minute: int) -> Identities:
        get = draft.home.get
        return self.identities(tuple([get(name) for name in IDENTITIES]), minute, draft.enriched)

    def identities(
        self, raws: tuple[Optional[bytes], ...], minute: int, enriched: Mapping[str, bytes] = _NOT_ENRICHED
    ) -> Identities:
        """Return the nine identities that a record has as these; names hold for a minute of the stream.

        The same nine come again and again.
        """
        if minute != self._minute or len(self._identity_memo) >= _MEMO_LIMIT:
            for memo in (self._identity_memo, self._users, self._groups):
                memo.clear()
            self._minute = minute
        if enriched:
            return self._make_identities(raws, enriched)
        known = self._identity_memo.get(raws)
        if known is None:
            known = self._identity_memo[raws] = self._make_identities(raws, enriched)
        return known

    def is_nobody(self, number: int) -> bool:
        """Say whether there is no user of this number."""
        return self._names.user(number) is None

    def _make_identities(
        self, raws: tuple[Optional[bytes], ...], enriched: Mapping[str, bytes]
    ) -> Identities:
        if not enriched:
            return _new(Identities, [accounts[raw] for accounts, raw in zip(self._accounts, raws)])
        names = [enriched.get(field.upper()) for field in IDENTITIES]
        return Identities(
            *[_told(*pair) or accounts[pair[0]] for accounts, pair in zip(self._accounts, zip(raws, names))]
        )


class _Accounts(dict[Optional[bytes], Optional[Identity]]):
    """Users or groups, by what a record has for them."""

    def __init__(self, name_of: Callable[[int], Optional[str]]) -> None:
        super().__init__()
        self._name_of = name_of

    def __missing__(self, raw: Optional[bytes]) -> Optional[Identity]:
        """Look one up."""
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        known = self[raw] = None if raw is None else self._find(raw)
        return known

    def _find(self, raw: bytes) -> Identity:
        number = _id_number(raw)
        if number is None:
            return Identity(None, printable(raw))
        return Identity(number, None if number == UNSET else self._name_of(number))


def _told(raw: Optional[bytes], name: Optional[bytes]) -> Optional[Identity]:
    """Return an id with the name that the log has for it: the host that wrote it knew its users better than this one."""
    if raw is None or name is None or _ENRICHED_UNKNOWN.fullmatch(name):
        return None
    number = _id_number(raw)
    return None if number is None else Identity(number, plain_value(name))


def _id_number(raw: bytes) -> Optional[int]:
    return UNSET if raw in {b"-1", b"unset"} else _number(raw)


def resolve_call(arch: bytes, number: bytes, *, uring: bool) -> Call:
    """Return the architecture's name, the call's number and its name."""
    value = _number(number)
    if uring:
        return Call("io_uring", value, None if value is None else syscall_name(URING, value))
    machine = arch_name(int(arch, 16)) if HEX.fullmatch(arch) else None
    if machine is None or value is None:
        return Call(machine, value, None)
    return Call(machine, value, syscall_name(machine, value & ~_X32_BIT if machine == "x86_64" else value))


def _process(draft: Draft) -> Process:
    home, arguments = draft.home, draft.arguments
    return Process(
        _number(home.get("pid")),
        _number(home.get("ppid")),
        string_value(home.get("comm")),
        string_value(home.get("exe")),
        marked_value(home.get("tty")),
        _number(home.get("ses")),
        plain_value(home.get("subj")),
        string_value(home.get("cwd")),
        string_value(home.get("cmd")),
        arguments.argv if arguments else None,
        arguments.argc if arguments else None,
        arguments.missing if arguments else (),
        arguments.torn if arguments else (),
        title_words(draft.title),
    )


def _message(home: dict[str, bytes]) -> Optional[Message]:
    values = [home.get(name) for name in MESSAGE_FIELDS]
    if not any(values):
        return None
    op, acct, hostname, addr, terminal, result = values
    return Message(
        plain_value(op),
        string_value(acct),
        plain_value(hostname),
        plain_value(addr),
        plain_value(terminal),
        _result(result),
    )


@remember
def rule_keys(raw: Optional[bytes]) -> tuple[str, ...]:
    """Return the keys of all rules that matched; auditctl joins several with 0x01."""
    value = None if raw is None else decode(raw)
    if value is None or isinstance(value, Absent):
        return ()
    return tuple([printable(key) for key in value.split(b"\x01")])


@remember
def title_words(raw: Optional[bytes]) -> Optional[tuple[str, ...]]:
    """Return the arguments that a process title has; None if it is absent."""
    value = None if raw is None else decode(raw)
    if value is None or isinstance(value, Absent):
        return None
    arguments = value.split(b"\0")
    return tuple([printable(argument) for argument in (arguments if arguments[-1] else arguments[:-1])])


def _open_flags(syscall: Optional[Syscall], rest: list[Field]) -> Optional[int]:
    if syscall is None:
        return None
    index = category.open_flags_index(syscall.name)
    if index is not None:
        value = syscall.args[index] if syscall.args else None
        return int(value, 16) & 0xFFFF_FFFF if value else None
    if syscall.name == "openat2":
        for field in rest:
            if field.record == "OPENAT2" and field.name == "oflag" and _OCTAL.fullmatch(field.value):
                return int(field.value, 8)
    return None


def _gaps(group: Group, syscall: Optional[Syscall], process: Process) -> tuple[str, ...]:
    gaps = group.gaps
    if syscall is not None and syscall.name in _QUEUES:
        # The kernel counts the queues' hidden directory among the items, and does not print it.
        gaps = tuple(gap for gap in gaps if gap != "path")
    return (*gaps, "argv") if process.argv_missing or process.argv_torn else gaps


@remember
def _number(raw: Optional[bytes]) -> Optional[int]:
    return int(raw) if raw is not None and NUMBER.fullmatch(raw) else None


def _ascii(raw: Optional[bytes]) -> Optional[str]:
    return None if raw is None else raw.decode("ascii")


def _result(raw: Optional[bytes]) -> Optional[bool]:
    return None if raw is None else _RESULTS.get(raw.strip(b'"').lower())


@remember
def string_value(raw: Optional[bytes]) -> Optional[str]:
    """Return a field that may be hex; None if it is absent in any of the three ways."""
    value = None if raw is None else decode(raw)
    return None if value is None or isinstance(value, Absent) else printable(value)


def marked_value(raw: Optional[bytes]) -> Optional[str]:
    """Return a field that is never hex, with ``(none)`` and ``?`` as they are."""
    if raw is None or raw == b"(null)":
        return None
    return printable(raw[1:-1] if raw[:1] == b'"' and raw[-1:] == b'"' and len(raw) > 1 else raw)


def plain_value(raw: Optional[bytes]) -> Optional[str]:
    """Return a field that is never hex; None if it is absent in any of the three ways."""
    return None if raw in {b"(null)", b"(none)", b"?"} else marked_value(raw)
