"""What the audit module adds to the command line."""

from __future__ import annotations

from mig_audit.interface import Command

COMMANDS = (
    Command(
        "rules",
        "check, compile, convert, explain and list rules",
        "mig_audit.modules.audit.commands.rules:RULES",
    ),
    Command("events", "find and show events of raw logs", "mig_audit.modules.audit.commands.events:EVENTS"),
    Command("replay", "turn raw logs into events", "mig_audit.modules.audit.commands.replay:REPLAY"),
    Command(
        "files",
        "tell which files were opened, read and written, from raw logs",
        "mig_audit.modules.audit.commands.files:FILES",
    ),
    Command(
        "deliver",
        "send again what a run could not deliver",
        "mig_audit.modules.audit.commands.deliver:DELIVER",
    ),
    Command(
        "doctor",
        "say whether this host can be recorded, and what to do if not",
        "mig_audit.modules.audit.commands.doctor:DOCTOR",
    ),
    Command(
        "restore",
        "undo what killed runs left in the kernel",
        "mig_audit.modules.audit.commands.restore:RESTORE",
    ),
)
