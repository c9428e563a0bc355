"""The logs that a command line names: themselves, or the results of runs."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.commands.named_logs import named_logs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LOG = b"type=EOE msg=audit(1.000:1): \n"


_RUN = {
    "processes": {"main": 10, "recorder": 11, "guard": 12},
    "window": {"started": "2023-11-14T22:13:20.000+00:00", "ended": None},
    "kernel": {"configured": True, "other_runs": [], "drift": []},
}


def _envelope(folder: Path, log: Path, digest: str, told: Mapping[str, object] = _RUN) -> str:
    path = folder / "result.json"
    path.write_text(json.dumps({"elements": {**told, "raw_log": {"path": str(log), "sha256": digest}}}))
    return str(path)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a raw log."""
    path = tmp_path / "logs" / "raw.log"
    path.parent.mkdir()
    path.write_bytes(_LOG)
    return path


def test_a_result_stands_for_its_raw_log(tmp_path: Path, log: Path) -> None:
    """Where the run wrote it; raw logs and stdin stand for themselves."""
    envelope = _envelope(tmp_path, log, hashlib.sha256(_LOG).hexdigest())

    assert named_logs(["-", envelope, str(log), "/nonexistent"]).paths == [
        "-",
        str(log),
        str(log),
        "/nonexistent",
    ]


def test_the_raw_log_may_lie_beside_the_result(tmp_path: Path, log: Path) -> None:
    """Both were fetched from another host."""
    (tmp_path / "raw.log").write_bytes(_LOG)
    log.unlink()
    envelope = _envelope(tmp_path, log, hashlib.sha256(_LOG).hexdigest())

    assert named_logs([envelope]).paths == [str(tmp_path / "raw.log")]


def test_a_raw_log_that_was_changed_is_refused(tmp_path: Path, log: Path) -> None:
    """The result says what it was."""
    envelope = _envelope(tmp_path, log, "0" * 64)
    with pytest.raises(UsageError, match="is not as the run"):
        named_logs([envelope])


def test_a_raw_log_that_is_gone_is_said(tmp_path: Path, log: Path) -> None:
    """With where it was."""
    log.unlink()
    with pytest.raises(UsageError, match="is not here"):
        named_logs([_envelope(tmp_path, log, "0" * 64)])


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"elements": null}', '{"elements": {"raw_log": {"path": 5}}}', "{" * 99999]
)
def test_other_json_is_refused(tmp_path: Path, text: str) -> None:
    """It is no log, and no result of ours."""
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="not a result"):
        named_logs([str(path)])


_DIGEST = hashlib.sha256(_LOG).hexdigest()


def test_a_result_tells_its_run(tmp_path: Path, log: Path) -> None:
    """So that what it did to audit can be told from what it found."""
    told = named_logs([_envelope(tmp_path, log, _DIGEST)])

    assert told.own_pids == (10, 11, 12)
    assert told.run is not None
    assert told.other_runs is told.run.others


def test_among_several_files_no_run_is_told(tmp_path: Path, log: Path) -> None:
    """Its pids may be those of others in another log; who asks is told which result it is about."""
    envelope = _envelope(tmp_path, log, _DIGEST)
    told = named_logs([envelope, str(log)])

    assert (told.run, told.own_pids, told.other_runs) == (None, (), None)
    assert f"name {envelope} alone" in told.remark
    assert named_logs([envelope]).remark == named_logs([str(log), str(log)]).remark == ""


def test_a_result_that_does_not_tell_is_its_raw_log_alone(tmp_path: Path, log: Path) -> None:
    """Such as one of another version."""
    assert named_logs([_envelope(tmp_path, log, _DIGEST, {})]).run is None
