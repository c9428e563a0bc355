"""The envelope of a run."""

from __future__ import annotations

from mig_audit.errors import AuditLockedError, KernelRefusedError
from mig_audit.modules.audit.kernel.state import Restoration
from mig_audit.modules.audit.report import not_begun


def test_a_run_that_could_not_begin_has_its_reason_alone() -> None:
    """And the exit code of that reason."""
    result = not_begun(AuditLockedError("locked", "reboot"), None)

    assert [str(error) for error in result.errors] == ["locked: reboot"]
    assert (result.success, result.elements, result.exit_code) == (False, None, 4)


def test_what_would_be_a_detail_later_is_the_reason_before_the_window() -> None:
    """A kernel that does not answer is a host that cannot be audited."""
    assert not_begun(KernelRefusedError("reading the audit status", 110), None).exit_code == 4


def test_a_recorder_that_said_nothing_is_a_fault_of_ours() -> None:
    """Exit code 6."""
    assert not_begun(None, None).exit_code == 6


def test_a_kernel_that_was_not_restored_is_told_even_then() -> None:
    """Beside the reason."""
    result = not_begun(AuditLockedError("locked"), Restoration(None, (), ("enabled was 0 and is 1",)))

    assert "the kernel is not as it was found: enabled was 0 and is 1" in str(result.errors[1])
