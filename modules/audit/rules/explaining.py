"""What a rule watches, what it costs, and what it will miss, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.architectures import missing_abis
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS
from mig_audit.modules.audit.rules.printing import LIST_NAMES, as_listed, machine_of, permission_letters
from mig_audit.modules.audit.tables import arch_name, syscall_name, syscall_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.rules.model import Rule
    from mig_audit.modules.audit.rules.names import Names

_PATHS = frozenset((c.AUDIT_WATCH, c.AUDIT_DIR))
_WITHOUT_PATH = frozenset(("read", "write", "close", "pread", "pwrite", "readv", "writev", "lseek", "fsync"))
_MOST_NAMED = 4
_LISTED_ALL = ALL_SYSCALLS >> 16

_Check = Callable[["Rule", "Sequence[Rule]", "Names"], bool]


def explain_rule(index: int, rules: Sequence[Rule], names: Names) -> Iterator[str]:
    """Yield what there is to know of one rule of many, in the order in which they are loaded: first what it does."""
    rule = rules[index]
    yield _summary(rule, names)
    if rule in rules[:index]:
        yield "is a duplicate: the kernel refuses it, for an earlier rule is the same"
    yield from (text for holds, text in CHECKS if holds(rule, rules[:index], names))
    if _needs_other_abi(rule, rules, names):
        yield "misses the programs of the other width, b64 or b32: no rule has the same conditions for them"


def _summary(rule: Rule, names: Names) -> str:
    verb = "records" if rule.action == c.AUDIT_ALWAYS else "keeps out of the record"
    if rule.filter_list not in {c.AUDIT_FILTER_EXIT, c.AUDIT_FILTER_URING_EXIT}:
        return f"{verb} what matches on the {LIST_NAMES.get(rule.filter_list, rule.filter_list)} list"
    paths = [field.text or b"" for field in rule.fields if field.code in _PATHS]
    where = "".join(f" at {path.decode('utf-8', 'backslashreplace')}" for path in paths)
    perms = [permission_letters(field.value) for field in rule.fields if field.code == c.AUDIT_PERM]
    asking = "".join(f" that asks for one of {perm}" for perm in perms)
    return f"{verb} {_calls(rule, names)}{asking}{where}"


def _calls(rule: Rule, names: Names) -> str:
    if _for_all(rule):
        return "every system call"
    numbers = [number for number in range(ALL_SYSCALLS.bit_length()) if rule.mask >> number & 1]
    machine = machine_of(rule, names)
    named = [(machine and syscall_name(machine, number)) or str(number) for number in numbers]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f"{', '.join(named[:_MOST_NAMED])}{more}"


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


def _misses_socketcall(rule: Rule, _earlier: Sequence[Rule], names: Names) -> bool:
    if not _is_exit(rule) or machine_of(rule, names) != "i386" or _for_all(rule):
        return False
    calls = [syscall_number("i386", name) for name in ("socket", "connect", "bind", "listen", "accept4")]
    multiplexed = any(number is not None and rule.mask >> number & 1 for number in calls)
    return multiplexed and not rule.mask >> (syscall_number("i386", "socketcall") or 0) & 1


CHECKS: tuple[tuple[_Check, str], ...] = (
    (_never_matches, "never matches: these calls name no path, only a file that is open already"),
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


def _needs_other_abi(rule: Rule, rules: Sequence[Rule], names: Names) -> bool:
    arches = [field for field in rule.fields if field.code == c.AUDIT_ARCH]
    if not _is_exit(rule) or len(arches) != 1 or missing_abis(names) or arch_name(arches[0].value) is None:
        return False
    other_width = arches[0].value & c.AUDIT_ARCH_64BIT ^ c.AUDIT_ARCH_64BIT
    return not any(
        _without_arch(other) == _without_arch(rule)
        and any(
            field.code == c.AUDIT_ARCH and field.value & c.AUDIT_ARCH_64BIT == other_width
            for field in other.fields
        )
        for other in rules
    )


def _without_arch(rule: Rule) -> Rule:
    fields = tuple(field for field in rule.fields if field.code != c.AUDIT_ARCH)
    return replace(rule, mask=0, fields=fields)  # the same calls have other numbers there
