"""What is added to an event."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_events import NAMES, events_of, lines_of, log_lines, syscall_body, syscall_event
from proc_tree import START, ProcTree

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.events import Event, Origin
from mig_audit.modules.audit.events.enrichment import Enricher, Enrichment, parse_enrichment
from mig_audit.modules.audit.events.filters import make_filters, parse_filters
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.module import AuditModule
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.formats import Format

_CONTAINER = "c0ffee" * 10 + "c0de"
_GROUP = f"0::/system.slice/docker-{_CONTAINER}.scope"


@pytest.fixture
def tree(tmp_path: Path) -> ProcTree:
    """Return a host with a first process and a container."""
    tree = ProcTree(tmp_path / "proc")
    tree.start(1, 0, "/sbin/init", cgroup="0::/init.scope")
    tree.start(10, 1, "/bin/sh", at=100, cgroup=_GROUP)
    return tree


def _enricher(tree: Optional[ProcTree], **given: Any) -> Enricher:  # noqa: ANN401  # any JSON value
    enricher = Enricher(parse_enrichment(given), tree.proc if tree else None, lambda: START + 5000.0)
    enricher.begin()
    return enricher


def _exec(enricher: Enricher, pid: int, ppid: int, exe: str = "/bin/true", at: int = 1000) -> Enrichment:
    event = syscall_event(
        ("EXECVE", f'argc=1 a0="{exe}"'), pid=pid, ppid=ppid, exe=f'"{exe}"', time=(START + at) / 1000
    )
    enrichment = enricher.enrich(event).enrichment
    assert enrichment is not None
    return enrichment


def test_container_and_unit_are_read_while_the_process_is_there(tree: ProcTree) -> None:
    """From its control groups."""
    tree.start(11, 10, "/bin/true", at=990, cgroup=_GROUP)
    place = _exec(_enricher(tree), 11, 10).place

    assert place == (_CONTAINER, "docker", f"docker-{_CONTAINER}.scope", _GROUP[3:], "proc")


def test_a_process_that_is_gone_has_the_place_of_its_parent(tree: ProcTree) -> None:
    """And that is said."""
    place = _exec(_enricher(tree), 11, 10).place

    assert place is not None
    assert (place.container, place.source) == (_CONTAINER, "inherited")


def test_a_parent_that_was_moved_is_asked_again(tree: ProcTree, tmp_path: Path) -> None:
    """As a runtime does with a container's first process."""
    enricher = _enricher(tree)
    tree.start(12, 1, "/bin/sh", at=500)
    _exec(enricher, 12, 1, "/bin/sh", at=600)
    (tmp_path / "proc" / "12" / "cgroup").write_text(f"{_GROUP}\n")
    place = _exec(enricher, 13, 12, at=700).place

    assert place is not None
    assert (place.container, place.source) == (_CONTAINER, "inherited")


def test_the_first_process_puts_what_it_starts_elsewhere(tree: ProcTree) -> None:
    """Its own place says nothing of a service that is gone."""
    enrichment = _exec(_enricher(tree), 11, 1)

    assert enrichment.place is None
    assert ("place", "gone") in enrichment.gaps


def test_chosen_variables_are_read_and_no_others(tree: ProcTree) -> None:
    """By name or by how the name begins; values are printable."""
    environ = b"LD_PRELOAD=/opt/x.so\0SECRET=1\0LANG=C\0LD_X=\x1b[2J\0novalue\0"
    tree.start(11, 10, "/bin/true", at=990, environ=environ)
    enrichment = _exec(_enricher(tree, environment=["LD_*", "LANG"]), 11, 10)

    assert enrichment.environment == (("LD_PRELOAD", "/opt/x.so"), ("LANG", "C"), ("LD_X", r"\x1b[2J"))
    assert _exec(_enricher(tree, environment=["LANG"]), 19, 10).gaps == (("environment", "gone"),)


def test_a_process_that_has_the_pid_by_now_is_not_asked(tree: ProcTree) -> None:
    """Its environment and place are its own."""
    tree.start(11, 10, "/bin/other", at=1500, environ=b"LANG=C")
    enrichment = _exec(_enricher(tree, environment=["LANG"]), 11, 10)

    assert enrichment.environment == ()
    assert ("environment", "reused") in enrichment.gaps


def test_a_started_program_is_hashed(tree: ProcTree, tmp_path: Path) -> None:
    """By the link in /proc while the process is there, else by its path, if the inode is still that of the record."""
    program = tmp_path / "program"
    program.write_bytes(b"one")
    tree.start(11, 10, str(program), at=990)
    status = program.stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    enricher = _enricher(tree, sha256={})

    def hashed(pid: int, inode: int) -> Enrichment:
        item = f'item=0 name="{program}" inode={inode} dev={device} mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL'
        event = syscall_event(
            ("PATH", item), items=1, pid=pid, ppid=10, exe=f'"{program}"', time=(START + 1000) / 1000
        )
        enrichment = enricher.enrich(event).enrichment
        assert enrichment is not None
        return enrichment

    expected = hashlib.sha256(b"one").hexdigest()
    assert hashed(11, status.st_ino).sha256 == expected
    assert hashed(19, status.st_ino).sha256 == expected
    assert hashed(19, 1).gaps == (("sha256", "changed"),)


