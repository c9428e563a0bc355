"""What stands for `typing` at run time."""

from __future__ import annotations

import copy
import pickle
import typing

import pytest

from mig_audit import lean_typing


class _Real(typing.NamedTuple):
    """A place."""

    x: int
    y: int = 2
    name: typing.Optional[str] = None

    @property
    def sum(self) -> int:
        """Return both."""
        return self.x + self.y


class _Lean(lean_typing.NamedTuple):
    """A place."""

    x: int
    y: int = 2
    name: typing.Optional[str] = None

    @property
    def sum(self) -> int:
        """Return both."""
        return self.x + self.y


class _Below(_Lean):
    """One with a further method."""

    __slots__ = ()

    def double(self) -> int:
        """Return twice the sum."""
        return 2 * self.sum


@pytest.mark.parametrize("given", [(1,), (1, 3), (1, 3, "here")])
def test_a_named_tuple_is_as_that_of_typing(given: tuple[typing.Any, ...]) -> None:
    """In all that can be asked of one."""
    real: typing.Any = _Real(*given)
    lean: typing.Any = _Lean(*given)

    assert tuple(lean) == real == tuple(real)
    assert lean == tuple(real)
    assert hash(lean) == hash(real)
    assert repr(lean) == repr(real).replace("_Real", "_Lean")
    assert lean._asdict() == real._asdict()
    assert lean._replace(name="there") == real._replace(name="there")
    assert [lean.x, lean.y, lean.name, lean.sum] == [real.x, real.y, real.name, real.sum]
    assert tuple(_Lean._make((1, 2, None))) == _Real._make((1, 2, None))


@pytest.mark.parametrize("name", ["_fields", "_field_defaults", "__match_args__", "__doc__", "__slots__"])
def test_its_class_is_as_that_of_typing(name: str) -> None:
    """Also on a Python where some of it is not there."""
    assert getattr(_Lean, name) == getattr(_Real, name, _Real._fields)


def test_fields_are_given_by_name_too() -> None:
    """The first one of its class as well as others, whatever class below it is asked."""
    assert [_Below(y=5, x=1), _Below(x=1, y=5), _Lean(y=5, x=1)] == [(1, 5, None)] * 3
    assert _Below(1).double() == 6
    assert type(_Below(1)._replace(x=2)) is _Below


@pytest.mark.parametrize("made", [_Lean(1, name="\n"), _Below(3)])
def test_it_can_be_copied_and_pickled(made: _Lean) -> None:
    """And stays of its class."""
    for again in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301  # it is ours
        assert again == made
        assert type(again) is type(made)


def test_it_has_no_room_for_more() -> None:
    """As a tuple has not."""
    with pytest.raises(AttributeError):
        _Lean(1).__setattr__("z", 1)
    with pytest.raises(AttributeError):
        _Lean(1).__setattr__("x", 1)


@pytest.mark.parametrize(
    ("wrong", "named"), [((), {}), ((1, 2, 3, 4), {}), ((1,), {"z": 1}), ((1,), {"x": 1})]
)
def test_wrong_fields_are_refused(wrong: tuple[int, ...], named: dict[str, int]) -> None:
    """With typing's exception."""
    for kind in (_Real, _Lean):
        with pytest.raises(TypeError):
            kind(*wrong, **named)  # type: ignore[arg-type]


def test_changes_to_fields_that_do_not_exist_are_refused() -> None:
    """With typing's exceptions, which are not the same in all Pythons."""
    with pytest.raises((TypeError, ValueError)):
        _Lean(1)._replace(z=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Expected 3 arguments, got 2"):
        _Lean._make((1, 2))


def test_every_word_is_one_of_typing() -> None:
    """A type checker takes it from there."""
    assert [name for name in lean_typing.__all__ if not hasattr(typing, name)] == []
