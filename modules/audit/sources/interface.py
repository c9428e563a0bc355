"""What a source is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.errors import DamagedInputError

CHUNK = 1 << 18
"""How many bytes are read, or decompressed, at once."""


class Patience(Protocol):
    """How a source waits, and learns that nobody wants more of it."""

    @property
    def over(self) -> bool:
        """Return whether to end here."""

    def wait(self, descriptor: Optional[int], seconds: float) -> bool:
        """Wait until the descriptor (None: nothing) can be read, it is over, or so many seconds have passed.

        Return whether the descriptor can be read.
        """


class Source(Protocol):
    """Where record lines come from."""

    @property
    def name(self) -> str:
        """Return what people call it."""

    @property
    def troubles(self) -> Sequence[DamagedInputError]:
        """Return what was wrong with it, as far as it was read."""

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines, each with its newline, many at once; once only.

        An empty block says that nothing more is there at the moment: what was made of the others should be handed on.
        Of a line that no record can be as long as, only so much is in a block that it is refused for its length. A
        last line without a newline is a block of its own, and a trouble.
        """
