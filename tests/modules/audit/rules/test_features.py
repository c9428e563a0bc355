"""Which kernels can have a rule: what auditctl 4.2.1 sent for each set of feature bits."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from pathlib import Path

from mig_audit.modules.audit.rules import HOST, Rule, parse_rule
from mig_audit.modules.audit.rules.features import missing_features

_DATA = Path(__file__).resolve().parents[3] / "data" / "rules"
_ADD = 1011


def test_a_rule_is_for_the_kernels_to_which_auditctl_sends_it() -> None:
    """And its bytes are the same for all of them."""
    counts: Counter[bool] = Counter()
    with lzma.open(_DATA / "golden-features.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in (row for row in rows if row["rule"].startswith("-a")):
        sent = [bytes.fromhex(data) for kind, data in row["results"]["4.2.1"]["messages"] if kind == _ADD]
        rule = parse_rule(row["rule"], HOST).rule
        missing = missing_features(rule, row["feature_bitmap"])
        assert sent == ([] if missing else [rule.pack()]), (row["rule"], row["feature_bitmap"])
        counts[bool(missing)] += 1
    assert counts == {True: 74, False: 130}


def test_what_is_missing_is_named() -> None:
    """For the person who reads the kernel's bare EINVAL."""
    rule = parse_rule("-a never,exclude -F exe=/bin/true -F sessionid=1").rule
    assert missing_features(rule, 0x08) == ("the field exe", "the field sessionid")
    assert missing_features(Rule.unpack(rule.pack()), -1) == ()
