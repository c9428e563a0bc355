"""One line that says what an event was; the wording is audisp-json's where it had one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.modules.audit.events.command_line import command_line
from mig_audit.modules.audit.formats.rest import field_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events import Event, Syscall

NOTHING = "(null)"
"""What stands for a path that is not known."""

# Calls on an open file: no record has its path.
_DESCRIPTOR_CALLS = (
    "read readv pread pread64 preadv preadv2 readahead getdents getdents64 write writev pwrite pwrite64 pwritev"
    " pwritev2 ftruncate ftruncate64 fallocate fchmod fchown fchown32 fsetxattr fremovexattr fgetxattr flistxattr fstat"
    " fstat64 fstatfs fstatfs64 close dup dup2 dup3 fcntl fcntl64 ioctl lseek _llseek fsync fdatasync flock"
)
_BY_DESCRIPTOR = frozenset(_DESCRIPTOR_CALLS.split())


def summarise(event: Event) -> str:
    """Return the line, of any length."""
    special = _SPECIAL.get(event.category)
    return special(event) if special else f"{event.category.capitalize()}: {_what(event)}"


def is_by_descriptor(syscall: Optional[str]) -> bool:
    """Say whether a call works on an open file, of which no record has the path."""
    return syscall in _BY_DESCRIPTOR


def descriptor_text(argument: str) -> str:
    """Return the words for the descriptor that a register (hex) holds."""
    return f"fd {int(argument, 16) & 0xFFFF_FFFF}"


def _what(event: Event) -> str:
    """Return what it was done to: what the message says, a path, or an address."""
    if event.message is not None or event.syscall is None:
        return _words(event)
    subject = event.subject
    if subject is not None:
        return subject.path or subject.name or NOTHING
    if event.address is not None:
        return event.address.text or NOTHING
    syscall = event.syscall
    if is_by_descriptor(syscall.name) and syscall.args and syscall.args[0]:
        return descriptor_text(syscall.args[0])
    return call_text(syscall)


def call_text(syscall: Syscall) -> str:
    """Return the name of a call, or what is known of one without a name."""
    if syscall.name is not None:
        return syscall.name
    words = (syscall.arch_name or syscall.arch, "system call", syscall.number)
    return " ".join(str(word) for word in words if word is not None)


def _words(event: Event) -> str:
    message = event.message
    kind = next((name for name in event.types if name != "EOE"), event.types[0])
    words = [
        kind,
        message and message.op,
        message and message.acct,
        field_of(event, "unit"),
        field_of(event, "text"),
        None if message and message.op else event.process.exe,
    ]
    if event.success is not None:
        words.append("success" if event.success else "failed")
    return " ".join(word for word in words if word)


def _execve(event: Event) -> str:
    process = event.process
    if process.argv is not None:
        command: Optional[str] = command_line(process.argv)
    else:
        # A program that was not started has no EXECVE record.
        command = (event.subject and (event.subject.path or event.subject.name)) or process.exe
    return f"Execve: {command or NOTHING}"


def _promiscuous(event: Event) -> str:
    state = "off" if field_of(event, "prom") == "0" else "on"
    return f"Promisc: Interface {field_of(event, 'dev') or NOTHING} set promiscuous {state}"


def _apparmor(event: Event) -> str:
    words = [field_of(event, name) for name in ("apparmor", "operation", "name", "info")]
    return f"Apparmor: {' '.join(word for word in words if word) or NOTHING}"


def _avc(event: Event) -> str:
    words = [
        field_of(event, "seresult"),
        field_of(event, "seperms"),
        field_of(event, "tclass"),
        field_of(event, "path"),
    ]
    return f"Avc: {' '.join(word for word in words if word) or _words(event)}"


def _time(event: Event) -> str:
    return "Time change failed" if event.success is False else "time has been modified"


def _signal(event: Event) -> str:
    syscall = event.syscall
    if syscall is None or not syscall.args:
        return f"Signal: {_what(event)}"
    target = f" to {field_of(event, 'ocomm')} ({field_of(event, 'opid')})" if field_of(event, "opid") else ""
    return f"Signal: {syscall.name}{target}"


def _command(event: Event) -> str:
    return f"Command: {event.process.command or _words(event)}"


_SPECIAL: Mapping[str, Callable[[Event], str]] = {
    "execve": _execve,
    "ptrace": lambda _: "Ptrace",
    "socket": lambda _: "Socket",
    "listen": lambda _: "Listen",
    "time": _time,
    "promiscuous": _promiscuous,
    "apparmor": _apparmor,
    "avc": _avc,
    "signal": _signal,
    "command": _command,
}
