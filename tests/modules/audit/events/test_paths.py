"""PATH records are read, and absolute paths are given only where they are certain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events import PathItem, Syscall
from mig_audit.modules.audit.events.paths import Directory, find_directory, parse_path

HERE = "ffffff9c"
BODY = (
    b'item=1 name="x" inode=22 dev=fe:00 mode=0100644 ouid=1000 ogid=50 rdev=00:00 nametype=CREATE'
    b" cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0"
)
NOWHERE = Directory(None, None)


def _call(name: str | None, *args: str) -> Syscall:
    return Syscall("c000003e", "x86_64", 1, name, True, 0, None, args)


def test_a_path_record_is_read() -> None:
    """Every field in its place, capabilities of 0 not."""
    assert parse_path(BODY, Directory("/srv", None)) == PathItem(
        1, "x", "/srv/x", 22, "fe:00", "0100644", 1000, 50, "00:00", "CREATE", ()
    )


def test_a_name_that_led_nowhere_has_no_object() -> None:
    """UNKNOWN: there was no such file."""
    body = b'item=0 name="/no" nametype=UNKNOWN cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0'

    assert parse_path(body, NOWHERE) == PathItem(
        0, "/no", "/no", None, None, None, None, None, None, "UNKNOWN", ()
    )


def test_further_fields_are_kept() -> None:
    """A label, and capabilities that are not 0."""
    body = BODY.replace(b"nametype", b"obj=system_u:object_r:etc_t:s0 nametype").replace(
        b"cap_fp=0", b"cap_fp=2000"
    )

    assert parse_path(body, NOWHERE).rest == (("obj", "system_u:object_r:etc_t:s0"), ("cap_fp", "2000"))


def test_a_record_of_rhel_7_says_the_same_in_other_words() -> None:
    """Its kind of name has another name, and its capabilities of 0 have all their digits."""
    body = BODY.replace(b"nametype", b"objtype").replace(b"cap_fp=0", b"cap_fp=0000000000000000")

    assert parse_path(body, Directory("/srv", None)) == parse_path(BODY, Directory("/srv", None))


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"(null)", None),
        (b'""', ""),
        (b'"(null)"', "(null)"),
        (b"2F7372762F7820FF", r"/srv/x \xff"),
        (b"/srv/x,", "/srv/x,"),
    ],
)
def test_names_are_decoded(raw: bytes, name: str | None) -> None:
    """And (null) is no name."""
    assert parse_path(BODY.replace(b'"x"', raw), NOWHERE).name == name


def test_numbers_that_are_none_are_kept_as_they_are() -> None:
    """A record of no shape still tells what it tells."""
    item = parse_path(b"item=x inode=-1 name=/a name=/b", NOWHERE)

    assert (item.item, item.inode, item.name) == (None, None, "/a")
    assert item.rest == (("name", "/b"), ("item", "x"), ("inode", "-1"))


@pytest.mark.parametrize(
    ("cwd", "call", "base"),
    [
        ("/srv", _call("open", "7f00", "0"), "/srv"),
        ("/", _call("open", "7f00", "0"), ""),
        ("/srv", _call("openat", HERE, "7f00"), "/srv"),
        ("/srv", _call("openat", "ffffffffffffff9c", "7f00"), "/srv"),
        ("/srv", _call("openat", "3", "7f00"), None),
        ("/srv", _call("openat"), None),
        ("/srv", _call("renameat2", HERE, "0", HERE, "0"), "/srv"),
        ("/srv", _call("renameat2", HERE, "0", "5", "0"), None),
        ("/srv", _call("symlinkat", "7f00", HERE, "0", "0"), "/srv"),
        ("/srv", _call("mq_open", "7f00", "0"), None),
        ("/srv", _call("fsconfig", "3", "3"), None),
        ("/srv", _call("bpf", "6", "7f00"), None),
        ("/srv", _call(None, "1"), None),
        ("/srv", None, None),
        (None, _call("open", "7f00"), None),
        ("srv", _call("open", "7f00"), None),
        ("/srv (deleted)", _call("open", "7f00"), None),
    ],
)
def test_a_relative_name_has_a_directory_where_that_is_certain(
    cwd: str | None, call: Syscall | None, base: str | None
) -> None:
    """The working directory, unless the call may have gone through another one's descriptor."""
    assert find_directory(cwd, call).base == base


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("x", "/srv/x"),
        ("./x", "/srv/x"),
        (".//./x", "/srv/x"),
        ("../x", "/srv/../x"),
        (".", "/srv"),
        ("./", "/srv"),
        ("/abs", "/abs"),
        ("", None),
        (None, None),
    ],
)
def test_a_name_becomes_absolute(name: str | None, path: str | None) -> None:
    """Without resolving links or dots, which the records cannot."""
    assert Directory("/srv", None).absolute(name, "NORMAL") == path


def test_the_root_is_a_directory_too() -> None:
    """No double slash."""
    assert [Directory("", None).absolute(name, "NORMAL") for name in ("x", ".")] == ["/x", "/"]


def test_a_parent_that_the_kernel_names_wrongly_is_not_believed() -> None:
    """openat(3, "new", O_CREAT) reports the working directory as the parent, with the inode of descriptor 3."""
    directory = find_directory("/srv", _call("openat", "3", "7f00"))

    assert directory.absolute("/srv", "PARENT") is None
    assert directory.absolute("/srv", "NORMAL") == "/srv"
    assert directory.absolute("/other", "PARENT") == "/other"
    assert find_directory("/srv", _call("io_uring_enter", "4", "1")) == directory


@given(st.binary(max_size=120), st.sampled_from([NOWHERE, Directory("/srv", None), Directory(None, "/srv")]))
def test_no_record_raises(body: bytes, directory: Directory) -> None:
    """And a path that is given is absolute."""
    path = parse_path(b"item=0 name=" + body, directory).path

    assert path is None or path.startswith("/")
