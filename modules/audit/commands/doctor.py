"""``mig-audit doctor``: what stands in the way of recording this host, and what to do about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable

from mig_audit.interface import Implementation
from mig_audit.modules.audit.doctor import diagnose, look
from mig_audit.modules.audit.doctor_report import describe, to_json
from mig_audit.modules.audit.host import describe_host
from mig_audit.terminal import lines_for_people

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print everything that was found as JSON")


def _run(options: Namespace, write: Callable[[str], None]) -> int:
    diagnosis = diagnose(look())
    if options.json:
        write(json.dumps({**to_json(diagnosis), "host": describe_host()}) + "\n")
    else:
        write(lines_for_people(describe(diagnosis)))
    return diagnosis.exit_code


DOCTOR = Implementation(_configure, _run)
