"""CWD and PATH records."""

from __future__ import annotations

import re
from binascii import unhexlify
from typing import NamedTuple, Optional

from mig_audit.modules.audit.events.draft import only_value
from mig_audit.modules.audit.events.paths import LINKING, NOWHERE, Directory, directory_of, parse_path
from mig_audit.modules.audit.formats import mozdef_details
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import SHORT, Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import (
    LONGEST,
    MANY,
    TRACES,
    Declined,
    Memory,
    came_before,
    encoded_text,
    written,
)
from mig_audit.modules.audit.formats.mozdef_shortcut.strings import told_value, words_of
from mig_audit.modules.audit.records import printable

# Of a name that led to nothing there is no inode.
_PATH = re.compile(
    rb'item=(0|[1-9][0-9]{0,8}) name=("[^" ]*"|[^ "]+)(?: inode=(0|[1-9][0-9]{0,19}) (dev=.*)| (nametype=.*))',
    re.DOTALL,
)
# The same of a name that is JSON as it stands, or in hex.
_PLAIN = re.compile(
    rb'item=(0|[1-9][0-9]{0,8}) name=(?:("[!#-\[\]-~]*")|([0-9A-F]+))'
    rb"(?: inode=(0|[1-9][0-9]{0,19})(?= dev=)|(?= nametype=)) (.*)",
    re.DOTALL,
)
# How a name begins that means the directory, or something in it in more than one way.
_ROUNDABOUT = frozenset({b'"', b'."', b"./"})
_END = re.compile(
    rb"(?:dev=([0-9a-f:]+) mode=([0-7]+) ouid=(0|[1-9][0-9]{0,9}) ogid=(0|[1-9][0-9]{0,9}) rdev=([0-9a-f:]+) )?"
    rb"nametype=([A-Z]+)(?: cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0)?"
)
_TOLD_END = b',"dev":"%b","mode":"%b","ouid":"%b","ogid":"%b","rdev":"%b","nametype":"%b"'
_PLAIN_DIRECTORY = re.compile(rb'cwd=("[!#-\[\]-~]*")')
_PATHS = 8192  # in all places together
_LONGEST_PATH = SHORT + len('""')
_NOT_LOOKED_UP = b"nametype=UNKNOWN"
_new = tuple.__new__  # what Path(...) does, without its Python frame
AT_FDCWD = b"ffffff9c"  # how the register ends, sign-extended or not


class Path(NamedTuple):
    """A PATH record, as an element of the list, and as what the event is about."""

    element: bytes
    subject: bytes
    words: Words
    named: bool
    parent: bool


class _End(NamedTuple):
    """``dev`` to ``nametype``, or the latter alone; ``parent`` says whether that is PARENT."""

    fragment: bytes
    parent: bool


class _Ends(Memory[bytes, Optional[_End]]):
    """By the text after the inode, or the name; None for what is not of the usual shape."""

    entries = MANY

    def make(self, key: bytes) -> Optional[_End]:
        match = _END.fullmatch(key)
        if match is None:
            return None
        values = match.groups()
        fragment = b',"nametype":"%b"' % values[5] if values[0] is None else _TOLD_END % values
        return _new(_End, (fragment, values[5] == b"PARENT"))


class Directories(Memory[bytes, "tuple[bytes, Optional[str]]"]):
    """By a CWD record: the working directory as a member of the details, and as text if it is there."""

    def make(self, key: bytes) -> tuple[bytes, Optional[str]]:
        """Return it."""
        plain = _PLAIN_DIRECTORY.fullmatch(key)
        if plain is not None:
            told = plain[1]
            return b',"cwd":' + told, told[1:-1].decode("ascii")
        raw = only_value(key, b"cwd=")
        if raw is None:
            raise Declined
        known = told_value(raw)
        return (b',"cwd":' + known[1], known[0]) if known else (b"", None)


