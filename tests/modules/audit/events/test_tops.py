"""The most frequent values."""

from __future__ import annotations

from kernel_events import event_of, events_of, log_lines, syscall_event

from mig_audit.modules.audit.events.tops import KINDS, Tops, table


def test_values_are_counted_and_sorted() -> None:
    """The most frequent first, then by value."""
    tops = Tops(["exes", "keys", "syscalls"])
    for exe, key in (('"/b"', '"x"'), ('"/a"', "(null)"), ('"/c"', "780179"), ('"/c"', '"x"')):
        tops.add(syscall_event(exe=exe, key=key))

    assert tops.top(2) == {
        "exes": (("/c", 2), ("/a", 1)),
        "keys": (("x", 3), ("(none)", 1)),
        "syscalls": (("execve", 4),),
    }


def test_every_kind_finds_something_on_a_busy_host() -> None:
    """A kind that counts nothing would be a mistake."""
    tops = Tops(KINDS)
    for event in events_of(log_lines("busy-host")[:5000]):
        tops.add(event)

    assert all(tops.top(1).values())


def test_what_is_told_apart_is_bounded() -> None:
    """The values are the attacker's."""
    tops = Tops(["exes"], distinct=2)
    for exe in ('"/a"', '"/b"', '"/c"', '"/d"', '"/a"'):
        tops.add(syscall_event(exe=exe))

    assert tops.top(9)["exes"] == (("(other)", 2), ("/a", 2), ("/b", 1))


def test_what_is_told_apart_is_bounded_in_bytes() -> None:
    """A path has 4,096 of them, and there may be as many paths as somebody likes to make."""
    tops = Tops(["exes"], size=3000)
    for exe in ("a", "b" * 2000, "c" * 2000, "d", "a"):
        tops.add(syscall_event(exe=f'"/{exe}"'))

    assert tops.top(9)["exes"] == (("/a", 2), ("(other)", 1), (f"/{'b' * 2000}", 1), ("/d", 1))


def test_a_table_has_a_heading_for_each_kind() -> None:
    """And numbers in a column."""
    tops = Tops(["users", "addresses"])
    for _ in range(10):
        tops.add(syscall_event(("SOCKADDR", "saddr=020001BB0A010203"), uid=0))
    tops.add(event_of(("USER_LOGIN", "pid=7 uid=0 auid=1001 ses=3 msg='op=login addr=10.9.9.9 res=failed'")))

    assert table(tops.top(5)) == [
        "users",
        "  10  alice",
        "   1  bob",
        "",
        "addresses",
        "  10  10.1.2.3:443",
        "   1  10.9.9.9",
    ]
