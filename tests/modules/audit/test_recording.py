"""The main process's side of a run, with a recorder that the tests play."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest

from mig_audit.interface import Context
from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.parameters import parse_parameters
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.modules.audit.recording import Recording, make_plan
from mig_audit.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mig_audit.modules.audit.recorder.client import RecorderProcess

_RECORD = b"type=USER_LOGIN msg=audit(1700000000.000:%d): pid=1 uid=0 auid=0 ses=1 msg='op=login'\n"


class DeadRecorder:
    """Was killed before its window was over; ``farewells`` counts how often it was taken leave of."""

    ended = ready = None
    gone = True

    def __init__(self) -> None:
        """Be dead."""
        self.farewells = 0

    def send(self, _plan: object) -> None:
        """Hear nothing."""

    def give_up_at(self, _limit: float) -> None:
        """Need not be given up."""

    def listen(self, _timeout: float) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Have stopped."""

    def farewell(self, **_: object) -> None:
        """Be left."""
        self.farewells += 1


@pytest.fixture
def log(tmp_path: Path) -> Iterator[int]:
    """Return the descriptor of a raw log."""
    descriptor = os.open(tmp_path / "raw.log", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    yield descriptor
    os.close(descriptor)


def _run(log: int) -> tuple[Recording, DeadRecorder]:
    names = TableNames({}, {})
    pipeline = Pipeline(
        make_format("mozdef", Origin("host", names)), (), limit=9, max_size=1 << 20, names=names
    )
    recorder: Any = DeadRecorder()
    with closing(Stop()) as stop:
        context = Context(stop, lambda _text: None)
        recording = Recording(cast("RecorderProcess", recorder), log, pipeline, context)
        plan = make_plan(parse_parameters({"rules": []}), (), (), "0123456789abcdef")
        recording.run(plan, (), drain=5)
    return recording, recorder


def test_what_a_dead_recorder_wrote_is_processed(log: int) -> None:
    """Whole records are events; the kernel was seen to before that, and not only after."""
    os.write(log, _RECORD % 1 + _RECORD % 2)
    recording, recorder = _run(log)

    assert recording.pipeline.findings == recording.processed == 2
    assert recorder.farewells == 2


def test_half_a_line_of_a_dead_recorder_is_kept_aside(log: int) -> None:
    """It reads as a record, and as a shorter one than the kernel made."""
    torn = (_RECORD % 2)[:-20]
    os.write(log, _RECORD % 1 + torn)
    recording, _ = _run(log)
    account = recording.pipeline.account()

    assert recording.pipeline.findings == 1
    assert (recording.processed, account.received, account.aside) == (2, 2, 1)
    assert account.samples == (torn.decode(),)
    assert account.balanced
