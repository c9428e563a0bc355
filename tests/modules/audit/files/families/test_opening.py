"""Opening files by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from file_calls import AT_FDCWD, FOLDER, birth, call, item, names, opened, places, told

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call


def test_a_relative_name_is_relative_to_the_working_directory() -> None:
    """That is in the record of the same event."""
    assert names(told(birth(), opened("data"))) == [("OPEN", "/work/data", "exact")]


@pytest.mark.parametrize("directory", [AT_FDCWD, 2**64 - 100])
def test_programs_extend_the_sign_of_the_working_directory_or_not(directory: int) -> None:
    """AT_FDCWD is -100 in 32 bits, or in 64."""
    assert names(told(birth(), opened("data", directory=directory))) == [("OPEN", "/work/data", "exact")]


def test_a_name_is_relative_to_a_directory_that_was_opened() -> None:
    """The kernel's PARENT record has the working directory's name all the same, and the right inode."""
    paths = (item("/work", 5, "PARENT", FOLDER), item("new", 8, "CREATE"))

    rows = told(birth(), opened("d", 3, inode=5, mode=FOLDER), opened("new", 4, directory=3, paths=paths))

    assert names(rows) == [("OPEN DIR", "/work/d", "exact"), ("OPEN", "/work/d/new", "exact")]


def test_a_directory_that_is_not_what_it_is_taken_for_is_not_believed() -> None:
    """The inode of PARENT contradicts the descriptor: something was closed unseen."""
    paths = (item("/work", 6, "PARENT", FOLDER), item("new", 8, "CREATE"))

    rows = told(birth(), opened("d", 3, inode=5, mode=FOLDER), opened("new", 4, directory=3, paths=paths))

    assert names(rows)[-1] == ("OPEN", None, "unknown")


def test_a_directory_of_nowhere_leads_to_no_name() -> None:
    """Its inode still tells which file it is."""
    (row,) = told(birth(), opened("new", 4, directory=77, inode=9))

    assert (row.path, row.identity) == (None, ("fe:00", 9))


@pytest.mark.parametrize(
    ("name", "path", "confidence"),
    [
        ("./a//b/.", "/work/a/b", "exact"),
        ("..data", "/work/..data", "exact"),
        ("../up", "/up", "probable"),
        ("/x/../y", "/y", "probable"),
        ("/", "/", "exact"),
    ],
)
def test_what_a_name_says_is_worked_out(name: str, path: str, confidence: str) -> None:
    """But a symbolic link before ``..`` can lead anywhere."""
    assert names(told(birth(), opened(name)))[0][1:] == (path, confidence)


def test_names_in_proc_are_of_the_process() -> None:
    """``self`` is whoever looks; a descriptor's name leads to what it is open on."""
    rows = told(
        birth(),
        opened("/proc/self/status", 3),
        opened("data", 4),
        opened("/proc/self/fd/4", 5),
        opened("/dev/stdin", 6),
    )

    assert names(rows)[0] == ("OPEN", "/proc/10/status", "exact")
    assert names(rows)[2:] == [("OPEN", "/work/data", "probable"), ("OPEN", None, "unknown")]


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_name_there_is_no_name(name: str | None) -> None:
    """The program gave none, or one that was not recorded."""
    (row,) = told(birth(), call("openat", AT_FDCWD, 0, 0, exit=3, paths=(item(name),)))

    assert (row.kind, row.path) == ("OPEN", None)


def test_a_file_that_is_opened_by_its_handle_has_the_name_by_which_it_was_opened_before() -> None:
    """The record has no name, but the inode."""
    handle = call("open_by_handle_at", 3, 0, 0, exit=5, paths=(item("", 7),))

    assert names(told(birth(), opened("data", 4), handle))[-1] == ("OPEN", "/work/data", "probable")


def test_a_torn_event_has_no_name() -> None:
    """Its PATH record may be another's; the descriptor is known all the same."""
    rows = told(birth(), opened("data", torn=True), call("read", 3, 0, 9, exit=9))

    assert names(rows) == [("OPEN", None, "unknown"), ("READ", None, "unknown")]
    assert places(rows)[1] == ("READ", 0, "exact")


def test_a_file_without_a_name_is_called_by_its_inode() -> None:
    """O_TMPFILE: the record has the name of the folder, and the file's inode; linkat may name it later."""
    link = call(
        "linkat", AT_FDCWD, 0, AT_FDCWD, paths=(item("/proc/self/fd/3", 9), item("kept", 9, "CREATE"))
    )
    write = call("write", 3, 0, 5, exit=5)

    rows = told(birth(), opened("/tmp", 3, flags=0o20200002, inode=9), write, link, write)  # noqa: S108  # nothing is there

    assert names(rows) == [
        ("OPEN", "/tmp/#9", "probable"),  # noqa: S108
        ("WRITE", "/tmp/#9", "probable"),  # noqa: S108
        ("WRITE", "/work/kept", "probable"),
    ]
    assert [row.flags for row in rows] == [("tmpfile",), ("tmpfile",), ()]


def test_a_folder_is_one_by_its_mode_or_as_it_was_asked_for() -> None:
    """O_DIRECTORY leads to nothing else."""
    rows = told(birth(), opened("d", 3, mode=FOLDER), opened("e", 4, flags=0o200000, paths=()))

    assert [row.kind for row in rows] == ["OPEN DIR", "OPEN DIR"]


def test_openat2_has_its_flags_in_a_record_of_its_own() -> None:
    """And the way in which it looks the name up: all names may begin at the folder."""
    more = {"oflag": 0o2002000, "resolve": 0x10}
    inside = call("openat2", 3, exit=4, told=more, paths=(item("/etc/passwd", 9),))

    rows = told(birth(), opened("d", 3, mode=FOLDER), inside, call("write", 4, 0, 5, exit=5))

    assert names(rows)[1] == ("OPEN", "/work/d/etc/passwd", "exact")
    assert "append" in rows[2].flags


@pytest.mark.parametrize(
    "made",
    [
        call("creat", 0, 0, exit=3, paths=(item("data", nametype="CREATE"),)),
        call("open", 0, 0o1101, exit=3, paths=(item("data"),)),
    ],
)
def test_a_file_that_was_made_or_emptied_has_no_bytes(made: Call) -> None:
    """So that the end of it is known to whoever appends."""
    rows = told(
        birth(),
        made,
        opened("data", 4, flags=0o2001),
        call("write", 4, 0, 5, exit=5),
        call("write", 4, 0, 5, exit=5),
    )

    assert places(rows)[2:] == [("WRITE", 0, "probable"), ("WRITE", 5, "probable")]


def test_memory_has_positions_and_no_name() -> None:
    """Its name is in the program's memory."""
    rows = told(
        birth(), call("memfd_create", 0, 1, exit=3), call("write", 3, 0, 5, exit=5), call("read", 3, 0, 5)
    )

    assert names(rows)[0] == ("OPEN", None, "unknown")
    assert places(rows)[1:] == [("WRITE", 0, "exact"), ("READ", 5, "exact")]
