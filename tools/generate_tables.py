#!/usr/bin/env python3
"""Make the tables in mig_audit/modules/audit/tables from tests/data/tables; with --check, only say whether they are up to date.

The sources: ``tables-4.2.1.json`` and ``syscalls.json`` hold what libaudit 4.2.1 answers to its own look-up
functions; ``kernel-spellings.json``, ``permissions.json`` and ``words.json`` say themselves where they come from.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ROOT = Path(__file__).resolve().parent.parent
SOURCES = _ROOT / "tests" / "data" / "tables"
TABLES = _ROOT / "mig_audit" / "modules" / "audit" / "tables"  # as in a source archive, which has no symlinks


def tables() -> dict[str, str]:
    """Return what each data file has to hold, by its name."""
    libaudit = _source("tables-4.2.1")
    return {f"{name}.json": _text(document) for name, document in _documents(libaudit)}


def _documents(libaudit: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "record-types", _named(libaudit["record_types"], libaudit["record_type_numbers"])
    yield "errnos", _named(libaudit["errno"], libaudit["errno_names"])
    yield "fields", _named(libaudit["fields"], libaudit["field_numbers"])
    yield "file-types", {"names": libaudit["ftype"], "aliases": {}}
    yield "filesystems", {"names": libaudit["fstype"], "aliases": {}}
    yield "machines", _machines(libaudit)
    yield "permissions", _source("permissions")["permissions"]
    yield "words", {name: content for name, content in _source("words").items() if name != "source"}
    spellings = _source("kernel-spellings")["syscalls"]
    for arch, calls in _source("syscalls").items():
        machine = libaudit["machines"][str(libaudit["machine_names"][arch])][0]
        yield f"syscalls-{machine}", _named(calls, spellings.get(arch, {}))


def _named(names: Mapping[str, str], numbers: Mapping[str, int]) -> dict[str, dict[str, int]]:
    # libaudit gives 0 as the number of the errno names that it does not really know
    primary = {name: int(number) for number, name in names.items()}
    further = {name: number for name, number in numbers.items() if number or name in primary}
    return {"names": primary, "aliases": {name: further[name] for name in further.keys() - primary.keys()}}


def _machines(libaudit: dict[str, Any]) -> dict[str, dict[str, int]]:
    elves = {name: int(elf, 16) for name, elf in libaudit["machines"].values() if name and int(elf, 16)}
    known = {
        name: elves.get(libaudit["machines"][str(machine)][0])
        for name, machine in libaudit["machine_names"].items()
        if machine >= 0
    }
    aliases = {name: elf for name, elf in known.items() if elf is not None and name not in elves}
    return {"names": elves, "aliases": aliases}


def _source(name: str) -> Any:  # noqa: ANN401  # what JSON holds
    return json.loads((SOURCES / f"{name}.json").read_text("utf-8"))


def _text(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"


def differences(wanted: Mapping[str, str]) -> list[str]:
    """Return the names of the files that are missing, out of date, or there without a reason."""
    there = {path.name: path.read_text("utf-8") for path in TABLES.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if something would change"
    )
    options = parser.parse_args()
    wanted = tables()
    different = differences(wanted)
    if options.check:
        for name in different:
            print(
                f"modules/audit/tables/{name} is out of date: run tools/generate_tables.py", file=sys.stderr
            )
        return int(bool(different))
    for name in different:
        if name in wanted:
            (TABLES / name).write_text(wanted[name], "utf-8")
        else:
            (TABLES / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
