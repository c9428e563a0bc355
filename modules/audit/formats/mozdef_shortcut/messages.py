"""Events of one message that a program sent: all of a kind say the same things with other values.

The first of a kind takes the long way here with marks in the place of its values, and what comes of that, cut at the
marks, is kept. A value is left open only if what is said around it does not follow from it: it is a text, not one of
the ways to say that there is none, and short enough to stay whole. Any other value is part of the kind.
"""

from __future__ import annotations

import os
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.draft import IDENTITIES
from mig_audit.modules.audit.events.event import Identities
from mig_audit.modules.audit.events.group import SINGLE, Bundle
from mig_audit.modules.audit.events.summary import Actor, user_of
from mig_audit.modules.audit.events.usual_message import MESSAGE_BODY, UsualMessage
from mig_audit.modules.audit.events.values import plain_value
from mig_audit.modules.audit.formats import mozdef_details
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.mozdef_limits import TERM_LIMIT
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import (
    MANY,
    Declined,
    Memory,
    encoded_text,
    written,
)
from mig_audit.modules.audit.formats.mozdef_shortcut.strings import SAFE_BYTES, told_value
from mig_audit.modules.audit.formats.network import is_ip
from mig_audit.modules.audit.records.fields import PLAIN_PAIR
from mig_audit.modules.audit.records.interpretation.arguments import USER
from mig_audit.modules.audit.records.interpretation.fields import Kind, field_kind

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Decoder, Event
    from mig_audit.modules.audit.formats.interface import Short
    from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Frame

_MESSAGE = compile_late(MESSAGE_BODY)
_HEADER = frozenset({b"pid", b"uid", b"auid", b"ses", b"subj"})
_ABSENT = frozenset({b"", b'""', b"?", b'"?"', b"(null)", b"(none)", b'"(null)"', b'"(none)"'})
# The fields that are only ever repeated, and how each is written.
_PLAIN_TEXTS = frozenset({b"op", b"hostname", b"terminal", b"grantors"})
_ENCODED_TEXTS = frozenset({b"acct", b"exe", b"unit", b"comm", b"cwd", b"cmd"})
_BARE = SAFE_BYTES.translate(None, b" '=")  # what a value may hold that is written without quotes
_SECOND = b" hostname="  # begins the second stretch of a text, if it has two
_ROOM = 180  # characters of values that a summary has room for, whatever else it says
# Nobody can foresee it, so that nothing that a record holds is taken for a mark.
_MARK = f"{os.urandom(6).hex()}-"
_MARKS = re.compile(f"{_MARK}([0-9]+)-".encode())
# An address is told under another name if it is one of IP's, so that its mark must be one as well.
_ADDRESS = b"addr"
_ID, _A_USER = b"id", Kind(USER, 0)
_ORDINARY_ID = re.compile(rb"0|[1-9][0-9]{0,8}")
_ADDRESS_MARK = f"2001:db8:{':'.join(os.urandom(2).hex() for _ in range(6))}"
_HOST, _PID, _SESSION, _TIME, _SERIAL, _STAMP, _SENDER, _FIRST = range(8)
_END = b"}}"
_SOMEBODY = b"uid=0 auid=0"
_NOT_SAID = (None,) * (len(IDENTITIES) - 2)
_new = tuple.__new__  # what _Kind(...) does, without its Python frame


class _Kind(NamedTuple):
    """What a message has in common with others: a name in the place of each value that is left open, in two stretches."""

    type: bytes
    subject: Optional[bytes]
    first: bytes
    second: bytes


class _Told(NamedTuple):
    """What is said of such a message: pieces with room for a value between each two, and what picks these values."""

    template: list[bytes]
    pick: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
    category: str
    actor: Actor
    exe: Optional[int]  # which open value is the program's path, None where that is part of the kind


class _Part(NamedTuple):
    """One field of a message: what a kind has of it, the text that it is left open for, and that in a JSON string."""

    of_kind: bytes
    text: str
    written: bytes


