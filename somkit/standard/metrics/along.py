"""The search among directions: by the Euclidean kernels, wherever their answer is the metric's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Metric
from somkit.searching import Searcher, Tiles

Array = np.ndarray[Any, Any]
Along = Callable[[Array], tuple[Array, Array]]  # rows of length 1, and which rows have no direction
OfPairs = Callable[[Array, Array], Array]  # the distances of pairs of directions, (p, d) each -> (p,)

GAP = 4.0  # ties by which distances must differ to be ranked alike however they are rounded,
SMALLEST = 2.0**-450  # and what they must reach, so that no square is lost; or they are 0


@final
@attrs.frozen(eq=False)
class DirectSearch:
    """A metric whose `nearest` is the default: all distances measured and ranked."""

    metric: Metric

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Measure and rank."""
        return Metric.nearest(self.metric, X, W, k)


@final
@attrs.frozen(eq=False)
class AlongSearcher:
    """A codebook whose directions the kernels search; what they leave in doubt is measured by the metric.

    The cosine distance is half the square of the gap D between directions, and the angle 2 asin(D / 2): both rise with
    D, and in proportion at least as fast. So where the k + 1 smallest gaps of a row lie `GAP` ties apart, the metric
    ranks the same units, whatever was rounded on the way: lengths of 1 are good to d / 2 + 2 roundings, sums of squares
    to d, together less than two ties. Any other row, one without a direction, and every row where a unit has none, are
    measured directly.
    """

    metric: Metric
    W: Array
    along: Along
    of_pairs: OfPairs
    directions: Array
    codebook: kernels.Codebook | None

    @classmethod
    def of(
        cls, metric: Metric, W: Array, along: Along, of_pairs: OfPairs, last: Searcher | None, tiles: Tiles | None
    ) -> Self:
        """Lay a codebook out."""
        directions, lost = along(W)
        before = last.codebook if isinstance(last, AlongSearcher) else None
        codebook = None if lost.any() else kernels.prepare(directions, last=before, tiles=tiles)
        return cls(metric, W, along, of_pairs, directions, codebook)

    def nearest(self, X: Array, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Search by the kernels, and measure what they leave in doubt."""
        if self.codebook is None or k == len(self.W):
            return Metric.nearest(self.metric, X, self.W, k)
        rows, lost = self.along(X)
        found, gaps = self.codebook.nearest(rows, k + 1, seeds)
        apart = gaps[:, 1:] > gaps[:, :-1] * (1 + GAP * kernels.tie(X.shape[1]))
        kept = (gaps > SMALLEST) | (gaps == 0)
        doubt = lost | ~(apart & kept[:, 1:]).all(axis=1) | ~kept[:, 0]
        units = found[:, :k].copy()
        row = np.repeat(np.arange(len(X)), k)
        distances = self.of_pairs(rows[row], self.directions[units.ravel()]).reshape(len(X), k)
        if doubt.any():
            units[doubt], distances[doubt] = Metric.nearest(self.metric, X[doubt], self.W, k)
        return units, distances
