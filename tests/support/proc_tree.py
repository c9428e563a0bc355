"""A /proc of files, with processes that tests start and end."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mig_audit.modules.audit.events.enrichment import Proc

if TYPE_CHECKING:
    from pathlib import Path

START = 1_700_000_000_000  # milliseconds since the epoch: the boot of this host


class ProcTree:
    """Makes the files; ``proc`` reads them."""

    def __init__(self, root: Path) -> None:
        """Begin with no processes, and the small pid_max of old kernels."""
        self._root = root
        self.proc = Proc(root, boot=lambda: START / 1000, hertz=100)
        (root / "sys" / "kernel").mkdir(parents=True)
        (root / "sys" / "kernel" / "pid_max").write_text("32768\n")

    def start(  # noqa: PLR0913  # what a process has
        self,
        pid: int,
        ppid: int = 1,
        exe: str = "/usr/bin/true",
        *,
        at: int = 0,
        cgroup: str = "0::/",
        environ: bytes = b"",
        namespaces: str = "",
    ) -> None:
        """Start a process, ``at`` milliseconds after boot."""
        folder = self._root / str(pid)
        folder.mkdir()
        comm = exe.rpartition("/")[2][:15]
        zeros = " 0" * 17
        (folder / "stat").write_text(f"{pid} ({comm}) S {ppid}{zeros} {at // 10} 0 0\n")
        (folder / "cmdline").write_bytes(comm.encode() + b"\0-x\0")
        (folder / "cgroup").write_text(f"{cgroup}\n")
        (folder / "environ").write_bytes(environ)
        (folder / "status").write_text(f"Name:\t{comm}\nNSpid:\t{pid}{namespaces}\n")
        (folder / "exe").symlink_to(exe)

    def leave_zombie(self, pid: int) -> None:
        """End it, but let nobody wait for it: it has no program any more."""
        (self._root / str(pid) / "exe").unlink()

    def end(self, pid: int) -> None:
        """End it."""
        shutil.rmtree(self._root / str(pid))
