"""The files of accounts stand for the C library only where they are certain to hold all that it knows."""

from __future__ import annotations

import base64
import grp
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.events import HostNames, names_from_files
from mig_audit.modules.audit.events.accounts import Accounts, groups, users
from mig_audit.modules.audit.events.names import LibraryNames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PASSWD = b"root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000:Anna \xc3\x84:/home/anna:\n"
_GROUP = b"root:x:0:\nwheel:x:10:anna,root\n"
_FILES = b"passwd: files\ngroup: files\n"
_FILES_SYSTEMD = b"passwd:\t\tfiles systemd\ngroup: files [SUCCESS=merge] systemd\n"
_SPECIAL = [0, 1, 7, 10, 1000, 60_000, 60_001, 61_184, 65_519, 65_534, 65_535, 65_536, 524_288, 1_879_048_191]
_SPECIAL += [2_147_352_575, 2_147_352_576, 2_147_418_111, 2_147_418_112, 4_294_967_294]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a host whose accounts are in files alone."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "etc/passwd").write_bytes(_PASSWD)
    (tmp_path / "etc/group").write_bytes(_GROUP)
    (tmp_path / "etc/nsswitch.conf").write_bytes(_FILES)
    return tmp_path


def _certain(root: Path) -> bool:
    """Return whether the files say that there is no such user, nor group."""
    answers = {users(str(root)).tell(4711), groups(str(root)).tell(4711)}
    assert len(answers) == 1
    return answers.pop()


def test_files_tell_who_is_in_them_and_who_is_not(root: Path) -> None:
    """The root of the host is passed in."""
    in_files = users(str(root)), groups(str(root))

    assert [accounts.names for accounts in in_files] == [{0: "root", 1000: "anna"}, {0: "root", 10: "wheel"}]
    assert all(accounts.tell(number) for accounts in in_files for number in _SPECIAL)


def test_the_first_of_an_id_counts(root: Path) -> None:
    """As it does for the library."""
    (root / "etc/group").write_bytes(b"one:x:007:\ntwo:x:7:\n")

    assert groups(str(root)).names == {7: "one"}


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, False),
        (1, True),
        (60_000, True),
        (61_184, False),
        (65_519, False),
        (65_534, False),
        (65_536, True),
        (2_147_352_575, True),
        (2_147_352_576, False),
        (2_147_418_111, False),
        (2_147_418_112, True),
    ],
)
def test_what_systemd_names_by_itself_is_elsewhere(root: Path, number: int, told: bool) -> None:
    """Root, users of services, nobody, users of foreign images."""
    (root / "etc/nsswitch.conf").write_bytes(_FILES_SYSTEMD)
    (root / "etc/passwd").write_bytes(b"anna:x:1000:1000:::\n")

    assert users(str(root)).tell(number) == told


def test_what_is_in_a_file_is_nowhere_else(root: Path) -> None:
    """Root and nobody are in the files of most hosts."""
    (root / "etc/nsswitch.conf").write_bytes(_FILES_SYSTEMD)
    (root / "etc/group").write_bytes(_GROUP + b"nogroup:x:65534:\n")
    in_file = groups(str(root))

    assert [(in_file.tell(gid), in_file.names.get(gid)) for gid in (0, 65_533, 65_534)] == [
        (True, "root"),
        (False, None),
        (True, "nogroup"),
    ]


@pytest.mark.parametrize(
    "line",
    [b"files", b"  files  ", b"\tfiles\t systemd "],
)
def test_the_lines_of_other_databases_do_not_matter(root: Path, line: bytes) -> None:
    """Nor do comments, and blanks."""
    (root / "etc/nsswitch.conf").write_bytes(
        b"# passwd: sss\n\npasswd:%s\n \tgroup:%s\nhosts: files dns # \xff\nshadow: sss\n" % (line, line)
    )

    assert _certain(root)


@pytest.mark.parametrize(
    "lines",
    [
        b"%s: files sss\n",
        b"%s: sss files\n",
        b"%s: systemd files\n",
        b"%s: compat\n",
        b"%s: files [NOTFOUND=return] systemd\n",
        b"%s: files [UNAVAIL=continue]\n",
        b"%s: files # and that is all\n",
        b"%s: files\r\n",
        b"%s: Files\n",
        b"%s files\n",
        b"%s : files\n",
        b"%s:\n",
        b"%s: files\n%s: files\n",
        b"%s: files\n %s sss\n",
        b"%s: files",
        b"#%s: files\n",
        b"hosts: files\n",
        b"",
    ],
)
def test_another_configuration_leaves_it_to_the_library(root: Path, lines: bytes) -> None:
    """Other sources, conditions, whatever is written in another way, or not at all."""
    (root / "etc/nsswitch.conf").write_bytes(lines.replace(b"%s", b"passwd") + lines.replace(b"%s", b"group"))

    assert not _certain(root)


