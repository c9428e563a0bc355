"""MozDef's events, as audisp-json shaped them, with the defects of that mended.

Key names are audisp-json's, its spelling included, since consumers know them; what it left out has names of its own.
Mended: valid JSON and UTF-8 whatever a record holds, no key twice, every event, values decoded, success and result
told, time in UTC to the millisecond. The schema ``audit.event.v1`` describes every key.

MozDef's own demands (its event task and index template): ``timestamp`` is ISO 8601, ``gid`` is a string,
``details.success`` is a boolean, and an IP address is one or is left out.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional, Union

import mig_audit
from mig_audit.modules.audit.events.command_line import MISSING, command_line
from mig_audit.modules.audit.events.group import WHOLE
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.mozdef_enrichment import add_enrichment
from mig_audit.modules.audit.formats.network import INBOUND, OUTBOUND, is_ip
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.records import printable
from mig_audit.modules.audit.records.sockaddr import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.events import (
        Decoder,
        Event,
        Field,
        Identities,
        Origin,
        PathItem,
        Process,
        Syscall,
    )
    from mig_audit.modules.audit.formats.interface import Shortcut
    from mig_audit.modules.audit.records import SocketAddress

Details = dict[str, Any]

PROGRAM = "mig-audit"
SUMMARY_LIMIT = 255
"""Characters."""

TERM_LIMIT = 32_766
"""Bytes: Lucene refuses a document with a longer keyword."""

_INTERNET = frozenset({"inet", "inet6"})

# In the order of `Identities`: the key of the number, and of the name.
_IDENTITY_KEYS = (
    ("originaluid", "originaluser"),
    ("uid", "user"),
    ("gid", "group"),
    ("euid", "effectiveuser"),
    ("suid", ""),
    ("fsuid", ""),
    ("egid", ""),
    ("sgid", ""),
    ("fsgid", ""),
)
_PATH_KEYS = frozenset(("item", "name", "path", "inode", "dev", "mode", "ouid", "ogid", "rdev", "nametype"))
SOCKET_CALLS = frozenset({"socket", "socketpair"})
"""The calls whose arguments say what kind of socket is asked for."""

_SOCKET_TYPES = {1: "stream", 2: "dgram", 3: "raw", 4: "rdm", 5: "seqpacket", 6: "dccp", 10: "packet"}
_SOCKET_TYPE_MASK = 0xF  # linux/net.h SOCK_TYPE_MASK; flags are above

# Fields of other records that audisp-json had names for: (record type, field) -> key.
_PROMISCUOUS_KEYS = {"dev": "dev", "prom": "promiscious", "old_prom": "old_promicious"}
_APPARMOR_KEYS = {
    "apparmor": "aaresult",
    "operation": "aacoperation",
    "profile": "aaprofile",
    "comm": "aacommand",
    "error": "aaerror",
    "name": "aaname",
    "srcname": "aasrcname",
    "flags": "aaflags",
}


class MozdefFormat:
    """Encodes events for MozDef.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "mozdef"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._hostname = printable(os.fsencode(origin.hostname))

    def shortcut(self, decoder: Decoder) -> Shortcut:
        """Return the way that most events take."""
        from mig_audit.modules.audit.formats.mozdef_shortcut import MozdefShortcut  # noqa: PLC0415  # it needs this

        return MozdefShortcut(self._hostname, decoder, self.document)

    def encode(self, event: Event) -> bytes:
        """Return one JSON object in UTF-8."""
        document = self.document(event)
        data = to_json(document)
        if len(data) <= TERM_LIMIT:
            return data
        truncated = sorted(set(_cut(document["details"])))
        if truncated:
            document["details"]["truncated"] = truncated
            data = to_json(document)
        return data

    def document(self, event: Event) -> dict[str, Any]:
        """Return the object to encode, before long values are cut."""
        hostname = event.node or self._hostname
        return {
            "category": event.category,
            "summary": summarise(event)[:SUMMARY_LIMIT],
            "severity": "INFO",
            "hostname": hostname,
            "processid": _text(event.process.pid) or "0",
            "processname": PROGRAM,
            "timestamp": event.timestamp,
            "source": "audit",
            "tags": [PROGRAM, mig_audit.__version__, "audit"],
            "details": _details(event, hostname),
        }


