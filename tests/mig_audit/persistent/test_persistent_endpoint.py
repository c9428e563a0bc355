"""The socket of a persistent process."""

from __future__ import annotations

import os
import select
import shutil
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import BusyError, NotPermittedError
from mig_audit.persistent.endpoint import Endpoint, Peer

if TYPE_CHECKING:
    from pathlib import Path

_ANOTHER = 61357  # nobody's

# A process of its own: a lock of this kind is no obstacle for the process that has it.
_TRY = """
import sys
from mig_audit.errors import MigAuditError
from mig_audit.persistent.endpoint import Endpoint
try:
    Endpoint(sys.argv[1], "audit")
except MigAuditError as error:
    print(type(error).__name__, error)
"""


def _connect(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(str(path))
    return sock


def test_nobody_else_can_come_near_it(tmp_path: Path) -> None:
    """The folder is made, with mode 0700; the socket has 0600, and all but the lock is gone afterwards."""
    folder = tmp_path / "run"
    endpoint = Endpoint(str(folder), "audit")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    path = folder / "persist-audit.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert endpoint.address == f"unix:{path}"
    endpoint.close()
    endpoint.close()
    assert not endpoint.is_open
    assert [each.name for each in folder.iterdir()] == ["persist-audit.lock"]


def test_who_connects_is_known(tmp_path: Path) -> None:
    """By the kernel."""
    tmp_path.chmod(0o700)
    endpoint = Endpoint(str(tmp_path), "audit")
    with _connect(tmp_path / "persist-audit.sock"):
        sock, peer = endpoint.accept()
        sock.close()

    assert peer == Peer(os.getpid(), os.geteuid())
    assert peer.trusted
    assert not Peer(1, _ANOTHER).trusted
    with pytest.raises(BlockingIOError):
        endpoint.accept()
    endpoint.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user for a moment")
def test_another_users_process_is_hung_up_on(tmp_path: Path) -> None:
    """Even where somebody has opened the folder and the socket to it."""
    folder = tmp_path / "run"
    endpoint = Endpoint(str(folder), "audit")
    (folder / "persist-audit.sock").chmod(0o777)
    folder.chmod(0o711)
    python = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")
    if python is None:
        pytest.skip("no python3 that every user can run")
    connect = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect('persist-audit.sock'); print(s.recv(1))"
    )
    command = [python, "-I", "-S", "-c", connect]
    # The working folder is entered before the user is changed, who could not come there.
    with subprocess.Popen(command, user=_ANOTHER, stdout=subprocess.PIPE, cwd=folder) as process:
        assert select.select([endpoint.fileno()], [], [], 60)[0]
        with pytest.raises(NotPermittedError, match=f"of user {_ANOTHER} was refused"):
            endpoint.accept()
        assert process.communicate(timeout=60)[0] == b"b''\n"
    endpoint.close()


def test_what_a_dead_process_left_is_replaced(tmp_path: Path) -> None:
    """It had no time to remove it."""
    tmp_path.chmod(0o700)
    path = tmp_path / "persist-audit.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    endpoint = Endpoint(str(tmp_path), "audit")

    _connect(path).close()
    endpoint.close()


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Neither in the place of the socket nor in that of the lock or the folder."""
    tmp_path.chmod(0o700)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    (tmp_path / "persist-audit.sock").symlink_to(other / "elsewhere")
    endpoint = Endpoint(str(tmp_path), "audit")
    endpoint.close()
    assert list(other.iterdir()) == []

    (tmp_path / "folder").symlink_to(other)
    with pytest.raises(NotPermittedError, match="cannot be used"):
        Endpoint(str(tmp_path / "folder"), "audit")
    (other / "persist-audit.lock").symlink_to(tmp_path / "file")
    with pytest.raises(NotPermittedError, match="cannot be made"):
        Endpoint(str(other), "audit")


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o1777])
def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    """It is not ours to change."""
    tmp_path.chmod(mode)
    with pytest.raises(NotPermittedError, match="can be read or changed by other users"):
        Endpoint(str(tmp_path), "audit")

    assert list(tmp_path.iterdir()) == []


def test_there_is_one_process_for_each_module(tmp_path: Path) -> None:
    """The socket of a living one stays where it is."""
    tmp_path.chmod(0o700)
    endpoint = Endpoint(str(tmp_path), "audit")
    other = Endpoint(str(tmp_path), "other")

    result = subprocess.run(
        [sys.executable, "-c", _TRY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith(f"BusyError another process answers at {tmp_path}/persist-audit.sock")
    _connect(tmp_path / "persist-audit.sock").close()
    endpoint.close()
    other.close()
    assert BusyError.exit_code == 4
