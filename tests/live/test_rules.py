"""Rules through the real kernel and back to text."""

from __future__ import annotations

import json
import lzma
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mig_audit.errors import KernelRefusedError, RuleError
from mig_audit.modules.audit.rules import Rule, as_listed, parse_rule, print_rule

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

_ROOT = Path(__file__).resolve().parents[1]
_TAG = "mig-audit-listed"


def _rows() -> list[dict[str, Any]]:
    with lzma.open(_ROOT / "data" / "rules" / "golden-dev.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [{**row, **row["alt"].get("4.2.1", {})} for row in rows]
    return [row for row in rows if row["msg_type"] == 1011 and row["kernel_errno"] == 0]


def _added(control: Control, payload: bytes) -> bytes:
    """Add a rule, return it as the kernel lists it, and delete it."""
    before = control.rules()
    control.add_rule(payload)
    (listed,) = (rule for rule in control.rules() if rule not in before)
    control.delete_rule(listed)
    return listed


@pytest.mark.timeout(600)  # to delete a rule takes the kernel up to 70 ms, and there are more than a thousand
def test_what_the_kernel_lists_can_be_printed_and_loaded_again(kernel: Control) -> None:
    """All of the corpus: the bytes are those known of the rule, and its text loads as the same bytes."""
    subprocess.run([sys.executable, str(_ROOT / "data" / "rules" / "make_fixture.py")], check=True)
    assert kernel.status().enabled == 0
    rows = _rows()
    tried = 0
    for row in rows:
        payload = bytes.fromhex(row["payload_hex"])
        try:
            listed = Rule.unpack(_added(kernel, payload))
        except KernelRefusedError:  # a path of the rule may be missing on this host
            continue
        known = row.get("kernel_list_hex") or row["payload_hex"]
        assert listed.pack().hex() == known, row["rule"]
        try:
            text = print_rule(listed)
        except RuleError:
            continue
        again = parse_rule(text).rule
        assert as_listed(again) == listed, text
        if again.pack() != payload:  # the same bytes would be listed the same way
            assert Rule.unpack(_added(kernel, again.pack())) == listed, text
        tried += 1
    assert len(rows) > 1200
    assert tried > len(rows) * 9 // 10


def test_the_loaded_rules_are_listed_by_the_command(kernel: Control) -> None:
    """As text, and as JSON lines with the kernel's bytes."""
    text = f"-a always,exit -F arch=b64 -S execve -F key={_TAG}"
    kernel.add_rule(parse_rule(text).rule.pack())
    command = [sys.executable, "-m", "mig_audit", "rules", "list"]

    plain = subprocess.run(command, capture_output=True, text=True, check=True)
    documents = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    kernel.delete_rule(parse_rule(text).rule.deletion())

    assert plain.stdout.splitlines()[-1] == text
    last = json.loads(documents.stdout.splitlines()[-1])
    assert last == {"rule": text, "payload_hex": parse_rule(text).rule.pack().hex()}


def test_the_loaded_rules_are_listed_as_auditctl_lists_them(kernel: Control) -> None:
    """Also a watch, and where there are none."""
    auditctl = shutil.which("auditctl", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if auditctl is None:
        pytest.skip("auditctl is not installed")
    command = [sys.executable, "-m", "mig_audit", "rules", "list", "--auditctl"]
    lines = (
        f"-a always,exit -F arch=b64 -S execve,openat -F auid>=1000 -F exit=-EPERM -F key={_TAG}",
        f"-w /etc/passwd -p wa -k {_TAG}",
        "-a never,exclude -F msgtype=CWD",
    )
    listings = []
    for line in ("", *lines):
        if line:
            kernel.add_rule(parse_rule(line).rule.pack())
        listings.append(
            [
                subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
                for arguments in (command, [auditctl, "-l"])
            ]
        )
    for line in lines:
        kernel.delete_rule(parse_rule(line).rule.deletion())

    assert [ours for ours, _ in listings] == [theirs for _, theirs in listings]
    assert len(listings[-1][0].splitlines()) >= len(lines)
