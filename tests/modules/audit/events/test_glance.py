"""A glance shows of an event what the decoder would see."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.events import Bundle, Decoder
from mig_audit.modules.audit.events.glance import glance_at

CALL = (
    b"arch=c000003e syscall=59 success=yes exit=0 a0=0 a1=0 a2=0 a3=0 items=1 ppid=1 pid=2 auid=0 uid=0 gid=0 euid=0 suid=0"
    b' fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 comm="sh" exe="/bin/sh" key=(null)'
)


@pytest.mark.parametrize(
    "body",
    [b'cwd="/srv"', b"cwd=2F737276", b"cwd=(null)", b'dev="/srv"', b'cwd="/srv" a=1', b'a=1 cwd="/srv"', b""],
)
def test_the_working_directory_is_the_decoders(body: bytes) -> None:
    """Also where the record is damaged, or has more in it."""
    types, bodies = ["SYSCALL", "CWD"], [CALL, body]
    glance = glance_at(types, bodies)
    event = Decoder().decode(Bundle(b"1700000000.000:1", types, bodies, None, "end", 0).group())

    assert glance is not None
    assert glance.directory == event.process.cwd
