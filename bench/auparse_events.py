"""Read a log with libauparse (Debian: python3-audit), for the system's Python: auparse_events.py LOG [--json].

Every field of every record is interpreted; with --json each event is printed as a line, as a collector would.
"""

from __future__ import annotations

import json
import sys

import auparse  # type: ignore[import-not-found]  # Debian installs it for its own Python


def _record(parser: auparse.AuParser) -> dict[str, str]:
    fields = {"type": parser.get_type_name()}
    while True:
        fields[parser.get_field_name()] = parser.interpret_field()
        if not parser.next_field():
            return fields


def _event(parser: auparse.AuParser) -> list[dict[str, str]]:
    records = [_record(parser)]
    while parser.next_record():
        records.append(_record(parser))
    return records


def main() -> None:
    """Read all of it."""
    parser = auparse.AuParser(auparse.AUSOURCE_FILE, sys.argv[1])
    write = sys.stdout.write if "--json" in sys.argv else None
    while parser.parse_next_event():
        stamp = parser.get_timestamp()
        records = _event(parser)
        if write:
            write(json.dumps({"time": stamp.sec, "serial": stamp.serial, "records": records}) + "\n")


if __name__ == "__main__":
    main()
