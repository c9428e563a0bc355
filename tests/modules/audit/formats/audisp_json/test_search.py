"""A search goes from field to field as libauparse does, however few records are kept taken apart."""

from __future__ import annotations

from typing import Optional, Union

from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.formats.audisp_json.search import Search
from mig_audit.modules.audit.records import Record, parse_line
from mig_audit.modules.audit.records.auparse import read_fields

_BODIES = st.lists(
    st.sampled_from(
        [b"a=1", b"a=2", b"aa=3", b"b=4", b"key=6162016364", b"(c=5", b"msg='d=6", b"e=", b"x", b"f=7,"]
    ),
    max_size=5,
).map(b" ".join)
_RECORDS = st.lists(
    st.tuples(st.sampled_from([b"SYSCALL", b"PATH", b"EXECVE"]), _BODIES), min_size=1, max_size=9
).map(
    lambda records: [parse_line(b"type=%b msg=audit(1.000:1): %b" % (kind, body)) for kind, body in records]
)
_Step = Union[int, bytes, None]
_STEPS: st.SearchStrategy[list[_Step]] = st.lists(
    st.one_of(
        st.integers(0, 8),  # go to that record
        st.sampled_from([b"a", b"aa", b"b", b"key", b"c", b"d", b"e", b"f", b"nothing"]),  # find
        st.none(),  # replace what was found
    ),
    max_size=40,
)


def _all_at_once(records: list[Record], steps: list[_Step]) -> list[Optional[bytes]]:
    """Say what a search finds that has all fields before it."""
    fields = [read_fields(record) for record in records]
    record, field, there = 0, 0, False
    found: list[Optional[bytes]] = []
    for step in steps:
        if isinstance(step, int):
            record, field, there = step % len(records), 0, True
        elif step is None:
            if there:
                fields[record].values[field] = b"new"
        elif not there:
            found.append(None)
        elif step in fields[record].names[field:]:
            field = fields[record].names.index(step, field)
            found.append(fields[record].values[field])
        elif field == len(fields[record].names) - 1:
            found.append(None)
        else:
            further = [number for number in range(record + 1, len(records)) if step in fields[number].names]
            if further:
                record, field = further[0], fields[further[0]].names.index(step)
                found.append(fields[record].values[field])
            else:
                there = False
                found.append(None)
    return found


@given(_RECORDS, _STEPS, st.integers(1, 3))
def test_few_records_are_enough(records: list[Record], steps: list[_Step], kept: int) -> None:
    """Also where values were replaced in one that was given up meanwhile."""
    search = Search(records, kept)
    found: list[Optional[bytes]] = []
    for step in steps:
        if isinstance(step, int):
            search.go(step % len(records))
        elif step is None:
            search.replace(b"new")
        else:
            found.append(search.find(step))

    assert found == _all_at_once(records, steps)
