"""auditctl's text to rules."""

from __future__ import annotations

import re
from typing import Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import Names, ParsedRule, Rule, parse_file, parse_rule
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.options import RULE_OPTIONS
from mig_audit.modules.audit.rules.text import excerpt

_NOBODY: dict[str, int] = {}
_NAMES = Names(
    {"root": 0, "Ünal": 1000}.get, {"adm": 4}.get, frozenset((b"/", b"/etc")).__contains__, "x86_64"
)

# Pieces of the language, to reach deeper than random characters do.
_PIECES = """
-a -A -d -S -F -C -k -w -W -p -e -D -b -r -i -l -m -q --signal -- - --reset-lost --r always,exit exit,always never,task always,io_uring
always,exclude never,filesystem always,user open openat,close all 59 073 0x3b 9999 99999999999999999999999999
arch=b64 arch=b32 arch!=c000003e arch=ARM uid=root auid!=unset gid>=4 exit=-ENOENT exit=-1 perm=wa -pwa
path=/etc/passwd dir=/etc exe=/bin/sh key=k key!=k key= msgtype=SYSCALL msgtype=UNKNOWN[1300] filetype=dir
fstype=tracefs saddr_fam=2 sessionid=unset success=1 a0&=0x10 field_compare=1 inode=5 subj_user=x uid=euid
auid!=obj_uid /etc /etc/passwd /a\\ b \\\\ rwxa # = != & \x01 \x07 é \r
"""
_WORDS = st.sampled_from(re.split("[ \n]", _PIECES.strip("\n")))
_OPTIONS = st.builds("{} {}".format, st.sampled_from(RULE_OPTIONS), _WORDS)
_RULES = st.one_of(
    st.text(),
    st.lists(_WORDS, max_size=9).map(" ".join),
    st.lists(_OPTIONS, max_size=9).map(" ".join),
    st.lists(_WORDS.map("-F {}".format), max_size=5).map(
        lambda fields: " ".join(["-a always,exit", *fields])
    ),
)


def _path(rule: Rule) -> bytes:
    return next(field.text or b"" for field in rule.fields if field.code in {c.AUDIT_WATCH, c.AUDIT_DIR})


def _outcome(text: Union[str, bytes]) -> Union[ParsedRule, RuleError]:
    try:
        return parse_rule(text, _NAMES)
    except RuleError as error:
        return error


@given(_RULES)
def test_no_text_makes_the_parser_fail_but_with_a_column(text: str) -> None:
    """Every text is a rule or a RuleError that points into it."""
    outcome = _outcome(text)
    if isinstance(outcome, RuleError):
        assert 1 <= outcome.column <= len(text) + 1
    else:
        assert Rule.unpack(outcome.rule.pack()) == outcome.rule


@given(st.binary())
def test_bytes_are_parsed_like_their_text(data: bytes) -> None:
    """Bytes that are not UTF-8 never break the parser; columns count characters of the decoded text."""
    text = data.decode("utf-8", "surrogateescape")
    outcome, same = _outcome(data), _outcome(text)
    if isinstance(outcome, RuleError) and isinstance(same, RuleError):
        assert 1 <= outcome.column <= len(text) + 1
        assert (outcome.what, outcome.column) == (same.what, same.column)
    else:
        assert outcome == same


@given(st.lists(st.one_of(_RULES.map(lambda text: text.encode("utf-8", "replace")), st.binary())))
def test_every_line_of_a_file_is_a_rule_or_an_error(lines: list[bytes]) -> None:
    """A file is never given up; each line that says something is a rule, an error or control options."""
    data = b"\n".join(lines)
    physical = data.split(b"\n")
    for line in parse_file(data, _NAMES):
        assert [line.parsed is None, line.error is None, not line.controls].count(False) == 1
        assert line.text == physical[line.number - 1].decode("utf-8", "surrogateescape")
        if line.error is not None:
            assert 1 <= line.error.column <= len(line.text) + 1


