"""The cosine metric: how far directions are apart."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Metric
from somkit.searching import Searcher
from somkit.standard.metrics.partial import SparseDirections, directions

Array = np.ndarray[Any, Any]


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

    @property
    def accepts_sparse(self) -> bool:
        """Always."""
        return True

    def prepare_sparse(self, W: Array) -> Searcher:
        """Lay a codebook's directions out for products with sparse rows."""
        return SparseDirections.of(W)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances, as half the squares between directions, which loses nothing at small angles."""
        from scipy.spatial.distance import cdist

        x, no_x = directions(X)
        w, no_w = directions(W)
        distance = np.minimum(cdist(x, w, "sqeuclidean") / 2, 2.0)
        distance[no_x[:, None] ^ no_w[None, :]] = 1.0
        return np.asarray(distance)
