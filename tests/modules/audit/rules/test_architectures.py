"""Which architecture a rule is for."""

from __future__ import annotations

import pytest

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import Names, parse_rule
from mig_audit.modules.audit.rules.architectures import missing_abis

_NOBODY: dict[str, int] = {}


def _names(machine: str) -> Names:
    return Names(_NOBODY.get, _NOBODY.get, lambda _path: False, machine)


def _arch(value: str, machine: str) -> int:
    return parse_rule(f"-a always,exit -F arch={value}", _names(machine)).rule.fields[0].value


@pytest.mark.parametrize(
    ("machine", "b64", "b32"),
    [
        ("x86_64", 0xC000003E, 0x40000003),
        ("aarch64", 0xC00000B7, 0x40000028),
        ("ppc64", 0x80000015, 0x14),
        ("s390x", 0x80000016, 0x16),
        ("riscv64", 0xC00000F3, 0x400000F3),
        ("ppc64le", 0xC0000015, None),
        ("i686", None, 0x40000003),
        ("armv7l", None, 0x40000028),
    ],
)
def test_b64_and_b32_are_those_of_the_machine(machine: str, b64: int | None, b32: int | None) -> None:
    """Where a machine has no programs of a width, a rule for them is an error."""
    for value, expected in (("b64", b64), ("b32", b32)):
        if expected is None:
            assert missing_abis(_names(machine)) == (value,)
            with pytest.raises(RuleError, match="has no"):
                _arch(value, machine)
        else:
            assert _arch(value, machine) == expected
            assert _arch(value.upper(), machine) == expected


@pytest.mark.parametrize("value", ["aarch64", "AArch64", "armv8l", "0xC00000B7", "c00000b7", "3221225655"])
def test_an_architecture_is_a_name_or_a_number(value: str) -> None:
    """On whatever machine; without 0x too, if it starts with a letter."""
    assert _arch(value, "x86_64") == 0xC00000B7
    assert _arch(value, "pdp11") == 0xC00000B7


@pytest.mark.parametrize("value", ["uring", "amd64", "40000003", "b16", "0", "-1", "c000003f", "é"])
def test_what_is_no_architecture_is_refused(value: str) -> None:
    """A number has to be one of a known architecture."""
    with pytest.raises(RuleError, match=r"architecture|number"):
        _arch(value, "x86_64")
