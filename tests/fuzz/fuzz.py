#!/usr/bin/env python3
"""Read mutated logs until something breaks, or there were enough of them.

    python tests/fuzz/fuzz.py [--records 1000000] [--minutes N] [--seed N] [--case N] [--jobs N]

A case is a log of some tens of records, made from the seed and its number alone. When one breaks an invariant, it is made
as small as possible and printed with the command that makes it again.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Callable

sys.path.append(str(Path(__file__).parents[1] / "support"))

from invariants import Checker
from mutations import load_seeds, mutated

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 100  # lines of what breaks something
_PATIENCE = 300_000  # lines read to make it small


class Failure(Exception):  # noqa: N818  # it is found, which is what this is for
    """A case that breaks something: ``lines`` is its log, made small."""

    def __init__(self, case: int, lines: list[bytes], error: Exception) -> None:
        super().__init__(f"case {case}: {type(error).__name__}: {error}")
        self.lines = lines
        self.case = case


class Fuzz:
    """All cases of one seed."""

    def __init__(self, seed: str, patience: int = _PATIENCE) -> None:
        """Load the logs that cases are made of; a log that breaks something is made small with so much patience."""
        self._seed = seed
        self._patience = patience
        self._seeds = load_seeds()
        self._checker = Checker()

    @property
    def left_out(self) -> str:
        """Return what is not looked at and why, empty if all is."""
        return self._checker.unlike_libauparse

    def run(self, cases: Iterable[int], records: int, seconds: float = math.inf) -> int:
        """Check cases until so many records were read, or for so long; return how many records it were.

        Raises:
            Failure: one of them breaks an invariant.
        """
        read, end = 0, time.monotonic() + seconds
        for case in cases:
            if read >= records or time.monotonic() >= end:
                break
            lines = mutated(self._seeds, Random(f"{self._seed}/{case}"))
            read += len(lines)
            error = self._broken_by(lines, case)
            if error:
                raise Failure(case, self._made_small(lines, case), error)
        return read

    def _made_small(self, lines: list[bytes], case: int) -> list[bytes]:
        """Return as few lines as break something: of the case, or of all that was read before it as well."""
        if self._broken_by(lines, case):
            return smallest(lines, lambda part: bool(self._broken_by(part, case)), self._patience)
        return smallest(self._checker.history, self._breaks_a_long_run, self._patience)

    def _breaks_a_long_run(self, lines: list[bytes]) -> bool:
        try:
            self._checker.check_long_run(lines)
        except Exception:  # noqa: BLE001  # no exception at all is to leave the readers of records
            return True
        return False

    def _broken_by(self, lines: list[bytes], case: int) -> Exception | None:
        try:
            self._checker.check(lines, Random(case))
        except Exception as error:  # noqa: BLE001  # no exception at all is to leave the readers of records
            return error
        return None


def smallest(
    lines: list[bytes], broken: Callable[[list[bytes]], bool], patience: int = _PATIENCE
) -> list[bytes]:
    """Return as few of the lines as still break; all of them if it is something else that broke.

    No more than ``patience`` lines, and one try, are read for it.
    """
    if not broken(lines):
        return lines
    size, read = len(lines) // 2, 0
    while size:
        start = 0
        while start < len(lines):
            if read > patience:
                return lines
            part = lines[:start] + lines[start + size :]
            read += len(part)
            if broken(part):
                lines = part
            else:
                start += size
        size //= 2
    return lines


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="no longer than this")
    parser.add_argument("--seed", default=os.urandom(4).hex())
    parser.add_argument("--case", type=int, help="this one alone")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with cases of its own")
    parser.add_argument("--job", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.job:
        print(f"fuzz: seed {options.seed}", flush=True)
        if options.jobs > 1:
            return _in_parallel(options)
    began = time.monotonic()
    try:
        cases = [options.case] if options.case is not None else count(max(options.job - 1, 0), options.jobs)
        fuzz = Fuzz(options.seed)
        if fuzz.left_out:
            print(f"fuzz: not beside libauparse: {fuzz.left_out}", flush=True)
        read = fuzz.run(cases, options.records, options.minutes * 60)
    except Failure as failure:
        print(f"fuzz: {failure}")
        print(f"fuzz: again: python tests/fuzz/fuzz.py --seed {options.seed} --case {failure.case}")
        print(
            "fuzz: if that finds nothing, it takes what was remembered of the cases before it: leave out --case"
        )
        print(*map(repr, failure.lines[:_SHOWN]), sep="\n")
        if len(failure.lines) > _SHOWN:
            print(f"fuzz: and {len(failure.lines) - _SHOWN} more lines")
        return 1
    print(f"fuzz: {read} records, nothing broken, {time.monotonic() - began:.0f} s")
    return 0


def _in_parallel(options: argparse.Namespace) -> int:
    share = str(options.records // options.jobs)
    command = [
        sys.executable,
        __file__,
        "--records",
        share,
        "--minutes",
        str(options.minutes),
        "--seed",
        options.seed,
        "--jobs",
        str(options.jobs),
    ]
    jobs = [subprocess.Popen([*command, "--job", str(number)]) for number in range(1, options.jobs + 1)]
    return max(job.wait() for job in jobs)


if __name__ == "__main__":
    sys.exit(main())
