"""What ends a window, and what the recorder does meanwhile; the kernel is played by the test."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from mig_audit.modules.audit.canary import Mark
from mig_audit.modules.audit.kernel.status import Status
from mig_audit.modules.audit.recorder.bounds import Bounds, Limits, Usage
from mig_audit.modules.audit.recorder.canaries import Canary
from mig_audit.modules.audit.recorder.channel import Channel
from mig_audit.modules.audit.recorder.drain import Block
from mig_audit.modules.audit.recorder.ending import Ending
from mig_audit.modules.audit.recorder.rawlog import RawLogWriter
from mig_audit.modules.audit.recorder.watch import Own, Watch
from mig_audit.modules.audit.recorder.window import Parts, Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mig_audit.modules.audit.kernel.control import Control
    from mig_audit.modules.audit.recorder.drain import Drain

_MARK = Mark("0123456789abcdef", 77)
_ON = Status(1, 1, 77, 0, 8192, 5, 0, 0x7F, 0, 0, 11)


class Kernel:
    """Gives back each message as a record, unless it is ``deaf``; counts records as a drain does."""

    def __init__(self) -> None:
        """Be empty."""
        self.deaf = False
        self.sent: list[bytes] = []
        self.lines: list[bytes] = []
        self.tally = self
        self.received = 0
        self.idle = True
        self._wakes, self._far = socket.socketpair()

    def close(self) -> None:
        """Release the sockets."""
        self._wakes.close()
        self._far.close()

    def send(self, text: bytes) -> None:
        """Take a message."""
        self.sent.append(text)
        if not self.deaf:
            body = b"pid=77 uid=0 auid=0 ses=1 msg='%b'" % text
            self.lines.append(b"type=TRUSTED_APP msg=audit(1.000:%d): %b\n" % (len(self.sent), body))

    def block(self) -> Block:
        """Give all lines there are."""
        lines, self.lines = self.lines, []
        self.received += len(lines)
        return Block(b"".join(lines), len(lines))

    def fileno(self) -> int:
        """Return a descriptor that never wakes anybody."""
        return self._wakes.fileno()

    def status(self) -> Status:
        """Be switched on."""
        return _ON

    def rules(self) -> tuple[bytes, ...]:
        """Have none."""
        return ()


class Stage:
    """A window with everything around it; ``main`` is the main process's end of the channel."""

    def __init__(self, log: int, limits: Limits, max_size: int) -> None:
        """Build it."""
        ours, theirs = socket.socketpair()
        self.main, self.kernel, self.ending = Channel(ours), Kernel(), Ending()
        self.channel = Channel(theirs)
        drain, control = cast("Drain", self.kernel), cast("Control", self.kernel)
        parts = Parts(self.channel, RawLogWriter(log, max_size), control, drain, self.ending)
        canary = Canary(_MARK, self.kernel.send, 60, time.time)
        watch = Watch(control, Own({}, (), (), (), reapply=False), time.time)
        self.window = Window(parts, canary, watch, Bounds(limits, lambda: Usage(0, 0.0), lambda: 1 << 40))

    def run(self, seconds: float = 0.05, latest: float | None = None) -> Ending:
        """Run the window."""
        self.window.open()
        now = time.monotonic()
        self.window.run(now + seconds, None if latest is None else now + latest)
        return self.ending


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Any]:
    """Make stages, and clean up after them."""
    made: list[Stage] = []
    with (tmp_path / "raw.log").open("wb") as log:

        def make(limits: Limits = Limits(), max_size: int = 1 << 20) -> Stage:  # noqa: B008  # it is immutable
            made.append(Stage(log.fileno(), limits, max_size))
            return made[-1]

        yield make
    for each in made:
        each.main.close()
        each.channel.close()
        each.kernel.close()


def test_time_ends_a_window(stage: Any) -> None:  # noqa: ANN401  # a factory
    """A canary opened it, and one that was sent then closed it."""
    built = stage()
    assert built.run().reason == "window"

    assert built.kernel.sent == [_MARK.text(1, end=False), _MARK.text(2, end=True)]
    account = built.window.canary.account()
    assert (account.sent, account.returned, account.closed) == (2, 2, True)


def test_the_callers_deadline_ends_it_before(stage: Any) -> None:  # noqa: ANN401  # a factory
    """And it is told apart from the window's own time."""
    assert stage().run(60, latest=0.05).reason == "deadline"


@pytest.mark.parametrize(("reason", "why"), [("stopped", ""), ("events", "10 events were found")])
def test_the_main_process_ends_it_with_its_reason(stage: Any, reason: str, why: str) -> None:  # noqa: ANN401  # a factory
    """A signal, or as many events as were asked for."""
    built = stage()
    built.main.send("stop", {"reason": reason, "why": why})
    built.main.send("stop", {"reason": "later", "why": ""})

    ending = built.run(60)
    assert (ending.reason, ending.why) == (reason, why)


def test_a_main_process_that_is_gone_ends_it_at_once(stage: Any) -> None:  # noqa: ANN401  # a factory
    """Nobody waits for a last canary then."""
    built = stage()
    built.kernel.deaf = True
    built.main.close()

    assert built.run(60).reason == "abandoned"
    assert not [text for text in built.kernel.sent if text.endswith(b" end")]


def test_a_limit_ends_it(stage: Any) -> None:  # noqa: ANN401  # a factory
    """The first canary is a record too."""
    assert stage(Limits(records=1)).run(60).reason == "records"


def test_a_full_raw_log_ends_it(stage: Any) -> None:  # noqa: ANN401  # a factory
    """What does not fit is counted by the log."""
    assert stage(max_size=10).run(60).reason == "raw-log"


def test_a_last_canary_that_does_not_come_back_is_tried_again_and_given_up(stage: Any) -> None:  # noqa: ANN401  # a factory
    """Within a bound that is stated."""
    built = stage()
    built.kernel.deaf = True
    built.run()

    account = built.window.canary.account()
    assert (account.opened, account.closed, account.returned) == (False, False, 0)
    assert account.silent_since is not None
    assert len([text for text in built.kernel.sent if text.endswith(b" end")]) > 1
