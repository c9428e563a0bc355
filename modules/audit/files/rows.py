"""The rows that file activity is told in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.confidence import Confidence
    from mig_audit.modules.audit.files.open_file import Identity

READ, WRITE, PREAD, PWRITE = "READ", "WRITE", "PREAD", "PWRITE"
OPEN, OPEN_DIR, CLOSE, LSEEK, DUP, FORK = "OPEN", "OPEN DIR", "CLOSE", "LSEEK", "DUP", "FORK"
MMAP, EXEC, TRUNCATE, RENAME, UNLINK = "MMAP", "EXEC", "TRUNCATE", "RENAME", "UNLINK"
GETDENTS, GAP, FAIL = "GETDENTS", "GAP", "FAIL"

SEED_KINDS = (READ, WRITE, PREAD, PWRITE, OPEN_DIR, OPEN, CLOSE, LSEEK, DUP, FORK)
KINDS = (*SEED_KINDS, MMAP, EXEC, TRUNCATE, RENAME, UNLINK, GETDENTS, GAP, FAIL)

IMPLICIT = "implicit"
UNKNOWN_FD = "unknown_fd"
STALE_FD = "stale_fd"
SHARED = "shared_ofd"
THREADS = "threads"
RING = "uring"
SCM = "scm"
GAPPED = "gap"
APPEND = "append"
APPEND_IGNORES_OFFSET = "append_ignores_offset"
RWF_INVISIBLE = "rwf_flags_invisible"
IN_MEMORY = "offset_in_memory"
HIGH_HALF = "offset_half_invisible"
LAZY = "clone3_lazy"
TMPFILE = "tmpfile"
DELETED = "deleted"
NAMESPACE = "ns"
BIRTH_UNSEEN = "birth_unseen"
PROVISIONAL = "provisional"
SEEDED = "seeded"
TORN = "torn"

FLAGS = (
    IMPLICIT,
    UNKNOWN_FD,
    STALE_FD,
    SHARED,
    THREADS,
    RING,
    SCM,
    GAPPED,
    APPEND,
    APPEND_IGNORES_OFFSET,
    RWF_INVISIBLE,
    IN_MEMORY,
    HIGH_HALF,
    LAZY,
    TMPFILE,
    DELETED,
    NAMESPACE,
    BIRTH_UNSEEN,
    PROVISIONAL,
    SEEDED,
    TORN,
)
"""What rows say besides, but for the protections of a mapping; the schema has what each means."""


class Row(NamedTuple):
    """One thing that a process did with a file, or that is to be known of what it did.

    Attributes:
        kind: one of `KINDS`.
        call: that did it; of a row of its consequences, the one that they are told by.
        pid: of the process; None of GAP.
        fd: the descriptor.
        path: the file's name when it happened, None if it is not known.
        path_confidence: how far the name is relied on; None where there is none to be known.
        identity: device and inode of the file.
        start: the position in the file at which it began; of LSEEK, the one after it.
        start_confidence: how far that is relied on; None where there is none to be known.
        amount: bytes; of GAP, missing events.
        old: of DUP, the descriptor that was duplicated.
        new: of DUP, the new one.
        child: of FORK, the new process.
        target: of RENAME, the new name.
        file: the number of the open file description.
        duration: of GAP, the milliseconds between the event before and the one after it.
        flags: why a confidence is what it is, and what else is to be known.
    """

    kind: str
    call: Call
    pid: Optional[int]
    fd: Optional[int] = None
    path: Optional[str] = None
    path_confidence: Optional[Confidence] = None
    identity: Optional[Identity] = None
    start: Optional[int] = None
    start_confidence: Optional[Confidence] = None
    amount: Optional[int] = None
    old: Optional[int] = None
    new: Optional[int] = None
    child: Optional[int] = None
    target: Optional[str] = None
    file: Optional[int] = None
    duration: Optional[int] = None
    flags: tuple[str, ...] = ()
