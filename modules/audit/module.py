"""The audit module, as the runner sees it.

What it does is imported when it is asked for it: a command that replays a log needs nothing of what records a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.errors import Problem
    from mig_audit.interface import Command, Context
    from mig_audit.results import Result


class AuditModule:
    """Records what the kernel's audit sees for a bounded time."""

    def commands(self) -> Sequence[Command]:
        """Return what it adds to the command line."""
        return COMMANDS

    def schemas(self) -> Mapping[str, str]:
        """Return the names and files of the published schemas."""
        return {
            "parameters": "audit.parameters.v1.schema.json",
            "configuration": "audit.configuration.v1.schema.json",
            "results": "audit.results.v1.schema.json",
            "event": "audit.event.v1.schema.json",
            "records": "audit.records.v1.schema.json",
            "files": "audit.files.v1.schema.json",
            "file-seed": "audit.file-seed.v1.schema.json",
            "doctor": "audit.doctor.v1.schema.json",
            "restore": "audit.restore.v1.schema.json",
        }

    def validate(self, document: object) -> Sequence[Problem]:
        """Return everything that is wrong with a document, its rules and filters included, as far as no host is needed.

        The rule files that it names are read. Tokens, certificates, sockets and folders are looked at by `run` alone:
        they are those of the host that it runs on.
        """
        from mig_audit.modules.audit.event_format import choose_format  # noqa: PLC0415  # as said above
        from mig_audit.modules.audit.events import Origin  # noqa: PLC0415
        from mig_audit.modules.audit.events.filters import never_matching  # noqa: PLC0415
        from mig_audit.modules.audit.parameters import parse_parameters  # noqa: PLC0415
        from mig_audit.modules.audit.ruleset import source_problems  # noqa: PLC0415

        try:
            parameters = parse_parameters(document)
            choose_format(parameters, Origin.here())
        except ParametersError as error:
            return error.problems
        return [*source_problems(parameters.rules), *never_matching(parameters.filters)]

    def run(self, document: object, context: Context) -> Result:
        """Record one window and answer with what was found; see `mig_audit.interface.Module`."""
        from mig_audit.modules.audit.window import record_window  # noqa: PLC0415  # as said above

        return record_window(document, context)

    def configured(self, configuration: Mapping[str, object]) -> Optional[object]:
        """Return the parameters that a configuration has, in our words or in those of MIG's own audit module."""
        from mig_audit.modules.audit.configuration import document_of  # noqa: PLC0415  # as said above

        return document_of(configuration)

    def describe(self, result: Mapping[str, object], *, found_only: bool) -> Sequence[str]:
        """Return an envelope as lines for people."""
        from mig_audit.modules.audit.plain_result import describe  # noqa: PLC0415  # as said above

        return describe(result, found_only=found_only)
