"""Which records are events of their own, by their types."""

from __future__ import annotations

from mig_audit.modules.audit.tables import record_type_number

# linux/audit.h: below the kernel's event types and above its anomaly types are messages that programs send; each is
# one event. LOGIN is the kernel's and comes with its system call. KERNEL is the record of audit's own start.
_FIRST_KERNEL_EVENT, _LAST_KERNEL_EVENT = 1300, 2099
_LOGIN, _KERNEL = 1006, 2000


class Singles:
    """Remembers the answers for ``memory`` types."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._single: dict[str, bool] = {}

    def is_single(self, name: str) -> bool:
        """Say whether a record of this type is an event of its own."""
        single = self._single.get(name)
        if single is None:
            single = is_single(name)
            if len(self._single) < self._memory:
                self._single[name] = single
        return single


def is_single(name: str) -> bool:
    """Say whether a record of this type is an event of its own."""
    number = record_type_number(name)
    if number is None or number == _LOGIN:
        return False
    return number == _KERNEL or not _FIRST_KERNEL_EVENT <= number <= _LAST_KERNEL_EVENT