def test_labels_go_to_children_and_can_be_taken_away(tree: ProcTree) -> None:
    """From the event that meets the condition on."""
    rules = [
        {"label": "shell", "where": "exe = /bin/bash"},
        {"label": "own", "where": "exe = /bin/bash", "children": False},
        {"label": "shell", "where": "exe = /bin/trusted", "remove": True},
    ]
    enricher = _enricher(tree, labels=rules)

    assert _exec(enricher, 20, 10, "/bin/bash").labels == ("shell", "own")
    assert _exec(enricher, 21, 20, "/bin/a").labels == ("shell",)
    assert _exec(enricher, 22, 21, "/bin/trusted").labels == ()
    assert _exec(enricher, 23, 22, "/bin/b").labels == ()
    assert _exec(enricher, 24, 21, "/bin/c").labels == ("shell",)


def test_a_label_can_ask_for_what_was_found_out_before_it(tree: ProcTree) -> None:
    """Parent, container and script are known by then."""
    enricher = _enricher(tree, labels=[{"label": "inside", "where": f"container = {_CONTAINER}"}])

    assert _exec(enricher, 11, 10).labels == ("inside",)


def test_without_proc_the_log_alone_is_asked() -> None:
    """What it does not tell is said to be unseen."""
    enricher = _enricher(None, environment=["LANG"], sha256={})
    _exec(enricher, 20, 1, "/bin/bash")
    enrichment = _exec(enricher, 21, 20, "/bin/a")

    assert enrichment.parent is not None
    assert enrichment.parent.exe == "/bin/bash"
    assert enrichment.gaps == (("place", "unseen"), ("environment", "unseen"), ("sha256", "unseen"))
    assert enrichment.presumed == ("parent", "ancestors")


def test_filters_can_ask_for_it() -> None:
    """Parents, labels and containers are fields like others."""
    settings = {"labels": [{"label": "web", "where": "exe = /bin/httpd"}]}
    enricher = _enricher(None, **settings)
    filters = make_filters(
        parse_filters([{"keep": "label = web and parent = /bin/httpd and ancestor ~ 'bash$'"}])
    )
    lines = [
        line
        for serial, (pid, ppid, exe) in enumerate(
            [(20, 1, "/bin/bash"), (21, 20, "/bin/httpd"), (22, 21, "/bin/sh"), (23, 20, "/bin/ls")]
        )
        for line in lines_of(
            ("SYSCALL", syscall_body(pid=pid, ppid=ppid, exe=f'"{exe}"')), ("EOE", ""), serial=serial
        )
    ]
    pipeline = Pipeline(
        make_format("mozdef", Origin("host", NAMES)),
        (),
        limit=9,
        max_size=9999,
        names=NAMES,
        filters=filters,
        enricher=enricher,
    )
    pipeline.feed(b"".join(line + b"\n" for line in lines))
    pipeline.flush()
    (event,) = [json.loads(each)["details"] for each in pipeline.kept]

    assert event["process"] == "/bin/sh"
    assert event["parentexe"] == "/bin/httpd"
    assert event["parentprocess"] == "true"
    assert [each["process"] for each in event["ancestors"]] == ["/bin/httpd", "/bin/bash"]
    assert event["labels"] == ["web"]
    assert filters.taken == {"filters[0]": 3}


def test_every_enriched_event_fits_its_schema(tree: ProcTree) -> None:
    """Whatever was found."""
    environ = b"LANG=C"
    tree.start(11, 10, "/bin/true", at=990, environ=environ, cgroup=_GROUP)
    enricher = _enricher(tree, environment=["LANG"], sha256={}, labels=[{"label": "x", "where": "exe"}])
    form = make_format("mozdef", Origin("host", NAMES))
    events: list[Event] = []
    for pid, ppid in ((11, 10), (12, 11), (13, 99)):
        events += events_of(
            lines_of(
                ("SYSCALL", syscall_body(pid=pid, ppid=ppid, exe='"/bin/true"')),
                ("EXECVE", 'argc=1 a0="true"'),
                ("EOE", ""),
                time=(START + 1000) / 1000,
            )
        )
    events += events_of(log_lines("special"))
    enriched = [enricher.enrich(event) for event in events]
    for event in enriched:
        encoded = form.encode(event)
        assert encoded is not None
        assert find_problems(json.loads(encoded), "audit.event.v1.schema.json") == []
    assert enriched[0].enrichment is not None
    assert enriched[0].enrichment.environment == (("LANG", "C"),)


class _LongWay:
    """A format whose events are all decoded."""

    media_type = "application/json"
    name = "long"

    def __init__(self) -> None:
        self._form = make_format("mozdef", Origin("host", NAMES))

    def encode(self, event: Event) -> Optional[bytes]:
        """Return what the format itself gives."""
        return self._form.encode(event)


