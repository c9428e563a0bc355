"""Regular expressions in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import FilterError
from mig_audit.modules.audit.events.filters.regex import LONGEST, Regex

_PIECES = ["a", "b", ".", "x", "/", r"\d", r"\w", r"\b", "^", "$", "[ab]", "[^a/]", "[0-9x]", r"\."]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    )


_PATTERNS = st.recursive(st.sampled_from(_PIECES), _grown, max_leaves=8)
_TEXTS = st.text(alphabet="abx/0. é", max_size=8)


@given(_PATTERNS, _TEXTS, st.booleans())
def test_the_answer_is_that_of_re(pattern: str, text: str, fold: bool) -> None:
    """Anywhere in the text, with and without regard to case."""
    pattern = f"(?i){pattern}" if fold else pattern

    assert Regex(pattern).search(text) == bool(re.search(pattern, text))


@given(_PATTERNS, _TEXTS)
def test_what_was_seen_to_match_can_match(pattern: str, text: str) -> None:
    """No expression that matches something is said never to."""
    regex = Regex(pattern)

    assert not regex.search(text) or regex.can_match()


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^/(opt|var/opt)/", "/var/opt/x", True),
        (r"^/(opt|var/opt)/", "/usr/opt/x", False),
        (r"(?i)^/OPT", "/opt", True),
        (r"\.(?:sh|py)$", "/opt/a.py", True),
        (r"\.(?:sh|py)$", "/opt/a.pyc", False),
        (r"a{3}", "aa", False),
        (r"a{2,}", "xaaa", True),
        (r"(?s).", "\n", True),
        (r".", "\n", False),
        (r"[^\d]", "7", False),
        (r"\S", " \u00a0", False),
        ("", "", True),
        (r"a\Bb", "ab", True),
        (r"\Ba", "ab", False),
    ],
)
def test_what_people_write_works(pattern: str, text: str, found: bool) -> None:
    """And gives what it gives elsewhere."""
    assert Regex(pattern).search(text) is found


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "a.*a.*a.*a.*b", "(.*)*x"])
def test_no_expression_keeps_the_machine_busy(pattern: str) -> None:
    """These would run for years, or days, in Python's own matcher; the test would end by its timeout."""
    assert not Regex(pattern).search("a" * LONGEST + "!")


def test_many_different_characters_do_not_fill_the_memory() -> None:
    """What is remembered is bounded, and forgetting it changes no answer."""
    regex = Regex("[a-c]x$")

    assert not regex.search("".join(map(chr, range(1, 60_000))).replace(chr(0xD800), ""))
    assert regex.search("bx")
    assert len(regex._next) <= 25_000


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        (r"(a)\1", "back-references"),
        ("(?=a)", "looking around"),
        ("(?<!a)b", "looking around"),
        ("(", "not understood"),
        ("a{5000}", "too long"),
        ("(?:a|b{500}){3}", "too long"),
        ("(?:a{100}){100}", "too long"),
        ("(?m)^a", "flags"),
        ("(?i:a)", "flags"),
    ],
)
def test_what_needs_more_is_refused(pattern: str, word: str) -> None:
    """With a reason."""
    with pytest.raises(FilterError, match=word):
        Regex(pattern)


@pytest.mark.parametrize(
    ("pattern", "first", "possible"),
    [
        ("^tmp", "/(", False),
        ("tmp", "/(", True),
        ("^/tmp", "/(", True),
        ("^[a-z]", "/(", False),
        ("x^a", "", False),
        ("$a", "", False),
        (r"\n", "", False),
        ("\x1b", "", False),
        ("[^\\x00-\\U0010ffff]", "", False),
        ("", "", True),
        ("^$", "", True),
        ("é", "", True),
    ],
)
def test_an_expression_that_no_text_matches_is_known(pattern: str, first: str, possible: bool) -> None:
    """Texts are printable, and some begin with a slash."""
    assert Regex(pattern).can_match(first) is possible
