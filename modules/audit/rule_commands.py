"""``mig-audit rules``: rule files without the kernel, and the rules that the kernel has."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import ParametersError, Problem, RuleError, UsageError
from mig_audit.interface import Implementation
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.protocol import AUDIT_ADD_RULE, AUDIT_DEL_RULE, AUDIT_SET
from mig_audit.modules.audit.kernel.status import pack_setting
from mig_audit.modules.audit.rules import HOST, Rule, parse_file, print_rule
from mig_audit.modules.audit.rules.explaining import explain_rule
from mig_audit.modules.audit.run_settings import SETTINGS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    from mig_audit.modules.audit.rules import RuleLine

    Write = Callable[[str], None]

_FILE = "a rule file in auditctl's language; - is stdin"


def _configure(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (words, configure, do) in _ACTIONS.items():
        action = actions.add_parser(name, help=words, description=words)
        configure(action)
        action.set_defaults(do=do)


def _run(options: Namespace, write: Write) -> int:
    return int(options.do(options, write))


RULES = Implementation(_configure, _run)
"""The command; each of its actions is an entry of ``_ACTIONS``."""


def _configure_check(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=_FILE)


def _configure_compile(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for errors too")
    parser.add_argument("files", nargs=1, metavar="FILE", help=_FILE)


def _configure_list(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with the kernel's bytes")


def _check(options: Namespace, _write: Write) -> int:
    _refuse(_problems(_lines(options.files)))
    return 0


def _compile(options: Namespace, write: Write) -> int:
    lines = list(_lines(options.files))
    if options.json:
        write("".join(f"{json.dumps(_compiled(line))}\n" for _, line in lines))
    else:
        write("".join(f"{line.parsed.rule.pack().hex()}\n" for _, line in lines if line.parsed))
    _refuse(_problems(lines))
    return 0


def _explain(options: Namespace, write: Write) -> int:
    lines = list(_lines(options.files))
    added = [(file, line, line.parsed.rule) for file, line in lines if line.parsed and not line.parsed.delete]
    rules = [rule for _, _, rule in added]
    for index, (file, line, _) in enumerate(added):
        said = "; ".join(explain_rule(index, rules, HOST))
        write(f"{file}:{line.number}: {said}\n")
    _refuse(_problems(lines))
    return 0


def _compiled(line: RuleLine) -> dict[str, object]:
    """Return what a line becomes: the messages that change the kernel as it says, or an error.

    A control option that sets no number, such as -D, has none: nobody is to send what it would.
    """
    place = {"line": line.number, "rule": line.text}
    if line.error is not None:
        return {**place, "ok": False, "error": str(line.error), "column": line.error.column}
    return {**place, "ok": True, "messages": list(_messages(line))}


def _messages(line: RuleLine) -> Iterator[dict[str, object]]:
    for control in line.controls:
        if control.name in SETTINGS and control.value is not None:
            payload = pack_setting(SETTINGS[control.name], control.value)
            yield {"type": AUDIT_SET, "payload_hex": payload.hex()}
    if line.parsed is not None:
        kind = AUDIT_DEL_RULE if line.parsed.delete else AUDIT_ADD_RULE
        yield {"type": kind, "payload_hex": line.parsed.rule.pack().hex()}


def _list(options: Namespace, write: Write) -> int:
    with Control.open() as control:
        payloads = control.rules()
    shown = _as_json if options.json else _as_line
    write("".join(f"{shown(payload, loaded_text(payload))}\n" for payload in payloads))
    return 0


def loaded_text(payload: bytes) -> Optional[str]:
    """Return the text of a rule that the kernel has, None if it has none, or none that is UTF-8."""
    try:
        text = print_rule(Rule.unpack(payload))
        text.encode("utf-8")
    except (RuleError, UnicodeEncodeError):
        return None
    return text


def _as_json(payload: bytes, text: Optional[str]) -> str:
    return json.dumps({"rule": text, "payload_hex": payload.hex()})


def _as_line(payload: bytes, text: Optional[str]) -> str:
    return text or f"# a rule that has no text, by its bytes: {payload.hex()}"


def _lines(files: Iterable[str]) -> Iterator[tuple[str, RuleLine]]:
    """Yield every line that is neither blank nor a comment, with the name of its file."""
    for file in files:
        for line in parse_file(_read(file)):
            yield ("stdin" if file == "-" else file), line


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}", "name a readable file, or - for stdin"
        ) from error


def _problems(lines: Iterable[tuple[str, RuleLine]]) -> list[Problem]:
    return [
        Problem(f"{file}:{line.number}:{line.error.column}", "rule", f"{line.error} (in: {line.text})")
        for file, line in lines
        if line.error is not None
    ]


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ParametersError(problems)


_ACTIONS: dict[str, tuple[str, Callable[[ArgumentParser], None], Callable[[Namespace, Write], int]]] = {
    "check": ("say everything that is wrong with rule files; touch nothing", _configure_check, _check),
    "compile": ("print the bytes of each rule for the kernel", _configure_compile, _compile),
    "explain": ("say what each rule does, costs and misses", _configure_check, _explain),
    "list": ("print the rules that the kernel has, as text that means them again", _configure_list, _list),
}
