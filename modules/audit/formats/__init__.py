"""The formats: an event becomes bytes, one file per format. What a format is, is in `interface`.

A format is imported when it is asked for, and no other with it. Another package offers its own as an entry point in
the group ``mig_audit.formats``, under a name with a dot in it (``acme.leef``): names without one are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mig_audit.errors import UsageError
from mig_audit.modules.audit.formats.interface import (
    Format,
    FormatFactory,
    coloured,
    grouping_of,
    header_of,
    is_json,
)
from mig_audit.registry import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

    from mig_audit.modules.audit.events import Origin

DEFAULT_FORMAT = "mozdef"
GROUP = "mig_audit.formats"

# name -> the module in this folder, and the factory in it
FORMATS = {
    "mozdef": "mozdef:MozdefFormat",
    "records": "records:RecordsFormat",
    "audisp-json": "audisp_json:AudispJsonFormat",
    "go-audit": "go_audit:GoAuditFormat",
    "pauditd-notification": "pauditd_notification:PauditdNotificationFormat",
    "libaudit-go": "libaudit_go_event:LibauditGoFormat",
    "text": "text_line:TextFormat",
    "csv": "csv_rows:CsvFormat",
    "cef": "cef:CefFormat",
    "rfc5424": "rfc5424:Rfc5424Format",
    "gelf": "gelf:GelfFormat",
    "ecs": "ecs:EcsFormat",
    "ocsf": "ocsf:OcsfFormat",
    "otlp": "otlp:OtlpFormat",
    "timesketch": "timesketch:TimesketchFormat",
}

_CATALOGUE = Catalogue("format", GROUP, {name: f"{__name__}.{place}" for name, place in FORMATS.items()})

__all__ = [
    "DEFAULT_FORMAT",
    "FORMATS",
    "GROUP",
    "Format",
    "FormatFactory",
    "coloured",
    "format_names",
    "grouping_of",
    "header_of",
    "is_json",
    "make_format",
]


def make_format(name: str, origin: Origin, installed: Iterable[EntryPoint] | None = None) -> Format:
    """Return the format of that name, for records of that host.

    Raises:
        UsageError: there is no such format, or a package that offers it is broken.
    """
    # Without a dot no other package is asked, so that what a later version of ours calls one means the same everywhere.
    factory = cast("FormatFactory", _CATALOGUE.find(name, installed if "." in name else ()))
    if name in FORMATS:
        return factory(origin)
    try:
        return factory(origin)
    except Exception as error:  # what a stranger's factory may raise has no bounds
        raise UsageError(
            f"format '{name}' cannot be made: {error!r}", "mend or uninstall its package"
        ) from error


def format_names(installed: Iterable[EntryPoint] | None = None) -> list[str]:
    """Return the names of all formats, without importing any."""
    return [name for name in _CATALOGUE.names(installed) if name in FORMATS or "." in name]
