"""A rule as the kernel has it: ``struct audit_rule_data`` of linux/audit.h, to and from bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules.constants import (
    AUDIT_BITMASK_SIZE,
    AUDIT_FILTER_PREPEND,
    AUDIT_FILTERKEY,
    AUDIT_KEY_SEPARATOR,
    AUDIT_MAX_FIELDS,
    TEXT_FIELDS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# flags, action, field_count, mask, fields, values, fieldflags, buflen; in the host's byte order
_HEAD = struct.Struct(f"=III{AUDIT_BITMASK_SIZE}I{AUDIT_MAX_FIELDS}I{AUDIT_MAX_FIELDS}I{AUDIT_MAX_FIELDS}II")
_WORD_BITS = 32
_WORD = 0xFFFFFFFF
_PADDING = 3  # netlink messages are padded to 4 bytes

SYSCALLS = AUDIT_BITMASK_SIZE * _WORD_BITS
"""How many system calls a rule can tell apart."""

ALL_SYSCALLS = (1 << SYSCALLS) - 1
"""The mask of a rule for every system call."""


@dataclass(frozen=True)
class Field:
    """One condition: what (AUDIT_* field), how (AUDIT_EQUAL and so on), with which value.

    ``value`` is 32 bits wide, negative numbers as two's complement. A string field has its bytes in ``text``, without
    a NUL, and their number in ``value``.
    """

    code: int
    op: int
    value: int
    text: Optional[bytes] = None

    @classmethod
    def of_text(cls, code: int, op: int, text: bytes) -> Field:
        """Return a condition on a string."""
        return cls(code, op, len(text), text)


@dataclass(frozen=True)
class Rule:
    """One rule of the kernel.

    ``filter_list`` is AUDIT_FILTER_*, ``action`` AUDIT_NEVER or AUDIT_ALWAYS; ``prepend`` asks for the head of the
    list. ``mask`` has bit n set for system call n. Fields are in the order in which the kernel evaluates them.
    """

    filter_list: int
    action: int
    prepend: bool
    mask: int
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        """Check what the bytes could not carry.

        Raises:
            RuleError: too many fields, a number that does not fit, or a string that contradicts its field.
        """
        if len(self.fields) > AUDIT_MAX_FIELDS:
            raise RuleError(f"a rule has at most {AUDIT_MAX_FIELDS} fields, this one {len(self.fields)}")
        if not 0 <= self.mask <= ALL_SYSCALLS or self.filter_list & AUDIT_FILTER_PREPEND:
            raise RuleError(f"no list or system calls that a rule could have: {self.filter_list}")
        for number in (self.filter_list, self.action, *_numbers(self.fields)):
            if not 0 <= number <= _WORD:
                raise RuleError(f"{number} does not fit into the 32 bits that a rule has for it")
        for field in self.fields:
            if field.value != len(field.text or b"") if field.code in TEXT_FIELDS else field.text is not None:
                raise RuleError(f"field {field.code} of a rule has a string and a value that differ")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the rule, in order; bytes that are not UTF-8 are surrogate escapes."""
        texts = (field.text for field in self.fields if field.code == AUDIT_FILTERKEY)
        keys = (key for text in texts if text for key in text.split(AUDIT_KEY_SEPARATOR))
        return tuple(key.decode("utf-8", "surrogateescape") for key in keys)

    def pack(self) -> bytes:
        """Return the bytes for AUDIT_ADD_RULE: 1040 of ``struct audit_rule_data`` and the strings, not padded."""
        strings = b"".join(field.text for field in self.fields if field.text is not None)
        return (
            _HEAD.pack(
                self.filter_list | (AUDIT_FILTER_PREPEND if self.prepend else 0),
                self.action,
                len(self.fields),
                *((self.mask >> shift) & _WORD for shift in range(0, SYSCALLS, _WORD_BITS)),
                *_slots(field.code for field in self.fields),
                *_slots(field.value for field in self.fields),
                *_slots(field.op for field in self.fields),
                len(strings),
            )
            + strings
        )

    def deletion(self) -> bytes:
        """Return the bytes for AUDIT_DEL_RULE: the kernel finds a rule only without the prepend bit."""
        return replace(self, prepend=False).pack()

    @classmethod
    def unpack(cls, payload: bytes) -> Rule:
        """Return the rule of an AUDIT_LIST_RULES message, padded or not.

        What is returned packs to the same bytes again, less the padding.

        Raises:
            RuleError: the bytes are no rule.
        """
        if len(payload) < _HEAD.size:
            raise RuleError(f"a rule is at least {_HEAD.size} bytes long, not {len(payload)}")
        flags, action, count, *numbers, length = _HEAD.unpack_from(payload)
        mask = sum(word << (_WORD_BITS * index) for index, word in enumerate(numbers[:AUDIT_BITMASK_SIZE]))
        codes, values, ops = (
            numbers[start : start + AUDIT_MAX_FIELDS]
            for start in range(AUDIT_BITMASK_SIZE, len(numbers), AUDIT_MAX_FIELDS)
        )
        if count > AUDIT_MAX_FIELDS or any(any(slots[count:]) for slots in (codes, values, ops)):
            raise RuleError(f"a rule of {count} fields has something where no field is")
        strings = payload[_HEAD.size : _HEAD.size + length]
        padding = payload[_HEAD.size + length :]
        if len(strings) < length or len(padding) > _PADDING or any(padding):
            raise RuleError(f"the strings of a rule are not the {length} bytes that it says")
        fields = _fields(codes[:count], ops[:count], values[:count], strings)
        prepend = bool(flags & AUDIT_FILTER_PREPEND)
        return cls(flags & ~AUDIT_FILTER_PREPEND, action, prepend, mask, fields)


def _numbers(fields: Iterable[Field]) -> Iterable[int]:
    return (number for field in fields for number in (field.code, field.op, field.value))


def _slots(numbers: Iterable[int]) -> list[int]:
    used = list(numbers)
    return used + [0] * (AUDIT_MAX_FIELDS - len(used))


def _fields(
    codes: Sequence[int], ops: Sequence[int], values: Sequence[int], strings: bytes
) -> tuple[Field, ...]:
    fields = []
    start = 0
    for code, op, value in zip(codes, ops, values):
        if code not in TEXT_FIELDS:
            fields.append(Field(code, op, value))
            continue
        text = strings[start : start + value]
        if len(text) < value:
            raise RuleError(
                f"field {code} of a rule says that its string is {value} bytes long; it ends early"
            )
        fields.append(Field(code, op, value, text))
        start += value
    if start < len(strings):
        raise RuleError(f"{len(strings) - start} bytes after a rule belong to none of its fields")
    return tuple(fields)
