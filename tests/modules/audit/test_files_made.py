"""The list of the files that a run made."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from mig_audit.modules.audit.files_made import JOURNAL, LOCK, LOG, SOCKET, FilesMade, Place, places
from mig_audit.modules.audit.sinks import HttpSettings, UnixSettings

if TYPE_CHECKING:
    from pathlib import Path


def _what(files: FilesMade, *, configured: bool = True) -> dict[object, object]:
    return {each["what"]: each["left"] for each in files.to_json(configured=configured)}


def test_what_was_there_before_was_not_made(tmp_path: Path) -> None:
    """Nor was what is not there afterwards; the others are told with mode and size."""
    there, made = tmp_path / "there", tmp_path / "made"
    there.touch()
    files = FilesMade([Place(str(there), LOCK), Place(str(made), LOG), Place(str(tmp_path / "x"), LOCK)])
    made.write_bytes(b"12345")
    made.chmod(0o600)

    assert files.to_json(configured=True) == [
        {"path": str(made), "what": "raw log", "mode": "0600", "size": 5, "left": True}
    ]


def test_what_is_gone_at_the_end_is_told_too(tmp_path: Path) -> None:
    """A socket, and the journal of a run that had changed something."""
    files = FilesMade([Place(str(tmp_path / "s"), SOCKET), Place(str(tmp_path / "j"), JOURNAL)])

    assert _what(files) == {"socket": False, "journal": False}
    assert _what(files, configured=False) == {"socket": False}


def test_a_result_is_a_new_file_also_in_an_old_ones_place(tmp_path: Path) -> None:
    """Its size is not known yet, as it holds this list."""
    (tmp_path / "result.json").touch()
    found = places(tmp_path / "raw.log", "0123456789abcdef", str(tmp_path / "result.json"), ())
    (told,) = [each for each in FilesMade(found).to_json(configured=False) if each["what"] == "result"]

    assert (told["mode"], told["size"], told["left"]) == ("0600", None, True)


def test_every_place_is_looked_at(tmp_path: Path) -> None:
    """Each folder on the way to the raw log, the sockets that are ours, and what is in /run/mig-audit."""
    log = tmp_path / "to" / "be" / "made.log"
    sinks: list[Any] = [
        UnixSettings(tmp_path / "ours", mode="listen"),
        UnixSettings(tmp_path / "theirs"),
        HttpSettings("http://host/"),
    ]
    found = list(places(log, "0123456789abcdef", os.path.relpath(tmp_path / "result.json"), sinks))

    assert found[-9:-3] == [
        (str(log), "raw log"),
        (str(tmp_path / "result.json"), "result"),
        (f"{log}.1.spool", "spool"),
        (str(tmp_path / "ours"), "socket"),
        (f"{log}.2.spool", "spool"),
        (f"{log}.3.spool", "spool"),
    ]
    assert found[-3:] == [
        ("/run/mig-audit", "folder"),
        ("/run/mig-audit/lock", "lock"),
        ("/run/mig-audit/0123456789abcdef.journal", "journal"),
    ]
    assert [place.path for place in found[:-9]][-2:] == [str(tmp_path / "to"), str(tmp_path / "to" / "be")]


def test_a_socket_and_a_folder_have_no_size(tmp_path: Path) -> None:
    """None that means anything."""
    files = FilesMade([Place(str(tmp_path / "s"), SOCKET), Place(str(tmp_path / "f"), "folder")])
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
    (tmp_path / "f").mkdir(mode=0o700)

    assert [(each["size"], each["left"]) for each in files.to_json(configured=False)] == [
        (None, True),
        (None, True),
    ]
