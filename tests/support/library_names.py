#!/usr/bin/env python3
"""Names as the C library tells them and as we do, of account files that are put in the place of the host's.

As root, in a mount namespace of its own: ``unshare --mount tests/support/library_names.py FOLDER``, where the folder
holds ``passwd``, ``group`` and ``nsswitch.conf``, and maybe ``run``, which all take the place of the host's. Each line
on stdin is JSON: the accounts to write, and ids; on stdout the answers of both, and how often we asked the library.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Optional

from mig_audit.modules.audit.events import HostNames
from mig_audit.modules.audit.events.names import LibraryNames


class CountingLibrary(LibraryNames):
    """The library, and how often it was asked."""

    asked = 0

    def user(self, uid: int) -> Optional[str]:
        """Ask for a user."""
        self.asked += 1
        return super().user(uid)

    def group(self, gid: int) -> Optional[str]:
        """Ask for a group."""
        self.asked += 1
        return super().group(gid)


def main() -> None:
    """Answer until stdin ends."""
    folder = Path(sys.argv[1])
    for name in ("passwd", "group", "nsswitch.conf"):
        subprocess.run(["mount", "--bind", folder / name, f"/etc/{name}"], check=True)
    subprocess.run(["mount", "--bind", folder / "run", "/run"], check=True)
    for line in sys.stdin:
        question = json.loads(line)
        for name in ("passwd", "group"):
            Path("/etc", name).write_bytes(base64.b64decode(question[name]))
        library, counting = LibraryNames(), CountingLibrary()
        host = HostNames(library=counting)
        ids = question["ids"]
        answers = {
            "library": [[library.user(i) for i in ids], [library.group(i) for i in ids]],
            "host": [[host.user(i) for i in ids], [host.group(i) for i in ids]],
            "asked": counting.asked,
        }
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
