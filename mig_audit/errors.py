"""The one error tree, and the one place that turns errors into an exit code.

::

    MigAuditError                      exit code
    |-- InputError                     2   bad usage, parameters or rules
    |   |-- UsageError
    |   |   `-- OutputError            where it was asked for, nothing can or may be written
    |   |-- ParametersError                carries every problem of the document
    |   |-- RuleError                      carries the column in the rule's text
    |   `-- FilterError                    carries the column in the filter's text
    |-- NotPermittedError              3
    |-- BusyError                      4   another process, or another query, has what is needed
    |-- AuditUnavailableError          4   no audit, locked, or owned by another
    |   |-- AuditAbsentError
    |   |-- AuditLockedError
    |   `-- AuditOwnedError
    |-- DeliveryError                  5   events are in a spool and the raw log, but not at their sink
    |-- InternalError                  6   a fault of ours
    `-- PartialError                   1   done, but something to know
        |-- KernelRefusedError             carries the errno
        |   `-- UnansweredError                nobody knows whether it was done
        |-- RuleNotLoadedError
        |-- NeverMatchesError              a filter that can match no event
        |-- LossError
        |-- DriftError                     others changed the audit configuration
        |-- RecorderLostError              the recorder was killed, or had to be
        |-- StandstillError                a process of the run was stopped for a while
        |-- StoppedError                   a signal came before it was done
        |-- RawLogError
        |-- RecordError                    a line that is no audit record; it is kept aside
        |-- DamagedInputError              a log that ends torn, or cannot be read to its end
        `-- RestoreError

Each error says what happened and where in ``what``, and what to do about it in ``remedy``.
"""

from __future__ import annotations

import errno as errno_names
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from . import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

EXIT_CODES = {
    0: "done",
    1: "done, but with entries in `errors`",
    2: "bad usage, parameters or rules",
    3: "not permitted",
    4: "audit not available, locked, or owned by another",
    5: "events could not be delivered; they are in a spool, and in the raw log",
    6: "a fault of mig-audit's own",
}

# When several errors meet, the one that explains the most decides.
_PRECEDENCE = (6, 2, 3, 4, 5, 1)


class MigAuditError(Exception):
    """The root: every exception that crosses a public function is one of these."""

    exit_code = 6

    def __init__(self, what: str, remedy: str = "") -> None:
        """Say what happened, and what the reader can do about it."""
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        """Return both as one line."""
        return f"{self.what}: {self.remedy}" if self.remedy else self.what

    def alone(self) -> Self:
        """Return it to be kept: without the frames that it came through, each of which would keep what it works on."""
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


class Problem(NamedTuple):
    """One thing wrong with a document: where (a JSON path), which rule of the schema, and in words."""

    path: str
    keyword: str
    message: str

    def __str__(self) -> str:
        """Return the line that people read."""
        return f"{self.path}: {self.message}"


class InputError(MigAuditError):
    """What the caller gave cannot be used; nothing was touched."""

    exit_code = 2


class UsageError(InputError):
    """The command line, a file it names, or a message on stdin is not usable."""


class OutputError(UsageError):
    """What a command makes cannot, or may not, be written where it was asked for."""


class ParametersError(InputError):
    """The parameters document has problems; all of them are in ``problems``."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep every problem; the words of the error are all of them."""
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class RuleError(InputError):
    """A rule that cannot be understood: ``column`` counts characters of its text from 1."""

    def __init__(self, what: str, column: int = 1, remedy: str = "") -> None:
        """Remember where in the text the trouble starts."""
        super().__init__(what, remedy)
        self.column = column


class FilterError(InputError):
    """A filter that cannot be understood: ``column`` counts characters of its text from 1."""

    def __init__(self, what: str, remedy: str = "", column: int = 1) -> None:
        """Remember where in the text the trouble starts."""
        super().__init__(what, remedy)
        self.column = column


class NotPermittedError(MigAuditError):
    """The kernel or the file system says that this process may not do it."""

    exit_code = 3


class BusyError(MigAuditError):
    """What is needed is there once only, and somebody else has it now."""

    exit_code = 4


class AuditUnavailableError(MigAuditError):
    """This host's audit cannot be used the way it was asked for."""

    exit_code = 4


class AuditAbsentError(AuditUnavailableError):
    """There is no kernel audit here: not built in, switched off at boot, or hidden by a namespace."""


class AuditLockedError(AuditUnavailableError):
    """The audit configuration must not be changed: ``enabled=2``, or ``failure=2`` would endanger the host."""


