"""The files and variables that hold authorities, certificates and tokens, checked when a sink is opened."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, NoReturn

from mig_audit.errors import UsageError, describe_errno
from mig_audit.stop import interruptible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mig_audit.modules.audit.sinks.settings import HttpSettings

_LONGEST_TOKEN = 1 << 16
_TOKEN = re.compile(rb"[\x21-\x7e]+")  # wider than RFC 6750, 2.1, yet nothing that could end a header


def check_tls(settings: HttpSettings) -> None:
    """Load the TLS files once, so that a bad one is found before the run and not with the first batch.

    Raises:
        UsageError: a file is missing, not readable, not PEM, or an encrypted key.
        StoppedError: a signal came while the writer of a pipe was waited for.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.ca_file is not None:
        try:
            with interruptible("before the CA file was read"):
                context.load_verify_locations(settings.ca_file)
        except OSError as error:
            raise _unusable(f"the CA file {settings.ca_file}", error) from error
    if settings.certificate is not None:
        files = " and ".join(str(path) for path in (settings.certificate, settings.key) if path is not None)

        def refuse() -> NoReturn:  # or OpenSSL would ask on the terminal, from the middle of a run
            raise UsageError(f"the key in {files} is encrypted", "name one that is not")

        try:
            with interruptible("before the client's certificate was read"):
                context.load_cert_chain(settings.certificate, settings.key, password=refuse)
        except OSError as error:
            raise _unusable(f"the client's certificate {files}", error) from error


def read_token(settings: HttpSettings, environment: Mapping[str, str]) -> str:
    """Return the bearer token, or nothing if none is set; no error ever repeats it.

    Raises:
        UsageError: its file or variable is missing, empty, or holds something else.
        StoppedError: as above.
    """
    if settings.token_file is not None:
        source = f"the token file {settings.token_file}"
        raw = _read(settings.token_file, source)
    elif settings.token_env is not None:
        source = f"the environment variable {settings.token_env}"
        raw = environment.get(settings.token_env, "").encode("utf-8", "surrogateescape")
    else:
        return ""
    token = raw.strip()
    if not token:
        raise UsageError(f"{source} is empty", "put the bearer token into it")
    if len(token) > _LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise UsageError(
            f"{source} holds something that cannot be a bearer token", "put the token alone into it"
        )
    return token.decode("ascii")


def _read(path: Path, source: str) -> bytes:
    try:
        with interruptible(f"before {source} was read"), path.open("rb") as file:
            return file.read(_LONGEST_TOKEN + 2)
    except OSError as error:
        raise _unusable(source, error) from error


def _unusable(source: str, error: OSError) -> UsageError:
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "not PEM").replace("_", " ").lower()
        return UsageError(
            f"{source} cannot be used: {reason}", "name a file in PEM format, and the matching key"
        )
    return UsageError(
        f"{source} cannot be read: {describe_errno(error.errno or 0)}", "check its path and mode"
    )
