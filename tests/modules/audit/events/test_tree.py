"""Processes as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel_events import event_of, events_of, log_lines, syscall_event

from mig_audit.modules.audit.events.enrichment import Enricher, EnrichmentSettings
from mig_audit.modules.audit.events.tree import ProcessTree

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

_EXEC, _OPEN = 59, 257


def _call(
    pid: int, ppid: int, exe: str, *arguments: str, call: int = _EXEC, ms: int = 0, success: str = "yes"
) -> Event:
    argv = " ".join(f'a{index}="{argument}"' for index, argument in enumerate(arguments))
    others = [("EXECVE", f"argc={len(arguments)} {argv}")] if arguments else []
    return syscall_event(
        *others,
        pid=pid,
        ppid=ppid,
        exe=f'"{exe}"',
        syscall=call,
        success=success,
        time=1_700_000_000 + ms / 1000,
    )


class _Shown(ProcessTree):
    """A tree whose lines and documents are lists."""

    def lines(self) -> list[str]:
        """Return all of them."""
        return list(super().lines())

    def documents(self) -> list[dict[str, object]]:
        """Return all of them."""
        return list(super().documents())


def _tree(*events: Event, only: str = "", limit: int = 50_000) -> _Shown:
    enricher = Enricher(EnrichmentSettings(ancestors=64))
    tree = _Shown(limit=limit)
    for event in events:
        enriched = enricher.enrich(event)
        if only in (event.process.exe or ""):
            tree.add(enriched)
    return tree


_SESSION = (
    _call(10, 1, "/bin/bash", "-bash"),
    _call(11, 10, "/bin/sh", "sh", "-c", "x", ms=4),
    _call(12, 11, "/bin/id", "id", ms=8),
    _call(13, 11, "/bin/cat", "cat", "/etc/shadow", ms=12),
    _call(13, 11, "/bin/cat", call=_OPEN, ms=16),
    _call(14, 10, "/bin/ls", "ls", ms=20),
)


def test_children_stand_below_who_started_them() -> None:
    """With time, pid, command, and how many events there are of it."""
    assert _tree(*_SESSION).lines() == [
        "22:13:20.000 10 -bash  (1 event)  (parent unseen)",
        "├─ 22:13:20.004 11 sh -c x  (1 event)",
        "│  ├─ 22:13:20.008 12 id  (1 event)",
        "│  └─ 22:13:20.012 13 cat /etc/shadow  (2 events)",
        "└─ 22:13:20.020 14 ls  (1 event)",
    ]


def test_ancestors_of_chosen_events_are_there_without_events_of_their_own() -> None:
    """Who asks for one program sees how it came to be."""
    assert _tree(*_SESSION, only="cat").lines() == [
        "10 -bash",
        "└─ 11 sh -c x",
        "   └─ 22:13:20.012 13 cat /etc/shadow  (2 events)",
    ]


def test_a_process_that_starts_several_programs_has_all_of_them() -> None:
    """In order; one that could not be started is none of them."""
    lines = _tree(
        _call(10, 1, "/bin/sh", "sh"),
        _call(10, 1, "/bin/sh", "nothere", ms=1, success="no"),
        _call(10, 1, "/bin/env", "env", "perl", ms=2),
        _call(10, 1, "/bin/perl", "perl", ms=3),
    ).lines()

    assert lines == ["22:13:20.000 10 sh, then env perl, then perl  (4 events)  (parent unseen)"]


def test_commands_that_are_left_out_are_counted() -> None:
    """Where there are many of one process, or too many of all."""
    many = _tree(*[_call(10, 1, "/bin/sh", f"c{number}", ms=number) for number in range(23)])
    tree = _Shown(room=6)
    enricher = Enricher(EnrichmentSettings(ancestors=64))
    for event in _SESSION:
        tree.add(enricher.enrich(event))

    assert many.lines()[0].endswith(", then c18, then c19, then 3 more  (23 events)  (parent unseen)")
    assert many.documents()[0]["commands_omitted"] == 3
    assert [document["commands"] for document in tree.documents()] == [["-bash"], [], [], [], []]
    assert tree.lines()[-1] == "└─ 22:13:20.020 14 1 more  (1 event)"


def test_a_process_that_started_nothing_has_its_program() -> None:
    """It was there before."""
    assert _tree(_call(10, 1, "/bin/cron", call=_OPEN)).lines() == [
        "22:13:20.000 10 /bin/cron  (1 event)  (parent unseen)"
    ]


def test_documents_say_the_same() -> None:
    """One for each process."""
    document = _tree(*_SESSION).documents()[3]

    assert document == {
        "node": None,
        "pid": 13,
        "parents": [11, 10],
        "commands": ["cat /etc/shadow"],
        "commands_omitted": 0,
        "events": 2,
        "first": "2023-11-14T22:13:20.012+00:00",
        "last": "2023-11-14T22:13:20.016+00:00",
        "parent_unknown": None,
    }


def test_hosts_have_trees_of_their_own() -> None:
    """A pid of one is not that of another, and both say whose it is."""
    events = [
        _call(pid, 1 if pid == 5 else 5, f"/bin/{node}", node, ms=ms)._replace(node=node)
        for ms, (node, pid) in enumerate([("h1", 5), ("h2", 5), ("h2", 6), ("h1", 6)])
    ]
    tree = _tree(*events)

    assert tree.lines() == [
        "22:13:20.000 node=h1 5 h1  (1 event)  (parent unseen)",
        "└─ 22:13:20.003 6 h1  (1 event)",
        "22:13:20.001 node=h2 5 h2  (1 event)  (parent unseen)",
        "└─ 22:13:20.002 6 h2  (1 event)",
    ]
    assert [(document["node"], document["pid"]) for document in tree.documents()] == [
        ("h1", 5),
        ("h2", 5),
        ("h2", 6),
        ("h1", 6),
    ]


def test_the_first_event_is_never_later_than_the_last() -> None:
    """Events come when they are complete, which is not the order in which they happened, whatever the year."""
    seconds = 253_402_300_799  # of the last second that has a year of four digits
    events = [_call(10, 1, "/bin/sh", "sh", ms=ms) for ms in (8, 0, 4)]
    later = [event._replace(seconds=seconds + second) for event, second in zip(events, (1, 0, 0))]

    for given, first, last in [
        (events, "2023-11-14T22:13:20.000+00:00", "2023-11-14T22:13:20.008+00:00"),
        (later, "9999-12-31T23:59:59.000+00:00", "10000-01-01T00:00:00.008+00:00"),
    ]:
        (document,) = _tree(*given).documents()
        assert (document["first"], document["last"]) == (first, last)


def test_the_tree_is_bounded() -> None:
    """What does not fit is counted."""
    assert _tree(*_SESSION, limit=2).lines()[-1] == "... and 4 events of further processes"


def test_a_process_may_have_many_children() -> None:
    """Each has its place, whenever it is seen again."""
    pids = (*range(3, 50), *range(49, 2, -1))
    children = [_call(pid, 2, f"/bin/p{pid}", f"p{pid}", ms=pid) for pid in pids]
    lines = _tree(_call(2, 1, "/bin/sh", "sh"), *children).lines()

    assert [line.rpartition(" p")[2] for line in lines[1:]] == [f"{pid}  (2 events)" for pid in range(3, 50)]


def test_commands_in_other_scripts_take_more_room() -> None:
    """As they do in memory."""
    tree = _Shown(room=15)
    enricher = Enricher(EnrichmentSettings())
    for pid, command in [(10, "\U0001f600" * 2), (11, "\U0001f600"), (12, "abcd"), (13, "abc")]:
        tree.add(enricher.enrich(_call(pid, 1, "/bin/sh", command)))

    assert [document["commands"] for document in tree.documents()] == [[], ["'\U0001f600'"], [], ["abc"]]


def test_a_deep_tree_is_drawn() -> None:
    """Deeper than Python's stack."""
    events = [_call(pid, pid - 1, f"/bin/p{pid}", f"p{pid}", ms=pid) for pid in range(2, 1500)]
    tree = _tree(*events)

    assert sum(f" {pid} p{pid}" in line for pid, line in zip(range(2, 1500), tree.lines())) > 60


def test_events_without_a_process_are_not_in_it() -> None:
    """Nor does any log break it."""
    change = event_of(("CONFIG_CHANGE", "op=set audit_enabled=0 old=1 res=1"))

    assert _tree(change).lines() == []
    assert _tree(*events_of(log_lines("special")), *events_of(log_lines("exec"))).lines()
