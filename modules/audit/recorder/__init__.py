"""The recorder: a process of its own that owns the kernel's audit during the window and writes the raw log."""

from __future__ import annotations
