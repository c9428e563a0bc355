"""Permissions and the system calls that they stand for."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.rules import Names, Rule, parse_rule
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS
from mig_audit.modules.audit.tables import syscall_number

_NOBODY: dict[str, int] = {}


def _rule(text: str, machine: str = "x86_64") -> Rule:
    return parse_rule(text, Names(_NOBODY.get, _NOBODY.get, lambda _path: False, machine)).rule


def _has(rule: Rule, name: str, machine: str = "x86_64") -> bool:
    return bool(rule.mask >> (syscall_number(machine, name) or 0) & 1)


def test_a_rule_with_arch_and_perm_is_for_the_calls_that_can_do_it() -> None:
    """The kernel need not look at any other."""
    rule = _rule("-a always,exit -F arch=b64 -F path=/etc/passwd -F perm=wa")
    assert _has(rule, "openat")
    assert _has(rule, "chmod")
    assert not _has(rule, "execve")
    assert not _has(rule, "getpid")


@pytest.mark.parametrize(
    "text",
    [
        "-a always,exit -F path=/etc/passwd -F perm=wa",
        "-a always,exit -F perm=wa -F arch=b64 -F path=/etc/passwd",
        "-w /etc/passwd -p wa",
        "-a always,exit -F arch=b64 -F path=/etc/passwd -p wa",
    ],
)
def test_other_rules_with_permissions_are_for_every_call(text: str) -> None:
    """arch has to come first, and -p never narrows; the kernel's answer is the same."""
    assert _rule(text).mask == ALL_SYSCALLS


def test_calls_that_are_named_stay_in_the_rule() -> None:
    """perm adds to -S."""
    rule = _rule("-a always,exit -F arch=b64 -S getpid -F perm=x")
    assert _has(rule, "getpid")
    assert _has(rule, "execve")


def test_the_last_p_counts() -> None:
    """-p replaces permissions, -F perm adds a condition."""
    assert _rule("-w /x -p r -p wa") == _rule("-w /x -p AW")
    assert len(_rule("-w /x -F perm=r").fields) == 3
