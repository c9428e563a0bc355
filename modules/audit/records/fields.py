"""The fields of a record of any type: bytes become (name, raw value) pairs, in order, duplicates kept.

There is no grammar that all records obey, so there are two ways through this file: one for the shape that the kernel
writes (``name=value`` with single spaces between, a message's text likewise), and a scanner for the rest. The scanner
never fails: words that belong to no name join the bare value before them (``op=adding user id=1001``) if that is no
number, or become a pair named ``text``.

Values stay raw, with their quotes, because only they tell a string from its hex form.
"""

from __future__ import annotations

import re

from mig_audit.late_patterns import compile_late

Pairs = list[tuple[str, bytes]]

_NAME_PATTERN = rb"[A-Za-z_][A-Za-z0-9_-]{0,63}(?:\[[0-9]{1,10}\])?"
PLAIN = re.compile(rb' *(?:%b=(?:"[^"]*"|[^ "\'=]*)(?: +|$))*' % _NAME_PATTERN)
"""The shape that the kernel writes."""

PLAIN_PAIR = re.compile(rb'(%b)=("[^"]*"|[^ "\'=]*)' % _NAME_PATTERN)
"""One field of it: its name and its raw value."""

_NAME = compile_late(rb"(\(?)(%b)=" % _NAME_PATTERN)
# LOGIN of older kernels; newer ones write `old-auid=`, and `auid=` for the new one.
_OLD_AND_NEW = compile_late(rb"(old|new) (auid|ses)=")
# What no other word can belong to: `uid=0 old auid=`, `old=64 by auid=`, `res=success, auditd pid=`.
_COMPLETE = compile_late(rb"-?[0-9]+|[^ ]*,")
_LABELS = frozenset({b"subj", b"obj"})  # a profile of AppArmor has any name, and its mode after that
_AVC = compile_late(rb"avc: +(granted|denied) +\{ ?([^{}]*)\} +for(?: +|$)")
_SPACES = compile_late(rb" +")
# CONFIG_CHANGE of a watch that the kernel removed itself lacks a space: `ses=4294967295op=remove_rule`.
_GLUED = compile_late(rb"([0-9]+)[A-Za-z_][A-Za-z0-9_-]*=")
_GLUED_NAMES = frozenset({b"auid", b"ses", b"uid", b"pid"})
_TEXT = "text"
_MESSAGE = b" msg='"


def parse_fields(body: bytes) -> Pairs:
    """Return the pairs of one record's body; never raises.

    ``msg='...'`` of user-space messages is opened: its pairs follow those that the kernel wrote, which always come
    first and so cannot be forged by the text. ``avc:  denied  { read write } for`` becomes ``seresult`` and
    ``seperms``, as libauparse names them.
    """
    if PLAIN.fullmatch(body):
        return _plain_pairs(body)
    head, opening, text = body[:-1].partition(_MESSAGE)
    # A message of the usual shape: its text has no other quote, and nothing follows it.
    if opening and body.endswith(b"'") and PLAIN.fullmatch(head) and PLAIN.fullmatch(text):
        return _plain_pairs(head) + _plain_pairs(text)
    return _Scanner(body).scan()


def _plain_pairs(body: bytes) -> Pairs:
    return [(name.decode("ascii"), value) for name, value in PLAIN_PAIR.findall(body)]


class _Scanner:
    """One walk over a body of any shape, in time linear in its length."""

    def __init__(self, body: bytes, *, nested: bool = False) -> None:
        self._body = body
        self._nested = nested
        self._pairs: Pairs = []
        # The bare value that may still grow by words that follow it: its name, and where it starts and ends.
        self._growing = ""
        self._start = self._end = 0
        self._bracketed = False

    def scan(self) -> Pairs:
        """Walk to the end and return the pairs."""
        position = 0
        while position < len(self._body):
            position = self._step(position)
        self._close()
        return self._pairs

    def _step(self, position: int) -> int:
        spaces = _SPACES.match(self._body, position)
        if spaces:
            return spaces.end()
        former = None if self._nested else _OLD_AND_NEW.match(self._body, position)
        if former:
            self._close()
            return self._value(b"old-" + former[2] if former[1] == b"old" else former[2], former.end())
        name = _NAME.match(self._body, position)
        if name is None:
            return self._word(position)
        self._close()
        self._bracketed = self._bracketed or bool(name[1])
        return self._value(name[2], name.end())

    def _value(self, name: bytes, start: int) -> int:
        first = self._body[start : start + 1]
        if first == b"'" and name == b"msg" and not self._nested:
            return self._message(start + 1)
        if first in {b'"', b"'"}:
            end = self._quoted_end(start, first)
            if end:
                self._pairs.append((name.decode("ascii"), self._body[start:end]))
                return end
        return self._bare(name, start)

    def _quoted_end(self, start: int, quote: bytes) -> int:
        """Return where a quoted value ends, or 0: a quote inside a word closes nothing."""
        end = self._body.find(quote, start + 1) + 1
        if end == 0:
            return 0
        following = self._body[end : end + 1]
        return end if following in {b"", b" ", b",", b")", b"'"} or _NAME.match(self._body, end) else 0

    def _bare(self, name: bytes, start: int) -> int:
        end = self._word_end(start)
        glued = _GLUED.match(self._body, start, end) if name in _GLUED_NAMES else None
        if glued:
            self._pairs.append((name.decode("ascii"), glued[1]))
            return glued.end(1)
        self._growing, self._start, self._end = name.decode("ascii"), start, end
        if name not in _LABELS and _COMPLETE.fullmatch(self._body, start, end):
            self._close()
        return end

    def _message(self, start: int) -> int:
        """Open ``msg='...'``: the last quote closes it, since the text may hold others."""
        end = self._body.rfind(b"'", start)
        inner = self._body[start:end] if end >= 0 else self._body[start:]
        self._pairs += _Scanner(inner, nested=True).scan()
        return end + 1 if end >= 0 else len(self._body)

    def _word(self, position: int) -> int:
        avc = _AVC.match(self._body, position) if not self._growing else None
        if avc:
            self._pairs += [("seresult", avc[1]), ("seperms", avc[2].strip())]
            return avc.end()
        end = self._word_end(position)
        if self._body[position:end] == b":":
            self._close()  # `acct=root : exe=` of 2007
        if not self._growing:
            self._growing, self._start = _TEXT, position
        self._end = end
        return end

    def _word_end(self, position: int) -> int:
        end = self._body.find(b" ", position)
        return len(self._body) if end < 0 else end

    def _close(self) -> None:
        if self._growing:
            value = self._body[self._start : self._end]
            if self._bracketed:
                # Programs of 2007 wrote `(hostname=?, addr=?, terminal=cron res=success)`.
                value = value[:-1] if value.endswith((b",", b")")) and not value.startswith(b"(") else value
            self._pairs.append((self._growing, value))
            self._growing = ""
