"""libaudit-go's JSON to rules, and back."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import Names, Rule, parse_rule
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.libaudit_go import (
    LibauditGoRule,
    LibauditGoRules,
    LibauditGoSettings,
    parse_libaudit_go,
)
from mig_audit.modules.audit.rules.libaudit_go_print import print_libaudit_go
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS, Field
from mig_audit.modules.audit.tables import syscall_number

_DATA = Path(__file__).resolve().parents[3] / "data" / "rules"
_DIRECTORIES = frozenset(
    (b"/", b"/etc", b"/etc/sudoers.d", b"/etc/ld.so.conf.d", b"/var/spool/at", b"/root/.ssh")
)
_NAMES = Names({"root": 0, "joe": 1000}.get, {"adm": 4}.get, _DIRECTORIES.__contains__, "x86_64")
_NOBODY: dict[str, int] = {}
_ALWAYS = {"actions": ["always", "exit"]}

Json = dict[str, Any]


def _there(_path: bytes) -> bool:
    return True


def _document(document: object, exists: Callable[[bytes], bool] = _there) -> LibauditGoRules:
    return parse_libaudit_go(json.dumps(document).encode(), _NAMES, exists)


def _one(element: object, exists: Callable[[bytes], bool] = _there) -> LibauditGoRule:
    (rule,) = _document({"audit_rules": [element]}, exists).rules
    return rule


def _rule(element: object) -> Rule:
    read = _one(element)
    assert read.error is None, read.error
    assert read.parsed is not None
    return read.parsed.rule


def _error(element: object) -> tuple[str, RuleError]:
    read = _one(element)
    assert read.parsed is None
    assert read.error is not None
    return read.text, read.error


def _text(line: str) -> Rule:
    return parse_rule(line, _NAMES).rule


def _shipped(name: str) -> tuple[LibauditGoRules, list[str]]:
    folder = _DATA / "libaudit-go"
    read = parse_libaudit_go((folder / f"{name}.json").read_bytes(), _NAMES, _there)
    return read, (folder / f"{name}.rules").read_text("utf-8").splitlines()


def _with(name: str, value: object, op: object = "eq", **members: object) -> Json:
    return {**_ALWAYS, "fields": [{"name": name, "op": op, "value": value}], **members}


@pytest.mark.parametrize("dialect", ["old", "new"])
def test_a_document_is_the_rules_of_its_text_in_order(dialect: str) -> None:
    """Every element has the bytes that auditctl's text of the same rule has."""
    read, lines = _shipped(dialect)
    assert read.dialect == dialect
    assert [rule.error for rule in read.rules] == [None] * len(lines)
    packed = [rule.parsed.rule.pack() for rule in read.rules if rule.parsed]
    assert packed == [_text(line).pack() for line in lines]


def test_filters_without_syscalls_are_for_all_of_them() -> None:
    """The 34 noise filters of the old document match: their masks are full."""
    read, _lines = _shipped("old")
    rules = [rule.parsed.rule for rule in read.rules if rule.parsed]
    never = [
        rule for rule in rules if (rule.filter_list, rule.action) == (c.AUDIT_FILTER_EXIT, c.AUDIT_NEVER)
    ]
    assert len(never) == 34
    assert {rule.mask for rule in never} == {ALL_SYSCALLS}


def test_the_settings_of_a_document_are_numbers() -> None:
    """The old dialect writes them as strings; numbers will do, and what is not there is None."""
    read, _lines = _shipped("old")
    assert read.settings == LibauditGoSettings(enable=1, buffer=8192, rate=350, delete=True)
    given = {"audit_rules": [], "enable": True, "rate": 0, "buffer": 16384, "delete": False}
    assert _document(given).settings == LibauditGoSettings(1, 16384, 0, delete=False)
    assert _document({"audit_rules": [], "enable": "2", "delete": None}).settings == LibauditGoSettings(2)
    assert _document({"syscall_rules": []}).settings == LibauditGoSettings()


