"""Arguments as a line that a shell would take apart into them again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable

MISSING = "(missing)"
"""What stands for arguments that are missing; one that reads so has quotes."""


def command_line(arguments: Iterable[Optional[str]]) -> str:
    """Return printable arguments with spaces between, each in quotes if it needs them; None is one that is missing."""
    return " ".join([MISSING if argument is None else shlex.quote(argument) for argument in arguments])
