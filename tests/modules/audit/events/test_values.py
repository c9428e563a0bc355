"""Raw values as an event has them."""

from __future__ import annotations

from typing import Optional

import pytest

from mig_audit.modules.audit.events.values import (
    marked_value,
    number_value,
    plain_value,
    result_value,
    rule_keys,
    string_value,
    title_words,
)


@pytest.mark.parametrize(
    ("raw", "value"), [(b"-2", -2), (b"42", 42), (b"4x", None), (b"0x2a", None), (b"", None), (None, None)]
)
def test_a_number_is_decimal(raw: Optional[bytes], value: Optional[int]) -> None:
    """Anything else is none."""
    assert number_value(raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [(b"yes", True), (b'"success"', True), (b"1", True), (b"no", False), (b"Failed", False), (b"x", None)],
)
def test_a_result_has_many_words(raw: bytes, value: Optional[bool]) -> None:
    """Those of the kernel, and those of the programs that send messages."""
    assert result_value(raw) is value


@pytest.mark.parametrize("raw", [None, b"(null)", b"(none)", b"?"])
def test_what_is_absent_has_no_value(raw: Optional[bytes]) -> None:
    """In each of the three ways, or because there is no such field."""
    assert (string_value(raw), plain_value(raw), title_words(raw), rule_keys(raw)) == (None, None, None, ())


def test_a_terminal_keeps_what_it_says_of_its_absence() -> None:
    """(none) is what the kernel writes for a process without one."""
    assert [marked_value(raw) for raw in (b"(none)", b"?", b"(null)")] == ["(none)", "?", None]


def test_only_strings_are_decoded_from_hex() -> None:
    """ABBA is a host's name where it cannot be hex."""
    assert (string_value(b"ABBA41"), plain_value(b"4142")) == (r"\xab\xbaA", "4142")


def test_quotes_are_no_part_of_a_value() -> None:
    """A lone one is."""
    assert [plain_value(raw) for raw in (b'"pts/0"', b'"')] == ["pts/0", '"']


def test_several_rules_may_have_matched() -> None:
    """Their keys are joined by 0x01, and in hex therefore."""
    assert (rule_keys(b"6574630161"), rule_keys(b'"etc"')) == (("etc", "a"), ("etc",))


def test_a_title_is_arguments_that_end_with_a_nul() -> None:
    """The kernel cuts long ones, and then the last NUL is gone."""
    assert title_words(b"6C73002D6C00") == title_words(b"6C73002D6C") == ("ls", "-l")
