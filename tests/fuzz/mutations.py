"""Captured logs with a few things wrong in them, as an attacker, a torn disk or another kernel could make them."""

from __future__ import annotations

import lzma
import re
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from collected import collected
from orders import ON_EVENTS, STAMP

from mig_audit.modules.audit.tables.table import table

if TYPE_CHECKING:
    from random import Random

_RECORDS = Path(__file__).parents[1] / "data" / "records"
_LONGEST_WINDOW = 40
_LONG_WINDOW = 1200  # of one case in a hundred: more than it takes to see that a clock was set back
_BITS = (
    b'"', b"'", b"\\", b"\0", b"\x1d", b"\x1b[31m", b"\x7f", b"\x80", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80",
    "\u202e".encode(), "\u2028".encode(), "\U0001f600".encode(), b" ", b"  ", b"\t", b"\r", b"\n", b"=", b"==", b",", b"}", b"]",
    b"msg='", b"msg=audit(1.000:1): ", b"type=EOE ", b"key=", b"\x1dMIG_RAW=00", b"\x1dARCH=x86_64 SYSCALL=open",
    b"/../", b"//", b"%s%n", b"\\x0a", b"a0[0]=", b"a0_len=9", b"node=x ",
)  # fmt: skip
_VALUES = (
    b"", b"0", b"00", b"-0", b"-1", b"-4095", b"+5", b"1_000", b" 5", b"0x10", b"1e5", b"4294967295", b"4294967296",
    b"18446744073709551615", b"18446744073709551616", b"9" * 400, b"ffffffffffffff9c", b"ffffff9c", b"FFFFFF9C", b"(null)",
    b"(none)", b"?", b"unset", b"yes", b"no", b"success", b'"', b'""', b'"a', b'a"', b'"a"b"', b"'", b"41", b"414", b"4g",
    b"00", b"2F0041", b"0A1B5B", b"FF" * 300, b"E280AE", "\u0663".encode(), b"\xb2", b"c000003e", b"40000003", b"c00000b7",
    b"0200", b"02000050C0A80001", b"0100", b"010000", b"01002F746D70", b"1000", b"0A00", b"fe:00", b"040755", b"0777777",
    b"1:2", b"u:r:t:s0", b"CREATE", b"PARENT", b"59", b"257", b"322", b"42", b"101", b"1000000", b'"/etc/passwd"',
)  # fmt: skip
_NAMES = (
    b"a0 a1 a2 a3 a0[0] a0[1] a0_len a0[0]_len argc arch syscall success exit items item name nametype inode dev mode ouid"
    b" ogid rdev cap_fp pid ppid auid uid gid euid ses comm exe key cwd proctitle saddr fd old new op res acct cmd data msg"
    b" tty subj obj lsm_dom path list per prot flags resolve sig code ip compat cap_pi cap_frootid argv old_prom"
).split(b" ")


def load_seeds() -> list[list[bytes]]:
    """Return the lines of captured and malformed logs; as often as all others together, those of a busy host.

    What is there is what nearly all records are like: the ways that are short are made for it.
    """
    contents = [lzma.decompress(path.read_bytes()) for path in sorted(_RECORDS.glob("*.log.xz"))]
    contents += [path.read_bytes() for path in sorted(_RECORDS.glob("**/*.log"))]
    busy, *others = [content.split(b"\n") for content in contents]
    return [*others, *[busy] * len(others)]


def mutated(seeds: list[list[bytes]], random: Random) -> list[bytes]:
    """Return the lines of a log, made of one or two windows of captured ones."""
    lines = _window(seeds, random)
    if not random.randrange(3):
        lines = _interleaved(lines, _window(seeds, random), random)
    if not random.randrange(3):
        lines = collected(lines, random)
    for _ in range(random.choice((1, 1, 2, 3, 5, 8))):
        random.choice(_CHANGES)(lines, random)
    # What breaks a line makes two of it, as in a file.
    return b"\n".join(lines).split(b"\n")


def _window(seeds: list[list[bytes]], random: Random) -> list[bytes]:
    log = random.choice(seeds)
    start = random.randrange(len(log))
    longest = _LONGEST_WINDOW if random.randrange(100) else _LONG_WINDOW
    return log[start : start + random.randint(1, longest)]


def _interleaved(one: list[bytes], other: list[bytes], random: Random) -> list[bytes]:
    places = sorted(random.choices(range(len(one) + 1), k=len(other)))
    merged = list(one)
    for offset, (place, line) in enumerate(zip(places, other)):
        merged.insert(place + offset, line)
    return merged


def _in_a_line(change: Callable[[bytes, Random], bytes]) -> Callable[[list[bytes], Random], None]:
    def on_log(lines: list[bytes], random: Random) -> None:
        if lines:
            place = random.randrange(len(lines))
            lines[place] = change(lines[place], random)

    return on_log


