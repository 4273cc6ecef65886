"""The Euclidean metric, which the kernels search by."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Metric
from somkit.searching import MovingCodebook, Searcher, Tiles
from somkit.standard.metrics.direct import direct

Array = np.ndarray[Any, Any]


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
        return direct(X, W, "euclidean")

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units, found by the kernels."""
        return kernels.nearest(X, W, k)

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay a codebook out for the kernels."""
        return kernels.prepare(W, last=last if isinstance(last, kernels.Codebook) else None, tiles=tiles)

    def online(self, W: Array) -> MovingCodebook:
        """Take a codebook into the online kernel."""
        return kernels.OnlineCodebook(W)
