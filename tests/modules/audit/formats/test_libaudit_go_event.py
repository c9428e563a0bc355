"""libaudit-go's events, field by field."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from audit_events import BUSY_HOST_EVENTS, ORIGIN, busy_host, decode, path, syscall
from compiled import compiled
from peer_shapes import LIBAUDIT_GO

from mig_audit.modules.audit.formats.libaudit_go_event import LibauditGoFormat

FORMAT = LibauditGoFormat(ORIGIN)


def _encode(*lines: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FORMAT.encode(decode(*lines)))
    return document


def test_an_event_has_libaudit_gos_five_fields() -> None:
    """All of them text, ``Raw`` with every record as libaudit-go prints them."""
    document = _encode(syscall(87, success="no", exit="-2"), path(), "type=EOE ")
    first, second, third = document["Raw"].split("\n")

    assert list(document) == ["Serial", "Timestamp", "Type", "Data", "Raw"]
    assert (document["Serial"], document["Timestamp"]) == ("380661", "1795246023.203")
    assert document["Type"] == "SYSCALL"
    assert first.startswith("type=SYSCALL msg=audit(1795246023.203:380661): arch=c000003e syscall=87")
    assert second.startswith('type=PATH msg=audit(1795246023.203:380661): item=0 name="/etc/passwd"')
    assert third == "type=EOE msg=audit(1795246023.203:380661): "


def test_values_are_interpreted() -> None:
    """Calls, users, groups, addresses and encoded text have words; numbers stay numbers."""
    data = _encode(
        syscall(42, comm="6120622063", success="no", exit="-2"),
        "type=SOCKADDR saddr=020001BB01020304",
        "type=PROCTITLE proctitle=636174002D6E",
    )["Data"]

    assert (data["arch"], data["syscall"], data["exit"]) == ("x86_64", "connect", "-2")
    assert (data["auid"], data["uid"], data["gid"]) == ("kang", "root", "root")
    assert (data["comm"], data["exe"], data["key"]) == ("a b c", "/usr/bin/cat", "etc")
    assert data["saddr"] == "1.2.3.4:443"
    assert data["proctitle"] == "cat -n"


def test_the_last_record_gives_a_name_its_value_and_the_others_are_kept() -> None:
    """Arguments go before registers, as they did there; each path is whole."""
    data = _encode(
        syscall(59),
        'type=EXECVE argc=2 a0="cat" a1=2F612062',
        path('"/bin/cat"', item=0),
        path('"/lib/ld.so"', item=1),
    )["Data"]

    assert (data["a0"], data["a1"], data["a2"]) == ("cat", "/a b", "80000")
    assert (data["SYSCALL.a0"], data["SYSCALL.a1"]) == ("ffffff9c", "0")
    assert (data["name"], data["PATH[0].name"]) == ("/lib/ld.so", "/bin/cat")


@pytest.mark.parametrize(
    "event", [(syscall(59), 'type=EXECVE argc=2 a0="cat" a1=2F612062', path()), ("type=EOE ",)]
)
def test_an_event_of_many_fields_is_told_as_one_of_few(event: tuple[str, ...]) -> None:
    """It is only held in another way."""
    assert LibauditGoFormat(ORIGIN, many=0).encode(decode(*event)) == FORMAT.encode(decode(*event))


def test_a_field_twice_in_one_record_loses_nothing() -> None:
    """The last one has the name, as in a map."""
    data = _encode("type=USER pid=1 uid=0 x=1 x=2 x=3")["Data"]

    assert (data["x"], data["USER.x"]) == ("3", "1 2")


@pytest.mark.parametrize("value", ["77777", "4294967295", "99999999999", "-1", "kang"])
def test_a_user_without_a_name_stays_as_it_is(value: str) -> None:
    """The number is what is known."""
    assert _encode(f"type=USER pid=1 uid={value}")["Data"]["uid"] == value


@pytest.mark.parametrize(
    "line", ["type=USER msg='acct= exe='", "type=SYSCALL arch=c000003e syscall=9999", "type=USER "]
)
def test_what_libaudit_go_dropped_is_an_event(line: str) -> None:
    """Empty accounts, unknown calls, records without fields."""
    jsonschema.validate(_encode(line), LIBAUDIT_GO)


def test_every_event_of_a_busy_host_has_libaudit_gos_shape() -> None:
    """All 20,719, with all their records."""
    fits = compiled(LIBAUDIT_GO)
    count = 0
    for event in busy_host():
        document = json.loads(FORMAT.encode(event))
        count += fits(document)
        assert document["Raw"].count("\n") == len(event.records) - 1

    assert count == BUSY_HOST_EVENTS
