"""The recorder sees what others change, and puts back what it is asked to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from mig_audit.errors import KernelRefusedError
from mig_audit.modules.audit.config_changes import MOST_CHANGES
from mig_audit.modules.audit.kernel.status import Setting, Status
from mig_audit.modules.audit.recorder.watch import MOST_ROUNDS, Change, Own, Watch
from mig_audit.modules.audit.rules import parse_rule

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control

_STATUS = Status(1, 1, 77, 0, 8192, 5, 0, 0x7F, 0, 0, 11)
_MINE, _THEIRS, _FIRST = (
    parse_rule(text).rule.pack()
    for text in ("-w /etc/hosts -p wa -k x", "-w /etc/passwd -p wa -k y", "-A exit,never -F pid=77")
)
_LISTED_FIRST = bytes([_FIRST[0] & ~0x10]) + _FIRST[1:]


class Kernel:
    """Has a status and rules; ``refuses`` makes it say no to every change, ``silent`` to every question."""

    def __init__(self) -> None:
        """Begin as the window does."""
        self.now = _STATUS
        self.listed: tuple[bytes, ...] = (_LISTED_FIRST, _THEIRS, _MINE)
        self.listings = 0
        self.refuses = self.silent = False
        self.added: list[bytes] = []

    def status(self) -> Status:
        """Return the status."""
        if self.silent:
            raise KernelRefusedError("waiting for the kernel's answer", 110)
        return self.now

    def rules(self) -> tuple[bytes, ...]:
        """Return the rules."""
        self.listings += 1
        return self.listed

    def set(self, setting: Setting, value: int, words: int) -> None:
        """Set a word."""
        assert words == self.now.words
        if self.refuses:
            raise KernelRefusedError("setting it", 1)
        self.now = replace(self.now, **{setting.name.lower(): value})

    def add_rule(self, payload: bytes) -> None:
        """Add a rule."""
        self.added.append(payload)
        self.listed = (*self.listed, bytes([payload[0] & ~0x10]) + payload[1:])


def _watch(kernel: Kernel, *, reapply: bool = False) -> Watch:
    settings = {Setting.ENABLED: 1, Setting.BACKLOG_LIMIT: 8192}
    own = Own(settings, kernel.listed, (_LISTED_FIRST, _MINE), (_FIRST,), reapply)
    watch = Watch(cast("Control", kernel), own, lambda: 1000.0)
    watch.look(100)
    return watch


def test_a_quiet_kernel_is_no_drift() -> None:
    """However often it is looked at."""
    watch = _watch(Kernel())
    watch.look(200)
    watch.finish()

    assert (watch.changes, watch.count) == ([], 0)


def test_settings_and_the_counter_are_looked_at_each_second() -> None:
    """The values are before and after."""
    kernel = Kernel()
    watch = _watch(kernel)
    kernel.now = replace(_STATUS, enabled=0, pid=99, lost=0)
    watch.look(100.5)
    assert watch.changes == []
    watch.look(101)

    assert watch.changes == [
        Change(1000.0, "enabled", 1, 0),
        Change(1000.0, "pid", 77, 99),
        Change(1000.0, "lost", 5, 0),
    ]


def test_more_lost_records_are_no_drift() -> None:
    """The loss ledger counts them."""
    kernel = Kernel()
    watch = _watch(kernel)
    kernel.now = replace(_STATUS, lost=500, backlog=3)
    watch.look(101)

    assert watch.changes == []


def test_rules_are_looked_at_when_a_record_says_so() -> None:
    """Otherwise rarely: listing them costs more."""
    kernel = Kernel()
    watch = _watch(kernel)
    kernel.listed = (_LISTED_FIRST, _MINE, _MINE)
    watch.look(101)
    watch.look(102)
    assert kernel.listings == 1
    watch.rules_changed()
    watch.look(102.1)

    assert watch.changes == [
        Change(1000.0, "rule removed", rule=_THEIRS),
        Change(1000.0, "rule added", rule=_MINE),
    ]


def test_nothing_is_put_back_unless_that_is_asked_for() -> None:
    """Theirs wins."""
    kernel = Kernel()
    watch = _watch(kernel)
    kernel.now, kernel.listed = replace(_STATUS, enabled=0), ()
    watch.finish()

    assert (kernel.now.enabled, kernel.listed) == (0, ())
    assert {change.reapplied for change in watch.changes} == {None}


def test_what_is_ours_is_put_back() -> None:
    """Settings, and rules, those that must be first at the head of the list; not what is theirs."""
    kernel = Kernel()
    watch = _watch(kernel, reapply=True)
    kernel.now, kernel.listed = replace(_STATUS, enabled=0, rate_limit=7), ()
    watch.rules_changed()
    watch.look(101)

    assert (kernel.now.enabled, kernel.now.rate_limit) == (1, 7)
    assert kernel.added == [_FIRST, _MINE]
    assert [(change.what, change.reapplied) for change in watch.changes] == [
        ("enabled", ""),
        ("rate_limit", None),
        ("rule removed", ""),
        ("rule removed", None),
        ("rule removed", ""),
    ]
    watch.finish()
    assert watch.count == 5


def test_what_the_kernel_refuses_is_told() -> None:
    """For instance because somebody locked the configuration."""
    kernel = Kernel()
    watch = _watch(kernel, reapply=True)
    kernel.now, kernel.refuses = replace(_STATUS, enabled=2), True
    watch.look(101)

    assert "EPERM" in str(watch.changes[0].reapplied)


def test_nobody_is_fought_for_ever() -> None:
    """After some rounds theirs stays, and in a long fight only the first changes are told."""
    kernel = Kernel()
    watch = _watch(kernel, reapply=True)
    for second in range(2 * MOST_CHANGES):
        kernel.now = replace(_STATUS, enabled=second % 2 if second > MOST_ROUNDS else 0)
        watch.look(101 + second)

    assert [change.reapplied for change in watch.changes[:MOST_ROUNDS]] == [""] * MOST_ROUNDS
    assert "put back 5 times" in str(watch.changes[MOST_ROUNDS].reapplied)
    assert len(watch.changes) == MOST_CHANGES < watch.count


def test_a_kernel_that_does_not_answer_stops_no_window() -> None:
    """It is told, and looked at again."""
    kernel = Kernel()
    watch = _watch(kernel)
    kernel.silent = True
    watch.look(101)
    kernel.now, kernel.silent = replace(_STATUS, enabled=0), False
    watch.look(102)

    assert "ETIMEDOUT" in watch.trouble
    assert [change.what for change in watch.changes] == ["enabled"]
