"""The options of the command line that describe the host a log is from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Optional

from mig_audit.documents import read_whole
from mig_audit.modules.audit.events import HostNames, Origin, names_from_files

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace, _ArgumentGroup
    from pathlib import Path

    from mig_audit.modules.audit.events import Names


def add_origin(parser: ArgumentParser) -> None:
    """Add the options to a parser."""
    host = _origin_group(parser)
    host.add_argument("--passwd", metavar="FILE", help="its /etc/passwd")
    host.add_argument("--group", metavar="FILE", help="its /etc/group")
    host.add_argument("--proc", metavar="DIR", help="its /proc; without it, nothing is looked up there")
    _add_hostname(host)


def add_users_origin(parser: ArgumentParser) -> None:
    """Add those that matter where nothing but users is named, and nothing looked up."""
    host = _origin_group(parser)
    host.add_argument("--passwd", metavar="FILE", help="its /etc/passwd")
    _add_hostname(host)
    parser.set_defaults(group=None, proc=None)


def _origin_group(parser: ArgumentParser) -> _ArgumentGroup:
    return parser.add_argument_group("the host that the logs are from (default: this one)")


def _add_hostname(host: _ArgumentGroup) -> None:
    host.add_argument("--hostname", metavar="NAME", help="its name, where the records do not say it")


def origin_of(options: Namespace) -> Origin:
    """Return the host that the options describe.

    Raises:
        UsageError: a file cannot be read, or is too long.
        StoppedError: a signal came before a file was read.
    """
    return Origin(
        hostname=options.hostname or os.uname().nodename,
        names=_names(options),
        proc=_folder(options.proc) if options.proc else None,
    )


def _folder(path: str) -> Path:
    from pathlib import Path  # noqa: PLC0415  # slow to import, and few need it

    return Path(path)


def _names(options: Namespace) -> Names:
    if options.passwd is None and options.group is None:
        return HostNames()
    return names_from_files(_content(options.passwd), _content(options.group))


def _content(path: Optional[str]) -> bytes:
    """Return what a file holds; of one that was not given, nothing."""
    return b"" if path is None else read_whole(path)
