"""What ausearch prints is put back into the order of the records."""

from __future__ import annotations

import lzma
import re
import shutil
import subprocess
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streams import groups_of

from mig_audit.errors import DamagedInputError, UsageError
from mig_audit.modules.audit.sources.ausearch import PrintedEvents
from mig_audit.modules.audit.sources.file import FileSource, open_log
from mig_audit.modules.audit.sources.rotation import Log

_RECORDS = Path(__file__).parents[3] / "data" / "records"
_LOGS = "busy-host cfg exec execlong file file-enriched login special uid user user-enriched watch"
_NODES = b"node=web1 type=A msg=audit(1.000:1): a\nnode=web2 type=A msg=audit(1.000:1): a\n"
_INTERPRETED = b"type=CWD msg=audit(11/25/26 22:05:46.931:5231091) : cwd=/ \n"


_ADDED = re.compile(rb"\x1d.*")


class _NoPatience:
    over = False

    def wait(self, _descriptor: Optional[int], _seconds: float) -> bool:
        """Say that there is something."""
        return True


def _printed(events: list[list[bytes]], end: bytes = b"\n") -> bytes:
    """Return what ausearch prints of events, with this end of its lines."""
    lines = []
    for records in events:
        lines += [b"----", b"time->Wed Nov 25 22:05:46 2026", *reversed(records)]
    return b"".join(line + end for line in lines)


def _read(blocks: list[bytes], longest: int = 1 << 20) -> bytes:
    events = PrintedEvents("a.log", longest)
    return b"".join([line for block in blocks for line in events.in_order(block)] + list(events.rest()))


def _from_file(path: Path) -> tuple[bytes, list[str]]:
    source = FileSource(open_log(str(path)), "a.log", _NoPatience())
    return b"".join(source.blocks()), [trouble.what for trouble in source.troubles]


def _events(lines: bytes) -> list[list[tuple[str, bytes, bytes]]]:
    """Return type, stamp and body of the records of each event, in whatever order the events end."""
    groups = groups_of(lines.splitlines())
    return sorted([(record.type, record.stamp, record.body) for record in group.records] for group in groups)


@pytest.mark.corpus
@pytest.mark.skipif(
    shutil.which("ausearch") is None, reason="ausearch is not installed: nothing to compare with"
)
@pytest.mark.parametrize("node", [b"", b"node=web1 "])
@pytest.mark.parametrize("name", _LOGS.split())
def test_what_ausearch_prints_is_what_it_prints_raw(name: str, node: bytes, tmp_path: Path) -> None:
    """The same lines in the same order as with -r, and the same events as in the log; but auditd's additions."""
    lines = lzma.decompress((_RECORDS / f"{name}.log.xz").read_bytes()).splitlines(keepends=True)[:10_000]
    path, output = tmp_path / "raw.log", tmp_path / "output"
    path.write_bytes(b"".join(node + line for line in lines))
    raw, printed = (
        subprocess.run(["ausearch", *raw, "-if", str(path)], check=True, capture_output=True, timeout=60)
        for raw in (["-r"], [])
    )
    output.write_bytes(printed.stdout)
    read, troubles = _from_file(output)

    assert (read, troubles) == (_ADDED.sub(b"", raw.stdout), [])
    assert _events(read) == _events(path.read_bytes())


@given(
    events=st.lists(
        st.lists(st.from_regex(rb"type=[A-Z]{1,9} [^\n]{0,9}", fullmatch=True), min_size=1, max_size=5),
        min_size=1,
        max_size=5,
    ),
    end=st.sampled_from([b"\n", b"\r\n"]),
    data=st.data(),
)
def test_wherever_it_is_cut_the_records_are_in_their_order(
    events: list[list[bytes]], end: bytes, data: st.DataObject
) -> None:
    """Blocks are whole lines, the first of them more than its first line; an empty one is passed on."""
    lines = _printed(events, end).split(b"\n")[:-1]
    cuts = sorted(data.draw(st.lists(st.integers(2, len(lines)), max_size=5)))
    blocks = [
        b"".join(line + b"\n" for line in lines[start:stop])
        for start, stop in zip([0, *cuts], [*cuts, len(lines)])
    ]

    assert _read(blocks) == b"".join(record + end for records in events for record in records)
    assert list(PrintedEvents("a.log").in_order(b"")) == [b""]


def test_output_may_begin_within_an_event() -> None:
    """As where its end was copied from a terminal."""
    text = b"c\nb\n" + _printed([[b"d", b"e"]])

    assert _read([text]) == b"b\nc\nd\ne\n"


@pytest.mark.parametrize("text", [b"b\n----\na\n", b"a\n-----\ntime->b\n", b"a\ntime->b\n----\nb\n"])
def test_other_lines_stay_as_they_are(text: bytes) -> None:
    """Dashes and a time together make it ausearch's; or dashes at the very beginning."""
    assert _read([text]) == text


def test_garbage_within_the_output_is_kept() -> None:
    """It is counted as no record, and not dropped."""
    text = _printed([[b"a", b"-----", b"----x"], [b"b"]])

    assert _read([text]) == b"a\n-----\n----x\nb\n"


def test_an_event_without_end_does_not_fill_the_memory() -> None:
    """It comes in parts, each turned by itself."""
    events = PrintedEvents("a.log", 10)
    blocks = [b"----\ntime->\n", b"6\n5\n4\n", b"3\n2\n1\n", b"0\n"]

    assert [b"".join(events.in_order(block)) for block in blocks] == [b"", b"", b"1\n2\n3\n4\n5\n6\n", b""]
    assert b"".join(events.rest()) == b"0\n"


def test_of_a_torn_end_the_record_comes_before_those_after_it(tmp_path: Path) -> None:
    """As ausearch printed them the other way round."""
    path = tmp_path / "output"
    path.write_bytes(_printed([[b"a", b"b"], [b"torn", b"c", b"d"]])[:-3])

    assert _from_file(path) == (b"a\nb\nto" + b"c\nd\n", ["the last line of a.log has no newline"])


@pytest.mark.parametrize("start", [b"", b"----\n", b"----\r\nnode=web1 "])
def test_interpreted_output_is_refused(start: bytes, tmp_path: Path) -> None:
    """Whether it is named, found, or comes in through a pipe."""
    path = tmp_path / "output.log"
    path.write_bytes(start + _INTERPRETED)
    told = "output.log has what `ausearch -i` prints, words in place of records, which is not read"

    with pytest.raises(UsageError, match=told):
        Log.named(str(path))
    found = Log.found(str(path)).trouble
    assert found is not None
    assert told in found.what
    assert _from_file(path) == (b"", [told.replace("output.log", "a.log")])


def test_a_record_that_says_the_same_is_one() -> None:
    """A program may log such a line."""
    line = b"type=USER msg=audit(1.000:1): msg='%b'\n" % _INTERPRETED.rstrip()

    assert _read([line]) == line
    with pytest.raises(DamagedInputError):
        _read([_INTERPRETED, line])


def test_events_of_nodes_are_read(tmp_path: Path) -> None:
    """Each record has its own."""
    path = tmp_path / "output"
    path.write_bytes(_printed([_NODES.splitlines()]))

    assert _from_file(path) == (_NODES, [])
