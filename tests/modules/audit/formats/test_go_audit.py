"""go-audit's events, field by field."""

from __future__ import annotations

import json

from audit_events import BUSY_HOST_EVENTS, ORIGIN, busy_host, decode, path, syscall
from compiled import compiled
from peer_shapes import GO_AUDIT

from mig_audit.modules.audit.formats.go_audit import GoAuditFormat

FORMAT = GoAuditFormat(ORIGIN)


def test_an_event_is_what_go_audit_prints() -> None:
    """Whole, in its order of keys; nothing is decoded, and the end of the event is no message."""
    event = decode(
        syscall(257),
        'type=CWD cwd="/etc"',
        path(),
        "type=PROCTITLE proctitle=636174",
        "type=EOE ",
    )
    document = json.loads(FORMAT.encode(event))

    assert list(document) == ["sequence", "timestamp", "messages", "uid_map"]
    assert (document["sequence"], document["timestamp"]) == (380661, "1795246023.203")
    assert [message["type"] for message in document["messages"]] == [1300, 1307, 1302, 1327]
    assert document["messages"][0]["data"].startswith("arch=c000003e syscall=257 success=yes")
    assert document["messages"][1]["data"] == 'cwd="/etc"'
    assert document["messages"][3]["data"] == "proctitle=636174"
    assert document["uid_map"] == {"0": "root", "1000": "kang"}


def test_users_without_a_name_are_unknown() -> None:
    """In go-audit's word; also at the end of a record and before a quote, where go-audit does not look."""
    event = decode("type=USER_END pid=1 uid=77 auid=4294967295 msg='op=x uid=78' ouid=99999")

    assert json.loads(FORMAT.encode(event))["uid_map"] == dict.fromkeys(
        ["4294967295", "77", "78", "99999"], "UNKNOWN_USER"
    )


def test_arguments_name_no_users() -> None:
    """Anyone can write uid=0 there."""
    event = decode(syscall(59), 'type=EXECVE argc=1 a0="uid=31337"', "type=PROCTITLE proctitle=uid=31337")

    assert "31337" not in json.loads(FORMAT.encode(event))["uid_map"]


def test_the_logs_own_names_go_first() -> None:
    """The host that wrote them knew its users."""
    event = decode('type=USER_END pid=1 uid=0 auid=1000 ses=1 msg=\'op=x\'\x1dUID="toor" AUID="k"')

    assert json.loads(FORMAT.encode(event))["uid_map"] == {"0": "root", "1000": "kang"}


def test_bytes_that_are_no_text_stay_readable() -> None:
    """Go would put the same question mark for each of them."""
    event = decode("type=USER pid=1 uid=0 msg='\xff\x1b\xe2\x80\xae'")
    data = FORMAT.encode(event)

    assert data.isascii()
    assert json.loads(data)["messages"] == [{"type": 1005, "data": "pid=1 uid=0 msg='\\xff\x1b\u202e'"}]


def test_every_event_of_a_busy_host_has_go_audits_shape() -> None:
    """All 20,719, and every record of theirs but the ends."""
    fits = compiled(GO_AUDIT)
    count = 0
    for event in busy_host():
        document = json.loads(FORMAT.encode(event))
        count += fits(document)
        assert len(document["messages"]) == sum(kind != "EOE" for kind in event.types)

    assert count == BUSY_HOST_EVENTS
