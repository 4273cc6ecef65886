"""What fell on each unit: how many samples, of which labels, and how their features lie."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from somkit.errors import SampleError
from somkit.samples import Samples
from somkit.trained import as_labels, distinct_labels, is_missing

Array = np.ndarray[Any, Any]

DISTINCT_NUMBERS = 20  # more different floats than this are quantities, not names of classes, as in the view "labels"


@attrs.frozen(eq=False)
class Moments:
    """Weighted counts, means and standard deviations unit by unit.

    Parameters
    ----------
    seen : array of shape (m, d)
        The weight of the values that are not missing.
    mean, sd : arrays of shape (m, d)
        Of those values, over their weight; NaN where there are none.
    """

    seen: Array
    mean: Array
    sd: Array


def moments(samples: Samples, units: Array, around: Array) -> Moments:
    """Return the moments of the samples on each unit, in one pass over their blocks.

    Parameters
    ----------
    samples : Samples
    units : array of shape (n,)
        The unit of each sample.
    around : array of shape (m, d)
        A value near those of each unit, its vector for instance, from which the sums are taken: far from the origin no
        digits are lost.
    """
    seen, first, second = np.zeros((3, *around.shape))
    start = 0
    for number in range(samples.block_count):
        block = np.asarray(samples.block(number), dtype=np.float64)
        weight = samples.block_weight(number)
        here = units[start : start + len(block)]
        start += len(block)
        known = ~np.isnan(block)
        felt = known * (1.0 if weight is None else weight[:, None])
        apart = np.where(known, block - around[here], 0.0)
        for total, part in ((seen, felt), (first, felt * apart), (second, felt * apart**2)):
            _add(total, here, part)
    mean = np.divide(first, seen, out=np.full(around.shape, np.nan), where=seen > 0)
    square = np.divide(second, seen, out=np.full(around.shape, np.nan), where=seen > 0)
    return Moments(seen, around + mean, np.sqrt(np.maximum(square - mean**2, 0)))


def _add(total: Array, units: Array, values: Array) -> None:
    order = np.argsort(units, kind="stable")
    present, starts = np.unique(units[order], return_index=True)
    total[present] += np.add.reduceat(values[order], starts, axis=0)


@attrs.frozen(eq=False)
class Classes:
    """Labels as names of classes.

    Parameters
    ----------
    names : tuple of str
        The different labels, sorted.
    codes : array of shape (n,)
        The class of each sample, -1 where its label is missing.
    """

    names: tuple[str, ...]
    codes: Array

    def on_units(self, units: Array, weight: Array | None, m: int) -> tuple[Array, Array, Array]:
        """Return the classes on each unit: offsets (m + 1,), and class and weight of each entry, unit by unit."""
        labelled = self.codes >= 0
        key = units[labelled] * max(1, len(self.names)) + self.codes[labelled]
        entries, place = np.unique(key, return_inverse=True)
        total = np.bincount(place, weights=None if weight is None else weight[labelled], minlength=len(entries))
        of_unit, of_class = np.divmod(entries, max(1, len(self.names)))
        return np.searchsorted(of_unit, np.arange(m + 1)), of_class, total


def labels_of(y: Any, n: int) -> Classes | Array:
    """Return labels as classes, or as an array of float64 where they are quantities.

    Raises
    ------
    SampleError
        If there is not one label for each sample, or labels are not hashable.
    """
    labels = as_labels(y)
    if labels.shape != (n,):
        message = f"y must hold one label for each of the {n} samples, got shape {labels.shape}."
        raise SampleError(message)
    if labels.dtype.kind == "f" and len(np.unique(labels[~np.isnan(labels)])) > DISTINCT_NUMBERS:
        return np.where(np.isfinite(labels), labels, np.nan).astype(np.float64)
    listed = labels.tolist()
    names = distinct_labels(listed)
    code = {name: number for number, name in enumerate(names)}
    codes = np.array([-1 if is_missing(label) else code[label] for label in listed], dtype=np.int64)
    return Classes(tuple(map(str, names)), codes)
