"""The raw log behind a result."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.result_file import raw_logs

if TYPE_CHECKING:
    from pathlib import Path

_LOG = b"type=EOE msg=audit(1.000:1): \n"


def _envelope(folder: Path, log: Path, digest: str) -> str:
    path = folder / "result.json"
    path.write_text(json.dumps({"elements": {"raw_log": {"path": str(log), "sha256": digest}}}))
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

    assert raw_logs(["-", envelope, str(log), "/nonexistent"]) == ["-", str(log), str(log), "/nonexistent"]


def test_the_raw_log_may_lie_beside_the_result(tmp_path: Path, log: Path) -> None:
    """Both were fetched from another host."""
    (tmp_path / "raw.log").write_bytes(_LOG)
    log.unlink()
    envelope = _envelope(tmp_path, log, hashlib.sha256(_LOG).hexdigest())

    assert raw_logs([envelope]) == [str(tmp_path / "raw.log")]


def test_a_raw_log_that_was_changed_is_refused(tmp_path: Path, log: Path) -> None:
    """The result says what it was."""
    envelope = _envelope(tmp_path, log, "0" * 64)
    with pytest.raises(UsageError, match="is not as the run"):
        raw_logs([envelope])


def test_a_raw_log_that_is_gone_is_said(tmp_path: Path, log: Path) -> None:
    """With where it was."""
    log.unlink()
    with pytest.raises(UsageError, match="is not here"):
        raw_logs([_envelope(tmp_path, log, "0" * 64)])


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"elements": null}', '{"elements": {"raw_log": {"path": 5}}}', "{" * 99999]
)
def test_other_json_is_refused(tmp_path: Path, text: str) -> None:
    """It is no log, and no result of ours."""
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="no results envelope"):
        raw_logs([str(path)])
