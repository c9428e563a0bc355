"""Run a program that may not call capset(2), as in a container whose seccomp filter denies it: denied.py PROGRAM ARGUMENT..."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

CAPSET = {"x86_64": 126, "aarch64": 91}
"""The number of the system call (asm/unistd.h)."""
PROGRAM = __file__

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def _deny(number: int) -> None:
    """Answer a system call with EPERM from now on."""
    steps = (
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    nothing = ctypes.c_ulong(0)
    if os.geteuid() != 0:
        prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), nothing, nothing, nothing)
    if prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.c_char_p(program), nothing, nothing):
        raise OSError(ctypes.get_errno(), "no seccomp filter could be installed")


if __name__ == "__main__":
    _deny(CAPSET[platform.machine()])
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # the test names it
