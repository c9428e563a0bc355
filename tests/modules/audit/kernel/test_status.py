"""The layouts of struct audit_status."""

from __future__ import annotations

import json
import lzma
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import InternalError
from mig_audit.modules.audit.kernel.status import Setting, Status, pack_setting

_WORDS = (0, 1, 1, 4711, 0, 8192, 7, 3, 0x7F, 15000, 9)


@pytest.mark.parametrize(
    ("words", "wait_time", "actual"), [(8, None, None), (10, 15000, None), (11, 15000, 9), (14, 15000, 9)]
)
def test_a_status_is_decoded_by_its_length(words: int, wait_time: int | None, actual: int | None) -> None:
    """Old kernels answer with fewer words and newer ones may answer with more."""
    payload = struct.pack(f"={words}I", *(*_WORDS, 1, 2, 3)[:words])

    status = Status.unpack(payload)

    assert (status.enabled, status.pid, status.backlog_limit, status.lost) == (1, 4711, 8192, 7)
    assert (status.backlog_wait_time, status.backlog_wait_time_actual) == (wait_time, actual)


def test_an_answer_too_short_to_be_a_status_is_a_fault() -> None:
    """Seven words are no kernel's status."""
    with pytest.raises(InternalError):
        Status.unpack(bytes(28))


@given(st.binary(max_size=100))
def test_any_answer_is_a_status_or_our_error(payload: bytes) -> None:
    """No bytes from the kernel make the decoder raise anything else."""
    try:
        status = Status.unpack(payload)
    except InternalError:
        assert len(payload) < 32
    else:
        assert Status.from_json(status.to_json()) == status


@pytest.mark.parametrize("setting", list(Setting))
def test_a_setting_is_one_bit_in_a_full_length_message(setting: Setting) -> None:
    """The kernel reads missing words as 0, and does not roll back a bit before one that it refuses."""
    payload = pack_setting(setting, 77)

    words = struct.unpack("=11I", payload)
    assert words[0] == setting.value
    assert sorted(words[1:]) == [0] * 9 + [77]
    assert Status.unpack(payload).setting(setting) == 77


def _golden() -> list[dict[str, Any]]:
    path = Path(__file__).resolve().parents[3] / "data" / "rules" / "golden-status.jsonl.xz"
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_a_status_has_the_numbers_that_auditctl_prints() -> None:
    """For every length of the kernel's answer; what auditctl makes up for an old kernel is None here."""
    compared = 0
    for row in (row for row in _golden() if row["argv"] == ["-s"] and row["results"]["4.2.1"]["rc"] == 0):
        payload = bytes.fromhex(row["status_hex"])
        try:
            shown = Status.unpack(payload).to_json()
        except InternalError:
            assert len(payload) < 32
            continue
        printed = dict(line.split(" ", 1) for line in row["results"]["4.2.1"]["stdout"].splitlines())
        for name, value in printed.items():
            if name != "loginuid_immutable" and shown[name] is not None:
                assert (name, int(value) & 0xFFFFFFFF) == (name, shown[name])
                compared += 1
    assert compared > 300
