"""``struct audit_status``: what AUDIT_GET answers and AUDIT_SET takes."""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Optional

from mig_audit.errors import InternalError

_WORD = struct.Struct("=I")
_SHORTEST = 8  # words, before Linux 3.14
_LONGEST = 11  # words, since Linux 5.9

ENABLED_LOCKED = 2
FAILURE_PANIC = 2


class Setting(IntEnum):
    """The settable words of the status, by their mask bit."""

    ENABLED = 0x01
    FAILURE = 0x02
    PID = 0x04
    RATE_LIMIT = 0x08
    BACKLOG_LIMIT = 0x10
    BACKLOG_WAIT_TIME = 0x20


_WORD_OF = {
    Setting.ENABLED: 1,
    Setting.FAILURE: 2,
    Setting.PID: 3,
    Setting.RATE_LIMIT: 4,
    Setting.BACKLOG_LIMIT: 5,
    Setting.BACKLOG_WAIT_TIME: 9,
}


@dataclass(frozen=True)
class Status:
    """The kernel's audit status.

    ``backlog_wait_time`` and ``backlog_wait_time_actual`` are in jiffies, and None where the kernel is too old to have
    them. ``words`` is the length of the kernel's answer in 32-bit words, which is how its version shows.
    """

    enabled: int
    failure: int
    pid: int
    rate_limit: int
    backlog_limit: int
    lost: int
    backlog: int
    feature_bitmap: int
    backlog_wait_time: Optional[int]
    backlog_wait_time_actual: Optional[int]
    words: int

    @classmethod
    def unpack(cls, payload: bytes) -> Status:
        """Decode an answer by its length, never by the kernel's version."""
        count = min(len(payload) // _WORD.size, _LONGEST)
        if count < _SHORTEST:
            raise InternalError(f"the kernel's audit status has {len(payload)} bytes, too few to be one")
        word: list[Optional[int]] = [value for (value,) in _WORD.iter_unpack(payload[: count * _WORD.size])]
        word += [None] * (_LONGEST - count)
        enabled, failure, pid, rate, limit, lost, backlog, features = (value or 0 for value in word[1:9])
        return cls(enabled, failure, pid, rate, limit, lost, backlog, features, word[9], word[10], count)

    def setting(self, setting: Setting) -> Optional[int]:
        """Return the present value of a settable word, None where this kernel has no such word."""
        value: Optional[int] = getattr(self, setting.name.lower())
        return value

    def to_json(self) -> dict[str, Optional[int]]:
        """Return the words by name, for reports and the results envelope."""
        words: dict[str, Optional[int]] = asdict(self)
        return words

    @classmethod
    def from_json(cls, words: dict[str, Optional[int]]) -> Status:
        """Rebuild a status from `to_json`."""
        return cls(**words)  # type: ignore[arg-type]  # the words come from to_json, which the type cannot say


def pack_setting(setting: Setting, value: int, words: int = _LONGEST) -> bytes:
    """Return the payload that sets exactly one word.

    One bit a message, because the kernel does not roll back the bits before one that it refuses; always the full
    length of its own answer, because it reads missing words as 0.
    """
    payload = [0] * max(words, _SHORTEST + 2)
    payload[0] = setting.value
    payload[_WORD_OF[setting]] = value & 0xFFFFFFFF
    return b"".join(_WORD.pack(word) for word in payload)
