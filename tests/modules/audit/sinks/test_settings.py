"""The settings of an HTTP sink: what is refused before anything is opened, and what never shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from mig_audit.errors import InputError
from mig_audit.modules.audit.sinks.batch import Limits
from mig_audit.modules.audit.sinks.settings import HttpSettings

_URL = "http://127.0.0.1:8080/events"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://collector.example:8443/_bulk?pipeline=x",
        "http://[::1]:8080",
        "http://collector.example/a@b",
        "http://bücher.example/",
    ],
)
def test_ordinary_urls_are_taken(url: str) -> None:
    """Any http or https URL of a host, also by number."""
    assert HttpSettings(url).url == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://host/", "scheme 'ftp'"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("//host/", "scheme ''"),
        ("http://", "host"),
        ("http:///path", "host"),
        ("http://:80/", "host"),
        ("http://host:0/", "port"),
        ("http://host:99999/", "malformed"),
        ("http://host:port/", "malformed"),
        ("http://[::1/", "malformed"),
        ("http://alice:hunter2@host/", "password"),
        ("http://hunter2@host/", "password"),
        ("http://@host/", "password"),
        ("http://host/\r\nX-Evil: hunter2", "characters"),
        ("http://host/a b", "characters"),
        ("http://host\\@evil/", "characters"),
        ("http://host/\x7f", "characters"),
        ("", "scheme"),
    ],
)
def test_other_urls_are_refused(url: str, reason: str) -> None:
    """With a reason and a remedy, and without repeating what may be a secret; also for the proxy."""
    for name, endpoint, proxy in (("sink", url, None), ("proxy", _URL, url)):
        with pytest.raises(InputError, match=reason) as caught:
            HttpSettings(endpoint, proxy=proxy)
        assert f"the URL of the {name}" in caught.value.what
        assert caught.value.remedy
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Key", "a\r\nX-Evil: b"),
        ("X-Key", "a\nb"),
        ("X-Key", "a\0b"),
        ("X-Key", " a"),
        ("X-Key", "\N{SNOWMAN}"),
        ("X Key", "a"),
        ("X-Key:", "a"),
        ("X-Key\n", "a"),
        ("", "a"),
        ("Authorization", "Bearer hunter2"),
        ("authorization", "Bearer hunter2"),
        ("Proxy-Authorization", "Basic hunter2"),
        ("Content-Length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Idempotency-Key", "1"),
    ],
)
def test_headers_that_inject_or_interfere_are_refused(name: str, value: str) -> None:
    """One line of Latin-1 each, and none of those that the sink itself sets."""
    with pytest.raises(InputError, match="header") as caught:
        HttpSettings(_URL, headers=((name, value),))
    assert "hunter2" not in str(caught.value)


def test_ordinary_headers_are_taken() -> None:
    """Also an empty value, blanks within it, and another content type."""
    headers = (("X-Source", "host one\tä"), ("X-Empty", ""), ("Content-Type", "application/vnd.x+json"))
    assert HttpSettings(_URL, headers=headers).headers == headers


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"body": "xml"}, "'xml' is unknown"),
        ({"batch_events": 0}, "batch_events is 0"),
        ({"batch_bytes": 0}, "batch_bytes is 0"),
        ({"batch_age": -1.0}, "batch_age is -1.0"),
        ({"connect_timeout": 0.0}, "connect_timeout is 0.0"),
        ({"read_timeout": float("nan")}, "read_timeout is nan"),
        ({"max_attempts": 0}, "max_attempts is 0"),
        ({"key": Path("/k")}, "without a certificate"),
        ({"token_file": Path("/t"), "token_env": "T"}, "two sources"),
        ({"ca_file": Path("/ca"), "verify": False}, "verify is off"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], reason: str) -> None:
    """Each with its reason and a remedy."""
    with pytest.raises(InputError, match=reason) as caught:
        HttpSettings(_URL, **settings)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.remedy


def test_reports_name_the_url_without_its_query() -> None:
    """A query may hold a key; it shows neither in the target nor in the repr, nor do headers."""
    settings = HttpSettings("https://h:1/p?key=hunter2", headers=(("X-Api-Key", "hunter2"),))
    assert settings.target == "https://h:1/p?..."
    assert "hunter2" not in repr(settings)
    assert HttpSettings(_URL).target == _URL


def test_one_event_a_request_is_a_limit_of_one() -> None:
    """The body `single` leaves no choice; the others take the limits as given."""
    assert HttpSettings(_URL, body="single").limits == Limits(1, 1 << 20, 1.0)
    assert HttpSettings(_URL, batch_events=7, batch_bytes=8, batch_age=9.0).limits == Limits(7, 8, 9.0)
