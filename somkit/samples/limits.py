"""Limits: the smallest and largest value of each feature that a metric measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from somkit.errors import SampleError
from somkit.samples.reading import describe_cell

if TYPE_CHECKING:
    from somkit.samples.samples import Samples

Array = np.ndarray[Any, Any]


def describe_limits(low: float, high: float) -> str:
    """Say in words which numbers lie within limits, of which one may be infinite."""
    if np.isfinite(low) and np.isfinite(high):
        return f"from {low:g} to {high:g}"
    return f">= {low:g}" if np.isfinite(low) else f"<= {high:g}"


def check_within(samples: Samples, limits: tuple[Array, Array], owner: str) -> None:
    """Raise if a value, scaled, is below the first or above the second of two arrays (d,): what ``owner`` measures."""
    low, high = limits
    if np.isneginf(low).all() and np.isposinf(high).all():
        return
    for number in range(samples.block_count):
        block = samples.block(number)
        bad = (block < low) | (block > high)
        if bad.any():
            row, column = (int(index[0]) for index in np.nonzero(bad))
            cell = describe_cell(number * samples.block_rows + row, column, samples.feature_names)
            once, way_out = ("", "values") if samples.scaling is None else (" once scaled", "a scale")
            message = (
                f"{cell} is {float(block[row, column]):g}{once}, but {owner} measures numbers "
                f"{describe_limits(low[column], high[column])} there; use {way_out} within them, or another metric."
            )
            raise SampleError(message)
