"""The formats: an event becomes bytes, one file per format. What a format is, is in `interface`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from mig_audit.errors import UsageError
from mig_audit.modules.audit.formats.interface import Format
from mig_audit.modules.audit.formats.mozdef import MozdefFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events import Origin

FormatFactory = Callable[["Origin"], Format]

DEFAULT_FORMAT = "mozdef"

# name -> factory, which is given the host that the records are from
FORMATS: Mapping[str, FormatFactory] = {
    MozdefFormat.name: MozdefFormat,
}

__all__ = ["DEFAULT_FORMAT", "FORMATS", "Format", "FormatFactory", "MozdefFormat", "make_format"]


def make_format(name: str, origin: Origin) -> Format:
    """Return the format of that name, for records of that host.

    Raises:
        UsageError: there is no such format.
    """
    factory = FORMATS.get(name)
    if factory is None:
        raise UsageError(f"there is no format {name!r}", f"use one of: {', '.join(sorted(FORMATS))}")
    return factory(origin)
