"""Replies of an endpoint: what they mean for a batch, and what of them may be repeated."""

from __future__ import annotations

from email.utils import formatdate
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.sinks.answers import Reply, read_reply
from mig_audit.modules.audit.sinks.interface import Answer, Verdict

_NOW = 1_700_000_000.0


def _read(status: int, body: bytes = b"", secret: str = "", **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_reply("http://x/", Reply(status, names, body), {secret: "[token]"} if secret else {}, _NOW)


_VERDICTS = {
    **dict.fromkeys(range(100, 1000), Verdict.REFUSED),
    **dict.fromkeys(range(200, 300), Verdict.ACCEPTED),
    **dict.fromkeys(range(500, 600), Verdict.BUSY),
    **dict.fromkeys((408, 425, 429), Verdict.BUSY),
    **dict.fromkeys((501, 505), Verdict.REFUSED),
    413: Verdict.TOO_LARGE,
}


def test_every_status_has_its_verdict() -> None:
    """Success, come again, too large, or never."""
    assert {status: _read(status).verdict for status in range(100, 1000)} == _VERDICTS


def test_every_failure_says_what_to_do() -> None:
    """Where the request went, what came back, and a remedy."""
    for status in _VERDICTS.keys() - set(range(200, 300)):
        answer = _read(status)
        assert answer.what.startswith(f"POST http://x/ answered {status}")
        assert answer.cause == f"status {status}"
        assert answer.remedy


def test_a_server_that_failed_may_have_taken_the_batch() -> None:
    """5xx and 408 leave doubt; being asked to come later or being refused does not."""
    assert all(_read(status).uncertain for status in (408, 500, 502, 503, 504))
    assert not any(_read(status).uncertain for status in (400, 401, 413, 425, 429, 501, 505))


def test_the_words_are_the_registered_ones() -> None:
    """The phrase is not the endpoint's; its body is quoted."""
    assert _read(404, b"no such\n index").what == "POST http://x/ answered 404 Not Found: no such index"
    assert _read(799).what == "POST http://x/ answered 799"


@given(st.binary(max_size=600))
def test_an_excerpt_is_short_and_printable(body: bytes) -> None:
    """Whatever the bytes are: one line, at most 200 characters, nothing that a terminal would act on."""
    what = _read(400, body).what
    assert what.isprintable()
    assert len(what) <= len("POST http://x/ answered 400 Bad Request: ") + 200


def test_an_excerpt_keeps_escapes_and_direction_marks_out() -> None:
    """What could rewrite a terminal, or the order of a line, becomes a blank."""
    body = "\x1b[2J\x07bad\u202egnp.exe\x00".encode()
    assert _read(400, body).what == "POST http://x/ answered 400 Bad Request: [2J bad gnp.exe"


def test_an_endpoint_that_echoes_the_token_does_not_put_it_into_the_report() -> None:
    """Not even where the excerpt would end within it."""
    body = b"x" * 190 + b" hunter2hunter2hunter2"
    what = _read(401, body, secret="hunter2hunter2hunter2").what  # noqa: S106  # made up
    assert "hunter" not in what
    assert "[token" in what


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tuesday, 14-Nov-23 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 400, None),
        ("Tue, 99 Nov 2023 99:99:99 GMT", None),
        ("Fri, 31 Dec 999999 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: Optional[float]) -> None:
    """A date in the past is now, and what is neither is ignored."""
    assert _read(429, Retry_After=value).retry_after == seconds


def test_retry_after_is_seen_by_the_endpoints_own_clock() -> None:
    """A wrong clock on this host changes nothing if the endpoint says what time it is."""
    later = _NOW + 86_400
    dates = formatdate(later, usegmt=True), formatdate(later + 5, usegmt=True)
    assert _read(503, Date=dates[0], Retry_After=dates[1]).retry_after == 5.0


@given(st.text(max_size=60))
def test_no_retry_after_is_an_exception(value: str) -> None:
    """Whatever it says, it is a pause of at least 0 s, or none."""
    seconds = _read(503, Retry_After=value, Date=value).retry_after
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://new.example:8443/x?token=hunter2", "new.example"),
        ("https://alice:hunter2@new.example/", "new.example"),
        ("/login", "the same host"),
        ("http://[", "the same host"),
        ("", "the same host"),
        ("http://\x07\x1bnew.example/", "new.example"),
    ],
)
def test_a_redirect_is_refused_and_its_host_named(location: str, host: str) -> None:
    """So that the URL can be corrected; nothing else of the location is repeated."""
    answer = _read(307, Location=location)
    assert answer.verdict is Verdict.REFUSED
    assert answer.remedy == f"redirects are not followed: name the final URL, at {host}"
