"""Every event has one word for what was done."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.events import category
from mig_audit.modules.audit.tables import record_type_number, syscall_number

_O_WRONLY, _O_RDWR, _O_CREAT, _O_TRUNC, _O_CLOEXEC = 1, 2, 0o100, 0o1000, 0o2000000


ARCHITECTURES = (
    "x86_64",
    "i386",
    "aarch64",
    "armeb",
    "ppc",
    "ppc64",
    "ppc64le",
    "s390",
    "s390x",
    "riscv32",
    "riscv64",
)


def _of(*types: str, syscall: str | None = None, flags: int | None = None, apparmor: bool = False) -> str:
    return category.categorise(types, syscall, flags, apparmor=apparmor)


@pytest.mark.parametrize(
    ("syscall", "word"),
    [
        ("execve", "execve"),
        ("execveat", "execve"),
        ("write", "write"),
        ("unlinkat", "write"),
        ("renameat2", "write"),
        ("mkdir", "write"),
        ("read", "read"),
        ("readlink", "read"),
        ("setxattr", "attribute"),
        ("removexattr", "attribute"),
        ("chmod", "chmod"),
        ("fchmodat2", "chmod"),
        ("lchown", "chown"),
        ("ptrace", "ptrace"),
        ("clock_settime", "time"),
        ("socket", "socket"),
        ("listen", "listen"),
        ("connect", "connect"),
        ("accept4", "accept"),
        ("bind", "bind"),
        ("mount", "mount"),
        ("finit_module", "module"),
        ("tgkill", "signal"),
        ("setresuid", "privilege"),
        ("clone3", "process"),
        ("getpid", "syscall"),
        (None, "syscall"),
    ],
)
def test_system_calls_have_words(syscall: str | None, word: str) -> None:
    """Those of audisp-json for what it knew, by exact name."""
    assert _of("SYSCALL", "EOE", syscall=syscall) == word


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (0, "read"),
        (_O_CLOEXEC, "read"),
        (None, "read"),
        (_O_WRONLY, "write"),
        (_O_RDWR, "write"),
        (_O_CREAT, "write"),
        (_O_TRUNC, "write"),
    ],
)
@pytest.mark.parametrize("syscall", ["open", "openat", "openat2"])
def test_opening_is_reading_or_writing_by_its_flags(syscall: str, flags: int | None, word: str) -> None:
    """The mode, or that it creates or empties the file."""
    assert _of("SYSCALL", syscall=syscall, flags=flags) == word


@pytest.mark.parametrize(
    ("types", "word"),
    [
        (("USER_AUTH",), "authentication"),
        (("USER_LOGIN",), "session"),
        (("ADD_USER",), "account"),
        (("USER_CMD",), "command"),
        (("SERVICE_START",), "service"),
        (("CONFIG_CHANGE",), "config"),
        (("ANOM_ABEND",), "anomaly"),
        (("SECCOMP",), "seccomp"),
        (("AVC",), "avc"),
        (("APPARMOR_DENIED",), "apparmor"),
        (("ANOM_PROMISCUOUS", "SYSCALL"), "promiscuous"),
        (("LOGIN", "SYSCALL"), "session"),
        (("CONFIG_CHANGE", "SYSCALL"), "config"),
        (("AVC", "SYSCALL"), "avc"),
        (("TRUSTED_APP",), "trusted_app"),
        (("EOE",), "eoe"),
        ((), "unknown"),
    ],
)
def test_record_types_that_say_more_than_their_call_go_first(types: tuple[str, ...], word: str) -> None:
    """A login is a login, not the write that the kernel saw; without a word it is the type's name."""
    assert _of(*types, syscall="write" if "SYSCALL" in types else None) == word


def test_an_avc_may_be_apparmors() -> None:
    """It uses the record type of SELinux."""
    assert _of("AVC", "SYSCALL", syscall="open", apparmor=True) == "apparmor"


def test_behind_socketcall_there_are_other_calls() -> None:
    """i386 programs connect through it; a number beyond its calls is itself."""
    assert category.effective_syscall("socketcall", 3) == "connect"
    assert category.effective_syscall("socketcall", 99) == "socketcall"
    assert category.effective_syscall("socketcall", None) == "socketcall"
    assert category.effective_syscall("write", 3) == "write"


def test_every_name_in_the_table_is_a_system_call() -> None:
    """Of some architecture, in libaudit's spelling or the kernel's; a misspelled name would never match."""
    unknown = {
        name
        for name in {*category.SYSCALLS, *category._OPENS}
        if all(syscall_number(arch, name) is None for arch in ARCHITECTURES)
    }

    assert not unknown


def test_every_type_in_the_table_is_a_record_type() -> None:
    """But for two of landlock's and one that auditd no longer writes."""
    unknown = {name for name in category.TYPES if record_type_number(name) is None}

    assert unknown == {"LANDLOCK_ACCESS", "LANDLOCK_DOMAIN", "DAEMON_RECONFIG"}


def test_no_name_has_two_words() -> None:
    """The tables are unambiguous."""
    for table in (category._SYSCALLS_BY_CATEGORY, category._TYPES_BY_CATEGORY):
        names = [name for names in table.values() for name in names.split()]
        assert len(names) == len(set(names))
