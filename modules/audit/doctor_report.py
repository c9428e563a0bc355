"""What `mig-audit doctor` found, as a document and as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.errors import InputError, NotPermittedError
from mig_audit.modules.audit.kernel import access

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.doctor import Diagnosis, Facts
    from mig_audit.modules.audit.kernel.journal import Undertaking

VERSION = "1.0"
_NOTHING = {InputError.exit_code, NotPermittedError.exit_code}
"""With these, not even what is audited already can be read."""


def to_json(diagnosis: Diagnosis) -> dict[str, object]:
    """Return it as a document of the schema ``doctor``, without what is known of the host itself."""
    facts, granted = diagnosis.facts, diagnosis.access
    return {
        "schema_version": VERSION,
        "exit_code": diagnosis.exit_code,
        "can_record": diagnosis.exit_code == 0,
        "stream": granted.mode if granted else None,
        "can_configure": bool(granted and granted.configure),
        "checks": [check.to_json() for check in diagnosis.checks],
        "process": facts.standing.to_json(),
        "status": facts.status.to_json() if facts.status else None,
        "rules": facts.rules,
        "neighbours": [each.to_json() for each in facts.neighbours],
        "runs": None if facts.runs is None else [_run_to_json(run, facts) for run in facts.runs],
    }


def _run_to_json(run: Undertaking, facts: Facts) -> dict[str, object]:
    state = (
        "recording" if run is facts.recording else "killed" if run.boot_id == facts.boot else "earlier boot"
    )
    return {"run_id": run.run_id, "pid": run.main.pid, "state": state}


def describe(diagnosis: Diagnosis) -> Sequence[str]:
    """Return it as lines for people, the verdict first."""
    lines = [_verdict(diagnosis)]
    for check in diagnosis.checks:
        lines.append(f"{check.state:8} {check.name}: {check.says}")
        if check.remedy:
            lines.append(f"{'':8} -> {check.remedy}")
    return lines


def _verdict(diagnosis: Diagnosis) -> str:
    granted = diagnosis.access
    if diagnosis.exit_code == 0 and granted is not None:
        beside = ", beside the owner of its audit pid" if granted.mode == access.MULTICAST else ""
        return f"this host can be recorded{beside}"
    if granted is not None and diagnosis.exit_code not in _NOTHING:
        return "this host can only be read: what it audits already is recorded, and no rule can be added"
    return "this host cannot be recorded"