def test_the_order_of_the_old_dialect_is_that_of_the_document() -> None:
    """Whichever of the two arrays is first is loaded first."""
    watch, call = {"path": "/etc/issue"}, {**_ALWAYS, "syscalls": ["open"]}
    first = _document({"syscall_rules": [call, call], "file_rules": [watch]})
    second = _document({"file_rules": [watch], "syscall_rules": [call, call]})
    assert [rule.path for rule in first.rules] == [
        "$.syscall_rules[0]",
        "$.syscall_rules[1]",
        "$.file_rules[0]",
    ]
    assert [rule.path for rule in second.rules] == [
        "$.file_rules[0]",
        "$.syscall_rules[0]",
        "$.syscall_rules[1]",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "line 1 is not JSON"),
        (b'{"audit_rules":\n[}', "line 2 is not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b"{}", "no audit_rules"),
        (b'{"delete": true}', "no audit_rules"),
        (b'{"audit_rules": [NaN]}', "NaN is not JSON"),
        (b'{"audit_rules": null}', "no array"),
        (b'{"audit_rules": {}}', "no array"),
        (b'{"file_rules": [], "audit_rules": []}', "audit_rules and file_rules"),
        (b'{"audit_rules": [], "audit_rules": []}', "occurs twice"),
        (b'{"audit_rules": [], "rules": []}', "'rules' has no meaning"),
        (b'{"audit_rules": [], "rate": "fast"}', "rate is not a number"),
        (b'{"audit_rules": [], "rate": true}', "rate is not a number"),
        (b'{"audit_rules": [], "buffer": -1}', "buffer is not a number"),
        (b'{"audit_rules": [], "buffer": [1]}', "buffer is not a number"),
        (b'{"audit_rules": [], "enable": 3}', "enable is not a number"),
        (b'{"audit_rules": [], "delete": "yes"}', "delete is neither"),
        (b'{"audit_rules": [], "delete": []}', "delete is neither"),
        (b'{"audit_rules": [], "strict_path_check": 1}', "strict_path_check is neither"),
        (b'{"audit_rules": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_document_that_is_none_is_an_error(data: bytes, message: str) -> None:
    """What cannot be said of one element is said of the document."""
    with pytest.raises(RuleError, match=message):
        parse_libaudit_go(data, _NAMES)


@pytest.mark.parametrize(
    ("element", "message", "pointed"),
    [
        (5, "a rule is a JSON object", "5"),
        (None, "a rule is a JSON object", "null"),
        ([], "a rule is a JSON object", "[]"),
        ({}, "one list and one action", "{}"),
        ({"actions": "always,exit"}, "actions is to be an array", '"always,exit"'),
        ({"actions": ["always"]}, "one list and one action", '["always"]'),
        ({"actions": ["always", "never", "exit"]}, "one list and one action", '["always"'),
        ({"actions": ["always", "exit", "task"]}, "one list and one action", '["always"'),
        ({"actions": ["allways", "exit"]}, "neither a list nor an action 'allways'", '"allways"'),
        ({"actions": ["always", "exitt"]}, "neither a list nor an action 'exitt'", '"exitt"'),
        ({"actions": ["possible", "exit"]}, "the action possible is gone", '"possible"'),
        ({"actions": ["always", None]}, "a string or a whole number", "null"),
        ({**_ALWAYS, "syscall": ["open"]}, "'syscall' has no meaning", '["open"]'),
        ({**_ALWAYS, "syscalls": "open"}, "syscalls is to be an array", '"open"'),
        ({**_ALWAYS, "syscalls": []}, "there is no system call", "[]"),
        ({**_ALWAYS, "syscalls": ["open", "opn"]}, "x86_64 has no system call 'opn'", '"opn"'),
        ({**_ALWAYS, "syscalls": ["open", ""]}, "no system call ''", '""'),
        ({**_ALWAYS, "syscalls": ["open,opn"]}, "no system call 'open,opn'", '"open,opn"'),
        ({**_ALWAYS, "syscalls": [True]}, "a string or a whole number", "true"),
        ({"actions": ["never", "task"], "syscalls": ["open"]}, "has no system calls", '"open"'),
        ({**_ALWAYS, "fields": {}}, "fields is to be an array", "{}"),
        ({**_ALWAYS, "fields": ["uid=0"]}, "a field is an object", '"uid=0"'),
        ({**_ALWAYS, "fields": [{"name": "uid", "op": "eq"}]}, "a field needs value", '{"name"'),
        ({**_ALWAYS, "fields": [{"name": "uid", "value": 0}]}, "a field needs op", '{"name"'),
        (_with("uid", 0, negate=True), "'negate' has no meaning", "true"),
        (_with("uid", 0, "!="), "there is no operator '!='", '"!="'),
        (_with("uid", 0, ""), "there is no operator ''", '""'),
        (_with("uid", 0, ["eq"]), r"there is no operator \['eq'\]", '["eq"]'),
        (_with("auid>", 1000), "there is no field 'auid>'", '"auid>"'),
        (_with("command", 0), "there is no field 'command'", '"command"'),
        ({**_ALWAYS, "fields": [{"name": ["uid"], "op": "eq", "value": 0}]}, "no field", '["uid"]'),
        (_with("uid", "nobody-there"), "there is no user", '"nobody-there"'),
        (_with("uid", True), "a string or a whole number", "true"),
        (_with("uid", 1.5), "a string or a whole number", "1.5"),
        (_with("uid", 1e300), "a string or a whole number", "1e+300"),
        (_with("uid", 10**80), "a string or a whole number", "1e+80"),
        (_with("uid", [0]), "a string or a whole number", "[0]"),
        (_with("uid", 2**32), "does not fit", "4294967296"),
        (_with("uid", ""), "a value is missing", '""'),
        (_with("uid", "1000x"), "not a number up to its end", '"1000x"'),
        (_with("path", 5), "this field has a string", "5"),
        (_with("perm", 7), "this field has a string", "7"),
        (_with("perm", "rwe"), "not 'e'", '"rwe"'),
        (_with("perm", "w", "nt_eq"), "perm takes =", '"nt_eq"'),
        (_with("filetype", "pipe"), "'pipe' is not file", '"pipe"'),
        (_with("arch", 16), "no architecture '16'", "16"),
        (_with("arch", 64, "gt"), "arch takes", '"gt"'),
        (_with("exit", "-ENOWHERE"), "neither a number nor an errno", '"-ENOWHERE"'),
        (_with("msgtype", 1300), "cannot be used on the exit list", '"msgtype"'),
        (_with("success", 2), "is not from 0 to 1", "2"),
        (_with("path", "/a!=b"), "cannot have '!=' in it", '"/a!=b"'),
        (_with("a0", "=5", "gt"), "cannot have '>=' in it", '"=5"'),
        (_with("path", "/a\0b"), "cannot hold a NUL", '"/a\\u0000b"'),
        (_with("path", "/\ud800"), "half a character", '"/\\ud800"'),
        (_with("uid", 0, key=5), "key is to be a string", "5"),
        (_with("path", "/a", key="k" * 257), "more than 256 bytes", '"kkk'),
        (_with("path", "/a", key="a\1b"), "a key cannot have", '"a\\u0001b"'),
        (_with("key", "a", syscalls=["open"], key="b"), "a rule has one key", '"b"'),
        ({"actions": ["always", "user"], "key": "k"}, "a key is not possible here", '"k"'),
        ({**_ALWAYS, "fields": [{"name": "uid", "op": "eq", "value": 0}] * 64}, "at most 63", '"uid"'),
        ({"path": None, "permission": "w"}, "needs a path", "null"),
        ({"path": "", "permission": "w"}, "needs a path", '""'),
        ({"path": 5, "permission": "w"}, "path is to be a string", "5"),
        ({"path": "etc", "permission": "w"}, "an absolute path", '"etc"'),
        ({"path": "/" + "a" * 256, "permission": "w"}, "a path has at most", '"/aaa'),
        ({"path": "/etc"}, "a file rule needs a permission", '{"path"'),
        ({"path": "/etc", "permission": ""}, "a file rule needs a permission", '""'),
        ({"path": "/etc", "permission": "rwxaa"}, "up to four", '"rwxaa"'),
        ({"path": "/etc", "permission": ["w"]}, "permission is to be a string", '["w"]'),
        ({"path": "/etc", "permission": "w", "strict_path_check": "no"}, "true or false", '"no"'),
        ({"path": "/etc", "permission": "w", "syscalls": ["open"]}, "'syscalls' has no meaning", '["open"]'),
    ],
)
def test_a_trap_is_an_error_that_points_at_it(element: object, message: str, pointed: str) -> None:
    """What libaudit-go passes over, cuts off or guesses is refused, and the column is that of the value."""
    text, error = _error(element)
    with pytest.raises(RuleError, match=message):
        raise error
    assert text[error.column - 1 :].startswith(pointed)


def test_an_element_that_is_no_rule_stops_no_other() -> None:
    """Each has its own outcome, in its own place."""
    good = {"path": "/etc/issue", "permission": "w"}
    read = _document({"audit_rules": [good, 5, {"path": []}, good, {"actions": []}, good]})
    assert [rule.error is None for rule in read.rules] == [True, False, False, True, False, True]
    assert [rule.path for rule in read.rules] == [f"$.audit_rules[{index}]" for index in range(6)]


@pytest.mark.parametrize(
    ("element", "pointed"),
    [
        ('{"path": "/a", "permission": "w", "path": "/b"}', '"/b"'),
        ('{"actions": ["always", "exit"], "key": "a", "key": "a"}', '"a"}'),
        (
            '{"actions": ["always", "exit"], "fields": [{"name": "uid", "op": "eq", "op": "gt", "value": 0}]}',
            '"gt"',
        ),
    ],
)
def test_a_member_that_occurs_twice_is_an_error(element: str, pointed: str) -> None:
    """The last one would win; nobody knows which was meant."""
    (read,) = parse_libaudit_go(f'{{"audit_rules": [{element}]}}'.encode(), _NAMES).rules
    assert read.error is not None
    assert "occurs twice" in read.error.what
    assert read.text[read.error.column - 1 :].startswith(pointed)
    assert json.loads(read.text) == json.loads(element)


@pytest.mark.parametrize(
    ("element", "line"),
    [
        (_with("pid", 1), "-a always,exit -F pid=1"),
        (_with("arch", 64, syscalls=["open"]), "-a always,exit -F arch=b64 -S open"),
        (_with("arch", 32, syscalls=["open"]), "-a always,exit -F arch=b32 -S open"),
        (_with("arch", "64"), "-a always,exit -F arch=b64"),
        (_with("arch", "b32"), "-a always,exit -F arch=b32"),
        (_with("arch", "aarch64", syscalls=["openat"]), "-a always,exit -F arch=aarch64 -S openat"),
        (_with("arch", 0xC000003E), "-a always,exit -F arch=b64"),
        (_with("arch", 64, "nt_eq"), "-a always,exit -F arch!=b64"),
        (_with("exit", -13), "-a always,exit -F exit=-EACCES"),
        (_with("exit", "-EACCES"), "-a always,exit -F exit=-13"),
        (_with("auid", "unset", "nt_eq"), "-a always,exit -F auid!=-1"),
        (_with("auid", 4294967295), "-a always,exit -F auid=unset"),
        (_with("auid", "1000"), "-a always,exit -F auid=1000"),
        (_with("auid", 1e3), "-a always,exit -F auid=1000"),
        (_with("auid", "joe"), "-a always,exit -F auid=joe"),
        (_with("gid", "adm"), "-a always,exit -F gid=4"),
        (_with("field_compare", 1), "-a always,exit -C uid=obj_uid"),
        (_with("exe", "/bin/true"), "-a always,exit -F exe=/bin/true"),
        (_with("uid", 0, key="k"), "-a always,exit -S all -F uid=0 -k k"),
        (_with("key", "k", syscalls=["open"]), "-a always,exit -S open -F key=k"),
        (_with("path", "/a b"), r"-a always,exit -F path=/a\ b"),
        (_with("path", "/a=b"), "-a always,exit -F path=/a=b"),
        (_with("arch", 64, syscalls=["all"], key=""), "-a always,exit -F arch=b64 -S all"),
        ({**_ALWAYS, "syscalls": ["59", 60]}, "-a always,exit -S 59,60"),
        ({**_ALWAYS, "syscalls": None, "fields": None, "key": None}, "-a always,exit"),
        ({"actions": ["exit", "always"], "fields": []}, "-a always,exit"),
        ({"actions": ["never", "task"]}, "-a never,task"),
        ({"actions": ["never", "filesystem"]}, "-a never,filesystem"),
        ({"actions": ["never", "io_uring"], "syscalls": ["openat"]}, "-a never,io_uring -S openat"),
        ({"path": "/etc/", "permission": "wa", "key": "e"}, "-w /etc -p wa -k e"),
        ({"path": "/etc", "permission": "WA"}, "-a always,exit -F dir=/etc -F perm=wa"),
        ({"path": "/", "permission": "x"}, "-w / -p x"),
        ({"path": "/etc/shadow//", "permission": "r"}, "-a always,exit -F path=/etc/shadow -F perm=r"),
    ],
)
def test_an_element_means_what_its_text_means(element: object, line: str) -> None:
    """Numbers, names and numbers in strings; both languages have the same bytes."""
    assert _rule(element).pack() == _text(line).pack()


def test_message_types_go_by_number_and_by_name() -> None:
    """libaudit-go knows numbers alone."""
    exclude = {"actions": ["always", "exclude"]}
    for value in (1327, "1327", "PROCTITLE"):
        element = {**exclude, "fields": [{"name": "msgtype", "op": "eq", "value": value}]}
        assert _rule(element) == _text("-a always,exclude -F msgtype=PROCTITLE")


def test_permission_may_be_left_out_in_the_old_dialect_alone() -> None:
    """There it stands for all four."""
    (read,) = _document({"file_rules": [{"path": "/etc/shadow"}]}).rules
    assert read.parsed is not None
    assert read.parsed.rule == _text("-w /etc/shadow -p rwxa")
    assert "needs a permission" in _error({"path": "/etc/shadow"})[1].what


@pytest.mark.parametrize(
    ("document", "element", "refused"),
    [
        (None, None, False),
        (False, None, False),
        (True, None, True),
        (True, False, False),
        (False, True, True),
        (None, True, True),
    ],
)
def test_a_path_that_is_not_there_is_an_error_where_it_is_asked_for(
    document: Optional[bool], element: Optional[bool], refused: bool
) -> None:
    """The element's word counts more than the document's; without one the rule is there, with a warning."""
    looked_up: list[bytes] = []

    def is_there(path: bytes) -> bool:
        looked_up.append(path)
        return False

    rule = {"path": "/opt/gone/", "permission": "w", "strict_path_check": element}
    given = {"audit_rules": [rule], "strict_path_check": document}
    result = _document(given, is_there)
    (read,) = result.rules
    assert result.strict_path_check is bool(document)
    assert looked_up == [b"/opt/gone"]
    if refused:
        assert read.error is not None
        assert "is not there" in read.error.what
    else:
        assert read.parsed is not None
        assert read.parsed.rule == _text("-w /opt/gone -p w")
        assert any("is not there" in warning for warning in read.parsed.warnings)


def test_what_is_not_as_it_looks_has_a_warning() -> None:
    """The list entry, permissions that widen the system calls, and a wildcard that is none."""
    widened = _with("perm", "w", syscalls=["openat"])
    for element, words in (
        ({"actions": ["always", "entry"]}, "entry is gone"),
        (widened, "perm adds its own system calls"),
        ({"path": "/srv/*", "permission": "w"}, "no wildcards"),
    ):
        read = _one(element)
        assert read.parsed is not None
        assert any(words in warning for warning in read.parsed.warnings)
    assert _rule(widened) == _text("-a always,exit -S openat -F perm=w")
    plain = _one({**_ALWAYS, "syscalls": ["openat"]})
    assert plain.parsed is not None
    assert not any("perm" in warning for warning in plain.parsed.warnings)


_SYMBOLS = {
    "eq": "=",
    "nt_eq": "!=",
    "gt": ">",
    "lt": "<",
    "gt_or_eq": ">=",
    "lt_or_eq": "<=",
    "and": "&",
    "and_eq": "&=",
}
_PATHS = st.text("abc./ \\é*=", min_size=1, max_size=9).map("/{}".format)
_NUMBERS = st.integers(0, 0xFFFFFFFF)
_ANY_OP = st.sampled_from(sorted(_SYMBOLS))
_EQUAL = st.just("eq")
_CONDITIONS = st.one_of(
    st.tuples(
        st.sampled_from(["pid", "uid", "gid", "pers", "a0", "a3", "ppid", "devmajor"]), _ANY_OP, _NUMBERS
    ),
    st.tuples(
        st.sampled_from(["auid", "loginuid", "euid"]), _ANY_OP, st.sampled_from(["unset", "joe", "0", 7])
    ),
    st.tuples(st.just("exit"), _ANY_OP, st.one_of(st.integers(-4095, 0), st.just("-EPERM"))),
    st.tuples(st.sampled_from(["path", "dir"]), _EQUAL, _PATHS),
    st.tuples(st.just("perm"), _EQUAL, st.text("rwxa", min_size=1, max_size=4)),
    st.tuples(st.just("filetype"), _ANY_OP, st.sampled_from(["file", "socket"])),
    st.tuples(st.sampled_from(["subj_type", "obj_user"]), _ANY_OP, st.text("abc:_", min_size=1)),
)
_CALLS = st.lists(st.sampled_from(["open", "openat", "59", "unlink", "execve"]), max_size=3)
_KEYS = st.one_of(st.none(), st.text("abc- é", min_size=1, max_size=5))


def _escaped(text: object) -> str:
    return str(text).replace("\\", "\\\\").replace(" ", "\\ ")


@given(
    st.sampled_from([None, 64, 32]),
    _CALLS,
    st.lists(_CONDITIONS, max_size=6),
    _KEYS,
    st.sampled_from(["always", "never"]),
)
def test_json_and_text_of_a_rule_have_the_same_bytes(
    arch: Optional[int],
    calls: list[str],
    conditions: list[tuple[str, str, object]],
    key: Optional[str],
    action: str,
) -> None:
    """Whatever the rule is, and where the one is refused the other is."""
    reasons = calls or {"path", "dir", "perm"} & {name for name, _, _ in conditions}
    element: Json = {"actions": [action, "exit"]}
    words = [f"-a {action},exit"]
    fields = [{"name": name, "op": op, "value": value} for name, op, value in conditions]
    if arch:
        fields.insert(0, {"name": "arch", "op": "eq", "value": arch})
        words.append(f"-F arch=b{arch}")
    if calls:
        element["syscalls"] = calls
    words += [f"-S {call}" for call in calls] or (["-S all"] if key and not reasons else [])
    words += [f"-F {name}{_SYMBOLS[op]}{_escaped(value)}" for name, op, value in conditions]
    if key:
        element["key"] = key
        words.append(f"-k {_escaped(key)}")
    read = _one({**element, "fields": fields})
    try:
        expected = _text(" ".join(words))
    except RuleError:
        assert read.error is not None
        return
    assert read.parsed is not None, read.error
    assert read.parsed.rule.pack() == expected.pack()


@given(_PATHS, st.one_of(st.none(), st.text("rwxa", min_size=1, max_size=4)), _KEYS)
def test_a_file_rule_is_the_watch_of_its_text(
    path: str, permission: Optional[str], key: Optional[str]
) -> None:
    """-w, -p and -k say the same."""
    element = {"path": path, "permission": permission, "key": key}
    line = f"-w {_escaped(path)}"
    line += f" -p {permission}" if permission else ""
    line += f" -k {_escaped(key)}" if key else ""
    (read,) = _document({"file_rules": [element]}).rules
    assert read.parsed is not None
    assert read.parsed.rule.pack() == _text(line).pack()


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(
        ["always", "exit", "open", "/etc", "w", "uid", "eq", "arch", "path", "key", "perm", "b64", "\ud800"]
    ),
)
_MEMBERS = st.sampled_from(
    [
        "path",
        "permission",
        "key",
        "strict_path_check",
        "actions",
        "syscalls",
        "fields",
        "name",
        "op",
        "value",
        "x",
    ]
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_MEMBERS, inner, max_size=4)),
)
_FIELDS = st.fixed_dictionaries({"name": _LEAVES, "op": _ANY_OP, "value": _LEAVES})
_ELEMENTS = st.one_of(
    _VALUES,
    st.fixed_dictionaries({"path": _LEAVES, "permission": _LEAVES}, optional={"key": _LEAVES}),
    st.fixed_dictionaries(
        {"actions": st.just(["always", "exit"]), "fields": st.lists(_FIELDS, max_size=3)},
        optional={"syscalls": st.lists(_LEAVES, max_size=3), "key": _LEAVES},
    ),
)
_TOP = st.sampled_from(["audit_rules", "file_rules", "syscall_rules", "rate", "delete", "strict_path_check"])


