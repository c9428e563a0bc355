"""What must hold for any bytes that are read as a log."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import tempfile
from typing import TYPE_CHECKING, Optional

from streams import groups_of

from mig_audit.modules.audit.events import Decoder, Origin, TableNames
from mig_audit.modules.audit.formats import FORMATS, is_json, make_format
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.modules.audit.sources.file import FileSource
from mig_audit.modules.audit.sources.lines import LineCutter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from mig_audit.modules.audit.formats import Format

_NAMES = TableNames({0: "root", 1000: "alice"}, {0: "root"})
_ORIGIN = Origin("host.example.com", _NAMES)
_DEFAULT = "mozdef"
_FIRST_PRINTABLE = 0x20


class BrokenError(Exception):
    """Something that must hold does not."""


class Checker:
    """Holds logs against the invariants.

    The formats are made once, so that what they remember of one log can do harm to the next, as in a long run.
    """

    def __init__(self) -> None:
        self._formats = {name: make_format(name, _ORIGIN) for name in FORMATS}

    def check(self, lines: list[bytes], random: Random) -> None:
        """Read a log in every way that there is.

        Raises:
            BrokenError: an invariant is broken; any other exception is one, too.
        """
        block = b"".join(line + b"\n" for line in lines)
        events = _checked(self._formats[_DEFAULT], [block], len(lines))
        pieces = list(_in_pieces(block, random))
        _same(_checked(self._formats[_DEFAULT], pieces, len(lines)), events, "read in pieces")
        _same(_the_plain_way(self._formats[_DEFAULT], lines), events, "the plain way")
        _checked(self._formats[random.choice(sorted(self._formats))], [block], len(lines))
        if not random.randrange(20):
            _check_compressed(block, random)


class _Sink:
    def __init__(self) -> None:
        self.events: list[bytes] = []

    def put(self, event: bytes) -> None:
        self.events.append(event)


def _checked(form: Format, blocks: Sequence[bytes], lines: int) -> list[bytes]:
    """Return the events of a log, all of them accounted for."""
    sink = _Sink()
    pipeline = Pipeline(form, (sink,), limit=0, max_size=0, names=_NAMES)
    for block in filter(None, blocks):
        pipeline.feed(block)
    pipeline.flush()
    account = pipeline.account()
    if not account.balanced or account.pending or account.received != lines:
        raise BrokenError(f"records are not conserved: {lines} lines, {account}")
    if account.events != len(sink.events) + pipeline.unrepresented + pipeline.own:
        raise BrokenError(f"events are not conserved: {account.events}, {len(sink.events)} were given out")
    for event in sink.events:
        _check_line(event, form)
    return sink.events


def _check_line(event: bytes, form: Format) -> None:
    if b"\n" in event or not event:
        raise BrokenError(f"{form.name}: an event is not a line: {event!r}")
    if not is_json(form):
        return
    if min(event) < _FIRST_PRINTABLE:
        raise BrokenError(f"{form.name}: an event has a control character: {event!r}")
    try:
        document = json.loads(event.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BrokenError(f"{form.name}: an event is not JSON: {error}: {event!r}") from error
    if form.name == _DEFAULT:
        for text in _texts(document):
            if not text.isprintable():
                raise BrokenError(f"{form.name}: a text is not printable: {text!r}")


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError(f"a key is there twice: {[key for key, _ in pairs]}")
    return document


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def _the_plain_way(form: Format, lines: list[bytes]) -> list[bytes]:
    """Return the events by the parts that say what is right, record by record, without any shortcut."""
    decoder = Decoder(_NAMES)
    encoded = (form.encode(decoder.decode(group)) for group in groups_of(lines))
    return [event for event in encoded if event is not None]


def _in_pieces(block: bytes, random: Random) -> Iterator[bytes]:
    """Yield the log as a source does that is handed it bit by bit."""
    cutter, start = LineCutter(), 0
    while start < len(block):
        size = random.choice((1, 10, 100, 1000, 10_000))
        yield cutter.cut(block[start : start + size])
        start += size
    rest = cutter.rest()
    if rest:
        raise BrokenError(f"whole lines left a rest: {rest!r}")


def _same(events: list[bytes], expected: list[bytes], way: str) -> None:
    if events == expected:
        return
    for ours, theirs in zip(events, expected):
        if ours != theirs:
            raise BrokenError(f"{way} it is {ours!r}, and else {theirs!r}")
    raise BrokenError(f"{way} there are {len(events)} events, and else {len(expected)}")


class _NoPatience:
    over = False

    def wait(self, _descriptor: Optional[int], _seconds: float) -> bool:
        return True


def _check_compressed(block: bytes, random: Random) -> None:
    """Read it compressed, with something wrong in that: what comes out of it begins as the log does, or is told."""
    data = bytearray(random.choice((gzip.compress, lzma.compress))(block))
    for _ in range(random.randrange(3)):
        data[random.randrange(len(data))] = random.randrange(256)
    del data[random.randrange(len(data) // 2, len(data) + 1) :]
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        source = FileSource(os.dup(file.fileno()), "mutated", _NoPatience())
        read = b"".join(source.blocks())
    if read != block and not source.troubles and bytes(data[:1]) in {b"\x1f", b"\xfd"}:
        raise BrokenError(f"a damaged log was read as if it were whole: {bytes(data).hex()}")
