"""The line that audisp-json 2.2.10 prints of an event."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.formats.audisp_json.attributes import NULL, SYSCALL, Findings, deleted, find_out
from mig_audit.modules.audit.formats.audisp_json.categories import (
    APPARMOR,
    EXECVE,
    PROMISCUOUS,
    READ,
    UNNAMED,
    fixed_summary,
    path_summary,
)
from mig_audit.modules.audit.formats.audisp_json.host import Host
from mig_audit.modules.audit.formats.audisp_json.search import Search
from mig_audit.modules.audit.records.auparse import AVC

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin

_SUMMARY_LIMIT = 255
# Without a system call nothing is printed, but of an AVC record the names of processes are asked for.
_WORTH_A_LOOK = frozenset({SYSCALL, AVC})
_LINE = (
    b'{"category": "%b","summary": "%b","severity": "INFO","hostname": "%b","processid": "0",'
    b'"processname": "audisp-json","timestamp": "%b","tags": ["audisp-json","2.2.10","audit"],"details": {%b}}'
)


class AudispJsonFormat:
    """One line an event, of the system calls that audisp-json has a category for.

    It is what that program wrote, not always JSON: control characters and invalid UTF-8 are as in the records, keys
    repeat, and what JSON would escape is deleted. Two records with different details can have the same line.
    """

    name = "audisp-json"
    media_type = "text/plain"  # it can be invalid as JSON
    grouping = "auparse"

    def __init__(self, origin: Origin) -> None:
        """Write events of records that are from ``origin``; a ``node=`` in them is not looked at."""
        self._host = Host(origin)
        self._hostname = deleted(origin.hostname.encode("utf-8", "surrogateescape"))
        self._second = -1
        self._timestamp = b""

    def encode(self, event: Event) -> Optional[bytes]:
        """Return one event, None for one that audisp-json prints nothing of."""
        # At 0 seconds the library finds no field.
        search = Search(event.records)
        if not event.seconds or _WORTH_A_LOOK.isdisjoint(search.types):
            return None
        findings = find_out(search, event.serial, self._host)
        if findings is None or findings.category is None:
            return None
        summary = _summary(findings)
        if summary is None:
            return None
        name = UNNAMED if findings.category in {READ, APPARMOR} else findings.category
        details = b",".join(reversed(findings.details))
        return _LINE % (name.encode(), summary, self._hostname, self._time(event.seconds), details)

    def _time(self, seconds: int) -> bytes:
        """Return the local time; most events have that of the one before."""
        if seconds != self._second:
            self._second = seconds
            self._timestamp = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(seconds)).encode()
        return self._timestamp


def _summary(findings: Findings) -> Optional[bytes]:
    """Return the summary; None for an execve without a command, which is not printed."""
    category = findings.category or ""
    if category == EXECVE and not findings.command:
        return None
    if category in {READ, APPARMOR}:
        # Nothing is written there for reading: it is empty, or what an AVC record left.
        return findings.info or b""
    about_path = path_summary(category, deleted(NULL if findings.path is None else findings.path))
    if category == EXECVE:
        summary = b"Execve: " + findings.command
    elif category == PROMISCUOUS:
        device = deleted(NULL if findings.device is None else findings.device)
        state = b"on" if findings.promiscuous else b"off"
        summary = b"Promisc: Interface %b set promiscous %b" % (device, state)
    elif about_path is not None:
        summary = about_path
    else:
        summary = fixed_summary(category)
    return summary[:_SUMMARY_LIMIT]
