"""Conditions that no event can meet: words that do not exist, and demands that exclude each other.

The answer is never wrong where it says "never"; a contradiction that it does not see is only not reported.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, product
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.filters import fields, leaves
from mig_audit.modules.audit.events.filters.model import Every, Opposite, Some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.filters.leaves import Leaf
    from mig_audit.modules.audit.events.filters.model import Condition

_MOST_TERMS = 512


class _Literal(NamedTuple):
    """A comparison that must hold, or must not."""

    leaf: Leaf
    holds: bool


_Term = tuple[_Literal, ...]
_TooMany = None


def why_never(condition: Condition) -> str:
    """Return why no event can meet a condition, or nothing if one can, as far as can be told."""
    terms = _terms(condition, holds=True)
    if terms is _TooMany:
        return ""
    reasons = []
    for term in terms:
        reason = _why_not(term)
        if not reason:
            return ""
        reasons.append(reason)
    return "; ".join(dict.fromkeys(reasons)) or "nothing is asked for"


def _terms(condition: Condition, *, holds: bool) -> Optional[list[_Term]]:
    """Return the ways to meet a condition, or to miss it: in each, all of its literals must be so."""
    if isinstance(condition, Opposite):
        return _terms(condition.part, holds=not holds)
    if not isinstance(condition, (Every, Some)):
        return [(_Literal(condition, holds),)]
    parts = [_terms(part, holds=holds) for part in condition.parts]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return _TooMany
    if isinstance(condition, Some) == holds:
        terms = list(chain.from_iterable(known))
    else:
        count = 1
        for part in known:
            count *= len(part)
            if count > _MOST_TERMS:
                return _TooMany
        terms = [tuple(chain.from_iterable(each)) for each in product(*known)]
    return terms if len(terms) <= _MOST_TERMS else _TooMany


def _why_not(term: _Term) -> str:
    """Return why these cannot all be so."""
    for leaf, holds in term:
        if holds and leaf.never:
            return leaf.never
        if holds and _Literal(leaf, holds=False) in term:
            return f"{leaf} and its opposite are asked for"
    by_field: dict[str, list[_Literal]] = defaultdict(list)
    for literal in term:
        if literal.leaf.field.single:
            by_field[literal.leaf.field.name].append(literal)
    for literals in by_field.values():
        if not _possible(literals):
            asked = " and ".join(f"{'' if holds else 'not '}{leaf}" for leaf, holds in literals)
            return f"no event has {asked}"
    return ""


def _possible(literals: Sequence[_Literal]) -> bool:
    """Say whether one value can be all of this."""
    required = [leaf for leaf, holds in literals if holds]
    absent = not required
    if absent:
        return True  # an event without the field
    for leaf in required:
        if leaf.exact is not None:
            return any(all(other.test(value) == holds for other, holds in literals) for value in leaf.exact)
    kind = required[0].field.kind
    if kind == fields.FLAG:
        return any(all(leaf.test(value) == holds for leaf, holds in literals) for value in (True, False))
    if kind == fields.NUMBER:
        return _some_number(literals)
    prefixes = [leaf.operands[0] for leaf in required if leaf.operator == leaves.PREFIX]
    longest = max(prefixes, key=len, default="")
    excluded = [leaf.operands[0] for leaf, holds in literals if not holds and leaf.operator == leaves.PREFIX]
    return all(longest.startswith(prefix) for prefix in prefixes) and not any(
        longest.startswith(prefix) for prefix in excluded
    )


def _some_number(literals: Sequence[_Literal]) -> bool:
    """Say whether a number fits: one does if one does that is at, or next to, a bound."""
    bounds = {leaves.read_number(leaf.field, operand) for leaf, _ in literals for operand in leaf.operands}
    near = {bound + offset for bound in bounds for offset in (-1, 0, 1)} or {0}
    if not literals[0].leaf.field.signed:
        near = {number for number in near if number >= 0}
    return any(all(leaf.test(number) == holds for leaf, holds in literals) for number in near)
