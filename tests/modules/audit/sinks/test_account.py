"""The account of a sink: everything offered is in exactly one place, and each loss is told once, in words."""

from __future__ import annotations

import pytest

from mig_audit.errors import DeliveryError, InternalError
from mig_audit.modules.audit.sinks.account import Account
from mig_audit.modules.audit.sinks.batch import Batch
from mig_audit.modules.audit.sinks.interface import Answer, Verdict

_REFUSED = Answer(Verdict.REFUSED, "status 400", "POST http://x/ answered 400 Bad Request", "ask it")
_DOWN = Answer(
    Verdict.UNREACHABLE, "connection refused", "POST http://x/ failed: connection refused", "start it"
)


def _account(offered: int) -> Account:
    account = Account()
    account.offered = offered
    return account


def test_an_account_adds_up() -> None:
    """Delivered, rejected and undelivered events, batches, attempts and bytes are counted apart."""
    account = _account(10)
    account.attempt(_DOWN, again=False)
    account.attempt(Answer(Verdict.ACCEPTED), again=True)
    account.accept(Batch(1, (b"abc", b"defg")))
    account.reject(3, _REFUSED)
    account.give_up([b"x"] * 5, _DOWN)
    outcome = account.close("http", "http://x/")
    assert (outcome.offered, outcome.delivered, outcome.rejected, outcome.undelivered) == (10, 2, 3, 5)
    assert (outcome.batches, outcome.attempts, outcome.retries, outcome.bytes) == (1, 2, 1, 7)
    assert (outcome.kind, outcome.target) == ("http", "http://x/")


def test_a_failure_that_was_overcome_is_the_last_error_and_no_error() -> None:
    """It says what happened on the way, but nothing was lost by it."""
    account = _account(0)
    account.attempt(_DOWN, again=False)
    account.attempt(Answer(Verdict.ACCEPTED), again=True)
    outcome = account.close("http", "http://x/")
    assert outcome.last_error == "POST http://x/ failed: connection refused"
    assert outcome.errors == ()


@pytest.mark.parametrize(
    ("events", "uncertain", "words"),
    [
        (1, 0, "1 event was not delivered and remains in the raw log"),
        (1, 1, "1 event was not delivered (it may have arrived all the same) and remains in the raw log"),
        (120, 0, "120 events were not delivered and remain in the raw log"),
        (
            120,
            20,
            "120 events were not delivered (20 may have arrived all the same) and remain in the raw log",
        ),
        (
            120,
            120,
            "120 events were not delivered (they may have arrived all the same) and remain in the raw log",
        ),
    ],
)
def test_a_loss_says_what_where_how_many_and_what_to_do(events: int, uncertain: int, words: str) -> None:
    """The words of the failure, the events it cost, where they are still, and how to deliver them."""
    account = _account(events)
    account.give_up([b"x"] * events, _DOWN, uncertain)
    (error,) = account.close("http", "http://x/").errors
    assert isinstance(error, DeliveryError)
    assert str(error) == (
        f"POST http://x/ failed: connection refused; {words}: start it, then send the raw log again"
    )


def test_losses_of_one_cause_are_one_error() -> None:
    """A thousand batches that the endpoint refuses make one entry, which counts them."""
    account = _account(2000)
    for _ in range(1000):
        account.reject(2, _REFUSED)
    (error,) = account.close("http", "http://x/").errors
    assert "2000 events were rejected" in error.what


def test_an_endpoint_cannot_make_the_report_long() -> None:
    """Beyond sixteen causes, the others share an error; its count is still exact."""
    account = _account(900)
    for status in range(100, 1000):
        account.reject(1, Answer(Verdict.REFUSED, f"status {status}", f"answered {status}"))
    errors = account.close("http", "http://x/").errors
    assert len(errors) == 17
    assert "(and other causes); 884 events were rejected" in errors[-1].what


def test_an_account_that_does_not_balance_says_so() -> None:
    """A fault of ours is an error of ours; the events count as undelivered."""
    outcome = _account(3).close("http", "http://x/")
    assert outcome.undelivered == 3
    (error,) = outcome.errors
    assert isinstance(error, InternalError)
    assert "3 events astray" in error.what
