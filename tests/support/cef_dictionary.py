"""The part of CEF's extension dictionary that our events use: type and length of each key.

From ArcSight's "Common Event Format: Event Interoperability Standard", version 0 of the format, table "Extension
Dictionary". Lengths are in characters; None for what is no text.
"""

from __future__ import annotations

from typing import Optional

KEYS: dict[str, tuple[str, Optional[int]]] = {
    "act": ("string", 63),
    "c6a2": ("ipv6", None),
    "c6a2Label": ("string", 1023),
    "c6a3": ("ipv6", None),
    "c6a3Label": ("string", 1023),
    "cat": ("string", 1023),
    **{f"cn{number}": ("long", None) for number in (1, 2, 3)},
    **{f"cn{number}Label": ("string", 1023) for number in (1, 2, 3)},
    **{f"cs{number}": ("string", 4000) for number in range(1, 7)},
    **{f"cs{number}Label": ("string", 1023) for number in range(1, 7)},
    "dhost": ("string", 1023),
    "dpt": ("port", None),
    "dst": ("ipv4", None),
    "duid": ("string", 1023),
    "duser": ("string", 1023),
    "dvchost": ("string", 100),
    "externalId": ("string", 40),
    "fileHash": ("string", 255),
    "fileId": ("string", 1023),
    "filePath": ("string", 1023),
    "filePermission": ("string", 1023),
    "fname": ("string", 1023),
    "msg": ("string", 1023),
    "outcome": ("string", 63),
    "reason": ("string", 1023),
    "rt": ("time", None),
    "shost": ("string", 1023),
    "sourceServiceName": ("string", 1023),
    "spid": ("integer", None),
    "sproc": ("string", 1023),
    "spt": ("port", None),
    "src": ("ipv4", None),
    "suid": ("string", 1023),
    "suser": ("string", 1023),
}
