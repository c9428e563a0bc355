"""One of several logs: it is open only while it is read, so that there may be more of them than open files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.errors import DamagedInputError
from mig_audit.modules.audit.sources.file import FileSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.sources.interface import Patience
    from mig_audit.modules.audit.sources.rotation import Log


class LogSource:
    """See `mig_audit.modules.audit.sources.interface.Source`."""

    def __init__(self, log: Log, name: str, patience: Patience) -> None:
        """Open nothing yet."""
        self.name = name
        self.troubles: list[DamagedInputError] = []
        self._log = log
        self._patience = patience

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines; see the interface. A log that is gone has none, and is a trouble."""
        try:
            descriptor = self._log.opened()
        except DamagedInputError as error:
            self.troubles.append(error)
            return
        source = FileSource(descriptor, self.name, self._patience)
        # The same list: what is wrong is known while the rest is still being read.
        self.troubles = source.troubles
        yield from source.blocks()
