"""The packages of other people that a run imports, which are not there where it is run from a checkout alone."""

from __future__ import annotations

from importlib import util
from typing import TYPE_CHECKING, Callable

from mig_audit.errors import missing_package

if TYPE_CHECKING:
    from collections.abc import Mapping

FOR_EVERY_RUN = "no parameters can be read, and no run begun"
PACKAGES: Mapping[str, str] = {
    "jsonschema": FOR_EVERY_RUN,
    "psutil": FOR_EVERY_RUN,
    "requests": "nothing can be sent to an HTTP endpoint",
}
"""Each with what cannot be done without it."""


def missing_packages(find: Callable[[str], object] = util.find_spec) -> tuple[str, ...]:
    """Return those that are not installed for this Python; nothing is imported."""
    return tuple(name for name in PACKAGES if find(name) is None)


def require_packages(find: Callable[[str], object] = util.find_spec) -> None:
    """See that all are there that every run needs, before one begins: its result would be lost at its end.

    Raises:
        UsageError: one is missing.
    """
    for name in missing_packages(find):
        if PACKAGES[name] == FOR_EVERY_RUN:
            raise missing_package(name)
