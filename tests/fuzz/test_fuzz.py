"""A short run of the fuzzer (`make fuzz` is the long one), and that it finds what it is there for."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from beside_libauparse import Library
from both_ways import BrokenError
from fuzz import Failure, Fuzz, smallest
from invariants import Checker
from mutations import load_seeds, mutated

from mig_audit.modules.audit.events import Summary
from mig_audit.modules.audit.events.filters import KEPT, Filters
from mig_audit.modules.audit.formats.mozdef import MozdefFormat

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Bundle, Event

_SEED = "short"
_RECORDS = 3000
_WHY_NOT = Library().missing


def test_nothing_that_is_read_breaks_anything() -> None:
    """A few thousand mutated records, the same ones each time."""
    assert Fuzz(_SEED).run(count(), _RECORDS) >= _RECORDS


def test_it_ends_in_time() -> None:
    """Whatever is left."""
    assert Fuzz(_SEED).run(count(), _RECORDS, seconds=0) == 0


def test_cases_are_the_same_each_time_and_none_like_another() -> None:
    """The seed and the number say all."""
    seeds = load_seeds()
    cases, again = (
        [b"\n".join(mutated(seeds, Random(f"{_SEED}/{number}"))) for number in range(200)] for _ in range(2)
    )

    assert cases == again
    assert len(set(cases)) > 190


class NoShortcut:
    """Declines every event."""

    def encode(self, _bundle: Bundle, _enrichment: object = None) -> None:
        """Leave it to the format."""

    def encode_usuals(
        self, _usuals: object, _enrichments: object = (), _node: str = ""
    ) -> tuple[list[bytes], list[object]]:
        """Leave them to the format."""
        return [], []


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda event: b"{" if b'"connect"' in event else event, "not JSON"),
        (lambda event: event.replace(b"{", b'{"category":"x",', 1), "not JSON"),
        (lambda event: event.replace(b'"host', b'"\\u202ehost'), "not printable"),
        (lambda event: event + b"\n", "not a line"),
        (lambda event: event + b"\t", "control character"),
    ],
)
def test_a_format_that_lies_is_found_and_the_log_made_small(
    monkeypatch: pytest.MonkeyPatch, spoilt: object, words: str
) -> None:
    """With the command that finds it again."""
    encode = MozdefFormat.encode
    monkeypatch.setattr(
        MozdefFormat, "shortcut", lambda _form, _decoder: NoShortcut()
    )  # every event is spoilt
    monkeypatch.setattr(MozdefFormat, "encode", lambda form, event: spoilt(encode(form, event)))  # type: ignore[operator]

    with pytest.raises(Failure, match=words) as caught:
        Fuzz(_SEED).run(count(), _RECORDS)
    assert len(caught.value.lines) <= 2


def test_an_exception_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is."""

    def fail(_form: MozdefFormat, event: Event) -> bytes:
        raise ZeroDivisionError(event.category)

    monkeypatch.setattr(MozdefFormat, "encode", fail)

    with pytest.raises(Failure, match="ZeroDivisionError"):
        Fuzz(_SEED).run(count(), _RECORDS)


def test_a_record_that_is_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conservation is looked at, not believed."""
    lines = [b"type=EOE msg=audit(1.000:1): ", b"nonsense"]
    Checker().check(lines, Random(1))
    monkeypatch.setattr("both_ways.Pipeline.feed", lambda _self, _block: None)

    with pytest.raises(BrokenError, match="records are not conserved"):
        Checker().check(lines, Random(1))


def test_what_one_log_does_to_the_next_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one stream that goes on through all of them."""

    class Weary(NoShortcut):
        """Knows nothing any more of a stream that is long."""

        encoded = 0

        def encode(self, _bundle: Bundle, _enrichment: object = None) -> None:
            """Leave it to the format, as long as that is right."""
            self.encoded += 1
            if self.encoded > 300:
                raise BrokenError("weary")

    monkeypatch.setattr(MozdefFormat, "shortcut", lambda _form, _decoder: Weary())

    with pytest.raises(Failure, match="weary") as caught:
        Fuzz(_SEED, patience=3000).run(count(), _RECORDS)
    assert len(caught.value.lines) > 300


def test_what_is_told_of_a_stream_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The events alone are not all that a result says."""

    class Silent(Summary):
        """Counts nothing."""

        def add(self, category: str, actor: object) -> None:
            """Do not."""

    monkeypatch.setattr("mig_audit.modules.audit.pipeline.Summary", Silent)

    with pytest.raises(Failure, match="the summary is"):
        Fuzz(_SEED).run(count(), _RECORDS)


def test_an_event_that_is_dropped_unseen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What filters decide before an event is decoded is held against what they say of it then."""
    monkeypatch.setattr(Filters, "ask_call", lambda *_: KEPT)

    with pytest.raises(Failure, match="with Asked"):
        Fuzz(_SEED).run(count(), _RECORDS)


@pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT)
def test_events_that_libauparse_puts_together_otherwise_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked, where it is installed."""
    lines = [b"type=PATH msg=audit(9.000:1): item=0", b"type=PROCTITLE msg=audit(9.000:1): proctitle=61"]
    Library().check(lines)
    monkeypatch.setattr("mig_audit.modules.audit.events.auparse_feed.ends_event", lambda _number: True)

    with pytest.raises(BrokenError, match="libauparse"):
        Library().check(lines)


def test_a_log_is_made_as_small_as_it_can_be() -> None:
    """Only what is needed stays, in its order."""
    lines = [b"%d" % number for number in range(100)]

    assert smallest(lines, lambda part: b"17" in part and b"80" in part) == [b"17", b"80"]
    assert smallest(lines, lambda _part: False) == lines
    assert smallest(lines, lambda part: b"80" in part, patience=0) == lines[50:]


def test_a_run_says_its_seed(tmp_path: Path) -> None:
    """Whoever did not choose one must be able to run it again."""
    command = [sys.executable, str(Path(__file__).parent / "fuzz.py"), "--records", "200", "--jobs", "2"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)

    seed, *jobs = result.stdout.splitlines()
    assert re.fullmatch(r"fuzz: seed [0-9a-f]{8}", seed)
    assert len([job for job in jobs if re.match(r"fuzz: [0-9]+ records, nothing broken", job)]) == 2
