"""ECS documents: every name and type against the published field lists, every word against the allowed ones."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from audit_events import (
    BUSY_HOST_EVENTS,
    HOST,
    ORIGIN,
    busy_host,
    decode,
    enriched,
    every_log,
    hostile_exec,
    hostile_login,
    hostile_text,
    log_events,
    path,
    syscall,
)
from hypothesis import given
from standards import standard

import mig_audit
from mig_audit.modules.audit.events.category import SYSCALLS, TYPES
from mig_audit.modules.audit.formats.ecs import VERSION, EcsFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events import Event

FORMAT = EcsFormat(ORIGIN)
FIELDS = standard(f"ecs-{VERSION}")
LATEST = standard("ecs-9.4.0")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")
# What is below auditd is documented in docs/formats.md.
_OURS = {
    "message_type",
    "session",
    "login_id",
    "subject",
    "ending",
    "incomplete",
    "interpreted",
    "address",
    "paths",
    "data",
    "unit",
    "cgroup",
    "script",
    "labels",
    "ancestors",
    "unknown",
}


def _leaves(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _is(kind: str, value: object) -> bool:
    if kind == "ip":
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    if kind == "date":
        return isinstance(value, str) and bool(_DATE.fullmatch(value))
    return isinstance(value, int if kind == "long" else str) and not isinstance(value, bool)


def _problem(name: str, value: object) -> str:
    """Return what is wrong with a field, empty if nothing is."""
    field = FIELDS.get(name)
    if field is None or name not in LATEST:
        return f"{name} is no field of ECS"
    if isinstance(value, list) is not field.get("array", False):
        return f"{name} is a list, or should be one"
    values = value if isinstance(value, list) else [value]
    empty = "" in values and name != "process.args"  # an argument may be empty, nothing else
    if not values or empty or not all(_is(field["type"], each) for each in values):
        return f"{name} is {value!r} and no {field['type']}"
    if "allowed" in field and not set(values) <= set(field["allowed"]):
        return f"{name} must not be {value!r}"
    return ""


def _check(event: Event) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FORMAT.encode(event))
    assert set(document["auditd"]) <= _OURS
    leaves = [(name, value) for name, value in _leaves(document) if not name.startswith("auditd.")]
    assert [problem for problem in (_problem(*leaf) for leaf in leaves) if problem] == []
    kinds = FIELDS["event.category"]["allowed"]
    for category in document["event"]["category"]:
        assert set(document["event"]["type"]) <= set(kinds[category])
    assert {"@timestamp", "ecs", "event"} <= set(document)
    return document


def test_a_program_start_is_a_process_event() -> None:
    """Whole."""
    event = decode(
        syscall(59, key='"T1059.004_sh"', success="no", exit="-13"),
        'type=EXECVE argc=2 a0="cat" a1="a b"',
        'type=CWD cwd="/root"',
        path('"/usr/bin/cat"', mode="0100755"),
        "type=EOE ",
    )

    assert _check(event) == {
        "@timestamp": "2026-11-21T07:27:03.203+00:00",
        "message": "Execve: cat 'a b'",
        "tags": ["T1059.004_sh"],
        "ecs": {"version": "8.11.0"},
        "event": {
            "kind": "event",
            "module": "audit",
            "dataset": "audit.event",
            "provider": "mig-audit",
            "category": ["process"],
            "type": ["start"],
            "action": "execve",
            "outcome": "failure",
            "code": "SYSCALL",
            "id": f"{HOST}/1795246023.203:380661",
            "sequence": 380661,
        },
        "host": {"hostname": HOST, "name": HOST},
        "agent": {"type": "mig-audit", "version": mig_audit.__version__},
        "process": {
            "pid": 42,
            "parent": {"pid": 41},
            "name": "cat",
            "executable": "/usr/bin/cat",
            "command_line": "cat 'a b'",
            "args": ["cat", "a b"],
            "args_count": 2,
            "working_directory": "/root",
            **{key: {"id": "0", "name": "root"} for key in ["user", "real_user", "saved_user"]},
            **{key: {"id": "0", "name": "root"} for key in ["real_group", "saved_group"]},
        },
        "user": {
            "id": "1000",
            "name": "kang",
            "group": {"id": "0", "name": "root"},
            "effective": {"id": "0", "name": "root", "group": {"id": "0", "name": "root"}},
        },
        "file": {
            "path": "/usr/bin/cat",
            "name": "cat",
            "directory": "/usr/bin",
            "inode": "9",
            "device": "fe:00",
            "mode": "0755",
            "type": "file",
            "uid": "0",
            "gid": "0",
        },
        "error": {"code": "EACCES"},
        "threat": {
            "framework": "MITRE ATT&CK",
            "technique": {"id": ["T1059"], "subtechnique": {"id": ["T1059.004"]}},
        },
        "related": {"user": ["kang", "root"], "hosts": [HOST]},
        "auditd": {
            "message_type": ["syscall", "execve", "cwd", "path"],
            "session": "7",
            "login_id": "1000",
            "ending": "eoe",
            "paths": [
                {
                    "item": "0",
                    "name": "/usr/bin/cat",
                    "path": "/usr/bin/cat",
                    "nametype": "NORMAL",
                    "inode": "9",
                    "device": "fe:00",
                    "mode": "0100755",
                    "ouid": "0",
                    "ogid": "0",
                    "rdev": "00:00",
                }
            ],
            "data": {
                "arch": "x86_64",
                "syscall": "execve",
                "exit": "-13",
                "a0": "ffffff9c",
                "a1": "0",
                "a2": "80000",
                "a3": "0",
                "terminal": "pts0",
            },
        },
    }


@pytest.mark.parametrize(
    ("lines", "category", "types"),
    [
        ([syscall(2), path()], "file", ["access"]),
        ([syscall(2, a1="241"), path()], "file", ["change"]),
        ([syscall(2, a1="241"), path(nametype="CREATE")], "file", ["creation"]),
        ([syscall(87), path(nametype="DELETE")], "file", ["deletion"]),
        ([syscall(82), path()], "file", ["change"]),
        ([syscall(90), path()], "file", ["change"]),
        ([syscall(4), path()], "file", ["access"]),
        ([syscall(42), "type=SOCKADDR saddr=020001BB01020304"], "network", ["connection", "start"]),
        ([syscall(56)], "process", ["start"]),
        ([syscall(231)], "process", ["end"]),
        ([syscall(176)], "driver", ["end"]),
        (["type=USER_LOGIN pid=1 msg='op=login res=success'"], "authentication", ["start"]),
        (["type=ADD_USER pid=1 msg='op=adding-user acct=\"x\" res=success'"], "iam", ["user", "creation"]),
        (["type=SERVICE_STOP pid=1 msg='unit=ssh res=success'"], "process", ["end"]),
        (['type=AVC apparmor="DENIED" operation="open" pid=1 comm="x"'], "intrusion_detection", ["denied"]),
        (["type=AVC avc:  granted  { load } for  pid=1"], "intrusion_detection", ["allowed"]),
        (["type=CONFIG_CHANGE op=set res=1"], "configuration", ["change"]),
        (["type=UNKNOWN[1999] x=y"], "host", ["info"]),
    ],
)
def test_an_event_has_ecs_words_for_what_it_is(lines: list[str], category: str, types: list[str]) -> None:
    """Those that ECS allows together."""
    event = _check(decode(*lines))["event"]

    assert (event["category"][0], event["type"]) == (category, types)


def test_the_action_is_what_a_record_calls_it() -> None:
    """Before the system call by which it was done."""
    change = decode('type=CONFIG_CHANGE op=add_rule key="x" res=1', syscall(44))

    assert _check(change)["event"]["action"] == "add_rule"
    assert _check(decode(syscall(44)))["event"]["action"] == "sendto"
    assert _check(decode("type=SECCOMP sig=0"))["event"]["action"] == "seccomp"


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_record_type_has_allowed_words(kind: str) -> None:
    """Whatever it says."""
    _check(decode(f"type={kind} pid=1 uid=0 msg='op=x res=success'"))


def test_every_system_call_has_allowed_words() -> None:
    """With a path or without."""
    for number in range(470):
        for more in ([], [path()]):
            _check(decode(syscall(number), *more))
    assert len(SYSCALLS) > 200


def test_both_ends_of_connections_and_logins() -> None:
    """Addresses are addresses, names are domains."""
    out = _check(decode(syscall(42), "type=SOCKADDR saddr=020001BB01020304"))
    into = _check(decode(syscall(43), "type=SOCKADDR saddr=0A0001BB00000000" + "0" * 30 + "0100000000"))
    login = _check(
        decode("type=USER_LOGIN pid=7 uid=0 msg='op=login acct=\"eve\" addr=h.example res=failed'")
    )

    assert out["destination"] == {"address": "1.2.3.4", "ip": "1.2.3.4", "port": 443}
    assert out["network"] == {"direction": "egress", "type": "ipv4"}
    assert (into["source"]["ip"], into["network"]["type"]) == ("::1", "ipv6")
    assert login["source"] == {"address": "h.example", "domain": "h.example"}
    assert login["user"]["target"] == {"name": "eve"}
    assert login["related"] == {"user": ["root", "eve"], "hosts": [HOST, "h.example"]}


def test_what_enrichment_adds_has_ecs_names_where_there_are_some() -> None:
    """Parent, hash, variables, container; the rest is below auditd."""
    document = _check(enriched(decode(syscall(59))))

    assert document["process"]["parent"] == {"pid": 41, "name": "x", "executable": "x", "command_line": "x"}
    assert document["process"]["hash"] == {"sha256": "ab" * 32}
    assert document["process"]["env_vars"] == ["LD_PRELOAD=x"]
    assert document["container"] == {"id": "c" * 64, "runtime": "docker"}
    assert document["auditd"]["ancestors"][1] == {"pid": "1", "name": "init", "source": "proc"}
    assert [document["auditd"][name] for name in ("unit", "script", "labels", "unknown")] == [
        "x",
        "x",
        ["x"],
        ["sha256: large"],
    ]


@given(hostile_text())
def test_no_text_leaves_its_field(text: bytes) -> None:
    """Each event has fields of ECS alone."""
    for event in (hostile_exec(text), hostile_login(text), enriched(hostile_exec(text), text)):
        document = _check(event)
        assert document["process"].get("name") == (event.process.comm or None)


@pytest.mark.parametrize("log", every_log())
def test_every_event_of_other_logs_is_ecs(log: str) -> None:
    """Every name, every type, every word."""
    for event in log_events(log):
        _check(event)


@pytest.mark.corpus
def test_every_event_of_a_busy_host_is_ecs() -> None:
    """All 20,719."""
    assert sum(bool(_check(event)) for event in busy_host()) == BUSY_HOST_EVENTS
