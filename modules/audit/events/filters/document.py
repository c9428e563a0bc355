"""The filters of a parameters document; every problem of all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, cast

from mig_audit.errors import FilterError, ParametersError, Problem
from mig_audit.modules.audit.events.filters.contradictions import why_never
from mig_audit.modules.audit.events.filters.expression import parse_expression
from mig_audit.modules.audit.events.filters.foreign import (
    GO_AUDIT,
    PAUDITD,
    Element,
    ForeignList,
    parse_elements,
    read_elements,
)
from mig_audit.modules.audit.events.filters.leaves import IN, OPERATORS, field_named, make_leaf
from mig_audit.modules.audit.events.filters.model import ALWAYS, Every, Opposite, Some
from mig_audit.modules.audit.events.filters.stages import Cap, Choice, Filters, Sample
from mig_audit.quantities import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mig_audit.modules.audit.events.filters.fields import Field
    from mig_audit.modules.audit.events.filters.model import Condition
    from mig_audit.modules.audit.events.filters.stages import Stage

KEEP, DROP, SAMPLE, CAP = "keep", "drop", "sample", "cap"
KINDS = (KEEP, DROP, SAMPLE, CAP, GO_AUDIT, PAUDITD)
"""What a filter can be; each names the member of the document that says so."""

_DEEPEST = 50


@dataclass(frozen=True)
class FilterSpec:
    """One filter that is understood.

    Attributes:
        name: under which it is counted.
        path: where it stands in the document.
        kind: one of `KINDS`.
        condition: which events it is about.
        events: of a sample, one in so many is kept; of a cap, so many in a period.
        period: of a cap, in milliseconds.
        by: of a sample or cap, the field of which each value counts on its own.
        elements: of go-audit's and pauditd's lists.
    """

    name: str
    path: str
    kind: str
    condition: Condition = ALWAYS
    events: int = 0
    period: int = 0
    by: Optional[Field] = None
    elements: tuple[Element, ...] = ()

    def stage(self) -> Stage:
        """Return the filter, ready for a stream."""
        if self.kind in {KEEP, DROP}:
            return Choice(self.condition, keep=self.kind == KEEP)
        if self.kind == SAMPLE:
            return Sample(self.condition, self.events, self.by)
        if self.kind == CAP:
            return Cap(self.condition, self.events, self.period, self.by)
        return ForeignList(self.elements)


def make_filters(specs: Iterable[FilterSpec]) -> Filters:
    """Return the filters for one stream."""
    return Filters([(spec.name, spec.stage()) for spec in specs])


def parse_filters(documents: Sequence[Mapping[str, Any]], path: str = "$.filters") -> tuple[FilterSpec, ...]:
    """Return the filters that documents of the schema's shape describe.

    Raises:
        ParametersError: some are not understood; the error has all problems.
    """
    problems: list[Problem] = []
    specs: list[FilterSpec] = []
    for index, document in enumerate(documents):
        here = f"{path}[{index}]"
        try:
            spec = _filter(document, here)
        except FilterError as error:
            problems.append(Problem(here, "filter", str(error)))
            continue
        if spec.name in {other.name for other in specs}:
            problems.append(Problem(f"{here}.name", "filter", f"there is a filter {spec.name!r} before it"))
        specs.append(spec)
    if problems:
        raise ParametersError(problems)
    return tuple(specs)


def never_matching(specs: Iterable[FilterSpec]) -> list[Problem]:
    """Return a problem for each filter that can match no event, or none that those before it leave."""
    problems: list[Problem] = []
    left: list[Condition] = []
    for spec in specs:
        reason = why_never(spec.condition)
        if not reason and why_never(Every((*left, spec.condition))):
            reason = "the filters before it leave no such event"
        reasons = [reason, *(element.never for element in spec.elements)]
        problems += [
            Problem(spec.path, "never", f"filter {spec.name!r} can never match: {why}")
            for why in reasons
            if why
        ]
        if reason:
            continue
        if spec.kind == KEEP:
            left.append(spec.condition)
        elif spec.kind == DROP:
            left.append(Opposite(spec.condition))
    return problems


def parse_condition(document: object, depth: int = 0) -> Condition:
    """Return the condition that a document says: an expression, a comparison, or ``all``, ``any`` or ``not`` of others.

    Raises:
        FilterError: it is not understood.
    """
    if depth > _DEEPEST:
        raise FilterError("conditions are nested too deeply")
    if isinstance(document, str):
        return parse_expression(document)
    if not isinstance(document, dict):
        raise FilterError("a condition is an expression or an object")
    given = cast("Mapping[str, Any]", document)
    for name, make in _COMBINATIONS.items():
        if name in given:
            if len(given) > 1:
                raise FilterError(f"`{name}` stands alone in its object")
            return make(given[name], depth + 1)
    return _comparison(given)


def _parts(documents: Any, depth: int) -> tuple[Condition, ...]:  # noqa: ANN401  # any JSON value
    if not isinstance(documents, list) or not documents:
        raise FilterError("`all` and `any` take a list of conditions")
    return tuple(parse_condition(document, depth) for document in documents)


_COMBINATIONS: dict[str, Callable[[Any, int], Condition]] = {
    "all": lambda documents, depth: Every(_parts(documents, depth)),
    "any": lambda documents, depth: Some(_parts(documents, depth)),
    "not": lambda document, depth: Opposite(parse_condition(document, depth)),
}


def _comparison(given: Mapping[str, Any]) -> Condition:
    operators = [name for name in given if name in OPERATORS]
    if "field" not in given or len(operators) != 1 or len(given) > len(("field", "operator")):
        raise FilterError(f"a comparison has a `field` and one of {', '.join(OPERATORS)}")
    (operator,) = operators
    value = given[operator]
    values = value if operator == IN and isinstance(value, list) else [value]
    texts = [_operand(each) for each in values]
    return make_leaf(str(given["field"]), operator, texts)


def _operand(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise FilterError("what is compared with is a text, a number, or true or false")


def _filter(document: Mapping[str, Any], path: str) -> FilterSpec:
    kinds = [kind for kind in KINDS if kind in document]
    if len(kinds) != 1:
        raise FilterError(f"a filter has one of {', '.join(KINDS)}")
    (kind,) = kinds
    stray = set(document) - {kind, "name", *_MORE.get(kind, ())}
    if stray:
        raise FilterError(f"{', '.join(sorted(stray))} has no place beside `{kind}`")
    name = document.get("name", path.partition("$.")[2] or path)
    value = document[kind]
    if kind in {KEEP, DROP}:
        return FilterSpec(name, path, kind, parse_condition(value))
    if kind in {GO_AUDIT, PAUDITD}:
        file = value.get("file") if isinstance(value, dict) else None
        elements = parse_elements(kind, value) if file is None else read_elements(kind, Path(file))
        return FilterSpec(name, path, kind, elements=elements)
    return FilterSpec(
        name,
        path,
        kind,
        parse_condition(document["where"]) if "where" in document else ALWAYS,
        value,
        round(parse_duration(document.get("per", "1s")) * 1000),
        _by(document.get("by")),
    )


_MORE = {SAMPLE: ("where", "by"), CAP: ("where", "by", "per")}


def _by(name: Optional[str]) -> Optional[Field]:
    return None if name is None else field_named(name)
