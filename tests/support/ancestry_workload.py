#!/usr/bin/env python3
"""Processes whose ancestry is known: started for the test of enrichment, as root, with the group its rules are for.

Each case ends in ``/bin/true MARK``, and says on stdout as one line of JSON what is true of that process: the programs of
its ancestors, nearest first, up to this one; and its container. Nothing but the standard library: the system's Python
runs it.
"""

from __future__ import annotations

import json
import os
import sys
import time

SELF = os.path.realpath(f"/proc/{os.getpid()}/exe")
SHELL = os.path.realpath("/bin/sh")
TRUE = "/bin/true"
CONTAINER = "c0ffee" * 10 + "c0de"
LAST_PID = "/proc/sys/kernel/ns_last_pid"


def tell(mark: str, *ancestors: str, **more: str) -> None:
    """Say the truth of one case."""
    sys.stdout.write(json.dumps({"mark": mark, "ancestors": ancestors, **more}) + "\n")
    sys.stdout.flush()


def spawn(*argv: str) -> int:
    """Start a program and return its pid once it has ended."""
    pid = os.fork()
    if pid == 0:
        os.execv(argv[0], argv)  # noqa: S606  # the point of it
    os.waitpid(pid, 0)
    return pid


def shell(command: str) -> None:
    """Run a shell command; what is last in it is `:`, so that no shell execs in place."""
    spawn("/bin/sh", "-c", f"{command}; :")


def program(pid: int) -> str:
    """Return the program of a process, nothing if that is not ours to know."""
    try:
        return os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115  # nothing more than needed is imported here
    except OSError:
        return ""


def nested() -> None:
    """Shells in shells."""
    tell("one", SHELL, SELF)
    shell(f"{TRUE} one")
    tell("three", SHELL, SHELL, SHELL, SELF)
    shell(f"""sh -c 'sh -c "{TRUE} three; :"; :'""")
    tell("inplace", SELF)
    spawn("/bin/sh", "-c", f"exec {TRUE} inplace")
    tell("subshell", SHELL, SHELL, SELF)
    shell(f"({TRUE} subshell; :)")


def forks() -> None:
    """Processes that start nothing of their own, and one that is an orphan before its program starts."""
    tell("forked", SELF, SELF, SELF)
    in_child(lambda: in_child(lambda: spawn(TRUE, "forked")))

    def orphan() -> None:
        child = os.getpid()
        if os.fork() == 0:
            while os.getppid() == child:
                time.sleep(0.001)
            tell("orphan", program(os.getppid()), creator=SELF)
            os.execv(TRUE, [TRUE, "orphan"])  # noqa: S606  # as above

    in_child(orphan)
    time.sleep(0.1)


def in_child(work: object, late: float = 0) -> int:
    """Do something in a forked process, and return its pid when it has ended, or so many seconds later."""
    pid = os.fork()
    if pid == 0:
        work()  # type: ignore[operator]  # this runs on every Python
        os._exit(0)
    time.sleep(late)
    os.waitpid(pid, 0)
    return pid


def script(folder: str) -> None:
    """An interpreter in place of a script."""
    path = f"{folder}/case.sh"
    with open(path, "w") as file:  # noqa: PTH123  # as above
        file.write(f"#!/bin/sh\n{TRUE} script\n:\n")
    os.chmod(path, 0o755)  # noqa: PTH101, S103  # as above
    tell("script", SHELL, SELF, script=path)
    spawn(path)


def namespace() -> None:
    """A shell that is the first process of a pid namespace."""
    tell("namespace", SHELL, SHELL)
    spawn("/usr/bin/unshare", "--pid", "--fork", "/bin/sh", "-c", f"sh -c '{TRUE} namespace; :'; :")


def container(group: str) -> None:
    """A shell that moves into a control group as a container runtime would make it."""
    tell("container", SHELL, SELF, container=CONTAINER)
    tell("inherited", SHELL, SHELL, SELF, container=CONTAINER)
    shell(
        f"echo $$ > {group}/docker-{CONTAINER}.scope/cgroup.procs; {TRUE} container; sh -c '{TRUE} inherited; :'; sleep 0.3"
    )


def reuse(number: int) -> None:
    """A pid that another program had a moment ago; of some processes it is left for a while what they are after their end."""
    for _ in range(50):
        pid = spawn("/bin/sh", "-c", ":")
        with open(LAST_PID, "w") as file:  # noqa: PTH123  # as above
            file.write(str(pid - 1))
        if in_child(lambda pid=pid: after_reuse(pid, number), late=0.3 * (number % 3 == 2)) == pid:
            return
    sys.exit("no pid was given twice")


def after_reuse(pid: int, number: int) -> None:
    """Start a program from a process that has that pid, and no program of its own."""
    if os.getpid() == pid:
        tell(f"reuse{number}", SELF, SELF)
        spawn(TRUE, f"reuse{number}")
        time.sleep(0.2 * (number % 2))


def main() -> None:
    """Run all cases; arguments are a folder to write to, and the control group that was made for the container."""
    folder, group = sys.argv[1:3]
    nested()
    forks()
    script(folder)
    namespace()
    if group:
        container(group)
    for number in range(6):
        reuse(number)


if __name__ == "__main__":
    main()
