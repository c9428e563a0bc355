"""A record's fields are those that libauparse has."""

from __future__ import annotations

from typing import Optional

import libauparse
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.records import parse_line
from mig_audit.modules.audit.records.auparse import is_broken, read_fields, type_number, unescape

_WHY_NOT = libauparse.missing()


def _fields(body: bytes, kind: bytes = b"PATH", node: bytes = b"") -> list[tuple[bytes, Optional[bytes]]]:
    """Return names and values after those of the head."""
    fields = read_fields(parse_line(node + b"type=%b msg=audit(1.000:1): %b" % (kind, body)))
    head = 2 if node else 1
    return list(zip(fields.names, fields.values))[head:]


def test_a_record_begins_with_its_type() -> None:
    """Or with the node, where the log names one."""
    record = parse_line(b"node=h type=PATH msg=audit(1.000:1): item=0")

    assert list(zip(*(read_fields(record).names, read_fields(record).values))) == [
        (b"node", b"h"),
        (b"type", b"PATH"),
        (b"item", b"0"),
    ]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"a=1  b=2 ", [(b"a", b"1"), (b"b", b"2")]),
        (b"a= b=2", [(b"b", b"2")]),
        (b"words without names", []),
        (b"=5", [(b"", b"5")]),
        (b"a=b=c", [(b"a", b"b=c")]),
        (b'name="a b"', [(b"name", b'"a')]),
        (b"(a=1 b=2) c=3,", [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]),
        (b"a=1:,') b=1)',:", [(b"a", b"1:,'"), (b"b", b"1")]),
        (
            b"a=(none) b=(null) c=(none)) d=)",
            [(b"a", b"(none)"), (b"b", b"(null)"), (b"c", b"(none)"), (b"d", b"")],
        ),
        (b"msg='op=x acct=\"y\" res=failed'", [(b"op", b"x"), (b"acct", b'"y"'), (b"res", b"failed")]),
        (b"msg='words a=1 msg=audit(7) msg=text", [(b"a", b"1"), (b"msg", b"text")]),
        (b"msg= msg='= msg='x", []),
        (b"a=1\x1dA=2", [(b"a", b"1")]),
        (b"a=1\nb=2\0c=3", [(b"a", b"1")]),
    ],
)
def test_fields_are_words_with_a_name(body: bytes, fields: libauparse.Seen) -> None:
    """Punctuation around them is taken off, each kind once."""
    assert _fields(body) == fields


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        (b'"k"', [b'"k"']),
        (b"(null)", [b"(null)"]),
        (b"6162", [b'"ab"']),
        (b"6101620163", [b'"a"', b'"b"', b'"c"']),
        (b"6120", [b"6120"]),
        (b"612201FF", [b"6122", b"FF"]),
        (b"616", [b'"a`"']),
        (b"6100620163", [b'"a"']),
        (b"61zz", [b'"a"']),
        (b"6", [None]),
        (b"zz", [None]),
        (b",", [None]),
        (b"01", []),
    ],
)
def test_a_key_in_hex_is_every_key_it_stands_for(value: bytes, keys: list[bytes]) -> None:
    """Quoted, or in hex again; the first one is what a search finds."""
    assert _fields(b"key=" + value) == [(b"key", key) for key in keys]


def test_a_denial_of_selinux_has_names_for_what_it_leaves_without() -> None:
    """As in libauparse; other records have no such words."""
    body = b'avc:  denied  { read write } for  pid=1 comm="x"'

    assert _fields(body, b"AVC") == [
        (b"seresult", b"denied"),
        (b"seperms", b"read,write"),
        (b"pid", b"1"),
        (b"comm", b'"x"'),
    ]
    assert _fields(body, b"USER_AVC", b"node=h ") == _fields(body, b"AVC")
    assert _fields(body, b"PATH") == [(b"pid", b"1"), (b"comm", b'"x"')]
    assert _fields(b"avc: denied { read", b"AVC") == [(b"seresult", b"denied"), (b"seperms", b"read")]


def test_too_many_permissions_break_a_record() -> None:
    """It has the fields before them, and no others."""
    record = parse_line(b"type=AVC msg=audit(1.000:1): avc: denied { %b} for pid=1" % (b"read " * 60))

    assert is_broken(record)
    assert read_fields(record).names == [b"type", b"seresult"]
    assert not is_broken(record._replace(type="PATH"))


def test_types_have_numbers() -> None:
    """-1 where there is none; one of a newer library is what the older one calls unknown."""
    assert [type_number(name) for name in ("PATH", "UNKNOWN[1399]", "NOSUCHTYPE")] == [1302, 1399, -1]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (b"2F62", b"/b"),
        (b"2f6", b"/`"),
        (b"2F0062", b"/"),
        (b"00", b""),
        (b"2F/", b"/"),
        (b"2", None),
        (b"", None),
        (b"xy", None),
        (b"(null)", b"(null)"),
        (b"(null)x", b"(null)"),
        (b"(null", None),
    ],
)
def test_hex_is_decoded_as_far_as_it_goes(text: bytes, meaning: bytes) -> None:
    """Up to a byte that is 0, in twos, half a byte counting as the upper half."""
    assert unescape(text) == meaning


_WORDS = st.sampled_from(
    b'a=1 a= =1 (b=2 c=3, d=(none) e=(null) f=x) g="h h=a:,\') key=6162 key="k" key=6101620163 key=, key=(null)'
    b" key=zz msg='op=y msg=audit(1) msg=text msg='x avc: denied { } {x= } read write 'q=1' t==".split(b" ")
)
_RECORDS = st.tuples(
    st.sampled_from([b"AVC", b"USER_AVC", b"PATH", b"SYSCALL", b"USER_LOGIN"]),
    st.lists(st.one_of(_WORDS, st.binary(max_size=8)), max_size=12).map(b" ".join),
).filter(lambda record: not set(record[1]) & set(b"\n\0"))


@given(body=st.binary(max_size=300))
def test_no_text_is_too_odd(body: bytes) -> None:
    """Reading fields never raises, and each name is where `first` says."""
    fields = read_fields(parse_line(b"type=AVC msg=audit(1.000:1): x")._replace(body=body))

    assert all(fields.names.index(name) == place for name, place in fields.first.items())


@pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT)
@given(_RECORDS)
@settings(deadline=None, max_examples=300)
def test_libauparse_has_the_same_fields(record: tuple[bytes, bytes]) -> None:
    """Of records of any shape."""
    line = b"type=%b msg=audit(1.000:1): %b" % record
    read = read_fields(parse_line(line))
    theirs = libauparse.events([line])

    assert theirs == ([] if read.broken else [[list(zip(read.names, read.values))]])
