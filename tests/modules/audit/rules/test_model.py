"""A rule to and from the kernel's bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import Field, Rule
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS

_WORD = st.integers(0, 0xFFFFFFFF)
_OPS = st.sampled_from((c.AUDIT_EQUAL, c.AUDIT_NOT_EQUAL, c.AUDIT_BIT_MASK))
_TEXT_FIELD = st.builds(Field.of_text, st.sampled_from(sorted(c.TEXT_FIELDS)), _OPS, st.binary(max_size=300))
_NUMBER_FIELD = st.builds(Field, _WORD.filter(lambda code: code not in c.TEXT_FIELDS), _OPS, _WORD)
_RULES = st.builds(
    Rule,
    _WORD.map(lambda flags: flags & ~c.AUDIT_FILTER_PREPEND),
    _WORD,
    st.booleans(),
    st.integers(0, ALL_SYSCALLS),
    st.lists(st.one_of(_TEXT_FIELD, _NUMBER_FIELD), max_size=c.AUDIT_MAX_FIELDS).map(tuple),
)
_RULE = Rule(
    c.AUDIT_FILTER_EXIT,
    c.AUDIT_ALWAYS,
    prepend=True,
    mask=1 << 59 | 1 << 2047,
    fields=(
        Field(c.AUDIT_ARCH, c.AUDIT_EQUAL, 0xC000003E),
        Field.of_text(c.AUDIT_FILTERKEY, c.AUDIT_EQUAL, b"one\x01two"),
    ),
)


@given(_RULES)
def test_every_rule_survives_its_bytes(rule: Rule) -> None:
    """Nothing that a rule can hold is lost in the bytes, padding changes nothing."""
    packed = rule.pack()
    assert Rule.unpack(packed) == rule
    assert Rule.unpack(packed + b"\0" * (-len(packed) % 4)) == rule


@given(_RULES, st.data())
def test_damaged_bytes_are_refused_or_kept_exactly(rule: Rule, data: st.DataObject) -> None:
    """What is unpacked can always be packed to the same bytes: no damage is smoothed over."""
    damaged = bytearray(rule.pack())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    del damaged[len(damaged) - data.draw(st.integers(0, 9)) :]
    try:
        unpacked = Rule.unpack(bytes(damaged))
    except RuleError:
        return
    assert bytes(damaged).rstrip(b"\0") == unpacked.pack().rstrip(b"\0")


def test_the_layout_is_struct_audit_rule_data() -> None:
    """Flags, action, count, mask, fields, values, operators, length, strings; in the host's byte order."""
    packed = _RULE.pack()
    assert len(packed) == 1040 + 7
    assert struct.unpack_from("=III", packed) == (c.AUDIT_FILTER_EXIT | c.AUDIT_FILTER_PREPEND, 2, 2)
    mask = struct.unpack_from("=64I", packed, 12)
    assert (mask[1], mask[63], sum(map(bool, mask))) == (1 << 27, 1 << 31, 2)
    assert struct.unpack_from("=III", packed, 12 + 256) == (c.AUDIT_ARCH, c.AUDIT_FILTERKEY, 0)
    assert struct.unpack_from("=III", packed, 12 + 512) == (0xC000003E, 7, 0)
    assert struct.unpack_from("=III", packed, 12 + 768) == (c.AUDIT_EQUAL, c.AUDIT_EQUAL, 0)
    assert struct.unpack_from("=I", packed, 1036) == (7,)
    assert packed[1040:] == b"one\x01two"


def test_a_deletion_has_no_prepend_bit() -> None:
    """The kernel does not find a rule by bytes that have it."""
    assert Rule.unpack(_RULE.deletion()).prepend is False
    assert _RULE.deletion()[1:] == _RULE.pack()[1:]


def test_keys_are_separated_by_the_byte_one() -> None:
    """A key that is not UTF-8 is still a key."""
    assert _RULE.keys == ("one", "two")
    assert Rule(4, 2, prepend=False, mask=0, fields=()).keys == ()
    odd = Field.of_text(c.AUDIT_FILTERKEY, c.AUDIT_EQUAL, b"\xff")
    assert Rule(4, 2, prepend=False, mask=0, fields=(odd,)).keys == ("\udcff",)


def _with(offset: int, value: int) -> bytes:
    packed = bytearray(_RULE.pack())
    struct.pack_into("=I", packed, offset, value)
    return bytes(packed)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        _RULE.pack()[:1039],
        _RULE.pack()[:-1],
        _RULE.pack() + b"x",
        _RULE.pack() + b"\0" * 4,
        _with(8, 65),
        _with(8, 1),
        _with(12 + 512 + 4, 8),
        _with(12 + 512 + 4, 6),
        _with(1036, 8),
    ],
)
def test_bytes_that_are_no_rule_are_refused(payload: bytes) -> None:
    """Too short, too long, too many fields, or strings that do not add up."""
    with pytest.raises(RuleError):
        Rule.unpack(payload)


@pytest.mark.parametrize(
    ("filter_list", "mask", "fields"),
    [
        (4, 0, (Field(0, 0, 0),) * 65),
        (4, ALL_SYSCALLS + 1, ()),
        (4, -1, ()),
        (0x14, 0, ()),
        (-1, 0, ()),
        (4, 0, (Field(c.AUDIT_UID, c.AUDIT_EQUAL, 1 << 32),)),
        (4, 0, (Field(c.AUDIT_UID, c.AUDIT_EQUAL, -1),)),
        (4, 0, (Field(c.AUDIT_UID, c.AUDIT_EQUAL, 1, b"x"),)),
        (4, 0, (Field(c.AUDIT_EXE, c.AUDIT_EQUAL, 2, b"x"),)),
    ],
)
def test_a_rule_that_has_no_bytes_cannot_be_made(
    filter_list: int, mask: int, fields: tuple[Field, ...]
) -> None:
    """A mistake is found where it is made, not where the rule is sent."""
    with pytest.raises(RuleError):
        Rule(filter_list, c.AUDIT_ALWAYS, prepend=False, mask=mask, fields=fields)


def test_rules_can_be_compared_and_kept_in_sets() -> None:
    """A rule is its content."""
    assert {_RULE, Rule.unpack(_RULE.pack())} == {_RULE}
