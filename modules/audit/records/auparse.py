"""A record's fields as libauparse 3.0.9 has them, with all that it strips, leaves out, decodes and gets wrong.

Only the `audisp-json` format and the grouping that goes with it look at records in this way: what a program built on
that library printed can only be printed again by seeing what it saw. `fields.parse_fields` is how records are read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.tables import record_type_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.records.record import Record

USER_AVC, AVC = 1107, 1400
_AVC_TYPES = frozenset({USER_AVC, AVC})
_UNKNOWN_TYPE = -1
_PERMISSIONS_LIMIT = 256  # the library's buffer for what stands between { and }
_KEY_SEPARATOR = b"\x01"
_SEPARATOR = b"\x1d"
_END = re.compile(rb"[\n\0\x1d]")
_HEX = re.compile(rb"[0-9A-Fa-f]*")
_ENDINGS = b":,')"
_SPECIAL = frozenset({b"msg", b"key"})
_PRINTABLE = re.compile(rb"[!#-~]*")
_SHORTEST_HEX = 2
_TYPES_LIMIT = 1024
_numbers: dict[
    str, int
] = {}  # of the type names seen so far; bounded, so that a forged log cannot fill memory


class Fields:
    """The fields of one record, in order.

    Attributes:
        type: the record type's number, -1 where the library has none for its name.
        names: of the fields; the first is ``type``, or ``node`` and then ``type``.
        values: of the fields, raw; None for a key that could not be decoded.
        first: where in the lists the first field of each name is.
        broken: the library gave up on the record after these fields, and says so.
        enriched: what auditd appended after 0x1D.
    """

    __slots__ = ("broken", "enriched", "first", "names", "type", "values")

    def __init__(self, number: int) -> None:
        self.type = number
        self.names: list[bytes] = []
        self.values: list[Optional[bytes]] = []
        self.first: dict[bytes, int] = {}
        self.broken = False
        self.enriched: Optional[bytes] = None

    def append(self, name: bytes, value: Optional[bytes]) -> None:
        """Add a field; `close` is for when there is none to follow."""
        self.names.append(name)
        self.values.append(value)

    def close(self) -> None:
        """Remember where the first field of each name is."""
        last = len(self.names) - 1
        self.first = dict(zip(reversed(self.names), range(last, -1, -1)))


def type_number(name: str) -> int:
    """Return the number of a record type; -1 for a name that is none."""
    number = _numbers.get(name)
    if number is None:
        found = record_type_number(name)
        number = _UNKNOWN_TYPE if found is None else found
        if len(_numbers) < _TYPES_LIMIT:
            _numbers[name] = number
    return number


def read_fields(record: Record) -> Fields:
    """Return the fields of a record; never raises."""
    fields = Fields(type_number(record.type))
    if record.node:
        fields.append(b"node", record.node.encode())
    fields.append(b"type", record.type.encode())
    head = len(fields.names)
    body, fields.enriched = _cut(record)
    append_name, append_value = fields.names.append, fields.values.append
    words = iter(body.split(b" "))
    for word in words:
        name, equals, value = word.partition(b"=")
        if value:
            if value[-1] in _ENDINGS or name[:1] == b"(" or name in _SPECIAL:
                _add_unlike(fields, name, value)
            else:
                append_name(name)
                append_value(value)
        elif word and not equals and fields.type in _AVC_TYPES:
            fields.broken = not _add_avc_word(fields, word, words, head)
            if fields.broken:
                break
    fields.close()
    return fields


def is_broken(record: Record) -> bool:
    """Say whether the library gives up on a record: the list of permissions of an AVC is longer than its buffer."""
    if len(record.body) < _PERMISSIONS_LIMIT or type_number(record.type) not in _AVC_TYPES:
        return False
    return read_fields(record).broken


def unescape(text: bytes) -> Optional[bytes]:
    """Return what hex digits stand for, up to the first byte that is 0; None where there are fewer than two.

    Decoding ends before the first character that is no hex digit. Text in parentheses stands for itself.
    """
    if text[:1] == b"(":
        end = text.find(b")")
        return text[: end + 1] if end >= 0 else None
    match = _HEX.match(text)
    digits = match[0] if match else b""
    if len(digits) < _SHORTEST_HEX:
        return None
    # The half of a byte at an odd end is its upper half.
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii")).partition(b"\0")[0]


def _cut(record: Record) -> tuple[bytes, Optional[bytes]]:
    """Return the text that the library reads fields from, and what auditd appended to it.

    A newline ends a line for it, and a byte that is 0 a text: they stand only in a record that was restored from hex.
    """
    end = _END.search(record.body)
    if end is None:
        return record.body, record.enriched
    body = record.body[: end.start()]
    if end[0] != _SEPARATOR:
        return body, record.enriched
    return body, record.body[end.end() :] + _SEPARATOR + (record.enriched or b"")


def _add_unlike(fields: Fields, name: bytes, value: bytes) -> None:
    """Add a field that is not added as it is: punctuation around it is taken off, and names have their own rules."""
    if name == b"msg":
        # Of msg='op=x ... the first field begins after the quote; msg=audit(...) is none.
        if value[:1] == b"'":
            name, _, value = value[1:].partition(b"=")
        elif value[:1] == b"a":
            return
        if not value:
            return
    if name[:1] == b"(":
        name = name[1:]
    value = _strip(value)
    if name == b"key" and value[:1] not in {b"(", b'"'}:
        _add_keys(fields, value)
    else:
        fields.append(name, value)


def _strip(value: bytes) -> bytes:
    """Take off what may follow a value: each of these once, in this order."""
    for ending in (b":", b",", b"'"):
        value = value[:-1] if value.endswith(ending) else value
    if value.endswith(b")") and value not in {b"(none)", b"(null)"}:
        value = value[:-1]
    return value


def _add_keys(fields: Fields, value: bytes) -> None:
    """Add a field for each of the keys that hex stands for: quoted, or as hex again."""
    decoded = unescape(value)
    if decoded is None:
        fields.append(b"key", None)
        return
    for key in decoded.split(_KEY_SEPARATOR):
        if key:
            plain = _PRINTABLE.fullmatch(key)
            fields.append(b"key", b'"%b"' % key if plain else key.hex().upper().encode("ascii"))


def _add_avc_word(fields: Fields, word: bytes, words: Iterator[bytes], head: int) -> bool:
    """Add what has no name in ``avc:  denied  { read write } for``; return whether it could be read."""
    position = len(fields.names)
    if position == head:
        if not word.startswith(b"avc"):
            fields.append(b"seresult", word)
        return True
    if position != head + 1 or word[:1] != b"{":
        return True
    permissions: list[bytes] = []
    total = 0
    for permission in words:
        if permission[:1] == b"}":
            break
        if not permission:
            continue
        if len(permission) + 1 >= _PERMISSIONS_LIMIT - total:
            return False
        total += len(permission) + bool(permissions)
        permissions.append(permission)
    fields.append(b"seperms", b",".join(permissions))
    return True
