"""Where ``-o`` and the like may write: a private file of our own, complete or not at all, or what is no file already."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from .errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAME_ONE = "name a file in a writable folder"
_PRIVATE = 0o600
_PROC = "/proc/self/fd/%d"  # proc(5): a link to what is open
_LINKS = 40  # path_resolution(7): more of them are a loop
_STREAMS = {stat.S_IFCHR, stat.S_IFIFO}


class Place(NamedTuple):
    """Where data goes: ``descriptor`` is that of a pipe or device, which is written into; a file is to be made, and has none."""

    path: str
    descriptor: Optional[int]


@contextmanager
def place(path: str, inputs: Iterable[Union[str, int]] = ()) -> Iterator[Place]:
    """Give the place that a path names, before any work is done for it; nothing is left under a name.

    ``inputs`` are paths and descriptors that must not be written over.

    Raises:
        OutputError: nothing can, or may, be written there.
    """
    if not path:
        raise OutputError("the output has no name", _NAME_ONE)
    if not _can_be_named(path):
        raise OutputError(f"{path} cannot be written: the working directory is gone", _NAME_ONE)
    refuse_same(path, inputs)
    descriptor = _stream(path)
    if descriptor is None:
        _try_folder(path)
    try:
        yield Place(path, descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def refuse_same(path: str, others: Iterable[Union[str, int]]) -> None:
    """Keep what is read, or written by somebody else, from being replaced.

    Raises:
        OutputError: the path is one of the others, by whatever name.
    """
    for other in others:
        if _is_same(path, other):
            name = other if isinstance(other, str) else "what is read from stdin"
            raise OutputError(f"{name} is also where the output goes", "write to another file")


@contextmanager
def whole_file(to: Place, *, keep_empty: bool) -> Iterator[int]:
    """Give a descriptor to write to. What is no file is written into.

    A file is private, and appears complete, or not at all: when the ``with`` block ends without an exception and,
    unless an empty one is to be kept, something was written.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        if to.descriptor is not None:
            yield to.descriptor
            return
        with _named_at_the_end(to.path, keep_empty=keep_empty) as descriptor:
            yield descriptor
    except OSError as error:
        raise OutputError(f"{to.path} could not be written: {error.strerror}", _NAME_ONE) from error


@contextmanager
def _named_at_the_end(path: str, *, keep_empty: bool) -> Iterator[int]:
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100  # resolving links would move the file
    prefix = f".{name}."[:128]
    descriptor, temporary = _unnamed(folder, prefix)
    try:
        yield descriptor
        if keep_empty or os.fstat(descriptor).st_size:
            os.fsync(descriptor)
            temporary = temporary or _give_name(descriptor, folder, prefix)
            os.replace(temporary, path)  # noqa: PTH105  # both are plain strings
            temporary = ""
    finally:
        os.close(descriptor)
        if temporary:
            os.unlink(temporary)  # noqa: PTH108  # as above


def _unnamed(folder: str, prefix: str) -> tuple[int, str]:
    """Make a file that is gone when we are killed; where there can be none without a name, return that too."""
    try:
        descriptor = os.open(folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, _PRIVATE)
    except OSError:  # the file system knows none; what else there may be, is told next
        return _with_name(folder, prefix)
    if os.path.exists(_PROC % descriptor):  # noqa: PTH110  # a plain string
        return descriptor, ""
    os.close(descriptor)
    return _with_name(folder, prefix)


def _with_name(folder: str, prefix: str) -> tuple[int, str]:
    import tempfile  # noqa: PLC0415  # a tenth of the time that most commands need to start

    return tempfile.mkstemp(prefix=prefix, dir=folder)


def _give_name(descriptor: int, folder: str, prefix: str) -> str:
    """Give a file without a name one that nobody has; return it."""
    place_of_folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    name = prefix + os.urandom(8).hex()
    try:
        # With a folder's descriptor, os.link is linkat, and follows the link that /proc has there (open(2), O_TMPFILE).
        os.link(_PROC % descriptor, name, dst_dir_fd=place_of_folder)
    except OSError:  # a security module may be against it
        return _copied(descriptor, folder, prefix)
    finally:
        os.close(place_of_folder)
    return os.path.join(folder, name)  # noqa: PTH118  # plain strings


def _copied(descriptor: int, folder: str, prefix: str) -> str:
    import shutil  # noqa: PLC0415  # hardly ever

    copy, name = _with_name(folder, prefix)
    with open(copy, "wb") as to, open(descriptor, "rb", closefd=False) as file:  # noqa: PTH123  # descriptors
        file.seek(0)
        shutil.copyfileobj(file, to)
        to.flush()
        os.fsync(copy)
    return name


def _try_folder(path: str) -> None:
    """See that a file can be made there: with no name, where the file system knows such files."""
    import tempfile  # noqa: PLC0415  # as above

    if path.endswith("/") or os.path.isdir(path):  # noqa: PTH112  # as it was named
        raise OutputError(f"{path} is a folder", _NAME_ONE)
    try:
        with tempfile.TemporaryFile(dir=os.path.dirname(os.path.abspath(path))):  # noqa: PTH100, PTH120  # as above
            pass
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}", _NAME_ONE) from error


def _stream(path: str) -> Optional[int]:
    """Open what is there already and is no file; None where a file is to be made."""
    own = _own_descriptor(path)
    try:
        if own is not None:
            return os.dup(own)
        kind = stat.S_IFMT(os.stat(path).st_mode)  # noqa: PTH116  # a plain string
        if kind in {stat.S_IFREG, stat.S_IFDIR}:
            return None
        if kind not in _STREAMS:
            raise OutputError(f"{path} is a disk or a socket", "name a file, a pipe or a character device")
        # A pipe that nobody reads would hold up everything.
        descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(descriptor, True)
    except FileNotFoundError:
        return None
    except OSError as error:
        why = "nobody reads from it" if error.errno == errno.ENXIO else error.strerror
        raise OutputError(f"{path} cannot be written: {why}", _NAME_ONE) from error
    return descriptor


def _own_descriptor(path: str) -> Optional[int]:
    """Return the descriptor of this process that a name such as /dev/stdout stands for; opened anew, a file would begin again."""
    own = {"/proc/self/fd", f"/proc/{os.getpid()}/fd"}
    for _ in range(_LINKS):
        folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100  # one link at a time
        folder = os.path.realpath(folder)
        if folder in own and name.isascii() and name.isdigit():
            return int(name)
        path = os.path.join(folder, name)  # noqa: PTH118  # plain strings
        try:
            path = os.path.join(folder, os.readlink(path))  # noqa: PTH115, PTH118  # as above
        except OSError:
            return None
    return None


def _can_be_named(path: str) -> bool:
    """Say whether a path leads anywhere: a relative one does not where the working directory was removed."""
    try:
        os.path.abspath(path)  # noqa: PTH100  # what is done with it later
    except FileNotFoundError:
        return False
    return True


def _is_same(path: str, other: Union[str, int]) -> bool:
    """Say whether both are one file, which may be still to come; what is no file may be read and written by one command."""
    try:
        found, others = os.stat(path), os.stat(other)  # noqa: PTH116  # plain strings, or a descriptor
    except OSError:
        if not isinstance(other, str) or not _can_be_named(other):
            return False
        return os.path.realpath(path) == os.path.realpath(other)
    return stat.S_ISREG(found.st_mode) and os.path.samestat(found, others)
