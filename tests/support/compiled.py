"""JSON Schemas compiled to Python: for the checks that look at tens of thousands of documents."""

from __future__ import annotations

from typing import Any, Callable

import pytest

_DRAFT = (
    "http://json-schema.org/draft-07/schema#"  # the newest that fastjsonschema knows; ours use nothing newer
)


def compiled(schema: dict[str, Any]) -> Callable[[object], bool]:
    """Return a check that says whether a document fits. Skips the test where there is no compiler."""
    fastjsonschema = pytest.importorskip("fastjsonschema")
    check = fastjsonschema.compile({**schema, "$schema": _DRAFT})

    def fits(document: object) -> bool:
        try:
            check(document)
        except fastjsonschema.JsonSchemaException:
            return False
        return True

    return fits
