"""Conditions that no event can meet."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.events.filters import parse_expression
from mig_audit.modules.audit.events.filters.contradictions import why_never


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("syscall = opn", "no system call opn"),
        ("syscall ~ '^Open'", "no such syscall"),
        ("type = SYSCAL", "no type 'SYSCAL'"),
        ("type ~ '^syscall'", "no such type"),
        ("category = exec", "no category 'exec'"),
        ("errno = ENOENTRY", "no errno"),
        ("arch = amd64", "no arch"),
        ("exe = true", "always an absolute path"),
        ("exe ~ '^tmp'", "no exe is like that"),
        ("cwd ^= tmp", "no cwd is like that"),
        ("comm ~ '\\n'", "no comm is like that"),
        ("pid = -1", "never negative"),
        ("pid < 0", "never negative"),
        ("exe = /a and exe = /b", "exe = '/a' and exe = '/b'"),
        ("exe = /a and exe ~ '^/tmp'", "exe"),
        ("exe ^= /a and exe ^= /b", "exe"),
        ("exe ^= /tmp/x and not exe ^= /tmp", "exe"),
        ("exe = /a and not exe", "exe"),
        ("exe in (/a, /b) and not exe in (/b, /a)", "exe"),
        ("pid > 5 and pid < 6", "pid"),
        ("pid = 5 and pid != 5", "pid"),
        ("success and not success", "success"),
        ("success and success = no", "success"),
        ("syscall = opn or (pid > 3 and pid < 2)", "no system call"),
        ("not (exe or not exe)", "exe"),
    ],
)
def test_a_contradiction_is_found(text: str, words: str) -> None:
    """With the reason."""
    assert words in why_never(parse_expression(text))


@pytest.mark.parametrize(
    "text",
    [
        "syscall = open",
        "syscall = 59 and syscall = execve",
        "syscall = connect",
        "type = 1300",
        "type = UNKNOWN[1423]",
        "category = landlock or category = user_tty",
        "category = user_tty",
        "arch = io_uring",
        "key = a and key = b",
        "path ^= /a and path ^= /b",
        "user = root and user = alice",
        "exe = '(deleted)'",
        "exe ~ tmp",
        "exe ^= /tmp and exe ^= /tmp/x and not exe ^= /tmp/y",
        "pid > 5 and pid < 7",
        "exit < 0",
        "exit = -1",
        "not success and not success = no",
        "not exe = /a and not exe = /b",
        "syscall = opn or pid",
        "success or not success",
        "address in 10.0.0.0/8 and address in 192.168.0.0/16",
    ],
)
def test_what_can_be_met_is_not_reported(text: str) -> None:
    """Some event has several keys and paths, and no exe at all."""
    assert why_never(parse_expression(text)) == ""


def test_a_condition_of_very_many_cases_is_given_the_benefit_of_the_doubt() -> None:
    """The work is bounded."""
    text = " and ".join(f"(pid = {n} or ppid = {n})" for n in range(40)) + " and syscall = opn"

    assert why_never(parse_expression(text)) == ""
