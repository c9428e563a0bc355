"""What others may have changed where no record shows it: nothing that depends on it is called exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from file_calls import PID, birth, call, failed, item, names, opened, places, told

from mig_audit.modules.audit.files.activity import Activity
from mig_audit.modules.audit.files.confidence import WORDS
from mig_audit.modules.audit.files.reordering import Arrival

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.rows import Row

_CHILD = 20
_READ = call("read", 3, exit=5)
_EXCHANGE = 2


def _child(name: str, *args: int, exit: int = 0, **more: object) -> Call:  # noqa: A002  # as the records have it
    return call(name, *args, exit=exit, pid=_CHILD, ppid=PID, **more)


def _last_path(*calls: Call) -> tuple[str, str | None, str]:
    return names([row for row in told(*calls) if row.kind == "READ"])[-1]


def _last_place(*calls: Call) -> tuple[str, int | None, str]:
    return places([row for row in told(*calls) if row.kind == "READ"])[-1]


@pytest.mark.parametrize(
    "socket",
    [
        call("socketpair", 1, 1, told={"fd0": 5, "fd1": 6}),
        call("socket", 1, 1, exit=5),
        call("accept4", 9, 0, 0, 0, exit=5),
    ],
)
def test_what_was_open_with_a_unix_socket_may_have_been_sent(socket: Call) -> None:
    """Whoever got it moves the same position; what is opened when the socket is closed is nobody else's."""
    closed = [call("close", 5), call("close", 6)]

    assert _last_place(birth(), opened("data"), socket, _READ) == ("READ", 0, "probable")
    assert _last_place(birth(), opened("data"), socket, *closed, _READ) == ("READ", 0, "probable")
    assert _last_place(birth(), socket, *closed, opened("data"), _READ) == ("READ", 0, "exact")


def test_what_is_sent_by_another_holder_stays_sent() -> None:
    """Also when that one is gone."""
    rows = told(
        birth(), opened("data"), call("fork", exit=_CHILD), _child("socket", 1, 1, exit=4), _child("exit_group"), _READ
    )  # fmt: skip

    assert places(rows)[-1] == ("READ", 0, "probable")


def test_a_socket_of_the_network_passes_nothing_on() -> None:
    """Only bytes."""
    assert _last_place(birth(), opened("data"), call("socket", 2, 1, exit=5), _READ) == ("READ", 0, "exact")


def test_a_message_with_unknown_content_may_have_had_any_descriptor() -> None:
    """Where the rules have sendmsg, it counts whatever the socket is."""
    assert _last_place(birth(), opened("data"), call("sendmsg", 9, exit=1), _READ) == ("READ", 0, "probable")


def test_what_is_taken_from_a_process_is_shared_with_it() -> None:
    """From one that is not known it may be anything of anybody."""
    taken = call("pidfd_getfd", 9, 3, exit=7, pid=30)

    assert _last_place(birth(), opened("data"), taken, _READ) == ("READ", 0, "probable")


def test_a_mark_that_was_taken_away_unseen_leaves_a_file_shared() -> None:
    """The ioctl is not recorded: what is used nevertheless is followed again."""
    rows = told(
        birth(), opened("data", flags=0o2000000), call("fork", exit=_CHILD), birth(_CHILD),
        _child("read", 3, exit=50), _READ,
    )  # fmt: skip

    assert places([row for row in rows if row.kind == "READ"]) == [
        ("READ", 0, "probable"),
        ("READ", 50, "probable"),
    ]


@pytest.mark.parametrize(
    "made",
    [call("clone", 0x4400, exit=_CHILD), call("clone3", 0x7FFC, 88, exit=_CHILD)],
    ids=lambda made: made.name,
)
@pytest.mark.parametrize("ended", [True, False])
def test_a_child_that_shared_the_table_before_that_was_told(made: Call, *, ended: bool) -> None:
    """What it closed and opened was done to its maker's descriptors, too."""
    gone = [_child("exit_group")] if ended else []

    assert _last_path(
        birth(), opened("data"), _child("close", 3), *gone, made, opened("other", 4), _READ
    ) == ("READ", "/work/data", "probable")
    assert _last_path(birth(), opened("data"), _child("read", 3), *gone, made, _READ)[2] == "exact"


def test_what_clone3_made_may_share_its_maker_s_table() -> None:
    """Until it executes a program, each doubts what the other may have changed."""
    begun = [birth(), opened("data"), call("clone3", 0x7FFC, 88, exit=_CHILD)]

    assert _last_path(*begun, _child("close", 3), _READ) == ("READ", "/work/data", "probable")
    assert _last_path(*begun, call("close", 3), _child("read", 3, exit=1)) == (
        "READ",
        "/work/data",
        "probable",
    )
    executed = birth(_CHILD)._replace(ppid=PID)
    assert _last_path(*begun, executed, _child("close", 3), _READ) == ("READ", "/work/data", "exact")