@given(st.one_of(_VALUES, st.dictionaries(_TOP, st.one_of(_VALUES, st.lists(_ELEMENTS, max_size=4)))))
def test_no_document_makes_the_parser_fail(document: object) -> None:
    """Any JSON is rules, errors of its elements, or one RuleError."""
    try:
        read = _document(document)
    except RuleError:
        return
    for rule in read.rules:
        assert (rule.parsed is None) is (rule.error is not None)
        if rule.error is not None:
            assert 1 <= rule.error.column <= len(rule.text)


@given(st.lists(_ELEMENTS, min_size=1, max_size=5))
def test_every_element_has_an_outcome(elements: list[object]) -> None:
    """None is lost, and none but its own text is in its line."""
    read = _document({"audit_rules": elements})
    assert [rule.path for rule in read.rules] == [f"$.audit_rules[{index}]" for index in range(len(elements))]


@given(st.binary())
def test_no_bytes_make_the_parser_fail(data: bytes) -> None:
    """Bytes that are no document are a RuleError."""
    with pytest.raises(RuleError):
        parse_libaudit_go(data, _NAMES)


def test_a_deep_element_is_cut_short_and_refused() -> None:
    """Nesting inside an element costs that element alone."""
    deep: object = 0
    for _ in range(200):
        deep = [deep]
    text, error = _error(deep)
    assert "..." in text
    assert "a rule is a JSON object" in error.what


