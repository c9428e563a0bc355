"""MIG's result envelope: five keys in a fixed order (MIG's modules.Result)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from .errors import MigAuditError, exit_code

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Result:
    """What a module answers.

    ``success`` says that it ran to its end, ``found_anything`` that it has findings; an error in ``errors`` beside
    ``success`` is one that the reader must know of, the only one beside failure is the reason for it.
    """

    found_anything: bool = False
    success: bool = False
    elements: Optional[Mapping[str, object]] = None
    statistics: Optional[Mapping[str, object]] = None
    errors: tuple[MigAuditError, ...] = ()

    @classmethod
    def failure(cls, error: MigAuditError) -> Result:
        """Return the envelope of a run that could not be done."""
        return cls(errors=(error,))

    @property
    def exit_code(self) -> int:
        """Return the exit code of the CLI."""
        return exit_code(self.errors)

    def to_json(self) -> dict[str, object]:
        """Return the five keys, in MIG's order."""
        return {
            "foundanything": self.found_anything,
            "success": self.success,
            "elements": self.elements,
            "statistics": self.statistics,
            "errors": [str(error) for error in self.errors] or None,
        }

    def to_line(self) -> str:
        """Return the envelope as one line of JSON, without the newline.

        A lone surrogate (a byte of a rule file that is no UTF-8) is written as JSON's own escape for it.
        """
        line = json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))
        return line.encode("utf-8", "backslashreplace").decode("utf-8")
