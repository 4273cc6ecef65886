"""What the units of a map have to do with samples that lie near them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils.validation import check_consistent_length

from somkit.errors import SampleError
from somkit.estimator import MapEstimator
from somkit.kernels import BLOCK_ROWS
from somkit.samples import Samples
from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]


def variance(trained: TrainedMap, samples: Samples) -> float:
    """Return the weighted mean squared distance from a sample to its best-matching unit, a tiny number for 0."""
    distance = trained.search(samples)[1][:, 0].astype(np.float64)
    return max(float(np.average(distance**2, weights=samples.weight)), float(np.finfo(np.float64).tiny))


def shares(distance: Array, variance: float) -> Array:
    """Return each unit's share in each sample, proportional to exp(-distance^2 / (2 variance)); rows sum to 1.

    Units at an infinite distance have none; a row of such distances only is all 0.
    """
    away = np.asarray(distance, dtype=np.float64)
    least = away.min(axis=1, keepdims=True)
    nearest = np.where(np.isfinite(least), least, 0.0)
    with np.errstate(over="ignore"):  # a unit infinitely farther than the nearest has no share
        bell = np.exp(-(away - nearest) * (away + nearest) / (2 * variance))
    total = bell.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(bell, total, out=np.zeros_like(bell), where=total > 0))


def blocks(samples: Samples, given: Array) -> Iterator[tuple[Array, Any, Array]]:
    """Yield the numbers, the vectors and the weights of the samples numbered in ``given``, block by block."""
    for start in range(0, len(given), BLOCK_ROWS):
        rows = given[start : start + BLOCK_ROWS]
        weight = np.ones(len(rows)) if samples.weight is None else samples.weight[rows]
        yield rows, samples.rows(rows), weight


def check_given(estimator: MapEstimator, X: Any, y: Any) -> None:
    """Raise if there is no y, or one that is longer or shorter than X."""
    if y is None:
        message = f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        raise SampleError(message)
    check_consistent_length(X, y)
