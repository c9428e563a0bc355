"""Snapshot, changes and restore, against a kernel in memory that behaves as measured."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from memory_kernel import STATUS, MemoryKernel, rule

from mig_audit.modules.audit.kernel.loading import add_rules
from mig_audit.modules.audit.kernel.state import (
    Restoration,
    RuleOutcome,
    Snapshot,
    compare,
    restore,
)
from mig_audit.modules.audit.kernel.status import Setting

_THEIRS = "someone else changed that meanwhile, and theirs stays"


def _run(
    kernel: MemoryKernel, rules: list[bytes], settings: dict[Setting, int]
) -> tuple[Snapshot, list[RuleOutcome]]:
    before = Snapshot.take(kernel.control)
    for setting, value in settings.items():
        kernel.set(setting, value, 11)
    outcomes: list[RuleOutcome] = []
    add_rules(kernel.control, rules, outcomes.append)
    return before, outcomes


def _restore(
    kernel: MemoryKernel, before: Snapshot, settings: dict[Setting, int], rules: list[RuleOutcome]
) -> Restoration:
    return restore(kernel.control, before, settings, rules)


@given(
    st.lists(st.sampled_from("abcdef"), unique=True),
    st.lists(st.tuples(st.sampled_from(["a", "b", "g", "h", "bad"]), st.sampled_from([4, 0x14]))),
)
def test_whatever_was_added_the_kernel_is_as_it_was_found(
    there: list[str], asked: list[tuple[str, int]]
) -> None:
    """Rules that were there stay, in their order; ours go, and only ours."""
    kernel = MemoryKernel([rule(name) for name in there])
    settings = {Setting.BACKLOG_LIMIT: 8192, Setting.ENABLED: 1}

    before, outcomes = _run(kernel, [rule(name, flags) for name, flags in asked], settings)
    restoration = _restore(kernel, before, settings, outcomes)

    assert restoration.restored
    assert kernel.loaded == [rule(name) for name in there]
    assert kernel.now == STATUS
    assert len(restoration.outcomes) == len(asked)


def test_progress_is_told_of_each_rule() -> None:
    """Removing a thousand of them takes the kernel many seconds."""
    kernel = MemoryKernel()
    before, outcomes = _run(kernel, [rule("one"), rule("two")], {})
    told: list[int] = []

    restore(kernel.control, before, {}, outcomes, told.append)

    assert told == [1, 2]


def test_a_rule_that_vanished_is_no_difference() -> None:
    """The kernel removes a watch by itself when its folder goes."""
    kernel = MemoryKernel()
    before, outcomes = _run(kernel, [rule("watch")], {})
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
    before, outcomes = _run(kernel, [rule("ours")], {})
    kernel.add_rule(rule("theirs"))

    restoration = _restore(kernel, before, {}, outcomes)

    assert kernel.loaded == [rule("theirs")]
    assert restoration.differences == (f"the rules differ: 0 that were there are gone, 1 are new: {_THEIRS}",)


def test_every_step_is_tried_although_one_fails() -> None:
    """A configuration that was locked meanwhile cannot be set back, but rules are still removed."""
    kernel = MemoryKernel()
    settings = {Setting.ENABLED: 1}
    before, outcomes = _run(kernel, [rule("ours")], settings)
    kernel.locked = True

    restoration = _restore(kernel, before, settings, outcomes)

    assert kernel.loaded == []
    assert not restoration.restored
    assert "enabled was not set back to 0" in restoration.differences[0]


def test_another_order_is_a_difference() -> None:
    """Rules are evaluated in order."""
    one, two = rule("one"), rule("two")

    assert compare(Snapshot(STATUS, (one, two)), Snapshot(STATUS, (two, one))) == (
        "the same rules are loaded in another order",
    )


def test_counters_are_not_configuration() -> None:
    """What was lost meanwhile is no difference, and neither is a queue."""
    busy = replace(STATUS, lost=7, backlog=3, backlog_wait_time_actual=9)

    assert compare(Snapshot(STATUS, ()), Snapshot(busy, ())) == ()


def test_a_snapshot_survives_the_channel() -> None:
    """What is sent is what arrives."""
    snapshot = Snapshot(STATUS, (rule("one"),))

    assert Snapshot.from_json(snapshot.to_json()) == snapshot


def test_a_rule_in_doubt_is_removed_if_the_kernel_has_it() -> None:
    """And not if it was there before: that one is the host's."""
    kernel = MemoryKernel([rule("theirs")])
    before = Snapshot.take(kernel.control)
    kernel.add_rule(rule("taken"))
    doubts = [RuleOutcome(rule(name), "pending") for name in ("theirs", "taken", "not")]

    restoration = _restore(kernel, before, {}, doubts)

    assert [outcome.outcome for outcome in restoration.outcomes] == ["absent", "removed", "absent"]
    assert kernel.loaded == [rule("theirs")]
    assert restoration.restored


def test_restoring_twice_takes_nothing_from_the_host() -> None:
    """A rule that was put before the host's equal one is removed once."""
    kernel = MemoryKernel([rule("same")])
    before, outcomes = _run(kernel, [rule("same", 0x14)], {})

    assert _restore(kernel, before, {}, outcomes).restored
    assert _restore(kernel, before, {}, outcomes).restored
    assert kernel.loaded == [rule("same")]


def test_the_pid_of_a_dead_owner_is_given_back_right_after_enabled() -> None:
    """The limits and the rules come later."""
    kernel = MemoryKernel()
    before, outcomes = _run(kernel, [rule("ours")], {Setting.BACKLOG_LIMIT: 8192, Setting.ENABLED: 1})
    kernel.set(Setting.PID, 77, 11)
    kernel.steps.clear()

    settings = {Setting.BACKLOG_LIMIT: 8192, Setting.ENABLED: 1}
    assert restore(kernel.control, before, settings, outcomes, owner=77).restored

    assert kernel.steps == ["set enabled", "set pid", "set backlog_limit", "delete"]


def test_the_pid_of_someone_else_is_left() -> None:
    """It was taken by them when ours had ended."""
    kernel = MemoryKernel()
    before = Snapshot.take(kernel.control)
    kernel.set(Setting.PID, 412, 11)

    restore(kernel.control, before, {}, [], owner=77)

    assert kernel.now.pid == 412


def test_what_could_not_be_undone_is_not_put_down_to_others() -> None:
    """It says which step failed, and that something of ours is left."""
    kernel = MemoryKernel()
    before, outcomes = _run(kernel, [], {Setting.ENABLED: 1})
    kernel.locked = True

    restoration = _restore(kernel, before, {Setting.ENABLED: 1}, outcomes)

    assert not restoration.complete
    assert restoration.differences == ("enabled was not set back to 0: locked", "enabled was 0 and is 1")
