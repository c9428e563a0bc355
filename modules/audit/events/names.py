"""Names of user and group ids: of this host, or of the host that a foreign log came from."""

from __future__ import annotations

import grp
import os
import pwd
import time
from functools import partial
from typing import TYPE_CHECKING, Optional, Protocol

from mig_audit.modules.audit.events import accounts
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mig_audit.modules.audit.events.accounts import Accounts

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
    """This host's names, hits and misses remembered: a miss may ask a directory over the network.

    Args:
        lifetime: seconds for which an answer holds; accounts are made and renamed while audit runs.
        clock: monotonic seconds.
        library: who knows all that this host does.
        root: the folder whose ``etc`` has the files of accounts, which are read where they are all that the library would
            look at: once a lifetime, and if they change.
    """

    def __init__(
        self,
        *,
        lifetime: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        library: Optional[Names] = None,
        root: str = "",
    ) -> None:
        asked = LibraryNames() if library is None else library
        self._lifetime = lifetime
        self._clock = clock
        self._users = _Remembered(asked.user, partial(accounts.users, root))
        self._groups = _Remembered(asked.group, partial(accounts.groups, root))
        self._fresh_until = clock() + lifetime

    def user(self, uid: int) -> Optional[str]:
        """Return the user's name as printable text."""
        self._renew()
        return self._users.name(uid)

    def group(self, gid: int) -> Optional[str]:
        """Return the group's name as printable text."""
        self._renew()
        return self._groups.name(gid)

    def _renew(self) -> None:
        if self._clock() >= self._fresh_until:
            self._users.forget()
            self._groups.forget()
            self._fresh_until = self._clock() + self._lifetime


class _Remembered:
    """What was found out of users, or of groups."""

    def __init__(self, ask: Callable[[int], Optional[str]], read: Callable[[], Accounts]) -> None:
        self._ask = ask
        self._read = read
        self._names: dict[int, Optional[str]] = {}
        self._accounts: Optional[Accounts] = None

    def forget(self) -> None:
        self._names.clear()
        self._accounts = None

    def name(self, number: int) -> Optional[str]:
        names = self._names
        if number not in names:
            if len(names) >= _CACHE_LIMIT:
                names.clear()
            names[number] = None if number == UNSET else self._find(number)
        return names[number]

    def _find(self, number: int) -> Optional[str]:
        if self._accounts is None or not self._accounts.still():
            self._accounts = self._read()
        in_file = self._accounts
        return in_file.names.get(number) if in_file.tell(number) else self._ask(number)


class LibraryNames:
    """This host's names as the C library finds them, asked each time."""

    def user(self, uid: int) -> Optional[str]:
        """Return the user's name as printable text."""
        try:
            return printable(os.fsencode(pwd.getpwuid(uid).pw_name))
        except (KeyError, ValueError, OverflowError, OSError):
            return None

    def group(self, gid: int) -> Optional[str]:
        """Return the group's name as printable text."""
        try:
            return printable(os.fsencode(grp.getgrgid(gid).gr_name))
        except (KeyError, ValueError, OverflowError, OSError):
            return None


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
