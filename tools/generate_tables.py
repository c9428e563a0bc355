#!/usr/bin/env python3
"""Make the decoding tables of modules/audit/tables from libaudit's own; with --check, only say whether they are so.

The source data, tests/data/tables, was read out of libaudit 4.2.1. Each table is a file of its own, compact and sorted,
and each architecture's system calls are one, so that a run loads only what it needs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_SOURCE = _ROOT / "tests" / "data" / "tables"
_TARGET = _ROOT / "modules" / "audit" / "tables"

# Where libaudit's name of a system call is not the kernel's (asm/unistd.h), both are accepted, and libaudit's printed.
_KERNEL_SPELLINGS = {
    "x86_64": {"pread64": "pread", "pwrite64": "pwrite"},
    "aarch64": {"getdents64": "getdents", "fstat": "newfstat"},
    "i386": {"kexec_load": "sys_kexec_load", "sched_rr_get_interval_time64": "sched_rr_get_interval64"},
    "ppc": {"perf_event_open": "perf_counter_open", "timerfd_create": "timerfd"},
    "ppc64": {"perf_event_open": "perf_counter_open", "timerfd_create": "timerfd"},
    "ppc64le": {"perf_event_open": "perf_counter_open", "timerfd_create": "timerfd"},
}


def tables() -> dict[str, Any]:
    """Return every table by its file's name."""
    source = json.loads((_SOURCE / "tables-4.2.1.json").read_text("utf-8"))
    syscalls = json.loads((_SOURCE / "syscalls.json").read_text("utf-8"))
    made: dict[str, Any] = {
        "record-types.json": source["record_types"],
        "errno.json": {"names": source["errno"], "numbers": source["errno_names"]},
        "architectures.json": _architectures(source),
        "fields.json": source["field_numbers"],
        "file-types.json": source["ftype"],
        "fs-types.json": source["fstype"],
    }
    for arch, names in syscalls.items():
        made[f"syscalls-{arch}.json"] = {"names": names, "spellings": _spellings(arch, names)}
    return made


def _architectures(source: dict[str, Any]) -> dict[str, Any]:
    """Return ELF numbers by every machine name, and the table's name by ELF number."""
    machines = {int(key): (name, int(elf, 16)) for key, (name, elf) in source["machines"].items() if name}
    numbers = {name: machines[key][1] for name, key in source["machine_names"].items() if key in machines}
    names = {str(elf): "arm" if name == "armeb" else name for name, elf in machines.values() if elf}
    return {"numbers": numbers, "names": names}


def _spellings(arch: str, names: dict[str, str]) -> dict[str, str]:
    there = set(names.values())
    spellings = _KERNEL_SPELLINGS.get(arch, {})
    return {kernel: libaudit for kernel, libaudit in spellings.items() if libaudit in there and kernel not in there}


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if something would change")
    check = parser.parse_args().check
    wanted = {
        name: json.dumps(table, sort_keys=True, indent=None, separators=(",", ":")) + "\n"
        for name, table in tables().items()
    }
    there = {path.name: path.read_text("utf-8") for path in _TARGET.glob("*.json")}
    stale = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
    if check:
        for name in stale:
            print(f"modules/audit/tables/{name} is out of date: run tools/generate_tables.py", file=sys.stderr)
        return int(bool(stale))
    for name in stale:
        if name in wanted:
            (_TARGET / name).write_text(wanted[name], "utf-8")
        else:
            (_TARGET / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
