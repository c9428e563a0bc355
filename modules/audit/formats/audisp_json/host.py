"""What audisp-json asks the host: the names of users, and of processes that still run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Origin

_UIDS = 2**32
_LABEL = b"Name:"
_WORD_LIMIT = 63
_HEAD = 4096  # bytes; the name is on the first line
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


class Host:
    """The host that the records are from."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._latest = b""

    @property
    def has_processes(self) -> bool:
        """Return whether processes can have names."""
        return self._origin.proc is not None

    def user(self, uid: int) -> Optional[bytes]:
        """Return the name of a user, by the C int of an id; None if there is none."""
        if uid == -1:
            return None
        name = self._origin.names.user(uid % _UIDS)
        return None if name is None else _raw(name)

    def process(self, pid: int) -> Optional[bytes]:
        """Return the first word of the name that a process has now; None if it is gone.

        Where its ``status`` ends before a name, or the process does while it is read, it is the latest that was read:
        the program keeps it in one place.
        """
        if self._origin.proc is None:
            return None
        try:
            status = (self._origin.proc / str(pid) / "status").open("rb")
        except OSError:
            return None
        with status:
            try:
                text = status.read(_HEAD)
            except OSError:
                text = b""  # it ended meanwhile
        if not text.startswith(_LABEL):
            return self._latest if _LABEL.startswith(text) else None
        words = text[len(_LABEL) :].split(None, 1)
        if words:
            self._latest = words[0][:_WORD_LIMIT]
        return self._latest


def _raw(name: str) -> bytes:
    """Return the bytes that `records.printable` made a name of."""
    return _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode("ascii")), name.encode())
