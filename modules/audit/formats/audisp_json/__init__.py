"""The format of audisp-json 2.2.10, byte for byte: what programs that were written for its output expect.

It is that program's view of an event, with its omissions and mistakes; ``mozdef`` is the same shape with these mended.
What it prints of an event depends on where libauparse finds a field, so the parts are: `search` (finding fields),
`categories` and `command` (what was done), `attributes` (the details), `encode` (the line).
"""

from __future__ import annotations

from mig_audit.modules.audit.formats.audisp_json.encode import AudispJsonFormat

__all__ = ["AudispJsonFormat"]
