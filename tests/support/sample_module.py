"""A module of another package, which is installed for a test: what is the runner's own is to work for every module."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

_CODE = '''
import os, select, signal, time
from pathlib import Path
from mig_audit.errors import ParametersError, PartialError, Problem
from mig_audit.results import Result


class Sample:
    """Does what its parameters say; each of them is looked at in turn."""

    def commands(self):
        return ()

    def schemas(self):
        return {}

    def validate(self, document):
        return ()

    def run(self, document, context):
        if not isinstance(document, dict):
            raise ParametersError([Problem("$", "type", "it is not an object")])
        if "raise" in document:
            raise RuntimeError(document["raise"])
        if "kill" in document:
            os.kill(os.getpid(), signal.SIGKILL)
        if "object" in document:
            return Result(True, True, {"said": object()})
        if "exit" in document:
            raise SystemExit(document["exit"])
        if "began" in document:
            Path(document["began"] + ".new").write_text(str(os.getpid()))
            os.rename(document["began"] + ".new", document["began"])
        if "wait" in document:
            select.select([context.stop], [], [], document["wait"])
        if "requests" in document:
            while context.stop.requests < document["requests"]:
                time.sleep(0.01)
        time.sleep(document.get("undoing", 0))
        if "undone" in document:
            Path(document["undone"]).write_text(context.stop.reason)
        elements = {"said": document.get("say"), "stopped": context.stop.reason, "last": context.last}
        elements["requests"] = context.stop.requests
        errors = (PartialError(document["error"]),) if "error" in document else ()
        size = document.get("size", 0)
        return Result(bool(document.get("found")), True, {**elements, "filling": "x" * size}, {}, errors)

    def configured(self, configuration):
        if "bad" in configuration:
            raise ParametersError([Problem("$.bad", "bad", "it is bad")])
        return configuration.get("document")

    def describe(self, result, *, found_only):
        if (result["elements"] or {}).get("said") == "unspeakable":
            raise KeyError("said")
        errors = () if found_only else result["errors"] or ()
        return [f"said: {(result['elements'] or {}).get('said')}", *(f"error: {each}" for each in errors)]
'''


def install(folder: Path) -> dict[str, str]:
    """Install it in a folder; return an environment in which Python finds it, and this project, as ``sample``."""
    (folder / "sample_module.py").write_text(_CODE)
    metadata = folder / "sample_module-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sample-module\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mig.modules]\nsample = sample_module:Sample\n")
    return {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"}


def command(*arguments: str) -> list[str]:
    """Return the command line of this project."""
    return [sys.executable, "-m", "mig_audit", *arguments]