class AuditOwnedError(AuditUnavailableError):
    """Another living process owns the audit pid, and the parameters insist on owning it."""


class DeliveryError(MigAuditError):
    """Events were not accepted by their sink; they remain in the raw log."""

    exit_code = 5


class InternalError(MigAuditError):
    """Something that should be impossible."""

    exit_code = 6


class PartialError(MigAuditError):
    """The run was done, and the reader must know something about it."""

    exit_code = 1


class KernelRefusedError(PartialError):
    """The kernel answered a request with an error number."""

    def __init__(self, what: str, number: int, remedy: str = "") -> None:
        """Add the kernel's word to what was asked of it."""
        super().__init__(f"{what}: {describe_errno(number)}", remedy)
        self.number = number


class UnansweredError(KernelRefusedError):
    """The kernel was asked, and its answer did not arrive: it may have done it."""


class RuleNotLoadedError(PartialError):
    """A rule that was asked for is not in force; the others are."""


class NeverMatchesError(PartialError):
    """A filter of the parameters can match no event, whatever happens."""


class LossError(PartialError):
    """Records or events are known to be missing."""


class DriftError(PartialError):
    """Others changed the audit configuration during the window."""


class RecorderLostError(PartialError):
    """The recorder was ended by somebody else, or stood still, before its window was over."""


class StandstillError(PartialError):
    """A process of the run was stopped for a while, and continued."""


class StoppedError(PartialError):
    """Somebody asked to stop before it was done."""


class RawLogError(PartialError):
    """The raw log could not be written to the end."""


class RecordError(PartialError):
    """A line that cannot be read as an audit record: it is counted and kept aside, never dropped."""


class DamagedInputError(PartialError):
    """A log that is torn, or could not be read to its end; what could be read of it was used."""


class RestoreError(PartialError):
    """The kernel is not exactly as it was found."""


NO_DESCRIPTORS = frozenset({errno_names.EMFILE, errno_names.ENFILE})
"""What the kernel says when no more files may be open."""


def unexpected(error: Exception, where: str = "") -> MigAuditError:
    """Return what an exception means that is none of ours.

    It is a fault of ours, unless this process may not open enough files, its locale cannot write a file's name, or what
    every host has is not there: proc(5), null(4), or a package that was to be installed with us.
    """
    if isinstance(error, OSError) and error.errno in NO_DESCRIPTORS:
        return UsageError(
            f"{where}too few files may be open: {describe_errno(error.errno or 0)}",
            "allow more, 64 at the least: ulimit -n",
        )
    if isinstance(error, FileNotFoundError) and not _is_whole():
        return UsageError(
            f"{where}there is no {error.filename} here", "mount /proc, and have /dev/null in /dev"
        )
    if isinstance(error, UnicodeEncodeError) and sys.getfilesystemencoding() != "utf-8":
        return UsageError(
            f"{where}the locale's encoding, {error.encoding}, cannot write {error.object!a}",
            "set PYTHONUTF8=1 in the environment, or a locale of UTF-8",
        )
    missing = error.name.partition(".")[0] if isinstance(error, ModuleNotFoundError) and error.name else ""
    if missing and missing != __package__:
        return missing_package(missing, where)
    return InternalError(f"{where}{type(error).__name__}: {error}", "please report this, with the input")


def missing_package(name: str, where: str = "") -> UsageError:
    """Return what it means that a package is not there, which a checkout has to find among the distribution's."""
    return UsageError(
        f"{where}the Python package {name} is not installed", f"install it, or {PROGRAM} itself with pip"
    )


def _is_whole() -> bool:
    """Say whether this is a root folder in which programs can run: a bare chroot(2) is not."""
    return os.path.exists("/proc/self/stat") and os.path.exists(os.devnull)  # noqa: PTH110  # two questions


def describe_errno(number: int) -> str:
    """Return for instance ``EEXIST (File exists)``."""
    name = errno_names.errorcode.get(number, f"errno {number}")
    return f"{name} ({os.strerror(number)})"


def exit_code(errors: Iterable[MigAuditError]) -> int:
    """Return the exit code of the CLI for a run that ended with these errors."""
    return worst_code(error.exit_code for error in errors)


def worst_code(codes: Iterable[int]) -> int:
    """Return the exit code of what was done in several parts, each of which has one."""
    found = set(codes)
    return next((code for code in _PRECEDENCE if code in found), 0)
