"""Who a pid is, and who its parent was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_events import event_of, events_of, log_lines, syscall_event
from proc_tree import START, ProcTree

from mig_audit.modules.audit.events.enrichment.processes import ProcessTable
from mig_audit.modules.audit.events.enrichment.told import told_by

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.events import Event
    from mig_audit.modules.audit.events.enrichment.found import Found
    from mig_audit.modules.audit.events.enrichment.process import Process

_EXEC, _FORK, _EXIT, _OPEN = 59, 57, 231, 257


@pytest.fixture
def tree(tmp_path: Path) -> ProcTree:
    """Return a host with a first process."""
    tree = ProcTree(tmp_path / "proc")
    tree.start(1, 0, "/sbin/init")
    return tree


def _find(table: ProcessTable, event: Event) -> Found:
    told = told_by(event)
    assert told is not None
    return table.find(told)


class _Host:
    """A table, and the events it is given."""

    def __init__(self, tree: Optional[ProcTree] = None, **options: Any) -> None:  # noqa: ANN401  # of the table
        self.now = 400 if tree else 0
        self.table = ProcessTable(tree.proc if tree else None, lambda: START + self.now, **options)
        self.table.seed()

    def call(
        self, pid: int, ppid: int, number: int, exe: str = "/bin/sh", *, at: int = 0, result: int = 0
    ) -> Found:
        self.now = max(self.now, at)
        others = [("EXECVE", f'argc=2 a0="{exe}" a1="{pid}"')] if number == _EXEC else []
        event = syscall_event(
            *others, time=(START + at) / 1000, pid=pid, ppid=ppid, syscall=number, exe=f'"{exe}"', exit=result
        )
        return _find(self.table, event)

    def exec(self, pid: int, ppid: int, exe: str, at: int = 0) -> Found:
        return self.call(pid, ppid, _EXEC, exe, at=at)


def _exe(process: Optional[Process]) -> Optional[str]:
    return None if process is None else process.program.exe


def _line(found: Found) -> list[Optional[str]]:
    return [program.exe for program in found.process.line]


def test_a_parent_that_was_seen_is_known_from_the_log() -> None:
    """With its command, and its own parents."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    host.exec(11, 10, "/bin/sh", at=5)
    found = host.exec(12, 11, "/bin/true", at=9)

    assert _line(found) == ["/bin/sh", "/bin/bash"]
    assert found.parent is not None
    assert found.parent.program.view == (11, "/bin/sh", "true", "/bin/sh 11", "log")
    assert found.why == ""


def test_a_parent_that_only_its_pid_tells_is_presumed(tree: ProcTree) -> None:
    """As all that descend from it are, while one that /proc has, or the record of a fork names, is certain."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    child = host.exec(11, 10, "/bin/sh", at=5)
    host.call(11, 10, _FORK, at=6, result=12)
    grandchild = host.exec(12, 11, "/bin/true", at=9)

    assert (child.presumed, child.process.presumed) == (True, True)
    assert (grandchild.presumed, grandchild.process.presumed) == (False, True)

    tree.start(10, 1, "/bin/bash", at=100)
    live = _Host(tree)
    live.exec(10, 1, "/bin/bash", at=400)
    there = live.exec(11, 10, "/bin/sh", at=405)
    tree.end(10)
    gone = live.exec(12, 10, "/bin/sh", at=500)

    assert (there.presumed, there.process.presumed) == (False, False)
    assert (gone.presumed, gone.process.presumed) == (True, True)


def test_a_parent_stays_certain_until_there_is_another(tree: ProcTree) -> None:
    """A process whose parent ends gets another one, and with it another ppid."""
    tree.start(10, 1, "/bin/bash", at=100)
    host = _Host(tree)
    host.exec(10, 1, "/bin/bash", at=400)
    tree.start(11, 10, "/bin/sh", at=405)
    host.exec(11, 10, "/bin/sh", at=405)
    tree.end(10)

    assert not host.call(11, 10, _OPEN, at=600).presumed


def test_a_pid_that_was_chosen_makes_wrong_only_what_is_presumed() -> None:
    """A copy of another process has it, and no record says so."""
    host = _Host()
    host.exec(10, 1, "/bin/first")
    found = host.exec(11, 10, "/bin/true", at=20)  # by a process that chose the pid 10 and started no program

    assert (_exe(found.parent), found.presumed) == ("/bin/first", True)


def test_a_fork_that_is_told_late_makes_its_child_certain() -> None:
    """The child was faster than its parent's record."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    assert host.exec(11, 10, "/bin/sh", at=5).presumed
    host.call(10, 1, _FORK, "/bin/bash", at=4, result=11)

    assert not host.call(11, 10, _OPEN, at=8).presumed


