"""The audit module."""

from __future__ import annotations
