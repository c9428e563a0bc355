"""What a rule file says, whichever language it is in: auditctl's, or libaudit-go's JSON, which begins with a brace."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules.controls import Control
from mig_audit.modules.audit.rules.libaudit_go import parse_libaudit_go
from mig_audit.modules.audit.rules.names import HOST
from mig_audit.modules.audit.rules.text import parse_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.rules.libaudit_go import LibauditGoRules, LibauditGoSettings
    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.text import ParsedRule, RuleLine

LANGUAGES = ("auditctl", "libaudit-go", "libaudit-go-old")
"""The languages of rule files."""


@dataclass(frozen=True)
class Statement:
    """A line or an element that says something; ``place`` is where: ``line 3``, or a JSON path.

    It has one of three: the rule, the error, or control options; a comment has none. ``number`` is the line's, or the
    place of the element among all, from 1. ``strict_path_check`` is libaudit-go's: a rule whose path is not there was
    not to be loaded. ``file`` is the file's name, where there are several.
    """

    number: int
    place: str
    text: str
    parsed: Optional[ParsedRule] = None
    error: Optional[RuleError] = None
    controls: tuple[Control, ...] = ()
    strict_path_check: bool = False
    file: str = ""

    @classmethod
    def of_line(cls, line: RuleLine) -> Statement:
        """Return what a line in auditctl's language says."""
        return cls(line.number, f"line {line.number}", line.text, line.parsed, line.error, line.controls)

    @property
    def where(self) -> str:
        """The file and the place in it, as compilers write them: ``site.rules:3``."""
        return f"{self.file}:{self.place.replace('line ', '', 1)}"


def is_json(data: bytes) -> bool:
    """Tell whether a rule file is libaudit-go's."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def read_statements(
    data: bytes,
    language: str = "auto",
    *,
    names: Names = HOST,
    exists: Callable[[bytes], bool] = os.path.exists,
    comments: bool = False,
) -> tuple[Statement, ...]:
    """Return what a rule file says, in order; what cannot be understood never stops the rest.

    ``language`` is one of ``LANGUAGES``, or ``auto``; with ``comments``, those of auditctl's language are among it.

    Raises:
        RuleError: it is JSON, but as a whole no document of rules, or not one of this language.
    """
    if language == "auditctl" or (language == "auto" and not is_json(data)):
        lines = map(Statement.of_line, parse_file(data, names))
        if not comments:
            return tuple(lines)
        return tuple(sorted([*lines, *_comments(data)], key=lambda line: line.number))
    document = parse_libaudit_go(data, names, exists)
    dialect = {"old": "libaudit-go-old", "new": "libaudit-go"}[document.dialect]
    if language not in {"auto", dialect}:
        raise RuleError(f"the document is {dialect}, not {language}")
    return tuple(_of_document(document))


def _comments(data: bytes) -> Iterator[Statement]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        text = line.strip(b" ")
        if text.startswith(b"#"):
            yield Statement(number, f"line {number}", text.decode("utf-8", "surrogateescape"))


def _of_document(document: LibauditGoRules) -> Iterator[Statement]:
    settings = list(_controls(document.settings))
    for control, name in settings:
        if control.name != "-e":
            yield Statement(0, f"$.{name}", control.text, controls=(control,))
    for number, rule in enumerate(document.rules, start=1):
        strict = rule.strict_path_check
        yield Statement(number, rule.path, rule.text, rule.parsed, rule.error, strict_path_check=strict)
    for control, name in settings:
        if control.name == "-e":  # 2 would lock the rules out
            yield Statement(0, f"$.{name}", control.text, controls=(control,))


def _controls(settings: LibauditGoSettings) -> Iterator[tuple[Control, str]]:
    """Give what a document says beside its rules as the options of auditctl that mean the same, with their names."""
    if settings.delete:
        yield Control("-D", None, "delete"), "delete"
    for option, name, value in (
        ("-e", "enable", settings.enable),
        ("-b", "buffer", settings.buffer),
        ("-r", "rate", settings.rate),
    ):
        if value is not None:
            yield Control(option, value, f"{name}: {value}"), name
