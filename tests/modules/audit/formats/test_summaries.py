"""One line says what an event was."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.events import Decoder, TableNames, make_group
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.records import parse_line

EXE = 'comm="x" exe="/bin/x" key="k"'
PARENT = 'type=PATH item=0 name="/d/" inode=1 dev=fe:00 mode=040755 ouid=0 ogid=0 rdev=00:00 nametype=PARENT'
NEW = 'type=PATH item=1 name="/d/f" inode=2 dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=CREATE'


def _call(number: int, *, success: str = "yes", a0: str = "3", arch: str = "c000003e") -> str:
    return f"type=SYSCALL arch={arch} syscall={number} success={success} exit=0 a0={a0} a1=0 a2=241 a3=0 items=0 pid=1 {EXE}"


def _summary(*lines: str) -> str:
    records = []
    for line in lines:
        kind, _, body = line.partition(" ")
        records.append(parse_line(f"{kind} msg=audit(1.000:1): {body}".encode()))
    return summarise(Decoder(TableNames({}, {})).decode(make_group(records, "eoe")))


@pytest.mark.parametrize(
    ("lines", "summary"),
    [
        ([_call(59), 'type=EXECVE argc=2 a0="cat" a1="/etc/passwd"'], "Execve: cat /etc/passwd"),
        ([_call(59), 'type=EXECVE argc=3 a0="cat"'], "Execve: cat (missing)"),
        ([_call(59, success="no"), 'type=PATH item=0 name="/no" nametype=UNKNOWN'], "Execve: /no"),
        ([_call(59, success="no")], "Execve: /bin/x"),
        ([_call(87), PARENT, NEW], "Write: /d/f"),
        ([_call(1)], "Write: fd 3"),
        ([_call(0)], "Read: fd 3"),
        ([_call(87)], "Write: unlink"),
        ([_call(90), NEW], "Chmod: /d/f"),
        ([_call(92), NEW], "Chown: /d/f"),
        ([_call(188), NEW], "Attribute: /d/f"),
        ([_call(101)], "Ptrace"),
        ([_call(41)], "Socket"),
        ([_call(50)], "Listen"),
        ([_call(159)], "time has been modified"),
        ([_call(159, success="no")], "Time change failed"),
        ([_call(42), "type=SOCKADDR saddr=020001BB010203040000000000000000"], "Connect: 1.2.3.4:443"),
        ([_call(42), "type=SOCKADDR saddr=01002F72756E2F7800"], "Connect: /run/x"),
        ([_call(42), "type=SOCKADDR saddr="], "Connect: (null)"),
        ([_call(62), 'type=OBJ_PID opid=9 oauid=0 ouid=0 oses=1 ocomm="sh"'], "Signal: kill to sh (9)"),
        ([_call(62)], "Signal: kill"),
        ([_call(9999)], "Syscall: x86_64 system call 9999"),
        ([_call(1, arch="dead")], "Syscall: dead system call 1"),
        ([_call(1, arch="no")], "Syscall: system call 1"),
        (["type=SYSCALL arch=c000003e a0=1 a1=2 pid=1"], "Syscall: x86_64 system call"),
        (
            ["type=ANOM_PROMISCUOUS dev=eth0 prom=256 old_prom=0"],
            "Promisc: Interface eth0 set promiscuous on",
        ),
        (
            ["type=ANOM_PROMISCUOUS dev=eth0 prom=0 old_prom=256"],
            "Promisc: Interface eth0 set promiscuous off",
        ),
        (
            ['type=AVC apparmor="DENIED" operation="open" profile="p" name="/etc/shadow" pid=1 info="x"'],
            "Apparmor: DENIED open /etc/shadow x",
        ),
        (
            ['type=AVC avc:  denied  { read } for  pid=1 comm="x" path="/f" tclass=file permissive=0'],
            "Avc: denied read file /f",
        ),
        (
            ['type=USER_AUTH pid=1 uid=0 msg=\'op=PAM:authentication acct="root" exe="/x" res=failed\''],
            "Authentication: USER_AUTH PAM:authentication root failed",
        ),
        (["type=USER_CMD pid=1 uid=0 msg='cwd=\"/\" cmd=6C73202D6C res=success'"], "Command: ls -l"),
        (["type=SERVICE_START pid=1 msg='unit=ssh res=success'"], "Service: SERVICE_START ssh success"),
        (["type=USER pid=1 msg='hello'"], "User: USER hello"),
        (['type=ANOM_ABEND pid=1 comm="x" exe="/bin/x" sig=11 res=1'], "Anomaly: ANOM_ABEND /bin/x success"),
        (
            ['type=CONFIG_CHANGE op=add_rule key="k" res=1', _call(44)],
            "Config: CONFIG_CHANGE add_rule success",
        ),
        (["type=EOE "], "Eoe: EOE"),
    ],
)
def test_an_event_has_a_line(lines: list[str], summary: str) -> None:
    """In audisp-json's words where it had some, so that alerts which search for them find them."""
    assert _summary(*lines) == summary
