"""Events of one message that a program sent: most of them say what others said, in another process and session.

The first of a kind takes the long way here, and what comes of it is kept with the places of the process id and the
session left open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from mig_audit.modules.audit.events import Actor
from mig_audit.modules.audit.events.correlation import SINGLE, Bundle
from mig_audit.modules.audit.formats import mozdef
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import LONGEST, Declined, Memory, encoded, members

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Decoder, Event
    from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Frame

_NUMBER = rb"(0|[1-9][0-9]{0,9})"
# What the kernel writes before the text of a message (kernel/audit.c, audit_log_common_recv_msg), and the text.
_MESSAGE = re.compile(
    rb"pid=" + _NUMBER + rb" (uid=[0-9]{1,10} auid=[0-9]{1,10}) ses=" + _NUMBER + rb"( .*)", re.DOTALL
)
# A text that names them again is about more than its own.
_NAMED_AGAIN = (b"pid=", b"ses=")


class _Key(NamedTuple):
    """A message without what differs every time."""

    type: str
    ids: bytes
    text: bytes


class _Told(NamedTuple):
    """What is said of such a message, around the process id and the session."""

    opening: bytes
    before_pid: bytes
    before_session: bytes
    after_session: bytes
    category: str
    actor: Actor


class Messages(Memory[_Key, _Told]):
    """Encodes them; what it cannot, it declines."""

    def __init__(self, frame: Frame, decoder: Decoder, document: Callable[[Event], dict[str, Any]]) -> None:
        super().__init__()
        self._frame = frame
        self._decoder = decoder
        self._document = document
        frame.names.append(self)

    def encode(self, bundle: Bundle) -> tuple[bytes, str, Actor]:
        """Return the event, its category and its actor.

        Raises:
            Declined: it is not of one message, or that is of another shape.
        """
        stamp, types, bodies, _, ending, _ = bundle
        match = _MESSAGE.fullmatch(bodies[0])
        if match is None or ending != SINGLE:
            raise Declined
        pid, ids, session, text = match.groups()
        frame = self._frame
        milliseconds, serial = frame.at(stamp)
        told = self[_Key(types[0], ids, text)]
        data = b"".join((
            told.opening, frame.before_pid, pid, frame.after_pid, frame.second, milliseconds, frame.before_serial, serial,
            frame.before_stamp, stamp, told.before_pid, pid, told.before_session, session, told.after_session,
        ))  # fmt: skip
        if len(data) > mozdef.TERM_LIMIT:
            raise Declined
        return data, told.category, told.actor

    def make(self, key: _Key) -> _Told:
        """Return what is said of such a message."""
        if any(name in key.text for name in _NAMED_AGAIN):
            raise Declined
        body = b"pid=1 %b ses=1%b" % (key.ids, key.text)
        stamp = b"%d.000:1" % (self._frame.minute * 60)
        event = self._decoder.decode(Bundle(stamp, [key.type], [body], None, SINGLE, 0).group())
        document = self._document(event)
        details = document["details"]
        names = list(details)
        if "pid" not in details or "session" not in details or event.gaps:
            raise Declined
        first, second = names.index("pid"), names.index("session")
        before, between, after = names[:first], names[first + 1 : second], names[second + 1 :]
        if before[:2] != ["auditserial", "auditid"] or first > second:
            raise Declined
        return _Told(
            encoded({"category": event.category, "summary": document["summary"]})[:-2],
            b'"%b,"pid":"' % members({name: details[name] for name in before[2:]}),
            b'"%b,"session":"' % members({name: details[name] for name in between}),
            b'"%b}}' % members({name: details[name] for name in after}),
            event.category,
            Actor.of(event),
        )

    def keep(self, key: _Key, value: _Told) -> None:
        """Remember one more, unless it is long."""
        if len(key.text) <= LONGEST:
            super().keep(key, value)
