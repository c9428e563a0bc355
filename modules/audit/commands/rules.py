"""``mig-audit rules``: rule files without the kernel, and the rules that the kernel has."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.console import say
from mig_audit.documents import name_of, read_whole
from mig_audit.errors import ParametersError, Problem, RuleError
from mig_audit.interface import Implementation
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.protocol import AUDIT_ADD_RULE, AUDIT_DEL_RULE, AUDIT_SET
from mig_audit.modules.audit.kernel.status import pack_setting
from mig_audit.modules.audit.rules import HOST, Rule, list_rule, print_rule
from mig_audit.modules.audit.rules.conversion import convert
from mig_audit.modules.audit.rules.explaining import explain_rules
from mig_audit.modules.audit.rules.statements import LANGUAGES, Statement, read_statements
from mig_audit.modules.audit.rules.text import excerpt
from mig_audit.modules.audit.run_settings import SETTINGS
from mig_audit.terminal import printable, shown_on

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    Write = Callable[[str], None]

_FILE = "a rule file in auditctl's language or in libaudit-go's JSON; - is stdin"


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
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="one JSON object a line, with the kernel's bytes")
    forms.add_argument(
        "--auditctl",
        action="store_true",
        help="as `auditctl -l` prints them: not every line can be loaded again",
    )


def _configure_convert(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--to", choices=LANGUAGES, default="auditctl", help="the language to write (default: %(default)s)"
    )
    parser.add_argument(
        "--from",
        dest="language",
        choices=("auto", *LANGUAGES),
        default="auto",
        help="the language of the files (default: %(default)s)",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help=_FILE)


def _check(options: Namespace, _write: Write) -> int:
    _refuse(_statements(options.files))
    return 0


def _compile(options: Namespace, write: Write) -> int:
    statements = list(_statements(options.files))
    if options.json:
        write("".join(f"{json.dumps(_compiled(each))}\n" for each in statements))
    else:
        write("".join(f"{each.parsed.rule.pack().hex()}\n" for each in statements if each.parsed))
    _refuse(statements)
    return 0


def _explain(options: Namespace, write: Write) -> int:
    statements = list(_statements(options.files))
    added = [(each, each.parsed.rule) for each in statements if each.parsed and not each.parsed.delete]
    for (each, _), told in zip(added, explain_rules([rule for _, rule in added], HOST)):
        write(printable(f"{each.where}: {'; '.join(told)}") + "\n")
    _refuse(statements)
    return 0


def _convert(options: Namespace, write: Write) -> int:
    """Write one document of all files; what has no place in it is said on stderr."""

    def read(data: bytes) -> Iterable[Statement]:
        return read_statements(data, options.language, exists=lambda _path: True, comments=True)

    converted = convert(list(_statements(options.files, read)), options.to)
    write(converted.text)
    for note in converted.notes:
        say(note)
    _refuse(converted.problems)
    return 0


def _compiled(statement: Statement) -> dict[str, object]:
    """Return what a line becomes: the messages that change the kernel as it says, or an error.

    A control option that sets no number, such as -D, has none: nobody is to send what it would.
    """
    place = {"line": statement.number, "rule": statement.text}
    if statement.error is not None:
        return {**place, "ok": False, "error": str(statement.error), "column": statement.error.column}
    return {**place, "ok": True, "messages": list(_messages(statement))}


def _messages(statement: Statement) -> Iterator[dict[str, object]]:
    for control in statement.controls:
        if control.name in SETTINGS and control.value is not None:
            payload = pack_setting(SETTINGS[control.name], control.value)
            yield {"type": AUDIT_SET, "payload_hex": payload.hex()}
    if statement.parsed is not None:
        kind = AUDIT_DEL_RULE if statement.parsed.delete else AUDIT_ADD_RULE
        yield {"type": kind, "payload_hex": statement.parsed.rule.pack().hex()}


def _list(options: Namespace, write: Write) -> int:
    with Control.open() as control:
        payloads = control.rules()
    if options.auditctl:
        lines = [_as_auditctl(payload) for payload in payloads] or ["No rules"]
    elif options.json:
        lines = [_as_json(payload, loaded_text(payload)) for payload in payloads]
    else:
        lines = [_as_line(payload, loaded_text(payload)) for payload in payloads]
    # The key of a rule may be anything.
    write("".join(f"{shown_on(sys.stdout, line)}\n" for line in lines))
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


def _as_auditctl(payload: bytes) -> str:
    try:
        return list_rule(Rule.unpack(payload)).decode("utf-8", "backslashreplace")
    except RuleError:
        return _as_line(payload, None)


def _as_line(payload: bytes, text: Optional[str]) -> str:
    return text or f"# a rule that has no text, by its bytes: {payload.hex()}"


def _statements(
    files: Iterable[str], read: Callable[[bytes], Iterable[Statement]] = read_statements
) -> Iterator[Statement]:
    """Yield what every file says."""
    for file in files:
        name = name_of(file)
        try:
            yield from (replace(each, file=name) for each in read(read_whole(file)))
        except RuleError as error:
            yield Statement(1, "$", "the whole file", error=error, file=name)


def _refuse(statements: Iterable[Statement]) -> None:
    problems = [
        Problem(f"{each.where}:{each.error.column}", "rule", f"{each.error} (in: {excerpt(each.text)})")
        for each in statements
        if each.error is not None
    ]
    if problems:
        raise ParametersError(problems)


_ACTIONS: dict[str, tuple[str, Callable[[ArgumentParser], None], Callable[[Namespace, Write], int]]] = {
    "check": ("say everything that is wrong with rule files; touch nothing", _configure_check, _check),
    "compile": ("print the bytes of each rule for the kernel", _configure_compile, _compile),
    "convert": ("rewrite rule files in another language", _configure_convert, _convert),
    "explain": ("say what each rule does, costs and misses", _configure_check, _explain),
    "list": ("print the kernel's rules, as text that can be loaded again", _configure_list, _list),
}
