"""What is said of a run that was killed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from memory_kernel import STATUS, rule

from mig_audit.modules.audit.commands.restore import document
from mig_audit.modules.audit.dead_runs import dead_run_to_json, describe_dead_run, restore_error
from mig_audit.modules.audit.kernel.recovery import Recovered
from mig_audit.modules.audit.kernel.state import Restoration, RuleOutcome, Snapshot
from mig_audit.validation import find_problems

_AFTER = Snapshot(STATUS, ())
_OUTCOMES = (RuleOutcome(rule("one"), "removed"), RuleOutcome(rule("two"), "vanished"))
UNDONE = Recovered("abc", 1.5, restoration=Restoration(_AFTER, _OUTCOMES, ()))
THEIRS = Recovered("abc", 1.5, restoration=Restoration(_AFTER, (), ("backlog_limit was 64 and is 9999",)))
LEFT = Recovered(
    "abc", 1.5, restoration=Restoration(_AFTER, (), ("enabled was not set back to 0",), complete=False)
)
BOOTED = Recovered("abc", 1.5, earlier_boot=True)
UNREADABLE = Recovered("abc", trouble="no journal")
KEPT = replace(UNDONE, trouble="EROFS")
BOOTED_AND_KEPT = replace(BOOTED, trouble="EROFS")


@pytest.mark.parametrize("run", [UNDONE, THEIRS, LEFT, BOOTED, UNREADABLE, KEPT, BOOTED_AND_KEPT])
def test_each_is_a_document_of_the_schema(run: Recovered) -> None:
    """As `mig-audit restore --json` prints it."""
    assert find_problems(document((run,)), "audit.restore.v1.schema.json") == []
    assert document((run,))["restored"] is run.complete


def test_its_rules_are_counted_by_what_became_of_them() -> None:
    """Nobody needs their bytes."""
    assert dead_run_to_json(UNDONE)["rules"] == {"removed": 1, "vanished": 1, "left": 0}


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (UNDONE, "was killed and is undone"),
        (LEFT, "was killed and is NOT undone"),
        (BOOTED, "before the host was booted: nothing of it is left"),
        (UNREADABLE, "NOT undone: it is not known which rules it had"),
        (KEPT, "was killed and is undone"),
        (BOOTED_AND_KEPT, "before the host was booted"),
    ],
)
def test_people_read_what_was_done(run: Recovered, words: str) -> None:
    """With when it began, where that is known."""
    first = next(iter(describe_dead_run(run)))

    assert words in first
    assert ("1970-01-01T00:00:01.500" in first) == (run.begun is not None)


def test_people_read_each_difference_on_a_line_of_its_own() -> None:
    """Below the run's."""
    assert list(describe_dead_run(THEIRS))[1:] == ["  backlog_limit was 64 and is 9999"]
    assert [list(describe_dead_run(run))[1:] for run in (KEPT, BOOTED_AND_KEPT)] == [["  EROFS"], ["  EROFS"]]


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (THEIRS, "is undone, but not all is as it found it: backlog_limit"),
        (LEFT, "could not be undone: enabled was not set back to 0: try `mig-audit restore` again"),
        (UNREADABLE, "is not known: no journal"),
        (KEPT, "is undone, and its journal is still there: EROFS"),
        (BOOTED_AND_KEPT, "is undone, and its journal is still there: EROFS"),
    ],
)
def test_what_is_not_as_it_was_is_an_error(run: Recovered, words: str) -> None:
    """Exit code 1."""
    error = restore_error(run)

    assert error is not None
    assert words in str(error)
    assert error.exit_code == 1


@pytest.mark.parametrize("run", [UNDONE, BOOTED])
def test_where_nothing_is_left_there_is_no_error(run: Recovered) -> None:
    """A reboot undoes everything."""
    assert restore_error(run) is None


def test_what_became_of_the_rules_is_words() -> None:
    """Each kind that there is, and nothing of a document's braces."""
    for run in (UNDONE, THEIRS, LEFT):
        first = next(describe_dead_run(run))
        assert not set("{}'") & set(first)
        counts = dead_run_to_json(run)["rules"]
        assert isinstance(counts, dict)
        words = {"removed": "removed", "vanished": "gone before", "left": "left in the kernel"}
        told = [f"{counts[ending]} {word}" for ending, word in words.items() if counts[ending]]
        assert first.endswith(f"of its rules, {', '.join(told)}" if told else "it had no rules")
