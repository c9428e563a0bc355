"""What enrichment was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from mig_audit.errors import FilterError, ParametersError, Problem
from mig_audit.modules.audit.events.filters import parse_condition
from mig_audit.quantities import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events.filters.model import Condition


@dataclass(frozen=True)
class LabelRule:
    """One rule for labels.

    Attributes:
        label: the word.
        where: which events make it; the process of such an event has it from then on.
        remove: take it away instead.
        children: processes that are started later by one that has it have it too.
    """

    label: str
    where: Condition
    remove: bool
    children: bool


@dataclass(frozen=True)
class EnrichmentSettings:
    """What is to be added to events.

    Attributes:
        ancestors: how many of them an event names.
        cgroups: container and unit.
        environment: names of variables; one that ends with an asterisk stands for all that begin so.
        hash_size: hash programs of at most so many bytes; None for no hashes.
        labels: rules for labels, in order.
        trust: milliseconds for which a pid is taken to be the same process; None for what is certain.
    """

    ancestors: int = 8
    cgroups: bool = True
    environment: tuple[str, ...] = ()
    hash_size: Optional[int] = None
    labels: tuple[LabelRule, ...] = ()
    trust: Optional[int] = None


def parse_enrichment(given: Mapping[str, Any], path: str = "$.enrich") -> EnrichmentSettings:
    """Return the settings of a document of the schema's shape.

    Raises:
        ParametersError: a condition is not understood; the error has all problems.
    """
    hashes, trust = given.get("sha256", {}), given.get("trust_pids")
    return EnrichmentSettings(
        ancestors=given.get("ancestors", 8),
        cgroups=given.get("cgroups", True),
        environment=tuple(given.get("environment", ())),
        hash_size=parse_size(hashes.get("max_size", "64MiB")) if "sha256" in given else None,
        labels=_labels(given.get("labels", ()), f"{path}.labels"),
        trust=None if trust is None else round(parse_duration(trust) * 1000),
    )


def _labels(documents: Any, path: str) -> tuple[LabelRule, ...]:  # noqa: ANN401  # any JSON value
    problems: list[Problem] = []
    rules: list[LabelRule] = []
    for index, document in enumerate(documents):
        rule = _label(document, f"{path}[{index}]", problems)
        if rule is not None:
            rules.append(rule)
    if problems:
        raise ParametersError(problems)
    return tuple(rules)


def _label(document: Mapping[str, Any], path: str, problems: list[Problem]) -> Optional[LabelRule]:
    try:
        where = parse_condition(document["where"])
    except FilterError as error:
        problems.append(Problem(f"{path}.where", "filter", str(error)))
        return None
    return LabelRule(document["label"], where, document.get("remove", False), document.get("children", True))
