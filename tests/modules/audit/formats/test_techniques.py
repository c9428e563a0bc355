"""Techniques in keys."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.formats.techniques import Technique, find_techniques


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (("T1059_exec",), [("T1059", None)]),
        (("T1059.004",), [("T1059", "T1059.004")]),
        (("T1059_004_shell",), [("T1059", "T1059.004")]),
        (("exec-T1059.004", "T1003"), [("T1059", "T1059.004"), ("T1003", None)]),
        (("T1059,T1003",), [("T1059", None), ("T1003", None)]),
        (("T1059_exec", "T1059_other"), [("T1059", None)]),
        (("T1059_20240101",), [("T1059", None)]),
        (("XT1059", "T10599", "T105", "t1059", "T1059a", "", "exec"), []),
    ],
)
def test_a_key_names_techniques(keys: tuple[str, ...], found: list[tuple[str, str]]) -> None:
    """Whole words only, each once."""
    assert find_techniques(keys) == tuple(Technique(*pair) for pair in found)
    assert [technique.id for technique in find_techniques(keys)] == [
        sub or technique for technique, sub in found
    ]
