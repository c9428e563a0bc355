"""The processes of a host: who has which table of descriptors, and how much of them is hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.files.confidence import EXACT, Confidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.descriptors import Descriptor, Descriptors


class Waiting(NamedTuple):
    """What a call made that has not shown up yet.

    Attributes:
        call: that made it.
        entries: the maker's descriptors then.
        doubted: the same of its table.
        maker: as it is.
        is_process: it is no thread; of clone3, whose flags are in memory, nobody knows.
    """

    call: Call
    entries: Mapping[int, Descriptor]
    doubted: int
    maker: Process
    is_process: bool


class Root(NamedTuple):
    """What is before an absolute name: empty but for what changed its root directory; None if it is not known."""

    path: Optional[str]
    confidence: Confidence


SLASH = Root("", EXACT)


class Process:
    """One process.

    Attributes:
        pid: its number.
        table: its descriptors.
        root: its root directory.
        cwd: its working directory, as a record told it last.
        threads: how many it has, besides those of ``waiting``; 0 while nobody knows.
        waiting: numbers of what clone3 made, and may be threads.
        awaited: numbers of processes that it made, under which none showed up yet.
        rings: it used io_uring.
        receives: it may have received descriptors.
        namespace: it changed a namespace, so that its names may be of another tree.
        splits: its threads may have tables of their own.
        shares_root: another process has the same root directory, and changes it for both.
        lazy: it came of a clone3 without its flags being seen, and may share the table of its maker until it executes a
            program.
        altered: it changed its table while it was lazy or provisional.
        provisional: it is taken for a copy of its parent, and the call that made it was not seen yet.
        maker: of a provisional or lazy one, its parent.
        first: its first call.
    """

    __slots__ = (
        "altered",
        "awaited",
        "cwd",
        "first",
        "lazy",
        "maker",
        "namespace",
        "pid",
        "provisional",
        "receives",
        "rings",
        "root",
        "shares_root",
        "splits",
        "table",
        "threads",
        "waiting",
    )

    def __init__(self, pid: int, table: Descriptors, *, threads: int = 1, root: Root = SLASH) -> None:
        """Begin with a process whose beginning was seen, unless it has no known number of threads."""
        self.pid = pid
        self.table = table
        self.root = root
        self.cwd: Optional[str] = None
        self.threads = threads
        self.waiting: dict[int, None] = {}
        self.awaited: dict[int, None] = {}
        self.rings = False
        self.receives = False
        self.namespace = False
        self.provisional = False
        self.splits = False
        self.shares_root = False
        self.lazy = False
        self.altered = False
        self.maker = 0
        self.first: Optional[Call] = None

    @property
    def alone(self) -> bool:
        """Say whether nobody else can use its descriptors at the same time."""
        return self.threads == 1 and not self.waiting and self.table.users == 1