class _Parts(Memory[bytes, _Part]):
    """By a field as it is written."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self._decoder = decoder
        self._texts: dict[bytes, Callable[[bytes], Optional[tuple[str, bytes]]]] = {
            **dict.fromkeys(_PLAIN_TEXTS, _plain_text),
            **dict.fromkeys(_ENCODED_TEXTS, _encoded_text),
            _ADDRESS: _ip_address,
            _ID: self._nobody,
        }

    def make(self, key: bytes) -> _Part:
        """Return what it is."""
        name, _, value = key.partition(b"=")
        find = self._texts.get(name)
        if (find is None or not value or value.translate(None, _BARE)) and not PLAIN_PAIR.fullmatch(key):
            raise Declined
        found = find(value) if find is not None and value not in _ABSENT else None
        return _new(_Part, (name, *found) if found is not None and found[0] else (key, "", b""))

    def _nobody(self, raw: bytes) -> Optional[tuple[str, bytes]]:
        """Return an id that has no name, which is only repeated then."""
        if _ORDINARY_ID.fullmatch(raw) and self._decoder.identities.is_nobody(int(raw)):
            return raw.decode("ascii"), raw
        return None


class _Stretch(NamedTuple):
    """Some fields of a message: what a kind has of them; of the open ones the texts, and these in JSON strings."""

    of_kind: bytes
    texts: tuple[str, ...]
    written: tuple[bytes, ...]
    length: int  # characters of the texts


class _Stretches(Memory[bytes, _Stretch]):
    """By fields as they are written."""

    def __init__(self, parts: _Parts) -> None:
        super().__init__()
        self._parts = parts

    def make(self, key: bytes) -> _Stretch:
        """Return what they are."""
        kinds: list[bytes] = []
        texts: list[str] = []
        told: list[bytes] = []
        for part in key.split(b" "):
            of_kind, text, written = self._parts[part]
            kinds.append(of_kind)
            if text:
                texts.append(text)
                told.append(written)
        return _Stretch(b" ".join(kinds), tuple(texts), tuple(told), sum(map(len, texts)))

    def __missing__(self, key: bytes) -> _Stretch:
        """Remember them at once: of a session or a service there are several messages, one soon after the other."""
        stretch = self.make(key)
        self.keep(key, stretch)
        return stretch


_NO_FIELDS = _Stretch(b"", (), (), 0)


class _Senders(Memory[bytes, "tuple[bytes, str]"]):
    """By the ids before the text: on whose account it was, as members of the details, and who that is."""

    entries = MANY

    def __init__(self, frame: Frame, decoder: Decoder) -> None:
        super().__init__()
        self._frame = frame
        self._decoder = decoder

    def make(self, key: bytes) -> tuple[bytes, str]:
        """Return both."""
        uid, auid = [part.partition(b"=")[2] for part in key.split(b" ")]
        identities = self._decoder.identities.decode((auid, uid, *_NOT_SAID), self._frame.minute)
        return written(mozdef_details.add_identities, identities), user_of(identities)


class Messages(Memory[_Kind, _Told]):
    """Encodes them; what it cannot, it declines."""

    def __init__(self, frame: Frame, decoder: Decoder, document: Callable[[Event], dict[str, Any]]) -> None:
        super().__init__()
        self._frame = frame
        self._decoder = decoder
        self._document = document
        parts = _Parts(decoder)
        self._stretches = _Stretches(parts)
        self._senders = _Senders(frame, decoder)
        frame.names += (self, parts, self._stretches, self._senders)

    def encode(self, bundle: Bundle, last: bytes = _END) -> Short:
        """Return the event, its category and its actor; ``last`` as that of `encode_usual`.

        Raises:
            Declined: it is not of one message, or that is of another shape.
        """
        stamp, types, bodies, ending = bundle.stamp, bundle.types, bundle.bodies, bundle.ending
        match = _MESSAGE.fullmatch(bodies[0])
        if match is None or ending != SINGLE:
            raise Declined
        numbers = self._frame.numbers(stamp)
        message = UsualMessage.of((types[0].encode("ascii"), stamp, *numbers, *match.groups(), b""))
        return self.encode_usual(message, last)

    def encode_usual(self, message: UsualMessage, last: bytes = _END) -> Short:
        """Return the same of a message that was cut before.

        ``last`` are the last members of the details, and the end of the event.

        Raises:
            Declined: it is not so usual.
        """
        stamp, seconds, milliseconds, serial, pid, ids, session, subject, text, _, kind, _ = message
        frame = self._frame
        if seconds != frame.seconds:
            frame.begin(seconds)
        # Who it is about, and where that is: what varies within either half often comes again with it.
        cut = text.find(_SECOND)
        if cut < 0:
            of_first, texts, written, length = self._stretches[text]
            of_second, more_texts, more_written, more = _NO_FIELDS
        else:
            of_first, texts, written, length = self._stretches[text[:cut]]
            of_second, more_texts, more_written, more = self._stretches[text[cut + 1 :]]
        if length + more > _ROOM:
            raise Declined
        sender, user = self._senders[ids]
        template, pick, category, actor, exe = self[_new(_Kind, (kind, subject, of_first, of_second))]
        told = template.copy()
        told[1::2] = pick((
            frame.host, pid, session, frame.second + milliseconds, serial, stamp, sender, *written, *more_written
        ))  # fmt: skip
        data = b"".join(told)
        if last is not _END:
            data = data[: -len(_END)] + last
        if len(data) > TERM_LIMIT:
            raise Declined
        program = actor.exe if exe is None else (*texts, *more_texts)[exe]
        return data, category, _new(Actor, (actor.keys, program, user))

    def make(self, key: _Kind) -> _Told:
        """Return what is said of such a message."""
        kind = key.type.decode("ascii")
        parts = key.first.split(b" ") + (key.second.split(b" ") if key.second else [])
        fields = [part.partition(b"=") for part in parts]
        names = [name for name, _, _ in fields]
        if len(set(names)) < len(names) or not _HEADER.isdisjoint(names):
            raise Declined  # what is said then follows from which values are equal
        open_names = [name for name, equals, _ in fields if not equals]
        if _ID in open_names and field_kind(kind, "id") != _A_USER:
            raise Declined  # it is a group's
        numbers = {name: number for number, name in enumerate(open_names)}
        text = b" ".join(
            b"%b=%b" % (name, value if equals else _value_mark(name, numbers[name]).encode())
            for name, equals, value in fields
        )
        body = b"pid=1 %b ses=1%b msg='%b'" % (_SOMEBODY, key.subject or b"", text)
        stamp = f"{self._frame.minute * 60}.000:1"
        event = self._decoder.decode(Bundle(stamp.encode(), [kind], [body], None, SINGLE, 0).group())
        document = self._document(event)
        details = document["details"]
        if (event.process.pid, event.process.session, event.gaps) != (1, 1, ()):
            raise Declined
        document["processid"] = details["pid"] = _mark(_PID)
        document["timestamp"] = f"{_mark(_TIME)}+00:00"
        details["session"] = _mark(_SESSION)
        details["auditserial"] = _mark(_SERIAL)
        document["hostname"] = _mark(_HOST)
        details["auditid"] = f"{_mark(_HOST)}/{_mark(_STAMP)}"
        data = to_json(document)
        if _ADDRESS in numbers:
            data = data.replace(_ADDRESS_MARK.encode(), _mark(_FIRST + numbers[_ADDRESS]).encode())
        # No text has these quotes in it, so that it is there once. Other ids are the text's, and part of the kind.
        somebody = Identities(event.identities.auid, event.identities.uid)
        data = data.replace(written(mozdef_details.add_identities, somebody), _mark(_SENDER).encode())
        pieces = _MARKS.split(data)
        pick = itemgetter(*map(int, pieces[1::2]))
        return _Told(pieces, pick, event.category, Actor.of(event), numbers.get(b"exe"))


def _plain_text(raw: bytes) -> Optional[tuple[str, bytes]]:
    if not raw.translate(None, SAFE_BYTES):
        return raw.decode("ascii"), raw
    text = plain_value(raw)
    return None if text is None else (text, encoded_text(text)[1:-1])


def _encoded_text(raw: bytes) -> Optional[tuple[str, bytes]]:
    told = told_value(raw)
    return told and (told[0], told[1][1:-1])


def _ip_address(raw: bytes) -> Optional[tuple[str, bytes]]:
    told = _plain_text(raw)
    return told if told is not None and is_ip(told[0]) else None


def _value_mark(name: bytes, number: int) -> str:
    return _ADDRESS_MARK if name == _ADDRESS else _mark(_FIRST + number)


def _mark(number: int) -> str:
    return f"{_MARK}{number}-"
