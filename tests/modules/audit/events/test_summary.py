"""Events are counted by what they say, in bounded memory."""

from __future__ import annotations

from mig_audit.modules.audit.events import Actor, Count, Decoder, Event, Summary, TableNames, make_group
from mig_audit.modules.audit.records import parse_line


def _event(exe: str = "/bin/x", auid: int = 1000, uid: int = 0, key: str = "k") -> Event:
    body = f'pid=1 uid={uid} auid={auid} exe="{exe}" key={key} res=1'
    group = make_group([parse_line(f"type=CONFIG_CHANGE msg=audit(1.000:1): {body}".encode())], "end")
    return Decoder(TableNames({0: "root", 1000: "kang"}, {})).decode(group)


def _add(summary: Summary, event: Event) -> None:
    summary.add(event.category, Actor.of(event))


def test_events_are_counted_by_four_things() -> None:
    """The most frequent first, then by value."""
    summary = Summary()
    for exe in ("/bin/b", "/bin/a", "/bin/c", "/bin/c"):
        _add(summary, _event(exe))

    top = summary.top(2)

    assert summary.events == 4
    assert top["executables"] == (Count("/bin/c", 2), Count("/bin/a", 1))
    assert top["categories"] == (Count("config", 4),)
    assert top["keys"] == (Count("k", 4),)
    assert top["users"] == (Count("kang", 4),)


def test_an_event_of_several_rules_counts_for_each() -> None:
    """And one without a key for none."""
    summary = Summary()
    _add(summary, _event(key="610162"))
    _add(summary, _event(key="(null)"))

    assert summary.top()["keys"] == (Count("(none)", 1), Count("a", 1), Count("b", 1))


def test_the_user_is_who_logged_in_if_that_is_known() -> None:
    """Else whose process it was, by name or number."""
    summary = Summary()
    for auid, uid in ((1000, 0), (4294967295, 0), (4294967295, 77)):
        _add(summary, _event(auid=auid, uid=uid))

    assert {count.value for count in summary.top()["users"]} == {"kang", "root", "77"}


def test_further_values_are_counted_together() -> None:
    """An attacker may choose any number of names; the first ones are told apart."""
    summary = Summary(distinct=3)
    for number in range(10):
        _add(summary, _event(f"/bin/{number}"))
    _add(summary, _event("/bin/1"))

    assert summary.top()["executables"] == (
        Count("(other)", 7),
        Count("/bin/1", 2),
        Count("/bin/0", 1),
        Count("/bin/2", 1),
    )


def test_long_values_are_cut() -> None:
    """A path may have four thousand bytes."""
    summary = Summary()
    _add(summary, _event("/" + "x" * 4000))

    assert len(summary.top()["executables"][0].value) == 256
