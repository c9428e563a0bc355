"""What becomes of an event, where filters know that before it is decoded; else it is the number of the first one to ask."""

from __future__ import annotations

KEPT, DROPPED = -1, -2
