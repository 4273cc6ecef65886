"""The Minkowski family: sums of powers of differences."""

from __future__ import annotations

from typing import Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Metric
from somkit.standard.metrics.euclidean import direct
from somkit.validators import number

Array = np.ndarray[Any, Any]


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
        return direct(X, W, "cityblock")


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
        return direct(X, W, "chebyshev")


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
        largest = direct(X, W, "chebyshev")
        unit = np.where(largest > 0, largest, 1.0)
        total = np.zeros(largest.shape)
        for feature in range(X.shape[1]):
            difference = np.abs(X[:, None, feature].astype(np.float64) - W[None, :, feature])
            total += (difference / unit) ** self.p
        return np.asarray(largest * total ** (1 / self.p))
