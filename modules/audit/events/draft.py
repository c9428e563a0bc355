"""The records of one event, sorted by what they are about, values still raw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events import execve
from mig_audit.modules.audit.events.event import Field
from mig_audit.modules.audit.records import decode_sockaddr, parse_fields, printable, printable_value
from mig_audit.modules.audit.records.decoding import is_encoded

if TYPE_CHECKING:
    from mig_audit.modules.audit.records import Record, SocketAddress

SYSCALL_IDENTITIES = (
    rb"auid=(?P<auid>[0-9]{1,10}) uid=(?P<uid>[0-9]{1,10}) gid=(?P<gid>[0-9]{1,10}) euid=(?P<euid>[0-9]{1,10})"
    rb" suid=(?P<suid>[0-9]{1,10}) fsuid=(?P<fsuid>[0-9]{1,10}) egid=(?P<egid>[0-9]{1,10})"
    rb" sgid=(?P<sgid>[0-9]{1,10}) fsgid=(?P<fsgid>[0-9]{1,10})"
)
SYSCALL_PROGRAM = (
    rb"tty=(?P<tty>[^ \"]+) ses=(?P<ses>[0-9]{1,10})"
    rb' comm=(?P<comm>"[^" ]*"|[0-9A-F]+|\(null\)) exe=(?P<exe>"[^" ]*"|[0-9A-F]+|\(null\))'
    rb'(?: subj=(?P<subj>[^ "]+))? key=(?P<key>"[^" ]*"|[0-9A-F]+|\(null\))'
)
SYSCALL_TAIL = SYSCALL_IDENTITIES + b" " + SYSCALL_PROGRAM
"""The end of a SYSCALL record: who, in which program, and for which rule."""

# kernel/auditsc.c, audit_log_exit: the one shape of SYSCALL records since 3.x, with and without a security module.
SYSCALL_SHAPE = compile_late(
    rb"arch=(?P<arch>[0-9a-f]{1,8}) syscall=(?P<syscall>[0-9]{1,10})"
    rb"(?: success=(?P<success>yes|no) exit=(?P<exit>-?[0-9]{1,20}))?"
    rb" a0=(?P<a0>[0-9a-f]{1,16}) a1=(?P<a1>[0-9a-f]{1,16}) a2=(?P<a2>[0-9a-f]{1,16}) a3=(?P<a3>[0-9a-f]{1,16})"
    rb" items=(?P<items>[0-9]{1,10}) ppid=(?P<ppid>[0-9]{1,10}) pid=(?P<pid>[0-9]{1,10}) " + SYSCALL_TAIL
)
IDENTITIES = ("auid", "uid", "gid", "euid", "suid", "fsuid", "egid", "sgid", "fsgid")
_SYSCALL_FIELDS = "arch syscall uring_op success exit a0 a1 a2 a3 items ppid pid tty ses comm exe subj key"
_SYSCALL_HOMES = frozenset((*IDENTITIES, *_SYSCALL_FIELDS.split()))
# What other records may say about the event as a whole, where no SYSCALL record does.
MESSAGE_FIELDS = ("op", "acct", "hostname", "addr", "terminal", "res")
_OTHER_FIELDS = "arch syscall pid ppid tty ses comm exe subj key cwd cmd"
_HOMES = frozenset((*IDENTITIES, *MESSAGE_FIELDS, *_OTHER_FIELDS.split()))
# No rule matched what a program sends, whatever its text says, which may be somebody else's.
_MESSAGE = b" msg='"
_MESSAGE_HOMES = _HOMES - {"key"}
# libaudit writes these last, after text that strangers may choose (a host name): the last one is its own.
_LAST_COUNTS = frozenset({"addr", "terminal", "res"})
_RENAMED = {"result": "res"}
_SYSCALL_TYPES = frozenset({"SYSCALL", "URINGOP"})
NUMBER = re.compile(rb"-?[0-9]{1,20}")
HEX = re.compile(rb"[0-9a-fA-F]{1,16}")
_RESULT = compile_late(rb'(?i)"?(?:1|yes|success|0|no|failed)"?,?')  # auditd of 2007 wrote a comma
# Old logs were written with names, which are no longer than this.
_IDENTITY = compile_late(rb"-?[0-9]{1,20}|[^ \"]{1,64}")
# What a field must look like to have its home; anything else is kept as rest.
_SHAPES = {
    **dict.fromkeys(("pid", "ppid", "ses", "syscall", "uring_op", "exit", "items"), NUMBER),
    **dict.fromkeys(("arch", "a0", "a1", "a2", "a3"), HEX),
    **dict.fromkeys(("success", "res"), _RESULT),
    **dict.fromkeys(IDENTITIES, _IDENTITY),
}


class Draft:
    """The records of one event, sorted by what they are about.

    ``home`` holds the raw value of every field that is about the event as a whole.
    """

    def __init__(self, records: tuple[Record, ...]) -> None:
        self.home: dict[str, bytes] = {}
        self.enriched: dict[str, bytes] = {}
        self.paths: list[bytes] = []
        self.rest: list[Field] = []
        self.arguments: Optional[execve.Arguments] = None
        self.address: Optional[SocketAddress] = None
        self.title: Optional[bytes] = None
        self.has_syscall = False
        self._has_cwd = False
        arguments: list[bytes] = []
        others: list[Record] = []
        for record in records:
            name = record.type
            if name == "PATH":
                self.paths.append(record.body)
            elif name == "SYSCALL" and not self.has_syscall:
                self._syscall(record)
            elif name == "EXECVE":
                arguments.append(record.body)
            elif name == "EOE" and not record.body:
                continue
            elif not self._alone(record):
                others.append(record)
        if arguments:
            self.arguments, rest = execve.parse_arguments(arguments)
            self.rest += [_field("EXECVE", name, raw) for name, raw in rest]
        # Last, since what they say about the event as a whole counts only where no SYSCALL record says it.
        for record in others:
            self._take(record, self._homes_of(record))

    def _alone(self, record: Record) -> bool:
        """Take a record whose one field is all it has; say whether it is one."""
        name, body = record.type, record.body
        if name == "PROCTITLE" and self.title is None:
            self.title = only_value(body, b"proctitle=")
            return self.title is not None
        if name == "SOCKADDR" and self.address is None:
            saddr = only_value(body, b"saddr=")
            self.address = None if saddr is None else decode_sockaddr(saddr)
            return saddr is not None
        if name == "CWD" and not self._has_cwd:
            cwd = only_value(body, b"cwd=")
            if cwd is not None:
                self._has_cwd = True
                self.home["cwd"] = cwd
            return cwd is not None
        return name == "EOE" and not body.strip()

    def _syscall(self, record: Record) -> None:
        self.has_syscall = True
        shape = SYSCALL_SHAPE.fullmatch(record.body)
        if shape:
            home = shape.groupdict()
            if home["success"] is None:
                del home["success"], home["exit"]
            if home["subj"] is None:
                del home["subj"]
            if home["key"] == b"(null)":
                del home["key"]
            # Nothing comes before it but, in a log that was shuffled, the working directory.
            self.home = {**self.home, **home} if self.home else home
        else:
            self._take(record, _SYSCALL_HOMES)
        if record.enriched is not None:
            self.enriched = dict(parse_fields(record.enriched))

    def _homes_of(self, record: Record) -> frozenset[str]:
        if record.type in _SYSCALL_TYPES:
            # An operation that io_uring_enter did itself is told in the event of that call, which is another one.
            return _SYSCALL_HOMES - {"uring_op"} if self.has_syscall else _SYSCALL_HOMES
        return _MESSAGE_HOMES if _MESSAGE in record.body else _HOMES

    def _take(self, record: Record, homes: frozenset[str]) -> None:
        """Give each field its home if that is free, and keep the others as rest; what is there already is dropped."""
        mine: set[str] = set()
        for name, raw in parse_fields(record.body):
            home = _RENAMED.get(name, name)
            known = self.home.get(home)
            shape = _SHAPES.get(home)
            if home not in homes or (shape and not shape.fullmatch(raw)):
                self.rest.append(_field(record.type, name, raw))
            elif known is None:
                if home != "key" or raw != b"(null)":
                    self.home[home] = raw
                    mine.add(home)
            elif known == raw:
                continue
            elif home in _LAST_COUNTS and home in mine:
                self.home[home] = raw
                self.rest.append(_field(record.type, name, known))
            else:
                self.rest.append(_field(record.type, name, raw))


def _field(record: str, name: str, raw: bytes) -> Field:
    if is_encoded(name):
        return Field(record, name, printable_value(raw))
    quoted = raw[:1] == b'"' and raw[-1:] == b'"' and len(raw) > 1
    return Field(record, name, printable(raw[1:-1] if quoted else raw))


def only_value(body: bytes, start: bytes) -> Optional[bytes]:
    """Return the value of a record that has this one field and nothing else, None of any other."""
    body = body.strip(b" ")
    return body[len(start) :] if body.startswith(start) and b" " not in body else None
