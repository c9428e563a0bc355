"""The differences to auditctl."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mig_audit.modules.audit.rules import Names, Rule, parse_file, parse_rule, strictness
from mig_audit.modules.audit.rules.strictness import Deviation, StricterError
from mig_audit.modules.audit.tables import syscall_number

_NOBODY: dict[str, int] = {}
_DATA = Path(__file__).resolve().parents[3] / "data" / "rules"
_NAMES = Names(_NOBODY.get, _NOBODY.get, lambda _path: False, "x86_64")
_PPC64LE = Names(_NOBODY.get, _NOBODY.get, lambda _path: False, "ppc64le")

# What the golden rules do not show.
_EXAMPLES = [
    *(
        (deviation, deviation.example)
        for deviation in strictness.REFUSED
        if deviation != strictness.NO_32_BIT
    ),
    (strictness.TRAILING_TEXT, "-a always,exit -F arch=c000003ezz"),
    (strictness.TRAILING_TEXT, "-a always,exit -F arch=0xc000003ezz"),
    (strictness.TRAILING_TEXT, "-a always,exit -F exit=-1x"),
    (strictness.TRAILING_TEXT, "-a always,exit -F saddr_fam=2x"),
    (strictness.TRAILING_TEXT, "-a always,exclude -F msgtype=1300x"),
    (strictness.TRAILING_TEXT, "-a always,filesystem -F fstype=0xx"),
    (strictness.TRAILING_TEXT, "-b 5x"),
    (strictness.WRAPPED, "-a always,exit -F a0=" + "9" * 5000),
    (strictness.WRAPPED, "-a always,exit -F exit=-2147483649"),
    (strictness.WRAPPED, "-r 4294967296"),
    (strictness.OUT_OF_RANGE, "-a always,exit -F field_compare=26"),
    (strictness.UNKNOWN_LIST, "-a always,"),
    (strictness.EMPTY_KEY, "-a always,exit -S open -k a -F key="),
    (strictness.SYSCALLS_FIRST, "-S open -a always,user"),
    (strictness.SYSCALLS_FIRST, "-S open -A filesystem,always"),
    (strictness.SYSCALLS_FIRST, "-S open -d task,always"),
    (strictness.CONTROL, "-e 1 -a always,exit"),
    (strictness.SWALLOWED, "--reset-lost -e 3"),
    (strictness.SWALLOWED, "--loginuid-immutable --bogus"),
]


@pytest.mark.parametrize(("deviation", "text"), _EXAMPLES)
def test_what_auditctl_guesses_is_refused(deviation: Deviation, text: str) -> None:
    """The error says which of the listed differences it is, and what to do where there is something to do."""
    (line,) = parse_file(text.encode(), _NAMES)
    assert isinstance(line.error, StricterError)
    assert line.error.deviation is deviation


def test_b32_is_refused_where_there_are_no_32_bit_programs() -> None:
    """auditctl takes it for the 64-bit architecture."""
    with pytest.raises(StricterError) as raised:
        parse_rule(strictness.NO_32_BIT.example, _PPC64LE)
    assert raised.value.deviation is strictness.NO_32_BIT


def test_every_golden_refusal_is_listed() -> None:
    """The list is the one from which the page for people is made."""
    golden = json.loads((_DATA / "deviations.json").read_text("utf-8")).keys()
    assert golden <= {deviation.name for deviation in strictness.REFUSED}


def test_no_difference_is_listed_twice() -> None:
    """A name is one difference."""
    everything = (*strictness.REFUSED, *strictness.MENDED, *strictness.RUN)
    assert len({deviation.name for deviation in everything}) == len(everything)


@pytest.mark.parametrize("deviation", [*strictness.MENDED, *strictness.RUN])
def test_what_is_not_refused_by_the_parser_is_taken_by_it(deviation: Deviation) -> None:
    """But for the line that shows how one bad line stops no other."""
    (line,) = parse_file(deviation.example.encode(), _NAMES)
    assert (line.error is None) == (deviation is not strictness.FIRST_ERROR)
    assert not isinstance(line.error, StricterError)


def _path(text: str) -> bytes | None:
    return parse_rule(text, _NAMES).rule.fields[0].text


def test_what_auditctl_mangles_is_taken_as_it_is() -> None:
    """Bytes that auditctl uses inside itself have no meaning, and an escape works in every word."""
    assert strictness.MENDED == (strictness.KERNEL_SPELLING, strictness.FIRST_WORD, strictness.BELL)
    assert _path("-w /etc/a\x07b -p r") == b"/etc/a\x07b"
    assert _path("-w /etc/a\x04b -p r") == b"/etc/a\x04b"
    assert _path("-w/etc/a\\ b") == b"/etc/a b"


def test_the_kernel_s_names_of_system_calls_are_taken() -> None:
    """The rule is the one that libaudit's name makes."""

    def rule(name: str) -> Rule:
        return parse_rule(f"-a always,exit -F arch=b64 -S {name}", _NAMES).rule

    assert rule("pread64") == rule("pread")
    assert rule("uretprobe").mask == 1 << (syscall_number("x86_64", "uretprobe") or 0)
