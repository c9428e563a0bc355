#!/usr/bin/env python3
"""Fill the marked blocks of the documents from what they describe; with --check, only say whether they are up to date.

A block stands between ``<!-- table: NAME -->`` or ``<!-- example: NAME -->`` and ``<!-- end -->``. The example result
is a real one, kept in tests/data/result.json, and made again with ``--record`` as root (a ten-second window).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from mig_audit.errors import EXIT_CODES
from mig_audit.modules.audit.events.filters import FIELDS
from mig_audit.modules.audit.rules import Names, parse_rule, strictness
from mig_audit.modules.audit.rules.conversion import convert
from mig_audit.modules.audit.rules.explaining import explain_rules
from mig_audit.modules.audit.rules.statements import read_statements
from mig_audit.modules.audit.run_settings import NEVER
from mig_audit.validation import load_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mig_audit.modules.audit.rules.strictness import Deviation

_ROOT = Path(__file__).resolve().parent.parent
_DOCUMENTS = (
    "README.md",
    "docs/rule-strictness.md",
    "docs/filters.md",
    "docs/interpretation.md",
    "docs/rules.md",
    "docs/agent.md",
)
_INTERPRETATION = _ROOT / "tests" / "data" / "interpretation" / "differences.json"
_EXAMPLE_PARAMETERS = _ROOT / "params.example.json"
_EXAMPLE_RESULT = _ROOT / "tests" / "data" / "result.json"
_BLOCK = re.compile(
    r"(?P<head><!-- (?:table|example): (?P<name>[^>]+) -->\n)(?P<body>.*?)(?P<tail><!-- end -->)", re.DOTALL
)
_LONGEST = 80  # characters of an example line
_KEPT = 1  # elements of each list in the shortened result
_SUMMARY = frozenset({"keys", "categories", "executables", "users"})
_STATE = ["enabled", "failure", "pid", "backlog_limit", "backlog_wait_time"]
_NOBODY: dict[str, int] = {}
_X86_64 = Names(_NOBODY.get, _NOBODY.get, lambda _path: False, "x86_64")
_EXPLAINED = (
    "-w /etc/passwd -p wa -k identity",
    "-a always,exit -F arch=b64 -S execve -k exec",
    "-a never,exit -F arch=b64 -S execve -F exe=/usr/bin/id",
    "-a always,exit -F arch=b64 -S read,write -F dir=/srv/secrets -k secrets",
)
_FIELDS = "| field | meaning | default |\n|---|---|---|\n"
_CHOSEN = {
    "details": [
        "auditkey",
        "success",
        "syscall",
        "exit",
        "user",
        "originaluid",
        "pid",
        "ppid",
        "process",
        "cwd",
        "command",
        "argv",
        "path",
    ],
    "before": [*_STATE, "lost", "rules", "rules_sha256"],
    "during": _STATE,
    "after": [*_STATE, "lost", "rules", "rules_sha256"],
}


def exit_codes() -> str:
    """Return the table of exit codes."""
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    return f"| code | meaning |\n|---|---|\n{rows}"


def parameters() -> str:
    """Return the table of parameters."""
    schema = json.loads(load_schema("audit.parameters.v1.schema.json"))
    return _FIELDS + "".join(_rows(schema, schema["$defs"]["run"], ""))


def gsoc_parameters() -> str:
    """Return the table of the parameters of the GSoC module."""
    schema = json.loads(load_schema("audit.parameters.v1.schema.json"))
    return _FIELDS + "".join(_rows(schema, schema["$defs"]["gsoc"], ""))


def action_file() -> str:
    """Return the table of the fields of an action file that are looked at, and of those that are not."""
    schema = json.loads(load_schema("action.v1.schema.json"))
    rows = _rows(schema, schema, "")
    ignored = [row for row in rows if "| Not used" in row or "| Not checked" in row]
    names = ", ".join(row.split(" | ")[0].lstrip("| ") for row in ignored)
    used = "".join(row for row in rows if row not in ignored)
    return f"{_FIELDS}{used}| {names} | Those of MIG's own files: neither used nor checked. |  |\n"


def configuration() -> str:
    """Return the table of the persistent process's configuration."""
    schema = json.loads(load_schema("audit.configuration.v1.schema.json"))
    return _FIELDS + "".join(_rows(schema, schema, ""))


