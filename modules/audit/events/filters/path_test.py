"""One comparison of paths, asked of the names in PATH records: the rest of such a record hardly ever comes again."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.event import NO_SYSCALL
from mig_audit.modules.audit.events.filters.matching import decide
from mig_audit.modules.audit.events.glance import call_of
from mig_audit.modules.audit.events.paths import (
    LINKING,
    NEVER_RELATIVE,
    Directory,
    directory_arguments,
    find_directory,
    path_name,
)
from mig_audit.modules.audit.records.memo import LONGEST

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.filters.early import EarlyCall
    from mig_audit.modules.audit.events.filters.leaves import Leaf
    from mig_audit.modules.audit.events.glance import Seen

_NAMES = 16_384  # in all places together
_AT_FDCWD = b"ffffff9c"  # how the register ends, sign-extended or not
_ITEMS = frozenset([b"item=%d" % item for item in range(64)])
_NAME = re.compile(rb'name=("[^" ]*"|[^" ]+)')
_FOLLOWING = (b"inode=", b"nametype=")
_UNUSUAL = LINKING | {"socketcall"}

_Place = tuple[Optional[bytes], Optional[str], bool]


class _Names(NamedTuple):
    """How a call uses names: by which arguments they are relative, and which name of it changes that."""

    name: Optional[str]
    relative: Optional[str]
    directories: tuple[int, ...]


class PathTest:
    """Says whether a path of an event meets a comparison, as `decide` does; None where that cannot be told."""

    def __init__(self, leaf: Leaf) -> None:
        self._leaf = leaf
        self._known: dict[_Place, tuple[Directory, dict[bytes, bool]]] = {}
        self._absolute: dict[bytes, bool] = {}
        self._names = 0

    def __call__(self, early: EarlyCall) -> Optional[bool]:
        """Say so."""
        glance = early.glance
        known, place = self._absolute, None
        for body in glance.paths:
            try:
                item, name, rest = body.split(b" ", 2)
            except ValueError:
                return decide(self._leaf, early.values)
            if item not in _ITEMS or not rest.startswith(_FOLLOWING):
                return decide(self._leaf, early.values)
            meets = known.get(name)
            if meets is None:
                if place is None:
                    place = self._place(glance)
                    if place is None:
                        return None
                meets = place[1].get(name)
                if meets is None:
                    meets = self._ask(name, place)
                    if meets is None:
                        return decide(self._leaf, early.values)
            if meets:
                return True
        return False

    def _place(self, glance: Seen) -> Optional[tuple[Directory, dict[bytes, bool]]]:
        """Return what names of this call are relative to, and what is known of those; None if that is not certain."""
        call, relative, directories = _names_of(glance.call)
        if call in _UNUSUAL:
            return None
        registers = (glance.a0, glance.a1, glance.a2, glance.a3)
        here = True
        for index in directories:
            here = here and registers[index][-8:] == _AT_FDCWD
        key = (glance.cwd, relative, here)
        place = self._known.get(key)
        if place is None:
            directory = find_directory(glance.directory, NO_SYSCALL._replace(name=call, args=glance.args))
            place = (directory, {})
            if len(glance.cwd or b"") <= LONGEST:
                self._count()
                self._known[key] = place
        return place

    def _ask(self, field: bytes, place: tuple[Directory, dict[bytes, bool]]) -> Optional[bool]:
        """Return the answer for a name, remembered with its place if it is relative; None if it is no usual name."""
        match = _NAME.fullmatch(field)
        if match is None:
            return None
        name = path_name(match[1])
        directory, known = place
        absolute = name is not None and name.startswith("/")
        # A name that is absolute is the path, or is told in its place where it is not certain.
        path = name if absolute else directory.absolute(name, None) or name
        meets = path is not None and bool(self._leaf.test(path))
        if len(field) <= LONGEST:
            self._count()
            (self._absolute if absolute else known)[field] = meets
        return meets

    def _count(self) -> None:
        """Forget everything when it is too much."""
        self._names += 1
        if self._names > _NAMES:
            self._names = 0
            self._known.clear()
            self._absolute.clear()


@lru_cache(maxsize=4096)
def _names_of(call: bytes) -> _Names:
    name = call_of(call).name
    return _Names(name, name if name is None or name in NEVER_RELATIVE else "", directory_arguments(name))