def _golden() -> list[Json]:
    with lzma.open(_DATA / "golden-dev.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        row for row in ({**row, **row["alt"].get("4.2.1", {})} for row in rows) if row["msg_type"] == 1011
    ]


def _golden_names(row: Json) -> Names:
    paths = [path for path, kind in (row.get("stat") or {}).items() if kind == "dir"]
    directories = {path.rstrip("/").encode() or b"/" for path in paths}
    return Names(_NOBODY.get, _NOBODY.get, directories.__contains__, "x86_64")


def _printed(rule: Rule, names: Names = _NAMES) -> tuple[Optional[str], str]:
    try:
        return print_libaudit_go([rule], names), ""
    except RuleError as error:
        return None, error.what.partition("libaudit-go: ")[2]


_NOT_EXPRESSIBLE = (
    "there is no list or action of this rule",
    "a rule cannot be the first of its list",
    "a rule has one key",
    "there is no field exe",
    "there is no field saddr_fam",
    "there is no field sessionid",
    "arch is 64 or 32 of the host",
    "cannot be used on the exclude list",
    "has no name",
    "a key is no condition",
    "its JSON would mean another rule",
)


def test_what_auditctl_sends_is_printed_or_refused_for_a_reason() -> None:
    """Three rules in four can be written, and they read back as the same; the other reasons are these."""
    reasons: dict[str, int] = dict.fromkeys(_NOT_EXPRESSIBLE, 0)
    written = 0
    for row in _golden():
        rule, names = Rule.unpack(bytes.fromhex(row["payload_hex"])), _golden_names(row)
        text, why = _printed(rule, names)
        if text is None:
            (reason,) = (reason for reason in _NOT_EXPRESSIBLE if reason in why)
            reasons[reason] += 1
            continue
        (read,) = parse_libaudit_go(text.encode(), names, _there).rules
        assert read.parsed is not None, row["rule"]
        assert read.parsed.rule == rule, row["rule"]
        written += 1
    assert written == 1063
    assert all(reasons.values())
    assert reasons["its JSON would mean another rule"] == 6


