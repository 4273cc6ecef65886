"""Metrics: how far a sample x is from a unit's vector w."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Metric
from somkit.searching import MovingCodebook, Searcher, Tiles
from somkit.validators import number

Array = np.ndarray[Any, Any]


SMALL = 2.0**-480


def _direct(X: Array, W: Array, name: str) -> Array:
    """Return scipy's distances, computed where nothing over- or underflows."""
    from scipy.spatial.distance import cdist

    x, w = X.astype(np.float64), W.astype(np.float64)
    scale = kernels.power_of_two(max(np.abs(x).max(initial=0), np.abs(w).max()))
    scaled = np.asarray(cdist(x * scale, w * scale, name))
    distance: Array = scaled / scale
    if name == "euclidean":  # squares of what is so small beside the largest number lose digits: measure it by itself
        row, unit = np.nonzero(scaled < SMALL)
        distance[row, unit] = kernels.distances_of_pairs(x[row], w[unit])
    return distance


@final
@attrs.frozen(kw_only=True)
class Euclidean(Metric):
    """The length of the difference: sqrt(sum (x - w)^2).

    Examples
    --------
    >>> Euclidean().pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[5.]])
    """

    name: ClassVar[str] = "euclidean"
    batch_update: ClassVar[Literal["mean", "normalised_mean"] | None] = "mean"

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        return _direct(X, W, "euclidean")

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units, found by the kernels."""
        return kernels.nearest(X, W, k)

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay a codebook out for the kernels."""
        return kernels.prepare(W, last=last if isinstance(last, kernels.Codebook) else None, tiles=tiles)

    def online(self, W: Array) -> MovingCodebook:
        """Take a codebook into the online kernel."""
        return kernels.OnlineCodebook(W)


@final
@attrs.frozen(kw_only=True)
class Manhattan(Metric):
    """The sum of the differences: sum |x - w|.

    Examples
    --------
    >>> Manhattan().pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[7.]])
    """

    name: ClassVar[str] = "manhattan"

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        return _direct(X, W, "cityblock")


@final
@attrs.frozen(kw_only=True)
class Chebyshev(Metric):
    """The largest difference: max |x - w|.

    Examples
    --------
    >>> Chebyshev().pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[4.]])
    """

    name: ClassVar[str] = "chebyshev"

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        return _direct(X, W, "chebyshev")


@final
@attrs.frozen(kw_only=True)
class Minkowski(Metric):
    """The family of Manhattan (p = 1) and Euclidean (p = 2): (sum |x - w|^p)^(1/p).

    Parameters
    ----------
    p : float >= 1, default 2

    Examples
    --------
    >>> Minkowski(p=1).pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[7.]])
    """

    name: ClassVar[str] = "minkowski"
    p: float = attrs.field(default=2.0, validator=number(minimum=1))

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances, each difference taken relative to the largest, so that no power over- or underflows."""
        largest = _direct(X, W, "chebyshev")
        unit = np.where(largest > 0, largest, 1.0)
        total = np.zeros(largest.shape)
        for feature in range(X.shape[1]):
            difference = np.abs(X[:, None, feature].astype(np.float64) - W[None, :, feature])
            total += (difference / unit) ** self.p
        return np.asarray(largest * total ** (1 / self.p))


def _directions(X: Array) -> tuple[Array, Array]:
    """Return rows of length 1, and which rows are zero and have no direction."""
    x = X.astype(np.float64)
    largest = np.abs(x).max(axis=1, keepdims=True)
    zero = largest[:, 0] == 0
    x = x / np.where(largest > 0, largest, 1.0)
    return x / np.where(zero, 1.0, np.linalg.norm(x, axis=1))[:, None], zero


@final
@attrs.frozen(kw_only=True)
class CosineMetric(Metric):
    """One minus the cosine of the angle: 1 - x.w / |x||w|, between 0 and 2.

    A vector of zeros has no direction; its distance to any other vector counts as 1, to another vector of zeros as 0.

    Examples
    --------
    >>> CosineMetric().pairwise(np.array([[0.0, 1.0]]), np.array([[3.0, 0.0], [0.0, 2.0]]))
    array([[1., 0.]])
    """

    name: ClassVar[str] = "cosine"
    batch_update: ClassVar[Literal["mean", "normalised_mean"] | None] = "normalised_mean"

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances, as half the squares between directions, which loses nothing at small angles."""
        from scipy.spatial.distance import cdist

        x, no_x = _directions(X)
        w, no_w = _directions(W)
        distance = np.minimum(cdist(x, w, "sqeuclidean") / 2, 2.0)
        distance[no_x[:, None] ^ no_w[None, :]] = 1.0
        return np.asarray(distance)
