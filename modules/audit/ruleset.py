"""The rules of one run: every rule and control line that was asked for, where it came from, and what becomes of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.documents import MAX_DOCUMENT
from mig_audit.errors import ParametersError, Problem, RuleError, UsageError
from mig_audit.modules.audit.rules import ParsedRule, Rule, load_profile, parse_rule, profile_names
from mig_audit.modules.audit.rules.features import missing_features
from mig_audit.modules.audit.rules.statements import Statement, read_statements
from mig_audit.modules.audit.rules.text import excerpt, parse_line
from mig_audit.modules.audit.withdrawals import without_withdrawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mig_audit.modules.audit.kernel.state import RuleOutcome
    from mig_audit.modules.audit.parameters import RuleSource
    from mig_audit.modules.audit.rules.controls import Control

_PARAMETERS = "parameters"


@dataclass(frozen=True)
class AskedRule:
    """One rule, or one control option, that was asked for.

    ``payload`` is what the kernel is given, None where the text could not be understood, is a ``control``, or asks to
    delete the rule that ``deletes`` has in the form that the kernel deletes it by;
    ``outcome`` is ``added``, ``exists``, ``refused``, ``skipped``, ``duplicate`` or ``invalid``, or ``setting`` for a
    control option that held, and ``ending`` what became of an added rule.
    """

    text: str
    origin: str
    path: str
    payload: Optional[bytes] = None
    warnings: tuple[str, ...] = ()
    control: Optional[Control] = None
    deletes: Optional[bytes] = None
    error: Optional[RuleError] = None
    outcome: str = ""
    detail: str = ""
    ending: str = ""

    @property
    def group(self) -> str:
        """What it is one of: a file or a profile, or the parameters' own lines."""
        return self.origin if self.origin == _PARAMETERS else self.path

    def to_json(self) -> dict[str, object]:
        """Return the rule for the results envelope; what is empty is left out."""
        shown = {
            "outcome": self.outcome,
            "detail": self.detail,
            "ending": self.ending,
            "warnings": list(self.warnings),
        }
        return {
            "rule": self.text,
            "origin": self.origin,
            **{name: value for name, value in shown.items() if value},
        }


def gather(sources: Sequence[RuleSource], *, strict: bool) -> tuple[AskedRule, ...]:
    """Return every rule of the parameters, in order.

    Raises:
        ParametersError: a profile or file is not there, or, if ``strict``, a rule cannot be understood; or none can.
    """
    problems: list[Problem] = []
    rules = without_withdrawn(rule for source in sources for rule in _of_source(source, problems))
    bad = rule_problems(rules)
    if problems or (bad and (strict or not to_load(rules))):
        raise ParametersError([*problems, *bad])
    return _without_duplicates(rules)


def rule_problems(rules: Iterable[AskedRule]) -> list[Problem]:
    """Return a problem for each rule that cannot be understood."""
    return [
        Problem(
            rule.path,
            "rule",
            f"{rule.origin}, column {rule.error.column}: {rule.error} (in: {excerpt(rule.text)}){_hint(rule)}",
        )
        for rule in rules
        if rule.error
    ]


def _hint(rule: AskedRule) -> str:
    """Return what a line that is only the name of a profile was meant to be; nothing of any other."""
    return f'; the profile is {{"profile": "{rule.text}"}}' if rule.text in profile_names() else ""


def source_problems(sources: Sequence[RuleSource]) -> list[Problem]:
    """Return every problem of the rules that were asked for."""
    problems: list[Problem] = []
    rules = without_withdrawn(rule for source in sources for rule in _of_source(source, problems))
    return [*problems, *rule_problems(rules)]


def with_outcomes(
    rules: Iterable[AskedRule],
    outcomes: Sequence[RuleOutcome],
    endings: Sequence[RuleOutcome],
    features: int = -1,
) -> tuple[AskedRule, ...]:
    """Return the rules with what the kernel said to each, and what became of those that were added.

    ``features`` are the kernel's feature bits, which may explain a refusal.
    """
    first = iter(outcomes)
    last = iter(endings)
    return tuple(_explained(_with_outcome(rule, first, last), features) for rule in rules)


def _with_outcome(rule: AskedRule, first: Iterator[RuleOutcome], last: Iterator[RuleOutcome]) -> AskedRule:
    if rule.outcome or rule.control:
        return rule
    outcome = next(first, None)
    if outcome is None:
        return replace(rule, outcome="skipped", detail="the run ended before it was added")
    ending = next(last, None)
    if ending is None or ending.outcome == outcome.outcome:
        return replace(rule, outcome=outcome.outcome, detail=outcome.detail)
    return replace(
        rule, outcome=outcome.outcome, detail=outcome.detail or ending.detail, ending=ending.outcome
    )


