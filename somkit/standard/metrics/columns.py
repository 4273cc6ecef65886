"""Columns: features by number or by name, as layers and weights are given for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from somkit.errors import ParameterError, RecipeError, SampleError
from somkit.validators import did_you_mean, refuse

Columns = tuple[int | str, ...]


def different_features(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Allow lists of different feature numbers."""
    wrong = not isinstance(value, tuple | list) or any(
        isinstance(item, bool) or not isinstance(item, int | np.integer) or item < 0 for item in value
    )
    if wrong or len(set(value)) != len(value):
        raise refuse(instance, attribute.name, "a list of different feature numbers >= 0", value)


def check_columns(owner: str, columns: Any) -> Columns:
    """Return columns that are given by different numbers or names, or raise."""
    found = columns if isinstance(columns, tuple) else (None,)
    fits = [isinstance(c, str) or (isinstance(c, int) and not isinstance(c, bool) and c >= 0) for c in found]
    if not all(fits) or len(set(found)) < len(found):
        message = f"{owner}.columns must be a list of different numbers >= 0 or names, got {columns!r}."
        raise ParameterError(message)
    return found


def find_columns(columns: Columns, names: Sequence[str] | None, metric: str) -> tuple[int, ...]:
    """Return columns by number, or raise if a name is none of the features' or two are of one feature."""
    known = list(names or ())
    for column in columns:
        if isinstance(column, str) and column not in known:
            way_out = "; give a DataFrame, or the number of the column."
            if known:
                way_out = f"{did_you_mean(column, known)} Its columns are {', '.join(known)}."
            message = f"metric '{metric}' measures column {column!r}, which X has not{way_out}"
            raise SampleError(message)
    return tuple(known.index(column) if isinstance(column, str) else column for column in columns)


def numbers_of(columns: Columns, features: int, metric: str) -> list[int]:
    """Return columns as numbers, or raise if some are names still or there are fewer features."""
    numbers = [column for column in columns if isinstance(column, int)]
    if len(numbers) < len(columns):
        message = f"metric '{metric}' finds columns by name when training starts; to use it before, give their numbers."
        raise RecipeError(message)
    if max(numbers) >= features:
        message = f"metric '{metric}' measures column {max(numbers)}, but there are only {features}, from 0."
        raise SampleError(message)
    return numbers
