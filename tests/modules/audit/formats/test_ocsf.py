"""OCSF events: against JSON Schemas of their classes, made from the published schema, and in its words."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable

import jsonschema
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
from compiled import compiled
from hypothesis import given
from standards import standard

import mig_audit
from mig_audit.modules.audit.events.category import TYPES
from mig_audit.modules.audit.formats.ocsf import VERSION, OcsfFormat

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

FORMAT = OcsfFormat(ORIGIN)
PUBLISHED = standard(f"ocsf-{VERSION}")


@lru_cache(maxsize=32)
def _schema(class_uid: int) -> dict[str, Any]:
    return {**PUBLISHED["classes"][str(class_uid)], "$defs": PUBLISHED["$defs"]}


@lru_cache(maxsize=32)
def _fits(class_uid: int) -> Callable[[object], bool]:
    return compiled(_without_mail(_schema(class_uid)))


def _without_mail(node: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Return a schema without the pattern of mail addresses, which this compiler cannot read and we do not emit."""
    if isinstance(node, list):
        return [_without_mail(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_mail(value)
        for key, value in node.items()
        if key != "pattern" or not isinstance(value, str) or "@" not in value
    }


def _check(event: Event) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FORMAT.encode(event))
    class_uid, activity_id = document["class_uid"], document["activity_id"]
    assert _fits(class_uid)(document)
    names = PUBLISHED["names"][str(class_uid)]
    assert document["class_name"] == names["class"]
    assert document["category_name"] == names["category"]
    assert document["type_uid"] == class_uid * 100 + activity_id
    if activity_id != 99:
        assert document["activity_name"] == names["activities"][str(activity_id)]
    assert document["metadata"]["profiles"] == PUBLISHED["profiles"]
    return document


def test_the_schemas_are_schemas_and_refuse_what_is_none_of_theirs() -> None:
    """A check that accepts everything would be none."""
    document = _check(decode(syscall(59), path()))
    for class_uid in PUBLISHED["classes"]:
        jsonschema.Draft202012Validator.check_schema(_schema(int(class_uid)))
    broken: list[dict[str, Any]] = [
        {**document, "surplus": 1},
        {**document, "activity_id": 77},
        {key: value for key, value in document.items() if key != "process"},
        {**document, "process": {"name": "x"}},
    ]
    for each in broken:
        assert not jsonschema.Draft202012Validator(_schema(1007)).is_valid(each)
        assert not _fits(1007)(each)


def test_a_program_start_is_a_process_launch() -> None:
    """Whole: the program's process, the one that started it, the user who logged in, the technique of the key."""
    event = decode(
        syscall(59, key='"T1059.004_sh"', success="no", exit="-13"),
        'type=EXECVE argc=2 a0="cat" a1="a b"',
        'type=CWD cwd="/root"',
        "type=EOE ",
    )
    root = {"name": "root", "uid": "0"}

    assert _check(event) == {
        "activity_id": 1,
        "activity_name": "Launch",
        "category_uid": 1,
        "category_name": "System Activity",
        "class_uid": 1007,
        "class_name": "Process Activity",
        "type_uid": 100701,
        "type_name": "Process Activity: Launch",
        "time": 1795246023203,
        "severity_id": 1,
        "severity": "Informational",
        "status_id": 2,
        "status": "Failure",
        "status_code": "EACCES",
        "message": "Execve: cat 'a b'",
        "metadata": {
            "version": "1.5.0",
            "product": {"name": "mig-audit", "vendor_name": "mig-audit", "version": mig_audit.__version__},
            "profiles": ["host", "linux/linux_users", "security_control"],
            "uid": f"{HOST}/1795246023.203:380661",
            "sequence": 380661,
            "log_name": "audit",
            "event_code": "SYSCALL",
            "original_time": "1795246023.203",
            "labels": ["T1059.004_sh"],
        },
        "device": {"hostname": HOST, "type_id": 0},
        "actor": {
            "process": {"pid": 41},
            "user": {"name": "kang", "uid": "1000", "groups": [root]},
            "session": {"uid": "7", "terminal": "pts0"},
        },
        "attacks": [{"technique": {"uid": "T1059"}, "sub_technique": {"uid": "T1059.004"}}],
        "process": {
            "pid": 42,
            "name": "cat",
            "file": {
                "name": "cat",
                "path": "/usr/bin/cat",
                "type_id": 1,
                "type": "Regular File",
                "parent_folder": "/usr/bin",
            },
            "cmd_line": "cat 'a b'",
            "working_directory": "/root",
            "parent_process": {"pid": 41},
            "user": root,
            "auid": 1000,
            "euid": 0,
            "egid": 0,
            "session": {"uid": "7", "terminal": "pts0"},
        },
        "unmapped": {
            "category": "execve",
            "record_types": ["SYSCALL", "EXECVE", "CWD", "EOE"],
            "ending": "eoe",
            "incomplete": ["path"],
            "arch": "x86_64",
            "syscall": "execve",
            "exit": -13,
            "arguments": ["ffffff9c", "0", "80000", "0"],
            "terminal": "pts0",
        },
    }


