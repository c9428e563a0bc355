"""The format that a run was asked for, made before anything is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.errors import ParametersError, Problem, UsageError
from mig_audit.modules.audit.formats import is_json, make_format
from mig_audit.modules.audit.sinks import HttpSettings

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Origin
    from mig_audit.modules.audit.formats import Format
    from mig_audit.modules.audit.parameters import Parameters


def choose_format(parameters: Parameters, origin: Origin) -> Format:
    """Return the format of the events of this run.

    Raises:
        ParametersError: there is no such format, or a sink cannot carry it.
    """
    try:
        form = make_format(parameters.event_format, origin)
    except UsageError as error:
        raise ParametersError([Problem("$.events.format", "format", str(error))]) from error
    if not is_json(form):
        problems = [
            Problem(
                f"$.sinks[{index}].body",
                "format",
                f"{settings.body} is for JSON, and {form.name} events are {form.media_type}: use single",
            )
            for index, settings in enumerate(parameters.sinks)
            if isinstance(settings, HttpSettings) and settings.body != "single"
        ]
        if problems:
            raise ParametersError(problems)
    return form
