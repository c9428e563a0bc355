"""What a call does with a descriptor, and the row that tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.files.hazards import doubts, origin
from mig_audit.modules.audit.files.rows import Row

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.confidence import Confidence
    from mig_audit.modules.audit.files.descriptors import Descriptor
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.open_file import OpenFile
    from mig_audit.modules.audit.files.processes import Process


class Use(NamedTuple):
    """One use of a descriptor, made by `use_of`; ``entry`` is what it leads to, with its name as it is now."""

    host: Host
    process: Process
    call: Call
    fd: int
    entry: Descriptor

    @property
    def file(self) -> OpenFile:
        """Return the open file."""
        return self.entry.file

    @property
    def flags(self) -> tuple[str, ...]:
        """Return what is to be said of the descriptor, whatever is done with it."""
        return (
            *origin(self.process, self.entry.file),
            *doubts(self.host, self.process, self.entry.tick),
        )

    def row(
        self,
        kind: str,
        start: Optional[int] = None,
        start_confidence: Optional[Confidence] = None,
        amount: Optional[int] = None,
        flags: tuple[str, ...] = (),
    ) -> Row:
        """Return a row of it."""
        file = self.entry.file
        return Row(
            kind,
            self.call,
            self.process.pid,
            self.fd,
            file.path,
            self.host.path_confidence(self.process, self.entry),
            file.identity,
            start,
            start_confidence,
            amount,
            file=file.number,
            flags=(*self.flags, *flags),
        )


def use_of(host: Host, process: Process, call: Call, fd: int) -> Use:
    """Return the use of a descriptor by a call; one that was not seen before leads to a file without a name from now on."""
    return Use(host, process, call, fd, host.descriptor(process, fd))
