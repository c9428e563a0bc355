"""The runner: all that any module needs, and nothing about audit."""

from __future__ import annotations

__all__ = ["__version__"]

PROGRAM = "mig-audit"
__version__ = "0.1.0"
