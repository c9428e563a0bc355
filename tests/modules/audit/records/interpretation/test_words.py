"""The tables of words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.records.interpretation.words import choices, document, flags
from mig_audit.modules.audit.tables import errno_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADERS = Path("/usr/include")
_FOLDERS = ("linux", "asm-generic", "x86_64-linux-gnu/asm")
_DEFINE = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+([A-Z][A-Z0-9_]+)[ \t]+\(?([^\s/()]+(?:[ \t]*<<[ \t]*[0-9]+)?)\)?",
    re.MULTILINE,
)
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*(?:[ \t]*<<[ \t]*([0-9]+))?")


def _numbers() -> Iterator[tuple[str, str, int]]:
    """Yield each name of the kernel's with its table and its number."""
    for table, content in document()["flags"].items():
        if not table.endswith(("-arm", "-ppc", "-generic")):
            yield from ((table, name, number) for name, number in content["bits"].items() if name.isupper())
    for table, content in document()["choices"].items():
        if not table.endswith(("-aarch64", "-generic", "-ppc")):
            yield from ((table, name, number) for name, number in content["values"].items() if name.isupper())


def _defined() -> dict[str, set[int]]:
    """Return the numbers that the installed headers define."""
    found: dict[str, set[int]] = {}
    for folder in _FOLDERS:
        for header in sorted((_HEADERS / folder).glob("*.h")):
            for name, text in _DEFINE.findall(header.read_text("utf-8", "replace")):
                number = _NUMBER.fullmatch(text.strip())
                if number:
                    octal = number[1].startswith("0") and number[1].isdigit()
                    value = int(number[1], 8 if octal else 0) << int(number[2] or 0)
                    found.setdefault(name, set()).add(value & 0xFFFF_FFFF)
    return found


def test_the_numbers_are_those_of_the_kernel_s_headers() -> None:
    """Of each name that the installed headers know."""
    if not (_HEADERS / "linux" / "prctl.h").exists():
        pytest.skip("the kernel's headers are not installed (Debian: linux-libc-dev)")
    defined = _defined()
    known = [row for row in _numbers() if row[1] in defined]
    assert [row for row in known if row[2] not in defined[row[1]]] == []
    assert len(known) > 700


def test_every_table_that_a_field_or_a_machine_names_is_there() -> None:
    """A name that no table has would only be found out by a record that has the field."""
    tables = {*document()["flags"], *document()["choices"], "personality"}
    kinds = [kind for kind in document()["fields"].values() if isinstance(kind, list)]
    kinds += [
        kind
        for special in document()["records"].values()
        for kind in special.values()
        if isinstance(kind, list)
    ]
    assert {name for name, _ in kinds} <= tables
    assert {base for _, base in kinds} == {8, 10, 16}
    for special in document()["machines"].values():
        assert {*special.get("tables", {}), *special.get("tables", {}).values()} <= tables


def test_a_number_has_one_word() -> None:
    """Else which one is printed would be chance."""
    for table in document()["flags"].values():
        bits = list(table["bits"].values())
        assert len(set(bits)) == len(bits)
        assert all(bit & (bit - 1) == 0 for bit in bits)
    for name, content in document()["choices"].items():
        assert len(choices(name).words) == len(content["values"])


@given(st.sampled_from(sorted(document()["flags"])), st.integers(0, 2**64 - 1))
@settings(deadline=None)
def test_what_is_said_of_a_number_are_the_words_of_its_bits(name: str, value: int) -> None:
    """In ascending order, with the word for none of some bits before them, or alone."""
    table = document()["flags"][name]
    words = [word for bit, word in sorted((bit, word) for word, bit in table["bits"].items()) if value & bit]
    if "zero" in table and not value & table["zero_mask"]:
        words = [table["zero"], *([] if table.get("zero_alone") else words)]
    assert flags(name).text(value) == (table.get("separator", "|").join(words) or None)


def test_every_errno_has_its_message() -> None:
    """glibc's, in English."""
    assert document()["errors"]["ENOENT"] == "No such file or directory"
    for number in range(1, 134):
        name = errno_name(number)
        assert name is None or document()["errors"][name]
