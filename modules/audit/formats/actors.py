"""Who did it, with what command, and how it ended, in the words that several formats share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events.command_line import command_line
from mig_audit.modules.audit.events.names import UNSET

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Identity


def shown(identity: Optional[Identity]) -> Optional[str]:
    """Return a user's or group's name, else its number; None for nobody and for "unset"."""
    if identity is None or (identity.number == UNSET and identity.name is None):
        return None
    return identity.name if identity.name is not None else str(identity.number)


def number_of(identity: Optional[Identity]) -> Optional[int]:
    """Return a user's or group's number, which may be "unset"."""
    return identity.number if identity else None


def name_of(identity: Optional[Identity]) -> Optional[str]:
    """Return a user's or group's name."""
    return identity.name if identity else None


def login(event: Event) -> Optional[str]:
    """Return the user who logged in."""
    return shown(event.identities.auid)


def acting(event: Event) -> Optional[str]:
    """Return the user whose rights were used."""
    return shown(event.identities.euid) or shown(event.identities.uid)


def outcome(event: Event) -> Optional[str]:
    """Return ``ok``, ``failed`` or the error's name; None where no record says."""
    if event.success is None:
        return None
    if event.success:
        return "ok"
    return (event.syscall and event.syscall.errno) or "failed"


def command(event: Event) -> Optional[str]:
    """Return the command line, with quotes as a shell needs them, as far as it is known."""
    process = event.process
    if process.argv is not None:
        return command_line(process.argv)
    if process.command is not None:
        return process.command
    return None if process.title is None else command_line(process.title)