def _in_a_field(change: Callable[[bytes, bytes, Random], bytes]) -> Callable[[list[bytes], Random], None]:
    def on_line(line: bytes, random: Random) -> bytes:
        words = line.split(b" ")
        places = [place for place, word in enumerate(words) if b"=" in word]
        if places:
            place = random.choice(places)
            name, _, value = words[place].partition(b"=")
            words[place] = change(name, value, random)
        return b" ".join(words)

    return _in_a_line(on_line)


def _drop(lines: list[bytes], random: Random) -> None:
    if lines:
        del lines[random.randrange(len(lines))]


def _repeat(lines: list[bytes], random: Random) -> None:
    if lines:
        lines.insert(random.randrange(len(lines) + 1), random.choice(lines))


def _move(lines: list[bytes], random: Random) -> None:
    if lines:
        line = lines.pop(random.randrange(len(lines)))
        lines.insert(random.randrange(len(lines) + 1), line)


def _no_records(lines: list[bytes], random: Random) -> None:
    """Put in many short lines, so that a record among them is hard to see."""
    place = random.randrange(len(lines) + 1)
    others = random.choices((b"", b"", b"x", b"msg=audit(", b"node=a ", b"type=A msg=audit("), k=5)
    lines[place:place] = [line for line in others for _ in range(random.randrange(40))]


def _one_event(lines: list[bytes], random: Random) -> None:
    """Let all records claim to be of one event."""
    stamps = [match[0] for match in map(STAMP.search, lines) if match]
    if stamps:
        stamp = random.choice(stamps)
        lines[:] = [STAMP.sub(lambda _: stamp, line, count=1) for line in lines]


def _one_node(lines: list[bytes], random: Random) -> None:
    node = random.choice((b"host", b"h\xff", b"x" * 300, b"a.example.com"))
    lines[:] = [b"node=" + node + b" " + line for line in lines]


def _another_byte(line: bytes, random: Random) -> bytes:
    place = random.randrange(len(line) + 1)
    return line[:place] + bytes([random.randrange(256)]) + line[place + 1 :]


def _a_bit_more(line: bytes, random: Random) -> bytes:
    place = random.randrange(len(line) + 1)
    return line[:place] + random.choice(_BITS) + line[place:]


def _a_part_less(line: bytes, random: Random) -> bytes:
    start, end = sorted(random.choices(range(len(line) + 1), k=2))
    return line[:start] + line[end:]


def _a_part_twice(line: bytes, random: Random) -> bytes:
    start, end = sorted(random.choices(range(len(line) + 1), k=2))
    return line[:end] + line[start:end] * random.choice((1, 1, 1, 30)) + line[end:]


def _cut_off(line: bytes, random: Random) -> bytes:
    return line[: random.randrange(len(line) + 1)]


def _another_type(line: bytes, random: Random) -> bytes:
    names = sorted(set(table("record-types").names.values()))
    name = random.choice([*names, "UNKNOWN[1399]", "UNKNOWN[99999999]", "syscall", "X" * 64, "X" * 65])
    return re.sub(rb"^type=[^ ]*", b"type=" + name.encode(), line)


def _another_stamp(line: bytes, random: Random) -> bytes:
    match = STAMP.search(line)
    if not match:
        return line
    seconds, serial = int(match[1]), int(match[3])
    stamp = random.choice((
        (seconds, serial + 1),
        (seconds + 3, serial),
        (seconds + 10**6, serial),
        (0, 0),
        (seconds, 2**32 - 1),
        (seconds, 2**32),
        (253_402_300_800, serial),
        (10**11, serial),
    ))  # fmt: skip
    return STAMP.sub(b"audit(%d.%s:%d)" % (stamp[0], match[2], stamp[1]), line, count=1)


def _enriched(line: bytes, random: Random) -> bytes:
    return (
        line
        + b"\x1d"
        + random.choice((b'UID="root" AUID="a b"', b"MIG_RAW=414", b"", b"SADDR={ saddr_fam=inet }"))
    )


def _another_value(name: bytes, _value: bytes, random: Random) -> bytes:
    return name + b"=" + random.choice(_VALUES)


def _another_name(_name: bytes, value: bytes, random: Random) -> bytes:
    return random.choice(_NAMES) + b"=" + value


def _field_more(name: bytes, value: bytes, random: Random) -> bytes:
    return (
        name
        + b"="
        + value
        + b" "
        + random.choice((name, random.choice(_NAMES)))
        + b"="
        + random.choice(_VALUES)
    )


def _as_hex(name: bytes, value: bytes, random: Random) -> bytes:
    content = value.strip(b'"') + random.choice(_BITS)
    return name + b"=" + content.hex().upper().encode()


_CHANGES: tuple[Callable[[list[bytes], Random], None], ...] = (
    _drop, _repeat, _move, _no_records, _one_event, _one_node, *ON_EVENTS,
    *map(_in_a_line, (_another_byte, _a_bit_more, _a_part_less, _a_part_twice, _cut_off)),
    *map(_in_a_line, (_another_type, _another_stamp, _enriched)),
    # What is in fields is what others write, so most of what can be wrong is there.
    *map(_in_a_field, (_another_value, _another_name, _field_more, _as_hex) * 5),
)  # fmt: skip
