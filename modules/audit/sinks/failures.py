"""Why a POST got no answer, in words of our own: those of the libraries repeat the whole URL."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional, TypeVar

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterator

_Error = TypeVar("_Error", bound=BaseException)
_REACH = "see whether the endpoint is up and can be reached from this host"
_CLOSES = "see why the endpoint closes the connection"
_REMEDIES = {
    errno.ECONNREFUSED: "start the endpoint",
    errno.ECONNRESET: _CLOSES,
    errno.EPIPE: _CLOSES,
}


@dataclass(frozen=True)
class Failure:
    """Why there was no answer, what to do, and whether anything of the request can have arrived."""

    cause: str
    remedy: str
    uncertain: bool


def explain(error: BaseException, connect: float, wait: float) -> Failure:
    """Return why a POST failed that had ``connect`` seconds to connect and ``wait`` seconds for the rest."""
    chain = tuple(_chain(error))
    uncertain = not any(_before_sending(link) for link in chain)
    cause, remedy = _words(chain, connect, wait)
    return Failure(cause, remedy, uncertain)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those it came from; urllib3 passes them on in three different ways."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        link = waiting.pop(0)
        if link in seen:
            continue
        seen.append(link)
        yield link
        sources = (*link.args, getattr(link, "reason", None), link.__cause__, link.__context__)
        waiting += [source for source in sources if isinstance(source, BaseException)]


def _before_sending(link: BaseException) -> bool:
    # NewConnectionError was a ConnectTimeoutError before urllib3 2.0.
    return isinstance(link, (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError))


def _words(chain: tuple[BaseException, ...], connect: float, wait: float) -> tuple[str, str]:
    """Return cause and remedy; the more telling exceptions come first."""
    words = _tls(chain) or _system(chain) or _time(chain, connect, wait)
    if words is not None:
        return words
    if _find(chain, http.client.RemoteDisconnected) is not None:
        return "connection closed without an answer", _CLOSES
    if _find(chain, requests.exceptions.ProxyError) is not None:
        return "the proxy did not let it through", "see what the proxy allows"
    return (
        f"the answer was not HTTP ({type(chain[-1]).__name__})",
        "see whether the URL's port is the right one",
    )


def _tls(chain: tuple[BaseException, ...]) -> Optional[tuple[str, str]]:
    distrust = _find(chain, ssl.SSLCertVerificationError)
    if distrust is not None:
        message = distrust.verify_message.rstrip(".")
        return f"its certificate is not trusted: {message}", "name the authority that signed it in ca_file"
    error = _find(chain, ssl.SSLError)
    if error is None:
        return None
    reason = (error.reason or type(error).__name__).replace("_", " ").lower()
    return f"TLS failed: {reason}", "compare the TLS settings of both sides"


def _system(chain: tuple[BaseException, ...]) -> Optional[tuple[str, str]]:
    unknown = _find(chain, socket.gaierror)
    if unknown is not None:
        return (
            f"host name not resolved: {(unknown.strerror or '').lower()}",
            "correct the host's name, or its DNS",
        )
    number = next((link.errno for link in chain if isinstance(link, OSError) and link.errno), None)
    return None if number is None else (os.strerror(number).lower(), _REMEDIES.get(number, _REACH))


def _time(chain: tuple[BaseException, ...], connect: float, wait: float) -> Optional[tuple[str, str]]:
    if _find(chain, NewConnectionError) is None and _find(chain, ConnectTimeoutError) is not None:
        return f"no connection within {connect:g} s", _REACH
    if _find(chain, socket.timeout) is not None or _find(chain, requests.ReadTimeout) is not None:
        return f"no complete answer within {wait:g} s", "see why the endpoint is slow, or raise read_timeout"
    return None


def _find(chain: tuple[BaseException, ...], kind: type[_Error]) -> Optional[_Error]:
    return next((link for link in chain if isinstance(link, kind)), None)
