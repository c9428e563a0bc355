"""The options of the command line that select events, as filters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import FilterError, UsageError
from mig_audit.modules.audit.events.filters import Filters, make_leaf, parse_expression
from mig_audit.modules.audit.events.filters.contradictions import why_never
from mig_audit.modules.audit.events.filters.leaves import EQUALS, IN, REGEX
from mig_audit.modules.audit.events.filters.model import Every, Some
from mig_audit.modules.audit.events.filters.stages import Choice
from mig_audit.modules.audit.events.filters.times import HELP, Between, parse_point

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from mig_audit.modules.audit.events.filters.model import Condition
    from mig_audit.modules.audit.events.filters.stages import Stage
    from mig_audit.modules.audit.events.filters.times import Point


def add_selection(parser: ArgumentParser) -> None:
    """Add the options to a parser; an event must meet all that are given, of one that is repeated any."""
    group = parser.add_argument_group("which events (default: all)")
    add = group.add_argument
    add(
        "--where",
        action="append",
        default=[],
        metavar="EXPRESSION",
        help="""a condition such as 'exe ~ "^/tmp/" and not success' (docs/filters.md); if repeated, all must hold""",
    )
    add("--since", metavar="TIME", help=f"nothing before it: {HELP}")
    add("--until", metavar="TIME", help="nothing after it")
    add("--key", action="append", default=[], metavar="KEY", help="only of rules with this key")
    add(
        "--user",
        action="append",
        default=[],
        metavar="NAME",
        help="only by this user or user id, logged in or acting",
    )
    add(
        "--exe",
        action="append",
        default=[],
        metavar="PROGRAM",
        help="only by this program: its path, or the last part of it",
    )


def filters_of(options: Namespace, now: float) -> Filters:
    """Return the filters that the options ask for, at a time in seconds since the epoch.

    Raises:
        UsageError: an option is not understood.
    """
    return Filters(list(_stages(options, now)))


def never_selecting(options: Namespace, now: float) -> str:
    """Return why no event can be selected, or nothing."""
    since, until = _points(options, now)
    if since and until and since.since == until.since and since.milliseconds > until.milliseconds:
        return f"--until {options.until} is before --since {options.since}"
    return why_never(Every(tuple(condition for _, condition in _conditions(options))))


def _points(options: Namespace, now: float) -> tuple[Optional[Point], Optional[Point]]:
    since, until = (parse_point(text, now) if text else None for text in (options.since, options.until))
    return since, until


def _stages(options: Namespace, now: float) -> Iterator[tuple[str, Stage]]:
    since, until = _points(options, now)
    if since or until:
        yield "time", Between(since, until)
    for name, condition in _conditions(options):
        yield name, Choice(condition, keep=True)


def _conditions(options: Namespace) -> Iterator[tuple[str, Condition]]:
    for text in options.where:
        yield f"--where {text}", _where(text)
    if options.key:
        yield "--key", make_leaf("key", IN, options.key)
    if options.user:
        yield "--user", make_leaf("user", IN, options.user)
    if options.exe:
        yield "--exe", Some(tuple(_program(name) for name in options.exe))


def _where(text: str) -> Condition:
    try:
        return parse_expression(text)
    except FilterError as error:
        raise UsageError(f"--where {text!r}: {error.what}", error.remedy) from error


def _program(name: str) -> Condition:
    if "/" in name:
        return make_leaf("exe", EQUALS, [name])
    return make_leaf("exe", REGEX, [f"(^|/){re.escape(name)}$"])