def test_what_the_kernel_lists_can_be_printed() -> None:
    """All system calls are all again, although the kernel lists them without the classes' bits."""
    compared = 0
    for row in _golden():
        names = _golden_names(row)
        sent, _why = _printed(Rule.unpack(bytes.fromhex(row["payload_hex"])), names)
        if sent is not None and row.get("kernel_list_hex"):
            listed = Rule.unpack(bytes.fromhex(row["kernel_list_hex"]))
            assert _printed(listed, names) == (sent, ""), row["rule"]
            compared += 1
    assert compared > 500


@pytest.mark.parametrize("dialect", ["old", "new"])
def test_a_document_is_printed_in_the_new_dialect(dialect: str) -> None:
    """Both dialects, once read, are printed as one array in the same order."""
    rules = [rule.parsed.rule for rule in _shipped(dialect)[0].rules if rule.parsed]
    text = print_libaudit_go(rules, _NAMES)
    read = parse_libaudit_go(text.encode(), _NAMES, _there)
    assert read.dialect == "new"
    assert [rule.parsed.rule for rule in read.rules if rule.parsed] == rules


@pytest.mark.parametrize("path", ["/", "/opt/../etc", "/opt/..", "/opt/a*", "/opt/a?"])
def test_a_path_that_libaudit_go_does_not_watch_is_printed_as_a_field(path: str) -> None:
    """It drops these from its file rules."""
    rule = _text(f"-w {path} -p r -k k")
    text = print_libaudit_go([rule], _NAMES)
    (element,) = json.loads(text)["audit_rules"]
    assert element["fields"][0]["value"] == path
    assert "path" not in element
    (read,) = parse_libaudit_go(text.encode(), _NAMES, _there).rules
    assert read.parsed is not None
    assert read.parsed.rule == rule


