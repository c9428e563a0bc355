"""What an analyst sees of a stream of events instead of the events: formats that take all, and answer at the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from mig_audit.modules.audit.events.tops import Tops, table
from mig_audit.modules.audit.events.tree import ProcessTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mig_audit.modules.audit.events import Event


class View(Protocol):
    """A format (see `mig_audit.modules.audit.formats.interface`) that gives nothing for an event, and lines at the end."""

    @property
    def name(self) -> str:
        """Return the word for it."""

    @property
    def media_type(self) -> str:
        """Return the type of its lines."""

    def encode(self, event: Event) -> None:
        """Take one event."""

    def lines(self, *, as_json: bool) -> Iterable[str]:
        """Give what was seen: lines for people, or one JSON object a line."""


class TopView:
    """The most frequent values of some kinds."""

    name = "top"
    media_type = "text/plain; charset=utf-8"

    def __init__(self, kinds: Sequence[str], limit: int) -> None:
        """Show at most ``limit`` values of each of these kinds of `mig_audit.modules.audit.events.tops`."""
        self._tops = Tops(kinds)
        self._limit = limit

    def encode(self, event: Event) -> None:
        """Count one event."""
        self._tops.add(event)

    def lines(self, *, as_json: bool) -> list[str]:
        """Return the tables."""
        counts = self._tops.top(self._limit)
        if not as_json:
            return table(counts)
        return [
            json.dumps({"kind": kind, "value": count.value, "events": count.events}, ensure_ascii=False)
            for kind, values in counts.items()
            for count in values
        ]


class TreeView:
    """The processes, as a tree; the events must be enriched."""

    name = "tree"
    media_type = "text/plain; charset=utf-8"

    def __init__(self) -> None:
        """Begin with no process."""
        self._tree = ProcessTree()

    def encode(self, event: Event) -> None:
        """Take one event."""
        self._tree.add(event)

    def lines(self, *, as_json: bool) -> Iterable[str]:
        """Give the tree."""
        if not as_json:
            return self._tree.lines()
        return (json.dumps(document, ensure_ascii=False) for document in self._tree.documents())
