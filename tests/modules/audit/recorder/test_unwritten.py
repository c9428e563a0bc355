"""What is known of records that could not be written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.canary import Mark
from mig_audit.modules.audit.recorder.unwritten import Leftovers, Unwritten

_TOP = 2**32
_MARK = Mark("0123456789abcdef", 7)


def _line(serial: int, kind: str = "SYSCALL", text: str = "arch=c000003e") -> bytes:
    return f"type={kind} msg=audit(1.000:{serial}): {text}\n".encode()


def _leftovers() -> Leftovers:
    return Leftovers(lambda lines: len(_MARK.in_block(lines)))


def test_of_none_there_is_nothing_to_tell() -> None:
    """Nor of an empty read of the socket."""
    left = _leftovers()
    left.add(b"", 0)
    left.end_window()

    assert left.account() == Unwritten()


@given(
    st.integers(0, _TOP - 1),
    st.lists(st.lists(st.integers(-300, 300), min_size=1), min_size=1, max_size=8),
    st.integers(0, 8),
)
def test_the_serials_are_followed_wherever_the_counter_stands(
    base: int, blocks: list[list[int]], in_window: int
) -> None:
    """In any order, and what came after the window's end is told apart."""
    left = _leftovers()
    for number, block in enumerate(blocks):
        if number == in_window:
            left.end_window()
        left.add(b"".join(_line((base + offset) % _TOP) for offset in block), len(block))
    if in_window >= len(blocks):
        left.end_window()

    every = [offset for block in blocks for offset in block]
    before = [offset for block in blocks[:in_window] for offset in block]
    assert left.account() == Unwritten(
        records=len(every),
        in_window=(base + max(before)) % _TOP if before else None,
        highest=(base + max(every)) % _TOP,
    )


def test_records_of_our_own_are_counted_and_no_text_passes_for_them() -> None:
    """Canaries of the process that sent them, and changes to audit, at the beginning of a line alone."""
    canary = "pid={} uid=0 auid=0 ses=1 msg='op=mig-audit-canary run=0123456789abcdef nr=3 end'"
    lines = [
        _line(1, "TRUSTED_APP", canary.format(7)),
        _line(2, "TRUSTED_APP", canary.format(8)),
        _line(3, "CONFIG_CHANGE", "op=set audit_enabled=0 old=1"),
        _line(4, "EXECVE", 'argc=1 a0="type=CONFIG_CHANGE msg=audit(1.000:9): op=mig-audit-canary run="'),
    ]
    left = _leftovers()
    left.add(b"".join(lines), len(lines))

    assert left.account() == Unwritten(records=4, highest=4, own=2)
