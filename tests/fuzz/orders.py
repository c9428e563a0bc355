"""What can be wrong with whole events: the order of their records, their ends, their numbers and times, how often they come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from random import Random

    Change = Callable[[list[bytes], Random], None]

STAMP = re.compile(rb"audit\(([0-9]+)\.([0-9]{3}):([0-9]+)\)")
_SERIALS = 2**32
# LINE_LIMIT of records.record; the limit itself, what is around it, and the window in which long lines are looked for.
_LENGTHS = (32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 70_000, 140_000)
# Seconds: what an event without an end waits, and what is around it; steps forwards and back.
_STEPS = (0.001, 0.999, 1.999, 2.0, 2.001, 3.0, 3600.0, 1e6, -0.001, -1.0, -2.0, -2.001, -5.0, -1e6)
_RUNS = (2, 16, 255, 256, 257, 600)
_SINGLES = (
    b"USER_LOGIN", b"USER", b"CRED_ACQ", b"TRUSTED_APP", b"KERNEL", b"DAEMON_START", b"LOGIN", b"CONFIG_CHANGE", b"ANOM_ABEND",
    b"UNKNOWN[1399]", b"NOSUCHTYPE",
)  # fmt: skip


def _stamp(line: bytes) -> bytes:
    match = STAMP.search(line)
    return match[0] if match else b""


def _events(lines: list[bytes]) -> list[list[bytes]]:
    events: dict[bytes, list[bytes]] = {}
    for line in lines:
        events.setdefault(_stamp(line), []).append(line)
    return list(events.values())


def _one_of(lines: list[bytes], random: Random) -> list[bytes]:
    """Return the records of an event."""
    stamp = _stamp(random.choice(lines))
    return [line for line in lines if _stamp(line) == stamp]


def _in_turn(lines: list[bytes], random: Random) -> None:
    """Let several events be written at once, as by several processors."""
    waiting, at_once = _events(lines), random.randint(2, 8)
    lines.clear()
    while waiting:
        event = random.choice(waiting[:at_once])
        lines.append(event.pop(0))
        if not event:
            waiting.remove(event)


def _shuffled(lines: list[bytes], random: Random) -> None:
    size = random.choice((2, 4, 8, 40))
    for start in range(0, len(lines), size):
        part = lines[start : start + size]
        random.shuffle(part)
        lines[start : start + size] = part


def _without_ends(lines: list[bytes], random: Random) -> None:
    share = random.choice((0.2, 0.5, 1.0))
    lines[:] = [line for line in lines if b"type=EOE" not in line or random.random() > share]


def _another_end(lines: list[bytes], random: Random) -> None:
    """Put one more EOE where there should be none; it may say something."""
    stamp = _stamp(random.choice(lines)) or b"audit(1.000:1)"
    text = random.choice((b" ", b" ", b"", b"  ", b" x=1", b" \r", b"\r"))
    lines.insert(random.randrange(len(lines) + 1), b"type=EOE msg=" + stamp + b":" + text)


def _single_within(lines: list[bytes], random: Random) -> None:
    """Put a message that is an event of its own between the records of another, or make it claim to be one of them."""
    place = random.randrange(len(lines))
    stamp = _stamp(lines[place])
    if not random.randrange(2):
        stamp = STAMP.sub(lambda match: b"audit(%b.%b:%d)" % (match[1], match[2], int(match[3]) + 7), stamp)
    body = b' pid=1 uid=0 auid=4294967295 ses=4294967295 msg=\'op=x acct="root" exe="/bin/x" res=success\''
    lines.insert(place + 1, b"type=" + random.choice(_SINGLES) + b" msg=" + stamp + b":" + body)


def _again(lines: list[bytes], random: Random) -> None:
    """Let an event come a second time, when it is complete."""
    place = random.randrange(len(lines) + 1)
    lines[place:place] = _one_of(lines, random)


def _another_like_it(lines: list[bytes], random: Random) -> None:
    """Let an event come again as the next ones, each with its own number and a bit of it changed."""
    event = _one_of(lines, random)
    for number in range(random.choice((1, 1, 2, 4))):
        other = [_moved(line, 0, 1000 + number) for line in event]
        place = random.randrange(len(other))
        words = other[place].split(b" ")
        word = random.randrange(len(words))
        if b"audit(" not in words[word]:
            words[word] = words[word][:-1] + random.choice((b"", b"0", b"1", b"x", b'"', b" ", b"\x1d"))
        other[place] = b" ".join(words)
        lines += other


def _moved(line: bytes, milliseconds: int, serials: int) -> bytes:
    def moved(match: re.Match[bytes]) -> bytes:
        time = max(int(match[1] + match[2]) + milliseconds, 0)
        serial = (int(match[3]) + serials) % _SERIALS
        return b"audit(%d.%03d:%d)" % (time // 1000, time % 1000, serial)

    return STAMP.sub(moved, line, count=1)


def _rolled_over(lines: list[bytes], random: Random) -> None:
    """Number all events anew, so that the counter starts again at one of them."""
    match = STAMP.search(random.choice(lines))
    if match:
        lines[:] = [_moved(line, 0, -int(match[3]) + random.choice((0, 0, 1))) for line in lines]


def _stepped(lines: list[bytes], random: Random) -> None:
    """Set the clock, at some record or between two events."""
    place, step = random.randrange(len(lines)), int(random.choice(_STEPS) * 1000)
    stamp = _stamp(lines[place])
    if random.randrange(2):
        while place and _stamp(lines[place - 1]) == stamp:
            place -= 1
    lines[place:] = [_moved(line, step, 0) for line in lines[place:]]


def _long_ago(lines: list[bytes], random: Random) -> None:
    """Set all clocks to a time that is written with fewer digits, or is about to have one more."""
    match = STAMP.search(random.choice(lines))
    if match:
        step = random.choice((10**12, 10**12 - 500, 10**12, 5 * 10**11, 10**6)) - int(match[1] + match[2])
        lines[:] = [_moved(line, step, 0) for line in lines]


def _nearly_its_stamp(lines: list[bytes], random: Random) -> None:
    """Write the stamp of one record, or of the rest of its event, or of all of it, otherwise: the same numbers, or nearly."""
    place = random.randrange(len(lines))
    match = STAMP.search(lines[place])
    if not match:
        return
    seconds, milliseconds, serial = match.groups()
    other = random.choice((
        b"audit(0%b.%b:%b)" % (seconds, milliseconds, serial),
        b"audit(%b.%b:0%b)" % (seconds, milliseconds, serial),
        b"audit(%b.%b0:%b)" % (seconds, milliseconds, serial),
        b"audit(%b.%03d:%b)" % (seconds, (int(milliseconds) + 1) % 1000, serial),
        b"audit(%d.%b:%b)" % (int(seconds) + 1, milliseconds, serial),
        b"audit(%b.%b:%d)" % (seconds, milliseconds, int(serial) + 1),
        b"audit( %b.%b:%b)" % (seconds, milliseconds, serial),
        b"audit(%b.%b:%b) " % (seconds, milliseconds, serial),
    ))  # fmt: skip
    place, end = random.choice(((place, place + 1), (place, len(lines)), (0, len(lines))))
    lines[place:end] = [line.replace(match[0], other, 1) for line in lines[place:end]]


def _one_value_throughout(lines: list[bytes], random: Random) -> None:
    """Let one word be another in every record that has it."""
    words, others = random.choice(lines).split(b" "), random.choice(lines).split(b" ")
    old, new = random.choice(words), random.choice(others)
    if old and b"audit(" not in old + new:
        lines[:] = [line.replace(b" " + old, b" " + new) for line in lines]


def _joined(lines: list[bytes], random: Random) -> None:
    """Lose a newline, or what was around it."""
    place = random.randrange(len(lines))
    line, following = lines[place], b"".join(lines[place + 1 : place + 2])
    cut = random.choice((0, 0, 1, len(line) // 2))
    lines[place : place + 2] = [line[: len(line) - cut] + following[cut:]]


def _parted(lines: list[bytes], random: Random) -> None:
    """Break a record in two, or in two records."""
    place = random.randrange(len(lines))
    line = lines[place]
    cut = random.randrange(len(line) + 1)
    head = line[: line.find(b": ") + 2] if random.randrange(2) else b""
    lines[place : place + 1] = [line[:cut], head + line[cut:]]


def _lengthened(lines: list[bytes], random: Random) -> None:
    """Let a line have a length around that from which on it is no record."""
    if random.randrange(20):
        return  # long ones are slow
    place, length = random.randrange(len(lines)), random.choice(_LENGTHS)
    line = lines[place]
    lines[place] = line + random.choice((b"0", b"A", b" a=b", b'"', b"\x1d")) * length
    lines[place] = lines[place][: max(length, len(line))]


def _long_run(lines: list[bytes], random: Random) -> None:
    """Let one record come very often, as of a program with a million arguments."""
    place = random.randrange(len(lines))
    times = random.choice(_RUNS if not random.randrange(20) else _RUNS[:2])
    lines[place:place] = [lines[place]] * times


def _ended_otherwise(lines: list[bytes], random: Random) -> None:
    """Let lines end as on another system, or in what a reader in C does not see."""
    end = random.choice((b"\r", b"\0", b" ", b"\x1d", b"\t", b"\x0b", b"\x0c", b"\x85"))
    only = random.choice((1, 1, 3))
    lines[:] = [line if random.randrange(only) else line + end for line in lines]


def _on_some(change: Change) -> Change:
    """Return the same, for logs that have lines."""

    def on_log(lines: list[bytes], random: Random) -> None:
        if lines:
            change(lines, random)

    return on_log


ON_EVENTS: tuple[Change, ...] = tuple(map(_on_some, (
    _in_turn, _in_turn, _shuffled, _without_ends, _another_end, _single_within, _again, _another_like_it, _another_like_it,
    _rolled_over, _stepped, _long_ago, _nearly_its_stamp, _one_value_throughout, _joined, _parted, _lengthened, _long_run, _ended_otherwise,
)))  # fmt: skip