def test_users_are_not_merged(root: Path) -> None:
    """The library cannot, and fails."""
    (root / "etc/nsswitch.conf").write_bytes(
        _FILES_SYSTEMD.replace(b"files systemd", b"files [SUCCESS=merge] systemd")
    )

    assert [users(str(root)).tell(4711), groups(str(root)).tell(4711)] == [False, True]


def test_without_a_configuration_the_library_is_asked(root: Path) -> None:
    """Its default depends on how it was built, and other C libraries have none."""
    (root / "etc/nsswitch.conf").unlink()

    assert not _certain(root)


@pytest.mark.parametrize("socket", ["run/nscd/socket", "var/run/nscd/socket"])
def test_a_cache_may_know_more(root: Path, socket: str) -> None:
    """Whatever is configured, it answers first."""
    (root / socket).parent.mkdir(parents=True)
    (root / socket).touch()

    assert not _certain(root)


@pytest.mark.parametrize(
    ("path", "certain"),
    [
        ("run/systemd/userdb/io.systemd.DynamicUser", True),
        ("run/systemd/userdb/io.systemd.Home", False),
        ("run/systemd/userdb/io.systemd.DropIn", False),
        ("run/systemd/userdb/org.example.Directory", False),
        ("etc/userdb/anna.user", False),
        ("run/userdb/anna.user", False),
        ("run/host/userdb/anna.user", False),
        ("usr/local/lib/userdb/anna.user", False),
        ("usr/lib/userdb/anna.user", False),
        ("lib/userdb/anna.user", False),
    ],
)
def test_systemd_may_be_told_of_more(root: Path, path: str, certain: bool) -> None:
    """By services and by records, which matter only where systemd is asked."""
    (root / path).parent.mkdir(parents=True)
    (root / path).touch()
    assert _certain(root)

    (root / "etc/nsswitch.conf").write_bytes(_FILES_SYSTEMD)
    assert _certain(root) == certain


@pytest.mark.parametrize(
    "line",
    [
        b"+",
        b"+::::::",
        b"-anna::::::",
        b"# comment",
        b"",
        b" anna:x:1:1:::",
        b"anna",
        b"an na:x:1:1:::",
        b":x:1:1:::",
        b"anna:x::1:::",
        b"anna:x:1::::",
        b"anna:x: 1:1:::",
        b"anna:x:+1:1:::",
        b"anna:x:-1:1:::",
        b"anna:x:0x1:1:::",
        b"anna:x:4294967296:1:::",
        b"anna:x:1:4294967296:::",
        b"anna:x:1000000000:1:::",
        b"anna:x:0000000001:1:::",
        b"anna:x:1:1::",
        b"anna:x:1:1::::",
        b"anna:x:1:1:::\0",
        b"\xc3\x84:x:1:1:::",
    ],
)
def test_a_line_that_is_not_plain_leaves_all_to_the_library(root: Path, line: bytes) -> None:
    """Wherever it stands: the library may take it for anyone's."""
    (root / "etc/passwd").write_bytes(_PASSWD + line + b"\n")

    assert users(str(root)) == Accounts({}, (range(2**32),))


@pytest.mark.parametrize("content", [b"", b"\n", _GROUP[:-1], b"a:x:1:\n" * 200_000])
def test_a_file_that_is_not_as_usual_leaves_all_to_the_library(root: Path, content: bytes) -> None:
    """Empty, torn, or longer than what is read."""
    (root / "etc/group").write_bytes(content)

    assert not groups(str(root)).tell(4711)


def test_a_file_that_was_changed_or_put_in_place_of_another_tells_something_else(root: Path) -> None:
    """Also where nobody can tell by its size."""
    before = users(str(root))
    assert before.still()

    (root / "etc/other").write_bytes(_PASSWD)
    (root / "etc/other").replace(root / "etc/passwd")
    assert not before.still()
    after = users(str(root))
    assert after.still()
    (root / "etc/passwd").unlink()
    assert not after.still()
    assert users(str(root)).still()


def test_a_file_that_is_none_leaves_all_to_the_library(root: Path) -> None:
    """Missing, a folder, a pipe: and none of them holds anybody up."""
    (root / "etc/passwd").unlink()
    assert not users(str(root)).tell(0)
    (root / "etc/passwd").mkdir()
    assert not users(str(root)).tell(0)
    (root / "etc/passwd").rmdir()
    os.mkfifo(root / "etc/passwd")
    assert not users(str(root)).tell(0)


_PLAIN_NAMES = st.text("ab_-.$1", min_size=1, max_size=4).filter(lambda name: name[0] not in "-.$")
_PLAIN_IDS = st.sampled_from(["0", "1", "7", "007", "1000", "65534", "61184", "999999999"])
_NAMES = _PLAIN_NAMES | st.sampled_from(["+", "+a", "-", "#", " a", "a b", "", "\xe4"])
_IDS = _PLAIN_IDS | st.sampled_from(
    ["4294967294", "", "-1", "+7", " 7", "7 ", "0x7", "7a", "4294967296", "9" * 30]
)
_COLUMNS = st.text("x /", max_size=3)


