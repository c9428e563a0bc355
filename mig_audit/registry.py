"""Parts by name: the built-in table first, then installed entry points, never all of them at once.

A name is resolved alone, because importing everything that happens to be installed is not a thing to do as root.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib import metadata

    from .interface import Module

GROUP = "mig.modules"
DEFAULT_MODULE = "audit"
"""The one that the command line drives."""


class Catalogue(NamedTuple):
    """The parts of one kind: ours, and those of other packages.

    Attributes:
        kind: the word for one in messages.
        group: the group of entry points in which other packages offer theirs.
        built_in: name -> ``package.module:Attribute``; nothing that is installed can take the place of these.
    """

    kind: str
    group: str
    built_in: Mapping[str, str]

    def find(self, name: str, installed: Iterable[metadata.EntryPoint] | None = None) -> object:
        """Return what goes by that name; nothing else is imported.

        Raises:
            UsageError: there is none, there are several that are not built in, or it cannot be imported.
        """
        if name in self.built_in:
            path, _, attribute = self.built_in[name].partition(":")
            return getattr(import_module(path), attribute)
        points = list(self._installed() if installed is None else installed)
        matching = [point for point in points if point.name == name]
        if not matching:
            raise UsageError(
                f"{self.kind} '{name}' is not available",
                f"known {self.kind}s: {', '.join(self.names(points))}",
            )
        if len({point.value for point in matching}) > 1:
            values = ", ".join(sorted(point.value for point in matching))
            raise UsageError(
                f"{self.kind} '{name}' is installed more than once ({values})", "uninstall all but one"
            )
        try:
            return matching[0].load()
        except Exception as error:  # what a stranger's import may raise has no bounds
            raise UsageError(
                f"{self.kind} '{name}' cannot be imported from {matching[0].value}: {error!r}",
                "mend or uninstall the package",
            ) from error

    def names(self, installed: Iterable[metadata.EntryPoint] | None = None) -> list[str]:
        """Return all names, without importing anything."""
        points = self._installed() if installed is None else installed
        return sorted({*self.built_in, *(point.name for point in points)})

    def _installed(self) -> list[metadata.EntryPoint]:
        from importlib import metadata  # noqa: PLC0415  # slow to import, and what is built in is found without it

        if sys.version_info >= (3, 10):
            return list(metadata.entry_points(group=self.group))
        else:  # noqa: RET505  # a type checker for a newer Python passes over a branch, not over what follows one
            return list(metadata.entry_points().get(self.group, ()))


_MODULES = Catalogue("module", GROUP, {"audit": "mig_audit.modules.audit.module:AuditModule"})


def find_module(name: str, installed: Iterable[metadata.EntryPoint] | None = None) -> Module:
    """Return the module called ``name``.

    Raises:
        UsageError: there is none, or several that are not built in.
    """
    return cast("type[Module]", _MODULES.find(name, installed))()
