"""The results envelope."""

from __future__ import annotations

import json

from mig_audit.errors import LossError, UsageError
from mig_audit.results import Result


def test_the_five_keys_stand_in_migs_order() -> None:
    """MIG's agent reads this object and nothing else."""
    line = Result(found_anything=True, success=True, elements={"a": 1}, statistics={"b": 2}).to_line()

    assert (
        line == '{"foundanything":true,"success":true,"elements":{"a":1},"statistics":{"b":2},"errors":null}'
    )


def test_a_failure_has_the_same_shape() -> None:
    """With null for what there is not."""
    line = Result.failure(UsageError("no", "do")).to_line()

    assert json.loads(line) == {
        "foundanything": False,
        "success": False,
        "elements": None,
        "statistics": None,
        "errors": ["no: do"],
    }


def test_the_exit_code_is_that_of_the_errors() -> None:
    """A run that is done but knows of losses exits with 1."""
    assert Result(success=True, errors=(LossError("records are missing"),)).exit_code == 1
    assert Result(success=True).exit_code == 0


def test_text_is_not_escaped_beyond_json() -> None:
    """Names in every script stay readable."""
    assert "Müller" in Result(elements={"user": "Müller"}).to_line()


def test_a_byte_that_is_no_utf8_is_jsons_own_escape() -> None:
    """A rule file may hold any bytes, and its rules are in the envelope."""
    line = Result(elements={"rule": "-w /\udcff"}).to_line()

    assert line.encode("utf-8")
    assert json.loads(line)["elements"]["rule"] == "-w /\udcff"
