"""What is said at the end of what was read of logs, and with which code it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.console import say, say_error
from mig_audit.errors import StoppedError, exit_code
from mig_audit.modules.audit.replay import ledger_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.errors import PartialError
    from mig_audit.modules.audit.replay import Replay, Replayed
    from mig_audit.stop import Stop


def tell_balance(replay: Replay, stop: Stop, account: Replayed) -> int:
    """Say what is not whole, and return the exit code; ``account`` is the replay's, as far as it concerns the reader."""
    line = ledger_line(account)
    if line:
        say(line)
    errors: Sequence[PartialError] = replay.troubles()
    if stop.reason:
        early = StoppedError(f"stopped by {stop.reason} before the end", "what was read by then is shown")
        errors = (early, *errors)
    for error in errors:
        say_error(error)
    return exit_code(errors) or int(account.records.aside > 0)
