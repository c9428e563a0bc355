"""Modules by name: the built-in table first, then installed entry points, never all of them at once.

A name is resolved alone, because importing every module that happens to be installed is not a thing to do as root.
"""

from __future__ import annotations

import sys
from importlib import import_module, metadata
from typing import TYPE_CHECKING, cast

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .interface import Module

GROUP = "mig.modules"
_BUILT_IN = {"audit": "mig_audit.modules.audit.module:AuditModule"}


def find_module(name: str, installed: Iterable[metadata.EntryPoint] | None = None) -> Module:
    """Return the module called ``name``.

    Raises:
        UsageError: there is none, or several that are not built in.
    """
    if name in _BUILT_IN:
        path, _, attribute = _BUILT_IN[name].partition(":")
        return cast("Module", getattr(import_module(path), attribute)())
    points = _installed() if installed is None else installed
    matching = [point for point in points if point.name == name]
    if not matching:
        raise UsageError(
            f"module '{name}' is not available", f"known modules: {', '.join(module_names(points))}"
        )
    if len({point.value for point in matching}) > 1:
        values = ", ".join(sorted(point.value for point in matching))
        raise UsageError(f"module '{name}' is installed more than once ({values})", "uninstall all but one")
    return cast("Module", matching[0].load()())


def module_names(installed: Iterable[metadata.EntryPoint] | None = None) -> list[str]:
    """Return the names of all modules, without importing any."""
    points = _installed() if installed is None else installed
    return sorted({*_BUILT_IN, *(point.name for point in points)})


def _installed() -> list[metadata.EntryPoint]:
    if sys.version_info >= (3, 10):
        return list(metadata.entry_points(group=GROUP))
    else:  # noqa: RET505  # a type checker for a newer Python passes over a branch, not over what follows one
        return list(metadata.entry_points().get(GROUP, ()))
