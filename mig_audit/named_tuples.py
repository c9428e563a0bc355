"""`typing.NamedTuple` at a tenth of its price: a process defines many such classes, and makes tuples of few of them.

A class gets an accessor for each field, and no code is made for it. Its constructor is made for the first call, as
`collections.namedtuple` makes it. What a type checker says of a definition is not checked here again.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]  # what namedtuple takes for a field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Callable


class _Fields(tuple[object, ...]):
    """What all of them have, as in `collections.namedtuple`."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    @classmethod
    def _make(cls, values: Iterable[object]) -> Any:  # noqa: ANN401  # one of the class
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, **changed: object) -> Any:  # noqa: ANN401  # one of the class
        made = self._make(map(changed.pop, self._fields, self))
        if changed:
            raise ValueError(f"Got unexpected field names: {list(changed)!r}")
        return made

    def _asdict(self) -> dict[str, object]:
        return dict(zip(self._fields, self))

    def __repr__(self) -> str:
        fields = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self))
        return f"{type(self).__name__}({fields})"

    def __getnewargs__(self) -> tuple[object, ...]:
        return tuple(self)


class _Definition(type):
    """Makes a plain class, of the type `type`, from annotations."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:  # noqa: ANN401
        if not bases:
            return super().__new__(cls, name, bases, namespace)
        fields = tuple(namespace["__annotations__"])
        defaults = {field: namespace[field] for field in fields if field in namespace}
        namespace.update((field, _tuplegetter(number, None)) for number, field in enumerate(fields))
        namespace.update(
            __slots__=(),
            __match_args__=fields,
            __new__=_first_call(fields, tuple(defaults.values())),
            _fields=fields,
            _field_defaults=defaults,
        )
        return type(name, (_Fields,), namespace)


def _first_call(fields: tuple[str, ...], defaults: tuple[object, ...]) -> Callable[..., Any]:
    """Return a constructor that puts in its own place the one that it makes."""

    def construct(cls: Any, *given: object, **named: object) -> Any:  # noqa: ANN401
        owner = next(base for base in cls.__mro__ if "_fields" in vars(base))
        owner.__new__ = staticmethod(_constructor(fields, defaults))
        return owner.__new__(cls, *given, **named)

    return construct


def _constructor(fields: tuple[str, ...], defaults: tuple[object, ...]) -> Callable[..., Any]:
    names = ", ".join(fields)
    code = f"lambda _cls, {names}: _new(_cls, ({names},))"
    # Nothing else takes arguments by their names as fast; the names are those of a class in this program.
    made: Any = eval(code, {"_new": tuple.__new__, "__builtins__": {}})  # noqa: S307
    made.__name__ = made.__qualname__ = "__new__"
    made.__defaults__ = defaults
    return made  # type: ignore[no-any-return]


class NamedTuple(metaclass=_Definition):
    """Whoever has this base becomes a named tuple."""
