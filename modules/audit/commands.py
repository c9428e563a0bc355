"""What the audit module adds to the command line."""

from __future__ import annotations

from mig_audit.interface import Command

COMMANDS = (
    Command(
        "rules",
        "check, compile, convert, explain and list rules",
        "mig_audit.modules.audit.rule_commands:RULES",
    ),
    Command("events", "find and show events of raw logs", "mig_audit.modules.audit.events_command:EVENTS"),
    Command("replay", "turn raw logs into events", "mig_audit.modules.audit.replay_command:REPLAY"),
    Command(
        "deliver",
        "send again what a run could not deliver",
        "mig_audit.modules.audit.deliver_command:DELIVER",
    ),
    Command(
        "doctor",
        "say whether this host can be recorded, and what to do if not",
        "mig_audit.modules.audit.doctor_command:DOCTOR",
    ),
    Command(
        "restore",
        "undo what killed runs left in the kernel",
        "mig_audit.modules.audit.restore_command:RESTORE",
    ),
)
