#!/usr/bin/env python3
"""Read mutated logs until something breaks, or there were enough of them.

    python tests/fuzz/fuzz.py [--records 1000000] [--seed N] [--case N] [--jobs N]

A case is a log of some tens of records, made from the seed and its number alone. When one breaks an invariant, it is made
as small as possible and printed with the command that makes it again.
"""

from __future__ import annotations

import argparse
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


class Failure(Exception):  # noqa: N818  # it is found, which is what this is for
    """A case that breaks something: ``lines`` is its log, made small."""

    def __init__(self, case: int, lines: list[bytes], error: Exception) -> None:
        super().__init__(f"case {case}: {type(error).__name__}: {error}")
        self.lines = lines
        self.case = case


class Fuzz:
    """All cases of one seed."""

    def __init__(self, seed: str) -> None:
        """Load the logs that cases are made of."""
        self._seed = seed
        self._seeds = load_seeds()
        self._checker = Checker()

    def run(self, cases: Iterable[int], records: int) -> int:
        """Check cases until so many records were read; return how many it were.

        Raises:
            Failure: one of them breaks an invariant.
        """
        read = 0
        for case in cases:
            if read >= records:
                break
            lines = mutated(self._seeds, Random(f"{self._seed}/{case}"))
            read += len(lines)
            error = self._broken_by(lines, case)
            if error:
                small = smallest(lines, lambda part, case=case: bool(self._broken_by(part, case)))  # type: ignore[misc]
                raise Failure(case, small, error)
        return read

    def _broken_by(self, lines: list[bytes], case: int) -> Exception | None:
        try:
            self._checker.check(lines, Random(case))
        except Exception as error:  # noqa: BLE001  # no exception at all is to leave the readers of records
            return error
        return None


def smallest(lines: list[bytes], broken: Callable[[list[bytes]], bool]) -> list[bytes]:
    """Return as few of the lines as still break; all of them if it is something else that broke."""
    if not broken(lines):
        return lines
    size = len(lines) // 2
    while size:
        start = 0
        while start < len(lines):
            part = lines[:start] + lines[start + size :]
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
        read = Fuzz(options.seed).run(cases, options.records)
    except Failure as failure:
        print(f"fuzz: {failure}")
        print(f"fuzz: again: python tests/fuzz/fuzz.py --seed {options.seed} --case {failure.case}")
        print(
            "fuzz: if that finds nothing, it takes what was remembered of the cases before it: leave out --case"
        )
        for line in failure.lines:
            print(repr(line))
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
        "--seed",
        options.seed,
        "--jobs",
        str(options.jobs),
    ]
    jobs = [subprocess.Popen([*command, "--job", str(number)]) for number in range(1, options.jobs + 1)]
    return max(job.wait() for job in jobs)


if __name__ == "__main__":
    sys.exit(main())
