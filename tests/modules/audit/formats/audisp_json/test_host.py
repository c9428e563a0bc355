"""What the host says of users and processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.formats.audisp_json.host import Host
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from pathlib import Path


def _host(proc: Path | None = None) -> Host:
    return Host(Origin("h", TableNames({0: "root", 5: printable(b"caf\xe9 \\x41")}, {}), proc))


def test_names_have_their_bytes() -> None:
    """Whatever they are."""
    host = _host()

    assert (host.user(0), host.user(5), host.user(6), host.user(-1)) == (
        b"root",
        b"caf\xe9 \\x41",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (b"Name:\tcron\nState: S\n", b"cron"),
        (b"Name: \n\t  two words\n", b"two"),
        (b"Name:" + b"x" * 100, b"x" * 63),
        (b"", b"earlier"),
        (b"Nam", b"earlier"),
        (b"Name:", b"earlier"),
        (b"Name: \n", b"earlier"),
        (b"State: S\n", None),
        (b"Names\n", None),
    ],
)
def test_a_process_has_the_first_word_of_its_name(status: bytes, name: bytes | None, tmp_path: Path) -> None:
    """Where the file ends before it, the name that was read before."""
    for pid, content in (("1", b"Name: earlier\n"), ("2", status)):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "status").write_bytes(content)
    host = _host(tmp_path)

    assert host.process(1) == b"earlier"
    assert host.process(2) == name
    assert host.process(3) is None


def test_a_process_that_ends_while_it_is_read_has_the_name_that_was_read_before(tmp_path: Path) -> None:
    """Reading fails then, as it does of address 0; what cannot be opened has none."""
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "status").write_bytes(b"Name: earlier\n")
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "status").symlink_to("/proc/self/mem")
    (tmp_path / "3" / "status").mkdir(parents=True)
    host = _host(tmp_path)

    assert [host.process(pid) for pid in (1, 2, 3)] == [b"earlier", b"earlier", None]


def test_without_a_proc_no_process_has_a_name() -> None:
    """Nothing is looked up on this host for the log of another."""
    host = _host()

    assert (host.has_processes, host.process(1)) == (False, None)
