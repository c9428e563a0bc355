"""What a rule watches, what it costs, and what it will miss, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.architectures import missing_abis, narrow, native
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS
from mig_audit.modules.audit.rules.printing import (
    as_listed,
    condition_text,
    escaped_text,
    machine_of,
    permission_letters,
)
from mig_audit.modules.audit.tables import arch_name, syscall_name, syscall_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mig_audit.modules.audit.rules.model import Field, Rule
    from mig_audit.modules.audit.rules.names import Names

_PATHS = frozenset((c.AUDIT_WATCH, c.AUDIT_DIR))
_WITHOUT_PATH = frozenset(("read", "write", "close", "pread", "pwrite", "readv", "writev", "lseek", "fsync"))
_PERMISSIONS = {"r": "reads", "w": "writes", "x": "executes", "a": "changes attributes"}
_MOST_NAMED = 4
_LISTED_ALL = ALL_SYSCALLS >> 16

_Check = Callable[["Rule", "Sequence[Rule]", "Names"], bool]


def explain_rules(rules: Sequence[Rule], names: Names) -> Iterator[tuple[str, ...]]:
    """Yield what there is to know of each rule, in the order in which they are loaded: first what it does."""
    widths, seen = _widths(rules), set()
    for index, rule in enumerate(rules):
        yield (
            _summary(rule, names),
            *([_DUPLICATE] if rule in seen else []),
            *(text for holds, text in CHECKS if holds(rule, rules[:index], names)),
            *([_ONE_WIDTH] if _needs_other_abi(rule, widths, names) else []),
        )
        seen.add(rule)


_DUPLICATE = "is a duplicate: the kernel refuses it, for an earlier rule is the same"
_ONE_WIDTH = "misses the programs of the other width, b64 or b32: no rule has the same conditions for them"


_SUMMARIES = {
    # A record that matches is kept out by either action; see audit_filter() in kernel/audit.c.
    (c.AUDIT_FILTER_EXCLUDE, c.AUDIT_ALWAYS): "keeps out of the record every record",
    (c.AUDIT_FILTER_EXCLUDE, c.AUDIT_NEVER): "keeps out of the record every record",
    # The kernel asks this list for never alone; see __audit_inode() in kernel/auditsc.c.
    (
        c.AUDIT_FILTER_FS,
        c.AUDIT_ALWAYS,
    ): "changes nothing, for only never does on the filesystem list: for files",
    (c.AUDIT_FILTER_FS, c.AUDIT_NEVER): "keeps out of the record the names of files",
    (c.AUDIT_FILTER_TASK, c.AUDIT_ALWAYS): "records every system call of every process started from now on",
    (c.AUDIT_FILTER_TASK, c.AUDIT_NEVER): "keeps out of the record every process started from now on",
    # Programs' messages are recorded where no rule says otherwise.
    (
        c.AUDIT_FILTER_USER,
        c.AUDIT_ALWAYS,
    ): "keeps in the record, whatever rules below say, every program's messages",
    (c.AUDIT_FILTER_USER, c.AUDIT_NEVER): "keeps out of the record every program's messages",
}
_IN_THE_SENTENCE = frozenset((*_PATHS, c.AUDIT_PERM))
_APART = frozenset((c.AUDIT_ARCH, c.AUDIT_FILTERKEY))


def _summary(rule: Rule, names: Names) -> str:
    said = _SUMMARIES.get((rule.filter_list, rule.action))
    if said:
        return said + _where([field for field in rule.fields if field.code not in _APART], rule, names)
    verb = "records" if rule.action == c.AUDIT_ALWAYS else "keeps out of the record"
    named = [field for field in rule.fields if field.code in _IN_THE_SENTENCE and field.op == c.AUDIT_EQUAL]
    paths = [escaped_text(field) for field in named if field.code in _PATHS]
    perms = [permission_letters(field.value) for field in named if field.code == c.AUDIT_PERM]
    asking = "".join(f" that {_does(perm)}" for perm in perms)
    where = "".join(f" at {path}" for path in paths)
    others = [field for field in rule.fields if field not in named and field.code not in _APART]
    return f"{verb} {_calls(rule, names)}{asking}{where}{_where(others, rule, names)}"


def _does(permissions: str) -> str:
    """Return what a system call does that has one of these permissions."""
    done = [_PERMISSIONS[letter] for letter in permissions]
    return " or ".join([", ".join(done[:-1]), done[-1]] if done[1:] else done or ["does nothing"])


def _where(fields: Sequence[Field], rule: Rule, names: Names) -> str:
    conditions = [condition_text(field, rule.filter_list, names) for field in fields]
    return f" where {' and '.join(conditions)}" if conditions else ""


def _calls(rule: Rule, names: Names) -> str:
    if _for_all(rule):
        return "every system call" if _is_exit(rule) else "every operation of io_uring"
    numbers = [number for number in range(ALL_SYSCALLS.bit_length()) if rule.mask >> number & 1]
    machine = machine_of(rule, names)
    named = [(machine and syscall_name(machine, number)) or str(number) for number in numbers]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    of_io_uring = "" if _is_exit(rule) else " through io_uring"
    return f"{', '.join(named[:_MOST_NAMED])}{more}{of_io_uring}"


def _codes(rule: Rule) -> frozenset[int]:
    return frozenset(field.code for field in rule.fields)


def _for_all(rule: Rule) -> bool:
    return as_listed(rule).mask == _LISTED_ALL


def _is_exit(rule: Rule) -> bool:
    return rule.filter_list == c.AUDIT_FILTER_EXIT


def _never_matches(rule: Rule, _earlier: Sequence[Rule], names: Names) -> bool:
    machine = machine_of(rule, names)
    if not _is_exit(rule) or machine is None or not _codes(rule) & _PATHS:
        return False
    pathless = {syscall_number(machine, name) for name in _WITHOUT_PATH}
    return rule.mask != 0 and all(
        rule.mask >> number & 1 == 0 or number in pathless for number in range(2048)
    )


def _is_for_everything(rule: Rule, _earlier: Sequence[Rule], _names: Names) -> bool:
    return _is_exit(rule) and _for_all(rule) and not _codes(rule) & {*_PATHS, c.AUDIT_PERM}


def _has_slow_perm(rule: Rule, _earlier: Sequence[Rule], _names: Names) -> bool:
    return c.AUDIT_PERM in _codes(rule) and c.AUDIT_ARCH not in _codes(rule)


def _has_no_key(rule: Rule, _earlier: Sequence[Rule], _names: Names) -> bool:
    return _is_exit(rule) and rule.action == c.AUDIT_ALWAYS and c.AUDIT_FILTERKEY not in _codes(rule)


def _is_late(rule: Rule, earlier: Sequence[Rule], _names: Names) -> bool:
    return (
        rule.action == c.AUDIT_NEVER
        and rule.filter_list not in {c.AUDIT_FILTER_EXCLUDE, c.AUDIT_FILTER_FS}
        and not rule.prepend
        and any(
            other.action == c.AUDIT_ALWAYS
            and other.filter_list == rule.filter_list
            and other.mask & rule.mask
            for other in earlier
        )
    )


def _depends_on_outcome(rule: Rule, _earlier: Sequence[Rule], _names: Names) -> bool:
    return bool(_codes(rule) & {c.AUDIT_SUCCESS, c.AUDIT_EXIT})


def _is_foreign(rule: Rule, _earlier: Sequence[Rule], names: Names) -> bool:
    """Say whether a rule is for programs that the host has none of."""
    host = native(names)
    if host is None:
        return False
    there = {host, narrow(host)}
    return any(
        field.code == c.AUDIT_ARCH and field.op == c.AUDIT_EQUAL and arch_name(field.value) not in there
        for field in rule.fields
    )


def _misses_socketcall(rule: Rule, _earlier: Sequence[Rule], names: Names) -> bool:
    if not _is_exit(rule) or machine_of(rule, names) != "i386" or _for_all(rule):
        return False
    calls = [syscall_number("i386", name) for name in ("socket", "connect", "bind", "listen", "accept4")]
    multiplexed = any(number is not None and rule.mask >> number & 1 for number in calls)
    return multiplexed and not rule.mask >> (syscall_number("i386", "socketcall") or 0) & 1


CHECKS: tuple[tuple[_Check, str], ...] = (
    (_never_matches, "never matches: these calls name no path, only a file that is open already"),
    (_is_foreign, "never matches on this host: it has no programs of this architecture"),
    (_is_for_everything, "costs the most: it is tried at the end of every system call"),
    (_has_slow_perm, "costs more than it must: without arch, perm is tried for every system call"),
    (_has_no_key, "has no key, so what it finds is hard to tell from what other rules find"),
    (
        _is_late,
        "may come too late: the first rule that matches decides, and a rule above is for the same calls",
    ),
    (_depends_on_outcome, "misses the calls that end otherwise: it looks at how they ended"),
    (_misses_socketcall, "misses i386 programs that use socketcall in place of these calls"),
)
"""What can be said of a rule and the rules above it: whether it holds, and the words."""


def _widths(rules: Sequence[Rule]) -> Mapping[Rule, set[int]]:
    """Return, for each rule without its architectures, the widths of those that any rule like it has."""
    widths: dict[Rule, set[int]] = {}
    for rule in rules:
        own = {field.value & c.AUDIT_ARCH_64BIT for field in rule.fields if field.code == c.AUDIT_ARCH}
        widths.setdefault(_without_arch(rule), set()).update(own)
    return widths


def _needs_other_abi(rule: Rule, widths: Mapping[Rule, set[int]], names: Names) -> bool:
    arches = [field for field in rule.fields if field.code == c.AUDIT_ARCH]
    if not _is_exit(rule) or len(arches) != 1 or missing_abis(names) or _is_foreign(rule, (), names):
        return False
    other_width = arches[0].value & c.AUDIT_ARCH_64BIT ^ c.AUDIT_ARCH_64BIT
    return other_width not in widths[_without_arch(rule)]


def _without_arch(rule: Rule) -> Rule:
    fields = tuple(field for field in rule.fields if field.code != c.AUDIT_ARCH)
    return replace(rule, mask=0, fields=fields)  # the same calls have other numbers there
