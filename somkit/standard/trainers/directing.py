"""Means that suit a metric: of directions, of all features or within groups of them, and in spaces of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self, final

import attrs
import numpy as np

from somkit.components import MeanSpace, Metric
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


@final
@attrs.frozen(eq=False)
class Means:
    """How samples (n, d) become numbers (n, e) that means are taken of, and means (m, e) vectors (m, d) again.

    Of features in ``groups`` the directions count. The coordinates of ``spaces`` stand behind the features.
    """

    metric: Metric
    features: int
    groups: Groups = ()
    spaces: tuple[MeanSpace, ...] = ()

    @classmethod
    def suiting(cls, metric: Metric, features: int) -> Self:
        """Return the means that suit a metric; the others are plain."""
        return cls(metric, features, metric.directed(features), metric.mean_spaces(features))

    @property
    def width(self) -> int:
        """How many numbers a sample becomes, e."""
        return self.features + sum(space.dimensions for space in self.spaces)

    @property
    def _placed(self) -> Iterator[tuple[MeanSpace, slice]]:
        start = self.features
        for space in self.spaces:
            yield space, slice(start, start := start + space.dimensions)

    def box(self, samples: Samples) -> tuple[Array, Array]:
        """Return the middle and exponents that sums are taken by: `Samples.box`; of directions and points, 0."""
        middle, exponent = (np.pad(part, (0, self.width - self.features)) for part in samples.box)
        for group in self.groups:
            middle[group], exponent[group] = 0, 0
        return middle, exponent

    def bounds(self, samples: Samples) -> tuple[Array, Array]:
        """Return the smallest and largest that means may be: `Samples.bounds`; of directions and points anything."""
        low, high = np.full(self.width, -np.inf), np.full(self.width, np.inf)
        plain = np.setdiff1d(np.arange(self.features), [feature for group in self.groups for feature in group])
        low[plain], high[plain] = (bound[plain] for bound in samples.bounds)
        return low, high

    def values(self, block: Array) -> Array:
        """Return the numbers that means are taken of, (n, e)."""
        values = directed(block, self.groups) if self.groups else block
        if not self.spaces:
            return values
        return np.hstack([values, *(space.into(block[:, space.columns]) for space in self.spaces)])

    def vectors(self, means: Array) -> Array:
        """Return the vectors that means stand for, (m, d); NaN where they stand for none."""
        vectors = directed(means, self.groups) if self.groups else means
        for space, place in self._placed:
            vectors[:, space.columns] = space.back(means[:, place])
        return vectors[:, : self.features]

    def of_numbers(self, observed: Array) -> Array:
        """Return which numbers there are, (n, e), for the features there are, (n, d): points need all of theirs."""
        whole = (
            np.repeat(observed[:, s.columns].all(axis=1, keepdims=True), s.dimensions, axis=1) for s in self.spaces
        )
        return np.hstack([observed, *whole])

    def of_features(self, reached: Array) -> Array:
        """Return which features there are, (m, d), for the numbers there are, (m, e)."""
        if not self.spaces:
            return reached
        found = reached.copy()
        for space, place in self._placed:
            found[:, space.columns] = reached[:, place].all(axis=1, keepdims=True)
        return found[:, : self.features]

    def moved(self, W: Array, vectors: Array, rate: float) -> Array:
        """Return a codebook moved towards what `vectors` returned; where that is nothing, it stays."""
        if rate == 1 and not self.spaces:
            return vectors
        W = W.astype(np.float64, copy=False)
        if not self.spaces:
            return self.metric.towards(W, vectors, rate)
        return self.metric.towards(W, np.where(np.isnan(vectors), W, vectors), rate)
