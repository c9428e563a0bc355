"""What conditions can ask of an event: names for its parts, and what kind of value each is.

A field gives every value that the event has of it: none where no record says so, several where several do.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Union

from mig_audit.modules.audit.events.event import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mig_audit.modules.audit.events.enrichment.model import Enrichment
    from mig_audit.modules.audit.events.event import Event

TEXT, WORD, NUMBER, FLAG, IDENTITY, CALL, ADDRESS = (
    "text",
    "word",
    "number",
    "flag",
    "identity",
    "call",
    "address",
)
"""The kinds: any text; a word of a vocabulary; a number; true or false; a user or group by name or number; a system
call by name or number; an IP address."""

_NOTHING: tuple[()] = ()
_IP_LENGTH = 45  # INET6_ADDRSTRLEN, without its NUL
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Values = tuple[Any, ...]


class Call(NamedTuple):
    """A system call: its number on its architecture, and its name."""

    number: Optional[int]
    name: Optional[str]


@dataclass(frozen=True)
class Field:
    """One thing to ask for.

    Attributes:
        name: in expressions and documents.
        kind: one of the kinds above.
        values: gives what an event has of it.
        meaning: for people.
        first: the characters that a text may begin with, any if empty.
        single: whether no event has more than one value.
        signed: whether a number may be negative.
        words: the table of a word, one of ``types``, ``categories``, ``errnos``, ``machines``.
    """

    name: str
    kind: str
    values: Callable[[Event], Values]
    meaning: str
    first: str = ""
    single: bool = True
    signed: bool = False
    words: str = ""


def parse_ip(text: Optional[str]) -> Optional[Address]:
    """Return the IP address that a text is, None if it is none."""
    return None if text is None or len(text) > _IP_LENGTH else _parse_short_ip(text)


@lru_cache(maxsize=2048)
def _parse_short_ip(text: str) -> Optional[Address]:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _one(value: object) -> Values:
    return _NOTHING if value is None else (value,)


def _some(values: Iterable[object]) -> Values:
    return tuple([value for value in values if value is not None])


def _process(name: str) -> Callable[[Event], Values]:
    return lambda event: _one(getattr(event.process, name))


def _identity(name: str) -> Callable[[Event], Values]:
    return lambda event: _one(getattr(event.identities, name))


def _syscall(name: str) -> Callable[[Event], Values]:
    return lambda event: _NOTHING if event.syscall is None else _one(getattr(event.syscall, name))


def _message(name: str) -> Callable[[Event], Values]:
    return lambda event: _NOTHING if event.message is None else _one(getattr(event.message, name))


def _call(event: Event) -> Values:
    syscall = event.syscall
    if syscall is None or (syscall.number is None and syscall.name is None):
        return _NOTHING
    return (Call(syscall.number, syscall.name),)


def _register(index: int) -> Callable[[Event], Values]:
    def values(event: Event) -> Values:
        args = event.syscall.args if event.syscall else _NOTHING
        text = args[index] if index < len(args) else None
        return _NOTHING if text is None else (int(text, 16),)

    return values


def _users(event: Event) -> Values:
    return _some((event.identities.auid, event.identities.uid))


def _command(event: Event) -> Values:
    process = event.process
    if process.argv is not None:
        return (" ".join([argument or "" for argument in process.argv]),)
    return _one(process.command)


def _arguments(event: Event) -> Values:
    return _some(event.process.argv or _NOTHING)


def _title(event: Event) -> Values:
    return _NOTHING if event.process.title is None else (" ".join(event.process.title),)


def _paths(event: Event) -> Values:
    return _some([item.path or item.name for item in event.paths])


def _path(event: Event) -> Values:
    subject = event.subject
    return _NOTHING if subject is None else _one(subject.path or subject.name)


def _inodes(event: Event) -> Values:
    return _some([item.inode for item in event.paths])


def _addresses(event: Event) -> Values:
    return _some(
        (
            parse_ip(event.address.address) if event.address else None,
            parse_ip(event.message.addr) if event.message else None,
        )
    )


def _socket(event: Event) -> Values:
    return _NOTHING if event.address is None else (event.address.text,)


def _family(event: Event) -> Values:
    return _NOTHING if event.address is None else _one(event.address.name)


def _port(event: Event) -> Values:
    return _NOTHING if event.address is None else _one(event.address.port)


def _place(name: str) -> Callable[[Enrichment], Values]:
    return lambda enrichment: _NOTHING if enrichment.place is None else _one(getattr(enrichment.place, name))


ENRICHED: Mapping[str, Callable[[Enrichment], Values]] = {
    "parent": lambda enrichment: _NOTHING if enrichment.parent is None else _one(enrichment.parent.exe),
    "ancestor": lambda enrichment: _some([ancestor.exe for ancestor in enrichment.ancestors]),
    "container": _place("container"),
    "unit": _place("unit"),
    "script": lambda enrichment: _one(enrichment.script),
    "sha256": lambda enrichment: _one(enrichment.sha256),
    "label": lambda enrichment: enrichment.labels,
}
"""The fields that enrichment gives, by name."""


def _enriched(name: str) -> Callable[[Event], Values]:
    values = ENRICHED[name]
    return lambda event: _NOTHING if event.enrichment is None else values(event.enrichment)


_PATH_FIRST = "/("  # the kernel gives absolute paths; (deleted) and (unreachable) stand alone or in front
_LIST = (
    Field("key", TEXT, lambda event: event.keys, "a key of the rules that matched", single=False),
    Field("type", WORD, lambda event: event.types, "a record type, `SYSCALL`", single=False, words="types"),
    Field(
        "category", WORD, lambda event: (event.category,), "one word for what was done", words="categories"
    ),
    Field("syscall", CALL, _call, "the system call, by name or number"),
    Field("arch", WORD, _syscall("arch_name"), "the system call's architecture", words="machines"),
    Field(
        "success",
        FLAG,
        lambda event: _one(event.success),
        "whether it succeeded; neither where no record says",
    ),
    Field("exit", NUMBER, _syscall("exit"), "the return value", signed=True),
    Field("errno", WORD, _syscall("errno"), "the error's name, `ENOENT`", words="errnos"),
    *[
        Field(f"a{n}", NUMBER, _register(n), f"argument {n} of the call, as the register had it")
        for n in range(4)
    ],
    Field("exe", TEXT, _process("exe"), "the program's path", first=_PATH_FIRST),
    Field("comm", TEXT, _process("comm"), "the thread's name"),
    Field(
        "command",
        TEXT,
        _command,
        "the arguments joined by spaces, without quotes, or what USER_CMD says was run",
    ),
    Field("argument", TEXT, _arguments, "one argument of the program", single=False),
    Field("title", TEXT, _title, "the command as the process shows it"),
    Field("cwd", TEXT, _process("cwd"), "the working directory", first=_PATH_FIRST),
    Field("pid", NUMBER, _process("pid"), "the process id"),
    Field("ppid", NUMBER, _process("ppid"), "the parent's"),
    Field("tty", TEXT, _process("tty"), "the terminal, `(none)` without one"),
    Field("session", NUMBER, _process("session"), "the login session, 4294967295 if unset"),
    Field("subj", TEXT, _process("subj"), "the security label"),
    Field("user", IDENTITY, _users, "who logged in, or on whose account it ran (auid or uid)", single=False),
    *[
        Field(name, IDENTITY, _identity(name), meaning)
        for name, meaning in (
            ("auid", "who logged in, before any su or sudo"),
            ("uid", "the user"),
            ("gid", "the group"),
            ("euid", "the effective user"),
            ("suid", "the saved user"),
            ("fsuid", "the user for the file system"),
            ("egid", "the effective group"),
            ("sgid", "the saved group"),
            ("fsgid", "the group for the file system"),
        )
    ],
    Field("path", TEXT, _paths, "a path of the event, absolute where that is certain", single=False),
    Field("object", TEXT, _path, "the path that the event is about"),
    Field("inode", NUMBER, _inodes, "an inode of the event", single=False),
    Field(
        "address",
        ADDRESS,
        _addresses,
        "an IP address that was connected to, or that a message names",
        single=False,
    ),
    Field("port", NUMBER, _port, "the port of the socket's address"),
    Field("family", TEXT, _family, "the family of the socket's address, `inet`"),
    Field("socket", TEXT, _socket, "the socket's address as text, `10.0.0.1:443`, `/run/x`"),
    Field("op", TEXT, _message("op"), "the operation that a message names"),
    Field("acct", TEXT, _message("acct"), "the account that a message is about"),
    Field("hostname", TEXT, _message("hostname"), "the remote host that a message names"),
    Field("terminal", TEXT, _message("terminal"), "the terminal that a message names"),
    Field("parent", TEXT, _enriched("parent"), "the parent's program *", first=_PATH_FIRST),
    Field(
        "ancestor",
        TEXT,
        _enriched("ancestor"),
        "the program of an ancestor *",
        first=_PATH_FIRST,
        single=False,
    ),
    Field("container", TEXT, _enriched("container"), "the container's id *"),
    Field("unit", TEXT, _enriched("unit"), "the systemd unit *"),
    Field("script", TEXT, _enriched("script"), "the script behind an interpreter that was started *"),
    Field("sha256", TEXT, _enriched("sha256"), "the hash of a program that was started *"),
    Field("label", TEXT, _enriched("label"), "a label of the process *", single=False),
    Field("node", TEXT, lambda event: _one(event.node or None), "the host, where the log names it"),
    Field("serial", NUMBER, lambda event: (event.serial,), "the event's number"),
    Field("complete", FLAG, lambda event: (event.complete,), "whether nothing of it is known to be missing"),
)
FIELDS: Mapping[str, Field] = {field.name: field for field in _LIST}
"""All fields, by name."""

UNSET = Identity(4_294_967_295, None)
"""The login identity of a process without a login."""
