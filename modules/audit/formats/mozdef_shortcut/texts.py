"""EXECVE, PROCTITLE and SOCKADDR records."""

from __future__ import annotations

import re
import struct
from binascii import unhexlify
from typing import NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.command_line import command_line
from mig_audit.modules.audit.events.draft import only_value
from mig_audit.modules.audit.events.event import NO_PROCESS
from mig_audit.modules.audit.events.execve import parse_arguments
from mig_audit.modules.audit.formats import mozdef_details
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import SHORT, Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import (
    LONGEST,
    Declined,
    Memory,
    encoded_text,
    written,
)
from mig_audit.modules.audit.formats.mozdef_shortcut.strings import json_string, words_of
from mig_audit.modules.audit.records import Absent, decode, printable
from mig_audit.modules.audit.records.sockaddr import inet6_text, parse_sockaddr

# kernel/auditsc.c, audit_log_execve_info, where no argument is too long for the record.
_ARGUMENTS = compile_late(rb'argc=[0-9]+(?: a[0-9]+=(?:"[^" ]*"|[0-9A-F]+))+')
# Arguments that need no quotes, which is what `shlex.quote` says of each, with a DEL between.
_UNQUOTED = re.compile(r"[%+,\-./0-9:=@A-Z_a-z]+(?:\x7f[%+,\-./0-9:=@A-Z_a-z]+)*")
_TITLE = re.compile(rb"proctitle=([0-9A-F]+)")
_NAMES = tuple([b"a%d=" % index for index in range(100)])

# Addresses of a little-endian host: unix(7), ip(7) and ipv6(7), up to their padding, in the kernel's digits.
_ADDRESS = re.compile(rb"saddr=(01|02|0A)00([0-9A-F]+)")
_SHORTEST, _LONGEST_TEXT = len('"/"'), SHORT + len('""')
_new = tuple.__new__  # what Told(...) does, without its Python frame
_INET = struct.Struct("!HBBBB")
_INET6 = struct.Struct("!H4x16s")


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
        joined = "\x7f".join(argv)
        told = encoded_text(joined)
        argv_told = told.replace(b"\x7f", b'","')
        if _UNQUOTED.fullmatch(joined):
            line, command = joined.replace("\x7f", " "), told.replace(b"\x7f", b" ")
        else:
            line = command_line(argv)
            command = encoded_text(line)
        fragment = b',"command":%b,"argv":[%b],"argc":"%d"' % (command, argv_told, len(argv))
        return Told(fragment, words_of(line, command))


def _unusual_command(body: bytes) -> Told:
    arguments, rest = parse_arguments([body])
    argv = [argument for argument in arguments.argv if argument is not None]
    if rest or not arguments.complete or len(argv) < len(arguments.argv):
        raise Declined
    process = NO_PROCESS._replace(argv=arguments.argv, argc=arguments.argc)
    return Told(written(mozdef_details.add_process, process), Words.of(command_line(argv)))


class Titles(Memory[bytes, bytes]):
    """By a PROCTITLE record."""

    def make(self, key: bytes) -> bytes:
        """Return the title: its arguments with a space between, as `mozdef_details.add_process` has them."""
        match = _TITLE.fullmatch(key)
        if match is not None and len(key) % 2 == 0:
            value = unhexlify(match[1])
        else:
            raw = only_value(key, b"proctitle=")
            if raw is None:
                raise Declined
            other = decode(raw)
            if isinstance(other, Absent):
                return b""
            value = other
        arguments = value[:-1] if value.endswith(b"\0") else value
        return b',"proctitle":' + json_string(arguments.replace(b"\0", b" "))


def _unix(data: bytes, _: str) -> Optional[Told]:
    """Return the address of a socket that has a path."""
    told = json_string(data.partition(b"\0")[0])
    if not _SHORTEST <= len(told) <= _LONGEST_TEXT:
        return None
    return _new(Told, (b',"socketfamily":"unix","socketaddress":' + told, _new(Words, ("", told[1:-1]))))


def _inet(data: bytes, category: str) -> Optional[Told]:
    if len(data) < _INET.size:
        return None
    port, first, second, third, fourth = _INET.unpack_from(data)
    address = b"%d.%d.%d.%d" % (first, second, third, fourth)
    return _of_internet(b"inet", address, b"%b:%d" % (address, port), port, category)


def _inet6(data: bytes, category: str) -> Optional[Told]:
    if len(data) < _INET6.size:
        return None
    port, number = _INET6.unpack_from(data)
    address = inet6_text(number).encode("ascii")
    return _of_internet(b"inet6", address, b"[%b]:%d" % (address, port), port, category)


def _of_internet(family: bytes, address: bytes, text: bytes, port: int, category: str) -> Told:
    fragment = b',"socketfamily":"%b","socketaddress":"%b"' % (family, text)
    end = mozdef_details.end_of(category)
    if end is not None:
        side = end.encode("ascii")
        fragment += b',"%bipaddress":"%b","%bport":"%d"' % (side, address, side, port)
    return _new(Told, (fragment, _new(Words, ("", text))))


_FAMILIES = {b"01": _unix, b"02": _inet, b"0A": _inet6}


class Addresses(Memory[tuple[bytes, str], Told]):
    """By a SOCKADDR record and the category of its event."""

    def make(self, key: tuple[bytes, str]) -> Told:
        """Return the address."""
        body, category = key
        match = _ADDRESS.fullmatch(body)
        told = None
        if match is not None and len(body) % 2 == 0:
            family, digits = match.groups()
            told = _FAMILIES[family](unhexlify(digits), category)
        return told or _unusual_address(body, category)

    def keep(self, key: tuple[bytes, str], value: Told) -> None:
        """Remember one more, unless it is long."""
        if len(key[0]) <= LONGEST:
            super().keep(key, value)


def _unusual_address(body: bytes, category: str) -> Told:
    raw = only_value(body, b"saddr=")
    if raw is None:
        raise Declined
    address = parse_sockaddr(raw)
    return Told(written(mozdef_details.add_address, address, category), Words.of(address.text))
