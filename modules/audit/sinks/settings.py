"""The settings of an HTTP sink, checked before anything is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Optional
from urllib.parse import SplitResult, parse_qsl, urlsplit

from mig_audit.errors import UsageError
from mig_audit.modules.audit.sinks.batch import Limits
from mig_audit.modules.audit.sinks.interface import SPOOL
from mig_audit.modules.audit.sinks.retry import Retries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SHORTEST_KEY = 8  # characters; what is shorter is a word that an endpoint may have of its own
BODIES = ("array", "ndjson", "single")

_UNPRINTABLE = re.compile(r"[^\x21-\x7e\xa0-\U0010ffff]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2: token
_HEADER_VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*)?")  # 5.5: field-value
# What the transport itself says of a request, and secrets, which do not belong into parameters.
_RESERVED = re.compile(
    r"accept-encoding|(proxy-)?authorization|connection|content-length|cookie|expect|idempotency-key|transfer-encoding",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class HttpSettings:
    """Where and how to POST events; times are in seconds, sizes in bytes.

    ``body`` is ``array`` (a JSON array, even of one event), ``ndjson`` (one event a line) or ``single`` (one event a
    request, as it is, and said to be of ``media_type``). ``read_timeout`` is how long the endpoint may take to receive
    a request and to answer it. The token is read from a file or from an environment variable when the sink is opened.
    Nothing that may hold a secret is part of the repr. ``spool`` is what may be kept of what is not delivered.

    Raises:
        UsageError: a setting is not usable, or two of them contradict each other.
    """

    url: str = field(repr=False)
    body: str = "array"
    media_type: str = "application/json"
    batch_events: int = 500
    batch_bytes: int = 1 << 20
    batch_age: float = 1.0
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    max_attempts: int = 8
    ca_file: Optional[Path] = None
    certificate: Optional[Path] = None
    key: Optional[Path] = None
    token_file: Optional[Path] = None
    token_env: Optional[str] = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    proxy: Optional[str] = field(default=None, repr=False)
    verify: bool = True
    spool: int = SPOOL

    def __post_init__(self) -> None:
        """Refuse what would fail later, or do something else than it seems to say."""
        _check_url(self.url, "the URL of the sink")
        if self.proxy is not None:
            _check_url(self.proxy, "the URL of the proxy")
        for name, value in self.headers:
            _check_header(name, value)
        if self.body not in BODIES:
            raise UsageError(f"the sink's body {self.body!r} is unknown", f"choose from {', '.join(BODIES)}")
        self._check_numbers()
        self._check_pairs()

    @property
    def target(self) -> str:
        """The URL as reports name it: without its query, which may hold a key."""
        parts = urlsplit(self.url)
        return (
            SplitResult(parts.scheme, parts.netloc, parts.path, "...", "").geturl()
            if parts.query
            else self.url
        )

    @property
    def private(self) -> Mapping[str, str]:
        """What a report that quotes an endpoint must not repeat, each with a word for it: a key may be in any of it."""
        query = urlsplit(self.url).query
        values = (value for _, value in parse_qsl(query, errors="surrogateescape"))
        words = {
            **{value: "[header]" for _, value in self.headers},
            **dict.fromkeys([query, *values], "[query]"),
        }
        return {word: name for word, name in words.items() if len(word) >= _SHORTEST_KEY}

    @property
    def limits(self) -> Limits:
        """The bounds of a batch."""
        return Limits(1 if self.body == "single" else self.batch_events, self.batch_bytes, self.batch_age)

    def carrying(self, media_type: str, _header: bytes) -> HttpSettings:
        """Return the settings for events of a media type, which says what there is to say: no body has a header."""
        return replace(self, media_type=media_type)

    @property
    def retries(self) -> Retries:
        """When to try again."""
        return Retries(self.max_attempts)

    @property
    def spool_size(self) -> int:
        """The bytes of undelivered events that are kept."""
        return self.spool

    def _check_numbers(self) -> None:
        for name in ("batch_events", "batch_bytes", "connect_timeout", "read_timeout", "max_attempts"):
            if not getattr(self, name) > 0:
                raise UsageError(f"the sink's {name} is {getattr(self, name)}", "give a number above 0")
        if not self.batch_age >= 0:
            raise UsageError(f"the sink's batch_age is {self.batch_age}", "give 0 or more seconds")

    def _check_pairs(self) -> None:
        if self.key is not None and self.certificate is None:
            raise UsageError(f"the key {self.key} comes without a certificate", "name the certificate, too")
        if self.token_file is not None and self.token_env is not None:
            raise UsageError("the token has two sources", "name a file or an environment variable, not both")
        if self.ca_file is not None and not self.verify:
            raise UsageError(f"{self.ca_file} is given, but verify is off", "drop one of the two")


def _check_url(url: str, name: str) -> None:
    """Refuse a URL, without repeating more of it than its scheme: what is wrong with it may be secret."""
    if _UNPRINTABLE.search(url) or "\\" in url:
        raise UsageError(f"{name} has characters that no URL has", "percent-encode them")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{name} is malformed", "write it as http://HOST:PORT/PATH") from error
    if parts.scheme not in {"http", "https"}:
        raise UsageError(f"{name} has the scheme {parts.scheme!r}", "use http:// or https://")
    if "@" in parts.netloc:
        raise UsageError(f"{name} has a user or a password in it", "name a file with a token instead")
    if not host or port == 0:
        raise UsageError(f"{name} does not name a host and a port", "write it as http://HOST:PORT/PATH")


def _check_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a header", "use letters, digits and hyphens")
    if _RESERVED.fullmatch(name):
        raise UsageError(
            f"the header {name} cannot be set", "leave it to the sink, or name a file with a token"
        )
    if not _HEADER_VALUE.fullmatch(value):
        raise UsageError(
            f"the value of the header {name} is not one line of plain text",
            "remove line breaks, control characters, leading blanks and what is not in Latin-1",
        )
