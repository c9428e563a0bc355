"""The words of system calls' arguments."""

from __future__ import annotations

import json
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.records.interpretation import argument_words
from mig_audit.modules.audit.records.interpretation.words import document

_CALLS = sorted({None, *document()["arguments"], "read", "bogus"}, key=str)
_MACHINES = sorted({None, "x86_64", "bogus", *document()["machines"]}, key=str)


def _words(machine: str, call: str, *args: int) -> dict[int, str]:
    return dict(argument_words(machine, call, [f"{value:x}" for value in args]))


@pytest.mark.parametrize(
    ("call", "args", "words"),
    [
        ("openat", (0xFFFFFF9C, 0x7FFD, 0x80000, 0), {0: "AT_FDCWD", 2: "O_RDONLY|O_CLOEXEC"}),
        ("openat", (3, 0x7FFD, 0x241, 0o644), {2: "O_WRONLY|O_CREAT|O_TRUNC", 3: "0644"}),
        ("openat", (3, 0x7FFD, 0x410002, 0o600), {2: "O_RDWR|O_DIRECTORY|__O_TMPFILE", 3: "0600"}),
        ("mkdir", (0x7FFD, 0o1777), {1: "sticky,0777"}),
        ("mknod", (0x7FFD, 0o60660), {1: "block,660"}),
        ("mmap", (0, 4096, 5, 0x22), {2: "PROT_READ|PROT_EXEC", 3: "MAP_PRIVATE|MAP_ANONYMOUS"}),
        ("mprotect", (0, 4096, 0), {2: "PROT_NONE"}),
        ("clone", (0x4100 | 17, 0x100), {0: "CLONE_VM|CLONE_VFORK|SIGCHLD"}),
        ("socket", (2, 0x80001, 6), {0: "inet", 1: "SOCK_STREAM", 2: "tcp"}),
        ("socket", (1, 1, 0), {0: "local", 1: "SOCK_STREAM"}),
        ("kill", (42, 9), {1: "SIGKILL"}),
        ("setsockopt", (3, 1, 2), {1: "SOL_SOCKET", 2: "SO_REUSEADDR"}),
        ("fcntl", (3, 2, 1), {1: "F_SETFD", 2: "FD_CLOEXEC"}),
        ("fcntl", (3, 8, 0), {1: "F_SETOWN"}),
        ("prctl", (24, 21), {0: "PR_CAPBSET_DROP", 1: "sys_admin"}),
        ("prctl", (15, 21), {0: "PR_SET_NAME"}),
        ("ptrace", (16, 42), {0: "PTRACE_ATTACH"}),
        ("mount", (1, 2, 3, 0x1001), {3: "MS_RDONLY|MS_BIND"}),
        ("seccomp", (1, 1), {0: "SECCOMP_SET_MODE_FILTER", 1: "SECCOMP_FILTER_FLAG_TSYNC"}),
        ("bpf", (5,), {0: "BPF_PROG_LOAD"}),
        ("personality", (0x40000,), {0: "PER_LINUX|ADDR_NO_RANDOMIZE"}),
        ("personality", (0xFFFFFFFF,), {}),
        ("sched_setscheduler", (1, 0x40000001), {1: "SCHED_FIFO|SCHED_RESET_ON_FORK"}),
        ("shmget", (0, 1, 0o1600), {2: "IPC_CREAT|0600"}),
        ("unshare", (0x12000000,), {0: "CLONE_NEWCGROUP|CLONE_NEWUSER"}),
        ("access", (0x7FFD, 0), {1: "F_OK"}),
        ("setuid", (0,), {}),
        ("read", (3, 0x7FFD, 512), {}),
        ("kill", (42, 200), {}),
        ("sendto", (3, 0, 0, 0), {}),
    ],
)
def test_numbers_that_stand_for_words_have_words(
    call: str, args: tuple[int, ...], words: dict[int, str]
) -> None:
    """Only those: pointers, sizes, descriptors, ids and unknown numbers are what the register says."""
    assert _words("x86_64", call, *args) == words


def test_what_stands_in_the_upper_half_of_a_register_is_not_of_an_int() -> None:
    """The compiler leaves there what was there."""
    assert _words("x86_64", "openat", 0xFFFFFFFF_FFFFFF9C, 0, 0xDEAD_0000_0000_0001) == {
        0: "AT_FDCWD",
        2: "O_WRONLY",
    }


def test_machines_differ() -> None:
    """The same number is another flag, and the same name a call with other arguments."""
    assert _words("x86_64", "openat", 3, 0, 0x4000)[2] == "O_RDONLY|O_DIRECT"
    assert _words("aarch64", "openat", 3, 0, 0x4000)[2] == "O_RDONLY|O_DIRECTORY"
    assert _words("i386", "mmap", 0xBFFF0000, 1, 1, 1) == {}
    assert _words("i386", "mmap2", 0, 1, 1, 1) == {2: "PROT_READ", 3: "MAP_SHARED"}
    assert _words("x86_64", "clone", 17, 0x100) == {0: "SIGCHLD"}
    assert _words("s390x", "clone", 17, 0x100) == {1: "CLONE_VM"}
    assert _words("s390", "mmap2", 0xBFFF0000, 1, 1, 1) == {}
    assert _words("x86_64", "setsockopt", 3, 1, 16)[2] == "SO_PASSCRED"
    assert _words("ppc64le", "setsockopt", 3, 1, 16)[2] == "SO_RCVLOWAT"
    assert _words("i386", "socketcall", 3, 0xBFFF0000) == {0: "connect"}


@given(
    st.sampled_from(_MACHINES),
    st.sampled_from(_CALLS),
    st.lists(st.none() | st.integers(0, 2**64 - 1).map("{:x}".format) | st.text(max_size=4), max_size=4),
)
@settings(deadline=None)
def test_whatever_the_registers_hold_words_are_printable(
    machine: Optional[str], call: Optional[str], args: list[Optional[str]]
) -> None:
    """Nothing is raised, each index is that of an argument that is there, and words need no escapes in JSON."""
    for index, words in argument_words(machine, call, args):
        assert args[index] is not None
        assert words
        assert words.isprintable()
        assert json.dumps(words) == f'"{words}"'


@pytest.mark.parametrize("machine", _MACHINES)
def test_every_call_that_has_words_can_be_asked_about(machine: Optional[str]) -> None:
    """On every machine, known or not; most have words for one of these."""
    told = {
        call
        for call in document()["arguments"]
        for value in ("0", "1", "2", "ffffff9c")
        if argument_words(machine, call, [value] * 4)
    }
    assert len(told) > 100
