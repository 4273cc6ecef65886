"""What is checked of a codebook that somebody else made."""

from __future__ import annotations

from typing import Any

import numpy as np

from somkit.components import Metric
from somkit.errors import SampleError
from somkit.samples import describe_limits

Array = np.ndarray[Any, Any]

ROUNDING = 1e-9  # of the largest number: so far outside a metric's limits a codebook of means may lie


def check_codebook(codebook: Any, m: int, d: int, dtype: Any) -> Array:
    """Return a codebook as a read-only array of shape (m, d), or raise saying what is wrong with it."""
    if np.iscomplexobj(codebook):
        message = "the codebook must hold real numbers, got complex ones."
        raise SampleError(message)
    try:
        vectors = np.array(codebook, dtype=dtype, order="C")
    except (TypeError, ValueError):
        message = "the codebook must hold numbers, one row for each unit."
        raise SampleError(message) from None
    if vectors.shape != (m, d):
        message = f"the codebook must have shape ({m}, {d}), a row for each unit, got {vectors.shape}."
        raise SampleError(message)
    if not np.isfinite(vectors).all():
        message = "the codebook must be finite; it holds NaN or infinite values."
        raise SampleError(message)
    vectors.flags.writeable = False
    return vectors


def check_features(metric: Metric, features: int, owner: str) -> None:
    """Raise if a metric is for another number of features."""
    if metric.features not in {None, features}:
        message = f"metric '{metric.name}' measures {metric.features} feature(s), but {owner} has {features}."
        raise SampleError(message)


def check_limits(limits: tuple[Array, Array], codebook: Array, metric: str, owner: str) -> None:
    """Raise if a codebook is outside a metric's limits by more than rounding."""
    low, high = limits
    slack = ROUNDING * np.abs(codebook).max()
    bad = ((codebook < low - slack) | (codebook > high + slack)).any(axis=0)
    if bad.any():
        feature = int(np.flatnonzero(bad)[0])
        allowed = describe_limits(low[feature], high[feature])
        message = f"metric '{metric}' measures numbers {allowed} in feature {feature}, but {owner} has others."
        raise SampleError(message)
