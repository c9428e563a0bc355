"""ArcSight's Common Event Format, version 0, with keys of its extension dictionary alone.

``suser`` is who logged in and ``duser`` as whom they acted, or the account that a login is about. Severity is always 3
(low): mig-audit records, it does not judge. Values longer than the dictionary allows are cut, and ``cs6`` names them.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Union

import mig_audit
from mig_audit.modules.audit.formats.actors import command, name_of, number_of
from mig_audit.modules.audit.formats.enriched import around
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.network import remote
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.formats.techniques import find_techniques

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mig_audit.modules.audit.events import Event, Origin

Pair = tuple[str, Union[str, int, None]]

_SEVERITY = 3
_HEAD = f"CEF:0|mig-audit|mig-audit|{mig_audit.__version__}|"
_IN_HEAD = re.compile(r"[|\\]")
_IN_VALUE = re.compile(r"[=\\]")
_LONGEST = {
    **dict.fromkeys(("act", "outcome"), 63),
    "dvchost": 100,
    "externalId": 40,
    **dict.fromkeys(("cs1", "cs2", "cs3", "cs4", "cs5", "cs6"), 4000),
}
_LONGEST_OTHER = 1023


class CefFormat:
    """Encodes events as CEF lines, without a syslog header.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "cef"
    media_type = "text/plain; charset=utf-8"

    def __init__(self, origin: Origin) -> None:
        self._hostname = host_name(origin)

    def encode(self, event: Event) -> bytes:
        """Return one line in UTF-8."""
        kind = _IN_HEAD.sub(r"\\\g<0>", event.category)
        extension = " ".join(_extension(_pairs(event, event.node or self._hostname)))
        return f"{_HEAD}{kind}|{kind.capitalize()}|{_SEVERITY}|{extension}".encode()


def _extension(pairs: Iterable[Pair]) -> Iterator[str]:
    cut = []
    for key, value in pairs:
        if value is None or value == "":
            continue
        text = str(value)
        longest = _LONGEST.get(key, _LONGEST_OTHER)
        if len(text) > longest:
            text = text[:longest]
            cut.append(key)
        if "=" in text or "\\" in text:
            text = _IN_VALUE.sub(r"\\\g<0>", text)
        yield f"{key}={text}"
    if cut:
        yield f"cs6Label=cut cs6={' '.join(cut)}"


def _pairs(event: Event, host: str) -> Iterator[Pair]:
    """Give the keys and values of an event."""
    process, syscall, message = event.process, event.syscall, event.message
    identities, subject = event.identities, event.subject
    yield "rt", event.seconds * 1000 + event.milliseconds
    yield "dvchost", host
    yield "externalId", event.stamp
    yield "cat", event.category
    yield "act", (message and message.op) or (syscall and syscall.name)
    yield "outcome", None if event.success is None else "success" if event.success else "failure"
    yield "reason", syscall and syscall.errno
    yield "suid", number_of(identities.auid)
    yield "suser", name_of(identities.auid)
    account = message and message.acct
    yield "duid", None if account else number_of(identities.euid or identities.uid)
    yield "duser", account or name_of(identities.euid or identities.uid)
    yield "sproc", process.exe or process.comm
    yield "spid", process.pid
    place = around(event).place
    yield "sourceServiceName", place and place.unit
    yield from _remote(event)
    path = subject and (subject.path or subject.name)
    yield "filePath", path
    yield "fname", path and path.rstrip("/").rpartition("/")[2]
    yield "fileId", subject and subject.inode
    yield "filePermission", subject and subject.mode
    yield "fileHash", around(event).sha256
    yield "msg", summarise(event)
    yield from _custom(event)


def _remote(event: Event) -> Iterator[Pair]:
    peer = remote(event)
    if peer is None:
        return
    source = peer.side == "source"
    if peer.address is not None:
        if ipaddress.ip_address(peer.address).version == 4:  # noqa: PLR2004 - IPv4
            yield "src" if source else "dst", peer.address
        else:
            key = "c6a2" if source else "c6a3"
            yield f"{key}Label", "Source IPv6 Address" if source else "Destination IPv6 Address"
            yield key, peer.address
    yield "shost" if source else "dhost", peer.host
    yield "spt" if source else "dpt", peer.port


def _custom(event: Event) -> Iterator[Pair]:
    process, syscall = event.process, event.syscall
    for key, label, value in (
        ("cs1", "keys", " ".join(event.keys)),
        ("cs2", "command", command(event)),
        ("cs3", "cwd", process.cwd),
        ("cs4", "techniques", " ".join(technique.id for technique in find_techniques(event.keys))),
        ("cs5", "types", " ".join(event.types)),
        ("cn1", "ppid", process.ppid),
        ("cn2", "session", process.session),
        ("cn3", "exit", syscall and syscall.exit),
    ):
        if value is not None and value != "":
            yield f"{key}Label", label
            yield key, value
