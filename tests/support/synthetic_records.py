"""Records that no log has: every record type with every field, every system call with many arguments, every difference.

Used by the tests, and by the script that asks libauparse about them, which runs under the system's Python.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA = Path(__file__).resolve().parents[1] / "data"
_TABLES = _DATA / "tables"
_DIFFERENCES = _DATA / "interpretation" / "differences.json"
# Three seconds lie between records, so that a reader that waits for more of an event need not.
_STEP = 3
# libauparse 3.0.9 reads beyond the end of such a record's fields.
_UNREADABLE = frozenset({"TRUSTED_APP"})
_ELVES = {"x86_64": "c000003e", "i386": "40000003", "aarch64": "c00000b7"}
# Of these, only the calls whose arguments have words.
_OTHER_ELVES = {
    "arm": "40000028",
    "ppc64": "80000015",
    "ppc64le": "c0000015",
    "s390": "16",
    "s390x": "80000016",
}
_PLAIN = (
    "pid",
    "ppid",
    "item",
    "inode",
    "dev",
    "nametype",
    "tty",
    "terminal",
    "hostname",
    "addr",
    "op",
    "fver",
)
# Numbers in each way of writing them, and what is no number.
_VALUES = (
    *(
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        "12",
        "15",
        "22",
        "31",
        "33",
        "41",
        "64",
        "100",
    ),
    *("010", "0100", "0100644", "040755", "0120777", "0140755", "0644", "04755", "01777", "06000"),
    *(
        "a",
        "f",
        "ff",
        "0x0",
        "0x1",
        "0x8",
        "0x10",
        "0x30000",
        "0x50001",
        "0x7fc00000",
        "0x7ffc0000",
        "0x7fff0000",
    ),
    *("0x80000000", "ffffffff", "3fffffffff", "1ffffffffff", "5401", "5413", "800", "806", "3137"),
    *("1000", "54321", "65534", "12345", "4294967295", "4294967196", "-1", "-2", "-13", "-110", "-512"),
    *(
        "yes",
        "no",
        "failed",
        "99999999999999999999",
        "?",
        "(null)",
        "(none)",
        "unset",
        "x_y",
        "1x",
        '"quoted"',
        '""',
    ),
    *(
        "2F746D702F6120622063",
        "746162096E6C",
        "C3A9",
        "414243",
        "c3a9",
        "cafe",
        "41424",
        "610162",
        "6C73002D6C",
    ),
)
_SAMPLE = ("1", "0", "8")  # of the fields of every record type
_FIELDS_A_RECORD = 40

_ARGUMENTS = (
    *range(12),
    *(1 << bit for bit in range(4, 32)),
    *(17, 20, 21, 22, 33, 41, 255, 0x1FF, 0x1A4, 0x241, 0x8042, 0x80041, 0x410002, 0x1200011, 0x3D0F00),
    *(0x1002, 0x4201, 0x4206, 0x5401, 0x5413, 0x80045430, 0x8914, 0x107, 262, 263, 1030, 1033, 54321, 65534),
    *(0xFFFFFF9C, 0xFFFFFFFF, 0xFFFFFFFF_FFFFFF9C, 2**64 - 1, 0x1_0000_0001, 0x7FFD_DEAD_BEE0),
)
_FEW_ARGUMENTS = (0, 1, 2, 8, 12, 0x241, 0x4000, 0xFFFFFF9C, 0x7FFD_DEAD_BEE0)
# Arguments whose meaning follows from another: (call, a0, a1, a2, a3), where None runs through small numbers.
_DEPENDENT: tuple[tuple[str, int, Any, Any, int], ...] = (
    *(("setsockopt", 3, level, None, 0) for level in (0, 1, 6, 17, 41, 58, 263)),
    *(("getsockopt", 3, level, None, 0) for level in (0, 1, 6, 17, 41, 58, 263)),
    *(("fcntl", 3, command, None, 0) for command in (0, 1, 2, 4, 8, 10, 1033)),
    *(("prctl", option, None, 0, 0) for option in (1, 15, 22, 23, 24, 47)),
    *(("socket", family, 1, None, 0) for family in (1, 2, 10, 16, 17)),
    *(("open", 0x7FFD, flags, None, 0) for flags in (0, 0x41, 0x241, 0x410002)),
    *(("openat", 3, 0x7FFD, flags, 0o640) for flags in (0, 0x41, 0x241, 0x410002)),
    *(("mq_open", 0x7FFD, flags, None, 0) for flags in (0, 0x42)),
)
_SMALL = 70

_ADDRESSES = (
    *(
        "01002F72756E2F7800",
        "0100",
        "01",
        "010000616263",
        "01000061620063",
        "01002F612062",
        "01002F1B5B33316D00",
        "0100FF",
        "01000000",
    ),
    *("010041" + "41" * 107, "0100" + "2F61" + "00" * 106),
    *(
        "020000507F0000010000000000000000",
        "02000050",
        "0200",
        "02000050C0A80101",
        "0200FFFFFFFFFFFF" + "00" * 8,
    ),
    *("0A0001BB00000000" + "00" * 15 + "01" + "00" * 4, "0A0001BB", "0A0001BB00000000" + "FE80" + "00" * 14),
    *("0A0001BB00000000FE80" + "00" * 6 + "123456781234567801000000", "0A0001BB00"),
    *("0A0001BB00000000" + "00" * 10 + "FFFF0102030400000000", "0A0001BB0000000020010DB8" + "00" * 16),
    *("100000000A0B0000010000FF", "10000000", "1000000001000000", "100000000000000000000000"),
    *("11000806020000000100000600112233445566", "1100", "28000000350000000200000000000000", "2800"),
    "2600736B63697068657200000000000000000000000000006362632861657329" + "00" * 20,
    *("0000", "0000000000", "1F00112233445566", "03008E8040A2A860000000000000", "0900313233", "1D00", "2D00"),
    *("FF00", "FFFF", "(null)", "zz", "020", "02000050zz"),
)
_TYPED = (
    *(
        "6C730D",
        "00",
        "1B5B41",
        "0A",
        "03",
        "04",
        "7F",
        "08",
        "09",
        "C3A9",
        "FF",
        "1B",
        "1B4F50",
        "6C22",
        "5C",
    ),
    *(
        "61620162",
        "80",
        "1B5B31313B327E",
        "0D0D",
        "610D620D",
        "1B1B",
        "1B5B",
        "1B5B31",
        "1B5B397A",
        "1C1D1E1F",
    ),
    *("7375646F202D730D70617373776F72640D", "1B5B337E1B5B337E", "411B5B4442", "(null)", "6C7", '"ls"'),
)


def records() -> Iterator[str]:
    """Return the lines of all records, always the same ones."""
    for number, (kind, body) in enumerate(_bodies(), start=1):
        stamp = 1_700_000_000 + number * _STEP
        yield f"type={kind} msg=audit({stamp}.000:{number}): {body}"


def _bodies() -> Iterator[tuple[str, str]]:
    names = sorted({*_source("words")["fields"], *_PLAIN} - {"a0", "a1", "a2", "a3"})
    for name in names:
        yield from (("USER_ACCT", f"{name}={value} end=1") for value in _VALUES)
    for kind in sorted(_source("tables-4.2.1")["record_types"].values()):
        if kind not in _UNREADABLE:
            yield from _whole(kind, names)
    for kind, name, values in (
        ("SOCKADDR", "saddr", _ADDRESSES),
        ("TTY", "data", _TYPED),
        ("TTY", "data", sorted(_source("words")["keystrokes"])),
        ("USER_TTY", "msg", ("2F62", "6C73202D6C", '"ls"', "ls")),
        ("BPRM_FCAPS", "pp", [f"{1 << bit:x}" for bit in range(64)]),
        ("SYSCALL", "exit", [f"-{number}" for number in range(1, 140)]),
        *(
            ("PATH", "mode", [f"0{kind:o}{rights:03o}" for rights in (0, 0o4755, 0o7777)])
            for kind in range(16)
        ),
        *(
            (kind, name, _VALUES)
            for kind, name in (("PATH", "flags"), ("MQ_OPEN", "mode"), ("FANOTIFY", "resp"))
        ),
        *((kind, "saddr", ("10.0.0.1", "::1")) for kind in ("NETFILTER_PKT", "AVC")),
        *(("SECCOMP", "code", [f"0x{code:x}0000"]) for code in range(0x7F00, 0x8001)),
        *(("EXECVE", name, _VALUES) for name in ("a0", "a12", "a3[1]", "a3_len", "argc")),
    ):
        yield from ((kind, f"{name}={value.upper() if name == 'data' else value} end=1") for value in values)
    for machine in _ELVES:
        yield from (("SYSCALL", body) for body in _calls(machine))
    for machine in _OTHER_ELVES:
        yield from (("SYSCALL", body) for body in _known_calls(machine))
    for difference in json.loads(_DIFFERENCES.read_text("utf-8")):
        kind, _, body = difference["record"].partition(" ")
        if "SECCOMP" not in kind:  # of which libauparse says one thing or another, by the records before it
            yield kind.replace("type=", ""), body


def _whole(kind: str, names: list[str]) -> Iterator[tuple[str, str]]:
    for first in range(0, len(names), _FIELDS_A_RECORD):
        for value in _SAMPLE:
            yield kind, " ".join(f"{name}={value}" for name in names[first : first + _FIELDS_A_RECORD])


def _calls(machine: str) -> Iterator[str]:
    calls = {name: number for number, name in _source("syscalls")[machine].items()}
    known = _source("words")["arguments"]
    for name, number in calls.items():
        many = machine == "x86_64" and name in known
        for value in _ARGUMENTS if many else _FEW_ARGUMENTS:
            yield _call(machine, number, (value, value, value, value))
    for name, *args in _DEPENDENT:
        if name in calls:
            runs = range(_SMALL) if None in args else (0,)
            for small in runs:
                yield _call(machine, calls[name], [small if value is None else value for value in args])
    for asked in range(26):
        yield from (
            _call(machine, calls[name], (asked, 1, 2, 3)) for name in ("socketcall", "ipc") if name in calls
        )
    for number in (999, 0x4000_0000 + 59):
        yield _call(machine, number, (0, 1, 2, 3))


def _known_calls(machine: str) -> Iterator[str]:
    known = _source("words")["arguments"]
    for number, name in _source("syscalls")[machine].items():
        if name in known:
            yield from (_call(machine, number, (value, value, value, value)) for value in _FEW_ARGUMENTS)
        if name in {"setsockopt", "getsockopt"}:
            yield from (_call(machine, number, (3, 1, option, 0)) for option in range(_SMALL))


def _call(machine: str, number: int, args: Any) -> str:  # noqa: ANN401  # four numbers
    a0, a1, a2, a3 = (f"{value:x}" for value in args)
    return f"arch={_elf(machine)} syscall={number} success=yes exit=0 a0={a0} a1={a1} a2={a2} a3={a3} end=1"


def _elf(machine: str) -> str:
    return _ELVES.get(machine) or _OTHER_ELVES[machine]


def _source(name: str) -> Any:  # noqa: ANN401  # what JSON holds
    return json.loads((_TABLES / f"{name}.json").read_text("utf-8"))
