"""Whoever makes every record long and unique fills no memory: nothing that long is remembered."""

from __future__ import annotations

import tracemalloc
from typing import Callable

import pytest
from kernel_events import NAMES, lines_of, syscall_body
from streams import block_of

from mig_audit.modules.audit.events import Origin
from mig_audit.modules.audit.events.filters import make_filters, parse_filters
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.pipeline import Pipeline

_EVENTS = 100
_MOST = 1 << 20  # bytes; each of the events has a tenth of it or more


def _command(serial: int) -> list[bytes]:
    """Return the start of a program with 112 kilobytes of arguments."""
    arguments = [f'a{index}="{"x" * 7000}{serial}"' for index in range(16)]
    arguments[0] = f"argc=16 {arguments[0]}"
    executes = [("EXECVE", argument) for argument in arguments]
    return lines_of(("SYSCALL", syscall_body()), *executes, ("EOE", ""), serial=serial)


def _paths(serial: int) -> list[bytes]:
    """Return a call with hundreds of names, two calls with as many as no other."""
    paths = [("PATH", 'item=0 name="/" nametype=NORMAL')] * (500 + serial // 2)
    return lines_of(("SYSCALL", syscall_body()), *paths, ("EOE", ""), serial=serial)


def _enriched(serial: int) -> list[bytes]:
    """Return a call by somebody with a name of 60 kilobytes."""
    body = f'{syscall_body()}\x1dAUID="{"x" * 60_000}{serial}"'
    return lines_of(("SYSCALL", body), ("EOE", ""), serial=serial)


def _message(serial: int) -> list[bytes]:
    """Return a message about an address of 60 kilobytes."""
    text = f"pid=1 uid=0 auid=0 ses=1 msg='op=x acct=a exe=/x hostname=? addr={'x' * 60_000}{serial} terminal=? res=success'"
    return lines_of(("USER_CMD", text), serial=serial)


def _feed(pipeline: Pipeline, make: Callable[[int], list[bytes]], serials: range) -> int:
    """Return how much more memory is in use after these events."""
    before, _ = tracemalloc.get_traced_memory()
    for serial in serials:
        pipeline.feed(block_of(make(serial)))
    return tracemalloc.get_traced_memory()[0] - before


@pytest.mark.parametrize(
    ("make", "condition"),
    [
        (_command, ""),
        (_command, "command = x"),
        (_command, "argument = x or key"),
        (_paths, ""),
        (_paths, "type = CWD"),
        (_enriched, ""),
        (_enriched, "user = alice"),
        (_message, ""),
        (_message, "address = 10.0.0.1"),
    ],
)
def test_long_unique_records_take_no_memory(make: Callable[[int], list[bytes]], condition: str) -> None:
    """Once they are told, whatever is asked of them."""
    filters = make_filters(parse_filters([{"drop": condition}])) if condition else None
    form = make_format("mozdef", Origin("host", NAMES))
    pipeline = Pipeline(form, (), limit=0, max_size=0, names=NAMES, filters=filters)
    tracemalloc.start()
    try:
        _feed(pipeline, make, range(1, 5))
        more = _feed(pipeline, make, range(5, 5 + _EVENTS))
    finally:
        tracemalloc.stop()

    assert pipeline.account().events == _EVENTS + 4
    assert more < _MOST
