"""The runner: all that any module needs, and nothing about audit."""

from __future__ import annotations

__version__ = "0.1.0"
