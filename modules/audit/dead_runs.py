"""A run that was killed, and what was done about it: in the envelope, in `mig-audit restore`, and for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import RestoreError
from mig_audit.modules.audit.host import iso_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.kernel.recovery import Recovered


_ENDINGS = {"removed": "removed", "vanished": "gone before", "left": "left in the kernel"}


def dead_run_to_json(run: Recovered) -> dict[str, object]:
    """Return it as a document; the rules are counted by what became of them."""
    restoration = run.restoration
    outcomes = Counter(outcome.outcome for outcome in restoration.outcomes) if restoration else Counter()
    differences = list(restoration.differences) if restoration else []
    return {
        "run_id": run.run_id,
        "begun": None if run.begun is None else iso_time(run.begun),
        "earlier_boot": run.earlier_boot,
        "complete": run.complete,
        "rules": {ending: outcomes[ending] for ending in _ENDINGS},
        "differences": [*differences, *([run.trouble] if run.trouble else [])],
    }


def describe_dead_run(run: Recovered) -> Iterator[str]:
    """Yield the lines that people read about it."""
    begun = f", begun {iso_time(run.begun)}" if run.begun is not None else ""
    if run.earlier_boot:
        yield f"run {run.run_id}{begun}, before the host was booted: nothing of it is left"
        if run.trouble:
            yield f"  {run.trouble}"
        return
    done = "undone" if run.restoration is not None and run.restoration.complete else "NOT undone"
    yield f"run {run.run_id}{begun}, was killed and is {done}: {_rules(run)}"
    differences = run.restoration.differences if run.restoration else ()
    yield from (f"  {told}" for told in (*differences, run.trouble) if told)


def _rules(run: Recovered) -> str:
    """Return what became of its rules."""
    if run.restoration is None:
        return "it is not known which rules it had"
    outcomes = Counter(outcome.outcome for outcome in run.restoration.outcomes)
    counts = [f"{outcomes[ending]} {word}" for ending, word in _ENDINGS.items() if outcomes[ending]]
    return f"of its rules, {', '.join(counts)}" if counts else "it had no rules"


def restore_error(run: Recovered) -> Optional[RestoreError]:
    """Return what the reader must know of it, None if all is well."""
    if run.trouble and (run.earlier_boot or run.restoration):
        return RestoreError(f"run {run.run_id} is undone, and its journal is still there: {run.trouble}")
    if run.trouble:
        return RestoreError(f"what run {run.run_id} changed is not known: {run.trouble}")
    if run.restoration is None or run.restoration.restored:
        return None
    told = "; ".join(run.restoration.differences)
    if run.complete:
        return RestoreError(f"what run {run.run_id} changed is undone, but not all is as it found it: {told}")
    return RestoreError(
        f"what run {run.run_id} changed could not be undone: {told}", "try `mig-audit restore` again"
    )
