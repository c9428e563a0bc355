"""The events of libaudit-go (github.com/mozilla/libaudit-go), as MIG's audit module handed them on.

``Serial``, ``Timestamp``, ``Type``, ``Data`` and ``Raw``, all text, ``Data`` a flat map of interpreted values. As
there, the last record that has a field of some name gives it its value; what libaudit-go then forgot is kept under the
name ``TYPE.field``, or ``TYPE[n].field`` where an event has several records of the type. Mended besides: ``Type`` is
the first record's and not always EOE, ``Raw`` has all records, and no value makes an event disappear.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.formats.jsontext import joined, quoted, to_ascii_json
from mig_audit.modules.audit.formats.libaudit_go_data import Fields, ManyFields
from mig_audit.modules.audit.formats.rawtext import raw_text
from mig_audit.modules.audit.records import decode_sockaddr, parse_fields, printable, printable_value
from mig_audit.modules.audit.records.decoding import is_encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events import Event, Names, Origin

_USER_FIELDS = frozenset(
    ["auid", "uid", "euid", "suid", "fsuid", "ouid", "oauid", "inode_uid", "sauid", "iuid", "id", "old-auid"]
)
_GROUP_FIELDS = frozenset(["gid", "egid", "sgid", "fsgid", "ogid", "inode_gid", "igid"])
_MANY = 20_000
_CALL_TYPES = frozenset({"SYSCALL", "SECCOMP", "ANOM_ABEND"})


class LibauditGoFormat:
    """Encodes events as libaudit-go's AuditEvent.

    Args:
        origin: the host that the records are from, whose users and groups get their names.
    """

    name = "libaudit-go"
    media_type = "application/json"

    def __init__(self, origin: Origin, many: int = _MANY) -> None:
        """``many`` is how many fields an event has that is not held as a whole a second time."""
        self._names = origin.names
        self._many = many

    def encode(self, event: Event) -> bytes:
        """Return one JSON object."""
        stamp = f"{event.seconds}.{event.milliseconds:03}"
        head = {"Serial": str(event.serial), "Timestamp": stamp, "Type": event.types[0]}
        return joined(
            chain(
                (to_ascii_json(head)[:-1], b',"Data":'),
                self._data(event),
                (b',"Raw":"',),
                _raw(event, stamp),
                (b'"}',),
            )
        )

    def _data(self, event: Event) -> Iterator[bytes]:
        number = sum(record.body.count(b"=") for record in event.records)
        names = (name for record in event.records for name, _ in parse_fields(record.body))
        data = Fields() if number < self._many else ManyFields(names, number)
        for label, kind, pairs in _labelled(event):
            for name, raw in pairs:
                data.add(name, _interpret(event, self._names, kind, name, raw), label)
        return data.parts()


def _raw(event: Event, stamp: str) -> Iterator[bytes]:
    """Give all records with a newline between them, as JSON without the quotes around it."""
    newline = ""
    for record in event.records:
        yield quoted(f"{newline}type={record.type} msg=audit({stamp}:{event.serial}): {raw_text(record)}")[
            1:-1
        ].encode("ascii")
        newline = "\n"


def _labelled(event: Event) -> Iterator[tuple[str, str, list[tuple[str, bytes]]]]:
    """Give each record's label, type and fields."""
    many = Counter(event.types)
    seen: Counter[str] = Counter()
    for record in event.records:
        label = f"{record.type}[{seen[record.type]}]" if many[record.type] > 1 else record.type
        seen[record.type] += 1
        yield label, record.type, parse_fields(record.body)


def _interpret(event: Event, names: Names, kind: str, name: str, raw: bytes) -> str:
    """Return a value in words where there are any."""
    syscall = event.syscall
    words: Optional[str] = None
    if kind in _CALL_TYPES and syscall is not None and name in {"arch", "syscall"}:
        words = syscall.arch_name if name == "arch" else syscall.name
    elif name == "saddr":
        words = decode_sockaddr(raw).text
    elif name == "proctitle":
        words = printable_value(raw).replace(r"\x00", " ")
    elif name in _USER_FIELDS or name in _GROUP_FIELDS:
        words = _owner(event, names, name, raw)
    if words is not None:
        return words
    if is_encoded(name) or (kind == "EXECVE" and name[:1] == "a" and name[1:2].isdigit()):
        return printable_value(raw)
    quoted = raw[:1] == b'"' and raw[-1:] == b'"' and len(raw) > 1
    return printable(raw[1:-1] if quoted else raw)


def _owner(event: Event, names: Names, name: str, raw: bytes) -> Optional[str]:
    identity = getattr(event.identities, name, None)
    if identity is not None and raw == str(identity.number).encode():
        known: Optional[str] = identity.name
        return known
    if not raw.isdigit() or len(raw) > 10:  # noqa: PLR2004 - the digits of 32 bits
        return None
    return names.user(int(raw)) if name in _USER_FIELDS else names.group(int(raw))
