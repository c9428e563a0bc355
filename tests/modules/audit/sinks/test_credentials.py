"""Tokens and TLS files: what is wrong with them is found when a sink is opened, and told without repeating them."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from mig_audit.errors import StoppedError, UsageError
from mig_audit.modules.audit.sinks.credentials import check_tls, read_token
from mig_audit.modules.audit.sinks.settings import HttpSettings

if TYPE_CHECKING:
    from pathlib import Path

_URL = "https://127.0.0.1/"


def test_a_token_comes_from_a_file_without_the_blanks_around_it(tmp_path: Path) -> None:
    """Editors and `echo` leave a newline."""
    file = tmp_path / "token"
    file.write_bytes(b" hunter2\r\n")
    assert read_token(HttpSettings(_URL, token_file=file), {}) == "hunter2"


def test_a_token_comes_from_the_environment() -> None:
    """Of the variable that the settings name, and no other."""
    settings = HttpSettings(_URL, token_env="SINK")  # noqa: S106  # a variable's name
    assert read_token(settings, {"SINK": "hunter2 ", "OTHER": "x"}) == "hunter2"
    assert read_token(HttpSettings(_URL), {"SINK": "hunter2"}) == ""


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"hunter2\nX-Evil: 1", b"hunter2 x", b"hunter2\x00", b"hunter2\xff"]
)
def test_a_token_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty one, or one that would end its header; the error names the source and not the content."""
    file = tmp_path / "token"
    file.write_bytes(content)
    environment = {"SINK": content.decode("utf-8", "surrogateescape")}
    from_file = HttpSettings(_URL, token_file=file)
    from_variable = HttpSettings(_URL, token_env="SINK")  # noqa: S106  # a variable's name
    for settings, source in ((from_file, str(file)), (from_variable, "SINK")):
        with pytest.raises(UsageError) as caught:
            read_token(settings, environment)
        assert source in caught.value.what
        assert caught.value.remedy
        assert "hunter2" not in str(caught.value)


def test_a_token_file_without_an_end_is_refused(tmp_path: Path) -> None:
    """No more than 64 KiB of it are read."""
    file = tmp_path / "token"
    with file.open("wb") as content:
        content.write(b"x" * 70_000)
    with pytest.raises(UsageError, match="cannot be a bearer token"):
        read_token(HttpSettings(_URL, token_file=file), {})


def test_missing_files_are_named(tmp_path: Path) -> None:
    """Each with the system's reason."""
    missing = tmp_path / "missing"
    with pytest.raises(UsageError, match=f"the token file {missing} cannot be read: ENOENT"):
        read_token(HttpSettings(_URL, token_file=missing), {})
    with pytest.raises(UsageError, match=f"the CA file {missing} cannot be read: ENOENT"):
        check_tls(HttpSettings(_URL, ca_file=missing))
    with pytest.raises(UsageError, match=f"certificate {missing} cannot be read: ENOENT"):
        check_tls(HttpSettings(_URL, certificate=missing))


def test_files_that_are_not_pem_are_named(tmp_path: Path) -> None:
    """Text that is no certificate, and a folder."""
    file = tmp_path / "ca.pem"
    file.write_text("hello")
    with pytest.raises(UsageError, match=f"the CA file {file} cannot be used"):
        check_tls(HttpSettings(_URL, ca_file=file))
    with pytest.raises(UsageError, match=f"certificate {file} cannot be used"):
        check_tls(HttpSettings(_URL, certificate=file))
    with pytest.raises(UsageError, match=f"the CA file {tmp_path} cannot be"):
        check_tls(HttpSettings(_URL, ca_file=tmp_path))


def _signal_once_heeded() -> None:
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("file", ["token_file", "ca_file", "certificate"])
def test_a_signal_ends_the_wait_for_a_pipes_writer(tmp_path: Path, file: str) -> None:
    """Nothing has been sent by then."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    places: dict[str, Any] = {file: fifo}
    settings = HttpSettings(_URL, **places)
    sender = threading.Thread(target=_signal_once_heeded)
    sender.start()

    with pytest.raises(StoppedError, match="stopped by SIGTERM before the"):
        _check(settings)
    sender.join()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def _check(settings: HttpSettings) -> None:
    check_tls(settings)
    read_token(settings, {})
