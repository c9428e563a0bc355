"""Names of user and group ids: of this host, or of the host that a foreign log came from."""

from __future__ import annotations

import grp
import os
import pwd
import time
from typing import TYPE_CHECKING, Optional, Protocol

from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNSET = 4_294_967_295  # (uid_t)-1, how records write "never set"

_CACHE_LIMIT = 16_384
_NAME_COLUMN, _ID_COLUMN = 0, 2


class Names(Protocol):
    """Looks ids up; None where there is no name."""

    def user(self, uid: int) -> Optional[str]:
        """Return the user's name."""

    def group(self, gid: int) -> Optional[str]:
        """Return the group's name."""


class HostNames:
    """This host's names, by pwd and grp, hits and misses remembered: a miss may ask a directory over the network.

    Args:
        lifetime: seconds for which an answer holds; accounts are made and renamed while audit runs.
        clock: monotonic seconds.
    """

    def __init__(self, *, lifetime: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._users: dict[int, Optional[str]] = {}
        self._groups: dict[int, Optional[str]] = {}
        self._fresh_until = clock() + lifetime

    def user(self, uid: int) -> Optional[str]:
        """Return the user's name as printable text."""
        return self._look_up(self._users, uid, _user)

    def group(self, gid: int) -> Optional[str]:
        """Return the group's name as printable text."""
        return self._look_up(self._groups, gid, _group)

    def _look_up(
        self, cache: dict[int, Optional[str]], number: int, ask: Callable[[int], Optional[str]]
    ) -> Optional[str]:
        if self._clock() >= self._fresh_until:
            self._users.clear()
            self._groups.clear()
            self._fresh_until = self._clock() + self._lifetime
        if number not in cache:
            if len(cache) >= _CACHE_LIMIT:
                cache.clear()
            cache[number] = None if number == UNSET else ask(number)
        return cache[number]


class TableNames:
    """Names from tables, for logs of other hosts and for tests."""

    def __init__(self, users: Mapping[int, str], groups: Mapping[int, str]) -> None:
        self._users = dict(users)
        self._groups = dict(groups)

    def user(self, uid: int) -> Optional[str]:
        """Return the user's name."""
        return self._users.get(uid)

    def group(self, gid: int) -> Optional[str]:
        """Return the group's name."""
        return self._groups.get(gid)


def names_from_files(passwd: bytes, group: bytes) -> TableNames:
    """Return the names that an ``/etc/passwd`` and an ``/etc/group`` hold; lines of another shape are passed over.

    As with the C library, the first line of an id counts.
    """
    return TableNames(_table(passwd), _table(group))


def _table(content: bytes) -> dict[int, str]:
    table: dict[int, str] = {}
    for line in content.splitlines():
        columns = line.split(b":")
        if len(columns) > _ID_COLUMN and columns[_ID_COLUMN].isdigit():
            table.setdefault(int(columns[_ID_COLUMN]), printable(columns[_NAME_COLUMN]))
    return table


def _user(uid: int) -> Optional[str]:
    try:
        return printable(os.fsencode(pwd.getpwuid(uid).pw_name))
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _group(gid: int) -> Optional[str]:
    try:
        return printable(os.fsencode(grp.getgrgid(gid).gr_name))
    except (KeyError, ValueError, OverflowError, OSError):
        return None
