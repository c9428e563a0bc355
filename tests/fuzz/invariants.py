"""What must hold for any bytes that are read as a log."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import tempfile
from typing import TYPE_CHECKING, Optional

from beside_libauparse import Library
from both_ways import (
    NAMES,
    Asked,
    BrokenError,
    LongRun,
    PlainWay,
    RunWay,
    check_same,
    check_told,
)
from narrow import NarrowPlainWay, NarrowRunWay
from orders import STAMP

from mig_audit.modules.audit.events import Origin
from mig_audit.modules.audit.formats import FORMATS, is_json, make_format
from mig_audit.modules.audit.sources.file import FileSource
from mig_audit.modules.audit.sources.lines import LineCutter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from mig_audit.modules.audit.formats import Format

_ORIGIN = Origin("host.example.com", NAMES)
_DEFAULT = "mozdef"
_FIRST_PRINTABLE = 0x20
_LONG = 20_000  # lines; a long run ends then, and another one begins
_CONDITIONS = (
    "exe ~ '^/usr/'", "key", "key = exec or success = no", "syscall = execve", "uid = 0 and arch = x86_64", "user = alice",
    "auid = unset", "exit < 0", "errno = EPERM or errno = ENOENT", "a2 > 0x10", "category = write", "path ^= /etc", "inode > 100",
    "cwd = /", "command ~ x", "argument = x", "title ~ python", "address in 127.0.0.0/8", "family = inet", "op", "node", "node = db and user = alice",
    "complete", "pid > 1000 or session = 1", "not type = PATH",
)  # fmt: skip


_CHANGES = (b"CONFIG_CHANGE", b"EVENT_LISTENER", b"UNKNOWN[1335]", b"UNKNOWN[1305]")
_OWN_PID = 2**22 + 1  # above the highest that there is
_CANARY = (
    b"type=TRUSTED_APP msg=audit(%b.%b:%d): pid=%d uid=0 auid=4294967295 ses=4294967295"
    b" msg='op=mig-audit-canary run=0123456789abcdef nr=%d%b'"
)


class Checker:
    """Holds logs against the invariants.

    The formats are made once, and a long run goes on from log to log, so that what is remembered of one log can do harm to
    the next. ``history`` is what the long run had read when it broke.
    """

    def __init__(self) -> None:
        self._formats = {name: make_format(name, _ORIGIN) for name in FORMATS}
        self._long_runs = self._begin_long_runs()
        self._library = Library()
        self.history: list[bytes] = []

    def check(self, lines: list[bytes], random: Random) -> None:
        """Read a log in every way that there is.

        Raises:
            BrokenError: an invariant is broken; any other exception is one, too.
        """
        form, block = self._formats[_DEFAULT], _block(lines)
        plain = PlainWay(form)
        events = plain.feed(lines) + plain.flush()
        run = RunWay(form)
        check_same(_checked(run, form, [block], len(lines)), events, "as a whole")
        check_told(run.told(), plain.told(), "as a whole")
        _check_kept(form, block, events, random)
        pieces = list(_in_pieces(block, random))
        check_same(_checked(RunWay(form), form, pieces, len(lines)), events, "in pieces")
        other = self._formats[random.choice(sorted(self._formats))]
        _checked(RunWay(other), other, [block], len(lines))
        if not random.randrange(3):
            self._check_asked(lines, Asked(random.choice(("", *_CONDITIONS)), not random.randrange(3)))
        if not random.randrange(3):
            self._check_window(lines, random)
        if not random.randrange(20):
            _check_compressed(block, random)
        if not self.unlike_libauparse and not random.randrange(10):
            self._library.check(lines)
        self._go_on(pieces, lines, random)

    @property
    def unlike_libauparse(self) -> str:
        """Return why the grouping of libauparse is not looked at, empty if it is."""
        return self._library.missing

    def check_long_run(self, lines: list[bytes]) -> None:
        """Begin a long run, with these lines alone.

        Raises:
            BrokenError: the two ways are not the same.
        """
        for long_run in self._begin_long_runs():
            long_run.feed([_block(lines)], lines)
            long_run.flush()

    def _check_asked(self, lines: list[bytes], asked: Asked) -> None:
        form = self._formats[_DEFAULT]
        run, plain = RunWay(form, asked), PlainWay(form, asked)
        events = run.feed([_block(lines)]) + run.flush()
        check_same(events, plain.feed(lines) + plain.flush(), f"with {asked}")
        check_told(run.told(), plain.told(), f"with {asked}")

    def _check_window(self, lines: list[bytes], random: Random) -> None:
        """Let a window begin among the lines, and perhaps end."""
        if any(change in line for line in lines for change in _CHANGES):
            return  # whose change of audit it was is another question
        form, asked = self._formats[_DEFAULT], Asked(own_pids=(_OWN_PID,))
        lines = list(lines)
        for number, end in ((1, b""), (2, b" end"))[: random.randint(1, 2)]:
            place = random.randrange(len(lines) + 1)
            match = STAMP.search(b" ".join(lines[place:]))
            seconds, milliseconds = (match[1], match[2]) if match else (b"1700000000", b"000")
            lines.insert(place, _CANARY % (seconds, milliseconds, 4 * 10**9 + number, _OWN_PID, number, end))
        run, plain = RunWay(form, asked), PlainWay(form, asked)
        events = run.feed(_in_pieces(_block(lines), random)) + run.flush()
        check_same(events, plain.feed(lines) + plain.flush(), "in a window")
        # Of the account, the serials begin with the first canary.
        check_told(run.told()._replace(account=None), plain.told()._replace(account=None), "in a window")

    def _go_on(self, pieces: Sequence[bytes], lines: list[bytes], random: Random) -> None:
        ends = not random.randrange(20)
        for long_run in self._long_runs:
            self._go_on_with(long_run, pieces, lines, ends=ends)
        if len(self._long_runs[0].lines) >= _LONG:
            self._long_runs = self._begin_long_runs()

    def _go_on_with(
        self, long_run: LongRun, pieces: Sequence[bytes], lines: list[bytes], *, ends: bool
    ) -> None:
        try:
            long_run.feed(pieces, lines)
            if ends:
                long_run.flush()
        except Exception:
            self.history = long_run.lines
            self._long_runs = self._begin_long_runs()
            raise

    def _begin_long_runs(self) -> tuple[LongRun, LongRun]:
        form = self._formats[_DEFAULT]
        return LongRun(RunWay(form), PlainWay(form)), LongRun(NarrowRunWay(), NarrowPlainWay())


def _block(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _checked(run: RunWay, form: Format, blocks: Sequence[bytes], lines: int) -> list[bytes]:
    """Return the events of a log, all of them accounted for."""
    events = run.feed(blocks) + run.flush()
    account, findings, unrepresented, _ = run.told()
    if account is None or not account.balanced or account.pending or account.received != lines:
        raise BrokenError(f"records are not conserved: {lines} lines, {account}")
    if account.events != findings or findings != len(events) + unrepresented:
        raise BrokenError(f"events are not conserved: {account.events}, {len(events)} were given out")
    for event in events:
        _check_line(event, form)
    return events


def _check_kept(form: Format, block: bytes, events: Sequence[bytes], random: Random) -> None:
    """See that the first events are kept that fit."""
    limit, max_size = random.randrange(10), random.choice((0, 3000, 1 << 20))
    run = RunWay(form, limit=limit, max_size=max_size)
    check_same(run.feed([block]) + run.flush(), events, "with some of them kept")
    expected: list[bytes] = []
    for event in events:
        if len(expected) < limit and sum(map(len, expected)) + len(event) <= max_size:
            expected.append(event)
    check_same(run.kept, expected, "kept")


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
