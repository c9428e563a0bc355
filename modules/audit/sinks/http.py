"""Batches by HTTP POST, on requests. Importing this module imports requests, so the room does it only to open a sink."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Callable
from urllib.parse import urlsplit

import requests
import urllib3

import mig_audit
from mig_audit.errors import InternalError, UsageError
from mig_audit.modules.audit.sinks.answers import Reply, read_reply
from mig_audit.modules.audit.sinks.connection import Adapter, Line
from mig_audit.modules.audit.sinks.credentials import check_tls, read_token
from mig_audit.modules.audit.sinks.failures import Failure, explain
from mig_audit.modules.audit.sinks.interface import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.sinks.batch import Batch
    from mig_audit.modules.audit.sinks.settings import HttpSettings

_MOST_OF_A_REPLY = 1 << 16
_MEDIA_TYPES = {"array": "application/json", "ndjson": "application/x-ndjson"}


class HttpTransport:
    """One session with one endpoint: no redirects, no proxy and no credentials from the environment."""

    kind = "http"

    def __init__(
        self,
        settings: HttpSettings,
        run_id: str,
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Read and check the files that the settings name; nothing is sent yet.

        ``run_id`` makes the Idempotency-Key unique among all runs; ``now`` is the wall clock in seconds.

        Raises:
            UsageError: a file or variable is missing or not usable.
        """
        if not run_id.isascii() or not run_id.isprintable():
            raise InternalError(f"the run id {run_id!r} cannot be part of a header")
        _check_urls(settings)
        check_tls(settings)
        self._settings = settings
        self._token = read_token(settings, environment)
        self._secrets = {**settings.private, **({self._token: "[token]"} if self._token else {})}
        # Several sinks may share a run, and even an endpoint.
        self._key = f"{run_id}-{sha256(f'{settings.url} {settings.body}'.encode()).hexdigest()[:8]}"
        self._now = now
        self._line = Line()
        self._session = self._open()

    @property
    def target(self) -> str:
        """The URL, without anything secret."""
        return self._settings.target

    def deliver(self, batch: Batch, patience: float) -> Answer:
        """POST a batch once. The Idempotency-Key is the same each time, so that an endpoint can tell a repetition."""
        settings = self._settings
        connect, wait = min(settings.connect_timeout, patience), min(settings.read_timeout, patience)
        try:
            with (
                self._line.exchange(wait),
                self._session.post(
                    settings.url,
                    data=body_of(settings.body, batch.events),
                    headers={"Idempotency-Key": f"{self._key}-{batch.name}"},
                    timeout=(connect, wait),
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                reply = Reply(response.status_code, response.headers, _read(response))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return self._no_answer(error, connect, wait)
        return read_reply(self.target, reply, self._secrets, self._now())

    def cut(self) -> None:
        """End an attempt that is under way."""
        self._line.cut()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _open(self) -> requests.Session:
        settings = self._settings
        session = _Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        for scheme in ("http://", "https://"):
            session.mount(scheme, Adapter(self._line))
        if settings.proxy is not None:
            session.proxies = {"http": settings.proxy, "https": settings.proxy}
        session.verify = str(settings.ca_file) if settings.ca_file is not None else settings.verify
        if settings.certificate is not None:
            certificate = str(settings.certificate)
            session.cert = (certificate, str(settings.key)) if settings.key is not None else certificate
        session.headers.update(
            {
                "Accept": "*/*",
                "Accept-Encoding": "identity",  # nothing to unpack, and no bomb
                "Content-Type": _MEDIA_TYPES.get(settings.body, settings.media_type),
                "User-Agent": f"mig-audit/{mig_audit.__version__}",
                **dict(settings.headers),
            }
        )
        if self._token:
            session.headers["Authorization"] = f"Bearer {self._token}"
        if not settings.verify:
            # The caller was told by the name of the setting; the process should not be told with every batch.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return session

    def _no_answer(self, error: Exception, connect: float, wait: float) -> Answer:
        if self._line.stopped:
            failure = Failure(
                "no answer before the time to deliver was over", "allow more time to drain", uncertain=True
            )
        else:
            failure = explain(requests.ReadTimeout() if self._line.overdue else error, connect, wait)
        return Answer(
            Verdict.UNREACHABLE,
            cause=failure.cause,
            what=f"POST {self.target} failed: {failure.cause}",
            remedy=failure.remedy,
            uncertain=failure.uncertain,
        )


class _Session(requests.Session):
    """A session that sees no redirects: even where it is not to follow one, requests reads all of its body."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None."""


def _check_urls(settings: HttpSettings) -> None:
    """Refuse now what requests, or the resolver, would refuse with every batch."""
    try:
        for url in filter(None, (settings.url, settings.proxy)):
            prepared = requests.Request("POST", url).prepare()
            (urlsplit(prepared.url or "").hostname or "").encode("idna")
    except (requests.RequestException, UnicodeError):  # not passed on: their words repeat the URL
        raise UsageError(
            "the URL of the sink or of its proxy names no possible host", "write it as http://HOST:PORT/PATH"
        ) from None


def body_of(kind: str, events: tuple[bytes, ...]) -> bytes:
    """Return the body of a request; an array is one even for a single event, or some endpoints would misread it."""
    if kind == "array":
        return b"[" + b",".join(events) + b"]"
    if kind == "ndjson":
        return b"\n".join((*events, b""))
    (event,) = events
    return event


def _read(response: requests.Response) -> bytes:
    """Return the start of a reply's body; the status stands even if the rest does not come."""
    try:
        body: bytes = response.raw.read(_MOST_OF_A_REPLY, decode_content=False)
    except (urllib3.exceptions.HTTPError, OSError):
        return b""
    return body
