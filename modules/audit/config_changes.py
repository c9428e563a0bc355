"""What CONFIG_CHANGE records say was changed of the kernel's audit, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.records import Absent, decode, parse_fields, printable

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

RULE_REMOVED, RULE_ADDED, LOST = "rule removed", "rule added", "lost"
"""What a change may be of, besides a setting by its name; ``lost`` is the counter, which was reset."""
MOST_CHANGES = 100
"""Changes that are told; more are counted."""

CONFIG_CHANGE = "CONFIG_CHANGE"
_SETTING = compile_late(r"audit_([a-z_]+)")
_NUMBER = compile_late(rb"[0-9]{1,10}")
_OPERATIONS = {"add_rule": RULE_ADDED, "remove_rule": RULE_REMOVED}


class Actor(NamedTuple):
    """Who did it, as far as the event says; numbers of users may be 4294967295, "unset"."""

    pid: Optional[int]
    comm: Optional[str]
    exe: Optional[str]
    auid: Optional[int]
    uid: Optional[int]
    session: Optional[int]

    @classmethod
    def of(cls, event: Event) -> Actor:
        """Return who an event is of."""
        process, auid, uid = event.process, event.identities.auid, event.identities.uid
        return cls(
            process.pid,
            process.comm,
            process.exe,
            auid.number if auid else None,
            uid.number if uid else None,
            process.session,
        )

    def __str__(self) -> str:
        """Return it for a sentence."""
        name = self.exe or self.comm or "an unknown program"
        pid = "" if self.pid is None else f", pid {self.pid}"
        return f"{name}{pid}, auid {'unknown' if self.auid is None else self.auid}"


class Recorded(NamedTuple):
    """What one CONFIG_CHANGE record says; ``what`` is a setting by its name, one of the above, or the record's own word for another operation.

    ``key`` is the rule's, as bytes. ``done`` is False for an attempt that the kernel refused. ``run`` is the id of
    another run of mig-audit that did it, if one did.
    """

    time: float
    what: str
    was: Optional[int]
    now: Optional[int]
    key: Optional[bytes]
    done: bool
    by: Actor
    text: str
    run: str = ""


def recorded_changes(event: Event) -> list[Recorded]:
    """Return the changes that an event's CONFIG_CHANGE records tell."""
    time, by = event.seconds + event.milliseconds / 1000, Actor.of(event)
    return [_recorded(record.body, time, by) for record in event.records if record.type == CONFIG_CHANGE]


def _recorded(body: bytes, time: float, by: Actor) -> Recorded:
    fields = dict(parse_fields(body))
    operation = printable(fields.get("op", b""))
    key = decode(fields.get("key", b"(null)"))
    what, now = _OPERATIONS.get(operation, operation or "unknown"), None
    for name, raw in fields.items():
        setting = _SETTING.fullmatch(name)
        if setting or name == LOST:
            what, now = setting[1] if setting else LOST, _number(raw)
    return Recorded(
        time,
        what,
        _number(fields.get("old", b"")),
        now,
        None if isinstance(key, Absent) else key,
        fields.get("res") != b"0",
        by,
        printable(body),
    )


def _number(raw: bytes) -> Optional[int]:
    return int(raw) if _NUMBER.fullmatch(raw) else None
