"""The installed libauparse, fed line by line as auditd's plugins feed it, to compare with."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from typing import Optional

_FEED = 7  # AUSOURCE_FEED of auparse-defs.h
_VERSION = "3.0.9"

Seen = list[tuple[Optional[bytes], Optional[bytes]]]


def missing() -> str:
    """Return why there is nothing to compare with, empty if there is."""
    if shutil.which("auditctl") is None:
        return "auditctl is not installed: nobody says which libauparse this is"
    told = subprocess.run(["auditctl", "-v"], capture_output=True, text=True, check=False).stdout
    if _VERSION not in told:
        return f"this is not libauparse {_VERSION}: {told.strip()}"
    try:
        ctypes.CDLL("libauparse.so.0")
    except OSError as error:
        return f"libauparse is not installed: {error}"
    return ""


def events(lines: list[bytes]) -> list[list[Seen]]:
    """Return the events in the order in which they are given out: records, each the names and values of its fields."""
    return _Reader().read(lines)


class _Reader:
    def __init__(self) -> None:
        self._library = library = ctypes.CDLL("libauparse.so.0")
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        library.auparse_init.argtypes, library.auparse_init.restype = [ctypes.c_int, pointer], pointer
        library.auparse_feed.argtypes = [pointer, text, ctypes.c_size_t]
        library.auparse_goto_record_num.argtypes = [pointer, ctypes.c_uint]
        for name in ("first_field", "next_field", "flush_feed", "destroy", "get_field_name", "get_field_str"):
            getattr(library, f"auparse_{name}").argtypes = [pointer]
        library.auparse_get_field_name.restype = library.auparse_get_field_str.restype = text
        callback = ctypes.CFUNCTYPE(None, pointer, ctypes.c_int, pointer)
        library.auparse_add_callback.argtypes = [pointer, callback, pointer, pointer]
        self._callback = callback(self._take)
        self._events: list[list[Seen]] = []

    def read(self, lines: list[bytes]) -> list[list[Seen]]:
        library = self._library
        state = library.auparse_init(_FEED, None)
        library.auparse_add_callback(state, self._callback, None, None)
        for line in lines:
            library.auparse_feed(state, line + b"\n", len(line) + 1)
        library.auparse_flush_feed(state)
        library.auparse_destroy(state)
        return self._events

    def _take(self, state: int, _kind: int, _data: Optional[int]) -> None:
        records: list[Seen] = []
        while self._library.auparse_goto_record_num(state, len(records)) > 0:
            records.append(self._fields(state))
        self._events.append(records)

    def _fields(self, state: int) -> Seen:
        library = self._library
        library.auparse_first_field(state)
        fields: Seen = []
        more = 1
        while more:
            fields.append((library.auparse_get_field_name(state), library.auparse_get_field_str(state)))
            more = library.auparse_next_field(state)
        return fields
