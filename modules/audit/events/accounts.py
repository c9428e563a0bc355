"""The host's users and groups from their files, where the C library would answer from nothing else.

The library reads ``/etc/passwd`` from its start for every id that it is asked for, and where ``systemd`` comes after
``files``, an id that nobody has costs some forty system calls more, or a question to PID 1; a log can name thousands of
those. So the file is read once, until it changes, if it is certain to hold all that the library could tell:

- ``/etc/nsswitch.conf`` has one line for the database, and that names ``files``, or ``files`` and ``systemd``, and
  nothing else (nsswitch.conf(5));
- nobody tells nss-systemd of accounts but PID 1, who knows the users that are made up for services: no other socket is
  in ``/run/systemd/userdb``, and none of the folders for records exists (nss-systemd(8)). Ids that these two name of
  themselves are certain only where the file has them, since ``files`` answers first;
- no cache answers in the library's place (nscd(8));
- every line of the file is plain: of others, the library skips some, and reads some in ways of its own.

Of all else the library is asked.
"""

from __future__ import annotations

import os
import re
import stat
from typing import NamedTuple, Optional

_LARGEST = 1 << 20  # bytes of a file; some ten thousand accounts
_IDS = 1 << 32

_CACHES = ("run/nscd/socket", "var/run/nscd/socket")
_SOCKETS = "run/systemd/userdb"
_SOCKET_OF_PID_1 = "io.systemd.DynamicUser"
_RECORDS = (
    "etc/userdb",
    "run/userdb",
    "run/host/userdb",
    "usr/local/lib/userdb",
    "usr/lib/userdb",
    "lib/userdb",
)
# After systemd's "Users, Groups, UIDs and GIDs": root; what is given out above 60,000, with services' users and nobody;
# users of foreign images.
_OF_SYSTEMD = (range(1), range(60_001, 65_536), range(2_147_352_576, 2_147_418_112))

_WORD = re.compile(rb"[\s:]")
# What may be merged are the members of a group; its name is that in the file.
_SOURCES = {
    "passwd": re.compile(rb"\s*passwd:[ \t]*files(?:[ \t]+(systemd))?[ \t]*"),
    "group": re.compile(rb"\s*group:[ \t]*files(?:[ \t]+(?:\[SUCCESS=merge\][ \t]+)?(systemd))?[ \t]*"),
}
# Ids of ten digits may be too large, and the library passes over some lines then.
_NAME_AND_ID = rb"(\w[\w.@$+-]*):[^:\0]*:([0-9]{1,9}):"
_LINES = {
    "passwd": re.compile(_NAME_AND_ID + rb"[0-9]{1,9}:[^:\0]*:[^:\0]*:[^:\0]*"),
    "group": re.compile(_NAME_AND_ID + rb"[^:\0]*"),
}


_Version = tuple[int, int, int, int, int]


class _File(NamedTuple):
    """A file as it was read: device and inode, size, and times of change say that it is no other by now."""

    path: str
    version: _Version
    lines: list[bytes]


class Accounts(NamedTuple):
    """What a file of accounts tells.

    Attributes:
        names: by id, of those in the file.
        elsewhere: ids that may have a name even if they are not in the file.
        path: of the file, and its ``version``; None where all are elsewhere.
    """

    names: dict[int, str]
    elsewhere: tuple[range, ...]
    path: str = ""
    version: Optional[_Version] = None

    def still(self) -> bool:
        """Return whether the file still tells the same."""
        try:
            return self.version is None or _version(os.stat(self.path)) == self.version  # noqa: PTH116  # a text
        except OSError:
            return False

    def tell(self, number: int) -> bool:
        """Return whether the file alone says what an id's name is, or that it has none."""
        return number in self.names or not any(number in ids for ids in self.elsewhere)


def users(root: str = "") -> Accounts:
    """Return what ``/etc/passwd`` tells; where that is not certain, all ids are elsewhere.

    Args:
        root: the folder that stands for ``/``.
    """
    return _accounts("passwd", root)


def groups(root: str = "") -> Accounts:
    """Return what ``/etc/group`` tells; otherwise as :func:`users`."""
    return _accounts("group", root)


def _accounts(database: str, root: str) -> Accounts:
    certain = _certain(database, root)
    return Accounts({}, (range(_IDS),)) if certain is None else certain


def _certain(database: str, root: str) -> Optional[Accounts]:
    sources = _sources(database, root)
    if sources is None or any(os.path.lexists(f"{root}/{cache}") for cache in _CACHES):
        return None
    with_systemd = sources[1] is not None
    if with_systemd and _systemd_is_told(root):
        return None
    file = _read(f"{root}/etc/{database}")
    names = None if file is None else _names(database, file.lines)
    if file is None or names is None:
        return None
    return Accounts(names, _OF_SYSTEMD if with_systemd else (), file.path, file.version)


def _sources(database: str, root: str) -> Optional[re.Match[bytes]]:
    """Return where the library looks: a match of ``_SOURCES``, or None."""
    file = _read(f"{root}/etc/nsswitch.conf")
    lines = file.lines if file else ()
    of_database = [line for line in lines if _WORD.split(line.lstrip(), 1)[0] == database.encode()]
    return _SOURCES[database].fullmatch(of_database[0]) if len(of_database) == 1 else None


def _systemd_is_told(root: str) -> bool:
    """Return whether nss-systemd may know accounts beside those that it and PID 1 make up."""
    if any(os.path.lexists(f"{root}/{folder}") for folder in _RECORDS):
        return True
    try:
        return not {_SOCKET_OF_PID_1}.issuperset(os.listdir(f"{root}/{_SOCKETS}"))  # noqa: PTH208  # only the names
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _names(database: str, lines: list[bytes]) -> Optional[dict[int, str]]:
    """Return the names of a file by id, as with the library the first of each; None where a line is not plain."""
    names: dict[int, str] = {}
    plain = _LINES[database].fullmatch
    for line in lines:
        match = plain(line)
        if match is None:
            return None
        names.setdefault(int(match[2]), match[1].decode())
    return names


def _read(path: str) -> Optional[_File]:
    """Return a file; None where it cannot be read, is no regular one, too large, empty, or ends within a line."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            status = os.fstat(file.fileno())
            content = file.read(_LARGEST + 1) if stat.S_ISREG(status.st_mode) else b""
    except OSError:
        return None
    if not content.endswith(b"\n") or len(content) > _LARGEST:
        return None
    return _File(path, _version(status), content.split(b"\n")[:-1])


def _version(status: os.stat_result) -> _Version:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
