"""The Euclidean metric, which the kernels search by, also among what is missing or sparse."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Metric
from somkit.errors import ParameterError
from somkit.samples import Samples, nothing_observed
from somkit.searching import MovingCodebook, PlainCodebook, Searcher, Tiles
from somkit.standard.metrics.columns import different_features
from somkit.standard.metrics.direct import direct
from somkit.standard.metrics.partial import DirectSearch, PartialSearcher, SparseSearcher, partial_distances
from somkit.validators import choice

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Euclidean(Metric):
    """The length of the difference: sqrt(sum (x - w)^2).

    With ``missing="ignore"`` NaN in a sample stands for a missing value, and the sum is over the features that the
    sample has, times the number of features that are observed anywhere in training over how many of them the sample
    has. A sample of which nothing is missing has the ordinary distance.

    Parameters
    ----------
    missing : "raise" | "ignore"
        Whether a missing value is refused, or left out of distances and updates.
    unobserved : tuple of int
        The features that no training sample has a value of; they weigh nothing. Training fills it in, whatever it was.

    Notes
    -----
    The scaling of partial distances is Dixon's.

    References
    ----------
    Samad & Harp (1992), Self-organization with partial data, Network: Computation in Neural Systems 3.

    Dixon (1979), Pattern recognition with partly missing data, doi:10.1109/TSMC.1979.4310090.

    Examples
    --------
    >>> Euclidean().pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[5.]])
    >>> Euclidean(missing="ignore").pairwise(np.array([[0.0, np.nan]]), np.array([[3.0, 4.0]]))  # sqrt(2 / 1 * 3^2)
    array([[4.24264069]])
    """

    name: ClassVar[str] = "euclidean"
    batch_update: ClassVar[Literal["mean", "normalised_mean"] | None] = "mean"

    missing: str = attrs.field(default="raise", validator=choice("raise", "ignore"))
    unobserved: tuple[int, ...] = attrs.field(default=(), validator=different_features)

    def __attrs_post_init__(self) -> None:
        """Refuse features without a value where every value is needed."""
        Metric.__attrs_post_init__(self)
        if self.unobserved and self.missing == "raise":
            message = f"Euclidean.unobserved needs missing='ignore', got {list(self.unobserved)} with missing='raise'."
            raise ParameterError(message)

    @property
    def accepts_missing(self) -> bool:
        """Whether missing values are ignored."""
        return self.missing == "ignore"

    @property
    def accepts_sparse(self) -> bool:
        """Always."""
        return True

    @property
    def weight_power(self) -> float:
        """Squares are multiplied by weights."""
        return 0.5

    def feature_weights(self, features: int) -> Array:
        """Return 1 for each."""
        return np.ones(features)

    def observes(self, X: Array) -> Array:
        """Tell which rows have a value of a feature that was observed in training."""
        return np.asarray(~np.isnan(X[:, self._used(X.shape[1])]).all(axis=1))

    def fitted(self, samples: Samples) -> Metric:
        """Find the features that no sample has a value of."""
        return attrs.evolve(self, unobserved=tuple(np.flatnonzero(~samples.observed).tolist()))

    def check_samples(self, samples: Samples) -> None:
        """Refuse samples that have no value in any feature observed in training."""
        if not self.unobserved or not samples.missing:
            return
        for start in range(0, len(samples), kernels.BLOCK_ROWS):
            empty = np.flatnonzero(~self.observes(samples.X[start : start + kernels.BLOCK_ROWS]))
            if len(empty):
                raise nothing_observed(
                    start + int(empty[0]), "all its values are in features that training had none of"
                )

    def _used(self, d: int) -> Array:
        return np.setdiff1d(np.arange(d), self.unobserved)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        if self.missing == "raise":
            return direct(X, W, "euclidean")
        used = self._used(X.shape[1])
        x, w = X[:, used], W[:, used]
        partial = np.isnan(x).any(axis=1)
        distances = np.empty((len(x), len(w)))
        distances[~partial] = direct(x[~partial], w, "euclidean")
        distances[partial] = partial_distances(x[partial], w)
        return distances

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units, found by the kernels."""
        return kernels.nearest(X, W, k) if self.missing == "raise" else self.prepare(W).nearest(X, k)

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay a codebook out for the kernels."""
        if self.missing == "ignore":
            return PartialSearcher.of(W, self._used(W.shape[1]), last, tiles)
        return kernels.prepare(W, last=last if isinstance(last, kernels.Codebook) else None, tiles=tiles)

    def prepare_sparse(self, W: Array) -> Searcher:
        """Lay a codebook out for products with sparse rows."""
        return SparseSearcher.of(W, self._used(W.shape[1]) if self.unobserved else None)

    def online(self, W: Array) -> MovingCodebook:
        """Take a codebook into the online kernel; where values may be missing, into its counterpart in numpy."""
        return kernels.OnlineCodebook(W) if self.missing == "raise" else PlainCodebook(DirectSearch(self), W)
