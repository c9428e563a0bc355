"""What MozDef's index takes: longer strings are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY_LIMIT = 255
"""Characters."""

TERM_LIMIT = 32_766
"""Bytes: Lucene refuses a document with a longer keyword."""


def cut(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Cut every string that is too long, and give the keys of those that were."""
    for key, value in values.items():
        if isinstance(value, str):
            shorter = _shorten(value)
            if shorter is not value:
                values[key] = shorter
                yield prefix + key
        elif isinstance(value, dict):
            yield from cut(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            for index, element in enumerate(value):
                if isinstance(element, dict):
                    yield from cut(element, f"{prefix}{key}.")
                elif isinstance(element, str):
                    value[index] = _shorten(element)
                    if value[index] is not element:
                        yield prefix + key


def _shorten(text: str) -> str:
    data = text.encode("utf-8")
    return text if len(data) <= TERM_LIMIT else data[:TERM_LIMIT].decode("utf-8", "ignore")
