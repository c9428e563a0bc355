"""What must be there wherever the package is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import mig_audit
from mig_audit.modules.audit.module import AuditModule
from mig_audit.modules.audit.rules import load_profile, profile_names
from mig_audit.modules.audit.tables import record_type_name, syscall_number
from mig_audit.validation import load_schema

pytestmark = pytest.mark.smoke


def test_the_public_names_are_these() -> None:
    """Anything else may change without notice."""
    assert mig_audit.__all__ == ["__version__"]


def test_the_version_is_the_distributions() -> None:
    """It is written in one place."""
    assert metadata.version("mig-audit") == mig_audit.__version__


def test_the_audit_module_is_an_entry_point() -> None:
    """Other runners find it there; ours has it built in."""
    points = [
        point for point in metadata.distribution("mig-audit").entry_points if point.group == "mig.modules"
    ]

    assert [(point.name, point.load()) for point in points] == [("audit", AuditModule)]


def test_data_files_are_found() -> None:
    """Schemas, profiles and tables."""
    assert all(load_schema(name) for name in AuditModule().schemas().values())
    assert {"exec", "identity", "network"} <= set(profile_names())
    assert all(load_profile(name) for name in profile_names())
    assert record_type_name(1300) == "SYSCALL"
    assert syscall_number("x86_64", "execve") == 59


def test_the_console_script_works_from_anywhere() -> None:
    """Also where the sources are not."""
    script = shutil.which("mig-audit", path=str(Path(sys.executable).parent))
    assert script is not None

    result = subprocess.run([script, "--version"], cwd="/", capture_output=True, text=True, check=True)

    assert result.stdout == f"mig-audit {mig_audit.__version__}\n"


def test_the_recorder_needs_only_the_standard_library_and_the_package() -> None:
    """It runs isolated and without site packages, as root, beside the kernel."""
    root = str(Path(mig_audit.__file__).resolve().parent.parent)
    code = (
        "import sys; sys.path.append(sys.argv[1]); import mig_audit.modules.audit.recorder.process; "
        "print(sorted({'requests', 'jsonschema', 'psutil', 'urllib3'} & set(sys.modules)))"
    )

    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, root], cwd="/", capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"
