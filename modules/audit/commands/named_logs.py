"""The logs that a command line names, itself or by the result of a run."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from mig_audit.modules.audit.commands.told_runs import RunTold, ToldRuns


def add_logs(parser: ArgumentParser) -> None:
    """Add the argument that names logs, and the option that adds to them what each was rotated to."""
    parser.add_argument(
        "logs",
        nargs="+",
        metavar="RAWLOG",
        help="a log, plain or .gz/.xz/.bz2/.zst, a folder of logs, - for stdin, or the result of a run",
    )
    parser.add_argument(
        "--rotated",
        action="store_true",
        help="read first what each log was rotated to (LOG.1, LOG.2.gz, ...)",
    )


class Logs(NamedTuple):
    """What was named.

    Attributes:
        paths: the logs.
        run: of which the one log is.
        results: the results among the names.
    """

    paths: list[str]
    run: Optional[RunTold] = None
    results: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """Return what is to be said of results among several files: a pid of one run may be anybody's in another log."""
        if not self.results or len(self.paths) == 1:
            return ""
        return f"the run's own work on audit is shown too: name {self.results[0]} alone to see what it found"

    @property
    def own_pids(self) -> tuple[int, ...]:
        """Return the pids whose work on audit is no finding."""
        return self.run.pids if self.run else ()

    @property
    def other_runs(self) -> Optional[ToldRuns]:
        """Return the other runs whose work on audit is none."""
        return self.run.others if self.run else None


def named_logs(paths: Sequence[str]) -> Logs:
    """Return the logs, with the raw log of each result that is among the paths in its place.

    Raises:
        UsageError: a result has no raw log, or it is gone, or is not as the run left it.
    """
    results = [path for path in paths if _begins_as_json(path)]
    if not results:
        return Logs(list(paths))
    from mig_audit.modules.audit.commands.result_file import read_result  # noqa: PLC0415  # slow to import; most name a log

    behind = {path: read_result(path) for path in results}
    logs = [behind[path].log if path in behind else path for path in paths]
    return Logs(logs, None if len(paths) > 1 else behind[results[0]].run, tuple(results))


def _begins_as_json(path: str) -> bool:
    """Say whether a file begins with a brace; a pipe or device is not touched, and is a log."""
    try:
        if path == "-" or not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  # pathlib is slow to import
            return False
        with open(path, "rb") as file:  # noqa: PTH123  # as above
            return file.read(256).lstrip()[:1] == b"{"
    except (OSError, ValueError):
        return False  # whoever reads it says why it cannot be read
