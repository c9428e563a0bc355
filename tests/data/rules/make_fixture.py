#!/usr/bin/env python3
"""Create the files that the golden rules refer to: /tmp/auditgold/{file,dir/,dir/f,dir/sub/,ln->file,lnd->dir}."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path("/tmp/auditgold")  # noqa: S108  # the name that the golden rules have

(_ROOT / "dir" / "sub").mkdir(parents=True, exist_ok=True)
for name in ("file", "dir/f"):
    (_ROOT / name).touch()
for name, target in (("ln", "file"), ("lnd", "dir")):
    if not (_ROOT / name).is_symlink():
        (_ROOT / name).symlink_to(target)
