"""Minkowski's family beside the Euclidean metric: sums and maxima of differences."""

from __future__ import annotations

from typing import Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Metric
from somkit.standard.metrics.direct import direct
from somkit.validators import number

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Manhattan(Metric):
    """The sum of the differences: sum |x - w|.

    References
    ----------
    Deza & Deza (2016), Encyclopedia of Distances, 4th edition, Springer.

    Examples
    --------
    >>> Manhattan().pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[7.]])
    """

    name: ClassVar[str] = "manhattan"

    @property
    def weight_power(self) -> float:
        """Differences are multiplied by weights."""
        return 1.0

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        return direct(X, W, "cityblock")

    def feature_weights(self, features: int) -> Array:
        """Return 1 for each."""
        return np.ones(features)


@final
@attrs.frozen(kw_only=True)
class Chebyshev(Metric):
    """The largest difference: max |x - w|.

    References
    ----------
    Deza & Deza (2016), Encyclopedia of Distances, 4th edition, Springer.

    Examples
    --------
    >>> Chebyshev().pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[4.]])
    """

    name: ClassVar[str] = "chebyshev"

    @property
    def weight_power(self) -> float:
        """Differences are multiplied by weights."""
        return 1.0

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        return direct(X, W, "chebyshev")

    def feature_weights(self, features: int) -> Array:
        """Return 1 for each."""
        return np.ones(features)


@final
@attrs.frozen(kw_only=True)
class Minkowski(Metric):
    """The family of Manhattan (p = 1) and Euclidean (p = 2): (sum |x - w|^p)^(1/p).

    Parameters
    ----------
    p : float >= 1, default 2

    References
    ----------
    Deza & Deza (2016), Encyclopedia of Distances, 4th edition, Springer.

    Examples
    --------
    >>> Minkowski(p=1).pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[7.]])
    """

    name: ClassVar[str] = "minkowski"
    p: float = attrs.field(default=2.0, validator=number(minimum=1))

    @property
    def weight_power(self) -> float:
        """Powers of differences are multiplied by weights."""
        return 1 / self.p

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances, each difference taken relative to the largest, so that no power over- or underflows."""
        largest = direct(X, W, "chebyshev")
        unit = np.where(largest > 0, largest, 1.0)
        total = np.zeros(largest.shape)
        for feature in range(X.shape[1]):
            difference = np.abs(X[:, None, feature].astype(np.float64) - W[None, :, feature])
            total += (difference / unit) ** self.p
        return np.asarray(largest * total ** (1 / self.p))

    def feature_weights(self, features: int) -> Array:
        """Return 1 for each."""
        return np.ones(features)


@final
@attrs.frozen(kw_only=True)
class Canberra(Metric):
    """The sum of the differences, each over the sum of its two sizes: sum |x - w| / (|x| + |w|), 0 / 0 being 0.

    Each feature adds between 0 and 1, so no scaling matters, and what is near zero counts most.

    References
    ----------
    Lance and Williams (1967), Mixed-data classificatory programs I, Australian Computer Journal 1 (1), 15-20.

    Examples
    --------
    >>> Canberra().pairwise(np.array([[1.0, 0.0]]), np.array([[3.0, 0.0]]))
    array([[0.5]])
    """

    name: ClassVar[str] = "canberra"

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances; both sides are halved, so that no sum of sizes overflows."""
        from scipy.spatial import distance

        return np.asarray(distance.cdist(X.astype(np.float64) / 2, W.astype(np.float64) / 2, "canberra"))