def _encoded(form: Format, lines: list[bytes], tree: Optional[ProcTree] = None) -> list[bytes]:
    pipeline = Pipeline(form, (), limit=99_999, max_size=1 << 30, names=NAMES, enricher=_enricher(tree))
    pipeline.feed(b"".join(line + b"\n" for line in lines))
    pipeline.flush()
    return pipeline.kept


@pytest.mark.parametrize("name", ["busy-host", "exec", "special", "synth-interleave", "login"])
def test_the_short_way_says_what_the_long_way_says(name: str) -> None:
    """Without decoding an event, its process is the same."""
    lines = log_lines(name)[:30_000]
    short = _encoded(make_format("mozdef", Origin("host", NAMES)), lines)

    assert short == _encoded(_LongWay(), lines)
    assert any(b'"unknown":["parent: unseen"' in event for event in short)


_CALLS = st.tuples(
    st.integers(2, 6), st.integers(1, 6), st.sampled_from([0, 57, 59, 231, 257]), st.integers(0, 400)
)


@settings(max_examples=60)
@given(calls=st.lists(_CALLS, max_size=20), live=st.booleans())
def test_both_ways_say_the_same_whatever_happens(
    calls: list[tuple[int, int, int, int]], live: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Processes start, end, fork, and open files, in any order; what was the answer before may not be it now."""
    tree = None
    if live:
        tree = ProcTree(tmp_path_factory.mktemp("host") / "proc")
        tree.start(1, 0, "/sbin/init")
        tree.start(3, 1, "/bin/p3", at=100)
    lines: list[bytes] = []
    for serial, (pid, ppid, number, at) in enumerate(calls):
        body = syscall_body(pid=pid, ppid=ppid, syscall=number, exit=ppid, exe=f'"/bin/p{pid % 4}"')
        records = [("SYSCALL", body), ("CWD", 'cwd="/"'), ("EOE", "")]
        if not number:
            text = f'op=login acct=x exe="/bin/p{ppid}" syscall=59 ppid={ppid} res=success'
            records = [("USER_LOGIN", f"pid={pid} uid=0 auid=0 ses=1 msg='{text}'")]
        lines += lines_of(*records, serial=serial, time=(START + 10 * serial + at) / 1000)

    assert _encoded(make_format("mozdef", Origin("host", NAMES)), lines, tree) == _encoded(
        _LongWay(), lines, tree
    )


def test_a_fork_that_is_told_late_is_told_of_what_was_remembered() -> None:
    """The parent of a process is presumed until the record of its fork comes."""
    lines: list[bytes] = []
    for serial, (pid, ppid, number, at, result) in enumerate(
        [
            (2, 1, 59, 0, 0),
            (3, 2, 59, 9, 0),
            *[(3, 2, 257, 10, 4)] * 3,
            (2, 1, 57, 8, 3),
            *[(3, 2, 257, 12, 4)] * 2,
        ]
    ):
        body = syscall_body(pid=pid, ppid=ppid, syscall=number, exit=result, exe=f'"/bin/p{pid}"')
        lines += lines_of(
            ("SYSCALL", body), ("CWD", 'cwd="/"'), ("EOE", ""), serial=serial, time=(START + at) / 1000
        )
    short = _encoded(make_format("mozdef", Origin("host", NAMES)), lines)

    assert short == _encoded(_LongWay(), lines)
    assert [b'"presumed"' in event for event in short] == [False, True, True, True, True, False, False, False]


def test_the_enrichment_is_the_last_member_of_an_event() -> None:
    """It is put there without a look at the others."""
    assert Event._fields[-1] == "enrichment"


@pytest.mark.parametrize(
    ("enrich", "words"),
    [
        ({"labels": [{"label": "x", "where": "exe ="}]}, "$.enrich.labels[0].where: column 6"),
        ({"labels": [{"where": "exe"}]}, "'label' is missing"),
        ({"labels": [{"label": "a b", "where": "exe"}]}, "a word of printable ASCII"),
        ({"environment": ["A=B"]}, "the name of a variable"),
        ({"ancestors": 65}, "greater than the maximum"),
        ({"sha256": {"max_size": "big"}}, "a size"),
        ({"containers": True}, "unknown field"),
    ],
)
def test_settings_that_are_not_understood_are_problems(enrich: dict[str, object], words: str) -> None:
    """With their place."""
    (problem,) = AuditModule().validate({"rules": ["-w /x"], "enrich": enrich})

    assert words in str(problem)


def test_all_problems_of_labels_come_at_once() -> None:
    """Each with its place."""
    with pytest.raises(ParametersError) as caught:
        parse_enrichment({"labels": [{"label": "a", "where": "("}, {"label": "b", "where": "nothing"}]})

    assert [problem.path for problem in caught.value.problems] == [
        "$.enrich.labels[0].where",
        "$.enrich.labels[1].where",
    ]
