"""The modules that ship with the runner, one package each."""

from __future__ import annotations
