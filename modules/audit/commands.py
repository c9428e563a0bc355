"""What the audit module adds to the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.rule_commands import RULES

if TYPE_CHECKING:
    from mig_audit.interface import Command

COMMANDS: tuple[Command, ...] = (RULES,)
