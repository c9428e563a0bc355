"""One comparison: a field, an operator, and what to compare with; understood once, then asked of every event."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from mig_audit.errors import FilterError
from mig_audit.modules.audit.events import category
from mig_audit.modules.audit.events.filters import fields
from mig_audit.modules.audit.events.filters.fields import FIELDS, Field
from mig_audit.modules.audit.events.filters.regex import Regex
from mig_audit.modules.audit.tables import URING, record_type_name, record_type_number
from mig_audit.modules.audit.tables.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

PRESENT, EQUALS, IN, PREFIX, REGEX, CIDR = "present", "equals", "in", "prefix", "regex", "cidr"
LESS, AT_MOST, MORE, AT_LEAST = "less", "at_most", "more", "at_least"
OPERATORS = (PRESENT, EQUALS, IN, PREFIX, REGEX, CIDR, LESS, AT_MOST, MORE, AT_LEAST)
"""As they are called in documents."""

SIGNS = {EQUALS: "=", PREFIX: "^=", REGEX: "~", LESS: "<", AT_MOST: "<=", MORE: ">", AT_LEAST: ">="}
"""As they are written in expressions."""

_ORDERS: dict[str, Callable[[int, int], bool]] = {
    LESS: lambda value, limit: value < limit,
    AT_MOST: lambda value, limit: value <= limit,
    MORE: lambda value, limit: value > limit,
    AT_LEAST: lambda value, limit: value >= limit,
}
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_NUMBER = re.compile(r"-?[0-9]{1,20}|0x[0-9a-fA-F]{1,16}")
_TYPE_NUMBER = re.compile(r"[0-9]{1,5}")
_UNSIGNED = re.compile(r"[0-9]{1,10}")
_TEXTUAL = frozenset({fields.TEXT, fields.WORD, fields.CALL})
_NUMERIC = frozenset({fields.NUMBER, fields.IDENTITY})
Test = Callable[[Any], bool]


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A comparison that is understood.

    Attributes:
        field: what is asked for.
        operator: one of `OPERATORS`.
        operands: what it is compared with, as given.
        test: says of one value of the field whether it meets the comparison.
        exact: the only values that can, where that is known, else None.
        never: why no value can ever meet it; empty if one can.
    """

    field: Field
    operator: str
    operands: tuple[str, ...]
    test: Test = dataclasses.field(compare=False)
    exact: Optional[tuple[Any, ...]] = dataclasses.field(default=None, compare=False)
    never: str = dataclasses.field(default="", compare=False)

    def __str__(self) -> str:
        """Return it as an expression would say it."""
        if self.operator == PRESENT:
            return self.field.name
        if self.operator in SIGNS:
            return f"{self.field.name} {SIGNS[self.operator]} {self.operands[0]!r}"
        return f"{self.field.name} in ({', '.join(map(repr, self.operands))})"

    @property
    def asks_names(self) -> bool:
        """Say whether the name of a user or group is compared, and not only its number."""
        equality = self.operator in {EQUALS, IN}
        return equality and any(_identity_number(operand) is None for operand in self.operands)


def make_leaf(name: str, operator: str, operands: Sequence[str]) -> Leaf:
    """Return the comparison of the field of that name.

    Raises:
        FilterError: there is no such field, or it has no such values, or cannot be compared so.
    """
    known = field_named(name)
    texts = tuple(operands)
    if operator == PRESENT:
        return Leaf(known, operator, (), _is_flag if known.kind == fields.FLAG else _anything)
    if operator in {EQUALS, IN}:
        return _equality(known, operator, texts)
    if operator in _ORDERS and known.kind in _NUMERIC:
        return _order(known, operator, texts)
    if operator == CIDR and known.kind == fields.ADDRESS:
        return _network(known, operator, texts)
    if operator in {PREFIX, REGEX} and known.kind in _TEXTUAL:
        return _pattern(known, operator, texts)
    raise FilterError(f"{known.name} is {_KINDS[known.kind]}, and cannot be compared with {operator!r}")


_KINDS = {
    fields.TEXT: "a text",
    fields.WORD: "a word",
    fields.NUMBER: "a number",
    fields.FLAG: "true or false",
    fields.IDENTITY: "a user or group",
    fields.CALL: "a system call",
    fields.ADDRESS: "an IP address",
}


def _equality(known: Field, operator: str, texts: tuple[str, ...]) -> Leaf:
    if known.kind == fields.ADDRESS:
        return _network(known, operator, texts)
    if known.kind in {fields.IDENTITY, fields.CALL}:
        return _named(known, operator, texts)
    values: tuple[Any, ...] = tuple(_VALUES[known.kind](known, text) for text in texts)
    if known.kind == fields.WORD:
        unknown = [value for value in values if not is_word(known.words, value)]
        never = (
            f"there is no {known.name} {', '.join(map(repr, unknown))}" if len(unknown) == len(values) else ""
        )
    else:
        never = _unreachable(known, values)
    chosen = frozenset(values)
    return Leaf(known, operator, texts, chosen.__contains__, values, never)


def _unreachable(known: Field, values: tuple[Any, ...]) -> str:
    if known.kind == fields.NUMBER and not known.signed and all(value < 0 for value in values):
        return f"{known.name} is never negative"
    if known.first and not any(value[:1] in known.first and value for value in values):
        return f"{known.name} is always an absolute path"
    return ""


