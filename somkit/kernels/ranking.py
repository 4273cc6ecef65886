"""Choosing the nearest units from distances that were measured directly, and scaling by powers of two."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def power_of_two(largest: Any) -> Any:
    """Return a power of two that brings ``largest`` to at most 1, so that squares neither over- nor underflow."""
    return np.ldexp(1.0, -np.clip(np.frexp(largest)[1], -1000, 1000))


def rank(distances: Array, k: int, margin: float) -> tuple[Array, Array]:
    """Return the k smallest of each row, nearest first, lowest index first among those that tie within ``margin``."""
    n = len(distances)
    rows = np.arange(n)
    left = distances if k == 1 else distances.copy()
    units = np.empty((n, k), dtype=np.int64)
    found = np.empty((n, k))
    for place in range(k):
        smallest = left.min(axis=1)
        unit = (left <= (smallest * (1 + margin))[:, None]).argmax(axis=1)
        units[:, place], found[:, place] = unit, left[rows, unit]
        if place + 1 < k:
            left[rows, unit] = np.inf
    return units, found
