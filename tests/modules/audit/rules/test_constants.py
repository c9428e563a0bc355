"""The kernel's numbers under the kernel's names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.fields import OPERATORS
from mig_audit.modules.audit.rules.targets import ACTIONS
from mig_audit.modules.audit.tables import field_name

_LIBAUDIT: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[3] / "data" / "tables" / "tables-4.2.1.json").read_text("utf-8")
)
# The kernel's names that are not the fields' names in upper case.
_OTHER_NAMES = {
    "LOGINUID": "auid",
    "WATCH": "path",
    "ARG0": "a0",
    "ARG1": "a1",
    "ARG2": "a2",
    "ARG3": "a3",
    "FILTERKEY": "key",
}


def test_lists_and_actions_are_those_of_libaudit() -> None:
    """The names of the rule language have the kernel's numbers."""
    lists = {name: int(number) for number, name in _LIBAUDIT["flags"].items() if name}
    actions = {name: int(number) for number, name in _LIBAUDIT["actions"].items()}
    assert lists == c.FILTER_LISTS
    assert {name: number for name, number in actions.items() if name != "possible"} == ACTIONS


def test_operators_are_those_of_libaudit() -> None:
    """Each has the number that a rule carries."""
    assert {symbol: int(op, 16) for symbol, (op, _name) in _LIBAUDIT["ops"].items()} == OPERATORS


def test_every_field_has_its_constant() -> None:
    """No field is missing or has another field's number."""
    found = {}
    for name, number in vars(c).items():
        short = name[len("AUDIT_") :]
        field = _OTHER_NAMES.get(short, short.lower())
        if name.startswith("AUDIT_") and _LIBAUDIT["field_numbers"].get(field) is not None:
            assert field_name(number) == field
            found[field] = number
    assert found.keys() == set(_LIBAUDIT["fields"].values())
