"""Names that change while files are open, and the directories from which names are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from file_calls import AT_FDCWD, FOLDER, birth, call, item, names, opened, told

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call

_READ = call("read", 3, exit=1)


def _rename(old: str, new: str, inode: int = 7, mode: str = FOLDER, name: str = "rename") -> Call:
    paths = (
        item("/work", 5, "PARENT", FOLDER),
        item("/work", 5, "PARENT", FOLDER),
        item(old, inode, "DELETE", mode),
        item(new, inode, "CREATE", mode),
    )
    return call(name, *((AT_FDCWD, 0, AT_FDCWD) if name != "rename" else ()), paths=paths)


def test_an_open_file_has_its_new_name_after_a_rename() -> None:
    """The row of the rename has both."""
    rows = told(birth(), opened("old"), _rename("old", "new"), _READ)

    assert names(rows)[1:] == [("RENAME", "/work/old", "exact"), ("READ", "/work/new", "exact")]
    assert rows[1].target == "/work/new"


def test_what_is_in_a_folder_is_renamed_with_it() -> None:
    """However deep; what only begins with the same letters is not."""
    rows = told(
        birth(),
        opened("d/e/f", 3),
        opened("dd", 4, inode=8),
        _rename("d", "g", 9),
        _READ,
        call("read", 4, exit=1),
    )

    assert names(rows)[3:] == [("READ", "/work/g/e/f", "exact"), ("READ", "/work/dd", "exact")]


def test_a_file_whose_name_another_one_took_is_deleted() -> None:
    """It has that name no more."""
    rows = told(birth(), opened("data"), _rename("new", "data", 8), _READ)

    assert names(rows)[-1] == ("READ", "/work/data", "exact")
    assert rows[-1].flags == ("deleted",)


def test_what_renameat2_did_to_two_files_is_only_probable() -> None:
    """It may have exchanged them: that is in a fifth argument."""
    victim = item("new", 8, "DELETE")
    renamed = _rename("old", "new", name="renameat2")
    rows = told(
        birth(), opened("old"), renamed._replace(paths=(*renamed.paths[:3], victim, renamed.paths[3])), _READ
    )

    assert names(rows)[-1] == ("READ", "/work/new", "probable")


def test_a_file_that_is_removed_is_deleted() -> None:
    """Through a directory's descriptor, too."""
    removed = call("unlinkat", 4, 0, 0, paths=(item("/work", 5, "PARENT", FOLDER), item("data", 7, "DELETE")))
    rows = told(birth(), opened("d/data"), opened("d", 4, inode=5, mode=FOLDER), removed, _READ)

    assert names(rows)[2:] == [("UNLINK", "/work/d/data", "exact"), ("READ", "/work/d/data", "exact")]
    assert rows[-1].flags == ("deleted",)


def test_another_name_of_the_file_that_is_removed_makes_the_known_one_probable() -> None:
    """It may be the same one, by way of a symbolic link."""
    removed = call("unlink", 0, paths=(item("/work", 5, "PARENT", FOLDER), item("other", 7, "DELETE")))
    rows = told(birth(), opened("data"), removed, _READ)

    assert names(rows)[1:] == [("UNLINK", "/work/other", "exact"), ("READ", "/work/data", "probable")]


def test_a_name_is_probable_after_more_changes_than_are_kept() -> None:
    """A file that is not looked at for so long."""
    changes = [_rename(f"a{number}", f"b{number}", 100 + number) for number in range(5000)]
    rows = told(birth(), opened("data"), *changes, _READ)

    assert names(rows)[-1] == ("READ", "/work/data", "probable")


def test_names_are_below_the_root_directory() -> None:
    """chroot moves it; the working directory is told from there on, too."""
    jail = call("chroot", 0, paths=(item("jail", 6, mode=FOLDER),))
    rows = told(
        birth(),
        jail,
        opened("/etc/passwd"),
        opened("data", 4, cwd="/"),
        jail._replace(cwd="/"),
        opened("/x", 5),
    )

    assert [path for _, path, _ in names(rows)] == [
        "/work/jail/etc/passwd",
        "/work/jail/data",
        "/work/jail/jail/x",
    ]


@pytest.mark.parametrize(
    "moved",
    [
        call("chdir", 0, paths=(item("d", 5, mode=FOLDER),)),
        call("fchdir", 9),
    ],
)
def test_the_working_directory_is_followed(moved: Call) -> None:
    """For names in /proc; all others have it in their own event."""
    there = call("openat", AT_FDCWD, 0, 0, exit=4, paths=(item("/proc/self/cwd", 5),), cwd=None)
    rows = told(birth(), opened("d", 9, inode=5, mode=FOLDER), moved, there)

    assert names(rows)[-1] == ("OPEN", "/work/d", "probable")


@pytest.mark.parametrize("cwd", [None, "/work (deleted)", "somewhere"])
def test_from_no_directory_a_relative_name_leads_nowhere(cwd: str | None) -> None:
    """One that was removed, for instance."""
    assert names(told(birth(), opened("data", cwd=cwd))) == [("OPEN", None, "unknown")]


def test_a_folder_that_is_made_is_known_by_its_inode() -> None:
    """So that a name in it is known where the descriptor of it is not."""
    made = call("mkdir", 0, paths=(item("d", 5, "CREATE", FOLDER),))
    paths = (item("/work", 5, "PARENT", FOLDER), item("new", 8, "CREATE"))
    rows = told(birth(), made, opened("new", 4, directory=88, paths=paths))

    assert names(rows) == [("OPEN", "/work/d/new", "probable")]


def test_a_listing_has_the_size_of_its_entries() -> None:
    """Positions in a folder mean nothing."""
    rows = told(birth(), opened("d", 3, mode=FOLDER), call("getdents64", 3, 0, 32768, exit=480))

    assert (rows[1].kind, rows[1].path, rows[1].amount, rows[1].start_confidence) == (
        "GETDENTS",
        "/work/d",
        480,
        None,
    )
