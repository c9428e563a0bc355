"""What one process of a busy host does, until it is killed: `bench/capture.py` starts several, each with its number.

Standard library only, and no part of this project: it runs as a user of its own, on the system's Python.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
import tempfile
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORDS = [
    "access",
    "account",
    "backup",
    "cache",
    "config",
    "daemon",
    "data",
    "error",
    "export",
    "image",
    "index",
    "invoice",
    "journal",
    "kernel",
    "ledger",
    "library",
    "manual",
    "message",
    "note",
    "order",
    "package",
    "photo",
    "print",
    "query",
    "report",
    "résumé",
    "schema",
    "session",
    "spool",
    "Übersicht",
    "update",
]
_ENDINGS = (".txt", ".log", ".json", ".tmp", ".so.1", ".conf", " (copy).txt", "")
_PROGRAMS = (
    "/bin/true",
    "/bin/echo",
    "/usr/bin/id",
    "/bin/ls",
    "/usr/bin/env",
    "/bin/uname",
    "/usr/bin/expr",
)
_DAEMONS = ("sshd", "cron", "sudo", "su", "login", "systemd")


class Worker:
    """One process, and the folder that it works in."""

    def __init__(self, number: int) -> None:
        """Be as different from the other processes as they are from each other."""
        self._random = random.Random(number)  # noqa: S311 - to be repeatable, not secret
        self._folder = tempfile.mkdtemp(prefix=f"bench-{number}-")
        self._read = _readable("/usr/share") + _readable("/etc") + _readable("/usr/lib")
        self._count = 0

    def run(self) -> None:
        """Do one thing after another, the frequent ones more often."""
        things: Sequence[tuple[Callable[[], None], int]] = (
            (self._open_files, 30),
            (self._open_what_is_not_there, 5),
            (self._write_a_file, 8),
            (self._connect, 40),
            (self._start_a_program, 5),
            (self._make_a_folder, 2),
            (self._signal, 3),
            (self._change_ids, 2),
        )
        chosen = [thing for thing, _ in things]
        weights = [weight for _, weight in things]
        while True:
            for thing in self._random.choices(chosen, weights, k=1000):
                # Much of it is not allowed: that is recorded as well.
                with contextlib.suppress(OSError):
                    thing()

    def _name(self) -> str:
        self._count += 1
        words = "-".join(self._random.choices(_WORDS, k=self._random.randint(1, 4)))
        return f"{words}{self._count}{self._random.choice(_ENDINGS)}"

    def _open_files(self) -> None:
        for path in self._random.choices(self._read, k=4):
            os.close(os.open(path, os.O_RDONLY | self._random.choice((0, os.O_CLOEXEC, os.O_NONBLOCK))))

    def _open_what_is_not_there(self) -> None:
        os.open(f"/srv/{self._name()}", self._random.choice((os.O_RDONLY, os.O_RDWR | os.O_CREAT)))

    def _write_a_file(self) -> None:
        path, other = (os.path.join(self._folder, self._name()) for _ in range(2))  # noqa: PTH118 - no pathlib here
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        os.write(descriptor, b"bench")
        os.close(descriptor)
        os.chmod(path, self._random.choice((0o600, 0o644, 0o755, 0o4755)))  # noqa: PTH101 - as above
        os.chown(path, -1, os.getgid())
        os.rename(path, other)  # noqa: PTH104 - as above
        os.link(other, path)
        os.unlink(path)  # noqa: PTH108 - as above
        os.unlink(other)  # noqa: PTH108 - as above

    def _make_a_folder(self) -> None:
        path = os.path.join(self._folder, self._name())  # noqa: PTH118 - as above
        os.mkdir(path)  # noqa: PTH102 - as above
        os.chdir(path)
        os.symlink("/etc/passwd", "link")  # noqa: PTH211 - as above
        os.unlink("link")  # noqa: PTH108 - as above
        os.chdir(self._folder)
        os.rmdir(path)  # noqa: PTH106 - as above

    def _connect(self) -> None:
        kind = self._random.randrange(3)
        port = self._random.randint(1024, 65535)
        family = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)[kind]
        address = (
            (f"127.{self._random.randrange(256)}.0.{self._random.randrange(1, 255)}", port),
            (f"::ffff:127.0.0.{self._random.randrange(1, 255)}", port),
            f"/run/{self._name()}.sock",
        )[kind]
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect(address)

    def _start_a_program(self) -> None:
        program = self._random.choice(_PROGRAMS)
        count = self._random.choice((0, 1, 2, 3, 5, 20))
        arguments = [os.path.basename(program), *(self._name() for _ in range(count))]  # noqa: PTH119 - as above
        null = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (1, 2)]
        environment = {"BENCH": str(self._count)}
        os.waitpid(os.posix_spawn(program, arguments, environment, file_actions=null), 0)

    def _signal(self) -> None:
        os.kill(os.getpid(), signal.SIGWINCH)
        os.kill(self._random.randint(1, 30000), 0)

    def _change_ids(self) -> None:
        os.setuid(self._random.choice((0, os.getuid(), self._random.randint(1, 70000))))


def _readable(folder: str, most: int = 300) -> list[str]:
    paths: list[str] = []
    for path, _, names in os.walk(folder):
        paths += [os.path.join(path, name) for name in names]  # noqa: PTH118 - as above
        if len(paths) > most:
            break
    return paths


def user_messages(number: int) -> list[tuple[int, str]]:
    """Return messages such as daemons send to audit: type numbers of linux/audit.h and audit-records.h, and texts."""
    chosen = random.Random(number)  # noqa: S311 - as above
    daemon, result = chosen.choice(_DAEMONS), chosen.choice(("success", "success", "failed"))
    account = chosen.choice(("root", "alice", "bob", "www-data"))
    rest = (
        f'exe="/usr/sbin/{daemon}" hostname=10.1.2.{chosen.randrange(256)} addr=10.1.2.{chosen.randrange(256)}'
        f" terminal=ssh res={result}"
    )
    pam = [
        (kind, f'op=PAM:{what} grantors=pam_unix acct="{account}" {rest}')
        for kind, what in (
            (1100, "authentication"),
            (1101, "accounting"),
            (1103, "setcred"),
            (1105, "session_open"),
            (1106, "session_close"),
        )
    ]
    command = f'cwd="/home/{account}" cmd={chosen.choice(_WORDS).encode().hex().upper()} terminal=pts/0 res={result}'
    unit = f'unit=job-{number} comm="systemd" exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res={result}'
    return [*pam, (1123, command), (1130, unit), (1131, unit)]


if __name__ == "__main__":
    Worker(int(sys.argv[1])).run()
