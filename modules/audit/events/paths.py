"""PATH records: what a name meant, and the absolute path where that is certain."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.event import PathItem
from mig_audit.modules.audit.records import Absent, decode, parse_fields, printable, printable_value
from mig_audit.modules.audit.records.decoding import is_encoded
from mig_audit.modules.audit.records.memo import LONGEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.events.event import Syscall

# Calls whose names may be relative to a directory that was opened before: which arguments those descriptors are.
_ONE_DIRECTORY = (
    "openat openat2 mkdirat mknodat fchownat futimesat newfstatat fstatat64 unlinkat readlinkat fchmodat"
    " fchmodat2 faccessat faccessat2 utimensat utimensat_time64 name_to_handle_at execveat statx open_tree"
    " open_tree_attr mount_setattr fspick setxattrat getxattrat listxattrat removexattrat file_getattr file_setattr"
    " quotactl_fd"
)
_DIRECTORY_ARGUMENTS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(_ONE_DIRECTORY.split(), (0,)),
    **dict.fromkeys(("renameat", "renameat2", "linkat", "move_mount"), (0, 2)),
    "symlinkat": (1,),
    "fanotify_mark": (3,),
}
# Names of message queues are relative to a file system of their own, the others to what no record tells: a descriptor
# in a fifth argument (fsconfig) or in memory (bpf), or an operation's.
NEVER_RELATIVE = frozenset(("mq_open", "mq_unlink", "open_by_handle_at", "io_uring_enter", "fsconfig", "bpf"))
# The first name of these is what the link shall hold: it is not looked up, and means something where the link is.
LINKING = frozenset({"symlink", "symlinkat"})
_NOT_LOOKED_UP = "UNKNOWN"
_AT_FDCWD = 0xFFFF_FF9C
_DELETED = " (deleted)"
_new = tuple.__new__  # what Directory(...) does, without its Python frame

_SHAPE = compile_late(
    rb'item=([0-9]{1,9}) name=("[^" ]*"|[^ "]+)'
    rb"(?: inode=([0-9]{1,20}) dev=([0-9a-f:]+) mode=([0-7]+) ouid=([0-9]{1,10}) ogid=([0-9]{1,10}) rdev=([0-9a-f:]+))?"
    rb" nametype=([A-Z]+)( cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0)?"
)
_NUMBER = compile_late(rb"[0-9]{1,20}")
_RENAMED = {"objtype": "nametype"}  # in RHEL 7
_HOMES = frozenset(("item", "name", "inode", "dev", "mode", "ouid", "ogid", "rdev", "nametype"))


class Directory(NamedTuple):
    """What the names of one event are relative to; made by `find_directory`.

    Attributes:
        base: what a relative name is relative to, without a slash at its end; None if that is not certain.
        doubtful: a name that is not believed as PARENT, None if there is none.
    """

    base: Optional[str]
    doubtful: Optional[str]

    def absolute(self, name: Optional[str], nametype: Optional[str]) -> Optional[str]:
        """Return the absolute path of a name, or None where it is not certain.

        Nothing is resolved: ``..`` and symbolic links stay.
        """
        if not name:
            return None
        if name.startswith("/"):
            return None if nametype == "PARENT" and name == self.doubtful else name
        if self.base is None:
            return None
        while name.startswith("./"):
            name = name[2:].lstrip("/")
        return self.base or "/" if name in {"", "."} else f"{self.base}/{name}"


NOWHERE = Directory(None, None)
"""Where names are relative to nothing that is known."""


def find_directory(cwd: Optional[str], syscall: Optional[Syscall]) -> Directory:
    """Return the directory of an event with this working directory (printable text) and call.

    The kernel names the working directory as PARENT even if the call went through the descriptor of another one.
    """
    if syscall is None:
        return NOWHERE
    here = all(_is_cwd(syscall.args, index) for index in directory_arguments(syscall.name))
    return directory_of(cwd, syscall.name, here=here)


def directory_of(cwd: Optional[str], name: Optional[str], *, here: bool) -> Directory:
    """Return the directory of a call of this name; ``here`` if each descriptor it was given is AT_FDCWD."""
    if cwd is None or not cwd.startswith("/") or name is None:
        return NOWHERE
    if not here or name in NEVER_RELATIVE:
        return _new(Directory, (None, cwd))
    if cwd.endswith(_DELETED):
        return NOWHERE
    return _new(Directory, (cwd.rstrip("/"), None))


def directory_arguments(syscall: Optional[str]) -> tuple[int, ...]:
    """Return which arguments of a call are descriptors of directories that its names may be relative to."""
    return _DIRECTORY_ARGUMENTS.get(syscall, ()) if syscall else ()


def parse_paths(bodies: Sequence[bytes], directory: Directory, call: Optional[str]) -> tuple[PathItem, ...]:
    """Return the PATH records of an event of a call of that name."""
    items = tuple([parse_path(body, directory) for body in bodies])
    if call in LINKING:
        return tuple([_unless_target(item) for item in items])
    return items


def _unless_target(item: PathItem) -> PathItem:
    relative = item.name is not None and not item.name.startswith("/")
    return item._replace(path=None) if relative and item.nametype == _NOT_LOOKED_UP else item


def parse_path(body: bytes, directory: Directory) -> PathItem:
    """Return one PATH record; of a record of unusual shape, what can be read."""
    short = len(body) + len(directory.base or "") + len(directory.doubtful or "") <= LONGEST
    return _parse_short(body, directory) if short else _parse(body, directory)


def _parse(body: bytes, directory: Directory) -> PathItem:
    shape = _SHAPE.fullmatch(body)
    if shape is None:
        return _parse_unusual(body, directory)
    item, raw, inode, dev, mode, ouid, ogid, rdev, nametype, _ = shape.groups()
    name = path_name(raw)
    kind = nametype.decode("ascii")
    path = directory.absolute(name, kind)
    if inode is None:
        return PathItem(int(item), name, path, None, None, None, None, None, None, kind, ())
    return PathItem(
        int(item),
        name,
        path,
        int(inode),
        dev.decode("ascii"),
        mode.decode("ascii"),
        int(ouid),
        int(ogid),
        rdev.decode("ascii"),
        kind,
        (),
    )


_parse_short = lru_cache(maxsize=2048)(_parse)


def _parse_unusual(body: bytes, directory: Directory) -> PathItem:
    values: dict[str, bytes] = {}
    rest = []
    for written, raw in parse_fields(body):
        field = _RENAMED.get(written, written)
        if field in _HOMES and field not in values:
            values[field] = raw
        elif raw.strip(b"0") or not raw:
            rest.append((field, printable_value(raw) if is_encoded(field) else printable(raw)))
    name = path_name(values["name"]) if "name" in values else None
    nametype = _text(values.get("nametype"))
    return PathItem(
        _number(values, "item", rest),
        name,
        directory.absolute(name, nametype),
        _number(values, "inode", rest),
        _text(values.get("dev")),
        _text(values.get("mode")),
        _number(values, "ouid", rest),
        _number(values, "ogid", rest),
        _text(values.get("rdev")),
        nametype,
        tuple(rest),
    )


def path_name(raw: bytes) -> Optional[str]:
    """Return the name as printable text; None for ``(null)``."""
    value = decode(raw)
    if value is Absent.NULL:
        return None
    return value.value if isinstance(value, Absent) else printable(value)


def _text(raw: Optional[bytes]) -> Optional[str]:
    return None if raw is None else printable(raw)


def _number(values: dict[str, bytes], field: str, rest: list[tuple[str, str]]) -> Optional[int]:
    """Return a number; a value that is none goes to the rest."""
    raw = values.get(field)
    if raw is None:
        return None
    if _NUMBER.fullmatch(raw):
        return int(raw)
    rest.append((field, printable(raw)))
    return None


def _is_cwd(args: Sequence[Optional[str]], index: int) -> bool:
    """Say whether a descriptor argument is AT_FDCWD; callers differ in whether they sign-extend it."""
    value = args[index] if index < len(args) else None
    return value is not None and int(value, 16) & 0xFFFF_FFFF == _AT_FDCWD
