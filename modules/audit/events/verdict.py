"""What filters know of an event before it is decoded: its fate, or else the number of the first filter still to ask."""

from __future__ import annotations

KEPT, DROPPED = -1, -2