def _details(event: Event, hostname: str) -> Details:
    details: Details = {"auditserial": str(event.serial), "auditid": f"{hostname}/{event.stamp}"}
    add_records(details, event.types, event.ending, event.gaps)
    if event.keys:
        details["auditkey"] = event.keys[0]
        details["keys"] = list(event.keys)
    if event.success is not None:
        details["success"] = event.success
    if event.syscall is not None:
        _add_syscall(details, event.syscall)
    add_interpreted(details, event.interpreted)
    # Behind socketcall the registers hold something else.
    if event.syscall is not None and event.syscall.name in SOCKET_CALLS and "SOCKETCALL" not in event.types:
        add_socket(details, event.syscall.args)
    add_identities(details, event.identities)
    add_process(details, event.process)
    _add_message(details, event)
    _add_paths(details, event)
    if event.address is not None:
        add_address(details, event.address, event.category)
    add_rest(details, event.rest)
    if event.enrichment is not None:
        add_enrichment(details, event.enrichment)
    return details


def add_records(details: Details, types: Sequence[str], ending: str, gaps: Sequence[str]) -> None:
    """Say what the event is made of, and what of it is missing."""
    details["recordtypes"] = list(types)
    if ending not in WHOLE:
        details["ending"] = ending
    if gaps:
        details["incomplete"] = list(gaps)


def _add_syscall(details: Details, syscall: Syscall) -> None:
    add_call(details, syscall)
    for index, value in enumerate(syscall.args):
        _put(details, f"a{index}", value)


def add_interpreted(details: Details, interpreted: Sequence[tuple[str, str]]) -> None:
    """Tell what the values of some fields mean."""
    words: dict[str, Any] = {}
    for name, text in interpreted:
        _append(words, name, text)
    if words:
        details["interpreted"] = words


def add_call(details: Details, syscall: Syscall) -> None:
    """Say which call it was and how it ended."""
    _put(details, "syscall", syscall.name or syscall.number)
    _put(details, "arch", syscall.arch_name or syscall.arch)
    _put(details, "exit", syscall.exit)
    _put(details, "errno", syscall.errno)


def add_socket(details: Details, args: Sequence[Union[str, None]]) -> None:
    """Tell what kind of socket was asked for."""
    values = [int(value, 16) & 0xFFFF_FFFF for value in args[:3] if value]
    if len(values) < 3:  # noqa: PLR2004 - domain, type and protocol
        return
    domain, kind, protocol = values
    details["domain"] = FAMILIES.get(domain, str(domain))
    details["type"] = _SOCKET_TYPES.get(kind & _SOCKET_TYPE_MASK, str(kind))
    details["protocol"] = str(protocol)


def add_identities(details: Details, identities: Identities) -> None:
    """Say on whose account it was."""
    for (key, name_key), identity in zip(_IDENTITY_KEYS, identities):
        if identity is None:
            continue
        number, name = identity
        if number is not None:
            details[key] = str(number)
        elif name is not None:
            details[key] = name
        if name_key and name is not None:
            details[name_key] = name


def add_process(details: Details, process: Process) -> None:
    """Say which process it was."""
    for key, value in (
        ("pid", process.pid),
        ("ppid", process.ppid),
        ("processname", process.comm),
        ("process", process.exe),
        ("tty", process.tty),
        ("session", process.session),
        ("subj", process.subj),
        ("cwd", process.cwd),
        ("command", process.command),
    ):
        if value is not None:
            details[key] = str(value)
    if process.argv is not None:
        argv = [MISSING if argument is None else argument for argument in process.argv]
        details["command"] = command_line(process.argv)
        details["argv"] = argv
        _put(details, "argc", process.argc)
        if process.argv_missing:
            details["argvmissing"] = [
                f"{low}-{high}" if high > low else str(low) for low, high in process.argv_missing
            ]
        if process.argv_torn:
            details["argvtorn"] = [str(index) for index in process.argv_torn]
    if process.title is not None:
        details["proctitle"] = " ".join(process.title)


def _add_message(details: Details, event: Event) -> None:
    message = event.message
    if message is None:
        return
    _put(details, "op", message.op)
    _put(details, "username", message.acct)
    _put(details, "remotehost", message.hostname)
    _put(details, "terminal", message.terminal)
    if message.addr is not None:
        details["sourceipaddress" if is_ip(message.addr) else "addr"] = message.addr


