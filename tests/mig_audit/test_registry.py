"""Modules by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from mig_audit.errors import UsageError
from mig_audit.registry import GROUP, find_module


def test_the_built_in_table_comes_first() -> None:
    """An installed module cannot take the place of audit."""
    thief = EntryPoint("audit", "os:system", GROUP)

    assert type(find_module("audit", [thief])).__name__ == "AuditModule"


def test_an_installed_module_is_found_by_its_name_alone() -> None:
    """The others are not imported."""
    wanted = EntryPoint("counter", "collections:Counter", GROUP)
    other = EntryPoint("broken", "no_such_package:Module", GROUP)

    assert type(find_module("counter", [other, wanted])).__name__ == "Counter"
    with pytest.raises(UsageError, match="known modules: audit, broken, counter"):
        find_module("nosuch", [other, wanted])


def test_an_unknown_module_is_a_usage_error() -> None:
    """In the words of MIG's agent, with the names that exist."""
    with pytest.raises(UsageError, match=r"module 'nosuch' is not available: known modules: audit"):
        find_module("nosuch", [])


def test_two_modules_of_one_name_are_refused() -> None:
    """Which of them to run as root is not a thing to guess."""
    points = [
        EntryPoint("x", "collections:Counter", GROUP),
        EntryPoint("x", "collections:OrderedDict", GROUP),
    ]

    with pytest.raises(UsageError, match="more than once"):
        find_module("x", points)
