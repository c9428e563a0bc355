"""Regular expressions that are compiled when they are first used: a process has many, and most logs need few of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional, cast

if TYPE_CHECKING:
    from typing import AnyStr


class _Late:
    """Has what a pattern has, once it was asked for; from then on as attributes of its own."""

    _compiled: Optional[re.Pattern[Any]] = None

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._asked = pattern, flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # a method of the pattern
        if self._compiled is None:
            self._compiled = re.compile(*self._asked)
        found = getattr(self._compiled, name)
        setattr(self, name, found)
        return found


def compile_late(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what does what `re.compile` would return; a pattern that is none is found when it is first used."""
    return cast("re.Pattern[AnyStr]", _Late(pattern, flags))
