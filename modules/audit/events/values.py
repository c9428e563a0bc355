"""The raw value of a field, as an event has it."""

from __future__ import annotations

from typing import Optional

from mig_audit.modules.audit.events.draft import NUMBER
from mig_audit.modules.audit.records import Absent, decode, printable
from mig_audit.modules.audit.records.memo import remember

_RESULTS = {b"1": True, b"yes": True, b"success": True, b"0": False, b"no": False, b"failed": False}


@remember
def number_value(raw: Optional[bytes]) -> Optional[int]:
    """Return a decimal number; None if it is absent, or none."""
    return int(raw) if raw is not None and NUMBER.fullmatch(raw) else None


def ascii_value(raw: Optional[bytes]) -> Optional[str]:
    """Return a value that a pattern has found to be ASCII; None if it is absent."""
    return None if raw is None else raw.decode("ascii")


def result_value(raw: Optional[bytes]) -> Optional[bool]:
    """Return whether ``success`` or ``res`` says that it worked; None if it is absent, or says neither."""
    return None if raw is None else _RESULTS.get(raw.strip(b'",').lower())


@remember
def string_value(raw: Optional[bytes]) -> Optional[str]:
    """Return a field that may be hex; None if it is absent in any of the three ways."""
    value = None if raw is None else decode(raw)
    return None if value is None or isinstance(value, Absent) else printable(value)


def marked_value(raw: Optional[bytes]) -> Optional[str]:
    """Return a field that is never hex, with ``(none)`` and ``?`` as they are."""
    if raw is None or raw == b"(null)":
        return None
    return printable(raw[1:-1] if raw[:1] == b'"' and raw[-1:] == b'"' and len(raw) > 1 else raw)


def plain_value(raw: Optional[bytes]) -> Optional[str]:
    """Return a field that is never hex; None if it is absent in any of the three ways."""
    return None if raw in {b"(null)", b"(none)", b"?"} else marked_value(raw)


@remember
def rule_keys(raw: Optional[bytes]) -> tuple[str, ...]:
    """Return the keys of all rules that matched; auditctl joins several with 0x01."""
    value = None if raw is None else decode(raw)
    if value is None or isinstance(value, Absent):
        return ()
    return tuple([printable(key) for key in value.split(b"\x01")]) if value else ()


@remember
def title_words(raw: Optional[bytes]) -> Optional[tuple[str, ...]]:
    """Return the arguments that a process title has; None if it is absent."""
    value = None if raw is None else decode(raw)
    if value is None or isinstance(value, Absent):
        return None
    arguments = value.split(b"\0")
    return tuple([printable(argument) for argument in (arguments if arguments[-1] else arguments[:-1])])