def test_a_parent_that_was_not_seen_is_unknown() -> None:
    """And it is said."""
    found = _Host().exec(12, 11, "/bin/true")

    assert (found.parent, found.why, found.process.line) == (None, "unseen", ())


def test_a_process_without_a_parent_has_nothing_unknown() -> None:
    """The kernel's own."""
    found = _Host().exec(2, 0, "/bin/true")

    assert (found.parent, found.why) == (None, "")


def test_a_pid_is_trusted_for_as_long_as_the_kernel_cannot_have_come_round() -> None:
    """A third of a second where there are 32,768 of them, 42 seconds where there are four million."""
    host, large = _Host(), _Host()
    host.exec(10, 1, "/bin/bash")
    large.exec(40_000, 1, "/bin/bash")

    assert _exe(host.exec(11, 10, "/bin/a", at=300).parent) == "/bin/bash"
    assert host.exec(12, 10, "/bin/a", at=700).why == "unseen"
    assert _exe(large.exec(40_001, 40_000, "/bin/a", at=40_000).parent) == "/bin/bash"
    assert large.exec(40_002, 40_000, "/bin/a", at=90_000).why == "unseen"


def test_how_long_a_pid_is_trusted_can_be_said() -> None:
    """Who knows the host knows better."""
    host = _Host(trust=60_000)
    host.exec(10, 1, "/bin/bash")

    assert _exe(host.exec(11, 10, "/bin/a", at=59_000).parent) == "/bin/bash"


def test_without_records_of_execs_nobody_knows_what_a_process_became() -> None:
    """A program that opened a file may be another one by now."""
    host = _Host()
    host.call(10, 1, _OPEN, "/bin/bash")

    assert host.call(11, 10, _OPEN, "/bin/a", at=5).why == "unseen"


def test_an_exec_changes_what_a_process_is() -> None:
    """For the events that come then."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    host.exec(10, 1, "/bin/perl", at=5)

    assert _exe(host.exec(11, 10, "/bin/a", at=9).parent) == "/bin/perl"


def test_a_fork_makes_a_process_of_its_parents_program() -> None:
    """Whatever the parent becomes afterwards."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    host.call(10, 1, _FORK, "/bin/bash", at=1, result=11)
    host.call(11, 10, _OPEN, "/bin/bash", at=2)
    host.call(10, 1, _FORK, "/bin/bash", at=3, result=12)
    host.exec(10, 1, "/bin/perl", at=4)
    found = host.exec(13, 12, "/bin/a", at=5)

    assert _exe(found.parent) == "/bin/bash"
    assert _line(found) == ["/bin/bash", "/bin/perl"]


def test_a_number_of_another_pid_namespace_names_nobody() -> None:
    """A fork returns what the parent calls its child; until that is known to be what the records call it, it is not."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    host.exec(5, 1, "/usr/sbin/cron")
    host.call(10, 1, _FORK, "/bin/bash", at=1, result=5)
    found = host.exec(11, 5, "/bin/a", at=2)

    assert (found.parent, found.why) == (None, "unseen")


def test_a_child_that_is_faster_than_its_parents_record_stays_what_it_is() -> None:
    """The parent's call ends later, and tells of it then."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    host.exec(11, 10, "/bin/a", at=5)
    host.call(10, 1, _FORK, "/bin/bash", at=4, result=11)

    assert _exe(host.exec(12, 11, "/bin/b", at=6).parent) == "/bin/a"


