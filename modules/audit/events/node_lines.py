"""The nodes of a log: before each record of a collected one is the name of the host that it is from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_NODE = b""
"""The prefix of lines that have none."""

_BEGINNING = b"node="
_PREFIX = rb"node=[^ \n]{1,255} "  # as `parse_line` has it
_OF_ONE_NODE = compile_late(rb"(%b).*\n(?:\1.*\n)*" % _PREFIX)
_OF_NONE = compile_late(rb"(?:(?!%b).*\n)+" % _PREFIX)


def by_node(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the lines of a block as far as they come together, without the prefix that they share, and that prefix.

    In a block that does not begin with a prefix, none is looked for. The last line may lack its newline.
    """
    if not block.startswith(_BEGINNING):
        yield NO_NODE, block
        return
    if not block.endswith(b"\n"):
        block += b"\n"  # without its prefix, the line may have nothing else
    start = 0
    while start < len(block):
        found = _OF_ONE_NODE.match(block, start)
        if found:
            prefix = found[1]
            yield prefix, b"\n".join(found[0].split(b"\n" + prefix))[len(prefix) :]
        else:
            found = _OF_NONE.match(block, start)
            yield NO_NODE, found[0] if found else block[start:]
        start = found.end() if found else len(block)


@lru_cache(maxsize=1024)
def node_of(prefix: bytes) -> str:
    """Return the node, empty where there is none."""
    return printable(prefix[len(_BEGINNING) : -1])
