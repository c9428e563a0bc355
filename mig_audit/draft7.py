"""Our schemas, of draft 2020-12, for a jsonschema older than 4.0, which knows draft 7.

Debian 11, Ubuntu 22.04 and the RHEL 9 family have one, and their Python is new enough for a run. Two things that our
schemas use came later: keywords beside ``$ref``, which draft 7 has validators pass over, and ``dependentRequired``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import jsonschema


def in_draft7(schema: Any) -> Any:  # noqa: ANN401  # what JSON holds
    """Return a schema that means the same: a ``$ref`` that is not alone stands within ``allOf``.

    Properties are named nothing like that, and what ``const``, ``enum`` and ``default`` hold is no schema of ours.
    """
    if isinstance(schema, list):
        return [in_draft7(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    members = {name: in_draft7(value) for name, value in schema.items()}
    if "$ref" not in members or len(members) == 1:
        return members
    reference = {"$ref": members.pop("$ref")}
    return {**members, "allOf": [*members.get("allOf", []), reference]}


def dependent_required(
    _validator: object, needed: Mapping[str, Sequence[str]], instance: object, _schema: object
) -> Iterator[jsonschema.ValidationError]:
    """Check the keyword ``dependentRequired``, in jsonschema's words."""
    import jsonschema  # noqa: PLC0415  # imported by the caller already

    if isinstance(instance, dict):
        for name in needed.keys() & instance.keys():
            for missing in (each for each in needed[name] if each not in instance):
                yield jsonschema.ValidationError(f"{missing!r} is a dependency of {name!r}")
