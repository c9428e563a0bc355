"""Formats of rows that other packages have."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = """
class Kinds:
    name = "acme.kinds"
    header = b"# kinds"

    def __init__(self, hostname):
        self._hostname = hostname

    def encode(self, row):
        return f"{self._hostname} {row.kind} {row.fd}".encode() if row.kind != "OPEN" else None
"""
_CALL = (
    "type=SYSCALL msg=audit(1.000:%d): arch=c000003e syscall=3 success=yes exit=0 a0=%d a1=0 a2=0 a3=0 items=0 ppid=1"
    ' pid=9 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 comm="p" exe="/p" key=(null)\n'
    "type=EOE msg=audit(1.000:%d): \n"
)


def test_an_installed_package_offers_its_format_of_rows(tmp_path: Path) -> None:
    """As docs/formats.md says."""
    folder = tmp_path / "acme-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[mig_audit.row_formats]\nacme.kinds = acme_kinds:Kinds\n")
    (tmp_path / "acme_kinds.py").write_text(_PACKAGE)
    (tmp_path / "raw.log").write_text("".join(_CALL % (serial, serial, serial) for serial in (7, 8)))
    command = [sys.executable, "-m", "mig_audit", "files", "--format", "acme.kinds", "--hostname", "h"]
    result = subprocess.run(
        [*command, str(tmp_path / "raw.log")],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert result.stdout == b"# kinds\nh CLOSE 7\nh CLOSE 8\n"
