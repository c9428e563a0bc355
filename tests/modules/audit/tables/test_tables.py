"""Names and numbers of kernel audit."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mig_audit.modules.audit import tables

_PACKAGE = Path(tables.__file__).resolve().parent
_REPOSITORY = _PACKAGE.parent.parent.parent
_SOURCES = Path(__file__).resolve().parents[3] / "data" / "tables"
_SYSCALLS: dict[str, dict[str, str]] = json.loads((_SOURCES / "syscalls.json").read_text("utf-8"))
_SPELLINGS: dict[str, dict[str, int]] = json.loads((_SOURCES / "kernel-spellings.json").read_text("utf-8"))[
    "syscalls"
]
_LIBAUDIT: dict[str, Any] = json.loads((_SOURCES / "tables-4.2.1.json").read_text("utf-8"))


@pytest.mark.parametrize(("number", "name"), [(1300, "SYSCALL"), (1339, "DM_EVENT"), (1, "UNKNOWN[1]")])
def test_every_record_type_has_a_name_and_the_name_its_number(number: int, name: str) -> None:
    """Unknown record types are written as auditd writes them, and read back."""
    assert tables.record_type_name(number) == name
    assert tables.record_type_number(name) == number


def test_record_types_are_those_of_libaudit() -> None:
    """No record type is lost or renamed on the way into the tables."""
    for number, name in _LIBAUDIT["record_types"].items():
        assert tables.record_type_name(int(number)) == name
        assert tables.record_type_number(name.lower()) == int(number)


@pytest.mark.parametrize(
    "text", ["", "BOGUS", "UNKNOWN[]", "UNKNOWN[x]", "UNKNOWN[1]x", "UNKNOWN[-1]", "unknown[7]"]
)
def test_what_is_no_record_type_has_no_number(text: str) -> None:
    """A malformed name is None, never a guess."""
    assert tables.record_type_number(text) is None


@pytest.mark.parametrize(
    ("name", "elf"),
    [("x86_64", 0xC000003E), ("i386", 0x40000003), ("armeb", 0x40000028), ("s390x", 0x80000016)],
)
def test_an_architecture_is_known_by_its_elf_number(name: str, elf: int) -> None:
    """The numbers are AUDIT_ARCH_* of linux/audit.h."""
    assert tables.arch_name(elf) == name
    assert tables.arch_elf(name) == elf
    assert tables.arch_elf(name.upper()) == elf


@pytest.mark.parametrize(("name", "machine"), [("i686", "i386"), ("armv7l", "armeb"), ("armv8l", "aarch64")])
def test_what_uname_says_is_an_architecture(name: str, machine: str) -> None:
    """The names of machines that share an architecture are understood."""
    assert tables.arch_elf(name) == tables.arch_elf(machine)
    assert tables.syscall_number(name, "execve") == tables.syscall_number(machine, "execve")


@pytest.mark.parametrize("elf", [0, 62, 0xFFFFFFFF])
def test_an_unknown_architecture_has_no_name(elf: int) -> None:
    """None says that the number is not known."""
    assert tables.arch_name(elf) is None


@pytest.mark.parametrize("arch", sorted(_SYSCALLS))
def test_system_calls_are_those_of_libaudit(arch: str) -> None:
    """Each number has libaudit's name, and each name, in upper case too, its number."""
    for number, name in _SYSCALLS[arch].items():
        assert tables.syscall_name(arch, int(number)) == name
        assert tables.syscall_number(arch, name.upper()) == int(number)


@pytest.mark.parametrize(
    ("arch", "name"), [(arch, name) for arch, names in sorted(_SPELLINGS.items()) for name in names]
)
def test_the_kernel_s_spelling_is_understood_and_libaudit_s_given_back(arch: str, name: str) -> None:
    """Where the two differ, the kernel's name is only shown for a call that libaudit does not know."""
    number = _SPELLINGS[arch][name]
    assert tables.syscall_number(arch, name) == number
    assert tables.syscall_name(arch, number) == _SYSCALLS[arch].get(str(number), name)


