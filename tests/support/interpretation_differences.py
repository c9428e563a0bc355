"""The listed differences between what libauparse says of a field and what we say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from libauparse_answers import DATA

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = DATA / "interpretation" / "differences.json"
_MORE = "more-arguments"


class Answer(NamedTuple):
    """What both say of one field, and where it stands."""

    type: str
    field: str
    raw: str
    machine: str
    call: str
    theirs: str
    ours: str

    @property
    def unchanged(self) -> bool:
        """Say whether ours is the number, or the value, and no more."""
        return self.ours in {self.raw, f"0x{self.raw}"}


@dataclass(frozen=True)
class Difference:
    """One of them; ``where`` are patterns of the answers that it is about, ``calls`` their calls and arguments."""

    name: str
    record: str
    field: str
    libauparse: str
    mig_audit: str
    where: tuple[Mapping[str, Any], ...]
    calls: Mapping[str, tuple[str, ...]]

    def claims(self, answer: Answer) -> bool:
        """Say whether these two answers differ for this reason."""
        if self.name == _MORE:
            return answer.field in self.calls.get(answer.call, ()) and answer.theirs == f"0x{answer.raw}"
        return any(
            all(
                answer.unchanged == wanted
                if isinstance(wanted, bool)
                else re.fullmatch(wanted, getattr(answer, name), re.DOTALL) is not None
                for name, wanted in patterns.items()
            )
            for patterns in self.where
        )


def differences() -> list[Difference]:
    """Return all of them."""
    return [
        Difference(
            row["name"],
            row["record"],
            row["field"],
            row["libauparse"],
            row["mig_audit"],
            tuple(row.get("where", ())),
            {call: tuple(names) for call, names in row.get("calls", {}).items()},
        )
        for row in json.loads(_FILE.read_text("utf-8"))
    ]


def reasons(listed: list[Difference], answer: Answer) -> list[str]:
    """Return the names of the differences that explain why two answers differ; an argument without words is the last."""
    names = [difference.name for difference in listed if difference.claims(answer)]
    return [name for name in names if name != _MORE] or names
