"""The details of an event, in the order in which audisp-json comes upon them.

Each attribute is added where the program adds it: some are looked for in the record at hand, others in the first one
of its type, and whatever a record lacks may be found in another. Keys repeat, as there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.formats.audisp_json.categories import (
    APPARMOR,
    PROMISCUOUS,
    SOCKET,
    syscall_categories,
)
from mig_audit.modules.audit.formats.audisp_json.command import EXECVE, read_command
from mig_audit.modules.audit.formats.audisp_json.search import c_int
from mig_audit.modules.audit.records.auparse import AVC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mig_audit.modules.audit.formats.audisp_json.host import Host
    from mig_audit.modules.audit.formats.audisp_json.search import Search
    from mig_audit.modules.audit.records.auparse import Fields

SYSCALL, PATH, CWD, ANOM_PROMISCUOUS = 1300, 1302, 1307, 1700
NULL = b"(null)"
"""What C prints for a text that is not there."""

_DELETED = b'"\\\n\r\t\b\f'

_Keys = tuple[tuple[bytes, bytes], ...]

_SOCKET_KEYS: _Keys = ((b"domain", b"a0"), (b"type", b"a1"), (b"protocol", b"a2"))
_SYSCALL_KEYS: _Keys = (
    (b"tty", b"tty"),
    (b"process", b"exe"),
    (b"pid", b"pid"),
    (b"gid", b"gid"),
    (b"euid", b"euid"),
    (b"suid", b"suid"),
    (b"fsuid", b"fsuid"),
    (b"egid", b"egid"),
    (b"sgid", b"sgid"),
    (b"fsgid", b"fsgid"),
    (b"session", b"ses"),
)
_PATH_KEYS: _Keys = tuple((key, key) for key in (b"inode", b"dev", b"mode", b"ouid", b"ogid", b"rdev"))
_APPARMOR_KEYS: _Keys = ((b"aacoperation", b"operation"), (b"aaprofile", b"profile"), (b"aacommand", b"comm"))
_APPARMOR_LAST_KEYS: _Keys = (
    (b"aaerror", b"error"),
    (b"aaname", b"name"),
    (b"aasrcname", b"srcname"),
    (b"aaflags", b"flags"),
)
_PROMISCUOUS_KEYS: _Keys = ((b"gid", b"gid"), (b"session", b"ses"))


class Findings(NamedTuple):
    """What the program knows of an event when it has seen every record.

    Attributes:
        details: the attributes as they are printed, in the order in which they were added.
        category: that of the last record that has one; None if there is none.
        command: of the last EXECVE record.
        path: of the last PATH record, None where it has none.
        device: of the last ANOM_PROMISCUOUS record.
        promiscuous: what it was set to.
        info: of the last AVC record; None if there is no such record, `NULL` if it says none.
    """

    details: Sequence[bytes]
    category: Optional[str]
    command: bytes
    path: Optional[bytes]
    device: Optional[bytes]
    promiscuous: bool
    info: Optional[bytes]


def deleted(value: bytes) -> bytes:
    """Return a text without the characters that JSON would have to escape; audisp-json deletes them."""
    return value.translate(None, _DELETED)


def find_out(search: Search, serial: int, host: Host) -> Optional[Findings]:
    """Go through an event; None where the program gives it up, or has nothing to print of it."""
    # Names of processes are remembered from events that are not printed, but without those there is nothing to gain.
    if not host.has_processes and not any(map(_may_print, search.of_type(SYSCALL))):
        return None
    return _Collector(search, host).collect(serial)


def _may_print(syscall: Fields) -> bool:
    """Say whether a SYSCALL record can make the program print an event."""
    index = syscall.first.get(b"syscall")
    if index is None:
        return True  # it may be found in another record
    return syscall_categories().get(c_int(syscall.values[index])) not in {None, PROMISCUOUS}


class _Collector:
    """One walk through the records of an event; what adds a record says whether to go on."""

    def __init__(self, search: Search, host: Host) -> None:
        self._search = search
        self._host = host
        self._details: list[bytes] = []
        self._printed = False
        self._category: Optional[str] = None
        self._command = b""
        self._path: Optional[bytes] = None
        self._device: Optional[bytes] = None
        self._promiscuous = False
        self._info: Optional[bytes] = None

    def collect(self, serial: int) -> Optional[Findings]:
        self._put(b"auditserial", b"%d" % serial)
        for number, kind in enumerate(self._search.types):
            add = _ADDERS.get(kind)
            if add is not None:
                self._search.go(number)
                if not add(self):
                    return None
        if not self._printed:
            return None
        return Findings(
            self._details,
            self._category,
            self._command,
            self._path,
            self._device,
            self._promiscuous,
            self._info,
        )

    def add_syscall(self) -> bool:
        search = self._search
        categories = syscall_categories()
        if search.find(b"syscall") is None or search.number not in categories:
            return False
        category = categories[search.number]
        self._add(b"processname", b"comm")
        search.go_to_type(SYSCALL)
        if category is not None:
            self._category = category
            # Of ioctl the program expects another record to say that there is something to print.
            self._printed = self._printed or category != PROMISCUOUS
        if category == SOCKET:
            for key, name in _SOCKET_KEYS:
                self._add(key, name)
        self._add(b"auditkey", b"key")
        search.go_to_type(SYSCALL)
        self._add_process(b"parentprocess", b"ppid", SYSCALL)
        self._add_users(SYSCALL)
        self._add_each(_SYSCALL_KEYS, SYSCALL)
        return True

    def add_execve(self) -> bool:
        command = read_command(self._search)
        self._put(b"command", command)
        self._command = deleted(command)
        return True

    def add_cwd(self) -> bool:
        self._add(b"cwd", b"cwd")
        return True

    def add_path(self) -> bool:
        self._path = self._add(b"path", b"name")
        self._search.go_to_type(PATH)
        self._add_each(_PATH_KEYS, PATH)
        return True

    def add_promiscuous(self) -> bool:
        search = self._search
        self._device = self._add(b"dev", b"dev")
        if self._device is None:
            return False
        self._category = PROMISCUOUS
        search.go_to_type(ANOM_PROMISCUOUS)
        self._add(b"promiscious", b"prom")
        self._promiscuous = search.number != 0
        search.go_to_type(ANOM_PROMISCUOUS)
        self._add(b"old_promicious", b"old_prom")
        search.go_to_type(ANOM_PROMISCUOUS)
        self._add_users(ANOM_PROMISCUOUS)
        self._add_each(_PROMISCUOUS_KEYS, ANOM_PROMISCUOUS)
        return True

    def add_avc(self) -> bool:
        search = self._search
        if self._add(b"aaresult", b"apparmor") is None:
            return False  # one of SELinux
        self._category = APPARMOR
        search.go_to_type(AVC)
        info = search.find(b"info")
        self._info = NULL if info is None else deleted(info)
        search.go_to_type(AVC)
        self._add_each(_APPARMOR_KEYS, AVC)
        self._add_process(b"parentprocess", b"parent", AVC)
        self._add_process(b"processname", b"pid", AVC)
        self._add_each(_APPARMOR_LAST_KEYS, AVC)
        return True

    def _add_users(self, kind: int) -> None:
        for key, id_key, name in ((b"originaluser", b"originaluid", b"auid"), (b"user", b"uid", b"uid")):
            if self._search.find(name) is not None:
                self._put(key, self._host.user(self._search.number))
                self._add(id_key, name)
            self._search.go_to_type(kind)

    def _add_process(self, key: bytes, name: bytes, kind: int) -> None:
        if self._search.find(name) is not None:
            self._put(key, self._host.process(self._search.number))
        self._search.go_to_type(kind)

    def _add_each(self, keys: _Keys, kind: int) -> None:
        start = self._search.go_to_type(kind)
        for key, name in keys:
            self._add(key, name)
            self._search.go(start)

    def _add(self, key: bytes, name: bytes) -> Optional[bytes]:
        """Look for a field and add it; return its value, as it is after that."""
        value = self._search.find(name)
        if value is None or value.startswith(NULL):
            return value
        clean = value.translate(None, _DELETED)
        if clean != value:
            self._search.replace(clean)
        self._details.append(b'"%b": "%b"' % (key, clean))
        return clean

    def _put(self, key: bytes, value: Optional[bytes]) -> None:
        if value is not None and not value.startswith(NULL):
            self._details.append(b'"%b": "%b"' % (key, deleted(value)))


_ADDERS: Mapping[int, Callable[[_Collector], bool]] = {
    SYSCALL: _Collector.add_syscall,
    PATH: _Collector.add_path,
    CWD: _Collector.add_cwd,
    EXECVE: _Collector.add_execve,
    AVC: _Collector.add_avc,
    ANOM_PROMISCUOUS: _Collector.add_promiscuous,
}
