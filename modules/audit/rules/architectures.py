"""Which architecture a rule is for: ``arch=b64`` and the other forms, and the machine that the rule is loaded on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import strictness
from mig_audit.modules.audit.rules.constants import AUDIT_ARCH_64BIT
from mig_audit.modules.audit.rules.strictness import StricterError
from mig_audit.modules.audit.rules.values import number, starts_number
from mig_audit.modules.audit.tables import arch_elf, arch_name

if TYPE_CHECKING:
    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.words import Word

_32_BIT = {"x86_64": "i386", "ppc64": "ppc", "s390x": "s390", "aarch64": "armeb", "riscv64": "riscv32"}
_HEX = re.compile(r"[0-9a-fA-F]{1,8}")


def native(names: Names) -> Optional[str]:
    """Return libaudit's name of the machine's own architecture, None if libaudit has none."""
    elf = arch_elf(names.machine)
    return None if elf is None else arch_name(elf)


def narrow(machine: str) -> Optional[str]:
    """Return the 32-bit architecture whose programs a 64-bit machine runs too, None if there is none."""
    return _32_BIT.get(machine)


def missing_abis(names: Names) -> tuple[str, ...]:
    """Return which of ``b64`` and ``b32`` the machine has no programs of; none if the machine is not known."""
    machine = native(names)
    if machine is None:
        return ()
    there = {"b64": _is_wide(machine), "b32": _narrow_of(machine) is not None}
    return tuple(abi for abi, has_programs in there.items() if not has_programs)


def architecture(word: Word, names: Names) -> int:
    """Return the AUDIT_ARCH number of an ``arch`` field: ``b64``, ``b32``, a machine, or the number itself."""
    if word.text.lower() in {"b64", "b32"}:
        return _of_abi(word, names)
    if starts_number(word):
        found = number(word, names)
        if arch_name(found) is None:
            raise _unknown(word)
        return found
    elf = arch_elf(word.text)
    return _of_bare_hex(word) if elf is None else elf


def _of_bare_hex(word: Word) -> int:
    digits = _HEX.match(word.text)
    found = int(digits[0], 16) if digits else 0
    if digits is None or arch_name(found) is None:
        raise _unknown(word)
    if digits.end() < len(word.text):
        raise StricterError(
            strictness.TRAILING_TEXT, f"{word.text!r} is not an architecture", word.columns[digits.end()]
        )
    return found


def _of_abi(word: Word, names: Names) -> int:
    machine = native(names)
    if machine is None:
        raise RuleError(
            f"what {word.text} is on a machine {names.machine!r} is not known",
            word.column,
            "name the architecture",
        )
    if word.text.lower() == "b64":
        if not _is_wide(machine):
            raise RuleError(f"a machine {machine} has no 64-bit programs", word.column, "use arch=b32")
        return _elf(machine)
    found = _narrow_of(machine)
    if found is None:
        raise StricterError(
            strictness.NO_32_BIT, f"a machine {machine} has no 32-bit programs", word.column, "use arch=b64"
        )
    return _elf(found)


def _narrow_of(machine: str) -> Optional[str]:
    return narrow(machine) if _is_wide(machine) else machine


def _is_wide(machine: str) -> bool:
    return bool(_elf(machine) & AUDIT_ARCH_64BIT)


def _elf(machine: str) -> int:
    return arch_elf(machine) or 0


def _unknown(word: Word) -> RuleError:
    return RuleError(
        f"there is no architecture {word.text!r}",
        word.column,
        "use b64, b32 or a name that `uname -m` prints",
    )
