"""Encoded values are decoded; any bytes become text that is safe to print and that tells the bytes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mig_audit.modules.audit.records import Absent, decode, printable, printable_value, unprintable
from mig_audit.modules.audit.records.decoding import is_encoded

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSEEN = "\u00ad\u180e\u200b\u2060\u2064\u206a\u206f\ufff9\ufffb\U000e0001\U000e0041\U000e007f"
_TRICKY = st.lists(
    st.sampled_from(
        [
            b"\\",
            b"x",
            b"5",
            b"c",
            b"\\x5c",
            b"\xc2",
            b"\x80",
            b"\xff",
            b"\xe2\x80\xae",
            b"\n",
            b"A",
            "é".encode(),
        ]
    ),
    max_size=12,
).map(b"".join)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'"/tmp/x"', b"/tmp/x"),
        (b'""', b""),
        (b"2F746D702F7820", b"/tmp/x "),
        (b"(null)", Absent.NULL),
        (b"(none)", Absent.NONE),
        (b"?", Absent.UNKNOWN),
        (b'"(null)"', b"(null)"),
        (b'"?"', b"?"),
        (b"pts0", b"pts0"),
        (b"2f74", b"2f74"),
        (b"2F7", b"2F7"),
        (b"", b""),
        (b'"', b'"'),
        (b'"x', b'"x'),
    ],
)
def test_a_string_field_means_its_bytes(raw: bytes, value: bytes | Absent) -> None:
    """Quotes go, upper-case hex is decoded, the three ways to be absent stay apart, anything else stays."""
    assert decode(raw) == value


@pytest.mark.parametrize(
    "name", ["comm", "exe", "name", "cwd", "proctitle", "key", "acct", "cmd", "data", "path"]
)
def test_the_fields_that_the_kernel_encodes_are_known(name: str) -> None:
    """Only known fields are decoded: a bare word may look like hex."""
    assert is_encoded(name)


@pytest.mark.parametrize("name", ["pid", "a0", "addr", "op", "saddr", "inode"])
def test_other_fields_are_not_decoded(name: str) -> None:
    """An inode number is no string."""
    assert not is_encoded(name)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain text", "plain text"),
        ("grüße 日本 🙂".encode(), "grüße 日本 🙂"),
        (b"a\x1b[2Jb", r"a\x1b[2Jb"),
        (b"a\nb\x7f", r"a\x0ab\x7f"),
        (b"\xff\xfe", r"\xff\xfe"),
        ("\x85".encode(), r"\xc2\x85"),
        ("\u202e".encode(), r"\xe2\x80\xae"),
        ("\u2028\ufeff".encode(), r"\xe2\x80\xa8\xef\xbb\xbf"),
        ("ls\u200b".encode(), r"ls\xe2\x80\x8b"),
        ("👩\u200d🚀".encode(), "👩\u200d🚀"),
        (rb"C:\xyz", r"C:\xyz"),
        (rb"\x41", r"\x5cx41"),
        (rb"\xAF", r"\x5cxAF"),
        (rb"\\x41", r"\\x5cx41"),
        (b"\xed\xa0\x80", r"\xed\xa0\x80"),
    ],
)
def test_text_is_shown_as_it_is_where_that_is_safe(raw: bytes, text: str) -> None:
    """Control, bidi, line-breaking and unseen characters and invalid UTF-8 are written as bytes, backslashes only if needed."""
    assert printable(raw) == text


@given(st.one_of(st.binary(), _TRICKY))
@example(b"\\x5cx41")
@example(b"\\\x01")
def test_printable_text_tells_the_bytes(raw: bytes) -> None:
    """`unprintable` is the exact inverse for all bytes."""
    assert unprintable(printable(raw)) == raw


@given(_TRICKY, _TRICKY)
def test_different_bytes_give_different_text(first: bytes, second: bytes) -> None:
    """Nobody can make one name look exactly like another."""
    assert (printable(first) == printable(second)) == (first == second)


@given(st.one_of(st.binary(), st.text().map(str.encode), _TRICKY))
def test_printable_text_is_safe(raw: bytes) -> None:
    """No control character, nothing that reorders or breaks text, and it can be encoded."""
    text = printable(raw)

    assert text.encode("utf-8").decode("utf-8") == text
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)
    assert not set(text) & {*_BIDI, *_UNSEEN, "\ufeff"}


def test_each_unsafe_character_is_written_as_bytes_wherever_it_stands() -> None:
    """Alone, among what is safe, and in a script."""
    controls = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
    for character in (*controls, *_BIDI, *_UNSEEN, "\u2028", "\u2029", "\ufeff"):
        escaped = "".join(f"\\x{byte:02x}" for byte in character.encode())
        assert printable(character.encode()) == escaped
        for text in ("é{}日", "if true\n\tthen {}\n"):
            shown = text.replace("\n", "\\x0a").replace("\t", "\\x09")
            assert printable(text.format(character).encode()) == shown.format(escaped)


def test_what_is_absent_reads_as_the_record_has_it() -> None:
    """A reader sees (null) where the kernel wrote it."""
    assert [printable_value(raw) for raw in (b"(null)", b"?", b'"x"', b"6120FF")] == [
        "(null)",
        "?",
        "x",
        r"a \xff",
    ]