def test_unknown_system_calls_and_architectures_are_none() -> None:
    """A look-up never guesses."""
    assert tables.syscall_name("x86_64", 100_000) is None
    assert tables.syscall_number("x86_64", "bogus") is None
    assert tables.syscall_number("x86_64", "\N{KELVIN SIGN}ill") is None
    assert tables.syscall_name("mips", 1) is None
    assert tables.syscall_number("", "open") is None


def test_every_architecture_has_system_calls() -> None:
    """No machine that can be named lacks its table."""
    for name in _LIBAUDIT["machine_names"]:
        if tables.arch_elf(name) is not None:
            assert tables.syscall_number(name, "execve") is not None


def test_operations_of_io_uring_have_a_table_of_their_own() -> None:
    """Their numbers are not those of system calls."""
    assert tables.syscall_number(tables.URING, "openat") == 18
    assert tables.syscall_name(tables.URING, 18) == "openat"


def test_errno_names_are_those_of_libaudit() -> None:
    """Both names of a number are understood, and names without a number are not."""
    for number, name in _LIBAUDIT["errno"].items():
        assert tables.errno_name(int(number)) == name
        assert tables.errno_number(name) == int(number)
    assert tables.errno_number("EWOULDBLOCK") == tables.errno_number("eagain") == 11
    assert tables.errno_number("ENOTSUP") is None
    assert tables.errno_name(0) is None


def test_fields_are_those_of_libaudit() -> None:
    """Both names of the login uid are understood."""
    for name, number in _LIBAUDIT["field_numbers"].items():
        assert tables.field_number(name) == number
    assert tables.field_name(9) == "auid"
    assert tables.field_name(24) is None


def test_file_types_and_file_systems_have_names_and_numbers() -> None:
    """They are the values of the fields filetype and fstype."""
    assert (tables.file_type_number("socket"), tables.file_type_name(0xC000)) == (0xC000, "socket")
    assert (tables.filesystem_number("TRACEFS"), tables.filesystem_name(0x74726163)) == (
        0x74726163,
        "tracefs",
    )
    assert tables.file_type_number("char") is None
    assert tables.filesystem_name(1) is None


def test_a_permission_stands_for_the_system_calls_of_its_architecture() -> None:
    """Calls that an architecture does not have, or has under another name, are left out."""
    execve, execveat = 59, 322
    assert tables.permission_syscalls("x86_64", "x") == (execve, execveat)
    assert tables.syscall_number("aarch64", "fstat") not in tables.permission_syscalls("aarch64", "r")
    assert tables.permission_syscalls("mips", "x") == ()


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    """The recorder imports the tables with no site-packages, and pays only for what it looks up."""
    program = (
        f"import sys; sys.path.insert(0, {str(_REPOSITORY)!r})\n"
        "from mig_audit.modules.audit.tables import record_type_name, table\n"
        "assert 'json' not in sys.modules\n"
        "record_type_name(1300)\n"
        "assert table.cache_info().currsize == 1\n"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)


def test_the_tables_are_found_inside_an_archive(tmp_path: Path) -> None:
    """A zip application decodes like an installation does."""
    archive = tmp_path / "application.zip"
    with zipfile.ZipFile(archive, "w") as written:
        for path in _PACKAGE.iterdir():
            if path.suffix in {".py", ".json"}:
                written.write(path, f"mig_audit/modules/audit/tables/{path.name}")
        for package in ("mig_audit", "mig_audit/modules", "mig_audit/modules/audit"):
            written.writestr(f"{package}/__init__.py", "")
    program = (
        f"import sys; sys.path.insert(0, {str(archive)!r})\n"
        "from mig_audit.modules.audit.tables import syscall_name\n"
        "assert syscall_name('x86_64', 59) == 'execve'\n"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)
