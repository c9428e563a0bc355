"""The details of MozDef's events, one part of an event at a time: which keys it has, and what stands there.

`mig_audit.modules.audit.formats.mozdef` says which parts an event has, and in which order they come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

from mig_audit.modules.audit.events.command_line import MISSING, command_line
from mig_audit.modules.audit.events.group import WHOLE
from mig_audit.modules.audit.formats.network import INBOUND, OUTBOUND, is_ip
from mig_audit.modules.audit.records.sockaddr import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events import (
        Field,
        Identities,
        Message,
        PathItem,
        Process,
        Syscall,
    )
    from mig_audit.modules.audit.records import SocketAddress

Details = dict[str, Any]

_INTERNET = frozenset({"inet", "inet6"})

IDENTITY_KEYS = (
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
"""In the order of `Identities`: the key of the number, and of the name, empty where that is not told."""

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


def add_records(details: Details, types: Sequence[str], ending: str, gaps: Sequence[str]) -> None:
    """Say what the event is made of, and what of it is missing."""
    details["recordtypes"] = list(types)
    if ending not in WHOLE:
        details["ending"] = ending
    if gaps:
        details["incomplete"] = list(gaps)


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


def add_arguments(details: Details, args: Sequence[Optional[str]]) -> None:
    """Give the arguments as the kernel wrote them, in hex."""
    for index, value in enumerate(args):
        _put(details, f"a{index}", value)


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
    for (key, name_key), identity in zip(IDENTITY_KEYS, identities):
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


def add_message(details: Details, message: Message) -> None:
    """Say what a program's message tells."""
    _put(details, "op", message.op)
    _put(details, "username", message.acct)
    _put(details, "remotehost", message.hostname)
    _put(details, "terminal", message.terminal)
    if message.addr is not None:
        details["sourceipaddress" if is_ip(message.addr) else "addr"] = message.addr


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
