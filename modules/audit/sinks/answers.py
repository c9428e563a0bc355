"""What an HTTP endpoint's reply means for the batch that was posted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Optional
from urllib.parse import urlsplit

from mig_audit.modules.audit.sinks.interface import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXCERPT = 200  # characters
_TOO_LARGE = 413
# 408 Request Timeout, 425 Too Early, 429 Too Many Requests; of the server errors, 501 Not Implemented and 505 HTTP
# Version Not Supported would be the same the next time.
_BUSY = frozenset({408, 425, 429, *range(500, 600)} - {501, 505})
_REMEDIES = {
    Verdict.BUSY: "see why the endpoint is overloaded or failing",
    Verdict.TOO_LARGE: "raise the endpoint's limit for the size of a request",
    Verdict.REFUSED: "see in its answer what the endpoint objects to",
}
_AUTHORIZATION = {401, 403, 407}


@dataclass(frozen=True)
class Reply:
    """The reply to one POST; ``headers`` finds names in any case, ``body`` may have been cut short."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def read_reply(target: str, reply: Reply, secrets: Mapping[str, str], now: float) -> Answer:
    """Return what a reply means.

    ``secrets`` are kept out of it, each with the word that stands for it; ``now`` is the wall clock in seconds.
    """
    verdict = _verdict(reply.status)
    if verdict is Verdict.ACCEPTED:
        return Answer(verdict)
    excerpt = _printable(reply.body, secrets)
    what = f"POST {target} answered {reply.status} {_phrase(reply.status)}".rstrip()
    return Answer(
        verdict,
        cause=f"status {reply.status}",
        what=f"{what}: {excerpt}" if excerpt else what,
        remedy=_remedy(reply, verdict),
        retry_after=_retry_after(reply.headers, now) if verdict is Verdict.BUSY else None,
        uncertain=verdict is Verdict.BUSY
        and (reply.status == HTTPStatus.REQUEST_TIMEOUT or _failed(reply.status)),
    )


def _verdict(status: int) -> Verdict:
    if 200 <= status < 300:  # noqa: PLR2004  # the class "successful" of RFC 9110, 15.3
        return Verdict.ACCEPTED
    if status in _BUSY:
        return Verdict.BUSY
    return Verdict.TOO_LARGE if status == _TOO_LARGE else Verdict.REFUSED


def _failed(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _phrase(status: int) -> str:
    """Return the registered phrase: the one in the reply is the endpoint's own choice of bytes."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _remedy(reply: Reply, verdict: Verdict) -> str:
    if 300 <= reply.status < 400:  # noqa: PLR2004  # the class "redirection" of RFC 9110, 15.4
        return f"redirects are not followed: name the final URL, at {_location(reply.headers)}"
    if reply.status in _AUTHORIZATION:
        return "check the token, the client's certificate, and what they allow"
    return _REMEDIES[verdict]


def _location(headers: Mapping[str, str]) -> str:
    """Return the host of a redirect."""
    try:
        host = urlsplit(headers.get("Location", "")).hostname
    except ValueError:
        host = None
    return (_printable(host.encode(), {}) if host else "") or "the same host"


def _printable(body: bytes, secrets: Mapping[str, str]) -> str:
    """Return the start of a body as one line that is safe to show; it may be hostile, and may echo the request."""
    text = body.decode("utf-8", "replace")
    for secret in sorted(secrets, key=len, reverse=True):  # one may be part of another
        text = text.replace(secret, secrets[secret])
    text = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(text.split())[:_EXCERPT]


def _retry_after(headers: Mapping[str, str], now: float) -> Optional[float]:
    """Return the seconds of Retry-After (RFC 9110, 10.2.3), None if there is none that can be understood.

    A date is compared to the endpoint's own Date if there is one, for this host's clock may be wrong.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    until = _date(value)
    if until is None:
        return None
    start = _date(headers.get("Date", ""))
    return max(0.0, until - (now if start is None else start))


def _date(text: str) -> Optional[float]:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (
        TypeError,
        ValueError,
        IndexError,
        OverflowError,
    ):  # which of them depends on the version of Python
        return None
