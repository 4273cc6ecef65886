"""Component: what parts of every kind are."""

from __future__ import annotations

from abc import ABC
from typing import Any, ClassVar

import attrs

from somkit.errors import ParameterError
from somkit.notation import write
from somkit.validators import holds_nan, plain, refuse


@attrs.frozen(kw_only=True)
class Component(ABC):
    """A named, frozen, comparable part of a map.

    Fields are bools, numbers, strings, tuples of these, or components; numpy scalars become Python's and lists become
    tuples when a part is built; NaN is refused, and so is a bool for a number.
    None may only be a field's default: it stands for "left out".

    Attributes
    ----------
    extra_field : str or None
        The field, if any, that takes parameters of other names, as a tuple of pairs (name, value) in the order of their
        names: those of a function that the part calls. They are spelt as the part's own are.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    extra_field: ClassVar[str | None] = None

    def __attrs_post_init__(self) -> None:
        """Make the fields plain values; a part that has its own ``__attrs_post_init__`` calls this one first."""
        for field in attrs.fields(type(self)):
            value = plain(getattr(self, field.name))
            if holds_nan(value):
                message = f"{type(self).__name__}.{field.name} must not be NaN."
                raise ParameterError(message)
            if isinstance(value, bool) and type(field.default) in {int, float}:
                raise refuse(self, field.name, "a number", value)
            object.__setattr__(self, field.name, value)

    def changed_fields(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, by name, as they are."""
        fields = attrs.fields(type(self))
        return {
            field.name: getattr(self, field.name)
            for field in fields
            if not _same(getattr(self, field.name), field.default)
        }

    def spelt_fields(self, *, explicit: bool = False) -> dict[str, Any]:
        """Return the fields that differ from their defaults, or all; those in `extra_field` under their own names."""
        own = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        fields = own if explicit else self.changed_fields()
        return fields if self.extra_field is None else fields | dict(fields.pop(self.extra_field, ()))

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the fields that differ from their defaults, as JSON and TOML can hold them."""
        return {"name": self.name} | {key: _unwrapped(value) for key, value in self.spelt_fields().items()}

    def __str__(self) -> str:
        """Spell the part as text, with its bare name: ``hex:rows=10``."""
        fields = self.to_dict()
        return write(str(fields.pop("name")), fields)


def _same(value: Any, default: Any) -> bool:
    """Tell whether two values are the same, and of the same types throughout: 0.0 is not 0."""
    if isinstance(value, tuple) and isinstance(default, tuple):
        return len(value) == len(default) and all(map(_same, value, default))
    return type(value) is type(default) and bool(value == default)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Component):
        return value.to_dict()
    return [_unwrapped(item) for item in value] if isinstance(value, tuple) else value