def _add_paths(details: Details, event: Event) -> None:
    subject = event.subject
    if subject is None:
        return
    add_subject(details, subject)
    details["paths"] = [path_details(path) for path in event.paths]


def add_subject(details: Details, path: PathItem) -> None:
    """Say what the event is about."""
    _put(details, "path", path.path or path.name)
    _add_object(details, path)


def path_details(path: PathItem) -> dict[str, Any]:
    """Return the object of one PATH record."""
    values: dict[str, Any] = {}
    _put(values, "item", path.item)
    _put(values, "name", path.name)
    _put(values, "path", path.path)
    _add_object(values, path)
    for key, value in path.rest:
        _append(values, f"other_{key}" if key in _PATH_KEYS else key, value)
    return values


def _add_object(values: dict[str, Any], path: PathItem) -> None:
    if path.inode is not None:
        values["inode"] = str(path.inode)
    if path.dev is not None:
        values["dev"] = path.dev
    if path.mode is not None:
        values["mode"] = path.mode
    if path.ouid is not None:
        values["ouid"] = str(path.ouid)
    if path.ogid is not None:
        values["ogid"] = str(path.ogid)
    if path.rdev is not None:
        values["rdev"] = path.rdev
    if path.nametype is not None:
        values["nametype"] = path.nametype


def add_address(details: Details, address: SocketAddress, category: str) -> None:
    """Say which socket address it was; the category tells which end of a connection that is."""
    _put(details, "socketfamily", address.name or address.family)
    details["socketaddress"] = address.text
    end = address_end(address, category)
    if end is not None:
        details[f"{end}ipaddress"] = address.address
        details[f"{end}port"] = str(address.port)


def address_end(address: SocketAddress, category: str) -> Optional[str]:
    """Return which end of a connection an address is; None where no record tells, or it is no IP address."""
    return None if address.address is None or address.name not in _INTERNET else end_of(category)


def end_of(category: str) -> Optional[str]:
    """Return which end of a connection the address in an event of this category is; None where that is not known."""
    return "destination" if category in OUTBOUND else "source" if category in INBOUND else None


def add_rest(details: Details, rest: Sequence[Field]) -> None:
    """Put what has no home into ``fields``, or under the key that audisp-json had for it."""
    apparmor = {field.record for field in rest if field.name == "apparmor"}
    fields: dict[str, Any] = {}
    owners: dict[str, str] = {}
    for field in rest:
        known = _known_key(field, apparmor)
        if known is not None and known not in details:
            details[known] = field.value
            continue
        key = field.name if owners.setdefault(field.name, field.record) == field.record else None
        key = key or f"{field.record}_{field.name}".lower()
        _append(fields, key, field.value)
    if fields:
        details["fields"] = fields
    if apparmor and "processname" in details:
        details.setdefault("aacommand", details["processname"])


def _known_key(field: Field, apparmor: set[str]) -> Union[str, None]:
    if field.record == "ANOM_PROMISCUOUS":
        return _PROMISCUOUS_KEYS.get(field.name)
    return _APPARMOR_KEYS.get(field.name) if field.record in apparmor else None


def _append(values: dict[str, Any], key: str, value: str) -> None:
    """Set a value; a second one of the same key makes it a list."""
    present = values.get(key)
    if present is None:
        values[key] = value
    elif isinstance(present, list):
        present.append(value)
    else:
        values[key] = [present, value]


def _put(values: dict[str, Any], key: str, value: Union[str, int, None]) -> None:
    if value is not None:
        values[key] = value if isinstance(value, str) else str(value)


def _text(value: Union[int, None]) -> str:
    return "" if value is None else str(value)


def _cut(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Cut every string that is too long, and give the keys of those that were."""
    for key, value in values.items():
        if isinstance(value, str):
            shorter = _shorten(value)
            if shorter is not value:
                values[key] = shorter
                yield prefix + key
        elif isinstance(value, dict):
            yield from _cut(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            for index, element in enumerate(value):
                if isinstance(element, dict):
                    yield from _cut(element, f"{prefix}{key}.")
                elif isinstance(element, str):
                    value[index] = _shorten(element)
                    if value[index] is not element:
                        yield prefix + key


def _shorten(text: str) -> str:
    data = text.encode("utf-8")
    return text if len(data) <= TERM_LIMIT else data[:TERM_LIMIT].decode("utf-8", "ignore")