@pytest.mark.parametrize(
    ("text", "pointed_at"),
    [
        ("-a always,exit -S opne", "opne"),
        ("-a always,exit -F arch=b64 -S open,opne,read", "opne"),
        ("-a always,exit -F arch=b65", "b65"),
        ("-a always,exit -F arch=b64 -F uidd=0", "uidd"),
        ("-a always,exit -F arch>b64", ">b64"),
        ("-a always,exit -F uid=nosuch", "nosuch"),
        ("-a always,exit -F uid=1000abc", "abc"),
        ("-a always,exit -F uid=4294967296", "4294967296"),
        ("-a always,exit -F exit=-ENOWAY", "-ENOWAY"),
        ("-a always,exit -F gid=nosuch", "nosuch"),
        ("-a always,exit -F perm=wq", "q"),
        ("-a always,exit -F perm=rwxar", "r"),
        ("-a always,exit -F filetype=char", "char"),
        ("-a always,exit -F success=2", "2"),
        ("-a always,exit -F =5", "=5"),
        ("-a always,exit -F uid=", ""),
        ("-a always,exit -F uid", ""),
        ("-a always,exit -C uid=nosuch", "nosuch"),
        ("-a always,exit -C uid=gid", "gid"),
        ("-a always,task -F exit=1", "exit=1"),
        ("-a always,exist", "exist"),
        ("-a allways,exit", "allways,exit"),
        ("-a always;exit", "always;exit"),
        ("-a always,exit -S", ""),
        ("-a always,exit -S open -k a>=b", ">=b"),
        ("-a always,exit -k early", "early"),
        ("-a always,exit -F key=early", "early"),
        ("-a always,exit -S open # why", "# why"),
        ("-w relative", "relative"),
        ("-w /etc -p wz", "z"),
        ("-w /a\\ b -S opne", "opne"),
        ("-w /é -S opne", "opne"),
        ("-w /etc -a always,exit", "always,exit"),
        ("-S open -F arch=b64", "arch=b64"),
        ("-a always,exit -S open -F arch=b64", "arch=b64"),
        ("-a always,task -S open", "open"),
        ("-S open", "-S open"),
        ("-w /etc -z", "z"),
        ("-b 64", "-b 64"),
        ("-w /x\0y", "\0y"),
        ("-w /x\n-w /y", "\n-w /y"),
        ("-w /x\r", "\r"),
        ("-w /\ud800", "\ud800"),
    ],
)
def test_the_column_is_that_of_the_trouble(text: str, pointed_at: str) -> None:
    """What is wrong starts at the column: escapes and characters of several bytes do not shift it."""
    with pytest.raises(RuleError) as raised:
        parse_rule(text, _NAMES)
    rest = text[raised.value.column - 1 :]
    assert rest.startswith(pointed_at)
    assert rest or not pointed_at
    assert raised.value.column == text.rindex(pointed_at) + 1


@pytest.mark.parametrize("text", ["", " ", "   "])
def test_an_empty_line_is_no_rule(text: str) -> None:
    """Files may have blank lines; a rule may not be one."""
    with pytest.raises(RuleError, match="empty line"):
        parse_rule(text, _NAMES)


def test_text_may_be_bytes() -> None:
    """A path that is not UTF-8 reaches the kernel as it is."""
    assert _path(parse_rule(b"-w /srv/\xff\xfe -p wa", _NAMES).rule) == b"/srv/\xff\xfe"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        (r"-w /my\ file", b"/my file"),
        (r"-w /a\\b", rb"/a\b"),
        (r"-w /a\nb", rb"/a\nb"),
        (r"-w /a\\\ b", rb"/a\ b"),
        ("-w /a\\", b"/a\\"),
        (r"-w/my\ file", b"/my file"),
        ("-w /a\tb", b"/a\tb"),
        ("-w '/quoted'", None),
    ],
)
def test_a_backslash_escapes_a_space_and_itself_alone(written: str, path: bytes | None) -> None:
    """There is no other quoting: everything else is literal."""
    if path is None:
        with pytest.raises(RuleError):
            parse_rule(written, _NAMES)
    else:
        assert _path(parse_rule(written, _NAMES).rule) == path


def test_arguments_may_be_attached_and_options_end_at_two_dashes() -> None:
    """As with every program that uses getopt."""
    separate = parse_rule("-a always,exit -F arch=b64 -S open -k x", _NAMES).rule
    assert parse_rule("-aalways,exit -Farch=b64 -Sopen -kx --", _NAMES).rule == separate


def test_a_directory_is_watched_as_one() -> None:
    """What a path is now decides between dir and path; a trailing slash does not matter."""
    assert parse_rule("-w /etc/ -p wa", _NAMES).rule == parse_rule("-w /etc -p wa", _NAMES).rule
    assert parse_rule("-w /etc", _NAMES).rule.fields[0].code == c.AUDIT_DIR
    assert parse_rule("-w /etc/passwd", _NAMES).rule.fields[0].code == c.AUDIT_WATCH


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("-a always,exit -S open", "without arch"),
        ("-w /etc/../x", "'..'"),
        ("-w /etc/*.conf", "wildcards"),
        ("-w /etc/passwd -S open", "-S changes nothing"),
        ("-a always,io_uring -S all", "not all operations"),
    ],
)
def test_a_rule_that_may_not_mean_what_it_says_has_a_warning(text: str, word: str) -> None:
    """It is loaded all the same."""
    (warning,) = parse_rule(text, _NAMES).warnings
    assert word in warning


