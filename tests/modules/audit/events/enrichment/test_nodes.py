"""Processes of several hosts in one stream."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING, Optional

from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_events import syscall_event
from proc_tree import START, ProcTree

from mig_audit.modules.audit.events.enrichment import Enricher, Enrichment, EnrichmentSettings

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.events import Event

_EXEC, _FORK = 59, 57


def _call(  # noqa: PLR0913  # what the record has
    node: str, pid: int, ppid: int, exe: str = "/bin/sh", call: int = _EXEC, *, code: int = 0, at: int = 1000
) -> Event:
    others = [("EXECVE", f'argc=1 a0="{exe}"')] if call == _EXEC else []
    event = syscall_event(
        *others, pid=pid, ppid=ppid, exe=f'"{exe}"', syscall=call, exit=code, time=(START + at) / 1000
    )
    return event._replace(node=node)


def _enriched(enricher: Enricher, event: Event) -> Enrichment:
    enrichment = enricher.enrich(event).enrichment
    assert enrichment is not None
    return enrichment


def _parent(enricher: Enricher, event: Event) -> Optional[str]:
    parent = _enriched(enricher, event).parent
    return None if parent is None else parent.exe


def test_a_process_of_one_host_is_no_parent_on_another() -> None:
    """Neither by its pid nor by the record of its fork."""
    enricher = Enricher(EnrichmentSettings())
    enricher.enrich(_call("h1", 5, 1, "/bin/one"))
    enricher.enrich(_call("h1", 5, 1, "/bin/one", _FORK, code=6))

    elsewhere = _enriched(enricher, _call("h2", 6, 5))
    assert (elsewhere.parent, elsewhere.ancestors) == (None, ())
    assert ("parent", "unseen") in elsewhere.gaps
    assert _parent(enricher, _call("", 6, 5)) is None
    assert _parent(enricher, _call("h1", 6, 5)) == "/bin/one"


_CALLS = st.tuples(
    st.sampled_from(["", "h1", "h2"]),
    st.integers(2, 6),
    st.integers(1, 6),
    st.sampled_from([0, _FORK, _EXEC, 231]),
)


@settings(max_examples=60)
@given(calls=st.lists(_CALLS, max_size=20))
def test_a_host_is_told_in_company_what_it_is_told_alone(calls: list[tuple[str, int, int, int]]) -> None:
    """Whatever happens on the others in between."""
    events = [
        _call(node, pid, ppid, f"/bin/p{pid}", call, code=ppid, at=10 * number)
        for number, (node, pid, ppid, call) in enumerate(calls)
    ]
    enricher = Enricher(EnrichmentSettings())
    together = [enricher.enrich(event) for event in events]

    for node in ("", "h1", "h2"):
        alone = Enricher(EnrichmentSettings())
        expected = [alone.enrich(event) for event in events if event.node == node]
        assert [event for event in together if event.node == node] == expected


def test_only_the_host_without_a_name_is_asked_by_its_proc(tmp_path: Path) -> None:
    """What runs here says nothing of another host, nor do its files."""
    tree = ProcTree(tmp_path / "proc")
    tree.start(1, 0, "/sbin/init")
    tree.start(10, 1, "/bin/here", at=100)
    tree.start(11, 10, "/bin/sh", at=990, environ=b"LANG=C")
    asked = EnrichmentSettings(environment=("LANG",), hash_size=1 << 20)
    enricher = Enricher(asked, tree.proc, lambda: START + 5000.0)
    enricher.begin()

    here, elsewhere = (_enriched(enricher, _call(node, 11, 10)) for node in ("", "h1"))
    assert here.parent is not None
    assert (here.parent.exe, here.environment) == ("/bin/here", (("LANG", "C"),))
    assert (elsewhere.parent, elsewhere.place, elsewhere.environment) == (None, None, ())
    assert set(elsewhere.gaps) == {(what, "unseen") for what in ("parent", "place", "environment", "sha256")}


def test_a_node_that_was_forgotten_begins_anew() -> None:
    """It is the one whose last event is the longest ago."""
    enricher = Enricher(EnrichmentSettings(), nodes=2)
    for node in ("h1", "h2", "h1", "h3"):
        enricher.enrich(_call(node, 5, 1, "/bin/one"))

    assert [_parent(enricher, _call(node, 6, 5)) for node in ("h1", "h3", "h2")] == [
        "/bin/one",
        "/bin/one",
        None,
    ]


def test_nodes_share_room_for_processes() -> None:
    """One that fills it makes others be forgotten, and not itself, nor the host without a name."""
    enricher = Enricher(EnrichmentSettings(), processes=20)
    for node in ("", "h1", "h2"):
        enricher.enrich(_call(node, 5, 1, "/bin/one"))
    for pid in range(100, 140):
        enricher.enrich(_call("h2", pid, 5))

    parents = [_parent(enricher, _call(node, 6, 5)) for node in ("", "h2", "h1")]
    assert parents == ["/bin/one", "/bin/one", None]


def test_long_names_take_no_more_memory() -> None:
    """However many processes have such, and though each has ancestors of its own."""
    enricher = Enricher(EnrichmentSettings())

    def take(pids: range) -> int:
        for pid in pids:
            exe = f"/{pid:06}" + "\U0001f600" * 600
            enricher.enrich(_call("h1", pid, pid - 1 if pid % 9 else 1, exe))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        assert take(range(10_000, 15_000)) < 14 << 20
    finally:
        tracemalloc.stop()


def test_made_up_nodes_take_no_more_memory() -> None:
    """However many names a log has."""
    enricher = Enricher(EnrichmentSettings(), nodes=50)
    event = _call("", 5, 1)

    def take(nodes: range) -> int:
        for number in nodes:
            enricher.enrich(event._replace(node=f"host-{number:06}"))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        few = take(range(100))
        assert take(range(100, 3000)) < few * 1.2
    finally:
        tracemalloc.stop()
