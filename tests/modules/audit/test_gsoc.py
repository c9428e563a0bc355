"""Documents of the GSoC module, as parameters of ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.gsoc import translate
from mig_audit.modules.audit.module import AuditModule
from mig_audit.modules.audit.parameters import parse_parameters
from mig_audit.modules.audit.sinks import HttpSettings, UnixSettings

_SERVER = "http://127.0.0.1:4443"


def test_a_document_is_a_rule_file_and_sinks() -> None:
    """Events go to the server one by one, and to whoever reads from the sockets."""
    parameters = parse_parameters(
        {"rulefilepath": "/etc/a.json", "serveraddress": _SERVER, "outputsockets": ["/run/x", "/run/y"]}
    )

    (rule,) = parameters.rules
    assert (rule.kind, rule.value, rule.path, rule.value_path) == (
        "file",
        "/etc/a.json",
        "$.rulefilepath",
        "$.rulefilepath",
    )
    assert parameters.event_format == "mozdef"
    assert parameters.sinks == (
        HttpSettings(_SERVER, body="single"),
        UnixSettings(Path("/run/x"), mode="listen"),
        UnixSettings(Path("/run/y"), mode="listen"),
    )


def test_what_is_not_given_is_as_in_a_document_of_ours() -> None:
    """The old module had no words for a window."""
    old = parse_parameters({"rulefilepath": "/etc/a.json", "outputsockets": ["/run/x"]})
    new = parse_parameters({"rules": [], "sinks": [{"type": "unix", "path": "/run/x", "mode": "listen"}]})

    assert (old.window, old.drain, old.event_limit, old.kernel) == (30.0, 30.0, 0, new.kernel)


def test_a_rule_file_is_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the working directory."""
    monkeypatch.chdir(tmp_path)

    document, _ = translate({"rulefilepath": "audit.rules.json", "serveraddress": _SERVER})

    assert document["rules"] == [{"file": os.fspath(tmp_path / "audit.rules.json")}]


def test_problems_are_named_by_the_fields_that_were_given(tmp_path: Path) -> None:
    """Not by those of the document that they become."""
    missing = AuditModule().validate({"rulefilepath": "/nosuch/a.json", "serveraddress": _SERVER})
    assert [problem.path for problem in missing] == ["$.rulefilepath"]

    with pytest.raises(ParametersError) as raised:
        parse_parameters({"rulefilepath": "/etc/a.json", "serveraddress": "http://[", "outputsockets": []})
    assert [problem.path for problem in raised.value.problems] == ["$.serveraddress"]

    with pytest.raises(ParametersError) as raised:
        parse_parameters({"rulefilepath": "/etc/a.json", "outputsockets": ["/run/x", f"/{'ü' * 60}"]})
    assert [problem.path for problem in raised.value.problems] == ["$.outputsockets[1]"]

    rules = tmp_path / "audit.rules.json"
    rules.write_text('{"audit_rules": [{"path": "relative", "permission": "r"}]}')
    bad = AuditModule().validate({"rulefilepath": str(rules), "serveraddress": _SERVER})
    assert [problem.path for problem in bad] == ["$.rulefilepath"]
    assert "$.audit_rules[0]" in bad[0].message


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"serveraddress": _SERVER}, "'rulefilepath' is missing"),
        ({"rulefilepath": "a"}, "one of 'serveraddress', 'outputsockets' is missing"),
        ({"rulefilepath": "a", "serveraddress": "not a url"}, "is not an http:// or https:// URL"),
        ({"rulefilepath": "a", "serveraddress": _SERVER, "rules": []}, "not beside the fields of the GSoC"),
        ({"rulefilepath": "a", "serveradress": _SERVER}, "did you mean serveraddress?"),
    ],
)
def test_what_is_wrong_is_said_in_words(document: dict[str, object], word: str) -> None:
    """The original took some of these, and failed later or not at all."""
    assert any(word in problem.message for problem in AuditModule().validate(document))


def test_a_working_directory_that_was_removed_leaves_a_file_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is said of the rule file, as of any other that is not there."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()

    (problem,) = AuditModule().validate({"rulefilepath": "a.json", "serveraddress": _SERVER})

    assert problem.path == "$.rulefilepath"
    assert "No such file or directory" in problem.message
