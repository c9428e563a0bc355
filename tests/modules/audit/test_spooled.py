"""Only what a sink spooled is taken for a spool."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from audit_events import ORIGIN, every_log, log_events

from mig_audit.errors import UsageError
from mig_audit.modules.audit.formats import FORMATS, make_format
from mig_audit.modules.audit.spooled import spooled

if TYPE_CHECKING:
    from pathlib import Path

_RECORD = b"type=EOE msg=audit(1.500:1): \n"


def _events(path: Path, name: str) -> list[bytes]:
    return list(spooled(path, make_format(name, ORIGIN)))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_was_spooled_is_read_again(tmp_path: Path, name: str) -> None:
    """Each format's events, with whatever was in the records."""
    encode = make_format(name, ORIGIN).encode
    events = [data for log in every_log() for event in log_events(log) for data in [encode(event)] if data]
    path = tmp_path / "raw.log.1.spool"
    path.write_bytes(b"".join(event + b"\n" for event in events))

    assert len(events) > 10
    assert _events(path, name) == events


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("mozdef", _RECORD, "line 1 is no JSON object"),
        ("mozdef", b'{"a":1}\n[1]\n', "line 2 is no JSON object"),
        ("mozdef", b'{"a":1}\n\n', "line 2 is no JSON object"),
        ("mozdef", b"[" * 100_000 + b"\n", "line 1 is no JSON object"),
        ("mozdef", b'{"a":1}\n{"a":2}', "line 2 has no end"),
        ("mozdef", b"", "it is empty"),
        ("cef", _RECORD, "line 1 is a record of a raw log"),
        ("audisp-json", _RECORD, "line 1 is a record of a raw log"),
        ("audisp-json", b"\x7fELF\x02\0\0\n", "line 1 has a NUL"),
        ("cef", b"\x7fELF\x02\0\0\n", "line 1 has control characters"),
        ("csv", b"a,b\n\xff\xfe\n", "line 2 is no UTF-8"),
        ("text", b"a\n\nb\n", "line 2 is empty"),
    ],
)
def test_what_is_no_spool_is_told_by_its_first_odd_line(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    """A raw log, a program, the events of another format, half an event."""
    path = tmp_path / "odd"
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        _events(path, name)
    assert words in caught.value.what
    assert caught.value.remedy


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A folder, a pipe without a writer, nothing at all."""
    os.mkfifo(tmp_path / "pipe")

    for name, words in (("", "EISDIR"), ("pipe", "not a file"), ("nothing", "ENOENT")):
        with pytest.raises(UsageError, match=words):
            _events(tmp_path / name, "mozdef")
