"""What a format is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events import Actor, Bundle, Decoder, Event, Origin
    from mig_audit.modules.audit.events.enrichment import Enrichment
    from mig_audit.modules.audit.events.usual import UsualEvent


class Format(Protocol):
    """A view of events as bytes.

    One that needs records to be put together in another way than the kernel's events names it as ``grouping``; see
    `mig_audit.modules.audit.events.grouping`. One that needs a line before its first event, in a file or a stream, has
    it as ``header``: bytes without a newline. One that has a way around the decoded event has it as ``shortcut``: given
    the decoder, it returns a `Shortcut`.
    """

    @property
    def name(self) -> str:
        """Return the word that parameters and the command line use."""

    @property
    def media_type(self) -> str:
        """Return the type of one encoded event, for HTTP."""

    def encode(self, event: Event) -> Optional[bytes]:
        """Return one event, without a newline at its end or within; never raises.

        None where the format has no words for such an event: it is counted, and is in the raw log.
        """


Short = tuple[bytes, str, "Actor"]
"""What `Format.encode` would return of an event, the event's category and its actor."""


class Shortcut(Protocol):
    """A way from the records of an event to a format's bytes that leaves out the decoded event."""

    def encode_usuals(
        self, usuals: Sequence[UsualEvent], enrichments: Sequence[Enrichment] = (), node: str = ""
    ) -> tuple[list[bytes], list[tuple[str, Actor]]]:
        """Return the same of usual events of a node: as many as there are before one that takes the long way.

        Each has its enrichment, or none has one.
        """

    def encode(self, bundle: Bundle, enrichment: Optional[Enrichment] = None) -> Optional[Short]:
        """Return any other event; None where it takes the long way."""


# Is given the host that the records are from.
FormatFactory = Callable[["Origin"], Format]


def coloured(form: Format) -> Format:
    """Return the format as a terminal should have it; most formats have no colours."""
    make: Optional[Callable[[], Format]] = getattr(form, "coloured", None)
    return make() if make else form


def is_json(form: Format) -> bool:
    """Say whether its events are JSON."""
    kind = form.media_type.partition(";")[0]
    return kind == "application/json" or kind.endswith("+json")


def header_of(form: Format) -> bytes:
    """Return the line that goes before the first event, empty for most formats."""
    header: bytes = getattr(form, "header", b"")
    return header


KERNEL = "kernel"
"""The way in which most formats want records to be put together: as the kernel's events."""


def grouping_of(form: Format) -> str:
    """Return the name of the way in which a format wants records to be put together."""
    grouping: str = getattr(form, "grouping", KERNEL)
    return grouping


def shortcut_of(form: Format, decoder: Decoder) -> Optional[Shortcut]:
    """Return a format's shortcut, None for most formats; the decoder is the one of the long way."""
    make: Optional[Callable[[Decoder], Shortcut]] = getattr(form, "shortcut", None)
    return make(decoder) if make else None
