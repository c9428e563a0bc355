"""What libauparse says of records: how its answers are told apart, and how they are kept.

An answer is known by the type of its record, the field's name and raw value, and, where that matters, by the system
call: its architecture and number, and the arguments before it where a call's arguments depend on each other.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = tuple[str, str, str, str]

DATA = Path(__file__).resolve().parents[1] / "data"
GOLDEN = DATA / "interpretation" / "libauparse-3.0.9.json.xz"
LOGS = (
    *("busy-host", "cfg", "exec", "execlong", "file", "login", "longpath", "special", "uid", "user", "watch"),
)
_ARGUMENTS = ("a0", "a1", "a2", "a3")
# Calls of which an argument means something by another: how many of them are part of the key.
_DEPENDENT = {
    **dict.fromkeys(
        ("fcntl", "fcntl64", "setsockopt", "getsockopt", "open", "mq_open", "socketcall", "ipc"), 2
    ),
    **dict.fromkeys(("prctl", "socket", "socketpair"), 1),
    "openat": 3,
}


class Calls:
    """Knows which calls' arguments depend on each other, by architecture and number."""

    def __init__(self) -> None:
        tables = json.loads((DATA / "tables" / "tables-4.2.1.json").read_text("utf-8"))
        syscalls = json.loads((DATA / "tables" / "syscalls.json").read_text("utf-8"))
        self._count = {}
        for arch, calls in syscalls.items():
            elf = f"{int(tables['machines'][str(tables['machine_names'][arch])][1], 16):x}"
            for number, name in calls.items():
                if name in _DEPENDENT:
                    self._count[elf, number] = _DEPENDENT[name]

    def key(self, record: str, name: str, raw: str, values: Mapping[str, str]) -> Key:
        """Return what tells an answer from others.

        Args:
            record: the record's type.
            name: the field's name.
            raw: its value.
            values: all fields of the record.
        """
        context = ""
        if name in _ARGUMENTS or name == "syscall":
            call = values.get("arch", ""), values.get("syscall", "")
            arguments = [values.get(argument, "") for argument in _ARGUMENTS[: self._count.get(call, 0)]]
            context = " ".join([*call, *arguments])
        return record, name, raw, context


def expected(name: str, raw: str) -> str:
    """Return what is said of a value of which nothing is known."""
    return f"0x{raw}" if name in _ARGUMENTS else raw


def read_golden() -> tuple[dict[Key, Optional[str]], dict[str, int]]:
    """Return the answers that are not as `expected`, None where it is not text; and how often which fields came."""
    content = json.loads(lzma.decompress(GOLDEN.read_bytes()))
    return {tuple(row[:4]): row[4] for row in content["answers"]}, content["shapes"]


def write_golden(path: Path, answers: Mapping[Key, Optional[str]], shapes: Mapping[str, int]) -> None:
    """Write them, always the same bytes for the same answers."""
    rows = sorted([*key, text] for key, text in answers.items())
    text = json.dumps({"answers": rows, "shapes": dict(sorted(shapes.items()))}, separators=(",", ":"))
    path.write_bytes(lzma.compress(text.encode("utf-8"), preset=9))


def shape(record: str, names: list[str]) -> str:
    """Return the fields of a record as one text."""
    return f"{record}: {' '.join(names)}"


def lines(log: str) -> list[bytes]:
    """Return the lines of a captured log."""
    content: Any = lzma.decompress((DATA / "records" / f"{log}.log.xz").read_bytes())
    return [line for line in content.split(b"\n") if line]
