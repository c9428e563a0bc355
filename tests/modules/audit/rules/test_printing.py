"""Rules back to text: what is printed means the same rule again."""

from __future__ import annotations

import json
import lzma
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import Field, Names, Rule, as_listed, parse_rule, print_rule
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS

_DATA = Path(__file__).resolve().parents[3] / "data" / "rules"
_NAMES = Names(lambda _user: None, lambda _group: None, {b"/etc"}.__contains__, "x86_64")

# What auditctl sends and the language of this parser leaves out: values out of range, and rules for no call at all.
_WITHOUT_TEXT = {
    "-a always,exit -F success=2",
    "-a always,exit -F field_compare=0",
    "-a always,exit -F arch=b64 -S ,",
    "-a always,exit -F arch=b32 -S ,",
    "-a always,exit -S ,",
    "-a always,exit -S 2032",  # a set of calls that the kernel does not have
    "-a always,exit -F arch=b32 -S 2032",
}


def _rows() -> list[dict[str, Any]]:
    with lzma.open(_DATA / "golden-dev.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [{**row, **row["alt"].get("4.2.1", {})} for row in rows]


_ACCEPTED = [row for row in _rows() if row["msg_type"] == 1011 and row["kernel_errno"] == 0]


def _printed(rule: Rule) -> Optional[str]:
    try:
        return print_rule(rule, names=_NAMES)
    except RuleError:
        return None


def _rule_of(payload_hex: str) -> Rule:
    return Rule.unpack(bytes.fromhex(payload_hex))


def _parsed(text: str) -> Rule:
    return parse_rule(text, _NAMES).rule


def test_every_rule_that_the_kernel_takes_is_printed_as_itself() -> None:
    """For each that auditctl sends, but for the few that this parser would not read."""
    assert len(_ACCEPTED) == 1240
    without_text = set()
    for row in _ACCEPTED:
        rule = _rule_of(row["payload_hex"])
        text = _printed(rule)
        if text is None:
            without_text.add(row["rule"])
        else:
            assert _parsed(text) == rule, text
    assert without_text <= _WITHOUT_TEXT


def test_every_rule_that_the_kernel_lists_is_printed_as_the_one_that_was_loaded() -> None:
    """The kernel gives back less of a rule for all system calls than it was given."""
    listed = [row for row in _ACCEPTED if row.get("kernel_list_hex")]
    assert len(listed) == 842
    without_text = set()
    for row in listed:
        rule = _rule_of(row["kernel_list_hex"])
        text = _printed(rule)
        if text is None:
            without_text.add(row["rule"])
        else:
            assert as_listed(_parsed(text)) == rule, text
    assert without_text <= _WITHOUT_TEXT


@pytest.mark.parametrize(
    ("given_text", "text"),
    [
        ("-w /etc -p wa -k x", "-a always,exit -F dir=/etc -F perm=wa -F key=x"),
        ("-w /etc/a\\ b\\\\c -p r", "-a always,exit -F path=/etc/a\\ b\\\\c -F perm=r"),
        ("-w /etc/a!=b", "-w /etc/a!=b -p rwxa"),
        ("-a never,exit -F path=/etc/x -F perm=wa", "-a never,exit -F path=/etc/x -F perm=wa"),
        ("-a always,exit -F perm=x", "-a always,exit -F perm=x"),
        ("-A exit,always -S open -k a -k b", "-A always,exit -S open -F key=a -F key=b"),
        ("-a always,exit -F filetype=socket", "-a always,exit -S all -F filetype=socket"),
        ("-a always,exit -F exe!=/bin/sh", "-a always,exit -S all -F exe!=/bin/sh"),
        ("-a always,exit -F arch=s390x -S 4", "-a always,exit -F arch=s390x -S write"),
        ("-a always,exit -F arch=i386 -S 4", "-a always,exit -F arch=b32 -S write"),
        ("-a always,exit -S 335,2000", "-a always,exit -S 335,2000"),
        ("-a always,exit -C obj_uid!=auid", "-a always,exit -S all -C auid!=obj_uid"),
        ("-a always,exit -F field_compare>2", "-a always,exit -S all -F field_compare>2"),
        ("-a always,task -F field_compare=1", "-a always,task -F field_compare=1"),
        ("-a always,exit -F uid>=4294967294", "-a always,exit -S all -F uid>=4294967294"),
        ("-a always,exit -F auid!=-1", "-a always,exit -S all -F auid!=unset"),
        ("-a always,exit -F exit=-2147483648", "-a always,exit -S all -F exit=-2147483648"),
        ("-a always,exit -F exit=-13 -F a0=-1", "-a always,exit -S all -F exit=-EACCES -F a0=0xffffffff"),
        ("-a always,exclude -F msgtype=1300", "-a always,exclude -F msgtype=SYSCALL"),
        ("-a always,exclude -F msgtype=999", "-a always,exclude -F msgtype=999"),
        ("-a never,filesystem -F fstype=5", "-a never,filesystem -F fstype=5"),
        ("-a always,io_uring -S 18", "-a always,io_uring -S openat"),
        ("-a always,io_uring -F uid=0", "-a always,io_uring -F uid=0"),
        ("-a always,exit -F arch=b64 -F perm=x", "-a always,exit -F arch=b64 -F perm=x"),
        ("-a always,exit -F arch=b64 -S read -p x", "-a always,exit -F arch=b64 -S read -p x"),
        ("-a always,exit -F perm=x -S read", "-a always,exit -F perm=x -S read"),
        ("-a always,exit -S open -k two\\ words", "-a always,exit -S open -F key=two\\ words"),
        ("-a always,exit -S open -k two\r --", "-a always,exit -S open -F key=two\r --"),
    ],
)
def test_text_is_plain(given_text: str, text: str) -> None:
    """One form for each rule, and it is the one that people write where there is one."""
    assert print_rule(_parsed(given_text), names=_NAMES) == text
    assert _parsed(text) == _parsed(given_text)


def test_text_does_not_depend_on_the_hosts_files_and_users() -> None:
    """A rule that was printed here is the same rule on a host where the folder is not there."""
    rule = _parsed("-w /etc -p wa")
    elsewhere = Names({"root": 5}.get, lambda _group: None, lambda _path: False, "x86_64")
    assert parse_rule(print_rule(rule, names=_NAMES), elsewhere).rule == rule


@pytest.mark.parametrize(
    ("machine", "arch", "text"),
    [
        ("x86_64", "x86_64", "b64"),
        ("x86_64", "aarch64", "aarch64"),
        ("aarch64", "arm", "b32"),
        ("i686", "i386", "b32"),
        ("i686", "x86_64", "x86_64"),
        ("ppc64le", "ppc64le", "b64"),
        ("ppc64le", "ppc", "ppc"),
        ("unheard-of", "x86_64", "x86_64"),
    ],
)
def test_an_architecture_is_b64_or_b32_where_that_is_what_it_means(
    machine: str, arch: str, text: str
) -> None:
    """Elsewhere it is the machine's name."""
    names = replace(_NAMES, machine=machine)
    rule = parse_rule(f"-a always,exit -F arch={arch} -S all", names).rule
    assert print_rule(rule, names=names) == f"-a always,exit -F arch={text} -S all"


@pytest.mark.parametrize(
    "rule",
    [
        Rule(c.AUDIT_FILTER_EXIT, c.AUDIT_ALWAYS, False, 0, ()),
        Rule(3, c.AUDIT_ALWAYS, False, ALL_SYSCALLS, ()),
        Rule(c.AUDIT_FILTER_EXIT, 1, False, ALL_SYSCALLS, ()),
        Rule(c.AUDIT_FILTER_EXIT, c.AUDIT_ALWAYS, False, ALL_SYSCALLS, (Field(199, c.AUDIT_EQUAL, 0),)),
        Rule(c.AUDIT_FILTER_EXIT, c.AUDIT_ALWAYS, False, ALL_SYSCALLS, (Field(c.AUDIT_UID, 7, 0),)),
        Rule(
            c.AUDIT_FILTER_EXIT,
            c.AUDIT_ALWAYS,
            False,
            ALL_SYSCALLS,
            (Field.of_text(c.AUDIT_EXE, c.AUDIT_EQUAL, b"/a\nb"),),
        ),
    ],
)
def test_a_rule_that_the_language_cannot_say_is_an_error(rule: Rule) -> None:
    """Never text that says something else."""
    with pytest.raises(RuleError, match="no words for this rule"):
        print_rule(rule, names=_NAMES)


_ORDERED = (
    c.AUDIT_EQUAL,
    c.AUDIT_NOT_EQUAL,
    c.AUDIT_LESS_THAN,
    c.AUDIT_GREATER_THAN_OR_EQUAL,
    c.AUDIT_BIT_MASK,
    c.AUDIT_BIT_TEST,
)
_WORDS = st.integers(0, 0xFFFFFFFF) | st.sampled_from([0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF3, 0xFFFFFFFF])
_TEXTS = st.text(st.sampled_from("ab/ \\=,é\udcff\t\r#-'\x07"), min_size=1, max_size=12).map(
    lambda text: text.encode("utf-8", "surrogateescape")
)
_NUMBERS = st.builds(
    Field,
    st.sampled_from(
        [
            c.AUDIT_PID,
            c.AUDIT_UID,
            c.AUDIT_OBJ_GID,
            c.AUDIT_LOGINUID,
            c.AUDIT_SESSIONID,
            c.AUDIT_EXIT,
            c.AUDIT_ARG0,
            c.AUDIT_ARG3,
            c.AUDIT_PPID,
            c.AUDIT_DEVMINOR,
        ]
    ),
    st.sampled_from(_ORDERED),
    _WORDS,
)
_SMALL = st.one_of(
    st.builds(Field, st.just(c.AUDIT_SUCCESS), st.sampled_from(_ORDERED), st.integers(0, 1)),
    st.builds(Field, st.just(c.AUDIT_SADDR_FAM), st.sampled_from(_ORDERED), st.integers(0, 45)),
    st.builds(Field, st.just(c.AUDIT_FIELD_COMPARE), st.sampled_from(_ORDERED), st.integers(1, 25)),
    st.builds(
        Field, st.just(c.AUDIT_FILETYPE), st.sampled_from(_ORDERED), st.sampled_from([0x8000, 0x1000, 0xC000])
    ),
    st.builds(
        Field,
        st.just(c.AUDIT_ARCH),
        st.sampled_from([c.AUDIT_EQUAL, c.AUDIT_NOT_EQUAL]),
        st.sampled_from([0xC000003E, 0x40000003, 0x80000016, 0xC00000B7]),
    ),
)
_STRINGS = st.builds(
    Field.of_text,
    st.sampled_from([c.AUDIT_EXE, c.AUDIT_WATCH, c.AUDIT_DIR, c.AUDIT_SUBJ_USER]),
    st.sampled_from([c.AUDIT_EQUAL, c.AUDIT_NOT_EQUAL]),
    _TEXTS,
)
_PERMS = st.builds(Field, st.just(c.AUDIT_PERM), st.just(c.AUDIT_EQUAL), st.integers(1, 15))
_KEYS = st.lists(_TEXTS, min_size=1, max_size=3).map(
    lambda keys: Field.of_text(c.AUDIT_FILTERKEY, c.AUDIT_EQUAL, b"\x01".join(keys))
)
_MASKS = st.one_of(
    st.just(ALL_SYSCALLS),
    st.sets(st.integers(0, 2047), min_size=1, max_size=9).map(lambda numbers: sum(1 << n for n in numbers)),
)


@st.composite
def _rules(draw: st.DrawFn) -> Rule:
    fields = draw(st.lists(st.one_of(_NUMBERS, _SMALL, _STRINGS), max_size=6))
    perm = draw(st.none() | _PERMS)
    if perm:
        fields.insert(draw(st.integers(0, len(fields))), perm)
    keys = draw(st.none() | _KEYS)
    return Rule(
        c.AUDIT_FILTER_EXIT,
        draw(st.sampled_from([c.AUDIT_ALWAYS, c.AUDIT_NEVER])),
        draw(st.booleans()),
        draw(_MASKS),
        (*fields, keys) if keys else tuple(fields),
    )


@given(_rules())
def test_every_valid_rule_has_text_that_means_it(rule: Rule) -> None:
    """Whatever order its fields are in, and whatever its system calls are."""
    assert _parsed(print_rule(rule, names=_NAMES)) == rule