def _file(names: st.SearchStrategy[str], ids: st.SearchStrategy[str], more: int) -> st.SearchStrategy[bytes]:
    """Make files of accounts; those of users have four columns after the id, those of groups one."""
    group = [ids, _COLUMNS, _COLUMNS] if more == 4 else []  # as said
    line = st.tuples(names, _COLUMNS, ids, *group, _COLUMNS).map(lambda columns: ":".join(columns) + "\n")
    return st.lists(line, min_size=1, max_size=5).map(lambda lines: "".join(lines).encode("latin-1"))


@given(passwd=_file(_PLAIN_NAMES, _PLAIN_IDS, 4), group=_file(_PLAIN_NAMES, _PLAIN_IDS, 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plain_files_are_read_as_a_plain_reader_does(root: Path, passwd: bytes, group: bytes) -> None:
    """The same names for the same ids."""
    (root / "etc/passwd").write_bytes(passwd)
    (root / "etc/group").write_bytes(group)
    plain = names_from_files(passwd, group)
    in_files = users(str(root)), groups(str(root))

    assert all(accounts.tell(number) for accounts in in_files for number in _SPECIAL)
    assert [[accounts.names.get(number) for accounts in in_files] for number in _SPECIAL] == [
        [plain.user(number), plain.group(number)] for number in _SPECIAL
    ]


def test_this_host_s_names_are_the_library_s() -> None:
    """Of all whom it lists, of special ids, and of any."""
    names = HostNames()
    ids = [
        *_SPECIAL,
        *(entry.pw_uid for entry in pwd.getpwall()),
        *(entry.gr_gid for entry in grp.getgrall()),
    ]
    ids += [*range(0, 70_000, 997), *range(70_000, 2**32 - 1, 33_333_333)]

    library = LibraryNames()

    assert [(names.user(number), names.group(number)) for number in ids] == [
        (library.user(number), library.group(number)) for number in ids
    ]


class _Answers(NamedTuple):
    library: list[list[Optional[str]]]
    host: list[list[Optional[str]]]
    asked: int


class _Library:
    """The C library of this host, beside other files than the host's."""

    def __init__(self, folder: Path, configuration: bytes, *made: str) -> None:
        (folder / "run").mkdir()
        for path in made:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(b'{"userName": "drop", "uid": 4711}')
        for name, content in (("passwd", b""), ("group", b""), ("nsswitch.conf", configuration)):
            (folder / name).write_bytes(content)
        script = Path(__file__).parents[3] / "support/library_names.py"
        self._process = subprocess.Popen(
            ["unshare", "--mount", sys.executable, script, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, passwd: bytes, group: bytes, ids: list[int]) -> _Answers:
        files = {
            name: base64.b64encode(file).decode() for name, file in (("passwd", passwd), ("group", group))
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**files, "ids": ids}).encode() + b"\n")
        self._process.stdin.flush()
        return _Answers(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., _Library]]:
    """Starts the library with a configuration, once for each."""
    if os.geteuid() != 0:
        pytest.skip("needs root to hide the host's accounts from the C library")
    if not Path("/etc/nsswitch.conf").exists():
        pytest.skip("the C library of this host has no nsswitch.conf")
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("no mount namespace can be made here")
    libraries: dict[tuple[bytes, ...], _Library] = {}

    def start(configuration: bytes, *made: str) -> _Library:
        key = (configuration, *(path.encode() for path in made))
        if key not in libraries:
            libraries[key] = _Library(tmp_path_factory.mktemp("library"), configuration, *made)
        return libraries[key]

    yield start
    for library in libraries.values():
        library.close()


@pytest.mark.parametrize("configuration", [_FILES, _FILES_SYSTEMD])
@given(passwd=_file(_NAMES, _IDS, 4), group=_file(_NAMES, _IDS, 1), torn=st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_library_says_the_same_of_any_files(
    started: Callable[..., _Library],
    configuration: bytes,
    passwd: bytes,
    group: bytes,
    torn: bool,
) -> None:
    """The real one, of files with whatever lines."""
    end = -1 if torn else None
    answers = started(configuration).ask(passwd[:end], group[:end], _SPECIAL)

    assert answers.host == answers.library


@pytest.mark.parametrize(("configuration", "asked"), [(_FILES, 0), (_FILES_SYSTEMD, 2 * 7)])
def test_the_library_is_asked_for_a_few_ids_only(
    started: Callable[..., _Library], configuration: bytes, asked: int
) -> None:
    """Where files are all there is; and it would say the same."""
    answers = started(configuration).ask(_PASSWD, _GROUP, [*_SPECIAL, *range(2, 1000)])

    assert answers.host == answers.library
    assert answers.host[0][4] == "anna"
    assert answers.asked == asked


def test_the_library_is_asked_where_records_tell_of_more(started: Callable[..., _Library]) -> None:
    """A user that no file has, of a folder for systemd's records; found if nss-systemd is installed."""
    answers = started(_FILES_SYSTEMD, "run/userdb/4711.user").ask(_PASSWD, _GROUP, [4711])

    assert answers.host == answers.library
    assert answers.asked == 2  # as user and as group
