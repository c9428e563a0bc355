"""Names and numbers: record types, system calls, architectures, errors, rule fields; as libaudit 4.2.1 has them.

The data is generated (tools/generate_tables.py) and loaded when first asked for, an architecture's system calls apart
from the others, so that importing this costs nothing.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any, Optional

_UNKNOWN = re.compile(r"UNKNOWN\[([0-9]{1,10})\]", re.ASCII)


def record_type_name(number: int) -> str:
    """Return for instance ``SYSCALL``, and ``UNKNOWN[1999]`` for a number without a name."""
    return _record_types()[0].get(number) or f"UNKNOWN[{number}]"


def record_type_number(name: str) -> Optional[int]:
    """Return the number of a record type in any spelling of its case, ``UNKNOWN[1999]`` included."""
    number = _record_types()[1].get(name.upper())
    if number is None:
        unknown = _UNKNOWN.fullmatch(name.upper())
        return int(unknown[1]) if unknown else None
    return number


def arch_name(elf: int) -> Optional[str]:
    """Return the architecture of an ``arch=`` field, for instance ``x86_64`` for 0xc000003e."""
    name: Optional[str] = _load("architectures.json")["names"].get(str(elf))
    return name


def arch_elf(name: str) -> Optional[int]:
    """Return the ``arch=`` number of a machine's name, ``i686`` and its like included."""
    number: Optional[int] = _load("architectures.json")["numbers"].get(name.lower())
    return number


def architectures() -> tuple[str, ...]:
    """Return the names of all architectures that have a table of system calls, but for io_uring's operations."""
    return tuple(sorted(set(_load("architectures.json")["names"].values())))


def syscall_name(arch: str, number: int) -> Optional[str]:
    """Return a system call's name on an architecture (``uring``: an io_uring operation's)."""
    return _syscalls(arch)[0].get(number)


def syscall_number(arch: str, name: str) -> Optional[int]:
    """Return a system call's number, from libaudit's spelling of its name or the kernel's."""
    return _syscalls(arch)[1].get(name.lower())


def errno_name(number: int) -> Optional[str]:
    """Return for instance ``ENOENT`` for 2."""
    name: Optional[str] = _load("errno.json")["names"].get(str(number))
    return name


def errno_number(name: str) -> Optional[int]:
    """Return for instance 2 for ``ENOENT``."""
    number: Optional[int] = _load("errno.json")["numbers"].get(name.upper())
    return number


def field_numbers() -> dict[str, int]:
    """Return the rule fields' numbers by name."""
    return dict(_load("fields.json"))


def file_types() -> dict[str, int]:
    """Return the values of the rule field ``filetype`` by name."""
    return dict(_load("file-types.json"))


def fs_types() -> dict[str, int]:
    """Return the values of the rule field ``fstype`` by name."""
    return dict(_load("fs-types.json"))


@cache
def _load(name: str) -> Any:  # noqa: ANN401  # each table has a shape of its own, given back typed by the functions above
    # One argument to joinpath: Python 3.9 cannot take two where the package is in a zip file.
    return json.loads(resources.files(__name__).joinpath(name).read_text("utf-8"))


@cache
def _record_types() -> tuple[dict[int, str], dict[str, int]]:
    names = {int(number): name for number, name in _load("record-types.json").items()}
    return names, {name: number for number, name in names.items()}


@cache
def _syscalls(arch: str) -> tuple[dict[int, str], dict[str, int]]:
    if arch != "uring" and arch not in architectures():
        return {}, {}
    table = _load(f"syscalls-{arch}.json")
    names = {int(number): name for number, name in table["names"].items()}
    numbers = {name: number for number, name in names.items()}
    numbers.update((kernel, numbers[libaudit]) for kernel, libaudit in table["spellings"].items())
    return names, numbers