def _named(known: Field, operator: str, texts: tuple[str, ...]) -> Leaf:
    """Compare what has a name and a number."""
    if not all(texts):
        raise FilterError(f"{known.name} is {_KINDS[known.kind]}, not an empty text")
    found = [_identity_number(text) for text in texts]
    numbers = frozenset(number for number in found if number is not None)
    names = frozenset(text for text, number in zip(texts, found) if number is None)
    never = ""
    if known.kind == fields.CALL and not numbers:
        unknown = sorted(name for name in names if not is_word("syscalls", name))
        never = f"there is no system call {', '.join(unknown)}" if len(unknown) == len(names) else ""

    def test(value: Any) -> bool:  # noqa: ANN401  # an Identity or a Call
        return value.number in numbers or value.name in names

    return Leaf(known, operator, texts, test, None, never)


def _identity_number(text: str) -> Optional[int]:
    if text in {"unset", "-1"}:
        return fields.UNSET.number
    return int(text) if _UNSIGNED.fullmatch(text) else None


def _order(known: Field, operator: str, texts: tuple[str, ...]) -> Leaf:
    limit, compare = read_number(known, texts[0]), _ORDERS[operator]
    never = "" if known.signed or compare(0, limit) or limit >= 0 else f"{known.name} is never negative"
    if not known.signed and operator == LESS and limit == 0:
        never = f"{known.name} is never negative"
    if known.kind == fields.IDENTITY:
        return Leaf(
            known,
            operator,
            texts,
            lambda value: value.number is not None and compare(value.number, limit),
            None,
            never,
        )
    return Leaf(known, operator, texts, lambda value: compare(value, limit), None, never)


def _network(known: Field, operator: str, texts: tuple[str, ...]) -> Leaf:
    networks = [_ip_network(text) for text in texts]
    single = all(network.num_addresses == 1 for network in networks)
    exact = tuple(network.network_address for network in networks) if single else None

    def test(value: Any) -> bool:  # noqa: ANN401  # an address of either version
        return any(value in network for network in networks)

    return Leaf(known, operator, texts, test, exact)


def _ip_network(text: str) -> Union[ipaddress.IPv4Network, ipaddress.IPv6Network]:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise FilterError(f"{text!r} is no IP address or network: {error}") from error


def _pattern(known: Field, operator: str, texts: tuple[str, ...]) -> Leaf:
    (text,) = texts
    if operator == PREFIX:
        matches: Callable[[str], bool] = lambda value: value.startswith(text)  # noqa: E731
        possible = not known.first or not text or text[0] in known.first
    else:
        regex = Regex(text)
        matches, possible = regex.search, regex.can_match(known.first)
    never = "" if possible else f"no {known.name} is like that"
    if known.kind == fields.TEXT:
        return Leaf(known, operator, texts, matches, None, never)
    vocabulary = words("syscalls" if known.kind == fields.CALL else known.words)
    if not any(matches(word) for word in vocabulary):
        never = f"there is no such {known.name}"
    if known.kind == fields.CALL:
        return Leaf(
            known, operator, texts, lambda value: value.name is not None and matches(value.name), None, never
        )
    return Leaf(known, operator, texts, matches, None, never)


def read_number(known: Field, text: str) -> int:
    """Return the number that an operand is, decimal, or hexadecimal with 0x."""
    if not _NUMBER.fullmatch(text):
        raise FilterError(f"{known.name} is a number, not {text!r}")
    return int(text, 16) if text.startswith("0x") else int(text)


def _flag(known: Field, text: str) -> bool:
    lower = text.lower()
    if lower not in _TRUE and lower not in _FALSE:
        raise FilterError(f"{known.name} is true or false, not {text!r}")
    return lower in _TRUE


def _word(known: Field, text: str) -> str:
    if known.words == "types":
        number = int(text) if _TYPE_NUMBER.fullmatch(text) else record_type_number(text)
        return text.upper() if number is None else record_type_name(number)
    return text.upper() if known.words == "errnos" else text.lower()


_VALUES: dict[str, Callable[[Field, str], Any]] = {
    fields.TEXT: lambda _known, text: text,
    fields.WORD: _word,
    fields.NUMBER: read_number,
    fields.FLAG: _flag,
}


def _anything(_value: object) -> bool:
    return True


def _is_flag(value: object) -> bool:
    return value is True


def is_word(vocabulary: str, word: str) -> bool:
    """Say whether an event can have this word; record types and categories may also be of types without a name."""
    if vocabulary == "types":
        return record_type_number(word) is not None
    if vocabulary == "categories" and word not in words(vocabulary):
        return record_type_number(word.upper()) is not None
    return word in words(vocabulary)


@cache
def words(vocabulary: str) -> frozenset[str]:
    """Return the words of a vocabulary: ``syscalls``, ``types``, ``categories``, ``errnos`` or ``machines``."""
    if vocabulary == "categories":
        fixed = {"read", "write", "syscall", "unknown", "apparmor"}
        types = {word.lower() for word in words("types")}
        return frozenset({*fixed, *category.SYSCALLS.values(), *category.TYPES.values(), *types})
    if vocabulary == "syscalls":
        tables = [f"syscalls-{machine}" for machine in table("machines").names.values()]
        names = {name for each in (*tables, f"syscalls-{URING}") for name in table(each).names.values()}
        return frozenset(names | set(category.SOCKETCALLS.values()))
    if vocabulary == "machines":
        return frozenset({*table(vocabulary).names.values(), "io_uring"})
    return frozenset(table({"types": "record-types"}.get(vocabulary, vocabulary)).names.values())


def field_named(name: str) -> Field:
    """Return a field.

    Raises:
        FilterError: there is none of that name.
    """
    known = FIELDS.get(name)
    if known is None:
        import difflib  # noqa: PLC0415  # only a slip of the hand needs it

        near = difflib.get_close_matches(name, FIELDS, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"fields: {', '.join(FIELDS)}"
        raise FilterError(f"there is no field {name!r}", remedy)
    return known