@pytest.mark.parametrize(
    ("lines", "type_uid"),
    [
        ([syscall(2), path()], 100114),
        ([syscall(2, a1="241"), path(nametype="CREATE")], 100101),
        ([syscall(87), path(nametype="DELETE")], 100104),
        ([syscall(82), path('"/b"', nametype="CREATE")], 100105),
        ([syscall(90), path()], 100107),
        ([syscall(188), path()], 100106),
        ([syscall(4), path()], 100108),
        ([syscall(76), path()], 100103),
        ([syscall(165), path()], 100112),
        ([syscall(166), path()], 100113),
        ([syscall(1)], 100304),
        ([syscall(175), 'type=KERN_MODULE name="evil"'], 100201),
        ([syscall(176), 'type=KERN_MODULE name="evil"'], 100202),
        ([syscall(56, exit="77")], 100701),
        ([syscall(231)], 100702),
        ([syscall(105)], 100705),
        ([syscall(101), 'type=OBJ_PID opid=9 ocomm="sh"'], 100703),
        ([syscall(62), 'type=OBJ_PID opid=9 ocomm="sh"'], 100799),
        ([syscall(62)], 100304),
        ([syscall(62), "type=OBJ_PID opid=\xc2\xb2"], 100304),
        ([syscall(42), "type=SOCKADDR saddr=020001BB01020304"], 400101),
        ([syscall(42, success="no", exit="-115"), "type=SOCKADDR saddr=020001BB01020304"], 400101),
        ([syscall(42, success="no", exit="-111"), "type=SOCKADDR saddr=020001BB01020304"], 400105),
        ([syscall(42, success="no", exit="-110"), "type=SOCKADDR saddr=020001BB01020304"], 400104),
        ([syscall(44), "type=SOCKADDR saddr=020001BB01020304"], 400106),
        ([syscall(43), "type=SOCKADDR saddr=020001BB01020304"], 400101),
        ([syscall(49), "type=SOCKADDR saddr=020001BB01020304"], 400199),
        ([syscall(42), "type=SOCKADDR saddr=01002F72756E2F7800"], 100304),
        (['type=USER_LOGIN pid=1 msg=\'op=login acct="eve" exe="/usr/sbin/sshd" res=success\''], 300201),
        (['type=USER_END pid=1 msg=\'op=x acct="eve" exe="/usr/sbin/sshd" res=success\''], 300202),
        (['type=USER_AUTH pid=1 msg=\'op=x acct="eve" exe="/usr/sbin/sshd" res=success\''], 300299),
        (["type=USER_AUTH pid=1 msg='op=x res=success'"], 99),
        (["type=ADD_USER pid=1 msg='op=adding-user acct=\"eve\" res=success'"], 300101),
        (["type=USER_CHAUTHTOK pid=1 msg='op=x acct=\"eve\" res=success'"], 300103),
        (["type=ADD_GROUP pid=1 msg='op=adding-group grp=\"wheel\" res=success'"], 300606),
        (["type=ADD_GROUP pid=1 msg='op=adding-group res=success'"], 99),
        (["type=SERVICE_START pid=1 msg='unit=ssh res=success'"], 600203),
        (["type=SOFTWARE_UPDATE pid=1 msg='op=install sw=\"vim\" res=success'"], 600201),
        (["type=CONFIG_CHANGE op=set audit_enabled=0 old=1 res=1"], 100810),
        (['type=CONFIG_CHANGE op=add_rule key="x" res=1'], 100899),
        (["type=DAEMON_END op=terminate pid=1 res=success"], 100807),
        (["type=UNKNOWN[1999] x=y"], 99),
    ],
)
def test_an_event_has_the_class_and_activity_that_it_is(lines: list[str], type_uid: int) -> None:
    """What lacks something that a class requires is Kernel Activity, or the Base Event."""
    assert _check(decode(*lines))["type_uid"] == type_uid


