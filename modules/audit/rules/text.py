"""auditctl's text to rules: one rule of a line, or every rule of a file.

The bytes of a rule are those that auditctl 4.2.1 sends. Where auditctl guesses, this refuses: see `strictness`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Optional, Union

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import strictness
from mig_audit.modules.audit.rules.controls import CONTROLS, Control, read_controls
from mig_audit.modules.audit.rules.draft import Draft
from mig_audit.modules.audit.rules.names import HOST
from mig_audit.modules.audit.rules.options import read_options
from mig_audit.modules.audit.rules.strictness import StricterError
from mig_audit.modules.audit.rules.words import split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mig_audit.modules.audit.rules.model import Rule
    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.options import Option

_MOST_QUOTED = 1000  # characters
_LONGEST_LINE = 6143  # what auditctl's buffer of 6144 bytes holds


@dataclass(frozen=True)
class ParsedRule:
    """A rule, whether the text asks to delete it rather than to add it, what to know of it, and the text itself."""

    rule: Rule
    delete: bool
    warnings: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class RuleLine:
    """A line of a rule file that is neither blank nor a comment.

    It has its number, from 1, and one of three: the rule, the error, or control options.
    """

    number: int
    text: str
    parsed: Optional[ParsedRule]
    error: Optional[RuleError]
    controls: tuple[Control, ...] = ()


def excerpt(text: str) -> str:
    """Return what a message quotes of a line: all of a rule, and not all of a file that holds something else."""
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}..."


def parse_rule(text: Union[str, bytes], names: Names = HOST) -> ParsedRule:
    r"""Return the rule that a line of auditctl's language says.

    Words are separated by spaces; ``\ `` is a space and ``\\`` a backslash within a word.

    Raises:
        RuleError: the text is not one rule; ``column`` is where, from 1 to one more than its length in characters.
    """
    line = _decoded(text)
    return _rule(line, _options(line), names)


def parse_line(text: Union[str, bytes], names: Names = HOST) -> Union[ParsedRule, tuple[Control, ...]]:
    """Return the rule, or the control options, that a line of a rule file says.

    Raises:
        RuleError: the text is neither; ``column`` is as in `parse_rule`.
    """
    line = _decoded(text)
    options = _options(line)
    first = next(options)
    if first.name in CONTROLS:
        return read_controls(first, options, line)
    return _rule(line, chain([first], options), names)


def _rule(line: str, options: Iterable[Option], names: Names) -> ParsedRule:
    draft = Draft(names)
    for option in options:
        draft.take(option)
    return ParsedRule(draft.rule(), draft.delete, draft.warnings(), line)


def _options(line: str) -> Iterator[Option]:
    """Yield the options of a line, at least one."""
    _check_characters(line)
    words = split_words(line)
    if not words:
        raise RuleError("there is no rule in an empty line")
    has_option = False
    for option in read_options(words):
        yield option
        has_option = True
    if not has_option:
        raise StricterError(strictness.NO_RULE, "there is no rule in this line", words[0].column)


def _decoded(text: Union[str, bytes]) -> str:
    if isinstance(text, bytes):
        return text.decode("utf-8", "surrogateescape")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise RuleError("this character cannot be encoded", error.start + 1) from error
    return text


def _check_characters(line: str) -> None:
    if "\0" in line:
        raise StricterError(strictness.NUL, "a rule cannot hold a NUL", line.index("\0") + 1)
    if "\n" in line:
        raise RuleError("a rule is one line", line.index("\n") + 1, "give each rule on its own")
    if line.endswith("\r"):
        raise StricterError(
            strictness.CARRIAGE_RETURN,
            "the line ends with a carriage return",
            len(line),
            "convert the file to Unix line ends",
        )


def parse_file(data: bytes, names: Names = HOST) -> tuple[RuleLine, ...]:
    """Return the lines of a file that say something; one that cannot be understood never stops the others."""
    return tuple(_lines(data, names))


def _lines(data: bytes, names: Names) -> Iterator[RuleLine]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        words = line.strip(b" ")
        if words and not words.startswith(b"#"):
            yield _line(number, line, names)


def _line(number: int, line: bytes, names: Names) -> RuleLine:
    text = _decoded(line)
    try:
        if len(line) > _LONGEST_LINE:
            raise StricterError(
                strictness.LONG_LINE,
                f"the line is longer than {_LONGEST_LINE} bytes",
                min(len(_decoded(line[:_LONGEST_LINE])), len(text) - 1)
                + 1,  # the cut may be inside a character
                "make two rules of it",
            )
        parsed = parse_line(text, names)
    except RuleError as error:
        return RuleLine(number, text, None, error.alone())
    if isinstance(parsed, ParsedRule):
        return RuleLine(number, text, parsed, None)
    return RuleLine(number, text, None, None, parsed)
