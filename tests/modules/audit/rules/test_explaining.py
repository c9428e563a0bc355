"""What is said of rules: each remark where it is due, and not where it is not."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.rules import Names, parse_rule
from mig_audit.modules.audit.rules.explaining import explain_rules

_NAMES = Names(lambda _user: None, lambda _group: None, lambda _path: False, "x86_64")


def _said(*texts: str) -> str:
    """What is said of the last of some rules."""
    rules = [parse_rule(text, _NAMES).rule for text in texts]
    return "\n".join(list(explain_rules(rules, _NAMES))[-1])


@pytest.mark.parametrize(
    ("rule", "summary"),
    [
        ("-a always,exit -F arch=b64 -S execve", "records execve"),
        (
            "-a never,exit -S 0-0".replace("0-0", "0,1,2,3,4,5"),
            "keeps out of the record read, write, open, close and 2 more",
        ),
        ("-w /etc/hosts -p wa", "records every system call that writes or changes attributes at /etc/hosts"),
        ("-w /bin/su -p x", "records every system call that executes at /bin/su"),
        (
            "-w /etc/hosts",
            "records every system call that reads, writes, executes or changes attributes at /etc/hosts",
        ),
        (
            "-a always,exit -F arch=b64 -S openat -F dir=/srv -F auid>=1000 -C uid!=euid -k x",
            "records openat at /srv where auid>=1000 and uid!=euid",
        ),
        ("-a always,io_uring -S openat -k x", "records openat through io_uring"),
        ("-a always,exclude -F msgtype=CWD", "keeps out of the record every record where msgtype=CWD"),
        ("-a never,exclude -F uid=0", "keeps out of the record every record where uid=0"),
        (
            "-a always,filesystem -F fstype=tracefs",
            "changes nothing, for only never does on the filesystem list: for files where fstype=tracefs",
        ),
        (
            "-a never,filesystem -F fstype=tracefs",
            "keeps out of the record the names of files where fstype=tracefs",
        ),
        (
            "-a never,task -F uid=33",
            "keeps out of the record every process started from now on where uid=33",
        ),
        ("-a always,task", "records every system call of every process started from now on"),
        ("-a never,user -F pid=7", "keeps out of the record every program's messages where pid=7"),
        (
            "-a always,user",
            "keeps in the record, whatever rules below say, every program's messages",
        ),
    ],
)
def test_the_first_sentence_says_what_a_rule_does(rule: str, summary: str) -> None:
    """Which calls, and where."""
    assert _said(rule).splitlines()[0] == summary


_EXEC = "-a always,exit -F arch=b64 -S execve -k x"
_OPEN = "-a always,exit -F arch=b64 -S openat -k x"


@pytest.mark.parametrize(
    ("words", "due", "not_due"),
    [
        (
            "never matches",
            ["-a always,exit -S read,close -F path=/x"],
            ["-a always,exit -S read,open -F path=/x"],
        ),
        ("tried at the end of every", ["-a always,exit -F uid=0"], ["-w /x -p wa"]),
        ("without arch, perm", ["-w /x -p wa"], ["-a always,exit -F arch=b64 -F perm=wa"]),
        ("has no key", ["-a always,exit -S open"], ["-a always,exit -S open -k x"]),
        ("too late", [_EXEC, "-a never,exit -S execve"], [_EXEC, "-A never,exit -S execve"]),
        ("too late", [_EXEC, "-a never,exit -S execve"], ["-a never,exit -S execve"]),
        ("how they ended", ["-a always,exit -S open -F success=0"], [_OPEN]),
        (
            "that use socketcall",
            ["-a always,exit -F arch=i386 -S connect"],
            ["-a always,exit -F arch=i386 -S connect,socketcall"],
        ),
        ("too late", ["-a always,user", "-a never,user"], ["-a always,exclude", "-a never,exclude"]),
        ("never matches on this host", ["-a always,exit -F arch=aarch64 -S openat"], [_EXEC]),
        ("is a duplicate", [_EXEC, _EXEC], [_OPEN, _EXEC]),
        ("other width", [_EXEC], ["-a always,exit -F arch=aarch64 -S openat"]),
        ("other width", [_EXEC], [_EXEC.replace("b64", "b32"), _EXEC]),
    ],
)
def test_each_remark_is_made_where_it_is_due(words: str, due: list[str], not_due: list[str]) -> None:
    """And nowhere else."""
    assert words in _said(*due)
    assert words not in _said(*not_due)
