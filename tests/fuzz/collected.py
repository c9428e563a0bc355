"""Logs as auditd writes them: with interpretations after each record, and with nodes before them where they are collected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_TYPE = re.compile(rb"type=([A-Z_]+) ")
_IDS = re.compile(rb"\b((?:a|e|s|fs|o|oa|old-a)?uid|(?:e|s|fs|o)?gid)=([0-9]+)\b")
_CALL = b"ARCH=x86_64 SYSCALL=openat "
_CALLS = (
    _CALL,
    _CALL,
    b"ARCH=x86_64 SYSCALL=unknown-syscall(999) ",
    b"SYSCALL=openat ",
    b'SYSCALL="a b" ',
    b"AUID=eve ",
    b"",
)
_NAMES = (b'"root"', b'"alice"', b'"alice"', b'"unset"', b'"unknown(7)"', b'"a b"', b'""', b"bob", b'"', b"?")
_NODES = (b"web.example.com", b"db", b"h\xff", b"10.0.0.1", b"x" * 255, b"node=a", b'a"b')


def collected(lines: list[bytes], random: Random) -> list[bytes]:
    """Return the lines with interpretations, nodes or both."""
    what = random.randrange(3)
    if what:
        lines = _enriched(lines, random)
    return lines if what == 1 else _with_nodes(lines, random)


def _enriched(lines: list[bytes], random: Random) -> list[bytes]:
    # Nearly always a number has the same name.
    names: dict[bytes, bytes] = {}
    return [line + _added(line, names, random) for line in lines]


def _added(line: bytes, names: dict[bytes, bytes], random: Random) -> bytes:
    match = _TYPE.match(line)
    if match is None or b"\x1d" in line:
        return b""
    if match[1] == b"SOCKADDR":
        return b"\x1dSADDR={ saddr_fam=inet laddr=127.0.0.1 lport=80 }"
    words = []
    for name, number in _IDS.findall(line):
        if number not in names or not random.randrange(50):
            names[number] = random.choice(_NAMES)
        words.append(name.upper() + b"=" + names[number])
    if not words:
        return b""
    call = b"" if match[1] != b"SYSCALL" else random.choice(_CALLS) if not random.randrange(10) else _CALL
    return b"\x1d" + call + b" ".join(words)


def _with_nodes(lines: list[bytes], random: Random) -> list[bytes]:
    nodes = random.choices(_NODES, k=random.choice((1, 1, 2, 4)))
    longest = random.choice((1, 3, 20))
    told: list[bytes] = []
    while len(told) < len(lines):
        node = random.choice(nodes)
        more = lines[len(told) : len(told) + random.randint(1, longest)]
        told += [b"node=" + node + b" " + line for line in more]
    return told
