#!/usr/bin/env python3
"""Find out which event serials the kernel gives to nobody: the table in docs/loss.md.

Between two messages of its own it does something, and counts the serials that did not arrive. Needs root and a free
audit pid; rules are restricted to one user id, and everything is put back.

    python bench/serials.py [--multicast]
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import mig_audit
from mig_audit.modules.audit.canary import MESSAGE_TYPE
from mig_audit.modules.audit.kernel import protocol, stream
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.rule_bytes import without_prepend
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.recorder.drain import Drain
from mig_audit.modules.audit.rules import parse_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

_UID = 61357
_USER = 1005
_SERIAL = re.compile(rb"msg=audit\([0-9.]+:([0-9]+)\)")
_PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
_SETTINGS = (Setting.ENABLED, Setting.RATE_LIMIT, Setting.BACKLOG_LIMIT, Setting.BACKLOG_WAIT_TIME)
_OWNER = """
import sys
sys.path.insert(0, sys.argv[1])
from mig_audit.modules.audit.kernel import stream
try:
    stream.claim(11, 1 << 20)
except Exception:
    pass
"""


class Rig:
    """One control socket, one record socket, and what to do with them."""

    def __init__(self, control: Control, drain: Drain) -> None:
        """Use an enabled kernel."""
        self._control = control
        self._drain = drain
        self._words = control.status().words

    def case(self, name: str, *actions: Callable[[], object]) -> None:
        """Do something between two messages, and print what did not arrive."""
        lost = self._control.status().lost
        self.message(MESSAGE_TYPE)
        for action in actions:
            action()
        self.message(MESSAGE_TYPE)
        time.sleep(0.3)
        seen = {int(serial) for serial in _SERIAL.findall(self._drain.block().data)}
        while not self._drain.idle:
            seen |= {int(serial) for serial in _SERIAL.findall(self._drain.block().data)}
        missing = max(seen) - min(seen) + 1 - len(seen)
        print(
            f"{name:50} serials {len(seen):5}  missing {missing:3}  lost {self._control.status().lost - lost}"
        )

    def case_with(self, rules: Sequence[str], name: str, action: Callable[[], object]) -> None:
        """Do something with more rules."""
        self.case(name, partial(self.add, *rules), action, partial(self.remove, *rules))

    def message(self, kind: int, text: bytes = b"op=bench") -> None:
        """Log a message; an error is an answer too."""
        payload = text + b"\0"
        header = protocol.HEADER.pack(protocol.HEADER.size + len(payload), kind, protocol.NLM_F_REQUEST, 1, 0)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol.NETLINK_AUDIT) as sock:
            sock.sendto(header + payload, (0, 0))

    def messages(self) -> None:
        """Log twenty messages of type AUDIT_USER."""
        for _ in range(20):
            self.message(_USER)

    def set(self, setting: Setting, value: int) -> None:
        """Set a word of the status."""
        self._control.set(setting, value, self._words)

    def add(self, *rules: str) -> None:
        """Add rules."""
        for rule in rules:
            self._control.add_rule(parse_rule(rule).rule.pack())

    def remove(self, *rules: str) -> None:
        """Remove rules."""
        for rule in rules:
            self._control.delete_rule(without_prepend(parse_rule(rule).rule.pack()))

    def calls(self, count: int = 100) -> None:
        """Have the user call getppid(2)."""
        program = f"import os\nfor _ in range({count}): os.getppid()"
        subprocess.run([_PYTHON, "-I", "-S", "-c", program], user=_UID, cwd="/", check=True)


def measure(rig: Rig, control: Control) -> None:
    """Try everything."""
    always = f"-a always,exit -F arch=b64 -S getppid -F uid={_UID} -k bench"
    never = f"-A never,exit -F arch=b64 -S getppid -F uid={_UID}"
    types = [
        f"-a always,exclude -F msgtype={name}" for name in ("SYSCALL", "PROCTITLE", "CWD", "PATH", "EOE")
    ]
    rig.case("nothing")
    rig.case("20 times the status and the rules", *[control.status, control.rules] * 20)
    auditctl = shutil.which("auditctl", path="/usr/sbin:/sbin")
    if auditctl:
        rig.case("auditctl -s", lambda: subprocess.run([auditctl, "-s"], stdout=-3, check=True))
        rig.case(
            "auditctl --reset-lost", lambda: subprocess.run([auditctl, "--reset-lost"], stdout=-3, check=True)
        )
    rig.case("a rule added", lambda: rig.add(always))
    rig.case("100 calls, always", rig.calls)
    rig.case("100 calls, never ahead of always", lambda: rig.add(never), rig.calls, lambda: rig.remove(never))
    for rules in ([types[0]], types, [f"-a always,exclude -F uid={_UID}"]):
        rig.case_with(rules, f"100 calls, excluded by {len(rules)} rules", rig.calls)
    rig.case("20 messages", rig.messages)
    for rule in ("-a always,exclude -F msgtype=USER", "-a never,user -F msgtype=USER"):
        rig.case_with([rule], f"20 messages, {rule}", rig.messages)
    rig.case("a message that is too short", lambda: rig.message(_USER, b""))
    root = str(Path(mig_audit.__file__).resolve().parent.parent)
    rig.case(
        "somebody claims the audit pid",
        lambda: subprocess.run([sys.executable, "-c", _OWNER, root], check=True),
    )
    rig.case("somebody joins the multicast group", lambda: stream.join(1 << 20).close())
    rig.case("a rule removed and added", lambda: rig.remove(always), lambda: rig.add(always))
    rig.set(Setting.RATE_LIMIT, 10)
    time.sleep(1.1)
    rig.case("100 calls, rate limit 10", rig.calls, lambda: time.sleep(1.2))
    rig.set(Setting.RATE_LIMIT, 0)
    rig.set(Setting.BACKLOG_WAIT_TIME, 0)
    rig.set(Setting.BACKLOG_LIMIT, 1)
    rig.case("5,000 calls, backlog limit 1", lambda: rig.calls(5000))
    rig.case("20 messages, backlog limit 1", rig.messages)


def main() -> None:
    """Set the kernel up, measure, and put it back."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--multicast", action="store_true", help="read in the multicast group")
    options = parser.parse_args()
    with Control.open() as control:
        before = Snapshot.take(control)
        words = before.status.words
        source = stream.join(8 << 20) if options.multicast else stream.claim(words, 8 << 20)
        try:
            control.set(Setting.BACKLOG_LIMIT, 8192, words)
            control.set(Setting.ENABLED, 1, words)
            measure(Rig(control, Drain(source)), control)
        finally:
            for setting in _SETTINGS:
                value = before.status.setting(setting)
                if value is not None:
                    control.set(setting, value, words)
            if not options.multicast:
                control.set(Setting.PID, 0, words)
            source.close()
            for rule in control.rules():
                if rule not in before.rules:
                    control.delete_rule(without_prepend(rule))


if __name__ == "__main__":
    main()
