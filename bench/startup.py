#!/usr/bin/env python3
"""Count what it takes to start: instructions by valgrind, which other work on the machine does not change, and memory.

    python bench/startup.py

Each command is run twice before it is counted, so that its bytecode is there and the files are in memory. Printed are
millions of instructions, those above an interpreter that does nothing, and the peak of resident memory. A first event
costs more than those that follow: tables are read, and regular expressions compiled.

To install valgrind: apt-get install valgrind.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).resolve().parent.parent
_EVENT = """\
type=SYSCALL msg=audit(1700000000.123:1): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=2 ppid=1\
 pid=2 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=1 comm="ls" exe="/bin/ls" key="x"
type=EXECVE msg=audit(1700000000.123:1): argc=2 a0="ls" a1="-l"
type=CWD msg=audit(1700000000.123:1): cwd="/root"
type=PATH msg=audit(1700000000.123:1): item=0 name="/bin/ls" inode=5 dev=fe:00 mode=0100755 ouid=0 ogid=0 rdev=00:00\
 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0
type=PATH msg=audit(1700000000.123:1): item=1 name="/lib/ld.so" inode=6 dev=fe:00 mode=0100755 ouid=0 ogid=0 rdev=00:00\
 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0
type=PROCTITLE msg=audit(1700000000.123:1): proctitle=6C73002D6C
type=EOE msg=audit(1700000000.123:1):\x20
"""
_COLLECTED = re.compile(r"Collected : ([0-9]+)")
_PEAK = re.compile(r"VmHWM:\s+([0-9]+) kB")
# What waits for a process is told the peak of the process that started it, if that is higher: it has to say itself.
_SAY_PEAK = "import sys; sys.stderr.write(open('/proc/self/status').read())"
_COMMAND = "from mig_audit.__main__ import entrypoint\ntry: entrypoint()\nexcept SystemExit: pass\n"
_RECORDER = "import mig_audit.modules.audit.recorder.process\n"


class Case(NamedTuple):
    """A program for Python, with its arguments."""

    name: str
    program: str
    arguments: tuple[str, ...] = ()


class Counted(NamedTuple):
    """Instructions, and KiB of memory."""

    instructions: int
    memory: int


def cases(folder: Path) -> list[Case]:
    """Return what is counted; the first one does nothing."""
    log = folder / "one.log"
    log.write_text(_EVENT)
    example = _ROOT / "params.example.json"
    return [
        Case("python alone", ""),
        Case("--version", _COMMAND, ("--version",)),
        Case("replay /dev/null", _COMMAND, ("replay", os.devnull)),
        Case("replay of one event", _COMMAND, ("replay", str(log))),
        Case("validate", _COMMAND, ("validate", str(example))),
        Case("the recorder, imported", _RECORDER),
    ]


def count(case: Case, environment: dict[str, str]) -> Counted:
    """Run a case for its memory, then for its instructions."""
    speaking = [sys.executable, "-c", case.program + _SAY_PEAK, *case.arguments]
    _run(speaking, environment)
    said = _run(speaking, environment)
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    collected = _run([*valgrind, sys.executable, "-c", case.program, *case.arguments], environment)
    return Counted(_number(_COLLECTED, collected), _number(_PEAK, said))


def _run(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stderr


def _number(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    if found is None:
        raise SystemExit(f"bench: {pattern.pattern} is not in what was said: {text[-500:]}")
    return int(found[1])


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        # Hashes of strings are random, and with them the number of instructions.
        environment = {
            **os.environ,
            "PYTHONPATH": str(_ROOT),
            "PYTHONHASHSEED": "0",
            "PYTHONPYCACHEPREFIX": folder,
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        print(f"{'':24}{'M instructions':>16}{'above Python':>14}{'peak, KiB':>11}")
        alone = 0
        for case in cases(Path(folder)):
            counted = count(case, environment)
            alone = alone or counted.instructions
            above = (counted.instructions - alone) / 1e6
            print(f"{case.name:24}{counted.instructions / 1e6:16.1f}{above:14.1f}{counted.memory:11}")


if __name__ == "__main__":
    main()
