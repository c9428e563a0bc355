"""Strings that the index would refuse are cut, wherever they are."""

from __future__ import annotations

from typing import Any

from mig_audit.modules.audit.formats.mozdef_limits import TERM_LIMIT, cut

LONG = "x" * (TERM_LIMIT + 1)


def test_what_is_short_enough_stays() -> None:
    """And no key is named."""
    details: dict[str, Any] = {"a": "x" * TERM_LIMIT, "b": [1, "x"], "c": {"d": True}, "e": None}

    assert (list(cut(details)), details["a"]) == ([], "x" * TERM_LIMIT)


def test_every_string_that_is_too_long_is_cut_and_named() -> None:
    """A dot leads into objects, and into those of a list."""
    details: dict[str, Any] = {"a": LONG, "b": {"c": LONG}, "d": ["x", LONG], "e": [{"f": LONG}]}

    assert list(cut(details)) == ["a", "b.c", "d", "e.f"]
    assert details == {"a": LONG[:-1], "b": {"c": LONG[:-1]}, "d": ["x", LONG[:-1]], "e": [{"f": LONG[:-1]}]}


def test_no_character_is_cut_in_two() -> None:
    """The limit is one of bytes."""
    details = {"a": "x" + "é" * TERM_LIMIT}
    assert list(cut(details)) == ["a"]

    assert details["a"] == "x" + "é" * ((TERM_LIMIT - 1) // 2)
