"""The generated data files of this folder, read when they are first asked for.

`tools/generate_tables.py` makes each file: ``{"names": {NAME: NUMBER}, "aliases": {NAME: NUMBER}}``. A number has
one name, the one that libaudit prints; aliases are further spellings that are understood.
"""

from __future__ import annotations

import sys
from functools import cache, cached_property
from typing import TYPE_CHECKING, Optional, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    class _Loader(Protocol):
        def get_data(self, path: str) -> bytes: ...


class Table:
    """Names for numbers: ``names`` as libaudit prints them, `numbers` by name in lower case with every alias."""

    def __init__(self, names: Mapping[str, int], aliases: Mapping[str, int]) -> None:
        """Index the numbers; an alias gives a number its name only if it has no other."""
        self.names = {number: name for known in (aliases, names) for name, number in known.items()}
        self._known = aliases, names

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Return the other direction, which rules and some logs need, but most logs do not."""
        return {name.lower(): number for known in self._known for name, number in known.items()}

    def name(self, number: int) -> Optional[str]:
        """Return the name of a number, None if it has none."""
        return self.names.get(number)

    def number(self, name: str) -> Optional[int]:
        """Return the number of a name, in upper or lower case, None if there is no such name."""
        return self.numbers.get(name.lower()) if name.isascii() else None


@cache
def table(name: str) -> Table:
    """Return one of the tables, for instance ``record-types`` or ``syscalls-x86_64``.

    Raises:
        FileNotFoundError: there is no such table (OSError from inside an archive).
    """
    document = load(name)
    return Table(document["names"], document["aliases"])


def load(name: str) -> Any:  # noqa: ANN401  # what JSON holds
    """Return the content of a data file of this folder."""
    import json  # noqa: PLC0415  # the recorder imports this module, and may never need a table

    folder = __file__.rpartition("/")[0]
    return json.loads(_loader().get_data(f"{folder}/{name}.json"))


def _loader() -> _Loader:
    # As pkgutil.get_data does it, so that archives work too; importlib.resources would cost 30 ms of import.
    spec = sys.modules[__name__].__spec__
    return cast("_Loader", spec and spec.loader)
