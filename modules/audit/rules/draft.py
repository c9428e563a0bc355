"""A rule while its options are read: what auditctl keeps between the options of a line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules import strictness
from mig_audit.modules.audit.rules.architectures import narrow, native
from mig_audit.modules.audit.rules.controls import CONTROLS, refusal
from mig_audit.modules.audit.rules.fields import parse_comparison, parse_field
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS, Field, Rule
from mig_audit.modules.audit.rules.permissions import permission_bits, permission_mask
from mig_audit.modules.audit.rules.strictness import StricterError
from mig_audit.modules.audit.rules.syscalls import all_operations, ambiguous, syscall_mask
from mig_audit.modules.audit.rules.targets import Target, list_and_action
from mig_audit.modules.audit.rules.watches import watch_fields, watch_warnings
from mig_audit.modules.audit.tables import URING, arch_name

if TYPE_CHECKING:
    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.options import Option
    from mig_audit.modules.audit.rules.words import Word

_MOST_FIELDS = c.AUDIT_MAX_FIELDS - 1  # auditctl stops one short of the kernel's limit
_NO_SYSCALLS = (c.AUDIT_FILTER_TASK, c.AUDIT_FILTER_USER, c.AUDIT_FILTER_EXCLUDE, c.AUDIT_FILTER_FS)
_KEY_REASONS = frozenset((c.AUDIT_PERM, c.AUDIT_WATCH, c.AUDIT_DIR, c.AUDIT_EXE, c.AUDIT_FSTYPE))
_KEY_REMEDY = "give -S, or a path, dir, exe, perm or fstype, before it"
_KEY_PREFIX = "key="


class Draft:
    """The rule so far. Options are taken in order, for the order matters to auditctl."""

    def __init__(self, names: Names) -> None:
        """Begin with nothing, for a host."""
        self._names = names
        self._target: Optional[Target] = None
        self._fields: list[Field] = []
        self._mask: Optional[int] = None
        self._arch: Optional[str] = None
        self._keys: list[bytes] = []
        self._key_column = 1
        self._ambiguous = False
        self._notes: list[str] = []
        self._syscall_option = False
        self._takers: dict[str, Callable[[Word], None]] = {
            "-a": self._start,
            "-A": lambda word: self._start(word, prepend=True),
            "-d": lambda word: self._start(word, delete=True),
            "-w": lambda word: self._watch(word, delete=False),
            "-W": lambda word: self._watch(word, delete=True),
            "-S": self._syscalls,
            "-F": self._field,
            "-C": self._comparison,
            "-k": self._key,
            "-p": self._permissions,
        }

    def take(self, option: Option) -> None:
        """Add what an option says.

        Raises:
            RuleError: it says nothing that makes sense here.
        """
        if option.name in CONTROLS:
            raise refusal(option)
        if option.argument is not None:
            self._takers[option.name](option.argument)

    def rule(self) -> Rule:
        """Return the rule.

        Raises:
            RuleError: something is missing.
        """
        target = self._target
        if target is None:
            raise RuleError("the rule is for no list", 1, "start with -a, -A, -d, -w or -W")
        mask = self._mask
        if mask is None:
            mask = 0 if target.filter_list == c.AUDIT_FILTER_TASK else ALL_SYSCALLS
        return Rule(
            target.filter_list, target.action, target.prepend, mask, (*self._fields, *self._key_field())
        )

    @property
    def delete(self) -> bool:
        """Whether the rule is to be deleted rather than added."""
        return self._target is not None and self._target.delete

    def warnings(self) -> tuple[str, ...]:
        """Return what to know of the rule although it can be loaded."""
        notes = list(self._notes)
        machine = native(self._names)
        if machine and self._ambiguous and self._mask != ALL_SYSCALLS and not self.delete:
            other = narrow(machine)
            notes.append(
                f"without arch, the calls' numbers on {machine} are other calls of {other} programs too"
            )
        if self._target is not None and self._target.watch and self._syscall_option:
            notes.append("-S changes nothing in a watch: it is for every system call")
        return tuple(notes)

    def _start(self, word: Word, *, prepend: bool = False, delete: bool = False) -> None:
        self._only_one_target(word)
        filter_list, action = list_and_action(word)
        if self._mask is not None and filter_list in _NO_SYSCALLS:
            raise StricterError(
                strictness.SYSCALLS_FIRST, f"a rule {word.text} has no system calls", word.column, "remove -S"
            )
        if self._mask is not None and filter_list == c.AUDIT_FILTER_URING_EXIT:
            raise StricterError(
                strictness.SYSCALLS_FIRST,
                "-S does not know that it is to look for operations of io_uring",
                word.column,
                "put the list in front of -S",
            )
        self._target = Target(filter_list, action, prepend, delete)

    def _watch(self, word: Word, *, delete: bool) -> None:
        self._only_one_target(word)
        self._fields.extend(watch_fields(word, self._names))
        self._notes.extend(watch_warnings(word))
        self._mask = ALL_SYSCALLS
        self._target = Target(c.AUDIT_FILTER_EXIT, c.AUDIT_ALWAYS, delete=delete, watch=True)

    def _only_one_target(self, word: Word) -> None:
        if self._target is not None:
            raise RuleError(
                "a rule has one of -a, -A, -d, -w and -W",
                word.column,
                "write two rules, on lines of their own",
            )

    def _syscalls(self, word: Word) -> None:
        filter_list = None if self._target is None else self._target.filter_list
        if filter_list in _NO_SYSCALLS:
            raise RuleError("a rule on this list has no system calls", word.column, "remove -S")
        machine = URING if filter_list == c.AUDIT_FILTER_URING_EXIT else self._arch or native(self._names)
        if machine is None:
            raise RuleError(
                f"the system calls of a machine {self._names.machine!r} are not known",
                word.column,
                "name an architecture before -S",
            )
        mask = syscall_mask(word, machine)
        if machine == URING and mask == all_operations():
            self._notes.append("-S all is not all operations of io_uring: leave -S away for those")
        if machine != URING and self._arch is None:
            self._ambiguous = self._ambiguous or ambiguous(word, machine)
        self._mask = (self._mask or 0) | mask
        self._syscall_option = True

    def _field(self, word: Word) -> None:
        target = self._given_target(word)
        if word.text.startswith(_KEY_PREFIX):
            self._add_key(word.part(len(_KEY_PREFIX)))
            return
        field = parse_field(word, target.filter_list, self._names)
        if field.code == c.AUDIT_FILTERKEY and not self._may_have_key():
            raise RuleError("a key is not possible here", word.column, _KEY_REMEDY)
        if field.code == c.AUDIT_ARCH:
            self._set_arch(field, word)
        self._add_field(field, word)
        machine = self._arch or (native(self._names) if self._syscall_option else None)
        if field.code == c.AUDIT_PERM and machine is not None:
            self._mask = (self._mask or 0) | permission_mask(field.value, machine)

    def _set_arch(self, field: Field, word: Word) -> None:
        if self._mask is not None:
            raise RuleError("arch is too late here", word.column, "put it in front of -S and of perm")
        self._arch = arch_name(field.value)

    def _comparison(self, word: Word) -> None:
        target = self._given_target(word)
        self._add_field(parse_comparison(word, target.filter_list), word)

    def _given_target(self, word: Word) -> Target:
        if self._target is None:
            raise RuleError("the list is missing", word.column, "put -a, -A, -d, -w or -W in front")
        return self._target

    def _add_field(self, field: Field, word: Word) -> None:
        if len(self._fields) >= _MOST_FIELDS:
            raise RuleError(f"a rule has at most {_MOST_FIELDS} fields", word.column)
        self._fields.append(field)

    def _permissions(self, word: Word) -> None:
        self._given_target(word)
        if not self._fields:
            raise RuleError("permissions of nothing", word.column, "put -w PATH or a field in front")
        bits = permission_bits(word)
        if all(field.code != c.AUDIT_PERM for field in self._fields):
            self._add_field(Field(c.AUDIT_PERM, c.AUDIT_EQUAL, bits), word)
        self._fields = [
            replace(field, value=bits) if field.code == c.AUDIT_PERM else field for field in self._fields
        ]

    def _key(self, word: Word) -> None:
        self._given_target(word)
        if not self._may_have_key():
            raise RuleError("a key is not possible here", word.column, _KEY_REMEDY)
        self._add_key(word)

    def _add_key(self, word: Word) -> None:
        if not word.text:
            raise StricterError(strictness.EMPTY_KEY, "the key is empty", word.column)
        for unfit in (c.AUDIT_KEY_SEPARATOR.decode(), "!=", ">=", "<=", "&="):
            if unfit in word.text:
                raise RuleError(f"a key cannot have {unfit!r} in it", word.columns[word.text.index(unfit)])
        self._keys.append(word.data)
        self._key_column = word.column
        if len(c.AUDIT_KEY_SEPARATOR.join(self._keys)) > c.AUDIT_MAX_KEY_LEN:
            raise RuleError(f"the keys have more than {c.AUDIT_MAX_KEY_LEN} bytes", word.column)

    def _may_have_key(self) -> bool:
        return self._mask is not None or any(field.code in _KEY_REASONS for field in self._fields)

    def _key_field(self) -> tuple[Field, ...]:
        if not self._keys:
            return ()
        if not self._may_have_key():
            raise RuleError("a key is not possible here", self._key_column, _KEY_REMEDY)
        if len(self._fields) >= _MOST_FIELDS:
            raise RuleError(
                f"a rule has at most {_MOST_FIELDS} fields and its keys are one", self._key_column
            )
        return (Field.of_text(c.AUDIT_FILTERKEY, c.AUDIT_EQUAL, c.AUDIT_KEY_SEPARATOR.join(self._keys)),)