def _explained(rule: AskedRule, features: int) -> AskedRule:
    if rule.outcome != "refused" or rule.payload is None:
        return rule
    missing = missing_features(Rule.unpack(rule.payload), features)
    return (
        replace(rule, detail=f"{rule.detail}: this kernel has not {' and '.join(missing)}")
        if missing
        else rule
    )


def _of_source(source: RuleSource, problems: list[Problem]) -> Iterator[AskedRule]:
    if source.kind == "line":
        yield from _of_line(source)
    elif source.kind == "profile":
        if source.value in profile_names():
            lines = map(Statement.of_line, load_profile(source.value))
            yield from _of_statements(lines, f"profile {source.value}", source.path)
        else:
            known = ", ".join(profile_names())
            problems.append(
                Problem(source.value_path, "profile", f"no profile {source.value!r}; known: {known}")
            )
    else:
        try:
            data = _read(Path(source.value))
        except UsageError as error:
            problems.append(Problem(source.value_path, "file", str(error)))
        else:
            yield from _of_file(data, source, problems)


def _of_file(data: bytes, source: RuleSource, problems: list[Problem]) -> Iterator[AskedRule]:
    origin = f"file {source.value}"
    try:
        statements = read_statements(data)
    except RuleError as error:
        where = f"{origin}, column {error.column}"
        problems.append(Problem(source.value_path, "file", f"{where}: {error}"))
        return
    yield from _of_statements(statements, origin, source.path)


def _read(path: Path) -> bytes:
    """Return a rule file's data; like auditctl, take no file that every user can write to, and no device or pipe."""
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"the rule file {path} is not a file")
            if status.st_mode & stat.S_IWOTH:
                raise UsageError(f"every user can write to the rule file {path}", f"chmod o-w {path}")
            data = file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise UsageError(f"the rule file {path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_DOCUMENT:
        raise UsageError(
            f"the rule file {path} has more than {MAX_DOCUMENT} bytes", "see whether it is the right file"
        )
    return data


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; the opening of a pipe would wait for its writer."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _of_line(source: RuleSource) -> Iterator[AskedRule]:
    try:
        parsed = parse_line(source.value)
    except RuleError as error:
        yield _invalid(source.value, _PARAMETERS, source.path, error)
        return
    if isinstance(parsed, ParsedRule):
        yield _asked(parsed, source.value, _PARAMETERS, source.path)
    else:
        yield from _of_controls(parsed, _PARAMETERS, source.path)


def _of_statements(statements: Iterable[Statement], origin: str, path: str) -> Iterator[AskedRule]:
    for each in statements:
        where = f"{origin} {each.place}"
        if each.parsed is not None:
            yield _asked(each.parsed, each.text, where, path)
        elif each.error is not None:
            yield _invalid(each.text, where, path, each.error)
        else:
            yield from _of_controls(each.controls, where, path)


def _of_controls(controls: Iterable[Control], origin: str, path: str) -> Iterator[AskedRule]:
    for control in controls:
        yield AskedRule(control.text, origin, path, control=control)


def _asked(parsed: ParsedRule, text: str, origin: str, path: str) -> AskedRule:
    if parsed.delete:
        return AskedRule(text, origin, path, warnings=parsed.warnings, deletes=parsed.rule.deletion())
    return AskedRule(text, origin, path, parsed.rule.pack(), parsed.warnings)


def _invalid(text: str, origin: str, path: str, error: RuleError) -> AskedRule:
    return AskedRule(
        text, origin, path, error=error, outcome="invalid", detail=f"column {error.column}: {error}"
    )


def _without_duplicates(rules: Iterable[AskedRule]) -> tuple[AskedRule, ...]:
    seen: dict[bytes, str] = {}
    return tuple(_marked(rule, seen) for rule in rules)


def _marked(rule: AskedRule, seen: dict[bytes, str]) -> AskedRule:
    if rule.payload is None or rule.outcome:
        return rule
    place = f"{rule.path} ({rule.origin})"
    first = seen.setdefault(rule.payload, place)
    if first == place:
        return rule
    return replace(rule, outcome="duplicate", detail=f"the same rule as in {first}")


def to_load(rules: Iterable[AskedRule]) -> tuple[bytes, ...]:
    """Return the payloads for the kernel, in order."""
    return tuple(rule.payload for rule in rules if rule.payload is not None and not rule.outcome)


def exclusion(pid: int, parse: Callable[[str], ParsedRule] = parse_rule) -> bytes:
    """Return the rule that keeps one of our own processes out of the record, ahead of every other rule."""
    return parse(f"-A exit,never -F pid={pid}").rule.pack()
