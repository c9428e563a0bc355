"""ATT&CK techniques that rules name in their keys: ``T1059_exec``, ``T1059.004``, ``exec-T1059.004``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple, Optional

# attack.mitre.org: T and four digits; a sub-technique has three more after a dot. A key may have "_" for the dot.
_TECHNIQUE = re.compile(r"(?<![A-Za-z0-9.])(T[0-9]{4})(?:[._]([0-9]{3})(?![0-9]))?(?![A-Za-z0-9])")


class Technique(NamedTuple):
    """One technique.

    Attributes:
        technique: its id, ``T1059``.
        sub: the id of the sub-technique, ``T1059.004``; None where the technique as a whole is meant.
    """

    technique: str
    sub: Optional[str]

    @property
    def id(self) -> str:
        """Return the most exact id there is."""
        return self.sub or self.technique


@lru_cache(maxsize=256)
def find_techniques(keys: tuple[str, ...]) -> tuple[Technique, ...]:
    """Return the techniques that the keys name, each once, in the keys' order."""
    found = [
        Technique(match[1], f"{match[1]}.{match[2]}" if match[2] else None)
        for key in keys
        for match in _TECHNIQUE.finditer(key)
    ]
    return tuple(dict.fromkeys(found))
