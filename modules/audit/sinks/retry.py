"""When to try again: the policy for one batch, as pure functions of answers, counts and chance."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mig_audit.modules.audit.sinks.interface import Verdict

if TYPE_CHECKING:
    import random

    from mig_audit.modules.audit.sinks.interface import Answer

_MANY = 64  # failures after which the pause has long reached its cap, and a power would only overflow


class Step(enum.Enum):
    """What becomes of a batch after an answer."""

    DONE = "done"
    AGAIN = "again"
    SPLIT = "split"
    REJECT = "reject"
    GIVE_UP = "give up"


@dataclass(frozen=True)
class Retries:
    """How often, and how long after a failure, in seconds.

    A batch without an answer is tried for as long as there is time, because nothing else would get through either. A
    batch that the endpoint answers with "busy" is given up after ``max_attempts`` such answers, so that a batch which
    breaks the endpoint does not hold up those after it.
    """

    max_attempts: int = 8
    base: float = 0.5
    factor: float = 2.0
    cap: float = 30.0

    def step(self, answer: Answer, events: int, busy: int) -> Step:
        """Decide about a batch of so many events that has now been answered with "busy" so many times."""
        if answer.verdict is Verdict.ACCEPTED:
            return Step.DONE
        if answer.verdict is Verdict.UNREACHABLE:
            return Step.AGAIN
        if answer.verdict is Verdict.BUSY:
            return Step.AGAIN if busy < self.max_attempts else Step.GIVE_UP
        if answer.verdict is Verdict.NOBODY:
            return Step.GIVE_UP
        if answer.verdict is Verdict.TOO_LARGE and events > 1:
            return Step.SPLIT
        return Step.REJECT

    def pause(self, answer: Answer, failures: int, rng: random.Random) -> float:
        """Return how long to wait after so many failures in a row: what the endpoint asked for, or full jitter.

        Exponential backoff with full jitter: uniform between 0 and the doubling bound, so that many hosts that lost
        the same endpoint do not all come back at once.
        """
        if answer.retry_after is not None:
            return answer.retry_after
        return rng.uniform(0.0, min(self.cap, self.base * self.factor ** min(failures - 1, _MANY)))


def patience(pause: float, left: float) -> float:
    """Return a pause cut to half of the time left, so that there is always time for another attempt."""
    return min(pause, left / 2)
