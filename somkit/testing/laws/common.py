# ruff: noqa: D401 - the first line of a law's docstring says what holds, and is shown where it does not
"""Laws of parts of every kind: frozen, plain, and the same however they are spelt."""

from __future__ import annotations

import json
import pickle
import sys
from typing import Any

import attrs
import numpy as np

from somkit.components import Component
from somkit.errors import AmbiguousComponent
from somkit.plugins import current
from somkit.spelling import resolve
from somkit.testing.law import Draw, law
from somkit.testing.strategies import is_number

REFUSALS = (ValueError, TypeError)


def same(first: Any, second: Any) -> bool:
    """Tell whether two values are equal and of the same types all the way down: 1, 1.0 and True are three things."""
    if type(first) is not type(second):
        return False
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, Component):
        names = [field.name for field in attrs.fields(type(first))]
        return first == second and all(same(getattr(first, name), getattr(second, name)) for name in names)
    return bool(first == second)


def _fields(part: Component) -> dict[str, Any]:
    return {field.name: getattr(part, field.name) for field in attrs.fields(type(part)) if field.init}


def _has_own_name(part: Component) -> bool:
    try:
        return current().registry.find(part.kind, part.name).component is type(part)
    except AmbiguousComponent:
        return False


@law()
def spellings_round_trip(part: Component, draw: Draw) -> None:
    """Whatever way a part is spelt, text, dict or JSON, bare or qualified, the spelling gives that part back."""
    del draw
    registry = current().registry
    forms: list[Any] = [part, registry.spell(part), registry.qualified(part)]
    forms.append(json.loads(json.dumps(registry.qualified(part, explicit=True))))
    if _has_own_name(part):
        forms += [str(part), part.to_dict(), json.loads(json.dumps(part.to_dict()))]
    for form in forms:
        found = resolve(part.kind, form)
        assert same(found, part), f"{form!r} spells {found!r}, not {part!r}."


@law()
def frozen(part: Component, draw: Draw) -> None:
    """No attribute of a part can be set or added."""
    del draw
    for name in (*_fields(part), "not_a_field"):
        try:
            setattr(part, name, 1)
        except AttributeError:
            continue
        message = f"{part!r}.{name} could be set."
        raise AssertionError(message)


@law()
def equal_parts_are_one(part: Component, draw: Draw) -> None:
    """Parts with equal fields are equal and hash alike."""
    del draw
    again = type(part)(**_fields(part))
    assert same(again, part), f"{part!r} is not {again!r}."
    assert hash(again) == hash(part), f"{part!r} hashes differently from its copy."


@law()
def fields_are_plain(part: Component, draw: Draw) -> None:
    """Every field is a bool, a number, a string, None, a part, or a tuple of these."""
    del draw

    def plain(value: Any) -> bool:
        if isinstance(value, tuple):
            return type(value) is tuple and all(map(plain, value))
        return isinstance(value, Component) or type(value) in {bool, int, float, str, type(None)}

    for name, value in _fields(part).items():
        assert plain(value), f"{type(part).__name__}.{name} is {value!r}."


def _importable(component: type[Component]) -> bool:
    return getattr(sys.modules.get(component.__module__), component.__qualname__, None) is component


@law(applies=_importable)
def picklable(part: Component, draw: Draw) -> None:
    """A part comes back from a pickle as it was."""
    del draw
    found = pickle.loads(pickle.dumps(part))  # noqa: S301 - our own bytes of a moment ago
    assert same(found, part), f"{part!r} came back as {found!r}."
    assert hash(found) == hash(part), f"{part!r} came back with another hash."


def _as_numpy(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_as_numpy(item) for item in value]
    if type(value) is int:
        return np.int64(value) if abs(value) < 2**63 else value
    if type(value) is str and value.endswith("\x00"):
        return value  # which numpy cannot hold
    makers: dict[type, Any] = {bool: np.bool_, float: np.float64, str: np.str_}
    return makers.get(type(value), lambda same: same)(value)


@law()
def numpy_values_become_plain(part: Component, draw: Draw) -> None:
    """Fields given as numpy scalars or lists become Python's numbers and tuples."""
    del draw
    found = type(part)(**{name: _as_numpy(value) for name, value in _fields(part).items()})
    assert same(found, part), f"{part!r} given in numpy's types became {found!r}."


def _must_refuse(part: Component, name: str, value: Any) -> None:
    try:
        attrs.evolve(part, **{name: value})
    except REFUSALS:
        return
    message = f"{type(part).__name__}.{name} took {value!r}."
    raise AssertionError(message)


@law()
def a_bool_is_no_number(part: Component, draw: Draw) -> None:
    """A field that holds a number refuses true and false."""
    del draw
    for field in attrs.fields(type(part)):
        if field.init and is_number(field):
            for value in (True, np.False_):
                _must_refuse(part, field.name, value)


@law()
def nan_is_refused(part: Component, draw: Draw) -> None:
    """No field takes NaN, alone or in a tuple."""
    del draw
    for field in attrs.fields(type(part)):
        if field.init and is_number(field):
            _must_refuse(part, field.name, float("nan"))
            _must_refuse(part, field.name, np.float32("nan"))
        if field.init and isinstance(field.default, tuple):
            _must_refuse(part, field.name, (*getattr(part, field.name), float("nan")))


LAWS = (
    spellings_round_trip,
    frozen,
    equal_parts_are_one,
    fields_are_plain,
    picklable,
    numpy_values_become_plain,
    a_bool_is_no_number,
    nan_is_refused,
)
