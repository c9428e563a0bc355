"""Bodies of any type become pairs of names and raw values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.records import fields, parse_fields


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(b" ", [], id="a space"),
        pytest.param(b"a=1 b=2", [("a", b"1"), ("b", b"2")], id="bare"),
        pytest.param(b'a="x" b=2', [("a", b'"x"'), ("b", b"2")], id="quoted"),
        pytest.param(b'a="x y=z" b=2', [("a", b'"x y=z"'), ("b", b"2")], id="spaces and = within quotes"),
        pytest.param(b"a= b=2", [("a", b""), ("b", b"2")], id="no value"),
        pytest.param(b"a=1 a=2", [("a", b"1"), ("a", b"2")], id="duplicates"),
        pytest.param(b"key=(null) tty=(none)", [("key", b"(null)"), ("tty", b"(none)")], id="absent"),
        pytest.param(
            b'  a1[0]="x" a1_len=3', [("a1[0]", b'"x"'), ("a1_len", b"3")], id="two spaces, brackets"
        ),
        pytest.param(b"old-auid=1 new-level=s0", [("old-auid", b"1"), ("new-level", b"s0")], id="hyphens"),
        pytest.param(b"a=x=y", [("a", b"x=y")], id="= within a bare value"),
        pytest.param(
            b"subj=unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023 key=(null)",
            [("subj", b"unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023"), ("key", b"(null)")],
            id="SELinux context",
        ),
        pytest.param(
            b"subj=/usr/sbin/cupsd (enforce) key=(null)",
            [("subj", b"/usr/sbin/cupsd (enforce)"), ("key", b"(null)")],
            id="AppArmor context",
        ),
        pytest.param(
            b"auid=4294967295 ses=4294967295op=remove_rule path=/tmp/x list=4",
            [
                ("auid", b"4294967295"),
                ("ses", b"4294967295"),
                ("op", b"remove_rule"),
                ("path", b"/tmp/x"),
                ("list", b"4"),
            ],
            id="the space that the kernel forgot",
        ),
        pytest.param(
            b"pid=1 uid=0 msg='op=adding user id=1001 exe=\"/x\" res=success'",
            [
                ("pid", b"1"),
                ("uid", b"0"),
                ("op", b"adding user"),
                ("id", b"1001"),
                ("exe", b'"/x"'),
                ("res", b"success"),
            ],
            id="message with a value of two words",
        ),
        pytest.param(
            b"pid=1 msg='it's text' x=1",
            [("pid", b"1"), ("text", b"it's text"), ("x", b"1")],
            id="quote within",
        ),
        pytest.param(b"msg='open", [("text", b"open")], id="message without its end"),
        pytest.param(b"msg='msg='a=b''", [("msg", b"'a=b'")], id="message within a message"),
        pytest.param(
            b'avc:  denied  { read write } for  pid=1 comm="x" tclass=file permissive=0',
            [
                ("seresult", b"denied"),
                ("seperms", b"read write"),
                ("pid", b"1"),
                ("comm", b'"x"'),
                ("tclass", b"file"),
                ("permissive", b"0"),
            ],
            id="AVC",
        ),
        pytest.param(
            b"pid=1 msg='avc:  denied  { send_msg } for msgtype=method_call'",
            [("pid", b"1"), ("seresult", b"denied"), ("seperms", b"send_msg"), ("msgtype", b"method_call")],
            id="AVC of a program",
        ),
        pytest.param(
            b"avc:  received policyload", [("text", b"avc:  received policyload")], id="AVC of another kind"
        ),
        pytest.param(
            b"tty pid=1 uid=0 data=6C73",
            [("text", b"tty"), ("pid", b"1"), ("uid", b"0"), ("data", b"6C73")],
            id="leading text",
        ),
        pytest.param(
            b'a="x" more words b=1', [("a", b'"x"'), ("text", b"more words"), ("b", b"1")], id="stray words"
        ),
        pytest.param(
            b'comm="c exe="/usr/bin/x" key="k1"',
            [("comm", b'"c'), ("exe", b'"/usr/bin/x"'), ("key", b'"k1"')],
            id="a quote that is not closed",
        ),
        pytest.param(b'key="x"list=4', [("key", b'"x"'), ("list", b"4")], id="no space after a quote"),
        pytest.param(
            b'op=trusted app \xff\xfe "q"', [("op", b'trusted app \xff\xfe "q"')], id="bytes that are no text"
        ),
        pytest.param(
            b'msg=\'PAM: authentication acct="root" : exe="/x" (hostname=h, addr=1.2.3.4, terminal=ssh res=success)\'',
            [
                ("text", b"PAM: authentication"),
                ("acct", b'"root"'),
                ("text", b":"),
                ("exe", b'"/x"'),
                ("hostname", b"h"),
                ("addr", b"1.2.3.4"),
                ("terminal", b"ssh"),
                ("res", b"success"),
            ],
            id="brackets of 2007",
        ),
        pytest.param(
            b"login pid=1 uid=0 old auid=4294967295 new auid=1000 old ses=4294967295 new ses=2 res=1",
            [
                ("text", b"login"),
                ("pid", b"1"),
                ("uid", b"0"),
                ("old-auid", b"4294967295"),
                ("auid", b"1000"),
                ("old-ses", b"4294967295"),
                ("ses", b"2"),
                ("res", b"1"),
            ],
            id="LOGIN of 2012",
        ),
        pytest.param(
            b"pid=1 msg='op=x new auid=5'",
            [("pid", b"1"), ("op", b"x new"), ("auid", b"5")],
            id="the same words in a message",
        ),
        pytest.param(
            b"user pid=1 msg='PAM: session open acct=root : exe=\"/x\"'",
            [
                ("text", b"user"),
                ("pid", b"1"),
                ("text", b"PAM: session open"),
                ("acct", b"root"),
                ("text", b":"),
                ("exe", b'"/x"'),
            ],
            id="an account without quotes of 2007",
        ),
        pytest.param(
            b"audit_enabled=1 old=0 by auid=5 op=-1 more",
            [
                ("audit_enabled", b"1"),
                ("old", b"0"),
                ("text", b"by"),
                ("auid", b"5"),
                ("op", b"-1"),
                ("text", b"more"),
            ],
            id="a number has one word",
        ),
        pytest.param(
            b"auditd normal halt, sending auid=0 pid=2 res=success, auditd pid=1",
            [
                ("text", b"auditd normal halt, sending"),
                ("auid", b"0"),
                ("pid", b"2"),
                ("res", b"success,"),
                ("text", b"auditd"),
                ("pid", b"1"),
            ],
            id="a comma ends a value",
        ),
        pytest.param(
            b"subj=7 (enforce) key=(null) obj=a, b (complain)",
            [("subj", b"7 (enforce)"), ("key", b"(null)"), ("obj", b"a, b (complain)")],
            id="but that of a label",
        ),
    ],
)
def test_every_shape_has_its_pairs(body: bytes, pairs: list[tuple[str, bytes]]) -> None:
    """In order, duplicates kept, values raw."""
    assert parse_fields(body) == pairs


_NAMES = st.sampled_from(["a", "op", "ses", "auid", "old-auid", "a1[0]", "msg", "cap_fp", "text", "A1"])
_VALUES = st.one_of(
    st.from_regex(rb'[^ "\'=()\xff]{0,8}', fullmatch=True),
    st.from_regex(rb'"[^"]{0,8}"', fullmatch=True),
)


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=8))
def test_the_quick_way_and_the_scanner_agree(pairs: list[tuple[str, bytes]]) -> None:
    """What the quick way takes, the scanner takes apart in the same way."""
    body = b" ".join(name.encode() + b"=" + value for name, value in pairs)

    assert fields.PLAIN.fullmatch(body)
    assert parse_fields(body) == fields._Scanner(body).scan() == pairs


@given(
    st.lists(
        st.sampled_from(
            [
                b"a=",
                b"msg='",
                b"'",
                b'"',
                b" ",
                b"x",
                b" msg='",
                b"a=1 ",
                b'b="x y"',
                b"avc:  denied  { r } for ",
                b"ses=1",
                b"(",
                b"\xff",
                b"\x1d",
            ]
        ),
        max_size=30,
    ).map(b"".join)
)
def test_no_body_makes_it_fail(body: bytes) -> None:
    """Values are pieces of the body, names are names, whatever the body is; and both ways read the same."""
    assert parse_fields(body) == fields._Scanner(body).scan()
    for name, value in parse_fields(body):
        assert fields._NAME.fullmatch(name.encode() + b"=")
        assert value in body


@pytest.mark.parametrize("unit", [b"x ", b"a=1 ", b"a=' ", b'a="', b"(a=", b"msg='", b"avc: ", b"ses=1a="])
def test_long_bodies_take_linear_time(unit: bytes) -> None:
    """The longest line of the raw log is read at once, whatever it repeats."""
    body = unit * (65_536 // len(unit))

    assert sum(len(value) for _, value in parse_fields(body)) <= len(body)
