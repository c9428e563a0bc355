"""Compressed logs, told by their first bytes and not by their names, in bounded memory whatever they hold."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, Optional, Protocol, cast

from mig_audit.errors import DamagedInputError
from mig_audit.modules.audit.sources.interface import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

_XZ_MEMORY = 80 << 20  # bytes: xz -9 needs 65 MiB


class Decompressor(Protocol):
    """One compressed member (a file may have several); the shape of bz2's and lzma's."""

    @property
    def eof(self) -> bool:
        """Return whether the member's end was reached."""

    @property
    def needs_input(self) -> bool:
        """Return whether there is nothing to give out before there is more to read."""

    @property
    def unused_data(self) -> bytes:
        """Return what came after the member's end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most ``max_length`` bytes more."""


class _Gzip:
    """zlib's decompressor in that shape."""

    def __init__(self) -> None:
        import zlib  # noqa: PLC0415  # few logs need it

        self._inner = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        # zlib can have taken all its input and still hold back what did not fit.
        return not self._full and not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        text = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(text) == max_length
        return text


def _bzip2() -> Decompressor:
    import bz2  # noqa: PLC0415  # as above

    return bz2.BZ2Decompressor()


def _xz() -> Decompressor:
    import lzma  # noqa: PLC0415  # as above

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def _zstd() -> Decompressor:
    return cast("Decompressor", _zstd_library().ZstdDecompressor())


def _zstd_library() -> Any:  # noqa: ANN401  # a module that may not be there
    try:
        return import_module("compression.zstd")  # Python has it from 3.14 on
    except ImportError:
        return import_module("backports.zstd")  # the same for others


# A frame, and the sixteen beginnings of one to be skipped (RFC 8878), as pzstd writes it before each.
_ZSTD = (b"\x28\xb5\x2f\xfd", *(b"%c\x2a\x4d\x18" % number for number in range(0x50, 0x60)))
# How a member begins; of one kind, all beginnings are of one length.
_KINDS: tuple[tuple[tuple[bytes, ...], Callable[[], Decompressor]], ...] = (
    ((b"\x1f\x8b",), _Gzip),
    ((b"\xfd7zXZ\0",), _xz),
    ((b"BZh",), _bzip2),
    (_ZSTD, _zstd),
)
# What logs are packed into besides, and what unpacks it.
_UNREAD = (
    (b"PK\x03\x04", "a zip archive", "unzip -p"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x -so"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "lz4 -dc"),
    (b"LZIP", "compressed with lzip", "lzip -dc"),
    (b"\x5d\0\0", "compressed with lzma", "xz -dc --format=lzma"),
    (b"\x1f\x9d", "compressed with compress", "gzip -dc"),
)
_MAGICS = (*(magic for magics, _ in _KINDS for magic in magics), *(magic for magic, _, _ in _UNREAD))
_TAR, _TAR_MAGIC = 257, b"ustar"  # tar(5)


def undecided(start: bytes) -> bool:
    """Say whether so few bytes do not tell yet whether they are compressed."""
    return any(len(start) < len(magic) and magic.startswith(start) for magic in _MAGICS)


def decompressor_for(start: bytes, name: str) -> Optional[Callable[[], Decompressor]]:
    """Return what makes a decompressor for bytes that start so; None if they are not compressed.

    Raises:
        DamagedInputError: they are, in a way that is not read here; ``name`` is whose they are.
    """
    for magic, kind, command in _UNREAD:
        if start.startswith(magic):
            raise DamagedInputError(f"{name} is {kind}, which is not read", f"pipe it through `{command}`")
    if start.startswith(_ZSTD):
        try:
            _zstd_library()
        except ImportError:
            raise DamagedInputError(
                f"{name} is compressed with zstd, which this Python cannot read",
                "install backports.zstd, or pipe it through `zstd -dc`",
            ) from None
    return next((make for magics, make in _KINDS if start.startswith(magics)), None)


def refuse_archive(text: bytes, name: str) -> None:
    """Refuse what begins as an archive: nobody knows where its files begin and end in it.

    Raises:
        DamagedInputError: it is one; ``name`` is whose text it is.
    """
    if text.startswith(_TAR_MAGIC, _TAR):
        raise DamagedInputError(
            f"{name} is a tar archive, which is not read", "unpack it, or pipe it through `tar -xO`"
        )


def decompressed(chunks: Iterator[bytes], make: Callable[[], Decompressor], name: str) -> Iterator[bytes]:
    """Yield what compressed chunks hold, ``CHUNK`` bytes at the most at once.

    An empty chunk is passed on: nothing is there at the moment. ``name`` is for errors.

    Raises:
        DamagedInputError: the compressed bytes are torn or damaged, after all that came before has been yielded.
    """
    magics = next(magics for magics, kind in _KINDS if kind is make)
    member: Optional[Decompressor] = None
    behind = b""  # what follows a member, as long as it is too little to tell whether it begins another one
    ended = False
    for chunk in chunks:
        if not chunk:
            yield chunk
        rest = chunk
        while rest:
            if member is None:
                # Padding is allowed between members and after the last one.
                rest, behind = (behind + rest).lstrip(b"\0"), b""
                if ended and not rest.startswith(tuple([magic[: len(rest)] for magic in magics])):
                    raise _followed(name)
                if not rest or (ended and len(rest) < len(magics[0])):
                    behind = rest
                    break
                member = make()
            yield from _expanded(member, rest, name)
            rest = member.unused_data if member.eof else b""
            member, ended = (None, True) if member.eof else (member, ended)
    if member is not None or behind:
        raise DamagedInputError(
            f"{name} is compressed, and torn: its end is missing",
            "what it has was read; look for a whole copy",
        )


def _followed(name: str) -> DamagedInputError:
    return DamagedInputError(
        f"{name} is compressed, and something else follows its end",
        "all that is compressed was read; see what was written after it",
    )


def _expanded(member: Decompressor, data: bytes, name: str) -> Iterator[bytes]:
    """Yield all that can be had of some compressed bytes."""
    try:
        while not member.eof:
            text = member.decompress(data, CHUNK)
            data = b""
            if text:
                yield text
            if member.needs_input:
                return
    # Each library has an error of its own, and they share no base.
    except Exception as error:
        if "memory" in str(error).lower():
            raise DamagedInputError(
                f"{name} is compressed, and needs too much memory: {error}",
                "unpack it, and read what comes out",
            ) from error
        raise DamagedInputError(
            f"{name} is compressed, and damaged: {error}", "what came before was read; look for a whole copy"
        ) from error
