"""What we use of `typing`, for a type checker; at run time, as much of it as something is made of, which is little.

To import `typing` and to let it make our named tuples, each annotation of which it compiles, was a quarter of what a
short replay took. It is to be imported in no module that one of our processes needs to start.
"""

from __future__ import annotations

# A type checker takes it for true, wherever it comes from.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import (
        Any,
        Callable,
        NamedTuple,
        NoReturn,
        Optional,
        Protocol,
        TextIO,
        TypeVar,
        Union,
        cast,
    )
else:
    from .named_tuples import NamedTuple

    class Protocol:
        """Has no meaning at run time."""

    class _Word:
        """Stands in annotations, which nobody evaluates, and in aliases, which nobody asks anything."""

        def __getitem__(self, _arguments: object) -> _Word:
            return self

    Any = Callable = NoReturn = Optional = TextIO = Union = _Word()

    def TypeVar(_name: str, **_bounds: object) -> _Word:  # noqa: N802  # it is a class there
        """Return a word too."""
        return Any

    def cast(_kind: object, value: object) -> object:
        """Return the value."""
        return value


__all__ = [
    "TYPE_CHECKING",
    "Any",
    "Callable",
    "NamedTuple",
    "NoReturn",
    "Optional",
    "Protocol",
    "TextIO",
    "TypeVar",
    "Union",
    "cast",
]
