"""The words that libaudit-go's JSON has, and auditctl's for the same."""

from __future__ import annotations

OPERATORS = {
    "eq": "=",
    "nt_eq": "!=",
    "gt": ">",
    "lt": "<",
    "gt_or_eq": ">=",
    "lt_or_eq": "<=",
    "and": "&",
    "and_eq": "&=",
}
"""libaudit-go's words for the operators, and auditctl's."""

ARCHITECTURES = {"64": "b64", "32": "b32"}
"""What the numbers of ``arch`` say."""

STRICT = "strict_path_check"
"""The member, of a document or of a file rule, that makes a path that is not there an error."""
