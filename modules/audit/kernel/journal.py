"""What a run changes in the kernel, written down before it does so: with this anybody can undo it when the run is dead.

A journal is a file of JSON lines that is only appended to::

    begun      who and when, the state before, and the rules that are going to be added, in their order
    settings   the settings that are going to be made
    outcome    what became of the next of the rules
    undoing    somebody has begun to undo the run

So a line stands before the change that it speaks of, but for the outcome of a rule. The first rules without an outcome
are in doubt, as many as are added with one system call: the kernel may have taken them. What is written survives the
death of its writer once write(2) returns; only the first line is forced to the disk, so that also a power cut leaves
a trace where the folder is on one.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Optional

from mig_audit.errors import AuditUnavailableError, InternalError, describe_errno
from mig_audit.modules.audit.kernel.loading import BATCH
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

VERSION = 1
_CHUNK = 1 << 20
_MOST = 256 << 20  # bytes: the longest that is read, of a hundred thousand rules
_DEAD = (b"Z", b"X")
_START_TIME = (
    19  # field 22 of /proc/PID/stat (proc(5)), counted from after the name; the state is the first there
)


@dataclass(frozen=True)
class Process:
    """A process, told from a later one with the same id by when it started, in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int, proc: str = "/proc") -> Process:
        """Return the process that has this id now; ``started`` is 0 if there is none, or only its exit status."""
        try:
            with open(f"{proc}/{pid}/stat", "rb") as file:  # noqa: PTH123  # pathlib is not worth its import here
                # The name in parentheses may itself have spaces and parentheses in it.
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return cls(pid, 0)
        return cls(pid, 0 if fields[0] in _DEAD else int(fields[_START_TIME]))

    def alive(self, proc: str = "/proc") -> bool:
        """Return whether it still runs."""
        return self.started != 0 and Process.of(self.pid, proc) == self


@dataclass(frozen=True)
class Undertaking:
    """A run as its journal tells it.

    ``begun`` is seconds since the epoch; ``boot_id`` that of /proc/sys/kernel/random. ``outcomes`` has one entry for
    each rule that the kernel may have: ``pending`` where that is in doubt.
    """

    run_id: str
    boot_id: str
    begun: float
    main: Process
    recorder: Process
    guard: Process
    before: Snapshot
    rules: tuple[bytes, ...]
    settings: Mapping[Setting, int]
    outcomes: tuple[RuleOutcome, ...] = ()
    undoing: bool = False

    def to_json(self) -> dict[str, object]:
        """Return what its first line says."""
        return {
            "version": VERSION,
            "run_id": self.run_id,
            "boot_id": self.boot_id,
            "begun": self.begun,
            "main": asdict(self.main),
            "recorder": asdict(self.recorder),
            "guard": asdict(self.guard),
            "before": self.before.to_json(),
            "rules": [rule.hex() for rule in self.rules],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Undertaking:
        """Rebuild what the first line says."""
        return cls(
            run_id=document["run_id"],
            boot_id=document["boot_id"],
            begun=document["begun"],
            main=Process(**document["main"]),
            recorder=Process(**document["recorder"]),
            guard=Process(**document["guard"]),
            before=Snapshot.from_json(document["before"]),
            rules=tuple(bytes.fromhex(rule) for rule in document["rules"]),
            settings={},
        )


class Journal:
    """A journal that is being written."""

    def __init__(self, descriptor: int) -> None:
        """Append to the file of the descriptor."""
        self._descriptor = descriptor

    def begin(self, undertaking: Undertaking) -> None:
        """Write the first line, and force it to the disk."""
        self._write({"kind": "begun", **undertaking.to_json()})
        os.fsync(self._descriptor)

    def settings(self, settings: Mapping[Setting, int]) -> None:
        """Write which settings are going to be made."""
        named = {setting.name: value for setting, value in settings.items()}
        self._write({"kind": "settings", "settings": named})

    def outcome(self, outcome: RuleOutcome) -> None:
        """Write what became of the next rule."""
        self._write({"kind": "outcome", "outcome": outcome.outcome})

    def undoing(self) -> None:
        """Write that the run is being undone from now on."""
        self._write({"kind": "undoing"})

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _write(self, document: Mapping[str, object]) -> None:
        line = json.dumps(document).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError as error:
            raise AuditUnavailableError(
                f"what is to be undone could not be written down: {describe_errno(error.errno or 0)}",
                "free space below /run; the kernel's audit is changed by nobody who cannot promise to undo it",
            ) from error


def read_journal(descriptor: int) -> Optional[Undertaking]:
    """Return what a journal says, None if it was cut off before its first line ended: then nothing was changed.

    Raises:
        InternalError: it is no journal, or one of another version.
    """
    if os.fstat(descriptor).st_size > _MOST:
        raise InternalError(f"a journal of more than {_MOST} bytes")
    text = b"".join(iter(lambda: os.read(descriptor, _CHUNK), b""))
    # Whoever was killed while writing has left the beginning of a line.
    *lines, _torn = text.split(b"\n")
    if not lines:
        return None
    try:
        first, *rest = (json.loads(line) for line in lines)
        if first["version"] != VERSION:
            raise InternalError(f"a journal of version {first['version']}, and this program reads {VERSION}")
        return _follow(Undertaking.from_json(first), rest)
    except (ValueError, KeyError, TypeError) as error:
        raise InternalError(f"a journal that cannot be read: {type(error).__name__}: {error}") from error


def _follow(undertaking: Undertaking, lines: Iterable[Mapping[str, Any]]) -> Undertaking:
    outcomes: list[RuleOutcome] = []
    for line in lines:
        if line["kind"] == "settings":
            settings = {Setting[name]: value for name, value in line["settings"].items()}
            undertaking = replace(undertaking, settings=settings)
        elif line["kind"] == "outcome":
            outcomes.append(RuleOutcome(undertaking.rules[len(outcomes)], line["outcome"]))
        else:
            undertaking = replace(undertaking, undoing=True)
    return replace(undertaking, outcomes=with_doubt(undertaking.rules, outcomes))


def with_doubt(rules: Sequence[bytes], outcomes: Sequence[RuleOutcome]) -> tuple[RuleOutcome, ...]:
    """Return the outcomes, and as in doubt the next of the rules, as many as may be asked for at once."""
    in_doubt = rules[len(outcomes) : len(outcomes) + BATCH]
    return (*outcomes, *(RuleOutcome(payload, "pending") for payload in in_doubt))
