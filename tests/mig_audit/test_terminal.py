"""Colours are for terminals."""

from __future__ import annotations

import io
import os

import pytest

from mig_audit.terminal import lines_for_people, printable, shown_on, wants_colour


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_a_terminal_has_colours_unless_they_are_declined(
    environment: dict[str, str], *, wanted: bool
) -> None:
    """By NO_COLOR, or because it has none."""
    master, slave = os.openpty()
    with open(slave, "w", encoding="utf-8") as terminal, open(master, "rb"):  # noqa: PTH123 - descriptors
        assert wants_colour(terminal, environment) is wanted


def test_a_file_has_no_colours() -> None:
    """Whatever the terminal is that the program was started from."""
    assert not wants_colour(io.StringIO(), {"TERM": "xterm-256color"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a file named ü", "a file named ü"),
        ("a\nb\x1b[2J", r"a\nb\x1b[2J"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\udcff", r"\udcff"),
    ],
)
def test_a_line_for_people_is_one_line_of_text(text: str, shown: str) -> None:
    """Whatever names are in it."""
    assert printable(text) == shown


def test_what_is_one_line_stays_one() -> None:
    """Whatever is in it."""
    assert lines_for_people(["a\nb", "\x1bc"]) == "a\\nb\n\\x1bc\n"


def test_a_line_of_data_is_changed_on_a_terminal_alone() -> None:
    """What it is written to as a file has it as it is."""
    master, slave = os.openpty()
    with open(slave, "w", encoding="utf-8") as terminal, open(master, "rb"):  # noqa: PTH123 - descriptors
        assert shown_on(terminal, "-k \x1b[31m") == r"-k \x1b[31m"
    assert shown_on(io.StringIO(), "-k \x1b[31m") == "-k \x1b[31m"
