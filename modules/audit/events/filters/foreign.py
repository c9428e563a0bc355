"""The filter lists of go-audit and of pauditd, with their own meaning.

go-audit: an element drops the events of a system call of which a record of one type matches a regular expression.
pauditd: the same, with an action of its own (the first element that matches decides), and elements for a rule key,
whose expression is matched against all records joined.

The expressions are Go's there; what Python writes otherwise is refused by the parser, not guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Optional, cast

from mig_audit.errors import FilterError
from mig_audit.modules.audit.events.filters.regex import Regex
from mig_audit.modules.audit.records import printable
from mig_audit.modules.audit.tables import URING, record_type_name, syscall_name
from mig_audit.modules.audit.tables.table import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mig_audit.modules.audit.events.event import Event
    from mig_audit.modules.audit.events.filters.early import Early

GO_AUDIT, PAUDITD = "go-audit", "pauditd"

_LARGEST = 1 << 20  # bytes of a configuration file
_TYPES_LIMIT = 1 << 16
_KNOWN = {
    GO_AUDIT: frozenset({"syscall", "message_type", "regex"}),
    PAUDITD: frozenset({"syscall", "message_type", "regex", "key", "action"}),
}


@dataclass(frozen=True)
class Element:
    """One element of a list.

    Attributes:
        syscall: the number, in decimal; empty where the element is for a key, or for events without a system call.
        message_type: the record type's name; empty where the element is for a key.
        key: the rule key; empty where the element is for a system call.
        regex: what a record's text must match.
        drop: whether it drops what matches, or keeps it from the later elements.
    """

    syscall: str
    message_type: str
    key: str
    regex: Regex
    drop: bool

    @property
    def never(self) -> str:
        """Return why it can match no event, or nothing."""
        if self.syscall and not _is_call(int(self.syscall)):
            return f"no architecture has a system call {self.syscall}"
        if self.message_type.startswith("UNKNOWN["):
            return f"no record is of type {self.message_type[8:-1]}"
        return "" if self.regex.can_match() else "no record's text is like that"


def parse_elements(dialect: str, document: object) -> tuple[Element, ...]:
    """Return the elements of a list, or of the one element that is given without a list.

    Raises:
        FilterError: an element is not understood; the error has its number.
    """
    elements = document if isinstance(document, list) else [document]
    return tuple(_element(dialect, element, number) for number, element in enumerate(elements, start=1))


def read_elements(dialect: str, path: Path) -> tuple[Element, ...]:
    """Return the elements of a configuration file of that program, which is YAML, or JSON.

    Raises:
        FilterError: it cannot be read or understood.
    """
    if not path.is_file():
        raise FilterError(f"{path} is not a file", f"name a configuration file of {dialect}")
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise FilterError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise FilterError(f"{path} has more than {_LARGEST} bytes")
    document = _parse(data, path)
    if not isinstance(document, dict) or not isinstance(document.get("filters"), list):
        raise FilterError(f"{path} has no list `filters`", f"name a configuration file of {dialect}")
    return parse_elements(dialect, document["filters"])


def _parse(data: bytes, path: Path) -> object:
    try:
        return json.loads(data)
    except ValueError:
        pass  # YAML, most likely
    try:
        yaml: Any = import_module("yaml")
    except ImportError as error:
        raise FilterError(
            f"{path} is not JSON, and YAML cannot be read here",
            "install PyYAML (the extra `yaml`), or put the list into the document",
        ) from error
    try:
        return yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise FilterError(f"{path} is neither JSON nor YAML: {printable(str(error).encode())}") from error


def _element(dialect: str, document: object, number: int) -> Element:
    if not isinstance(document, dict):
        raise FilterError(f"element {number} is not an object")
    given = cast("Mapping[str, Any]", document)
    unknown = sorted(map(str, set(given) - _KNOWN[dialect]))
    if unknown:
        raise FilterError(f"element {number}: {dialect} has no {', '.join(unknown)} in a filter")
    key, action = given.get("key", ""), given.get("action", "drop")
    needed = ("regex",) if key else ("syscall", "message_type", "regex")
    missing = [name for name in needed if given.get(name) in {None, ""}]
    if missing == ["syscall"] and dialect == PAUDITD:
        missing = []  # it stands for events without a system call
    if missing:
        raise FilterError(f"element {number} has no {' and no '.join(missing)}")
    if action not in {"keep", "drop"} or not isinstance(key, str) or not isinstance(given["regex"], str):
        raise FilterError(f"element {number}: regex and key are texts, action is keep or drop")
    try:
        regex = Regex(given["regex"])
    except FilterError as error:
        raise FilterError(f"element {number}: {error.what}", error.remedy) from error
    kind = _number(given.get("message_type"), number, "message_type")
    syscall = _number(given.get("syscall"), number, "syscall")
    return Element(
        "" if syscall is None else str(syscall),
        record_type_name(kind) if kind else "",
        key,
        regex,
        action == "drop",
    )


def _number(value: object, number: int, name: str) -> Optional[int]:
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or int(text) >= _TYPES_LIMIT:
        raise FilterError(f"element {number}: {name} is a number below {_TYPES_LIMIT}, not {text!r}")
    return int(text)


def _is_call(number: int) -> bool:
    names = (syscall_name(machine, number) for machine in table("machines").names.values())
    return any(names) or syscall_name(URING, number) is not None


class ForeignList:
    """A whole list as one filter."""

    asks_names = False

    def __init__(self, elements: Sequence[Element]) -> None:
        self._by_call: dict[str, list[Element]] = {}
        self._by_key: dict[str, list[Element]] = {}
        for element in elements:
            # As pauditd has it: an element with a system call is not asked about keys.
            if element.message_type:
                self._by_call.setdefault(element.syscall, []).append(element)
            elif element.key and not element.syscall:
                self._by_key.setdefault(element.key, []).append(element)

    def takes(self, event: Event) -> bool:
        """Say whether it takes an event away."""
        return self._by_record(event) or self._by_whole(event)

    def takes_early(self, early: Early, _time: int) -> Optional[bool]:
        """Say that it does not, where no element is for this system call or key."""
        number, keys = early.call_number, early.keys
        if number is None or keys is None:
            return None
        concerned = number in self._by_call or "\x01".join(keys) in self._by_key
        return None if concerned else False

    def _by_record(self, event: Event) -> bool:
        number = event.syscall.number if event.syscall else None
        elements = self._by_call.get("" if number is None else str(number))
        if not elements:
            return False
        for record in event.records:
            for element in elements:
                if element.message_type == record.type and element.regex.search(_text(record.body)):
                    return element.drop
        return False

    def _by_whole(self, event: Event) -> bool:
        elements = self._by_key.get("\x01".join(event.keys)) if event.keys else None
        if not elements:
            return False
        whole = "".join([_text(record.body) for record in event.records])
        return next((element.drop for element in elements if element.regex.search(whole)), False)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")
