"""What the values of records mean, in the words of libauparse, the library behind ``ausearch -i``."""

from __future__ import annotations

from mig_audit.modules.audit.records.interpretation.arguments import argument_words
from mig_audit.modules.audit.records.interpretation.interpreter import (
    Accounts,
    Interpreted,
    field_words,
    interpret,
)

__all__ = ["Accounts", "Interpreted", "argument_words", "field_words", "interpret"]
