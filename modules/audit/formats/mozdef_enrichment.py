"""MozDef's events: what enrichment adds to the details. ``parentprocess`` is audisp-json's; the others are our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mig_audit.modules.audit.events.enrichment import Ancestor, Enrichment, Place
    from mig_audit.modules.audit.formats.mozdef_details import Details


def add_enrichment(details: Details, enrichment: Enrichment) -> None:
    """Add what is known, and what could not be told."""
    parent = enrichment.parent
    if parent is not None:
        _put(details, "parentprocess", parent.comm)
        _put(details, "parentexe", parent.exe)
        _put(details, "parentcommand", parent.command)
    if enrichment.ancestors:
        details["ancestors"] = [_ancestor(ancestor) for ancestor in enrichment.ancestors]
    if enrichment.place is not None:
        _add_place(details, enrichment.place)
    _put(details, "script", enrichment.script)
    if enrichment.environment:
        details["environment"] = _variables(enrichment.environment)
    _put(details, "sha256", enrichment.sha256)
    if enrichment.labels:
        details["labels"] = list(enrichment.labels)
    if enrichment.presumed:
        details["presumed"] = list(enrichment.presumed)
    if enrichment.gaps:
        details["unknown"] = [f"{gap.what}: {gap.why}" for gap in enrichment.gaps]


def _variables(environment: Iterable[tuple[str, str]]) -> dict[str, Union[str, list[str]]]:
    """Return variables by name; one that is there several times has all its values, since programs differ in which counts.

    An index takes a dot in a name for the way into an object: beside `LD_X`, `LD_X.y` would make it refuse the event.
    """
    values: dict[str, list[str]] = {}
    for name, value in environment:
        values.setdefault(name.replace(".", "\\x2e"), []).append(value)
    return {name: given if len(given) > 1 else given[0] for name, given in values.items()}


def _ancestor(ancestor: Ancestor) -> dict[str, str]:
    values = {"pid": str(ancestor.pid), "source": ancestor.source}
    _put(values, "process", ancestor.exe)
    _put(values, "processname", ancestor.comm)
    _put(values, "command", ancestor.command)
    return values


def _add_place(details: Details, place: Place) -> None:
    _put(details, "container", place.container)
    _put(details, "containerruntime", place.runtime)
    _put(details, "unit", place.unit)
    _put(details, "cgroup", place.cgroup)
    details["cgroupsource"] = place.source


def _put(values: Details, key: str, value: object) -> None:
    if value is not None:
        values[key] = value
