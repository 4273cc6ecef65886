"""Distances by scipy, computed where nothing over- or underflows."""

from __future__ import annotations

from typing import Any

import numpy as np

from somkit import kernels

Array = np.ndarray[Any, Any]

SMALL, LARGE = 2.0**-480, 2.0**900


def direct(X: Array, W: Array, name: str) -> Array:
    """Return the distances that scipy knows by a name, (n, d) and (m, d) -> (n, m)."""
    from scipy.spatial import distance

    x, w = X.astype(np.float64), W.astype(np.float64)
    largest = max(np.abs(x).max(initial=0), np.abs(w).max())
    if (
        name != "euclidean" and largest < LARGE
    ):  # nothing is squared: sums cannot overflow, and the smallest keep digits
        return np.asarray(distance.cdist(x, w, name))
    scale = kernels.power_of_two(largest)
    scaled = np.asarray(distance.cdist(x * scale, w * scale, name))
    found: Array = scaled / scale
    if name == "euclidean":  # squares of what is so small beside the largest number lose digits: measure it by itself
        row, unit = np.nonzero(scaled < SMALL)
        found[row, unit] = kernels.distances_of_pairs(x[row], w[unit])
    return found
