"""What a run may do on a host, by what it finds there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mig_audit.errors import AuditLockedError, AuditOwnedError
from mig_audit.modules.audit.kernel.access import AUTO, MULTICAST, UNICAST, Access, decide
from mig_audit.modules.audit.kernel.status import Status

IDLE = Status(
    enabled=0,
    failure=1,
    pid=0,
    rate_limit=0,
    backlog_limit=64,
    lost=0,
    backlog=0,
    feature_bitmap=0x7F,
    backlog_wait_time=15000,
    backlog_wait_time_actual=0,
    words=11,
)


def _alive(_pid: int) -> bool:
    return True


def _dead(_pid: int) -> bool:
    return False


def _decide(status: Status, stream: str = AUTO, *, lower_failure: bool = False) -> Access:
    return decide(status, stream, lower_failure=lower_failure, alive=_alive)


def test_on_an_idle_host_the_pid_is_claimed_and_everything_may_be_set() -> None:
    """Nobody owns the audit pid."""
    access = _decide(IDLE)

    assert (access.mode, access.configure, access.tune, access.error) == (UNICAST, True, True, None)


def test_beside_a_living_owner_rules_are_added_and_its_settings_are_left() -> None:
    """The pid is never taken from a live owner, and the limits are the owner's."""
    access = _decide(replace(IDLE, pid=412))

    assert (access.mode, access.configure, access.tune, access.error) == (MULTICAST, True, False, None)
    assert "412" in access.why


def test_a_dead_owner_is_no_owner() -> None:
    """The kernel shows a dead owner until somebody asks."""
    assert decide(replace(IDLE, pid=412), AUTO, lower_failure=False, alive=_dead).mode == UNICAST


def test_insisting_on_unicast_beside_a_living_owner_is_an_error() -> None:
    """The parameters may insist, and are then told who is in the way."""
    with pytest.raises(AuditOwnedError, match="412"):
        _decide(replace(IDLE, pid=412), UNICAST)


def test_multicast_may_be_asked_for() -> None:
    """Then the pid is left alone although it is free."""
    access = _decide(IDLE, MULTICAST)

    assert (access.mode, access.configure, access.tune) == (MULTICAST, True, False)


def test_a_locked_configuration_is_read_and_not_touched() -> None:
    """With enabled=2 no rule can be added until the next boot."""
    access = _decide(replace(IDLE, enabled=2))

    assert (access.mode, access.configure, access.tune) == (MULTICAST, False, False)
    assert isinstance(access.error, AuditLockedError)
    assert "reboot" in access.error.remedy


def test_where_a_loss_would_panic_the_host_nothing_is_touched() -> None:
    """With failure=2 more records are a danger to the host."""
    access = _decide(replace(IDLE, failure=2))

    assert (access.mode, access.configure) == (MULTICAST, False)
    assert isinstance(access.error, AuditLockedError)


def test_the_panic_may_be_lowered_by_the_parameters() -> None:
    """An explicit word allows failure=1 for the window."""
    assert _decide(replace(IDLE, failure=2), lower_failure=True).mode == UNICAST
