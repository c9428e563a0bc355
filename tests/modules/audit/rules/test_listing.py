"""Rules as `auditctl -l` prints them, against what it really printed."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

from mig_audit.modules.audit.rules import Names, Rule, list_rule

_DATA = Path(__file__).resolve().parents[3] / "data" / "rules"
_NAMES = Names(lambda _user: None, lambda _group: None, lambda _path: False, "x86_64")

# auditctl 4.2.1 crashes, having printed nothing, where it looks for the name of the errno 2147483648.
_CRASHES = {"-a always,exit -F exit=-2147483648": ""}


def _rows() -> list[dict[str, Any]]:
    with lzma.open(_DATA / "golden-dev.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [{**row, **row["alt"].get("4.2.1", {})} for row in rows]


def test_a_loaded_rule_is_listed_byte_for_byte() -> None:
    """Every rule of which auditctl's line is known, from the bytes that the kernel gave auditctl."""
    rows = [row for row in _rows() if row.get("listed") is not None]
    assert len(rows) == 1240
    different = {}
    for row in rows:
        rule = Rule.unpack(bytes.fromhex(row.get("kernel_list_hex") or row["payload_hex"]))
        if list_rule(rule, names=_NAMES) != row["listed"].encode("utf-8", "surrogateescape"):
            different[row["rule"]] = row["listed"]
    assert different == _CRASHES
