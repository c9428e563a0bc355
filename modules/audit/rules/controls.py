"""The options of auditctl that configure the kernel or talk to it: they are no rules.

A file of rules often has some. What becomes of them is not decided here: see `mig_audit.modules.audit.run_settings`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import strictness
from mig_audit.modules.audit.rules.strictness import StricterError
from mig_audit.modules.audit.rules.values import integer, starts_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mig_audit.modules.audit.rules.options import Option
    from mig_audit.modules.audit.rules.words import Word


@dataclass(frozen=True)
class Control:
    """A control option of a line: its full name with dashes, its number if it takes one, and its text."""

    name: str
    value: Optional[int]
    text: str


@dataclass(frozen=True)
class _Kind:
    """How an option is read: ``read`` checks its argument, and returns it if it is a number.

    auditctl takes one that is ``alone`` only on a line of its own, but for the options in ``beside``; -i and -c may
    also end a line of others.
    """

    read: Optional[Callable[[Word], Optional[int]]] = None
    alone: bool = False
    beside: tuple[str, ...] = ()


_WORD = 0xFFFFFFFF
_SIGNALS = ("TERM", "HUP", "USR1", "USR2", "CONT", "STOP", "RELOAD", "ROTATE", "RESUME", "STATE")
_KEY = "-k"
_GOING_ON = ("-i", "-c")
_SWALLOWING = frozenset(("-t", "-q", "--loginuid-immutable", "--reset-lost"))
_OWN_LINE = "give it a line of its own"


def _number(word: Word) -> int:
    if not starts_number(word):
        raise RuleError(f"{word.text!r} is not a number", word.column)
    value = integer(word)
    if value > _WORD:
        raise StricterError(strictness.WRAPPED, f"{word.text} does not fit into 32 bits", word.column)
    return value


def _up_to_two(word: Word) -> int:
    if word.text not in {"0", "1", "2"}:
        raise RuleError(f"{word.text!r} is not 0, 1 or 2", word.column)
    return int(word.text)


def _message(word: Word) -> None:
    for character, column in zip(word.text, word.columns):
        if not " " <= character <= "\x7f":
            raise RuleError(f"a message cannot have {character!r} in it", column)


def _equivalent(word: Word) -> None:
    parts = word.pieces(",")
    if len(parts) != len(("mount", "subtree")) or not parts[1].text:
        raise RuleError(f"{word.text!r} is not MOUNT,SUBTREE", word.column)


def _signal(word: Word) -> None:
    if word.text.upper() not in _SIGNALS:
        raise RuleError(f"there is no signal {word.text!r} for auditd", word.column, ", ".join(_SIGNALS))


def _file(word: Word) -> None:
    raise RuleError(
        "a rule file cannot name another",
        word.column,
        f'put {{"file": "{word.text}"}} in the parameter rules',
    )


CONTROLS = {
    "-b": _Kind(_number),
    "-c": _Kind(alone=True),
    "-D": _Kind(alone=True, beside=(_KEY,)),
    "-e": _Kind(_up_to_two),
    "-f": _Kind(_up_to_two),
    "-h": _Kind(),
    "-i": _Kind(alone=True),
    "-l": _Kind(alone=True, beside=("-i", _KEY)),
    "-m": _Kind(_message, alone=True),
    "-q": _Kind(_equivalent),
    "-r": _Kind(_number),
    "-R": _Kind(_file),
    "-s": _Kind(alone=True, beside=("-i",)),
    "-t": _Kind(),
    "-v": _Kind(),
    "--backlog_wait_time": _Kind(_number),
    "--help": _Kind(),
    "--loginuid-immutable": _Kind(),
    "--reset-lost": _Kind(),
    "--reset_backlog_wait_time_actual": _Kind(),
    "--signal": _Kind(_signal),
}


def takes_argument(name: str) -> bool:
    """Tell whether a control option is followed by an argument."""
    return CONTROLS[name].read is not None


def refusal(option: Option) -> StricterError:
    """Return the error for a control option where a rule was expected."""
    return StricterError(
        strictness.CONTROL, f"{option.name} is not part of a rule", option.word.column, _OWN_LINE
    )


def read_controls(first: Option, rest: Iterable[Option], line: str) -> tuple[Control, ...]:
    """Return what a line says that starts with a control option.

    Raises:
        RuleError: an argument makes no sense, or options are on one line that cannot be.
    """
    if first.name in _SWALLOWING:
        with _swallowed():
            return tuple(_controls((first, *rest), line))
    others = tuple(rest)
    if CONTROLS[first.name].alone:
        return (_only(first, others, line),)
    return tuple(_controls((first, *others), line))


@contextmanager
def _swallowed() -> Iterator[None]:
    try:
        yield
    except StricterError:
        raise
    except RuleError as error:
        raise StricterError(strictness.SWALLOWED, error.what, error.column, error.remedy) from error


def _only(option: Option, others: Sequence[Option], line: str) -> Control:
    beside = CONTROLS[option.name].beside
    too_many = others[1:] or tuple(other for other in others if other.name not in beside)
    if too_many:
        raise RuleError(f"{option.name} is not the only option", too_many[0].word.column, _OWN_LINE)
    return _control(option, line, (*others, option)[0])


def _controls(options: Sequence[Option], line: str) -> Iterator[Control]:
    for option in options:
        if option.name not in CONTROLS:
            raise StricterError(
                strictness.CONTROL,
                f"{option.name} is of a rule, and this line is none",
                option.word.column,
                "give the rule a line of its own",
            )
        if CONTROLS[option.name].alone and not (option.name in _GOING_ON and option is options[-1]):
            raise RuleError(f"{option.name} is not the only option", option.word.column, _OWN_LINE)
        yield _control(option, line, option)


def _control(option: Option, line: str, last: Option) -> Control:
    read = CONTROLS[option.name].read
    value = read(option.argument) if read is not None and option.argument is not None else None
    end = (last.argument or last.word).columns[-1]
    return Control(option.name, value, line[option.word.column - 1 : end - 1])
