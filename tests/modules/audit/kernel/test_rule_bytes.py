"""One rule in the forms that it is sent, listed and deleted in."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from memory_kernel import rule

from mig_audit.modules.audit.kernel.rule_bytes import (
    identity,
    is_listed_otherwise,
    without_prepend,
)

_CORPUS = Path(__file__).parents[3] / "data" / "rules" / "golden-dev.jsonl.xz"


@pytest.mark.parametrize("flags", [0x14, 4])
def test_a_rule_is_deleted_without_its_prepend_flag(flags: int) -> None:
    """With it the kernel does not find the rule."""
    assert without_prepend(rule("x", flags)) == rule("x", 4)


def test_a_rule_and_its_listing_are_one() -> None:
    """The prepend flag, the class bits of the mask, the length of the strings and the padding are the kernel's."""
    sent = bytes([0x14]) + bytes(11) + b"\xff" * 256 + bytes(768) + b"\0\0\0\0" + b"key"
    listed = bytes([4]) + bytes(11) + b"\xff" * 254 + b"\0\0" + bytes(768) + b"\3\0\0\0" + b"key\0"

    assert identity(sent) == identity(listed)
    assert identity(sent) != identity(listed[:-2] + b"x\0")


def test_every_rule_of_the_corpus_is_known_again_in_the_kernels_listing() -> None:
    """What it was sent and what it listed then; but where a class of system calls was named."""
    with lzma.open(_CORPUS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [{**row, **row["alt"].get("4.2.1", {})} for row in rows]
    loaded = [row for row in rows if row["msg_type"] == 1011 and row["kernel_errno"] == 0]

    otherwise = []
    for row in loaded:
        sent = bytes.fromhex(row["payload_hex"])
        listed = bytes.fromhex(row.get("kernel_list_hex") or row["payload_hex"])
        if identity(sent) != identity(listed) or is_listed_otherwise(sent):
            otherwise.append(row["rule"])
            assert is_listed_otherwise(sent)
    assert (len(loaded), len(otherwise)) == (1240, 5)