def _rows(schema: dict[str, Any], node: dict[str, Any], prefix: str) -> list[str]:
    rows = []
    for name, child in node["properties"].items():
        if name == "$schema":
            continue
        path = f"{prefix}{name}"
        meaning = child.get("description") or _resolved(schema, child).get("title", "")
        values = child.get("else", child).get("enum")
        if values:
            meaning = f"{meaning} One of {', '.join(f'`{value}`' for value in values)}."
        default = f"`{json.dumps(child['default'])}`" if "default" in child else ""
        rows.append(f"| `{path}` | {meaning.replace('|', '&#124;')} | {default} |\n")
        for each in _resolved(schema, child.get("items", {})).get("allOf", ()):
            variant = each["if"]["properties"]["type"]["const"]
            rows += _rows(schema, _resolved(schema, each["then"]), f"{path}[{variant}].")
        inner = _resolved(schema, child.get("items", child))
        if "allOf" in inner:
            continue
        kind = child.get("type", inner.get("type"))  # may be a list of types
        if str(kind) in {"object", "array"} and name != "rules" and "properties" in inner:
            rows += _rows(schema, inner, f"{path}{'[]' if 'items' in child else ''}.")
    return rows


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref")
    definition: dict[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else node
    return definition


def example_parameters() -> str:
    """Return the example document."""
    return f"\n```json\n{_EXAMPLE_PARAMETERS.read_text('utf-8')}```\n\n"


def example_result() -> str:
    """Return the recorded result, shortened."""
    result = json.loads(_EXAMPLE_RESULT.read_text("utf-8"))
    return f"\n```json\n{json.dumps(_shortened(result), indent=2, ensure_ascii=False)}\n```\n\n"


def _shortened(node: Any, name: str = "") -> Any:  # noqa: ANN401  # any JSON value
    if isinstance(node, list):
        return [_shortened(value) for value in node[:_KEPT]] + (["..."] if len(node) > _KEPT else [])
    if isinstance(node, dict):
        chosen = list(node)[:3] if name in _SUMMARY else _CHOSEN.get(name, list(node))
        rest = {"...": "..."} if len(chosen) < len(node) else {}
        return {**{key: _shortened(node[key], key) for key in chosen if key in node}, **rest}
    return node


def deviations(listed: Iterable[Deviation]) -> str:
    """Return the table of some differences to auditctl."""
    rows = "".join(
        f"| {_code(each.example)} | {each.auditctl} | {each.ours} | {each.why} |\n" for each in listed
    )
    return f"| for instance | auditctl 4.2.1 | mig-audit | because |\n|---|---|---|---|\n{rows}"


def _code(line: str) -> str:
    shown = "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}" for character in line
    )
    if len(shown) <= _LONGEST:
        return f"`{shown}`"
    return f"`{shown[:_LONGEST].rstrip()}`... ({len(line)} characters)"


def interpretation_differences() -> str:
    """Return the table of differences to what libauparse says of a field."""
    rows = "".join(
        f"| `{each['record']}` | `{each['field']}` | {_shown(each['libauparse'])} | {_shown(each['mig_audit'])}"
        f" | {each['because']} |\n"
        for each in json.loads(_INTERPRETATION.read_text("utf-8"))
    )
    return f"| for instance | field | libauparse 3.0.9 | mig-audit | because |\n|---|---|---|---|---|\n{rows}"


