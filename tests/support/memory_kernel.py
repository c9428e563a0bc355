"""A kernel in memory whose audit behaves as the real one's was measured to."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from mig_audit.errors import KernelRefusedError, MigAuditError, NotPermittedError
from mig_audit.modules.audit.kernel.rule_bytes import without_prepend
from mig_audit.modules.audit.kernel.status import Setting, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.kernel.control import Control

STATUS = Status(0, 1, 0, 0, 64, 0, 0, 0x7F, 15000, 0, 11)


def rule(name: str, flags: int = 4) -> bytes:
    """Return a rule of the list in ``flags``; one whose name ends in ``bad`` is refused."""
    return bytes([flags, 0, 0, 0]) + name.encode()


class MemoryKernel:
    """Keeps rules and settings, and refuses as the real one does; ``steps`` names the changes."""

    def __init__(self, rules: list[bytes] | None = None) -> None:
        """Start with some rules loaded."""
        self.loaded = list(rules or [])
        self.now = STATUS
        self.locked = False
        self.steps: list[str] = []

    @property
    def control(self) -> Control:
        """Return itself as what it stands in for."""
        return cast("Control", self)

    def status(self) -> Status:
        """Return the status."""
        return self.now

    def rules(self) -> tuple[bytes, ...]:
        """Return the rules in evaluation order."""
        return tuple(self.loaded)

    def set(self, setting: Setting, value: int, _words: int) -> None:
        """Set one word."""
        self.steps.append(f"set {setting.name.lower()}")
        if self.locked:
            raise NotPermittedError("locked")
        self.now = replace(self.now, **{setting.name.lower(): value})

    def add_rule(self, payload: bytes) -> None:
        """Append or prepend a rule."""
        if payload.endswith(b"bad"):
            raise KernelRefusedError("adding a rule", errno.EINVAL)
        if payload[0] & 0x10:
            self.loaded.insert(0, without_prepend(payload))
        elif payload in self.loaded:
            raise KernelRefusedError("adding a rule", errno.EEXIST)
        else:
            self.loaded.append(payload)

    def add_rules(self, payloads: Sequence[bytes]) -> Iterator[MigAuditError | None]:
        """Add all of them, then tell what each came to."""
        errors = [self._refusal(payload) for payload in payloads]
        yield from errors

    def _refusal(self, payload: bytes) -> MigAuditError | None:
        try:
            self.add_rule(payload)
        except MigAuditError as error:
            return error
        return None

    def delete_rule(self, payload: bytes) -> None:
        """Delete the first rule with these bytes."""
        self.steps.append("delete")
        if payload not in self.loaded:
            raise KernelRefusedError("deleting a rule", errno.ENOENT)
        self.loaded.remove(payload)
