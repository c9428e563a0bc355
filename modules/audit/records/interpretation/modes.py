"""File modes in libauparse's notation: ``file,644``, ``dir,sticky,777``; without a type ``0644``."""

from __future__ import annotations

from mig_audit.modules.audit.tables import file_type_name

_TYPE = 0o170000  # linux/stat.h S_IFMT
_TYPE_SHIFT = 12
_SPECIAL_SHIFT = 9
_SPECIAL = (
    "",
    "sticky,",
    "sgid,",
    "sgid,sticky,",
    "suid,",
    "suid,sticky,",
    "suid,sgid,",
    "suid,sgid,sticky,",
)
_PERMISSIONS = 0o777


def file_mode(mode: int) -> str:
    """Return the words of a mode with its file type; a type without a name is three octal digits."""
    kind = file_type_name(mode & _TYPE) or f"{(mode & _TYPE) >> _TYPE_SHIFT:03o}"
    return f"{kind},{_special(mode)}{mode & _PERMISSIONS:03o}"


def permissions(mode: int) -> str:
    """Return the words of a mode without its file type."""
    return f"{_special(mode)}0{mode & _PERMISSIONS:03o}"


def _special(mode: int) -> str:
    return _SPECIAL[mode >> _SPECIAL_SHIFT & 7]
