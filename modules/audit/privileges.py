"""What the processes of a run may do: what the main process gives up, and what each of them has, as the result says it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Optional

from mig_audit.capabilities import Capability, Held, keep_only, to_change
from mig_audit.modules.audit.records.interpretation.words import choices
from mig_audit.modules.audit.sinks import UnixSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mig_audit.interface import Context
    from mig_audit.modules.audit.parameters import Parameters

_SHARED = "the process goes on with other things after the run, and was left as it was started"


def confine(context: Context, parameters: Parameters, folder: Path) -> str:
    """Give up what the main process has no use for from now on; to be called before it has threads.

    Whoever parses records and talks to endpoints is not to be able to change audit: the recorder and the guard are.
    Return why it could not, or nothing. ``folder`` is that of the raw log.
    """
    if not context.last:
        return _SHARED
    return keep_only(_needed(context.output, parameters, folder))


def _needed(output: str, parameters: Parameters, folder: Path) -> frozenset[Capability]:
    """Return what the main process does with more than a user's rights."""
    # The files of the sinks, and programs that are hashed, may be anybody's.
    needed = {Capability.DAC_READ_SEARCH}
    if parameters.enrich is not None:
        # What /proc says of others' processes.
        needed.add(Capability.SYS_PTRACE)
    for place in _written(output, parameters, folder):
        needed |= to_change(place)
    if any(isinstance(sink, UnixSettings) and sink.mode == "connect" for sink in parameters.sinks):
        # To connect is to write, and a collector's socket is its own, perhaps not there yet.
        needed.add(Capability.DAC_OVERRIDE)
    return frozenset(needed)


def _written(output: str, parameters: Parameters, folder: Path) -> Iterator[str]:
    """Yield the folders in which files will be made, renamed or removed."""
    yield os.fspath(folder)
    if output:
        yield os.path.dirname(os.path.abspath(output))  # noqa: PTH100, PTH120  # resolving links would be another folder
    for sink in parameters.sinks:
        if isinstance(sink, UnixSettings) and sink.mode == "listen":
            yield os.fspath(sink.path.parent)


def to_json(held: Mapping[str, Optional[Held]], why: str) -> dict[str, object]:
    """Return what each process may do; ``why`` is why the main process may do more than it needs to."""
    return {**{name: _held(each) for name, each in held.items()}, "why": why}


def _held(held: Optional[Held]) -> Optional[dict[str, object]]:
    if held is None:
        return None
    words = choices("capabilities").words
    bits = (bit for bit in range(held.bits.bit_length()) if held.bits >> bit & 1)
    names = [f"CAP_{words[bit].upper()}" if bit in words else f"CAP_{bit}" for bit in bits]
    return {"capabilities": names, "no_new_privileges": held.fixed}
