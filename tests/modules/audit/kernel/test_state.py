"""Snapshot, changes and restore, against a kernel in memory that behaves as measured."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import KernelRefusedError, NotPermittedError
from mig_audit.modules.audit.kernel.state import (
    Restoration,
    RuleOutcome,
    Snapshot,
    add_rules,
    compare,
    restore,
    without_prepend,
)
from mig_audit.modules.audit.kernel.status import Setting, Status

_THEIRS = "someone else changed that meanwhile, and theirs stays"
_STATUS = Status(0, 1, 0, 0, 64, 0, 0, 0x7F, 15000, 0, 11)


def _rule(name: str, flags: int = 4) -> bytes:
    return bytes([flags, 0, 0, 0]) + name.encode()


class MemoryKernel:
    """Keeps rules and settings, and refuses as the real one does."""

    def __init__(self, rules: list[bytes] | None = None) -> None:
        """Start with some rules loaded."""
        self.loaded = list(rules or [])
        self.now = _STATUS
        self.locked = False

    def status(self) -> Status:
        """Return the status."""
        return self.now

    def rules(self) -> tuple[bytes, ...]:
        """Return the rules in evaluation order."""
        return tuple(self.loaded)

    def set(self, setting: Setting, value: int, _words: int) -> None:
        """Set one word."""
        if self.locked:
            raise NotPermittedError("locked")
        self.now = replace(self.now, **{setting.name.lower(): value})

    def add_rule(self, payload: bytes) -> None:
        """Append or prepend a rule."""
        if payload.endswith(b"bad"):
            raise KernelRefusedError("adding a rule", errno.EINVAL)
        if payload[0] & 0x10:
            self.loaded.insert(0, without_prepend(payload))
        elif payload in self.loaded:
            raise KernelRefusedError("adding a rule", errno.EEXIST)
        else:
            self.loaded.append(payload)

    def delete_rule(self, payload: bytes) -> None:
        """Delete the first rule with these bytes."""
        if payload not in self.loaded:
            raise KernelRefusedError("deleting a rule", errno.ENOENT)
        self.loaded.remove(payload)


def _run(
    kernel: MemoryKernel, rules: list[bytes], settings: dict[Setting, int]
) -> tuple[Snapshot, list[RuleOutcome]]:
    before = Snapshot.take(kernel)  # type: ignore[arg-type]  # it stands in for Control
    for setting, value in settings.items():
        kernel.set(setting, value, 11)
    outcomes: list[RuleOutcome] = []
    add_rules(kernel, rules, outcomes.append)  # type: ignore[arg-type]  # the same
    return before, outcomes


def _restore(
    kernel: MemoryKernel, before: Snapshot, settings: dict[Setting, int], rules: list[RuleOutcome]
) -> Restoration:
    return restore(kernel, before, settings, rules)  # type: ignore[arg-type]  # it stands in for Control


@given(
    st.lists(st.sampled_from("abcdef"), unique=True),
    st.lists(st.tuples(st.sampled_from(["a", "b", "g", "h", "bad"]), st.sampled_from([4, 0x14]))),
)
def test_whatever_was_added_the_kernel_is_as_it_was_found(
    there: list[str], asked: list[tuple[str, int]]
) -> None:
    """Rules that were there stay, in their order; ours go, and only ours."""
    kernel = MemoryKernel([_rule(name) for name in there])
    settings = {Setting.BACKLOG_LIMIT: 8192, Setting.ENABLED: 1}

    before, outcomes = _run(kernel, [_rule(name, flags) for name, flags in asked], settings)
    restoration = _restore(kernel, before, settings, outcomes)

    assert restoration.restored
    assert kernel.loaded == [_rule(name) for name in there]
    assert kernel.now == _STATUS
    assert len(restoration.outcomes) == len(asked)


def test_progress_is_told_of_each_rule() -> None:
    """Removing a thousand of them takes the kernel many seconds."""
    kernel = MemoryKernel()
    before, outcomes = _run(kernel, [_rule("one"), _rule("two")], {})
    told: list[int] = []

    restore(kernel, before, {}, outcomes, told.append)  # type: ignore[arg-type]  # it stands in for Control

    assert told == [1, 2]


def test_each_rule_has_an_outcome() -> None:
    """One is added, one was there, one the kernel refuses; the refusal stops nothing."""
    kernel = MemoryKernel([_rule("old")])

    _, outcomes = _run(kernel, [_rule("bad"), _rule("old"), _rule("new")], {})

    assert [outcome.outcome for outcome in outcomes] == ["refused", "exists", "added"]
    assert "EINVAL" in outcomes[0].detail


def test_a_rule_that_vanished_is_no_difference() -> None:
    """The kernel removes a watch by itself when its folder goes."""
    kernel = MemoryKernel()
    before, outcomes = _run(kernel, [_rule("watch")], {})
    kernel.loaded.clear()

    restoration = _restore(kernel, before, {}, outcomes)

    assert restoration.restored
    assert restoration.outcomes[0].outcome == "vanished"


def test_what_someone_else_set_meanwhile_stays_theirs() -> None:
    """Their backlog limit wins, and the difference is told."""
    kernel = MemoryKernel()
    settings = {Setting.BACKLOG_LIMIT: 8192, Setting.ENABLED: 1}
    before, outcomes = _run(kernel, [], settings)
    kernel.set(Setting.BACKLOG_LIMIT, 9999, 11)

    restoration = _restore(kernel, before, settings, outcomes)

    assert kernel.now.backlog_limit == 9999
    assert kernel.now.enabled == 0
    assert restoration.differences == (f"backlog_limit was 64 and is 9999: {_THEIRS}",)
    assert restoration.complete


def test_a_rule_that_someone_else_added_is_told_and_left() -> None:
    """It is not ours to remove."""
    kernel = MemoryKernel()
    before, outcomes = _run(kernel, [_rule("ours")], {})
    kernel.add_rule(_rule("theirs"))

    restoration = _restore(kernel, before, {}, outcomes)

    assert kernel.loaded == [_rule("theirs")]
    assert restoration.differences == (f"the rules differ: 0 that were there are gone, 1 are new: {_THEIRS}",)


def test_every_step_is_tried_although_one_fails() -> None:
    """A configuration that was locked meanwhile cannot be set back, but rules are still removed."""
    kernel = MemoryKernel()
    settings = {Setting.ENABLED: 1}
    before, outcomes = _run(kernel, [_rule("ours")], settings)
    kernel.locked = True

    restoration = _restore(kernel, before, settings, outcomes)

    assert kernel.loaded == []
    assert not restoration.restored
    assert "enabled was not set back to 0" in restoration.differences[0]


def test_another_order_is_a_difference() -> None:
    """Rules are evaluated in order."""
    one, two = _rule("one"), _rule("two")

    assert compare(Snapshot(_STATUS, (one, two)), Snapshot(_STATUS, (two, one))) == (
        "the same rules are loaded in another order",
    )


def test_counters_are_not_configuration() -> None:
    """What was lost meanwhile is no difference, and neither is a queue."""
    busy = replace(_STATUS, lost=7, backlog=3, backlog_wait_time_actual=9)

    assert compare(Snapshot(_STATUS, ()), Snapshot(busy, ())) == ()


def test_a_snapshot_survives_the_channel() -> None:
    """What is sent is what arrives."""
    snapshot = Snapshot(_STATUS, (_rule("one"),))

    assert Snapshot.from_json(snapshot.to_json()) == snapshot


@pytest.mark.parametrize("flags", [0x14, 4])
def test_a_rule_is_deleted_without_its_prepend_flag(flags: int) -> None:
    """With it the kernel does not find the rule."""
    assert without_prepend(_rule("x", flags)) == _rule("x", 4)