def test_a_thread_may_have_a_table_of_its_own() -> None:
    """Nobody knows which thread a call is of."""
    split = call("clone", 0x10000 | 0x800 | 0x100, exit=11)

    assert _last_path(birth(), split, opened("data"), _READ) == ("READ", "/work/data", "probable")


def test_a_child_of_several_threads_has_the_table_of_some_moment() -> None:
    """What it opens itself is certain."""
    begun = [birth(), call("clone", 0x10F00, exit=11), opened("data"), call("fork", exit=_CHILD)]

    assert _last_path(*begun, _child("read", 3, exit=1)) == ("READ", "/work/data", "probable")
    assert _last_path(*begun, opened("own", 4, pid=_CHILD), _child("read", 4, exit=1)) == (
        "READ", "/work/own", "exact",
    )  # fmt: skip


def test_a_call_that_began_before_the_open_was_of_something_else() -> None:
    """A thread waited for a pipe, and another one closed that and opened a file."""
    pipe = call("pipe2", told={"fd0": 3, "fd1": 4})
    begun = [birth(), call("clone", 0x10F00, exit=11), pipe, call("close", 3), opened("data", milliseconds=8)]

    assert _last_path(*begun, _READ._replace(milliseconds=4)) == ("READ", "/work/data", "probable")
    assert _last_path(*begun, _READ._replace(milliseconds=8)) == ("READ", "/work/data", "probable")
    assert _last_path(*begun, _READ._replace(milliseconds=12)) == ("READ", "/work/data", "exact")


def test_two_files_with_one_number_are_both_doubted_until_the_close_is_told() -> None:
    """It may be that there are two tables."""
    begun = [birth(), call("clone", 0x10F00, exit=11), opened("data"), opened("other", inode=8)]

    assert _last_path(*begun, _READ) == ("READ", "/work/other", "probable")
    assert _last_path(*begun, call("close", 3), _READ) == ("READ", "/work/other", "exact")


def test_a_position_that_is_sought_by_one_of_several_may_be_moved_before_that_is_told() -> None:
    """It stays so when the others are gone."""
    rows = told(
        birth(), opened("data"), call("fork", exit=_CHILD), call("lseek", 3, 7, exit=7), _child("exit_group"), _READ
    )  # fmt: skip

    assert places(rows)[-1] == ("READ", 7, "probable")


def test_more_threads_than_are_counted_leave_a_process_in_doubt() -> None:
    """However many of them end."""
    made = [call("clone3", 0x7FFC, 88, exit=100 + number) for number in range(1100)]
    ended = [call("exit")] * 1050

    assert _last_place(birth(), opened("data"), *made, *ended, _READ) == ("READ", 0, "probable")


def test_what_a_child_has_beyond_what_is_followed_is_shared() -> None:
    """It gets the last 2,048; the others it has, too."""
    many = [opened(f"f{fd}", fd) for fd in range(3, 3003)]

    assert _last_place(birth(), *many, call("fork", exit=_CHILD), _READ) == ("READ", 0, "probable")


def test_a_number_that_is_given_to_a_child_is_not_taken_from_who_has_it() -> None:
    """In a namespace numbers may be any; it is the child's when one of that parent shows up."""
    other = [birth(90), opened("data", pid=90, ppid=1)]
    claimed = [birth(), opened("claimed"), call("fork", exit=90)]
    read = call("read", 3, exit=1, pid=90, ppid=1)

    assert _last_path(*other, *claimed, read) == ("READ", "/work/data", "exact")
    assert _last_path(*other, *claimed, read._replace(ppid=PID)) == ("READ", "/work/claimed", "probable")


@pytest.mark.parametrize("name", ["/proc/self/comm", "/sys/kernel/mm/x"])
def test_files_of_the_kernel_move_as_they_like(name: str) -> None:
    """Many of them take what is written, and stay where they are."""
    path = item(name, dev="00:16")
    opening = call("openat", 0xFFFFFF9C, 0, 2, exit=3, paths=(path,))
    rows = told(birth(), opening, call("write", 3, exit=4), call("write", 3, exit=4))

    assert [WORDS[row.start_confidence] for row in rows[1:]] == ["exact", "probable"]


def test_positions_of_memory_have_all_bits() -> None:
    """They look negative."""
    high = 0xFFFF_FFFF_FF60_0000
    rows = told(
        birth(),
        opened("mem"),
        call("lseek", 3, high, exit=high - 2**64),
        call("pread64", 3, 0, 8, high, exit=8),
    )

    assert places(rows)[1:] == [("LSEEK", high, "exact"), ("PREAD", high, "exact")]


