"""What a rule's text needs to know of the host it is for, passed in as one object."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass
from typing import Callable, Optional


@dataclass(frozen=True)
class Names:
    """The host that a rule is for: its users and groups, which paths are directories, and its uname machine.

    The look-ups of users and groups return None for a name that is not known.
    """

    user: Callable[[str], Optional[int]]
    group: Callable[[str], Optional[int]]
    is_directory: Callable[[bytes], bool]
    machine: str


def _host_user(name: str) -> Optional[int]:
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError, OSError):
        return None


def _host_group(name: str) -> Optional[int]:
    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError, OSError):
        return None


HOST = Names(_host_user, _host_group, os.path.isdir, os.uname().machine)
"""The host that this runs on."""
