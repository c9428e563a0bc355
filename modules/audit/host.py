"""What the result says of the host it was made on."""

from __future__ import annotations

import os
import platform
import socket
from datetime import datetime, timezone

import mig_audit


def describe_host() -> dict[str, object]:
    """Return the host's name, kernel and boot time, and the version of what looked at it."""
    return {
        "hostname": socket.gethostname(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "boot_time": iso_time(boot_time()),
        "mig_audit": mig_audit.__version__,
        "python": platform.python_version(),
    }


def describe_process(pid: int) -> str:
    """Return for instance ``auditd (pid 412)``: who a process is, as far as that can be seen."""
    import psutil  # noqa: PLC0415  # a tenth of a second to import, and a help text needs none

    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def boot_time(stat: str = "/proc/stat") -> float:
    """Return when the host was booted, in seconds since the epoch: ``btime`` in proc(5).

    Not by psutil: doctor tells that it is missing, also as a document.
    """
    with open(stat, encoding="ascii") as file:  # noqa: PTH123  # pathlib is not worth its import here
        return next(float(line.split()[1]) for line in file if line.startswith("btime "))


def iso_time(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def log_name(seconds: float) -> str:
    """Return a name for a raw log that nobody can foresee and that sorts by time."""
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y%m%dT%H%M%SZ}-{os.urandom(6).hex()}.log"
