"""CEF lines: by the dictionary, and as the parser of another project reads them."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

import pytest
from audit_events import (
    BUSY_HOST_EVENTS,
    ORIGIN,
    busy_host,
    decode,
    enriched,
    hostile_exec,
    hostile_login,
    hostile_text,
    path,
    syscall,
)
from cef_dictionary import KEYS
from hypothesis import given

import mig_audit
from mig_audit.modules.audit.formats.cef import CefFormat

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

FORMAT = CefFormat(ORIGIN)
_PART = re.compile(r"(?:[^|\\]|\\[|\\])*")
_PAIR = re.compile(r"([A-Za-z0-9]+)=((?:[^=\\]|\\[=\\])*?)(?= [A-Za-z0-9]+=|$)")


def _read(data: bytes) -> dict[str, str]:
    """Read the extension by the standard's own rules: what is not escaped ends a part."""
    line = data.decode("utf-8")
    head, extension = [], line
    for _ in range(7):
        part = _PART.match(extension)
        assert part
        head.append(part[0])
        assert extension[part.end()] == "|"
        extension = extension[part.end() + 1 :]
    assert head[:4] == ["CEF:0", "mig-audit", "mig-audit", mig_audit.__version__]
    assert head[6] == "3"
    pairs = _PAIR.findall(extension)
    assert " ".join(f"{key}={value}" for key, value in pairs) == extension
    assert len({key for key, _ in pairs}) == len(pairs)
    return {key: re.sub(r"\\(.)", r"\1", value) for key, value in pairs}


def _fits(key: str, value: str) -> bool:
    kind, longest = KEYS[key]
    if kind == "string":
        return 0 < len(value) <= (longest or 0)
    if kind in {"ipv4", "ipv6"}:
        return ipaddress.ip_address(value).version == int(kind[-1])
    number = int(value)
    limits = {
        "port": (0, 65_535),
        "integer": (0, 2**31 - 1),
        "long": (-(2**63), 2**63 - 1),
        "time": (0, 2**63 - 1),
    }
    return limits[kind][0] <= number <= limits[kind][1]


def _check(event: Event) -> dict[str, str]:
    values = _read(FORMAT.encode(event))
    assert [key for key, value in values.items() if not _fits(key, value)] == []
    assert [key for key in values if key.endswith("Label") and key[:-5] not in values] == []
    return values


def test_an_event_is_a_line_of_keys_from_the_dictionary() -> None:
    """Header, who, with what, what, and what the dictionary has no key for under labels."""
    event = decode(
        syscall(2, success="no", exit="-13", key='"T1003.008_shadow"'),
        'type=CWD cwd="/root"',
        path('"/etc/shadow"'),
        "type=PROCTITLE proctitle=6361740061",
        "type=EOE ",
    )

    assert FORMAT.encode(event).startswith(
        f"CEF:0|mig-audit|mig-audit|{mig_audit.__version__}|read|Read|3|rt=".encode()
    )
    assert _check(event) == {
        "rt": "1795246023203",
        "dvchost": "audit-host.example.com",
        "externalId": "1795246023.203:380661",
        "cat": "read",
        "act": "open",
        "outcome": "failure",
        "reason": "EACCES",
        "suid": "1000",
        "suser": "kang",
        "duid": "0",
        "duser": "root",
        "sproc": "/usr/bin/cat",
        "spid": "42",
        "filePath": "/etc/shadow",
        "fname": "shadow",
        "fileId": "9",
        "filePermission": "0100644",
        "msg": "Read: /etc/shadow",
        "cs1Label": "keys",
        "cs1": "T1003.008_shadow",
        "cs2Label": "command",
        "cs2": "cat a",
        "cs3Label": "cwd",
        "cs3": "/root",
        "cs4Label": "techniques",
        "cs4": "T1003.008",
        "cs5Label": "types",
        "cs5": "SYSCALL CWD PATH PROCTITLE EOE",
        "cn1Label": "ppid",
        "cn1": "41",
        "cn2Label": "session",
        "cn2": "7",
        "cn3Label": "exit",
        "cn3": "-13",
    }