class Place(dict[bytes, Path]):
    """What names are relative to, and by their text the PATH records that were seen there."""

    __slots__ = ("_before", "_directory", "_number", "_places")

    def __init__(self, places: Places, number: int, directory: Directory) -> None:
        super().__init__()
        self._places = places
        self._number = number
        self._directory = directory
        self._before: Optional[bytes] = None  # what is before a relative name, once there was one

    def __missing__(self, key: bytes) -> Path:
        """Make a PATH record; if it is not the first time, remember it among those that all places have together."""
        places = self._places
        plain = _PLAIN.fullmatch(key)
        value = (self._plain(*plain.groups()) if plain else None) or self._make(key)
        if came_before(places.traces, hash(key) ^ self._number) and len(key) <= LONGEST:
            places.count()
            self[key] = value
        return value

    def _plain(
        self,
        item: bytes,
        name: Optional[bytes],
        digits: Optional[bytes],
        inode: Optional[bytes],
        entry: bytes,
    ) -> Optional[Path]:
        """Return what `_usual` does of most names; None where more is to be thought of."""
        end = self._places.ends[entry]
        text = None
        if name is None:
            text, name = _told_digits(digits or b"")
        start = name[1:3]
        absolute = start.startswith(b"/")
        base, doubtful = self._directory
        if end is None or start in _ROUNDABOUT or (end.parent and doubtful is not None):
            return None
        fragment = end.fragment if inode is None else b',"inode":"%b"%b' % (inode, end.fragment)
        path = name
        if not absolute and base is not None:
            before = self._before
            if before is None:
                before = self._before = encoded_text(f"{base}/")[:-1]
            path = before + name[1:]
            absolute = True
        if len(path) <= _LONGEST_PATH:
            words = _new(Words, ("", path[1:-1]))
        elif path is name and text is not None:
            words = Words.of(text)
        else:
            return None
        subject = b',"path":%b%b' % (path, fragment)
        element = b'{"item":"%b","name":%b%b}' % (item, name, subject if absolute else fragment)
        return _new(Path, (element, subject, words, True, end.parent))

    def _make(self, key: bytes) -> Path:
        match = _PATH.fullmatch(key)
        end = self._places.ends[match[4] or match[5]] if match else None
        if match is None or end is None:
            return _unusual(key, self._directory)
        return _usual(match, end, self._directory)


class LinkPlace(Place):
    """The same of a call that makes a symbolic link: what that shall hold is relative to nothing that is known."""

    __slots__ = ()

    def __missing__(self, key: bytes) -> Path:
        """Make a PATH record, or take it from where there is no directory."""
        match = _PATH.fullmatch(key)
        entry = match and (match[4] or match[5])
        if entry is None or self._places.ends[entry] is None:
            raise Declined
        return self._places.nowhere[key] if _NOT_LOOKED_UP in entry else super().__missing__(key)


class Places(dict[tuple[bytes, Optional[str], bool], Place]):
    """What names may be relative to: by CWD record, what else changes that, and whether it is that directory.

    Attributes:
        directories: of the CWD records.
        ends: of the PATH records.
        nowhere: where there is no CWD record.
        traces: of places and paths that came once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.directories = Directories()
        self.ends = _Ends()
        self.nowhere = Place(self, 0, NOWHERE)
        self.traces = bytearray(TRACES * _PATHS)
        self._paths = 0

    def count(self) -> None:
        """Forget all paths, and places, when there are too many."""
        self._paths += 1
        if self._paths > _PATHS:
            self._paths = 0
            self.clear()
            self.nowhere.clear()

    def of(self, body: Optional[bytes], cwd: Optional[str], relative: Optional[str], *, here: bool) -> Place:
        """Return a place; remember it if it is not the first time.

        Args:
            body: of the CWD record, None if there is none.
            cwd: what `directories` has for that as text.
            relative: `calls.Call.relative`.
            here: whether every descriptor of a directory is AT_FDCWD.
        """
        if body is None:
            return self.nowhere
        key = (body, relative, here)
        place = self.get(key)
        if place is None:
            number = hash(key)
            kind = LinkPlace if relative in LINKING else Place
            place = kind(self, number, directory_of(cwd, relative, here=here))
            if came_before(self.traces, number) and len(body) <= LONGEST:
                self.count()
                self[key] = place
        return place


def _told_digits(digits: bytes) -> tuple[str, bytes]:
    """Return what the digits of a string mean, and that as a JSON string; those that are no bytes mean themselves."""
    data = digits if len(digits) % 2 else unhexlify(digits)
    text = printable(data)
    return text, encoded_text(text)


def _usual(match: re.Match[bytes], end: _End, directory: Directory) -> Path:
    item, raw, inode, _, _ = match.groups()
    fragment, parent = end
    if inode is not None:
        fragment = b',"inode":"%b"%b' % (inode, fragment)
    known = told_value(raw)
    if known is None and raw == b"(null)":
        return Path(b'{"item":"%b"%b}' % (item, fragment), fragment, Words.of(""), False, parent)
    name, told = known or (raw.decode("ascii"), b'"%b"' % raw)
    path = directory.absolute(name, "PARENT" if parent else None)
    if path is None:
        path, absolute = name, told
        element = b'{"item":"%b","name":%b%b}' % (item, told, fragment)
    else:
        absolute = told if path is name else encoded_text(path)
        element = b'{"item":"%b","name":%b,"path":%b%b}' % (item, told, absolute, fragment)
    subject = b',"path":%b%b' % (absolute, fragment)
    return _new(Path, (element, subject, words_of(path, absolute), bool(path), parent))


def _unusual(body: bytes, directory: Directory) -> Path:
    item = parse_path(body, directory)
    return Path(
        to_json(mozdef_details.path_details(item)),
        written(mozdef_details.add_subject, item),
        Words.of(item.path or item.name or ""),
        bool(item.path or item.name),
        item.nametype == "PARENT",
    )
