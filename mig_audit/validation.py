"""A JSON document against its schema: every problem at once, each with its path and the schema's keyword."""

from __future__ import annotations

import difflib
import json
import re
from functools import cache
from importlib import resources
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NoReturn, cast

from .documents import MAX_DOCUMENT
from .errors import Problem, UsageError
from .quantities import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import jsonschema
    from jsonschema.protocols import Validator

_BY_TITLE = frozenset({"pattern", "type"})  # of what has a pattern, the title says it in words
_KINDS = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_MOST_PROBLEMS = 1000
_MESSAGE_LIMIT = 300  # characters; jsonschema repeats the whole instance
_END = 50  # of them
_FINAL_DOLLAR = re.compile(r"\$$")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # json.loads joins those that are a pair
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@cache
def load_schema(file_name: str) -> str:
    """Return the text of a published schema."""
    return resources.files("mig_audit.schemas").joinpath(file_name).read_text("utf-8")


def parse_document(text: str | bytes, origin: str) -> object:
    """Return the JSON value in ``text``.

    Stricter than json.loads, because what a document says twice or not at all must not be guessed: no duplicate keys,
    no NaN, UTF-8 only.

    Raises:
        UsageError: it is not JSON; the error names ``origin`` and the place.
    """
    if len(text) > MAX_DOCUMENT:
        raise UsageError(
            f"{origin} has more than {MAX_DOCUMENT} bytes", "a parameters document is a small one"
        )
    if not text.strip():
        raise UsageError(f"{origin} is empty", "a JSON document is expected there")
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        document: object = json.loads(decoded, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UsageError(
            f"{origin} is not JSON: {error.msg} ({where})",
            "mend it there: JSON has no comments, and no comma before a closing bracket",
        ) from error
    except (UnicodeDecodeError, _NotStrictError) as error:
        raise UsageError(f"{origin} is not JSON: {error}", "mend it") from error
    except (RecursionError, ValueError) as error:
        raise UsageError(
            f"{origin} is not usable JSON: {error}", "nest less, and write smaller numbers"
        ) from error
    return document


class _NotStrictError(ValueError):
    """Valid for json.loads, and yet not JSON."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise _NotStrictError(f"the key {_twice(pairs)!r} occurs twice in one object")
    return document


def _twice(pairs: list[tuple[str, object]]) -> str:
    seen = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    return name


def _no_constant(name: str) -> NoReturn:
    raise _NotStrictError(f"{name} is not a JSON number")


def find_problems(document: object, schema_name: str) -> list[Problem]:
    """Return every problem of a document, in the order of their paths; an empty list if it is valid.

    Of a document that has a thousand, and so is another one than was meant, no more are looked for.
    """
    errors = _validator(schema_name).iter_errors(cast("Any", document))
    found = chain((problem for error in errors for problem in _problems(error)), _not_text(document))
    try:
        problems = list(islice(found, _MOST_PROBLEMS))
    except RecursionError:
        return [Problem("$", "nesting", "it is nested too deep to be read")]
    if len(problems) == _MOST_PROBLEMS:
        problems[-1] = Problem(
            "$", "more", f"it has {_MOST_PROBLEMS} problems or more: is it the right file?"
        )
    return sorted(problems, key=lambda problem: problem.path)


def _not_text(document: object) -> Iterator[Problem]:
    """Yield a problem for each string that JSON can write and that is no text: half of a surrogate pair is in it."""
    # Not recursive: what is nested too deep for that is nothing that the schema looks into.
    left: list[tuple[object, str]] = [(document, "$")]
    while left:
        value, path = left.pop()
        if isinstance(value, str):
            if _LONE_SURROGATE.search(value):
                yield Problem(
                    path, "text", f"{_shown(value)} is no text: it has half of a surrogate pair in it"
                )
        elif isinstance(value, dict):
            left += [(member, _member(path, name)) for name, member in value.items()]
        elif isinstance(value, list):
            left += [(member, f"{path}[{index}]") for index, member in enumerate(value)]


@cache
def _validator(schema_name: str) -> Validator:
    import jsonschema  # noqa: PLC0415  # it takes longer to import than all the rest, and a help text needs none

    return make_validator(
        json.loads(load_schema(schema_name)), draft7=not hasattr(jsonschema, "Draft202012Validator")
    )


def make_validator(schema: dict[str, Any], *, draft7: bool) -> Validator:
    """Return what checks documents against a schema of ours, also by the keywords that only we have."""
    import jsonschema  # noqa: PLC0415  # as above

    keywords: dict[str, Any] = {
        "pattern": _pattern,
        "minimumDuration": _bound(parse_duration, "shorter", least=True),
        "maximumDuration": _bound(parse_duration, "longer", least=False),
        "minimumSize": _bound(parse_size, "smaller", least=True),
        "maximumSize": _bound(parse_size, "larger", least=False),
    }
    if draft7:
        from .draft7 import dependent_required, in_draft7  # noqa: PLC0415  # few hosts need it

        schema = in_draft7(schema)
        keywords["dependentRequired"] = dependent_required
    draft = jsonschema.Draft7Validator if draft7 else jsonschema.Draft202012Validator
    extended: Any = jsonschema.validators.extend(draft, keywords)  # type: ignore[no-untyped-call]  # it has no types
    validator: Validator = extended(schema)
    return validator


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[jsonschema.ValidationError]:
    """Check a pattern as JSON Schema means it: its ``$`` is the end of the text, Python's also stands before a newline."""
    import jsonschema  # noqa: PLC0415  # imported by the caller already

    if isinstance(instance, str) and not re.search(_FINAL_DOLLAR.sub(r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{_shown(instance)} does not match {pattern}")


def _bound(parse: Any, word: str, *, least: bool) -> Any:  # noqa: ANN401  # jsonschema's own type for a keyword
    """Return the check of a keyword that bounds a duration or a size written for people."""
    import jsonschema  # noqa: PLC0415  # imported by the caller already

    def check(
        _validator: object, limit: str, instance: object, _schema: object
    ) -> Iterator[jsonschema.ValidationError]:
        try:
            value = parse(instance) if isinstance(instance, str) else parse(limit)
        except ValueError:
            return  # the pattern says so already
        if value < parse(limit) if least else value > parse(limit):
            yield jsonschema.ValidationError(f"{instance} is {word} than {limit}")

    return check


def _problems(error: jsonschema.ValidationError) -> Iterator[Problem]:
    path, keyword = _json_path(error), str(error.validator)
    schema = cast("Mapping[str, Any]", error.schema)
    if keyword == "additionalProperties":
        yield from _unknown_fields(cast("Mapping[str, object]", error.instance), schema, path)
    elif keyword == "required":
        yield Problem(path, keyword, error.message.replace("a required property", "missing"))
    elif keyword == "anyOf" and all("required" in branch for branch in schema["anyOf"]):
        names = [repr(name) for branch in schema["anyOf"] for name in branch["required"]]
        yield Problem(path, keyword, f"one of {', '.join(names)} is missing")
    elif keyword == "not" and "required" in schema["not"]:
        both = " and ".join(repr(name) for name in schema["not"]["required"])
        yield Problem(path, keyword, f"{both} exclude each other")
    elif keyword == "enum":
        known = ", ".join(str(value) for value in schema["enum"])
        yield Problem(path, keyword, f"{_shown(error.instance)} is not one of {known}")
    elif schema.get("writeOnly"):
        # What was written there by mistake may be a secret: it is not repeated.
        yield Problem(path, keyword, f"this is not {schema['title']}")
    elif keyword == "type" and "pattern" not in schema:
        kinds = schema["type"]
        known = " or ".join(_KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
        yield Problem(path, keyword, f"{_shown(error.instance)} is not {known}")
    elif keyword in _BY_TITLE and "title" in schema and "pattern" in schema:
        yield Problem(path, keyword, f"{_shown(error.instance)} is not {schema['title']}")
    else:
        yield Problem(path, keyword, _cut(error.message))


def _unknown_fields(
    instance: Mapping[str, object], schema: Mapping[str, Any], path: str
) -> Iterator[Problem]:
    """Name each unknown field; a schema's ``unknownField`` says what such a field may be instead of a slip."""
    known = schema["properties"]
    for name in sorted(set(instance) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        other = schema.get("unknownField") or f"known fields: {', '.join(known)}"
        hint = f"did you mean {near[0]}?" if near else other
        yield Problem(_member(path, name), "additionalProperties", f"unknown field; {hint}")


def _json_path(error: jsonschema.ValidationError) -> str:
    path = "$"
    for part in error.absolute_path:
        path = f"{path}[{part}]" if isinstance(part, int) else _member(path, part)
    return path


def _member(path: str, name: str) -> str:
    return f"{path}.{name}" if _PLAIN_NAME.fullmatch(name) else f"{path}[{json.dumps(name)}]"


def _shown(instance: object) -> str:
    return _cut(json.dumps(instance))


def _cut(text: str) -> str:
    """Leave out the middle: what is wrong with an instance, jsonschema says behind it."""
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[: _MESSAGE_LIMIT - _END]}...{text[-_END:]}"
