"""What a process is allowed beyond its user (capabilities(7)), and giving up what it has no use for.

Capabilities are a thread's, and those of its parent go to each new thread and process; so they are given up before
there are threads. This makes a mistake or a fault in the process less harmful. It is no prison: what belongs to root is
still root's to change.
"""

from __future__ import annotations

import errno
import os
import stat
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Collection

NONE: frozenset[Capability] = frozenset()

_VERSION = 0x20080522  # linux/capability.h: _LINUX_CAPABILITY_VERSION_3, two words for each set
_PR_CAPBSET_READ, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 23, 24, 38  # linux/prctl.h
_WORD = 32
_WRITABLE = stat.S_IWUSR | stat.S_IXUSR


class Capability(IntEnum):
    """Those that this program has a use for, by their bit (linux/capability.h)."""

    DAC_OVERRIDE = 1
    DAC_READ_SEARCH = 2
    FOWNER = 3
    NET_ADMIN = 12
    SYS_PTRACE = 19
    AUDIT_WRITE = 29
    AUDIT_CONTROL = 30
    AUDIT_READ = 37

    @property
    def constant(self) -> str:
        """Return its name as linux/capability.h has it, which is how people know it."""
        return f"CAP_{self.name}"


FILES = frozenset({Capability.DAC_OVERRIDE, Capability.DAC_READ_SEARCH, Capability.FOWNER})
"""What it takes to use the files of every user."""


class Held(NamedTuple):
    """What a process may do: ``bits`` are its capabilities, in effect or to be taken into effect by itself.

    ``fixed`` says that no program that it starts can be allowed more (PR_SET_NO_NEW_PRIVS).
    """

    bits: int
    fixed: bool

    @classmethod
    def by(cls, pid: int, proc: str = "/proc") -> Optional[Held]:
        """Look at a process, its first thread; None if it is gone or hidden."""
        try:
            with open(f"{proc}/{pid}/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123  # pathlib is not worth its import in the recorder
                fields = dict(line.split(":\t", 1) for line in file if ":\t" in line)
        except OSError:
            return None
        return cls(int(fields["CapPrm"], 16), fields.get("NoNewPrivs", "").strip() == "1")


def keep_only(wanted: Collection[Capability]) -> str:
    """Give up all capabilities but these in this thread, and every way to have others again.

    None is gained that was not there before. Return why something could not be given up, for instance in a container
    that denies capset(2); nothing if all is well.
    """
    try:
        # A few milliseconds to import, and nothing else has a use for it.
        import ctypes  # noqa: PLC0415

        libc: Any = ctypes.CDLL(None, use_errno=True)
        capget, capset, prctl = libc.capget, libc.capset, libc.prctl
    except (ImportError, OSError, AttributeError) as error:
        return f"this Python cannot call capset(2): {error}"

    def failure(call: str) -> str:
        number = ctypes.get_errno()
        return f"{call}: {errno.errorcode.get(number, number)} ({os.strerror(number)})"

    def control(option: int, value: int) -> int:
        rest = [ctypes.c_ulong(argument) for argument in (value, 0, 0, 0)]
        return int(prctl(ctypes.c_int(option), *rest))

    trouble = [] if control(_PR_SET_NO_NEW_PRIVS, 1) == 0 else [failure("prctl(PR_SET_NO_NEW_PRIVS)")]
    bit = 0
    while control(_PR_CAPBSET_READ, bit) >= 0:
        # It needs CAP_SETPCAP. Where that is missing, the line above is what keeps programs from having more.
        control(_PR_CAPBSET_DROP, bit)
        bit += 1
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    # Effective, permitted and inheritable: the lower words of the three, then the upper ones.
    sets = (ctypes.c_uint32 * 6)()
    if capget(header, sets):
        return "; ".join([*trouble, failure("capget")])
    mask = sum(1 << each for each in wanted)
    for word in (0, 1):
        wanted_here = mask >> _WORD * word & 0xFFFFFFFF
        effective, permitted = sets[3 * word], sets[3 * word + 1]
        sets[3 * word : 3 * word + 3] = [effective & wanted_here, permitted & wanted_here, 0]
    if capset(header, sets):
        trouble.append(failure("capset"))
    return "; ".join(trouble)


def to_change(folder: str) -> frozenset[Capability]:
    """Return what this process needs to make, rename and remove files in a folder, or in the one that it will be made in.

    That is nothing in a folder of its own, which root, too, cannot write to without where it is read-only or another's.
    """
    # Plain strings: pathlib is not worth its import in the recorder.
    folder = os.path.abspath(folder)  # noqa: PTH100
    while not os.path.isdir(folder):  # noqa: PTH112
        folder = os.path.dirname(folder)  # noqa: PTH120
    status = os.stat(folder)  # noqa: PTH116
    if status.st_uid == os.geteuid() and status.st_mode & _WRITABLE == _WRITABLE:
        return NONE
    sticky = {Capability.FOWNER} if status.st_mode & stat.S_ISVTX else set()
    return frozenset({Capability.DAC_OVERRIDE, *sticky})
