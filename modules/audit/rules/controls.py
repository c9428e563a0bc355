"""The options of auditctl that configure the kernel or talk to it: they are no rules.

A file of rules often has some. This table is the one place that knows them, and what stands for each in mig-audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mig_audit.modules.audit.rules import strictness
from mig_audit.modules.audit.rules.strictness import StricterError

if TYPE_CHECKING:
    from mig_audit.modules.audit.rules.options import Option


@dataclass(frozen=True)
class Control:
    """An option that is not part of a rule: does it take an argument, and what to use in its place."""

    takes_argument: bool
    instead: str


_NOT_DONE = "mig-audit does not do this: leave it away"
_RESTORED = "mig-audit sets this for the window and puts it back: leave it away"
_STRICT = "use the parameter strict_rules"
_RESULT = "the result holds it: leave it away"

CONTROLS = {
    "-b": Control(True, "use the parameter kernel.backlog_limit"),
    "-c": Control(False, _STRICT),
    "-D": Control(False, "mig-audit removes no rules but its own: leave it away"),
    "-e": Control(True, _RESTORED),
    "-f": Control(True, "use the parameter kernel.failure"),
    "-h": Control(False, _NOT_DONE),
    "-i": Control(False, _STRICT),
    "-l": Control(False, _RESULT),
    "-m": Control(True, _NOT_DONE),
    "-q": Control(True, _NOT_DONE),
    "-r": Control(True, "use the parameter kernel.rate_limit"),
    "-R": Control(True, 'use {"file": PATH} in the parameter rules'),
    "-s": Control(False, _RESULT),
    "-t": Control(False, _NOT_DONE),
    "-v": Control(False, _RESULT),
    "--backlog_wait_time": Control(True, "use the parameter kernel.backpressure"),
    "--help": Control(False, _NOT_DONE),
    "--loginuid-immutable": Control(
        False, "no kernel can undo this, so mig-audit does not do it: leave it away"
    ),
    "--reset-lost": Control(False, "mig-audit counts from what it finds: leave it away"),
    "--reset_backlog_wait_time_actual": Control(False, "mig-audit counts from what it finds: leave it away"),
    "--signal": Control(True, _NOT_DONE),
}


def refusal(option: Option) -> StricterError:
    """Return the error for a control option where a rule was expected."""
    return StricterError(
        strictness.CONTROL,
        f"{option.name} is not part of a rule",
        option.word.column,
        CONTROLS[option.name].instead,
    )
