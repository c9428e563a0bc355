"""Batches of events: how many go into one, and when one is due."""

from __future__ import annotations

from dataclasses import dataclass, field

_ENVELOPE = 1  # a body of n events has at most n + 1 bytes around them: [ , , ] or n newlines


@dataclass(frozen=True)
class Batch:
    """Events that are delivered together; ``number`` counts from 1, ``part`` tells the parts of a split batch."""

    number: int
    events: tuple[bytes, ...] = field(repr=False)
    part: str = ""

    @property
    def name(self) -> str:
        """A name that stays the same over all attempts, such as ``7``, or ``7.2`` for the second half of 7."""
        return f"{self.number}{self.part}"

    def halves(self) -> tuple[Batch, Batch]:
        """Split a batch of at least two events."""
        middle = (len(self.events) + 1) // 2
        return (
            Batch(self.number, self.events[:middle], f"{self.part}.1"),
            Batch(self.number, self.events[middle:], f"{self.part}.2"),
        )


@dataclass(frozen=True)
class Limits:
    """The bounds of a batch: events, bytes of body, and the age in seconds at which it is due though not full."""

    events: int
    bytes: int
    age: float

    @property
    def content(self) -> int:
        """The bytes that events may take in a body, each with its separator."""
        return self.bytes - _ENVELOPE

    def full(self, events: int, content: int) -> bool:
        """Say whether so many events, of so many bytes with their separators, fill a batch."""
        return events >= self.events or content >= self.content

    def wait(self, oldest: float, now: float) -> float:
        """Return the seconds until a batch is due whose first event was put at ``oldest``; 0 if it is due."""
        return max(0.0, oldest + self.age - now)

    def below(self, batch: Batch) -> Limits:
        """Return limits under which ``batch``, which the endpoint found too large, would have been two."""
        return Limits(self.events, min(self.bytes, content_of(batch.events) // 2 + _ENVELOPE), self.age)


def content_of(events: tuple[bytes, ...]) -> int:
    """Return the bytes of events with their separators."""
    return sum(map(len, events)) + len(events)
