"""A snapshot of processes that ran before the log began: what they had open, and where in it they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.files.confidence import PROBABLE
from mig_audit.modules.audit.files.open_file import OpenFile, kind_of
from mig_audit.modules.audit.files.processes import SLASH, Process, Root
from mig_audit.modules.audit.files.rows import SEEDED
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.open_file import Identity

SCHEMA = "audit.file-seed.v1.schema.json"
_APPEND, _CLOEXEC = 0o2000, 0o2000000
_RING = "anon_inode:[io_uring]"


class SeedDescriptor(NamedTuple):
    """One descriptor; ``file`` is equal for those that share a position."""

    fd: int
    file: Optional[str]
    path: Optional[str]
    identity: Optional[Identity]
    mode: Optional[str]
    flags: int
    position: Optional[int]
    size: Optional[int]


class SeedProcess(NamedTuple):
    """One process."""

    pid: int
    threads: int
    cwd: Optional[str]
    root: Root
    descriptors: tuple[SeedDescriptor, ...]


class Seed(NamedTuple):
    """The snapshot; ``node`` is the host that it is of, empty for that of a log that names none."""

    node: str
    processes: tuple[SeedProcess, ...]


def parse_seed(document: object) -> Seed:
    """Return the snapshot that a document of the schema ``audit.file-seed.v1`` describes.

    Raises:
        ParametersError: it does not fit the schema.
    """
    problems = find_problems(document, SCHEMA)
    if problems or not isinstance(document, dict):
        raise ParametersError(problems)
    return Seed(document.get("node", ""), tuple([_process(each) for each in document["processes"]]))


def _process(document: dict[str, Any]) -> SeedProcess:
    root = document.get("root", "/")
    return SeedProcess(
        document["pid"],
        document.get("threads", 0),
        document.get("cwd"),
        SLASH if root == "/" else Root(root.rstrip("/"), PROBABLE),
        tuple([_descriptor(each) for each in document["descriptors"]]),
    )


def _descriptor(document: dict[str, Any]) -> SeedDescriptor:
    device, inode = document.get("dev"), document.get("inode")
    return SeedDescriptor(
        document["fd"],
        document.get("file"),
        document.get("path"),
        None if device is None or inode is None else (device, inode),
        document.get("mode"),
        int(document.get("flags", "0"), 8),
        document.get("position"),
        document.get("size"),
    )


def plant(seed: Seed, host: Host) -> None:
    """Let a host of which nothing is known yet begin with a snapshot; all of it is only probable.

    What happened while the snapshot was taken, and is in the log too, contradicts it, and goes before it.
    """
    files: dict[str, OpenFile] = {}
    for each in seed.processes:
        process = Process(each.pid, host.new_table(), threads=each.threads, root=each.root)
        process.cwd = each.cwd
        host.admit(process)
        for descriptor in each.descriptors:
            file = files.get(descriptor.file or "")
            if file is None:
                file = _file(descriptor, host)
            if descriptor.file:
                files[descriptor.file] = file
            cloexec = bool(descriptor.flags & _CLOEXEC)
            process.table.put(descriptor.fd, file, host.tick, cloexec=cloexec)
            process.rings = process.rings or descriptor.path == _RING


def _file(descriptor: SeedDescriptor, host: Host) -> OpenFile:
    is_named = descriptor.path is not None and descriptor.path.startswith("/")
    file = host.new_file(kind_of(descriptor.mode) or (None if is_named else "other"))
    file.call(descriptor.path if is_named else None, PROBABLE)
    file.identity = descriptor.identity
    file.append = bool(descriptor.flags & _APPEND)
    file.flags = (SEEDED,)
    file.put_at(descriptor.position, PROBABLE, host.tick)
    if descriptor.identity is not None and descriptor.size is not None:
        host.sizes.put(descriptor.identity, descriptor.size)
    return file
