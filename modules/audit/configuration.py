"""The configuration of the persistent process: the parameters for queries that have none.

MIG's agent makes it from a file of its own (``/etc/mig/audit.cfg``), in which MIG's audit module of 2017 found its rule
file and two limits of the kernel. That module recorded for as long as it ran; here each query records one window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, cast

from mig_audit.errors import ParametersError
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "audit.configuration.v1.schema.json"


def document_of(configuration: Mapping[str, object]) -> Optional[dict[str, Any]]:
    """Return a parameters document, as it is or made from MIG's names; None if there is neither.

    Raises:
        ParametersError: it does not fit its schema; every problem is in the error.
    """
    problems = find_problems(configuration, SCHEMA)
    if problems:
        raise ParametersError(problems)
    given = cast("Mapping[str, Any]", configuration)
    if "parameters" in given:
        return cast("dict[str, Any]", given["parameters"])
    return _translated(given.get("audit", {}))


def _translated(audit: Mapping[str, Any]) -> Optional[dict[str, Any]]:
    """Translate; what MIG's file does not say is empty or 0 there."""
    if not audit.get("rulespath"):
        return None
    limits = {"rate_limit": audit.get("ratelimit"), "backlog_limit": audit.get("backloglimit")}
    kernel = {name: limit for name, limit in limits.items() if limit}
    return {"rules": [{"file": audit["rulespath"]}], "kernel": kernel}
