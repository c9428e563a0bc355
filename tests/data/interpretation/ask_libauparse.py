#!/usr/bin/python3
"""Ask libauparse, through Debian's python3-audit, about every field of many records, and keep its answers.

libauparse asks the host for names, so tests/data/records/passwd and group have to stand in the place of the host's.
As root, in the root of the repository, this makes the golden answers again:

    unshare --mount sh -c 'for name in passwd group; do mount --bind tests/data/records/$name /etc/$name; done;
        tests/data/interpretation/ask_libauparse.py tests/data/interpretation/libauparse-3.0.9.json.xz'
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

import auparse  # type: ignore[import-not-found]  # of the system's Python

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_DATA.parent / "support"))

import libauparse_answers as answers_of  # noqa: E402
import synthetic_records  # noqa: E402

Fields = list[tuple[str, Optional[str], Optional[str]]]


def main() -> None:
    """Run the script."""
    answers: dict[answers_of.Key, Optional[str]] = {}
    shapes: Counter[str] = Counter()
    calls = answers_of.Calls()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        for log in (*answers_of.LOGS, None):
            lines = answers_of.lines(log) if log else [line.encode() for line in synthetic_records.records()]
            path.write_bytes(b"\n".join(lines) + b"\n")
            for fields in ask(path):
                if log == answers_of.LOGS[0]:
                    shapes[answers_of.shape(str(fields[0][2]), [name for name, _, _ in fields[1:]])] += 1
                keep(calls, answers, fields)
    answers_of.write_golden(Path(sys.argv[1]), answers, shapes)


def keep(calls: answers_of.Calls, answers: dict[answers_of.Key, Optional[str]], fields: Fields) -> None:
    """Add what was said of one record's fields; two answers to one question are a fault of the key."""
    values = {name: raw or "" for name, raw, _ in reversed(fields)}
    for name, raw, text in fields[1:]:
        if raw is None or text == answers_of.expected(name, raw):
            continue
        key = calls.key(values["type"], name, raw, values)
        if answers.setdefault(key, text) != text:
            raise SystemExit(f"{key}: {answers[key]!r} and {text!r}")


def ask(log: Path) -> Iterator[Fields]:
    """Yield the fields of each record of a log: name, raw value, and what it means, None for what is no UTF-8."""
    parser = auparse.AuParser(auparse.AUSOURCE_FILE, str(log))
    while parser.parse_next_event():
        parser.first_record()
        more = True
        while more:
            yield list(_fields(parser))
            more = parser.next_record()


def _fields(parser: Any) -> Iterator[tuple[str, Optional[str], Optional[str]]]:  # noqa: ANN401
    parser.first_field()
    more = True
    while more:
        yield parser.get_field_name(), _text(parser.get_field_str), _text(parser.interpret_field)
        more = parser.next_field()


def _text(ask_for: Callable[[], str]) -> Optional[str]:
    try:
        return ask_for()
    except (RuntimeError, UnicodeDecodeError):  # nothing, or no UTF-8
        return None


if __name__ == "__main__":
    main()
