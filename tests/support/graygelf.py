"""A GELF receiver of another project (graygelf, for node) that says what it understood."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SERVER = Path("/usr/local/lib/mig-audit-test-tools/node_modules/graygelf/server.js")
_SCRIPT = Path(__file__).with_name("graygelf_receiver.js")
_WINDOW = 20  # short messages under way at once, so that the receiver's buffer is never full
_PATIENCE = 60.0  # seconds
_CHUNK = 8000  # bytes of a message in one datagram; longer ones come in several, as the format has it
_CHUNK_MAGIC = b"\x1e\x0f"


def understand(messages: Iterable[bytes], port: int) -> list[dict[str, Any]]:
    """Send messages over UDP, and return what the receiver understood, in order.

    Skips the test where there is no receiver.
    """
    node = shutil.which("node")
    if node is None or not _SERVER.exists():
        pytest.skip("graygelf is not installed (make test-tools): no GELF reader of another project")
    command = [node, str(_SCRIPT), str(_SERVER), str(port)]
    understood: list[dict[str, Any]] = []
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection,
    ):
        output = process.stdout
        assert output is not None
        # UDP may lose a message: nobody waits for it for ever.
        guard = threading.Timer(_PATIENCE, process.kill)
        guard.start()
        try:
            assert json.loads(output.readline()) == "ready"
            sent = 0
            for message in messages:
                for datagram in _datagrams(message, sent):
                    connection.sendto(datagram, ("127.0.0.1", port))
                sent += 1
                window = _WINDOW if len(message) <= _CHUNK else 1
                while sent - len(understood) >= window:
                    understood.append(json.loads(output.readline()))
            while len(understood) < sent:
                understood.append(json.loads(output.readline()))
        finally:
            guard.cancel()
            process.kill()
    return understood


def _datagrams(message: bytes, number: int) -> Iterator[bytes]:
    chunks = [message[start : start + _CHUNK] for start in range(0, len(message), _CHUNK)]
    if len(chunks) == 1:
        yield message
        return
    for index, chunk in enumerate(chunks):
        yield _CHUNK_MAGIC + number.to_bytes(8, "little") + bytes((index, len(chunks))) + chunk
