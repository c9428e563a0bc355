"""Rules of kernel audit: auditctl's language, the kernel's bytes, and the profiles that are shipped."""

from __future__ import annotations

from mig_audit.modules.audit.rules.listing import list_rule
from mig_audit.modules.audit.rules.model import Field, Rule
from mig_audit.modules.audit.rules.names import HOST, Names
from mig_audit.modules.audit.rules.printing import as_listed, print_rule
from mig_audit.modules.audit.rules.profiles import load_profile, profile_names
from mig_audit.modules.audit.rules.text import ParsedRule, RuleLine, parse_file, parse_rule

__all__ = [
    "HOST",
    "Field",
    "Names",
    "ParsedRule",
    "Rule",
    "RuleLine",
    "as_listed",
    "list_rule",
    "load_profile",
    "parse_file",
    "parse_rule",
    "print_rule",
    "profile_names",
]
