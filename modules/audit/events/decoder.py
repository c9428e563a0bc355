"""A group of records becomes an event. Everything is decoded here, once; formats only choose and arrange.

Nothing that a record holds makes this fail: what is not of the kernel's shape goes through the general parser, and
what that finds without knowing a home for it goes to ``rest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events import category
from mig_audit.modules.audit.events.draft import IDENTITIES, MESSAGE_FIELDS, Draft
from mig_audit.modules.audit.events.event import Event, Message, Process
from mig_audit.modules.audit.events.identities import IdentityDecoder
from mig_audit.modules.audit.events.names import HostNames
from mig_audit.modules.audit.events.paths import find_directory, parse_paths
from mig_audit.modules.audit.events.system_calls import decode_syscall, recorded_call
from mig_audit.modules.audit.events.values import (
    marked_value,
    number_value,
    plain_value,
    result_value,
    rule_keys,
    string_value,
    title_words,
)
from mig_audit.modules.audit.records.interpretation import argument_words, field_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events.event import Field, PathItem, Syscall
    from mig_audit.modules.audit.events.group import Group
    from mig_audit.modules.audit.events.names import Names
    from mig_audit.modules.audit.events.paths import Directory

_OCTAL = compile_late(r"[0-7]{1,12}")
_HEX = compile_late(r"0x[0-9a-f]{1,16}")
_IN_ROOT = 0x10  # linux/openat2.h RESOLVE_IN_ROOT: what is absolute begins at the descriptor's directory, too
_QUEUES = frozenset({"mq_open", "mq_unlink"})


class Decoder:
    """Decodes groups.

    Args:
        names: where names of users and groups come from; this host's by default.

    Attributes:
        identities: decodes the ids of their records.
    """

    def __init__(self, names: Optional[Names] = None) -> None:
        self._names = HostNames() if names is None else names
        self.identities = IdentityDecoder(self._names)

    def decode(self, group: Group) -> Event:
        """Return the event of these records; never raises."""
        draft = Draft(group.records)
        home = draft.home
        has_call = draft.has_syscall or "syscall" in home or "uring_op" in home
        syscall = decode_syscall(home) if has_call else None
        process = _process(draft)
        directory = find_directory(process.cwd, syscall)
        message = _message(home)
        success = message.result if message else None
        if success is None and syscall:
            success = syscall.success
        ids = tuple([home.get(name) for name in IDENTITIES])
        types = [record.type for record in group.records]
        first = group.records[0]
        return Event(
            node=first.node,
            seconds=first.seconds,
            milliseconds=first.milliseconds,
            serial=first.serial,
            part=group.part,
            ending=group.ending,
            gaps=_gaps(group, syscall, process),
            category=category.categorise(
                types,
                syscall.name if syscall else None,
                _open_flags(syscall, draft.rest),
                apparmor=any(field.name == "apparmor" for field in draft.rest),
            ),
            success=success,
            syscall=syscall,
            interpreted=self._interpreted(draft, syscall),
            process=process,
            identities=self.identities.decode(ids, first.seconds // 60, draft.enriched),
            keys=rule_keys(home.get("key")),
            paths=_paths(draft, directory, syscall),
            address=draft.address,
            message=message,
            rest=tuple(draft.rest),
            records=group.records,
        )

    def _interpreted(self, draft: Draft, syscall: Optional[Syscall]) -> tuple[tuple[str, str], ...]:
        words: list[tuple[str, str]] = []
        if syscall is not None and syscall.args:
            # Of the call itself: behind socketcall, the registers are not those of what it was asked for.
            call = recorded_call(draft.home)
            known = argument_words(call.arch_name, call.name, syscall.args)
            words += [(f"a{index}", text) for index, text in known]
        for field in draft.rest:
            text = field_words(field.record, field.name, field.value, self._names)
            if text is not None and text != field.value:
                words.append((field.name, text))
        return tuple(words)


def _paths(draft: Draft, directory: Directory, syscall: Optional[Syscall]) -> tuple[PathItem, ...]:
    paths = parse_paths(draft.paths, directory, syscall.name if syscall else None)
    if any(_is_in_root(field) for field in draft.rest):
        return tuple([path._replace(path=None) for path in paths])
    return paths


def _is_in_root(field: Field) -> bool:
    if field.record != "OPENAT2" or field.name != "resolve" or not _HEX.fullmatch(field.value):
        return False
    return bool(int(field.value, 16) & _IN_ROOT)


def _process(draft: Draft) -> Process:
    home, arguments = draft.home, draft.arguments
    return Process(
        number_value(home.get("pid")),
        number_value(home.get("ppid")),
        string_value(home.get("comm")),
        string_value(home.get("exe")),
        marked_value(home.get("tty")),
        number_value(home.get("ses")),
        plain_value(home.get("subj")),
        string_value(home.get("cwd")),
        string_value(home.get("cmd")),
        arguments.argv if arguments else None,
        arguments.argc if arguments else None,
        arguments.missing if arguments else (),
        arguments.torn if arguments else (),
        title_words(draft.title),
    )


def _message(home: Mapping[str, bytes]) -> Optional[Message]:
    values = [home.get(name) for name in MESSAGE_FIELDS]
    if not any(values):
        return None
    op, acct, hostname, addr, terminal, result = values
    return Message(
        plain_value(op),
        string_value(acct),
        plain_value(hostname),
        plain_value(addr),
        plain_value(terminal),
        result_value(result),
    )


def _open_flags(syscall: Optional[Syscall], rest: list[Field]) -> Optional[int]:
    if syscall is None:
        return None
    index = category.open_flags_index(syscall.name)
    if index is not None:
        value = syscall.args[index] if syscall.args else None
        return int(value, 16) & 0xFFFF_FFFF if value else None
    if syscall.name == "openat2":
        for field in rest:
            if field.record == "OPENAT2" and field.name == "oflag" and _OCTAL.fullmatch(field.value):
                return int(field.value, 8)
    return None


def _gaps(group: Group, syscall: Optional[Syscall], process: Process) -> tuple[str, ...]:
    gaps = group.gaps
    if syscall is not None and syscall.name in _QUEUES:
        # The kernel counts the queues' hidden directory among the items, and does not print it.
        gaps = tuple(gap for gap in gaps if gap != "path")
    return (*gaps, "argv") if process.argv_missing or process.argv_torn else gaps
