"""Lines become groups, as the plain way does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.events import Correlator, Group, Ledger, RecordStream
from mig_audit.modules.audit.events.usual import bundles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mig_audit.modules.audit.events import Bundle
    from mig_audit.modules.audit.events.usual import Complete


def block_of(lines: Iterable[bytes]) -> bytes:
    """Return the lines as they are in a file."""
    return b"".join(line + b"\n" for line in lines)


def bundles_of(stream: RecordStream, lines: Iterable[bytes]) -> list[Bundle]:
    """Return all events of a stream of lines, the open ones at its end too."""
    return in_bundles([*stream.feed(block_of(lines)), *stream.flush()])


def in_bundles(events: Iterable[Complete]) -> list[Bundle]:
    """Return the events one by one, in the form that all can have."""
    return [bundle for complete in events for bundle in bundles(complete)]


def groups_of(lines: Iterable[bytes], ledger: Ledger | None = None) -> list[Group]:
    """Return the groups of these lines."""
    stream = RecordStream(ledger or Ledger(), Correlator())
    return [bundle.group() for bundle in bundles_of(stream, lines)]