@pytest.mark.parametrize(
    "text",
    [
        "-a always,exit -F arch=b64 -S open",
        "-a always,exit -S 59",
        "-a always,exit -S all,open",
        "-d always,exit -S open",
        "-w /etc/passwd -p wa",
    ],
)
def test_a_clear_rule_has_no_warning(text: str) -> None:
    """A warning that always comes is one that nobody reads."""
    assert parse_rule(text, _NAMES).warnings == ()


def test_a_deletion_is_told_apart() -> None:
    """-d and -W ask for the rule to go."""
    added = parse_rule("-w /etc -p wa -k x", _NAMES)
    deleted = parse_rule("-W /etc -p wa -k x", _NAMES)
    assert (added.delete, deleted.delete) == (False, True)
    assert added.rule == deleted.rule
    assert parse_rule("-d always,exit", _NAMES).delete


def test_several_keys_are_one_field_at_the_end() -> None:
    """Wherever they were given."""
    rule = parse_rule("-a always,exit -S open -k a -F uid=0 -F key=b", _NAMES).rule
    assert rule.keys == ("a", "b")
    assert rule.fields[-1].code == c.AUDIT_FILTERKEY


def test_a_rule_has_at_most_63_fields() -> None:
    """auditctl's limit; the keys are one of them."""
    most = "-a always,exit -S all" + " -F uid=0" * 63
    assert len(parse_rule(most, _NAMES).rule.fields) == 63
    for more in (" -F uid=0", " -k key", " -C uid=euid", " -p wa"):
        with pytest.raises(RuleError, match="at most 63 fields"):
            parse_rule(most + more, _NAMES)


def test_a_file_goes_on_after_a_bad_line() -> None:
    """Comments and blank lines count, and are no rules; a bad line is kept with its error."""
    data = b"# comment\n\n -w /etc/passwd -p wa\n-a bogus\n   # another\n-w /etc -k k"
    lines = parse_file(data, _NAMES)
    assert [(line.number, line.error is None) for line in lines] == [(3, True), (4, False), (6, True)]


def test_a_bad_line_keeps_nothing_of_how_it_was_read() -> None:
    """Frames and their variables would take four times the memory of all else; a log that is taken for rules has 100,000."""
    (line,) = parse_file(b"-w relative -p wa")

    assert line.error is not None
    assert (line.error.__traceback__, line.error.__cause__, line.error.__context__) == (None, None, None)


def test_a_long_line_of_a_file_is_an_error_and_not_two_rules() -> None:
    """auditctl would break it where its buffer ends; a long comment harms nobody."""
    fits = b"-w /etc/passwd" + b" " * (6143 - 14)
    fitting, long = parse_file(fits + b"\n" + fits + b" \n#" + fits, _NAMES)
    assert fitting.error is None
    assert long.error is not None
    assert (long.number, long.error.column) == (2, 6144)
    (cut,) = parse_file(fits[:-2] + "€".encode(), _NAMES)
    assert cut.error is not None
    assert cut.error.column == len(cut.text)


def test_a_message_quotes_a_rule_and_not_a_file() -> None:
    """One that was named by mistake may be a single line of 16 MiB."""
    rule = "-w /etc/passwd -p wa"

    assert excerpt(rule) == rule
    assert excerpt("x" * 1_000_000) == "x" * 1000 + "..."


def test_the_host_is_the_default() -> None:
    """Names, paths and the machine are those of the host unless others are given."""
    assert parse_rule("-w / -F uid=root").rule.fields[0].code == c.AUDIT_DIR
    assert parse_file(b"-w /")[0].error is None
    with pytest.raises(RuleError, match="no user"):
        parse_rule("-a always,exit -F uid=no-such-user-here")
    with pytest.raises(RuleError, match="no group"):
        parse_rule("-a always,exit -F gid=no-such-group-here")


def test_the_native_architecture_is_that_of_the_machine() -> None:
    """Names of system calls and b64 are looked up for the machine that the rule is for."""
    arm = Names(_NOBODY.get, _NOBODY.get, lambda _path: False, "aarch64")
    rule = parse_rule("-a always,exit -F arch=b64 -S openat", arm).rule
    assert (rule.fields[0].value, rule.mask) == (0xC00000B7, 1 << 56)
    strange = Names(_NOBODY.get, _NOBODY.get, lambda _path: False, "pdp11")
    for text in ("-a always,exit -S open", "-a always,exit -F arch=b64"):
        with pytest.raises(RuleError, match="pdp11"):
            parse_rule(text, strange)
    assert parse_rule("-a always,exit -F arch=x86_64 -S open", strange).rule.mask == 1 << 2


def test_a_condition_on_the_key_is_no_longer_than_a_key() -> None:
    """256 bytes, as auditctl has it."""
    text = "-a always,exit -F arch=b64 -S execve -F key!="
    assert parse_rule(text + "k" * 256, _NAMES).rule.fields[1].value == 256
    with pytest.raises(RuleError, match="longer than 256 bytes"):
        parse_rule(text + "k" * 257, _NAMES)
