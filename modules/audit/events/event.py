"""An event: what all its records say together, decoded once.

All text is printable and loses nothing (`records.printable`). A number that a record does not hold, or holds as
something else, is None; what has no home here is in ``rest``, and the raw fields are those of ``records``.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.enrichment.model import Enrichment
    from mig_audit.modules.audit.records import Record, SocketAddress


class Syscall(NamedTuple):
    """The system call.

    Attributes:
        arch: the architecture as the record has it, hex of the ELF machine and flags.
        arch_name: its name, ``x86_64``.
        number: on that architecture.
        name: ``openat``; of what ``socketcall`` was asked to do, that call's.
        success: None where the kernel does not say (exit).
        exit: the return value; negative error numbers on failure.
        errno: the error's name, ``ENOENT``.
        args: a0 to a3, hex as the record has them: registers, whether the call has such an argument or not.
    """

    arch: Optional[str]
    arch_name: Optional[str]
    number: Optional[int]
    name: Optional[str]
    success: Optional[bool]
    exit: Optional[int]
    errno: Optional[str]
    args: tuple[Optional[str], ...]


class Identity(NamedTuple):
    """A user or group: its number (4294967295 is "unset") and its name, if there is one."""

    number: Optional[int]
    name: Optional[str]


class Identities(NamedTuple):
    """Who it was; None for what no record says. ``auid`` is the user who logged in, before any su or sudo."""

    auid: Optional[Identity] = None
    uid: Optional[Identity] = None
    gid: Optional[Identity] = None
    euid: Optional[Identity] = None
    suid: Optional[Identity] = None
    fsuid: Optional[Identity] = None
    egid: Optional[Identity] = None
    sgid: Optional[Identity] = None
    fsgid: Optional[Identity] = None


class Process(NamedTuple):
    """The process that did it, or that sent the message.

    Attributes:
        pid: in the initial namespace, of the thread group.
        ppid: the parent's.
        comm: the thread's name, 15 bytes.
        exe: the program's path.
        tty: ``(none)`` where there is none.
        session: the login session (4294967295 is "unset").
        subj: the security label.
        cwd: the working directory.
        command: what a USER_CMD message says was run.
        argv: of execve: the arguments, one None for each run of missing ones; None without EXECVE records.
        argc: how many there were.
        argv_missing: indexes of missing arguments, inclusive ranges.
        argv_torn: indexes of arguments that are not whole.
        title: the arguments as the process shows them, at most 128 bytes of them.
    """

    pid: Optional[int]
    ppid: Optional[int]
    comm: Optional[str]
    exe: Optional[str]
    tty: Optional[str]
    session: Optional[int]
    subj: Optional[str]
    cwd: Optional[str]
    command: Optional[str]
    argv: Optional[tuple[Optional[str], ...]]
    argc: Optional[int]
    argv_missing: tuple[tuple[int, int], ...]
    argv_torn: tuple[int, ...]
    title: Optional[tuple[str, ...]]


NO_SYSCALL = Syscall(None, None, None, None, None, None, None, ())
NO_PROCESS = Process(None, None, None, None, None, None, None, None, None, None, None, (), (), None)


class PathItem(NamedTuple):
    """One PATH record.

    Attributes:
        item: its number in the event.
        name: as the program gave it; None for ``(null)``.
        path: absolute, where it is certain which directory the name was relative to.
        inode: of the object that the name led to.
        dev: its device, ``major:minor`` in hex.
        mode: octal, with the file type.
        ouid: the owner's user id.
        ogid: the owner's group id.
        rdev: the device that a device file stands for.
        nametype: NORMAL, PARENT, CREATE, DELETE or UNKNOWN.
        rest: the record's other fields, but for those that are 0.
    """

    item: Optional[int]
    name: Optional[str]
    path: Optional[str]
    inode: Optional[int]
    dev: Optional[str]
    mode: Optional[str]
    ouid: Optional[int]
    ogid: Optional[int]
    rdev: Optional[str]
    nametype: Optional[str]
    rest: tuple[tuple[str, str], ...]


class Message(NamedTuple):
    """What records with an operation say (USER_*, SERVICE_*, CONFIG_CHANGE ...); None for what they do not say.

    ``hostname``, ``addr`` and ``terminal`` are of the session that caused the message, ``acct`` is the account it is
    about. What is written ``?`` is None.
    """

    op: Optional[str]
    acct: Optional[str]
    hostname: Optional[str]
    addr: Optional[str]
    terminal: Optional[str]
    result: Optional[bool]


class Field(NamedTuple):
    """A field without a home of its own: the type of its record, its name, its decoded value."""

    record: str
    name: str
    value: str


class Event(NamedTuple):
    """One event.

    Attributes:
        node: the host, where the log names it.
        seconds: since the epoch.
        milliseconds: the rest of the time; the kernel's clock here ticks every few milliseconds.
        serial: the kernel's number.
        part: 0, or n for records that came after the event had been given out.
        ending: why it is complete (`correlation.ENDINGS`).
        gaps: what is known to be missing: ``syscall``, ``eoe``, ``path``, ``earlier``, ``argv``.
        category: one word for what was done (`category`).
        success: of the operation that the event is about.
        syscall: None for events without one.
        interpreted: (field, words) for values that stand for words, of a0 to a3 and of fields in ``rest``:
            ``("a2", "O_RDONLY|O_CLOEXEC")``, ``("sig", "SIGSEGV")``.
        process: who did it.
        identities: on whose account.
        keys: of the rules that asked for it.
        paths: in the order of their items.
        address: of the socket call.
        message: of records with an operation.
        rest: every field without a home.
        records: all of them, raw.
        enrichment: what other events and the host tell about it; None where that was not asked for.
    """

    node: str
    seconds: int
    milliseconds: int
    serial: int
    part: int
    ending: str
    gaps: tuple[str, ...]
    category: str
    success: Optional[bool]
    syscall: Optional[Syscall]
    interpreted: tuple[tuple[str, str], ...]
    process: Process
    identities: Identities
    keys: tuple[str, ...]
    paths: tuple[PathItem, ...]
    address: Optional[SocketAddress]
    message: Optional[Message]
    rest: tuple[Field, ...]
    records: tuple[Record, ...]
    enrichment: Optional[Enrichment] = None

    @property
    def types(self) -> tuple[str, ...]:
        """Return the record types, in order."""
        return tuple([record.type for record in self.records])

    @property
    def complete(self) -> bool:
        """Say whether nothing is known to be missing."""
        return not self.gaps

    @property
    def stamp(self) -> str:
        """Return ``SEC.MMM:SERIAL``, and ``#n`` after it for a late part; with the node it identifies the event."""
        stamp = f"{self.seconds}.{self.milliseconds:03}:{self.serial}"
        return f"{stamp}#{self.part}" if self.part else stamp

    @property
    def timestamp(self) -> str:
        """Return ISO 8601 in UTC, with milliseconds and offset."""
        return time_text(self.seconds, self.milliseconds)

    @property
    def subject(self) -> Optional[PathItem]:
        """Return the path that the event is about.

        That is the program of an execve (the first item; a script's interpreter and the loader follow), else the last
        item that is no parent directory: the new name of a rename or link, the file that was opened or removed.
        """
        if not self.paths:
            return None
        if self.category == "execve":
            return self.paths[0]
        objects = [path for path in self.paths if path.nametype != "PARENT"]
        return objects[-1] if objects else self.paths[-1]


def time_text(seconds: int, milliseconds: int) -> str:
    """Return an ISO 8601 time in UTC, with milliseconds and offset."""
    return f"{second_text(seconds)}.{milliseconds:03}+00:00"


@lru_cache(maxsize=256)
def second_text(seconds: int) -> str:
    """Return the second of an ISO 8601 time in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
