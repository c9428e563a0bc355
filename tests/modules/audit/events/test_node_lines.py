"""A block falls into the lines of each node that come together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from streams import block_of

from mig_audit.modules.audit.events.node_lines import NO_NODE, by_node, node_of


def test_lines_of_one_node_stay_together_and_lose_its_name() -> None:
    """What is said within a record is no prefix."""
    block = block_of([b"node=a type=X node=a b", b"node=a node=b type=Y", b"node=a "])

    assert list(by_node(block)) == [(b"node=a ", b"type=X node=a b\nnode=b type=Y\n\n")]


def test_nodes_come_in_their_order() -> None:
    """And lines that have none, where others do."""
    block = block_of(
        [b"node=a 1", b"node=ab 2", b"node=a 3", b"node=a 4", b"5", b"", b"node= 6", b"node=a 7"]
    )

    assert list(by_node(block)) == [
        (b"node=a ", b"1\n"),
        (b"node=ab ", b"2\n"),
        (b"node=a ", b"3\n4\n"),
        (NO_NODE, b"5\n\nnode= 6\n"),
        (b"node=a ", b"7\n"),
    ]


def test_a_block_that_begins_without_a_node_is_left_as_it_is() -> None:
    """A plain log is not searched for what it has not."""
    block = block_of([b"type=X", b"node=a type=X"])

    assert list(by_node(block)) == [(NO_NODE, block)]


def test_a_node_is_printable() -> None:
    """Whatever it is."""
    assert [node_of(b"node=a\xff "), node_of(NO_NODE)] == ["a\\xff", ""]


_LINES = st.builds(
    bytes.__add__,
    st.sampled_from(
        [b"node=a ", b"node=a ", b"node=b ", b"node=a", b"node= ", b"node=%b " % (b"x" * 256), b""]
    ),
    st.sampled_from([b"", b"type=X", b" ", b"node=a ", b"node=b type=X\r", b"\xff\x00"]),
)


@given(st.lists(_LINES, min_size=1), st.booleans())
def test_nothing_is_lost(lines: list[bytes], torn: bool) -> None:
    """With what was taken from them, the lines are the block; no two stretches could be one."""
    lines[0] = b"node=c " + lines[0]
    stretches = list(by_node(block_of(lines)[: -1 if torn else None]))
    told = [prefix + line for prefix, part in stretches for line in part.split(b"\n")[:-1]]

    # An empty line without its newline is none.
    assert told == (lines[:-1] if torn and not lines[-1] else lines)
    assert all(one[0] != other[0] for one, other in zip(stretches, stretches[1:]))
