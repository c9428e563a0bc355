"""The rule sets that are shipped."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path, PurePosixPath

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.rules import Names, RuleLine, load_profile, profile_names
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.tables import syscall_number

_NOBODY: dict[str, int] = {}
_KEY = re.compile(r"T1[0-9]{3}_[a-z]+")
_MACHINES = ("x86_64", "aarch64", "i686", "armv7l", "ppc64", "ppc64le", "riscv64")
_FOLDERS = {
    *("/etc", "/root", "/run", "/dev", "/var/spool", "/lib", "/usr/lib"),
    *("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin"),
}
_DOCUMENT = (Path(__file__).parents[4] / "docs" / "profiles.md").read_text("utf-8")


def _names(machine: str) -> Names:
    return Names(_NOBODY.get, _NOBODY.get, lambda _path: False, machine)


def _rules(name: str, machine: str = "x86_64") -> tuple[RuleLine, ...]:
    return load_profile(name, _names(machine))


def _source(name: str) -> str:
    return files("mig_audit.modules.audit.rules").joinpath("profiles", f"{name}.rules").read_text("utf-8")


def test_the_profiles_have_these_names() -> None:
    """They are part of the parameters' contract."""
    assert profile_names() == (
        *("exec", "identity", "network", "persistence", "privilege", "modules", "time", "mounts", "secrets"),
        *("containers", "files-opens", "files-lean", "files-full"),
    )


def test_every_file_is_a_profile() -> None:
    """None is shipped that nobody can ask for."""
    folder = files("mig_audit.modules.audit.rules").joinpath("profiles")
    assert {each.name for each in folder.iterdir()} == {f"{name}.rules" for name in profile_names()}


@pytest.mark.parametrize("machine", _MACHINES)
@pytest.mark.parametrize("name", profile_names())
def test_every_line_is_a_rule_that_adds_something_with_a_key(name: str, machine: str) -> None:
    """On every machine that is supported; keys begin with a technique of ATT&CK."""
    lines = _rules(name, machine)
    assert lines
    for line in lines:
        assert line.error is None, line.text
        assert line.parsed is not None
        assert not line.parsed.delete
        assert line.parsed.warnings == ()
        assert all(_KEY.fullmatch(key) for key in line.parsed.rule.keys)
        assert len(line.parsed.rule.keys) == (line.parsed.rule.filter_list != c.AUDIT_FILTER_EXCLUDE)


@pytest.mark.parametrize("name", profile_names())
def test_no_rule_is_shipped_twice(name: str) -> None:
    """The kernel would refuse the second."""
    packed = [line.parsed.rule.pack() for line in _rules(name) if line.parsed]
    assert len(packed) == len(set(packed))


@pytest.mark.parametrize("name", profile_names())
def test_programs_of_both_widths_are_covered(name: str) -> None:
    """A 32-bit program is no way around a rule."""
    keys: dict[int, set[str]] = {0xC000003E: set(), 0x40000003: set()}
    for line in _rules(name):
        assert line.parsed is not None
        for field in line.parsed.rule.fields:
            if field.code == c.AUDIT_ARCH:
                keys[field.value] |= set(line.parsed.rule.keys)
    assert keys[0x40000003] - keys[0xC000003E] <= {"T1095_socketcall"}
    assert keys[0xC000003E] <= keys[0x40000003]


@pytest.mark.parametrize("name", profile_names())
def test_every_call_in_a_profile_exists(name: str) -> None:
    """What a machine has not is left out without a word, so a slip would be too; umount is only in PowerPC's."""
    for width, calls in re.findall(r"^-a .* -F arch=(\S+) -S (\S+) ", _source(name), re.MULTILINE):
        machines = ("x86_64", "ppc64") if width == "b64" else ("i386",)
        for call in calls.split(","):
            assert any(syscall_number(machine, call) is not None for machine in machines), call


@pytest.mark.parametrize("name", sorted({*profile_names()} - {"mounts"}))
def test_on_x86_a_rule_is_what_its_file_says(name: str) -> None:
    """Line for line, with the line's number; mounts has a call that 64-bit x86 has not."""
    source = _source(name).split("\n")
    assert [line.text for line in _rules(name)] == [each for each in source if each and each[0] == "-"]
    assert all(line.text == source[line.number - 1] for line in _rules(name))


def test_calls_that_a_machine_has_not_are_left_out() -> None:
    """Programs of aarch64 open with openat alone; the rest of the rule is as it is, on its line."""
    wide, wider = _rules("files-opens", "aarch64")[1], _rules("files-opens")[1]
    assert wider.text.startswith("-a always,exit -F arch=b64 -S open,openat,openat2,creat,open_by")
    assert wide.text.startswith("-a always,exit -F arch=b64 -S openat,openat2,open_by")
    assert wide.number == wider.number


def test_a_rule_without_any_call_left_is_left_out() -> None:
    """Without -S it would be for every call."""
    texts = [line.text for line in _rules("privilege", "aarch64")]
    assert not any("arch=b64 -S creat" in text or "arch=b64 -S open " in text for text in texts)
    assert any("arch=b32 -S open " in text for text in texts)


def test_rules_for_programs_that_a_machine_has_not_are_left_out() -> None:
    """A profile is no error where there is nothing to record; an unknown machine is one."""
    assert [line.parsed is not None for line in _rules("exec", "ppc64le")] == [True]
    assert [line.parsed is not None for line in _rules("exec", "i686")] == [True]
    assert [line.parsed is not None for line in _rules("exec", "pdp11")] == [False, False]


@pytest.mark.parametrize("name", profile_names())
def test_what_is_watched_has_a_folder_that_exists_everywhere(name: str) -> None:
    """The kernel refuses a watch whose folder is missing."""
    paths = [
        PurePosixPath((field.text or b"").decode())
        for line in _rules(name)
        if line.parsed
        for field in line.parsed.rule.fields
        if field.code == c.AUDIT_WATCH
    ]
    assert {str(path.parent) for path in paths} <= _FOLDERS


@pytest.mark.parametrize("name", profile_names())
def test_the_document_has_every_key_of_a_profile(name: str) -> None:
    """In the profile's own section, with the number of its rules."""
    sections = dict(re.findall(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", _DOCUMENT, re.MULTILINE | re.DOTALL))
    keys = {key for line in _rules(name) if line.parsed for key in line.parsed.rule.keys}
    assert set(re.findall(r"`(T1\w+)`", sections[name])) == keys
    assert f"\n{len(_rules(name))} rules on x86-64." in sections[name]
    assert set(sections) == set(profile_names())


def test_exec_records_both_ways_to_start_a_program() -> None:
    """execveat starts one just as well."""
    first = _rules("exec")[0].parsed
    assert first is not None
    assert first.rule.mask == 1 << 59 | 1 << 322


def test_the_host_is_the_default() -> None:
    """The profiles load where they are shipped to."""
    assert all(line.error is None for line in load_profile("exec"))


@pytest.mark.parametrize("name", ["", "Exec", "../exec", "exec.rules"])
def test_an_unknown_profile_is_an_error(name: str) -> None:
    """A name is not a path."""
    with pytest.raises(UsageError, match="no profile"):
        load_profile(name)
