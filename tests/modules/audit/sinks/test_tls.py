"""TLS with an authority of our own: verified by default, and by nothing but what was named."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from http_receiver import Receiver, Reply

from mig_audit.errors import UsageError
from mig_audit.modules.audit.sinks import HttpSettings
from mig_audit.modules.audit.sinks.batch import Batch
from mig_audit.modules.audit.sinks.credentials import check_tls
from mig_audit.modules.audit.sinks.http import HttpTransport
from mig_audit.modules.audit.sinks.interface import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

_TESTS = Path(__file__).resolve().parents[3]
_ACCEPTED = Answer(Verdict.ACCEPTED)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of certificates made for this run."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (make test-tools)")
    folder = tmp_path_factory.mktemp("keys")
    script = _TESTS / "data" / "tls" / "make-certificates"
    subprocess.run([script, folder], check=True, capture_output=True)
    return folder


@pytest.fixture
def context(keys: Path) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "server.pem", keys / "server.key")
    return context


@pytest.fixture
def receiver(context: ssl.SSLContext) -> Iterator[Receiver]:
    """Return an endpoint that shows the server's certificate."""
    with Receiver(tls=context) as receiver:
        yield receiver


def _post(settings: HttpSettings, events: int = 1) -> Answer:
    transport = HttpTransport(settings, "run")
    try:
        return transport.deliver(Batch(1, (b"{}",) * events), 10.0)
    finally:
        transport.close()


def test_an_unknown_authority_is_not_trusted(receiver: Receiver) -> None:
    """Verification is on by default; nothing is sent, and the remedy names the setting."""
    answer = _post(HttpSettings(receiver.url))
    assert answer.verdict is Verdict.UNREACHABLE
    assert f"POST {receiver.url} failed: its certificate is not trusted: " in answer.what
    assert "ca_file" in answer.remedy
    assert not answer.uncertain
    assert receiver.requests == []


def test_the_authority_that_was_named_is_trusted(receiver: Receiver, keys: Path) -> None:
    """The whole of the request arrives."""
    assert _post(HttpSettings(receiver.url, ca_file=keys / "ca.pem")) == _ACCEPTED
    assert receiver.requests[0].body == b"[{}]"


def test_no_other_authority_is_trusted(
    receiver: Receiver, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if the environment names the right one."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(keys / "ca.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(keys / "ca.pem"))
    for settings in (HttpSettings(receiver.url), HttpSettings(receiver.url, ca_file=keys / "other-ca.pem")):
        assert "certificate is not trusted" in _post(settings).what
    assert receiver.requests == []


def test_a_certificate_for_another_host_is_not_trusted(context: ssl.SSLContext, keys: Path) -> None:
    """Though its authority is."""
    context.load_cert_chain(keys / "client.pem", keys / "client.key")
    with Receiver(tls=context) as receiver:
        assert "certificate is not trusted" in _post(HttpSettings(receiver.url, ca_file=keys / "ca.pem")).what


def test_verification_can_be_switched_off(receiver: Receiver) -> None:
    """On purpose, and without a warning for each batch."""
    assert _post(HttpSettings(receiver.url, verify=False)) == _ACCEPTED


def test_a_certificate_of_the_client_is_shown(context: ssl.SSLContext, keys: Path) -> None:
    """An endpoint that asks for one gets it; without it, there is no delivery."""
    context.load_verify_locations(keys / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with Receiver(tls=context) as receiver:
        settings = HttpSettings(
            receiver.url, ca_file=keys / "ca.pem", certificate=keys / "client.pem", key=keys / "client.key"
        )
        assert _post(settings) == _ACCEPTED
        assert _post(HttpSettings(receiver.url, ca_file=keys / "ca.pem")).verdict is Verdict.UNREACHABLE
    assert len(receiver.requests) == 1


def test_certificate_and_key_may_be_one_file(context: ssl.SSLContext, keys: Path, tmp_path: Path) -> None:
    """As many tools write it."""
    context.load_verify_locations(keys / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    both = tmp_path / "both.pem"
    both.write_text((keys / "client.key").read_text() + (keys / "client.pem").read_text())
    with Receiver(tls=context) as receiver:
        assert _post(HttpSettings(receiver.url, ca_file=keys / "ca.pem", certificate=both)) == _ACCEPTED


def test_a_key_that_does_not_belong_to_its_certificate_is_refused(keys: Path) -> None:
    """When the sink is opened."""
    settings = HttpSettings("https://h/", certificate=keys / "client.pem", key=keys / "server.key")
    with pytest.raises(UsageError, match="cannot be used: key values mismatch"):
        check_tls(settings)


def test_an_encrypted_key_is_refused(keys: Path) -> None:
    """OpenSSL would ask for the password on the terminal, in the middle of a run."""
    settings = HttpSettings("https://h/", certificate=keys / "client.pem", key=keys / "encrypted.key")
    with pytest.raises(UsageError, match=r"encrypted\.key is encrypted"):
        check_tls(settings)


def test_plain_http_at_a_tls_port_is_told(receiver: Receiver) -> None:
    """And TLS at a plain port."""
    assert _post(HttpSettings(receiver.url.replace("https", "http"))).verdict is Verdict.UNREACHABLE
    with Receiver() as plain:
        answer = _post(HttpSettings(plain.url.replace("http", "https"), connect_timeout=0.5))
    assert answer.verdict is Verdict.UNREACHABLE
    assert receiver.requests == plain.requests == []


@pytest.mark.parametrize("reply", [Reply(silent=True), Reply(drip=0.05)], ids=["silent", "drip"])
def test_an_endpoint_that_stalls_costs_the_read_timeout(
    context: ssl.SSLContext, keys: Path, reply: Reply
) -> None:
    """Over TLS as well."""
    with Receiver([reply], tls=context) as receiver:
        answer = _post(HttpSettings(receiver.url, ca_file=keys / "ca.pem", read_timeout=0.3))
    assert answer.what.endswith("failed: no complete answer within 0.3 s")


def test_a_refusal_before_the_body_is_read_is_heard(context: ssl.SSLContext, keys: Path) -> None:
    """Over TLS as well."""
    with Receiver([Reply(413, early=True)], tls=context) as receiver:
        answer = _post(HttpSettings(receiver.url, ca_file=keys / "ca.pem"), events=1 << 20)
    assert answer.verdict is Verdict.TOO_LARGE
