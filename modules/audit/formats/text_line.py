"""One line for people.

    2026-11-21 07:27:03.203 web-1 kang as root cat[42] EACCES [T1003_shadow] Read: /etc/shadow

Time in UTC, host, who, what program, how it ended, the keys, and what happened (`summaries`). What the watched may word
as they like comes last or is quoted, so that it cannot look like one of the other parts; all of it is printable
already, so that the only escapes are the colours, if they were asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.formats.actors import acting, login, outcome
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.summaries import summarise

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin

_NOTHING = "-"
_WORD = re.compile(r'[^\s"\[\]]+')
_RESET = "\x1b[0m"
_FAINT, _BOLD, _RED, _CYAN = "\x1b[2m", "\x1b[1m", "\x1b[31m", "\x1b[36m"


class TextFormat:
    """Encodes events as lines for people.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
        colour: whether the line is for a terminal (`mig_audit.terminal` says).
    """

    name = "text"
    media_type = "text/plain; charset=utf-8"

    def __init__(self, origin: Origin, *, colour: bool = False) -> None:
        self._origin = origin
        self._hostname = host_name(origin)
        self._colour = colour

    def coloured(self) -> TextFormat:
        """Return the same with colours."""
        return TextFormat(self._origin, colour=True)

    def encode(self, event: Event) -> bytes:
        """Return one line in UTF-8."""
        time = f"{event.timestamp[:10]} {event.timestamp[11:23]}"
        ending = outcome(event) or _NOTHING
        words = [
            self._in(_FAINT, f"{time} {_word(event.node or self._hostname)}"),
            self._in(_BOLD, _who(event)),
            _program(event),
            self._in(_RED, ending) if event.success is False else ending,
        ]
        if event.keys:
            words.append(f"[{self._in(_CYAN, ' '.join(map(_word, event.keys)))}]")
        if event.gaps:
            words.append(f"[incomplete: {' '.join(event.gaps)}]")
        words.append(summarise(event))
        return " ".join(words).encode("utf-8")

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text


def _who(event: Event) -> str:
    """Return ``kang``, or ``kang as root`` where the user who logged in acts as another."""
    first, second = login(event), acting(event)
    if first is None or second is None or first == second:
        return _word(first or second)
    return f"{_word(first)} as {_word(second)}"


def _program(event: Event) -> str:
    process = event.process
    name = _word(process.comm or (process.exe or "").rpartition("/")[2])
    return name if process.pid is None else f"{name}[{process.pid}]"


def _word(text: Optional[str]) -> str:
    if not text:
        return _NOTHING
    if _WORD.fullmatch(text):
        return text
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