def interpreted_arguments() -> str:
    """Return the list of arguments that libauparse does not interpret."""
    calls = next(each["calls"] for each in json.loads(_INTERPRETATION.read_text("utf-8")) if "calls" in each)
    listed = ", ".join(f"`{call}` {' '.join(names)}" for call, names in calls.items())
    return f"\n{listed}\n\n"


def _shown(value: str) -> str:
    return _code(value).replace("|", "&#124;") if value else "nothing"


def never_followed() -> str:
    """Return the table of the control options that a run skips."""
    rows = "".join(f"| `{name}` | {reason} |\n" for name, reason in NEVER.items())
    return f"| option | why it is skipped |\n|---|---|\n{rows}"


def filter_fields() -> str:
    """Return the table of the fields that filters can ask for."""
    rows = "".join(
        f"| `{field.name}` | {field.kind}{'' if field.single else ', several'} | {field.meaning} |\n"
        for field in FIELDS.values()
    )
    return f"| field | kind | what it is |\n|---|---|---|\n{rows}"


def explained_rules() -> str:
    """Return some rules, and what `rules explain` says of them on an x86-64 host."""
    rules = [parse_rule(line, _X86_64).rule for line in _EXPLAINED]
    said = "".join(
        f"site.rules:{number}: {'; '.join(told)}\n"
        for number, told in enumerate(explain_rules(rules, _X86_64), start=1)
    )
    lines = "".join(f"{line}\n" for line in _EXPLAINED)
    return f"\n```console\n# cat site.rules\n{lines}# mig-audit rules explain site.rules\n{said}```\n\n"


def converted_rules() -> str:
    """Return what `rules convert` makes of two of them."""
    statements = read_statements("\n".join(_EXPLAINED).encode(), names=_X86_64)
    converted = convert(statements[:2], "libaudit-go", _X86_64)
    return f"\n```console\n# head -n 2 site.rules | mig-audit rules convert --to libaudit-go -\n{converted.text}```\n\n"


BLOCKS: dict[str, Callable[[], str]] = {
    "exit codes": exit_codes,
    "parameters": parameters,
    "parameters of the GSoC module": gsoc_parameters,
    "action file": action_file,
    "configuration": configuration,
    "params.example.json": example_parameters,
    "result": example_result,
    "refused rules": lambda: deviations(strictness.REFUSED),
    "mended rules": lambda: deviations(strictness.MENDED),
    "rules of a run": lambda: deviations(strictness.RUN),
    "options never followed": never_followed,
    "filter fields": filter_fields,
    "rules explain": explained_rules,
    "rules convert": converted_rules,
    "interpretation differences": interpretation_differences,
    "interpreted arguments": interpreted_arguments,
}


def filled(text: str) -> str:
    """Return a document with its blocks filled."""
    return _BLOCK.sub(lambda match: match["head"] + BLOCKS[match["name"]]() + match["tail"], text)


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if something would change"
    )
    parser.add_argument(
        "--record", action="store_true", help="first make the example result again (root, ten seconds)"
    )
    options = parser.parse_args()
    if options.record:
        _record()
    stale = [name for name in _DOCUMENTS if not _fill(_ROOT / name, write=not options.check)]
    if options.check and stale:
        print(f"out of date: {', '.join(stale)}: run tools/generate_docs.py", file=sys.stderr)
        return 1
    return 0


def _fill(path: Path, *, write: bool) -> bool:
    """Return whether a document was up to date; write it if it was not, and that is wanted."""
    text = path.read_text("utf-8")
    wanted = filled(text)
    if write and wanted != text:
        path.write_text(wanted, "utf-8")
    return wanted == text


def _record() -> None:
    # Not by -o, or the place of this working tree would be among the files that the run made.
    with subprocess.Popen([_ROOT / "tools" / "activity.sh"]):
        command = [sys.executable, "-m", "mig_audit", "run", str(_EXAMPLE_PARAMETERS)]
        result = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    _EXAMPLE_RESULT.write_bytes(result.stdout)


if __name__ == "__main__":
    sys.exit(main())
