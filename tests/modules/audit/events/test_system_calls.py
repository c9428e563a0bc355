"""Which system call a record tells of, and how it ended."""

from __future__ import annotations

from typing import Optional

import pytest

from mig_audit.modules.audit.events import Syscall
from mig_audit.modules.audit.events.system_calls import Call, decode_syscall, recorded_call

OPENAT = {
    "arch": b"c000003e",
    "syscall": b"257",
    "success": b"no",
    "exit": b"-2",
    "a0": b"ffffff9c",
    "a1": b"7f00",
    "a2": b"80000",
    "a3": b"0",
}


def test_a_call_is_what_its_fields_say() -> None:
    """A failed openat."""
    assert decode_syscall(OPENAT) == Syscall(
        "c000003e", "x86_64", 257, "openat", False, -2, "ENOENT", ("ffffff9c", "7f00", "80000", "0")
    )


@pytest.mark.parametrize(
    ("arch", "number", "name"),
    [(b"40000003", 5, "open"), (b"c000003e", 5, "fstat"), (b"c000003e", 0x4000_0001, "write")],
)
def test_calls_are_named_on_their_own_architecture(arch: bytes, number: int, name: str) -> None:
    """5 is open on i386 and fstat on x86_64, and x32 has numbers of its own."""
    assert decode_syscall({**OPENAT, "arch": arch, "syscall": b"%d" % number}).name == name


def test_unknown_architectures_and_calls_have_no_name() -> None:
    """Their numbers stay."""
    call = decode_syscall({**OPENAT, "arch": b"dead", "syscall": b"9999"})

    assert call[:4] == ("dead", None, 9999, None)


@pytest.mark.parametrize(
    ("code", "error"), [(b"-1", "EPERM"), (b"-4095", None), (b"-140000", None), (b"0", None), (b"3", None)]
)
def test_only_what_can_be_an_error_has_a_name(code: bytes, error: Optional[str]) -> None:
    """Calls that return addresses return negative numbers too."""
    assert decode_syscall({**OPENAT, "exit": code}).errno == error


def test_behind_socketcall_the_call_that_was_meant_is_told() -> None:
    """Its first argument says which; whose arguments the registers are is another question."""
    home = {**OPENAT, "arch": b"40000003", "syscall": b"102", "a0": b"3"}

    assert decode_syscall(home).name == "connect"
    assert recorded_call(home) == Call("i386", 102, "socketcall")


def test_operations_of_io_uring_have_a_numbering_of_their_own() -> None:
    """18 is there what 257 is on x86_64."""
    assert decode_syscall({"uring_op": b"18", "success": b"yes", "exit": b"0"})[1:6] == (
        "io_uring",
        18,
        "openat",
        True,
        0,
    )
