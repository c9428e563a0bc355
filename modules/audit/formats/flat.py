"""An event as a flat list of names and values, for formats that have no structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional, Union

from mig_audit.modules.audit.formats.actors import command, name_of, number_of
from mig_audit.modules.audit.formats.enriched import around, unknown
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.formats.techniques import find_techniques

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events import Event

Value = Union[str, int, None]

_REGISTERS = frozenset({"a0", "a1", "a2", "a3"})


def _success(event: Event) -> Optional[str]:
    return None if event.success is None else "yes" if event.success else "no"


def _path(event: Event) -> Optional[str]:
    subject = event.subject
    return subject and (subject.path or subject.name)


def _arguments(event: Event) -> str:
    """Return what arguments mean that stand for words: ``a2=O_RDONLY|O_CLOEXEC``."""
    return " ".join(f"{name}={words}" for name, words in event.interpreted if name in _REGISTERS)


def _terms(event: Event) -> str:
    return " ".join(technique.id for technique in find_techniques(event.keys))


# None, or no text, where no record says. The order is that of the columns of a table.
COLUMNS: Mapping[str, Callable[[Event], Value]] = {
    "serial": lambda event: event.serial,
    "category": lambda event: event.category,
    "summary": summarise,
    "success": _success,
    "exit": lambda event: event.syscall and event.syscall.exit,
    "errno": lambda event: event.syscall and event.syscall.errno,
    "keys": lambda event: " ".join(event.keys),
    "techniques": _terms,
    "auid": lambda event: number_of(event.identities.auid),
    "login_user": lambda event: name_of(event.identities.auid),
    "uid": lambda event: number_of(event.identities.uid),
    "user": lambda event: name_of(event.identities.uid),
    "euid": lambda event: number_of(event.identities.euid),
    "effective_user": lambda event: name_of(event.identities.euid),
    "gid": lambda event: number_of(event.identities.gid),
    "group": lambda event: name_of(event.identities.gid),
    "session": lambda event: event.process.session,
    "tty": lambda event: event.process.tty,
    "pid": lambda event: event.process.pid,
    "ppid": lambda event: event.process.ppid,
    "comm": lambda event: event.process.comm,
    "exe": lambda event: event.process.exe,
    "command": command,
    "cwd": lambda event: event.process.cwd,
    "path": _path,
    "address": lambda event: event.address and event.address.text,
    "account": lambda event: event.message and event.message.acct,
    "remote": lambda event: event.message and (event.message.addr or event.message.hostname),
    "syscall": lambda event: event.syscall and (event.syscall.name or event.syscall.number),
    "arguments": _arguments,
    "arch": lambda event: event.syscall and (event.syscall.arch_name or event.syscall.arch),
    "parent_comm": lambda event: (parent := around(event).parent) and parent.comm,
    "parent_exe": lambda event: (parent := around(event).parent) and parent.exe,
    "parent_command": lambda event: (parent := around(event).parent) and parent.command,
    "container": lambda event: (place := around(event).place) and place.container,
    "unit": lambda event: (place := around(event).place) and place.unit,
    "script": lambda event: around(event).script,
    "sha256": lambda event: around(event).sha256,
    "labels": lambda event: " ".join(around(event).labels),
    "presumed": lambda event: " ".join(around(event).presumed),
    "unknown": lambda event: "; ".join(unknown(event)),
    "types": lambda event: " ".join(event.types),
    "incomplete": lambda event: " ".join(event.gaps),
}