@pytest.mark.parametrize(
    ("number", "saddr", "expected"),
    [
        (42, "020001BB01020304", {"dst": "1.2.3.4", "dpt": "443"}),
        (43, "020001BB01020304", {"src": "1.2.3.4", "spt": "443"}),
        (
            42,
            "0A0001BB00000000" + "0" * 30 + "0100000000",
            {"c6a3Label": "Destination IPv6 Address", "c6a3": "::1", "dpt": "443"},
        ),
        (49, "020001BB01020304", {}),
        (42, "01002F72756E2F7800", {}),
    ],
)
def test_the_other_end_of_a_connection(number: int, saddr: str, expected: dict[str, str]) -> None:
    """Source or destination, and IPv6 under the keys that the dictionary has for it."""
    values = _check(decode(syscall(number), f"type=SOCKADDR saddr={saddr}"))

    assert {key: values[key] for key in values if re.match("src|dst|[sd]pt|c6a", key)} == expected


def test_a_login_is_about_its_account() -> None:
    """And comes from somewhere; a name in the address's place is a host."""
    line = 'type=USER_LOGIN pid=7 uid=0 auid=4294967295 msg=\'op=login acct="eve" exe="/usr/sbin/sshd" addr={} res=failed\''
    by_address, by_name = (_check(decode(line.format(addr))) for addr in ("1.2.3.4", "h.example"))

    assert (by_address["duser"], by_address["src"], by_address["outcome"]) == ("eve", "1.2.3.4", "failure")
    assert (by_name["shost"], "src" in by_name, "duid" in by_name) == ("h.example", False, False)


def test_values_longer_than_the_dictionary_allows_are_cut() -> None:
    """Which ones is told."""
    long = "x" * 5000
    values = _check(decode(syscall(59), f'type=EXECVE argc=1 a0="{long}"', path(f'"/{long}"')))

    assert (len(values["cs2"]), len(values["filePath"]), len(values["msg"])) == (4000, 1023, 1023)
    assert (values["cs6Label"], values["cs6"]) == ("cut", "filePath fname msg cs2")


def test_what_enrichment_adds_has_the_dictionarys_keys() -> None:
    """Where it has some: the unit and the hash."""
    values = _check(enriched(decode(syscall(59))))

    assert (values["sourceServiceName"], values["fileHash"]) == ("x", "ab" * 32)


@given(hostile_text())
def test_no_text_leaves_its_value(text: bytes) -> None:
    """Equals signs, pipes and backslashes are escaped; each value can be told back."""
    for event in (hostile_exec(text), hostile_login(text), enriched(hostile_exec(text), text)):
        values = _check(event)
        assert set(values) <= set(KEYS)
        if event.process.comm is not None:
            assert values["sproc"] == (event.process.exe or event.process.comm)


@pytest.mark.corpus
def test_every_event_of_a_busy_host_fits_the_dictionary() -> None:
    """All 20,719."""
    assert sum(bool(_check(event)) for event in busy_host()) == BUSY_HOST_EVENTS


def test_pycef_reads_every_event_of_a_busy_host() -> None:
    """Another project's parser finds the same values, under the names that our labels give them."""
    pycef = pytest.importorskip("pycef")
    count = 0
    for event in busy_host():
        values = _read(FORMAT.encode(event))
        theirs = pycef.parse(FORMAT.encode(event).decode("utf-8"))
        labels = {key[:-5]: values[key] for key in values if key.endswith("Label")}
        ours = {labels.get(key, key): value for key, value in values.items() if not key.endswith("Label")}
        read = {key: re.sub(r"\\(.)", r"\1", theirs[key]) for key in ours}
        count += read == ours

    assert count == BUSY_HOST_EVENTS
