"""Metrics of directions: the angle between vectors, whatever their lengths."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Metric
from somkit.searching import MovingCodebook, PlainCodebook, Searcher, Tiles
from somkit.standard.metrics.along import AlongSearcher, DirectSearch
from somkit.standard.metrics.sparse_directions import SparseDirections, centred, centred_directions, directions, halved

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class CosineMetric(Metric):
    """One minus the cosine of the angle: 1 - x.w / |x||w|, between 0 and 2.

    A vector of zeros has no direction; its distance to any other vector counts as 1, to another vector of zeros as 0.

    References
    ----------
    Salton & McGill (1983), Introduction to Modern Information Retrieval, McGraw-Hill.

    Examples
    --------
    >>> CosineMetric().pairwise(np.array([[0.0, 1.0]]), np.array([[3.0, 0.0], [0.0, 2.0]]))
    array([[1., 0.]])
    """

    name: ClassVar[str] = "cosine"
    batch_update: ClassVar[Literal["mean", "normalised_mean"] | None] = "normalised_mean"

    @property
    def accepts_sparse(self) -> bool:
        """Always."""
        return True

    @property
    def weight_power(self) -> float:
        """Products are multiplied by weights."""
        return 0.5

    def prepare_sparse(self, W: Array) -> Searcher:
        """Lay a codebook's directions out for products with sparse rows."""
        return SparseDirections.of(DirectSearch(self), W)

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units, found by the kernels."""
        return self.prepare(W).nearest(X, k)

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay the directions out for the kernels."""
        return AlongSearcher.of(self, W, directions, _half_squares, last, tiles)

    def online(self, W: Array) -> MovingCodebook:
        """Take a codebook into online training, where laying it out for each sample would not pay."""
        return PlainCodebook(DirectSearch(self), W, self.towards)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances, as half the squares between directions, which loses nothing at small angles."""
        from scipy.spatial import distance

        x, no_x = directions(X)
        w, no_w = directions(W)
        found = np.minimum(distance.cdist(x, w, "sqeuclidean") / 2, 2.0)
        found[no_x[:, None] ^ no_w[None, :]] = 1.0
        return np.asarray(found)


@final
@attrs.frozen(kw_only=True)
class Angular(Metric):
    """The angle between two vectors, their distance on the great circle through both: between 0 and pi, in radians.

    A vector of zeros has no direction; its distance to any other vector counts as pi / 2, to another vector of zeros
    as 0. The batch trainer takes the mean direction, as for the cosine metric.

    Notes
    -----
    Formula: 2 atan2(|u - v|, |u + v|) for directions u and v, which loses nothing at small angles or near pi.

    References
    ----------
    Kahan (2006), How futile are mindless assessments of roundoff in floating-point computation?, section 12.

    Examples
    --------
    >>> Angular().pairwise(np.array([[0.0, 1.0]]), np.array([[3.0, 0.0], [0.0, 2.0]])).round(4)
    array([[1.5708, 0.    ]])
    """

    name: ClassVar[str] = "angular"
    batch_update: ClassVar[Literal["mean", "normalised_mean"] | None] = "normalised_mean"

    @property
    def accepts_sparse(self) -> bool:
        """Always."""
        return True

    @property
    def weight_power(self) -> float:
        """Products are multiplied by weights."""
        return 0.5

    def prepare_sparse(self, W: Array) -> Searcher:
        """Lay a codebook's directions out for products with sparse rows."""
        return SparseDirections.of(DirectSearch(self), W, angles=True)

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units, found by the kernels."""
        return self.prepare(W).nearest(X, k)

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay the directions out for the kernels."""
        return AlongSearcher.of(self, W, directions, _angles, last, tiles)

    def online(self, W: Array) -> MovingCodebook:
        """Take a codebook into online training, where laying it out for each sample would not pay."""
        return PlainCodebook(DirectSearch(self), W, self.towards)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all angles."""
        from scipy.spatial import distance

        x, no_x = directions(X)
        w, no_w = directions(W)
        angle = 2 * np.arctan2(distance.cdist(x, w), distance.cdist(x, -w))
        angle[no_x[:, None] ^ no_w[None, :]] = np.pi / 2
        return np.asarray(angle)


@final
@attrs.frozen(kw_only=True)
class Correlation(Metric):
    """One minus Pearson's correlation of the features of two vectors, between 0 and 2: the cosine metric, centred.

    A vector whose features are all equal has no correlation; its distance to any other vector counts as 1, to another
    such vector as 0.

    Notes
    -----
    Formula: 1 - (x - mean x).(w - mean w) / |x - mean x||w - mean w|.

    The batch trainer has no update for it: the mean direction would be that of centred samples. Sparse samples are not
    centred: products with centred units are the same without.

    References
    ----------
    Deza & Deza (2016), Encyclopedia of Distances, 4th edition, Springer.

    Examples
    --------
    >>> Correlation().pairwise(np.array([[1.0, 2.0, 3.0]]), np.array([[20.0, 40.0, 60.0], [3.0, 2.0, 1.0]]))
    array([[0., 2.]])
    """

    name: ClassVar[str] = "correlation"

    @property
    def accepts_sparse(self) -> bool:
        """Always."""
        return True

    def prepare_sparse(self, W: Array) -> Searcher:
        """Lay a codebook's directions out for products with sparse rows."""
        return SparseDirections.of(DirectSearch(self), W, centred=True)

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units, found by the kernels."""
        return self.prepare(W).nearest(X, k)

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay the directions out for the kernels."""
        return AlongSearcher.of(self, W, centred_directions, _half_squares, last, tiles)

    def online(self, W: Array) -> MovingCodebook:
        """Take a codebook into online training, where laying it out for each sample would not pay."""
        return PlainCodebook(DirectSearch(self), W, self.towards)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        return CosineMetric().pairwise(centred(X), centred(W))


def _half_squares(u: Array, v: Array) -> Array:
    return halved(kernels.distances_of_pairs(u, v))


def _angles(u: Array, v: Array) -> Array:
    return np.asarray(2 * np.arctan2(kernels.distances_of_pairs(u, v), kernels.distances_of_pairs(u, -v)))
