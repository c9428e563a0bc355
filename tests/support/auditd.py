"""The configuration of an auditd that tests start: it acts on nothing but its log, and has no plug-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CONFIGURATION = """local_events = yes
write_logs = yes
log_file = {log}
log_group = root
log_format = RAW
flush = INCREMENTAL
freq = 1
priority_boost = 4
max_log_file = 50
num_logs = 2
max_log_file_action = ROTATE
space_left = 2
space_left_action = IGNORE
admin_space_left = 1
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
name_format = NONE
"""


def write_configuration(folder: Path, log: str) -> None:
    """Make the folder for ``auditd -c``; the log is this file."""
    (folder / "plugins.d").mkdir(parents=True)
    (folder / "auditd.conf").write_text(_CONFIGURATION.format(log=log))
    (folder / "auditd.conf").chmod(0o640)
