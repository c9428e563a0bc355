"""Canaries are sent in time, and what became of them is known."""

from __future__ import annotations

from mig_audit.errors import NotPermittedError
from mig_audit.modules.audit.canary import Mark
from mig_audit.modules.audit.recorder.canaries import PATIENCE, Canary

_MARK = Mark("0123456789abcdef", 77)


class Kernel:
    """Takes messages, and gives those it is asked for as lines."""

    def __init__(self) -> None:
        """Have none."""
        self.sent: list[bytes] = []

    def send(self, text: bytes) -> None:
        """Take a message."""
        self.sent.append(text)

    def line(self, index: int = -1) -> bytes:
        """Return the raw-log line of a message; serials count from 101."""
        index %= len(self.sent)
        body = b"pid=77 uid=0 auid=0 ses=1 msg='%b'" % self.sent[index]
        return b"type=TRUSTED_APP msg=audit(1.000:%d): %b\n" % (101 + index, body)


def _canary(kernel: Kernel, interval: float = 5) -> Canary:
    return Canary(_MARK, kernel.send, interval, lambda: 1000.0)


def test_one_is_sent_at_the_start_and_one_each_interval() -> None:
    """If the one before came back."""
    kernel = Kernel()
    canary = _canary(kernel)
    for now in (100, 101, 104.9, 105, 109, 110):
        canary.beat(now)
        canary.look(kernel.line(), now + 0.25)
    account = canary.account()

    assert (account.sent, account.returned, account.first, account.last) == (3, 3, 101, 103)
    assert (account.slowest, account.silent_since) == (0.25, None)


def test_one_that_does_not_come_back_is_given_up_and_told() -> None:
    """The way is silent from the first of them on."""
    kernel = Kernel()
    canary = _canary(kernel, interval=0.5)
    canary.beat(100)
    canary.look(kernel.line(), 100)
    canary.beat(101)
    canary.beat(101 + PATIENCE / 2)
    assert len(kernel.sent) == 2
    canary.beat(101 + PATIENCE)
    assert len(kernel.sent) == 3

    assert (canary.account().returned, canary.account().silent_since) == (1, 1000.0)


def test_one_that_comes_late_proves_that_the_way_is_open() -> None:
    """Slow is not silent."""
    kernel = Kernel()
    canary = _canary(kernel)
    canary.beat(100)
    canary.beat(105)
    canary.look(kernel.line(0), 106)

    assert (canary.account().returned, canary.account().silent_since) == (1, None)


def test_a_window_is_opened_by_one_that_came_back() -> None:
    """Another one is tried meanwhile; from then on they go at their interval."""
    kernel = Kernel()
    canary = _canary(kernel)
    for now in (100, 100.05, 100.1):
        canary.beat_again(now)
    before = canary.returned
    canary.look(kernel.line(), 100.2)
    after = canary.returned
    canary.open()
    canary.beat(104)
    canary.beat(105.1)

    assert (before, after, canary.account().opened) == (False, True, True)
    assert len(kernel.sent) == 3


def test_a_window_may_have_to_open_without() -> None:
    """That is known."""
    kernel = Kernel()
    canary = _canary(kernel)
    canary.beat_again(100)
    canary.open()
    canary.look(kernel.line(), 100.2)

    assert (canary.account().returned, canary.account().opened) == (1, False)


def test_only_one_that_was_sent_after_the_window_closes_it() -> None:
    """At once, and again until one comes back."""
    kernel = Kernel()
    canary = _canary(kernel)
    canary.beat(100)
    canary.end()
    canary.beat_again(101)
    canary.look(kernel.line(0), 101)
    before = canary.account()
    canary.beat_again(101.01)
    canary.beat_again(101.2)
    canary.look(kernel.line(), 101.3)
    after = canary.account()

    assert (before.sent, before.returned, before.closed) == (2, 1, False)
    assert (after.sent, after.returned, after.closed, after.silent_since) == (3, 2, True, None)


def test_what_the_kernel_refuses_is_not_tried_again() -> None:
    """Without CAP_AUDIT_WRITE there are no canaries, and the account says why."""

    def refuse(_text: bytes) -> None:
        raise NotPermittedError("EPERM", "have it")

    canary = Canary(_MARK, refuse, 5, lambda: 1000.0)
    canary.beat(100)
    canary.beat(200)

    assert canary.closed
    assert (canary.account().sent, canary.account().unsent) == (1, "EPERM: have it")
    assert canary.account().refused


def test_without_an_interval_there_are_none() -> None:
    """And nothing is waited for."""
    kernel = Kernel()
    canary = _canary(kernel, interval=0)
    canary.beat(100)
    canary.beat_again(101)

    assert (kernel.sent, canary.closed) == ([], True)
