"""The short way from an event to a call gives what the long one gives."""

from __future__ import annotations

import lzma
from typing import TYPE_CHECKING

import pytest
from corpus import DATA as RECORDS
from file_truth import WORKLOADS, content

from mig_audit.modules.audit.events import Decoder, Ledger, TableNames, make_stream
from mig_audit.modules.audit.events.usual import UsualRun
from mig_audit.modules.audit.events.usual_message import UsualMessage
from mig_audit.modules.audit.files.call import call_of
from mig_audit.modules.audit.files.glanced import Glances

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events.usual import Usual

_NAMES = TableNames({0: "root"}, {})
_LOGS = ("exec.log.xz", "file.log.xz", "special.log.xz", "watch.log.xz")


def _usuals(log: bytes) -> Iterator[tuple[str, Usual]]:
    stream = make_stream("kernel", Ledger())
    for complete in (*stream.feed(log), *stream.flush()):
        if isinstance(complete, UsualRun):
            for usual in complete.events:
                if not isinstance(usual, UsualMessage):
                    yield complete.node, usual


def _differences(log: bytes) -> tuple[int, list[object]]:
    decoder = Decoder(_NAMES)
    glances = Glances(decoder.identities)
    compared = 0
    differences: list[object] = []
    for node, usual in _usuals(log):
        seen, added = usual.plain()
        stamp = int(usual.seconds), int(usual.milliseconds), int(usual.serial)
        short = glances.call_of(seen, node, stamp, added)
        long = call_of(decoder.decode(usual.bundle(node).group()))
        if short is not None:
            compared += 1
            differences += [(short, long)] if short != long else []
    return compared, differences


@pytest.mark.parametrize("workload", WORKLOADS)
def test_calls_of_file_activity_are_the_same(workload: str) -> None:
    """Of nearly all events, for these have the kernel's usual shapes."""
    compared, differences = _differences(content(workload, "raw.log"))

    assert differences == []
    assert compared > 100


@pytest.mark.parametrize("name", _LOGS)
def test_calls_of_other_logs_are_the_same(name: str) -> None:
    """Those of a kernel that was asked for other calls too."""
    compared, differences = _differences(lzma.decompress((RECORDS / name).read_bytes()))

    assert differences == []
    assert compared > 50


def test_calls_of_an_enriched_log_are_the_same() -> None:
    """The names of users that auditd added go before those that are looked up."""
    added = b'\x1dARCH=x86_64 SYSCALL=openat AUID="unset" UID="carol" EUID="carol"'
    lines = content("d2_dupappend", "raw.log").split(b"\n")
    log = b"\n".join([line + added if line.startswith(b"type=SYSCALL") else line for line in lines])
    decoder = Decoder(_NAMES)

    compared, differences = _differences(log)
    calls = [call_of(decoder.decode(usual.bundle(node).group())) for node, usual in _usuals(log)]

    assert differences == []
    assert compared > 100
    assert {call.who.user for call in calls if call is not None} == {"carol"}
