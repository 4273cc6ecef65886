"""Means of directions: of all features, or within groups of them, as layers have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from somkit.samples import Samples

Array = np.ndarray[Any, Any]
Groups = Sequence[Array]


def _lengths(lengths: Array) -> Array:
    """Return lengths to divide by: 1 for rows of zeros, which have no direction."""
    return np.where(lengths > 0, lengths, 1.0)


def _directions(rows: Array) -> Array:
    """Return rows of length 1; rows of zeros stay."""
    scaled = rows / _lengths(np.abs(rows).max(axis=1, keepdims=True))
    return np.asarray(scaled / _lengths(np.linalg.norm(scaled, axis=1, keepdims=True)))


def directed(rows: Array, groups: Groups) -> Array:
    """Return rows, (n, d), of length 1 within each group of features; the others as they are, in double precision."""
    if len(groups) == 1 and len(groups[0]) == rows.shape[1]:
        return _directions(rows)
    found = rows.astype(np.float64)
    for group in groups:
        found[:, group] = _directions(rows[:, group])
    return found


def directed_values(X: Any, groups: Groups) -> Array:
    """Return the stored values of rows in CSR form once they are `directed`."""
    values: Array = X.data.astype(np.float64)
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    for group in groups:
        member = np.zeros(X.shape[1], dtype=bool)
        member[group] = True
        own = member[X.indices]
        row, value = rows[own], values[own]
        largest = np.zeros(X.shape[0])
        np.maximum.at(largest, row, np.abs(value))
        value /= _lengths(largest)[row]
        values[own] = value / _lengths(np.sqrt(np.bincount(row, value * value, X.shape[0])))[row]
    return values


def box_of(samples: Samples, groups: Groups) -> tuple[Array, Array]:
    """Return the middle and the exponents that sums are taken by: `Samples.box`, and directions as they are."""
    middle, exponent = (part.copy() for part in samples.box)
    for group in groups:
        middle[group], exponent[group] = 0, 0
    return middle, exponent
