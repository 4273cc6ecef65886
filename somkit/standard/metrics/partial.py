"""Search by distance among samples with missing values, and among sparse ones."""

from __future__ import annotations

from typing import Any, Self, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Metric
from somkit.kernels.missing import MissingCodebook, distances_where_observed
from somkit.kernels.sparse import SparseCodebook
from somkit.searching import Searcher, Tiles

Array = np.ndarray[Any, Any]


def _factors(X: Array) -> Array:
    """Return how much longer each row's distance is taken to be for what it lacks, (n, 1); 1 where it lacks nothing."""
    seen = np.count_nonzero(~np.isnan(X), axis=1)
    return np.asarray(np.sqrt(X.shape[1] / seen))[:, None]


def partial_distances(X: Array, W: Array) -> Array:
    """Return all distances, (n, m), over what each row has, scaled to all features."""
    n, m = len(X), len(W)
    rows, units = np.divmod(np.arange(n * m), m)
    return distances_where_observed(X, W, rows, units).reshape(n, m) * _factors(X)


@final
@attrs.frozen(eq=False)
class PartialSearcher:
    """A codebook laid out for searching rows with and without missing values, over the features in use."""

    used: Array
    whole: kernels.Codebook
    partial: MissingCodebook

    @classmethod
    def of(cls, W: Array, used: Array, last: Searcher | None, tiles: Tiles | None) -> Self:
        """Lay a codebook out for both."""
        before = last.whole if isinstance(last, PartialSearcher) else None
        w = W[:, used]
        return cls(used, kernels.prepare(w, last=before, tiles=tiles), MissingCodebook.of(w))

    def nearest(self, X: Array, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Search what is whole by the kernels, and what is not by masks."""
        x = X[:, self.used] if len(self.used) < X.shape[1] else X
        partial = np.isnan(x).any(axis=1)
        if not partial.any():
            return self.whole.nearest(x, k, seeds)
        units, distances = np.empty((len(x), k), dtype=np.int64), np.empty((len(x), k))
        if not partial.all():
            whole = ~partial
            units[whole], distances[whole] = self.whole.nearest(x[whole], k, None if seeds is None else seeds[whole])
        units[partial], distances[partial] = self.partial.nearest(x[partial], k)
        distances[partial] *= _factors(x[partial])
        return units, distances


@final
@attrs.frozen(eq=False)
class SparseSearcher:
    """A codebook laid out for searching sparse rows; ``used`` are the features in use, None for all."""

    used: Array | None
    codebook: SparseCodebook

    @classmethod
    def of(cls, W: Array, used: Array | None) -> Self:
        """Lay a codebook out."""
        return cls(used, SparseCodebook.of(W if used is None else W[:, used]))

    def nearest(self, X: Any, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Search rows in CSR form."""
        del seeds
        return self.codebook.nearest(X if self.used is None else X[:, self.used], k)


@final
@attrs.frozen(eq=False)
class DirectSearch:
    """The search of one row at a time in a codebook that moves: every distance measured, nothing laid out."""

    metric: Metric

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Measure all distances and rank them."""
        used = np.setdiff1d(np.arange(X.shape[1]), self.metric.unobserved)
        x, w = X[:, used], W[:, used]
        return kernels.rank(partial_distances(x, w), k, kernels.tie(len(used)))