def _exchanged(mode: str) -> list[Row]:
    pair = [item("/work/a", 8, "DELETE", mode), item("/work/b", 9, "DELETE", mode)]
    made = [item("/work/b", 8, "CREATE", mode), item("/work/a", 9, "CREATE", mode)]
    exchange = call("renameat2", -100, 0, -100, 0, paths=(*pair, *made))
    inside = "/f" if mode.startswith("04") else ""
    return told(
        birth(), opened(f"/work/a{inside}", 3, inode=8), opened(f"/work/b{inside}", 4, inode=9), exchange,
        call("read", 3, exit=1), call("read", 4, exit=1),
    )  # fmt: skip


@pytest.mark.parametrize(("mode", "inside"), [("0100644", ""), ("040755", "/f")])
def test_two_files_that_were_exchanged_have_each_other_s_names(mode: str, inside: str) -> None:
    """Two names are made at once only then."""
    assert names(_exchanged(mode))[-2:] == [
        ("READ", f"/work/b{inside}", "exact"),
        ("READ", f"/work/a{inside}", "exact"),
    ]


def test_a_folder_that_is_renamed_by_way_of_a_link_may_be_another_name_s() -> None:
    """Which folder it is the record does not say; it has the same last name."""
    moved = (item("/link/d", 8, "DELETE", "040755"), item("/link/e", 8, "CREATE", "040755"))
    begun = [birth(), opened("/real/d/f"), opened("/real/c/f", 4), call("rename", paths=moved)]

    assert _last_path(*begun, _READ) == ("READ", "/real/d/f", "probable")
    assert _last_path(*begun, call("read", 4, exit=1)) == ("READ", "/real/c/f", "exact")


def test_a_root_directory_may_be_shared() -> None:
    """CLONE_FS without CLONE_THREAD: the child changes it for both."""
    jail = _child("chroot", paths=(item("/jail", 8, mode="040755"),))
    begun = [birth(), call("clone", 0x211, exit=_CHILD), jail]

    assert _last_path(*begun, opened("/etc/data"), _READ) == ("READ", "/etc/data", "probable")


def test_a_working_directory_may_be_outside_of_the_root() -> None:
    """Then its name does not begin there."""
    jail = call("chroot", paths=(item("/jail", 8, mode="040755"),))

    assert _last_path(birth(), jail, opened("data"), _READ) == ("READ", "/jail/work/data", "probable")


def test_names_in_proc_begin_at_the_root_that_is_seen() -> None:
    """Of a thread, the number is not known."""
    jail = call("chroot", paths=(item("/jail", 8, mode="040755"),))

    assert _last_path(birth(), jail, opened("/proc/self/maps"), _READ)[1] == f"/jail/proc/{PID}/maps"
    assert _last_path(birth(), opened("/proc/thread-self/maps"), _READ)[2] == "probable"


@pytest.mark.parametrize("hidden", ["incomplete", "late", "killed"])
def test_an_event_of_which_nothing_is_known_is_as_bad_as_none(hidden: str) -> None:
    """It was of any process, and did anything."""
    killed = failed("read", 3)._replace(success=None, exit=None, pid=99)
    other = [call("getpid")] * 600  # as long as that, those before the first one are waited for
    arrivals = [birth(), opened("data"), *other, killed if hidden == "killed" else None, _READ]
    activity = Activity()
    rows: list[Row] = []
    for serial, each in enumerate(arrivals, 1000):
        number = 999 if hidden == "late" and each is None else serial
        incomplete = each is None and hidden == "incomplete"
        rows += activity.take("", Arrival(number, 1_700_000_000, 0, each, incomplete))
    rows += activity.flush()

    read = next(row for row in rows if row.kind == "READ")
    assert (WORDS[read.path_confidence], WORDS[read.start_confidence]) == ("probable", "probable")


@pytest.mark.parametrize(("others", "sure"), [(500, "exact"), (600, "probable")])
def test_after_many_changes_only_the_last_are_followed(others: int, sure: str) -> None:
    """Of a file that one of them is about: each use of it would take time for all."""
    gone = [
        call("unlink", paths=(item(f"/gone/{number}", 50 + number, "DELETE"),)) for number in range(others)
    ]
    moved = (item("/d", 8, "DELETE", "040755"), item("/e", 8, "CREATE", "040755"))

    read = _last_path(birth(), opened("/d/f"), *gone, call("rename", paths=moved), _READ)
    assert read == ("READ", "/e/f", sure)


def test_a_name_in_very_many_folders_is_followed() -> None:
    """They are not looked up one by one."""
    deep = "/d" * 200
    moved = (item("/d/d", 8, "DELETE", "040755"), item("/e", 8, "CREATE", "040755"))

    assert (
        _last_path(birth(), opened(f"{deep}/f"), call("rename", paths=moved), _READ)[1] == f"/e{deep[4:]}/f"
    )
