"""The parameters document as dataclasses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.events.enrichment import EnrichmentSettings
from mig_audit.modules.audit.parameters import Priority, RuleSource, parse_parameters
from mig_audit.modules.audit.recorder.bounds import Limits
from mig_audit.modules.audit.run_settings import DEFAULT_BACKLOG_LIMIT, MOST_BACKLOG
from mig_audit.modules.audit.sinks import HttpSettings
from mig_audit.validation import load_schema, parse_document

_TESTS = Path(__file__).parent.parent.parent


def test_the_smallest_document_has_every_default() -> None:
    """The defaults of the schema's text are those of the code."""
    parameters = parse_parameters({"rules": []})

    assert (parameters.window, parameters.drain) == (30, 30)
    assert (parameters.log_directory, parameters.log_path) == (Path("/var/log/mig-audit"), None)
    assert (parameters.max_log_size, parameters.max_events_size) == (256 << 20, 4 << 20)
    assert (parameters.event_format, parameters.event_limit) == ("mozdef", 1000)
    kernel = parameters.kernel
    assert (kernel.stream, kernel.receive_buffer, kernel.wait) == ("auto", 16 << 20, False)
    assert (kernel.backlog_limit, kernel.rate_limit, kernel.failure) == (None, None, None)
    assert (kernel.canary, kernel.reapply) == (5, False)
    assert (parameters.deadline, parameters.most_events) == (None, None)
    assert parameters.limits == Limits(records=None, free_disk=64 << 20, memory=256 << 20, cpu=None)
    assert parameters.priority == Priority(nice=None, io=None)


def test_the_limits_are_in_the_units_of_the_code() -> None:
    """Percent of a CPU is a share, sizes are bytes, durations seconds."""
    limits = {"events": 5, "records": 7, "free_disk": "1GiB", "memory": "64MiB", "cpu": 50}
    parameters = parse_parameters({"rules": [], "limits": limits, "deadline": "290s"})

    assert parameters.limits == Limits(records=7, free_disk=1 << 30, memory=64 << 20, cpu=0.5)
    assert (parameters.most_events, parameters.deadline) == (5, 290)


def test_the_schema_tells_the_default_and_the_bound_of_the_backlog_limit() -> None:
    """They are the code's."""
    schema = json.loads(load_schema("audit.parameters.v1.schema.json"))
    limit = schema["$defs"]["run"]["properties"]["kernel"]["properties"]["backlog_limit"]

    assert (limit["default"], limit["maximum"]) == (DEFAULT_BACKLOG_LIMIT, MOST_BACKLOG)


def test_rules_keep_their_order_and_their_place() -> None:
    """Profiles, files and lines in one list."""
    parameters = parse_parameters({"rules": ["-w /etc -k x", {"profile": "exec"}, {"file": "/etc/r.rules"}]})

    assert parameters.rules == (
        RuleSource("line", "-w /etc -k x", "$.rules[0]"),
        RuleSource("profile", "exec", "$.rules[1]"),
        RuleSource("file", "/etc/r.rules", "$.rules[2]"),
    )


def test_a_sink_with_defaults_is_the_settings_defaults() -> None:
    """The two lists of defaults, the schema's and the sink's, do not differ."""
    parameters = parse_parameters({"rules": [], "sinks": [{"type": "http", "url": "http://h/"}]})

    assert parameters.sinks == (HttpSettings(url="http://h/"),)


def test_with_sinks_the_envelope_holds_no_events_unless_asked() -> None:
    """They are sent instead."""
    sinks = [{"type": "http", "url": "http://h/"}]

    assert parse_parameters({"rules": [], "sinks": sinks}).event_limit == 0
    assert parse_parameters({"rules": [], "sinks": sinks, "events": {"limit": 7}}).event_limit == 7


@pytest.mark.parametrize(("word", "value"), [("silent", 0), ("printk", 1)])
def test_failure_is_given_in_words(word: str, value: int) -> None:
    """As auditctl(8) names them."""
    assert parse_parameters({"rules": [], "kernel": {"failure": word}}).kernel.failure == value


def test_a_document_that_does_not_fit_is_refused_with_every_problem() -> None:
    """Nothing else is looked at then."""
    with pytest.raises(ParametersError) as caught:
        parse_parameters({"rules": 1, "window": 2})
    assert {problem.path for problem in caught.value.problems} == {"$.rules", "$.window"}


def test_everything_can_be_set() -> None:
    """The example with every field gives a value other than the default to each."""
    path = _TESTS / "params" / "valid" / "everything.json"
    document: Any = parse_document(path.read_bytes(), path.name)
    given, default = parse_parameters(document), parse_parameters({"rules": []})

    assert given.window == 90
    assert given.log_path == Path("/var/log/mig-audit/case-42.log")
    assert given.kernel != default.kernel
    assert given.enrich is not None
    plain_enrichment = EnrichmentSettings()
    assert not [n for n in vars(plain_enrichment) if getattr(given.enrich, n) == getattr(plain_enrichment, n)]
    assert [spec.kind for spec in given.filters] == ["keep", "drop", "sample", "cap", "go-audit", "pauditd"]
    (sink,) = given.sinks
    assert isinstance(sink, HttpSettings)
    plain = HttpSettings(url=sink.url)
    same = [name for name in vars(plain) if getattr(sink, name) == getattr(plain, name)]
    assert sorted(same) == ["media_type", "token_env", "url", "verify"]


def test_a_sink_that_contradicts_itself_is_a_problem_with_a_path() -> None:
    """What the schema cannot say is said in the same way."""
    sinks = [{"type": "http", "url": "http://h/"}, {"type": "http", "url": "http://h:99999/"}]

    with pytest.raises(ParametersError) as caught:
        parse_parameters({"rules": [], "sinks": sinks})
    assert [problem.path for problem in caught.value.problems] == ["$.sinks[1]"]


def test_every_sink_with_a_problem_is_told() -> None:
    """In one go."""
    sinks = [{"type": "http", "url": f"http://h{port}/"} for port in (":99999", "", ":99998")]

    with pytest.raises(ParametersError) as caught:
        parse_parameters({"rules": [], "sinks": sinks})
    assert [problem.path for problem in caught.value.problems] == ["$.sinks[0]", "$.sinks[2]"]


def test_two_sinks_cannot_listen_on_one_path() -> None:
    """It needs no host to see that; a collector's socket may be fed twice."""
    listener = {"type": "unix", "path": "/run/a.sock", "mode": "listen"}
    collector = {"type": "unix", "path": "/run/c.sock"}
    other = {**listener, "path": "/run//b.sock"}

    with pytest.raises(ParametersError) as caught:
        parse_parameters(
            {"rules": [], "sinks": [listener, collector, other, collector, {**other, "path": "/run/b.sock"}]}
        )
    assert [str(problem) for problem in caught.value.problems] == [
        "$.sinks[4]: $.sinks[2] listens on /run/b.sock, too: give each a path of its own"
    ]