@pytest.mark.parametrize(
    ("line", "element"),
    [
        ("-w /etc/shadow -p wa -k s", {"path": "/etc/shadow", "permission": "wa", "key": "s"}),
        ("-w /etc -p r", {"path": "/etc", "permission": "r"}),
        ("-a exit,always -F path=/etc/shadow -F perm=w", {"path": "/etc/shadow", "permission": "w"}),
        (
            "-a never,exit -F dir=/opt -F perm=x",
            {
                "actions": ["never", "exit"],
                "fields": [
                    {"name": "dir", "op": "eq", "value": "/opt"},
                    {"name": "perm", "op": "eq", "value": "x"},
                ],
            },
        ),
        (
            "-a always,exit -F dir=/opt -F perm=x",  # not a directory of this host
            {
                "actions": ["always", "exit"],
                "fields": [
                    {"name": "dir", "op": "eq", "value": "/opt"},
                    {"name": "perm", "op": "eq", "value": "x"},
                ],
            },
        ),
        (
            "-w /opt/a*b -p x",
            {
                "actions": ["always", "exit"],
                "fields": [
                    {"name": "path", "op": "eq", "value": "/opt/a*b"},
                    {"name": "perm", "op": "eq", "value": "x"},
                ],
            },
        ),
        (
            "-a always,exit -F arch=b32 -S open -F auid!=unset -F exit=-EPERM -F filetype=dir -k é",
            {
                "actions": ["always", "exit"],
                "syscalls": ["open"],
                "fields": [
                    {"name": "arch", "op": "eq", "value": 32},
                    {"name": "auid", "op": "nt_eq", "value": "unset"},
                    {"name": "exit", "op": "eq", "value": -1},
                    {"name": "filetype", "op": "eq", "value": "dir"},
                ],
                "key": "é",
            },
        ),
    ],
)
def test_a_rule_is_printed_as_one_would_write_it(line: str, element: Json) -> None:
    """A watch is a file rule where libaudit-go would take it for the same."""
    text = print_libaudit_go([_text(line)], _NAMES)
    assert json.loads(text) == {"audit_rules": [element]}
    assert "\\u" not in text