def test_a_rename_has_both_names() -> None:
    """What it was, and what it became."""
    event = decode(
        syscall(82),
        path('"/d"', nametype="PARENT", item=0),
        path('"/d"', nametype="PARENT", item=1),
        path('"/d/old"', nametype="DELETE", item=2),
        path('"/d/new"', nametype="CREATE", item=3),
    )
    document = _check(event)

    assert (document["file"]["path"], document["file_result"]["path"]) == ("/d/old", "/d/new")


def test_a_fork_is_the_launch_of_a_child() -> None:
    """By the process that called."""
    document = _check(decode(syscall(56, exit="77")))

    assert (document["process"], document["actor"]["process"]["pid"]) == ({"pid": 77}, 42)


def test_what_enrichment_adds_has_attributes_where_there_are_some() -> None:
    """Parent, ancestry, hash, variables; the rest is unmapped."""
    document = _check(enriched(decode(syscall(59))))
    launched, unmapped = document["process"], document["unmapped"]
    program = {"name": "x", "path": "x", "type_id": 1, "type": "Regular File"}

    assert launched["parent_process"] == {"pid": 41, "name": "x", "file": program, "cmd_line": "x"}
    assert document["actor"]["process"] == launched["parent_process"]
    assert launched["ancestry"][1] == {"pid": 1, "name": "init"}
    assert launched["file"]["hashes"] == [{"algorithm_id": 3, "algorithm": "SHA-256", "value": "ab" * 32}]
    assert launched["environment_variables"] == [{"name": "LD_PRELOAD", "value": "x"}]
    assert (unmapped["container"], unmapped["unit"], unmapped["labels"]) == ("c" * 64, "x", ["x"])


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_record_type_is_valid(kind: str) -> None:
    """Whatever it says, and if it says nothing."""
    _check(
        decode(
            f'type={kind} pid=1 uid=0 msg=\'op=x acct="a" exe="/bin/x" unit=u sw="s" addr=1.2.3.4 res=success\''
        )
    )
    _check(decode(f"type={kind} "))


def test_every_system_call_is_valid() -> None:
    """With a path or without."""
    for number in range(470):
        for more in ([], [path()], [path(nametype="DELETE"), 'type=KERN_MODULE name=""']):
            _check(decode(syscall(number), *more))


@given(hostile_text())
def test_no_text_leaves_its_attribute(text: bytes) -> None:
    """Each event is of the class that it is."""
    started, login = hostile_exec(text), hostile_login(text)

    assert _check(started)["class_uid"] == 1007
    assert _check(login)["class_uid"] in {0, 3002}
    assert _check(started)["process"].get("name") == started.process.comm
    assert _check(enriched(started, text))["class_uid"] == 1007


@pytest.mark.parametrize("log", every_log())
def test_every_event_of_other_logs_is_valid(log: str) -> None:
    """Of each class."""
    for event in log_events(log):
        _check(event)


@pytest.mark.corpus
def test_every_event_of_a_busy_host_is_valid() -> None:
    """All 20,719."""
    assert sum(bool(_check(event)) for event in busy_host()) == BUSY_HOST_EVENTS
