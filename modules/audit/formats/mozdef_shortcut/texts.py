"""EXECVE, PROCTITLE and SOCKADDR records."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.draft import only_value
from mig_audit.modules.audit.events.event import NO_PROCESS
from mig_audit.modules.audit.events.execve import parse_arguments
from mig_audit.modules.audit.formats import mozdef
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import (
    LONGEST,
    Declined,
    Memory,
    encoded_text,
    written,
)
from mig_audit.modules.audit.formats.mozdef_shortcut.strings import json_string, words_of
from mig_audit.modules.audit.records import Absent, decode, printable
from mig_audit.modules.audit.records.sockaddr import parse_sockaddr

# kernel/auditsc.c, audit_log_execve_info, where no argument is too long for the record.
_ARGUMENTS = compile_late(rb'argc=[0-9]+(?: a[0-9]+=(?:"[^" ]*"|[0-9A-F]+))+')
_NAMES = tuple([b"a%d=" % index for index in range(100)])


# sockaddr_in(5) of a little-endian host, up to its padding: the family, a port and a number.
_INET = re.compile(rb"saddr=0200([0-9A-F]{12})[0-9A-F]{16}")
_INET_ADDRESS = struct.Struct("!HBBBB")


class Told(NamedTuple):
    """What a record adds to the details, and what it is in the summary."""

    fragment: bytes
    words: Words


class Commands(Memory[bytes, Told]):
    """By an EXECVE record that is the only one of its event, and whole."""

    def make(self, key: bytes) -> Told:
        """Return the command."""
        argc, *arguments = key.split(b" ")
        if not (
            _ARGUMENTS.fullmatch(key)
            and len(arguments) <= len(_NAMES)
            and argc == b"argc=%d" % len(arguments)
        ):
            return _unusual_command(key)
        argv: list[str] = []
        for name, argument in zip(_NAMES, arguments):
            if not argument.startswith(name):
                return _unusual_command(key)
            argv.append(printable(decode(argument[len(name) :])))  # type: ignore[arg-type]  # the shape has no markers
        # Nothing printable has a DEL in it, so that one text makes both.
        told = encoded_text("\x7f".join(argv))
        command = told.replace(b"\x7f", b" ")
        argv_told = told.replace(b"\x7f", b'","')
        fragment = b',"command":%b,"argv":[%b],"argc":"%d"' % (command, argv_told, len(argv))
        return Told(fragment, words_of(" ".join(argv), command))


def _unusual_command(body: bytes) -> Told:
    arguments, rest = parse_arguments([body])
    argv = [argument for argument in arguments.argv if argument is not None]
    if rest or not arguments.complete or len(argv) < len(arguments.argv):
        raise Declined
    process = NO_PROCESS._replace(argv=arguments.argv, argc=arguments.argc)
    return Told(written(mozdef.add_process, process), Words.of(" ".join(argv)))


class Titles(Memory[bytes, bytes]):
    """By a PROCTITLE record."""

    def make(self, key: bytes) -> bytes:
        """Return the title: its arguments with a space between, as `mozdef.add_process` has them."""
        raw = only_value(key, b"proctitle=")
        if raw is None:
            raise Declined
        value = decode(raw)
        if isinstance(value, Absent):
            return b""
        arguments = value[:-1] if value.endswith(b"\0") else value
        return b',"proctitle":' + json_string(arguments.replace(b"\0", b" "))


def _inet(digits: str, category: str) -> Told:
    """Return an address of the most frequent kind, given its port and number."""
    port, *number = _INET_ADDRESS.unpack(bytes.fromhex(digits))
    address = b"%d.%d.%d.%d" % tuple(number)
    text = b"%b:%d" % (address, port)
    fragment = b',"socketfamily":"inet","socketaddress":"%b"' % text
    end = mozdef.end_of(category)
    if end is not None:
        side = end.encode("ascii")
        fragment += b',"%bipaddress":"%b","%bport":"%d"' % (side, address, side, port)
    return Told(fragment, Words(text.decode("ascii"), text))


class Addresses(Memory[tuple[bytes, str], Told]):
    """By a SOCKADDR record and the category of its event."""

    def make(self, key: tuple[bytes, str]) -> Told:
        """Return the address."""
        body, category = key
        inet = _INET.fullmatch(body)
        if inet is not None:
            return _inet(inet[1].decode("ascii"), category)
        raw = only_value(body, b"saddr=")
        if raw is None:
            raise Declined
        address = parse_sockaddr(raw)
        text = address.text
        if address.name is None:
            return Told(written(mozdef.add_address, address, category), Words.of(text))
        told = encoded_text(text)
        fragment = b',"socketfamily":"%b","socketaddress":%b' % (address.name.encode("ascii"), told)
        end = mozdef.address_end(address, category)
        if end is not None:
            fragment += f',"{end}ipaddress":"{address.address}","{end}port":"{address.port}"'.encode("ascii")
        return Told(fragment, words_of(text, told))

    def keep(self, key: tuple[bytes, str], value: Told) -> None:
        """Remember one more, unless it is long."""
        if len(key[0]) <= LONGEST:
            super().keep(key, value)
