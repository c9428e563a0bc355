"""The published JSON Schemas; a package, so that they are found wherever the project is installed."""

from __future__ import annotations
