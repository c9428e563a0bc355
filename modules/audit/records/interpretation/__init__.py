"""What the values of records mean, in the words of libauparse, the library behind ``ausearch -i``."""

from __future__ import annotations

from mig_audit.modules.audit.records.interpretation.arguments import argument_words

__all__ = ["argument_words"]
