"""What is remembered has bounds, and totals too."""

from __future__ import annotations

from file_calls import birth, call, failed, item, opened, told

from mig_audit.modules.audit.files.descriptors import MOST_INHERITED
from mig_audit.modules.audit.files.remembered import Remembered
from mig_audit.modules.audit.files.totals import Total, Totals, documents, table


def test_the_least_lately_used_is_forgotten_first() -> None:
    """By weight."""
    remembered: Remembered[int, str] = Remembered(5)
    for key in range(5):
        remembered.put(key, f"v{key}")
    used = remembered.get(0)
    remembered.put(9, "heavy", 3)

    assert used == "v0"
    assert remembered.values() == ["v4", "v0", "heavy"]
    assert (1 in remembered, remembered.get(1), len(remembered)) == (False, None, 3)


def test_what_weighs_more_than_there_is_room_is_not_remembered() -> None:
    """Nor is anything else then."""
    remembered: Remembered[int, str] = Remembered(5)
    remembered.put(1, "a")
    remembered.put(2, "b", 6)

    assert len(remembered) == 0


def test_a_child_knows_the_descriptors_that_were_entered_last() -> None:
    """Of a parent with very many; the others came from nowhere."""
    files = [opened(f"f{fd}", fd, inode=fd) for fd in range(3, 3 + MOST_INHERITED + 10)]
    last = 2 + MOST_INHERITED + 10
    rows = told(
        birth(),
        *files,
        call("fork", exit=20),
        call("read", last, pid=20, ppid=10),
        call("read", 3, pid=20, ppid=10),
    )

    assert [row.path for row in rows[-2:]] == [f"/work/f{last}", None]


def test_totals_add_up_by_several_kinds() -> None:
    """Rows of other kinds than these count for nothing."""
    totals = Totals(["files", "processes"])
    gone = failed("openat", 2**32 - 100, paths=(item("gone", nametype="UNKNOWN"),))
    calls = (opened("data"), call("read", 3, exit=5), call("pwrite64", 3, exit=7), call("close", 3), gone)
    for row in told(birth(), *calls, call("read", 9, exit=1)):
        totals.add(row)

    tops = totals.top(2)
    assert tops == {
        "files": [Total("/work/data", 1, 0, 1, 5, 1, 7), Total("(none)", 0, 0, 1, 1, 0, 0)],
        "processes": [Total("10 /usr/bin/p", 1, 1, 2, 6, 1, 7)],
    }
    assert table(tops)[4:] == [
        "opens  failures  reads  bytes_read  writes  bytes_written  processes",
        "    1         1      2           6       1              7  10 /usr/bin/p",
    ]
    assert documents(tops)[2]["kind"] == "processes"


def test_totals_of_too_many_values_are_added_up_together() -> None:
    """By number, or by size."""
    rows = told(birth(), *[opened(f"f{number}", number) for number in range(3, 9)])
    few, small = Totals(["files"], distinct=2), Totals(["files"], size=130)
    for row in rows:
        few.add(row)
        small.add(row)

    assert [(total.value, total.opens) for total in few.top(9)["files"]] == [
        ("(other)", 4),
        ("/work/f3", 1),
        ("/work/f4", 1),
    ]
    assert small.top(1)["files"][0].value == "(other)"


def test_totals_keep_hosts_apart() -> None:
    """Where the log names them."""
    totals = Totals(["exes"])
    for node in ("a", "b"):
        for row in told(opened("data", node=node)):
            totals.add(row)

    assert [total.value for total in totals.top(9)["exes"]] == ["a: /usr/bin/p", "b: /usr/bin/p"]