def test_a_thread_is_no_child() -> None:
    """Its number is not one of a process."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    host.exec(11, 10, "/bin/sh", at=1)
    event = syscall_event(
        pid=10, ppid=1, syscall=56, a0="10000", exit=11, time=START / 1000, exe='"/bin/bash"'
    )
    _find(host.table, event)

    assert _exe(host.exec(12, 11, "/bin/b", at=2).parent) == "/bin/sh"


def test_a_process_whose_exit_is_recorded_is_nobodys_parent_any_more() -> None:
    """Whoever has its pid then is somebody else."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    host.call(10, 1, _EXIT, "/bin/bash", at=1)
    found = host.exec(11, 10, "/bin/a", at=2)

    assert (found.parent, found.why) == (None, "unseen")
    assert host.exec(10, 3, "/bin/b", at=3).process.since == START + 3


def test_a_pid_that_runs_something_else_without_an_exec_is_another_process() -> None:
    """It was forked by somebody, and has nothing of the one before."""
    host = _Host()
    host.exec(20, 1, "/bin/bash")
    host.exec(10, 20, "/bin/a", at=1)
    found = host.call(10, 20, _OPEN, "/bin/bash", at=2)

    assert found.fresh
    assert found.process.program.command is None


def test_an_orphan_keeps_its_first_parent() -> None:
    """Its parent is the first process now; it descends from the one that started it."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    host.exec(11, 10, "/bin/daemon", at=1)
    found = host.call(11, 1, _OPEN, "/bin/daemon", at=2)

    assert _line(found) == ["/bin/bash"]
    assert found.process.ppid == 1


def test_seeded_processes_are_known(tree: ProcTree) -> None:
    """What ran before the window, from /proc."""
    tree.start(10, 1, "/usr/sbin/sshd", at=50)
    tree.start(11, 10, "/bin/bash", at=100)
    host = _Host(tree)
    found = host.exec(12, 11, "/bin/a", at=90_000)

    assert _line(found) == ["/bin/bash", "/usr/sbin/sshd", "/sbin/init"]
    assert found.parent is not None
    assert found.parent.program.view == (11, "/bin/bash", "bash", "bash -x", "proc")


def test_proc_tells_that_a_process_is_still_the_same(tree: ProcTree) -> None:
    """However long ago it was seen."""
    host = _Host(tree)
    tree.start(10, 1, "/bin/bash", at=1000)
    host.exec(10, 1, "/bin/bash", at=1005)

    assert _exe(host.exec(11, 10, "/bin/a", at=900_000).parent) == "/bin/bash"


def test_proc_tells_that_a_pid_was_used_again(tree: ProcTree) -> None:
    """By a process that started before the event, it is that one; by one that started later, it is unknown."""
    host = _Host(tree)
    tree.start(20, 1, "/bin/server", at=10)
    host.exec(20, 1, "/bin/server", at=15)
    host.exec(10, 1, "/bin/bash", at=1005)
    tree.start(10, 20, "/bin/server", at=5000)

    assert host.exec(11, 10, "/bin/a", at=4000).why == "reused"
    assert _exe(host.exec(12, 10, "/bin/a", at=6000).parent) == "/bin/server"


def test_a_pid_that_is_used_again_within_a_clock_tick_is_told_by_its_program(tree: ProcTree) -> None:
    """Somebody with the right to choose pids may do that."""
    host = _Host(tree)
    tree.start(20, 1, "/bin/server", at=10)
    host.exec(20, 1, "/bin/server", at=15)
    host.exec(10, 20, "/bin/short", at=1000)
    tree.start(10, 20, "/bin/server", at=1000)

    assert _exe(host.exec(11, 10, "/bin/a", at=1005).parent) == "/bin/server"


def test_nothing_tells_a_zombie_from_what_had_its_pid_in_the_same_clock_tick(
    tree: ProcTree,
) -> None:
    """As long as nobody waits for it, it has a start, and no program that could tell it from the one before."""
    host = _Host(tree)
    host.exec(10, 1, "/bin/short", at=1000)
    tree.start(10, 1, "/bin/server", at=1000)
    tree.leave_zombie(10)
    found = host.exec(11, 10, "/bin/a", at=1005)

    assert (_exe(found.parent), found.presumed) == ("/bin/short", True)
    assert host.exec(12, 10, "/bin/a", at=9000).why == "gone"


def test_what_has_ended_is_the_same_if_it_started_before_it_was_seen(tree: ProcTree) -> None:
    """By more than what a start is known to: then nothing else can have had the pid."""
    host = _Host(tree)
    tree.start(10, 1, "/bin/bash", at=1000)
    tree.leave_zombie(10)
    host.exec(10, 1, "/bin/bash", at=1020)
    found = host.exec(11, 10, "/bin/a", at=900_000)

    assert (_exe(found.parent), found.presumed) == ("/bin/bash", False)


def test_a_parent_that_is_gone_is_still_known_if_it_was_seen_lately(tree: ProcTree) -> None:
    """Most shells are gone when their commands are processed."""
    host = _Host(tree)
    host.exec(10, 1, "/bin/sh", at=1000)

    assert _exe(host.exec(11, 10, "/bin/a", at=1100).parent) == "/bin/sh"
    assert host.exec(12, 10, "/bin/a", at=9000).why == "gone"


def test_a_fork_that_nobody_recorded_is_a_copy_of_its_parent(tree: ProcTree) -> None:
    """As long as /proc shows the same program; if it does not, it became that later."""
    tree.start(10, 1, "/bin/bash", at=100)
    host = _Host(tree)
    host.exec(10, 1, "/bin/bash", at=200)
    tree.start(11, 10, "/bin/bash", at=300)
    tree.start(12, 10, "/bin/perl", at=300)

    assert _exe(host.exec(21, 11, "/bin/a", at=400).parent) == "/bin/bash"
    assert host.exec(22, 12, "/bin/a", at=400).why == "changed"


def test_a_seeded_process_that_became_another_program_unrecorded_is_unknown_once(tree: ProcTree) -> None:
    """When it did so is not known; from then on it is."""
    tree.start(10, 1, "/bin/bash", at=100)
    host = _Host(tree)
    tree.end(10)
    tree.start(10, 1, "/bin/perl", at=100)
    first = host.exec(11, 10, "/bin/a", at=5000)
    host.now = 9000
    second = host.exec(12, 10, "/bin/a", at=9000)

    assert (first.parent, first.why) == (None, "changed")
    assert _exe(second.parent) == "/bin/perl"


def test_a_parent_in_another_pid_namespace_tells_nothing_of_its_children(tree: ProcTree) -> None:
    """Its numbers are not the records'."""
    tree.start(10, 1, "/bin/runc", at=100, namespaces=" 1")
    tree.start(5, 1, "/usr/sbin/cron", at=50)
    host = _Host(tree)
    host.call(10, 1, _FORK, "/bin/runc", at=200, result=5)

    assert _exe(host.exec(11, 5, "/bin/a", at=300).parent) == "/usr/sbin/cron"


