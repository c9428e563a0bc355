"""pauditd's notifications, field by field."""

from __future__ import annotations

import json
import uuid

from audit_events import BUSY_HOST_EVENTS, ORIGIN, busy_host, decode, syscall
from compiled import compiled
from peer_shapes import PAUDITD

from mig_audit.modules.audit.formats.go_audit import GoAuditFormat
from mig_audit.modules.audit.formats.pauditd_notification import PauditdNotificationFormat

FORMAT = PauditdNotificationFormat(ORIGIN)


def _notification(*lines: str) -> dict[str, object]:
    data = FORMAT.encode(decode(*lines))
    assert data is not None
    document: dict[str, object] = json.loads(data)
    return document


def test_a_notification_is_go_audits_event_in_an_envelope() -> None:
    """With the key as topic, and once more in the data; the host's name without its domain."""
    event = decode(syscall(257, key='"binding-file-ops"'), "type=EOE ")
    document = json.loads(FORMAT.encode(event) or b"")

    assert list(document) == ["topic", "attributes", "data", "version"]
    assert (document["topic"], document["version"]) == ("binding-file-ops", "1.0.0")
    assert document["attributes"]["hostname"] == "audit-host"
    assert document["data"].pop("rule_key") == "binding-file-ops"
    assert document["data"] == json.loads(GoAuditFormat(ORIGIN).encode(event))


def test_an_event_without_a_key_has_no_notification() -> None:
    """There is no topic for it; it is counted."""
    assert FORMAT.encode(decode(syscall(257, key="(null)"))) is None
    assert FORMAT.encode(decode("type=USER_LOGIN pid=1 uid=0 msg='op=login res=success'")) is None


def test_terminals_have_a_topic_of_their_own() -> None:
    """pam_tty_audit has no key."""
    assert (
        _notification('type=TTY tty pid=1 uid=0 auid=0 ses=1 major=136 minor=0 comm="sh" data=6C73')["topic"]
        == "tty"
    )


def test_of_several_keys_the_first_is_the_topic() -> None:
    """All of them are in the data."""
    document = _notification(syscall(257, key=b"one\x01two".hex().upper()))

    assert document["topic"] == "one"
    assert b"one\x01two".hex().upper() in json.dumps(document["data"])


def test_an_event_that_is_sent_again_has_the_same_trace_id() -> None:
    """Another event, or the same number on another host, has another one."""
    line = syscall(257)
    same, again, other = (
        json.loads(FORMAT.encode(event) or b"")["attributes"]["trace_id"]
        for event in (decode(line), decode(line), decode(line, node="web-1"))
    )

    assert same == again != other
    assert uuid.UUID(same).version == 5


def test_every_notification_of_a_busy_host_has_pauditds_shape() -> None:
    """The 17,322 events with a key, and none for the others."""
    fits = compiled(PAUDITD)
    with_key = without = 0
    for event in busy_host():
        data = FORMAT.encode(event)
        if data is None:
            assert not event.keys
            without += 1
        else:
            with_key += fits(json.loads(data))

    assert (with_key, with_key + without) == (17_322, BUSY_HOST_EVENTS)
