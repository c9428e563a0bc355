#!/usr/bin/env python3
"""Make tests/data/standards from the published schemas: the fields of ECS, the classes of OCSF as JSON Schemas.

The sources are packages that carry the schemas: Elastic's own ``@elastic/ecs`` from npm, and ``ocsf-json-schema`` from
PyPI, which has the export of schema.ocsf.io and makes JSON Schemas of it. Needs npm, node, pip and Python 3.10; only
the tests read the result.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

_TARGET = Path(__file__).resolve().parent.parent / "tests" / "data" / "standards"
_ECS = ("8.11.5", "9.4.0")  # versions of the package
_OCSF_PACKAGE, _OCSF = "1.2.0", "1.5.0"
_OCSF_CLASSES = (
    "account_change",
    "application_lifecycle",
    "authentication",
    "base_event",
    "event_log_actvity",  # the schema's own spelling
    "file_activity",
    "group_management",
    "kernel_activity",
    "kernel_extension_activity",
    "network_activity",
    "process_activity",
)
_OCSF_PROFILES = ["host", "linux/linux_users", "security_control"]


def ecs(package: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the version of ECS in a version of the package, and its fields: type, list or not, allowed values."""
    subprocess.run(["npm", "pack", "--silent", f"@elastic/ecs@{package}"], cwd=folder, check=True)
    with tarfile.open(folder / f"elastic-ecs-{package}.tgz") as archive:
        archive.extractall(folder / package)  # noqa: S202  # a package of the registry, into a folder of its own
    index = folder / package / "package" / "build" / "commonjs" / "index.js"
    script = f"process.stdout.write(JSON.stringify(require({json.dumps(str(index))})))"
    content = json.loads(subprocess.run(["node", "-e", script], capture_output=True, check=True).stdout)
    fields = {name: _field(field) for name, field in content["EcsFlat"].items()}
    return content["EcsVersion"], fields


def _field(field: dict[str, Any]) -> dict[str, Any]:
    allowed = {each["name"]: each.get("expected_event_types") for each in field.get("allowed_values", ())}
    return {
        "type": field["type"],
        **({"array": True} if "array" in field.get("normalize", ()) else {}),
        **({"allowed": allowed} if allowed else {}),
    }


def ocsf(folder: Path) -> dict[str, Any]:
    """Return the JSON Schemas of the classes, the objects that they share once."""
    package = f"ocsf-json-schema=={_OCSF_PACKAGE}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
    subprocess.run(pip, check=True)
    (wheel,) = folder.glob("ocsf_json_schema-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202  # the same
    sys.path.insert(0, str(folder))
    published = json.loads((folder / "ocsf_json_schema" / "ocsf" / f"{_OCSF}.json").read_text("utf-8"))
    maker = import_module("ocsf_json_schema").OcsfJsonSchemaEmbedded(published)
    classes, shared, names = {}, {}, {}
    for name in _OCSF_CLASSES:
        schema = _bare(maker.get_class_schema(name, _OCSF_PROFILES))
        shared.update(schema.pop("$defs"))
        about = published["classes"][name]
        classes[str(about["uid"])] = schema
        activities = about["attributes"]["activity_id"]["enum"]
        names[str(about["uid"])] = {
            "class": about["caption"],
            "category": about.get("category_name") or "Uncategorized",
            "activities": {number: each["caption"] for number, each in activities.items()},
        }
    known = {"version": _OCSF, "profiles": _OCSF_PROFILES, "names": names}
    return {**known, "classes": classes, "$defs": shared}


def _bare(node: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Return a schema without its words."""
    if isinstance(node, list):
        return [_bare(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _bare(each) for name, each in value.items()}
        if key in {"properties", "$defs"}
        else _bare(value)
        for key, value in node.items()
        if key not in {"title", "$id", "$schema"}
    }


def main() -> None:
    """Run the script."""
    _TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for package in _ECS:
            version, fields = ecs(package, folder)
            _write(f"ecs-{version}", fields)
        _write(f"ocsf-{_OCSF}", ocsf(folder))


def _write(name: str, document: dict[str, Any]) -> None:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    path = _TARGET / f"{name}.json.xz"
    path.write_bytes(lzma.compress(text.encode("utf-8"), preset=9 | lzma.PRESET_EXTREME))
    print(f"{path.name}: {path.stat().st_size} bytes of {len(text)}")


if __name__ == "__main__":
    main()
