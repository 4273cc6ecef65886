"""Validators for the fields of parts, in attrs' form, with messages that say what, where, got and allowed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from somkit.errors import ParameterError

if TYPE_CHECKING:
    import attrs

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def plain(value: Any) -> Any:
    """Return ``value`` with numpy scalars as Python's, and lists and arrays as tuples, at every depth."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return tuple(plain(item) for item in value)
    return value


def holds_nan(value: Any) -> bool:
    """Tell whether ``value`` is NaN or holds one in its tuples."""
    if isinstance(value, tuple):
        return any(holds_nan(item) for item in value)
    return isinstance(value, float) and math.isnan(value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown word: the nearest known one, or a full stop."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else "."


def refuse(owner: Any, field: str, allowed: str, value: Any) -> ParameterError:
    """Build the one sentence for a value that is not allowed."""
    name = owner if isinstance(owner, str) else type(owner).__name__
    return ParameterError(f"{name}.{field} must be {allowed}, got {plain(value)!r}.")


def _bounds(minimum: float | None, above: float | None, maximum: float | None, below: float | None) -> str:
    signs = ((">=", minimum), (">", above), ("<=", maximum), ("<", below))
    return " and ".join(f"{sign} {bound}" for sign, bound in signs if bound is not None)


def _within(
    value: float, minimum: float | None, above: float | None, maximum: float | None, below: float | None
) -> bool:
    return (
        (minimum is None or value >= minimum)
        and (above is None or value > above)
        and (maximum is None or value <= maximum)
        and (below is None or value < below)
    )


def integer(
    *, minimum: int | None = None, maximum: int | None = None, words: tuple[str, ...] = (), optional: bool = False
) -> Validator:
    """Allow integers in a range, the ``words`` given, and None where ``optional``.

    Examples
    --------
    >>> import attrs
    >>> from somkit.validators import integer
    >>> @attrs.frozen(kw_only=True)
    ... class Hex:
    ...     rows: int = attrs.field(default=3, validator=integer(minimum=1))
    >>> Hex(rows=0)
    Traceback (most recent call last):
        ...
    somkit.errors.ParameterError: Hex.rows must be an integer >= 1, got 0.
    """
    allowed = f"an integer {_bounds(minimum, None, maximum, None)}".strip()

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if (optional and value is None) or (isinstance(value, str) and value in words):
            return
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or not _within(int(value), minimum, None, maximum, None):
            raise refuse(instance, attribute.name, allowed, value)

    return check


def number(
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
    words: tuple[str, ...] = (),
    optional: bool = False,
) -> Validator:
    """Allow finite numbers in a range, the ``words`` given, and None where ``optional``; a bool is no number."""
    bounds = _bounds(minimum, above, maximum, below)
    allowed = f"a finite number {bounds}".strip() + "".join(f" or {word!r}" for word in words)

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if (optional and value is None) or (isinstance(value, str) and value in words):
            return
        real = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
        if not real or not math.isfinite(value) or not _within(value, minimum, above, maximum, below):
            raise refuse(instance, attribute.name, allowed, value)

    return check


def choice(*options: str) -> Validator:
    """Allow one of a few words."""
    allowed = "one of " + ", ".join(repr(option) for option in options)

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, str) or value not in options:
            raise refuse(instance, attribute.name, allowed, value)

    return check


def flag() -> Validator:
    """Allow True and False and nothing else."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, bool | np.bool_):
            raise refuse(instance, attribute.name, "true or false", value)

    return check


def text() -> Validator:
    """Allow strings and nothing else."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, str):
            raise refuse(instance, attribute.name, "text", value)

    return check


def check_integer(owner: str, field: str, value: Any, *, minimum: int) -> int:
    """Return ``value`` as an int, or raise the sentence that a part's field would give."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < minimum:
        raise refuse(owner, field, f"an integer >= {minimum}", value)
    return int(value)