def test_a_rule_that_cannot_be_written_is_named() -> None:
    """By its number among the rules, from 1."""
    rules = [_text("-w /etc -p r"), _text("-a always,exit -F exe=/bin/true")]
    with pytest.raises(RuleError, match="rule 2 cannot be written for libaudit-go: there is no field exe"):
        print_libaudit_go(rules, _NAMES)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (Field.of_text(c.AUDIT_WATCH, c.AUDIT_EQUAL, b"/\xff"), "path is not UTF-8"),
        (Field(999, c.AUDIT_EQUAL, 0), "there is no field 999"),
        (Field(c.AUDIT_UID, 0, 0), "there is no operator 0x0"),
        (Field(c.AUDIT_PERM, c.AUDIT_EQUAL, 0), "another rule"),
    ],
)
def test_bytes_without_words_are_refused(field: Field, message: str) -> None:
    """What no text could have made is not guessed at."""
    rule = Rule(c.AUDIT_FILTER_EXIT, c.AUDIT_ALWAYS, prepend=False, mask=ALL_SYSCALLS, fields=(field,))
    with pytest.raises(RuleError, match=message):
        print_libaudit_go([rule], _NAMES)


def test_system_calls_are_printed_by_the_names_of_the_rules_architecture() -> None:
    """Number 5 is open for 32-bit programs, and fstat for the others."""
    assert syscall_number("i386", "open") == syscall_number("x86_64", "fstat") == 5
    for arch, name in ((32, "open"), (64, "fstat")):
        rule = _text(f"-a always,exit -F arch=b{arch} -S 5")
        (element,) = json.loads(print_libaudit_go([rule], _NAMES))["audit_rules"]
        assert element["syscalls"] == [name]