def test_the_table_is_bounded() -> None:
    """Of 300 processes that each start the next, as many are kept as were asked for, and as many ancestors."""
    host = _Host(limit=50, depth=3)
    *_, found = [host.exec(pid, pid - 1, f"/bin/p{pid}", at=pid) for pid in range(100, 400)]

    assert host.table.weight == 50
    assert _line(found) == ["/bin/p398", "/bin/p397", "/bin/p396"]


def test_of_a_message_the_pid_alone_counts() -> None:
    """What else it says may be a program's words, and makes no process into another."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    words = 'op=x arch=c000003e syscall=59 success=yes ppid=99 exe="/bin/forged" comm="forged" res=success'
    found = _find(
        host.table, event_of(("USER_CMD", f"pid=10 uid=0 auid=0 ses=1 msg='{words}'"), time=START / 1000)
    )

    assert not found.fresh
    assert _exe(found.process) == "/bin/bash"
    assert (found.parent, found.why) == (None, "")


def test_a_process_that_was_first_seen_in_a_message_gets_its_parent_later() -> None:
    """From the first record that tells of it."""
    host = _Host()
    host.exec(10, 1, "/bin/bash")
    first = _find(host.table, event_of(("USER_CMD", "pid=11 uid=0 auid=0 ses=1 msg='x'"), time=START / 1000))
    second = host.call(11, 10, _OPEN, "/bin/a", at=5)

    assert first.process is second.process
    assert _line(second) == ["/bin/bash"]
    assert _exe(second.process) == "/bin/a"


def test_an_event_without_a_process_has_none() -> None:
    """A change of audit by the kernel itself."""
    assert told_by(event_of(("CONFIG_CHANGE", "op=set audit_enabled=0 old=1 res=1"))) is None


@pytest.mark.parametrize(
    "name", ["busy-host", "special", "synth-fields", "synth-interleave", "exec", "login"]
)
def test_no_log_breaks_the_table(name: str) -> None:
    """Whatever is in it."""
    table = ProcessTable(None, lambda: 0)
    for event in events_of(log_lines(name)[:20_000]):
        told = told_by(event)
        if told is not None:
            table.find(told)


_CALLS = st.tuples(
    st.integers(1, 6), st.integers(0, 6), st.sampled_from([_EXEC, _FORK, _EXIT, _OPEN, 56]),
    st.sampled_from(["/bin/a", "/bin/b", ""]), st.integers(-1, 7), st.integers(0, 2000),
)  # fmt: skip


@settings(max_examples=60)
@given(calls=st.lists(_CALLS, max_size=30), live=st.booleans())
def test_whatever_happens_a_process_is_found_and_a_missing_parent_has_a_reason(
    calls: list[tuple[int, int, int, str, int, int]], live: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In any order of calls, with and without /proc."""
    tree = None
    if live:
        tree = ProcTree(tmp_path_factory.mktemp("host") / "proc")
        tree.start(1, 0, "/sbin/init")
        tree.start(3, 1, "/bin/a", at=100)
    host = _Host(tree, limit=4)
    for pid, ppid, number, exe, result, at in calls:
        found = host.call(pid, ppid, number, exe, at=at, result=result)
        assert found.process.program.pid == pid
        assert (found.parent is None) == bool(found.why or not ppid)
        assert found.parent is None or found.parent.program.pid == ppid


def test_of_a_long_command_the_beginning_is_kept() -> None:
    """The table is as large as a program with the longest arguments could make it, and no larger."""
    host = _Host()
    event = syscall_event(
        ("EXECVE", f'argc=2 a0="sh" a1="{"x" * 5000}"'), pid=10, ppid=1, exe='"/bin/sh"', time=START / 1000
    )
    found = _find(host.table, event)

    assert found.process.program.command == f"sh {'x' * 509}"


def test_of_a_long_path_the_beginning_is_kept() -> None:
    """A process stays what it is: its next event has the same path, or it is another process."""
    host = _Host()
    path = f"/{'x' * 5000}"
    started = host.exec(10, 1, path)
    again = host.call(10, 1, _OPEN, path, at=1)
    other = host.call(10, 1, _OPEN, "/bin/other", at=2)

    assert _exe(started.process) == path[:512]
    assert again.process is started.process
    assert again.process.program.command is not None
    assert other.process is not started.process
