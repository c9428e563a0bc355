"""EXECVE, PROCTITLE and SOCKADDR records."""

from __future__ import annotations

from mig_audit.lean_typing import NamedTuple
from mig_audit.modules.audit.events.decoder import title_words
from mig_audit.modules.audit.events.draft import only_value
from mig_audit.modules.audit.events.event import NO_PROCESS
from mig_audit.modules.audit.events.execve import parse_arguments
from mig_audit.modules.audit.formats import mozdef
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import LONGEST, Declined, Memory, written
from mig_audit.modules.audit.records import decode_sockaddr


class Told(NamedTuple):
    """What a record adds to the details, and what it is in the summary."""

    fragment: bytes
    words: Words


class Commands(Memory[bytes, Told]):
    """By an EXECVE record that is the only one of its event, and whole."""

    def make(self, key: bytes) -> Told:
        """Return the command."""
        arguments, rest = parse_arguments([key])
        argv = [argument for argument in arguments.argv if argument is not None]
        if rest or not arguments.complete or len(argv) < len(arguments.argv):
            raise Declined
        process = NO_PROCESS._replace(argv=arguments.argv, argc=arguments.argc)
        return Told(written(mozdef.add_process, process), Words.of(" ".join(argv)))


class Titles(Memory[bytes, bytes]):
    """By a PROCTITLE record."""

    def make(self, key: bytes) -> bytes:
        """Return the title."""
        raw = only_value(key, b"proctitle=")
        if raw is None:
            raise Declined
        return written(mozdef.add_process, NO_PROCESS._replace(title=title_words(raw)))


class Addresses(Memory[tuple[bytes, str], Told]):
    """By a SOCKADDR record and the category of its event."""

    def make(self, key: tuple[bytes, str]) -> Told:
        """Return the address."""
        body, category = key
        raw = only_value(body, b"saddr=")
        if raw is None:
            raise Declined
        address = decode_sockaddr(raw)
        return Told(written(mozdef.add_address, address, category), Words.of(address.text))

    def keep(self, key: tuple[bytes, str], value: Told) -> None:
        """Remember one more, unless it is long."""
        if len(key[0]) <= LONGEST:
            super().keep(key, value)
