"""Metrics that are another one after a linear map of the features: weighted ones, and Mahalanobis's."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Metric
from somkit.errors import ParameterError, RecipeError, SampleError
from somkit.kernels import TreeSum
from somkit.searching import Searcher, Tiles
from somkit.standard.metrics.columns import check_columns, find_columns, numbers_of
from somkit.standard.metrics.euclidean import Euclidean
from somkit.validators import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(eq=False)
class MappedSearcher:
    """A codebook laid out by another metric, searched by rows that are mapped as it was.

    ``factors``: how much longer each row's distances are than the other metric's, (n, 1).
    """

    inner: Searcher
    mapped: Callable[[Any], Any]
    factors: Callable[[Array], Array] | None = None

    def nearest(self, X: Any, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Map the rows and search."""
        units, distances = self.inner.nearest(self.mapped(X), k, seeds)
        return units, distances if self.factors is None else distances * self.factors(X)


@final
@attrs.frozen(kw_only=True)
class Weighted(Metric):
    """Another metric whose sum counts each feature with a weight of its own.

    Parameters
    ----------
    metric : Metric, default euclidean
        euclidean, manhattan, chebyshev, minkowski, cosine, angular, braycurtis, jaccard, tanimoto, or any other that
        has a `weight_power`. Terms |x - w|^p and x + w, the smaller and the larger of the two, and products x w are
        multiplied by the weight; of chebyshev, the differences before the largest is taken.
    weights : list of numbers >= 0, not all 0, default [1]
        One for each feature, in their order; one number alone is for every feature. With ``columns``, one for each of
        these.
    columns : list of int >= 0 or str
        The features that the weights are for, by number, from 0, or by name; the others have weight 1. When training
        starts they become a weight for each feature. Left out: all.

    Notes
    -----
    Formula: (sum_k v_k |x_k - w_k|^p)^(1/p) for the metrics of the family of Minkowski.

    It is the other metric of features times weight^(1/p), p = 2 for euclidean, cosine, angular and tanimoto, 1 for
    braycurtis and jaccard, so it is as fast: 1/p is the metric's `weight_power`.
    Missing and sparse samples are taken where the other metric takes them. A sum over what a sample has is then scaled
    by weights: those of the features observed anywhere in training over those of the features that it has.

    References
    ----------
    Deza & Deza (2016), Encyclopedia of Distances, 4th edition, Springer.

    Examples
    --------
    >>> from somkit.standard import Manhattan
    >>> Weighted(metric=Manhattan(), weights=[1, 10]).pairwise(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[43.]])
    """

    name: ClassVar[str] = "weighted"
    metric: Metric = attrs.field(factory=Euclidean)
    weights: tuple[float, ...] = (1.0,)
    columns: tuple[int | str, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the weights, and that the metric is one of those whose terms can be weighted."""
        Metric.__attrs_post_init__(self)
        check = number(minimum=0)
        if not isinstance(self.weights, tuple):
            message = f"Weighted.weights must be a list of numbers, one for each feature, got {self.weights!r}."
            raise ParameterError(message)
        for weight in self.weights:
            check(self, attrs.fields(Weighted).weights, weight)
        if not any(self.weights) and not self.columns:
            message = "Weighted.weights must hold a number > 0, got none."
            raise ParameterError(message)
        columns = check_columns("Weighted", self.columns)
        if columns and len(columns) != len(self.weights):
            message = f"Weighted.weights must hold one for each of the {len(columns)} columns, got {len(self.weights)}."
            raise ParameterError(message)
        if not self.metric.weight_power:
            message = (
                f"Weighted.metric must be euclidean, manhattan, chebyshev, minkowski, cosine, angular, braycurtis, "
                f"jaccard, tanimoto or another that has a weight_power, got '{self.metric}'."
            )
            raise ParameterError(message)

    @property
    def _power(self) -> float:
        """The power of a weight that its feature is multiplied by."""
        return self.metric.weight_power or 0.0

    @property
    def features(self) -> int | None:
        """As many as there are weights, if they are for all features."""
        return len(self.weights) if len(self.weights) > 1 and not self.columns else None

    @property
    def accepts_missing(self) -> bool:
        """Whether the other metric does."""
        return self.metric.accepts_missing

    @property
    def accepts_sparse(self) -> bool:
        """Whether the other metric does."""
        return self.metric.accepts_sparse

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return the other metric's: 0 and infinity where it has any, which no weight moves."""
        return self.metric.limits(features)

    @property
    def unobserved(self) -> tuple[int, ...]:
        """The other metric's."""
        return self.metric.unobserved

    def fitted(self, samples: Samples) -> Weighted:
        """Return the metric with the other one fitted, and a weight for each feature, whatever columns had some."""
        found = attrs.evolve(self, metric=self.metric.fitted(samples))
        if not self.columns:
            return found
        columns = find_columns(self.columns, samples.feature_names, self.name)
        weights = attrs.evolve(self, columns=columns).of_features(samples.features)
        return attrs.evolve(found, weights=weights.tolist(), columns=())

    def observes(self, X: Array) -> Array:
        """Tell which rows have a value of a feature that weighs something and was observed in training."""
        return np.asarray(self._weights_of(X) > 0)

    def _weights_of(self, X: Array) -> Array:
        """Return the weight of what each row has a value of, (n,); features that training had none of weigh nothing."""
        weights = self.of_features(X.shape[1]).copy()
        weights[list(self.unobserved)] = 0
        return np.asarray(np.where(np.isnan(X), 0.0, weights).sum(axis=1))

    def _factors(self, X: Array) -> Array:
        """Return by how much to multiply what the other metric has scaled by numbers of features, (n, 1)."""
        factors = np.ones((len(X), 1))
        partial = np.isnan(X).any(axis=1)
        if partial.any():
            used = np.setdiff1d(np.arange(X.shape[1]), self.unobserved)
            share = np.count_nonzero(~np.isnan(X[partial][:, used]), axis=1) / len(used)
            whole = self.of_features(X.shape[1])[used].sum()
            factors[partial, 0] = (whole / self._weights_of(X[partial]) * share) ** self._power
        return factors

    def of_features(self, features: int) -> Array:
        """Return a weight for each feature, shape (d,)."""
        if not self.columns:
            return np.broadcast_to(np.array(self.weights, dtype=np.float64), features)
        weights = np.ones(features)
        weights[numbers_of(self.columns, features, self.name)] = self.weights
        return weights

    def feature_weights(self, features: int) -> Array:
        """Return the factors that features are multiplied by, where the other metric adds up differences."""
        factors = self.of_features(features) ** self._power
        return np.asarray(factors * self.metric.feature_weights(features))

    @property
    def centre(self) -> Literal["mean", "normalised_mean"] | None:
        """The mean where it is the other metric's; directions are others once features are weighted."""
        return "mean" if self.metric.centre == "mean" else None

    def _scaled(self, X: Array) -> Array:
        return np.asarray(X * self.of_features(X.shape[1]) ** self._power)

    def _scaled_sparse(self, X: Any) -> Any:
        factors = self.of_features(X.shape[1]) ** self._power
        return type(X)((X.data * factors[X.indices], X.indices, X.indptr), shape=X.shape)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        distances = self.metric.pairwise(self._scaled(X), self._scaled(W))
        return distances * self._factors(X) if self.accepts_missing else distances

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units, as the other metric finds them."""
        units, distances = self.metric.nearest(self._scaled(X), self._scaled(W), k)
        return units, distances * self._factors(X) if self.accepts_missing else distances

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay the scaled codebook out."""
        inner = last.inner if isinstance(last, MappedSearcher) else None
        factors = self._factors if self.accepts_missing else None
        return MappedSearcher(self.metric.prepare(self._scaled(W), last=inner, tiles=tiles), self._scaled, factors)

    def prepare_sparse(self, W: Array) -> Searcher:
        """Lay the scaled codebook out for sparse rows."""
        return MappedSearcher(self.metric.prepare_sparse(self._scaled(W)), self._scaled_sparse)


@final
@attrs.frozen(kw_only=True)
class Mahalanobis(Metric):
    """The Euclidean distance in units of the data's own spread: sqrt((x - w)' S^-1 (x - w)), S being their covariance.

    Parameters
    ----------
    shrinkage : float in [0, 1], default 0
        S becomes (1 - shrinkage) S + shrinkage t I, with t the mean variance, which no constant or dependent feature
        makes singular.
    mean : list of numbers
        Left out, that of the samples trained on, when training starts; it only keeps the digits of data far from 0.
    covariance : list of d lists of d numbers
        Left out, that of the samples trained on, over their total weight, when training starts.

    Notes
    -----
    Samples and units are whitened, by the inverse of S's Cholesky factor, and measured as Euclidean. The mean is the
    centre for batch training, as it is for any positive definite S.

    References
    ----------
    Mahalanobis (1936), On the generalised distance in statistics, Proceedings of the National Institute of Sciences of
    India 2, 49-55.

    Examples
    --------
    >>> Mahalanobis(covariance=[[4, 0], [0, 1]]).pairwise(np.array([[0.0, 0.0]]), np.array([[6.0, 4.0]]))
    array([[5.]])
    """

    name: ClassVar[str] = "mahalanobis"
    batch_update: ClassVar[Literal["mean", "normalised_mean"] | None] = "mean"
    shrinkage: float = attrs.field(default=0.0, validator=number(minimum=0, maximum=1))
    mean: tuple[float, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check the numbers that are given."""
        Metric.__attrs_post_init__(self)
        if not self.covariance:
            return
        try:
            S = np.array(self.covariance, dtype=np.float64)
            mean = np.array(self.mean, dtype=np.float64)
        except (TypeError, ValueError):
            S, mean = np.full((1, 1), np.inf), np.zeros(0)
        square = S.ndim == 2 and S.shape[0] == S.shape[1] and np.isfinite(S).all() and np.array_equal(S, S.T)
        if not square or mean.shape not in {(0,), (len(S),)} or not np.isfinite(mean).all():
            message = "Mahalanobis.covariance must be a symmetric table of d x d finite numbers, and mean d of them."
            raise ParameterError(message)
        if not _is_definite(S):
            message = "Mahalanobis.covariance must be positive definite; leave out a constant or dependent feature."
            raise ParameterError(message)

    @property
    def features(self) -> int | None:
        """As many as the covariance has rows, once it is known."""
        return len(self.covariance) or None

    def fitted(self, samples: Samples) -> Mahalanobis:
        """Return the metric with the mean and the covariance of the samples."""
        if self.covariance:
            return self
        mean = samples.mean

        def products(block: Array, weight: Array | None) -> Array:
            centred = block - mean
            return np.asarray(centred.T @ (centred if weight is None else centred * weight[:, None]))

        total = TreeSum()
        for value in samples.map(products, 1):
            total.add(value)
        S = total.result() / samples.total_weight
        S = (1 - self.shrinkage) * (S + S.T) / 2 + self.shrinkage * np.trace(S) / len(S) * np.eye(len(S))
        if not np.isfinite(S).all() or not _is_definite(S):
            message = (
                "metric 'mahalanobis' needs samples whose covariance is positive definite, and some features are "
                "constant or depend on others; leave them out, or write 'mahalanobis:shrinkage=0.1'."
            )
            raise SampleError(message)
        return attrs.evolve(self, mean=mean.tolist(), covariance=S.tolist())

    @cached_property
    def _whitening(self) -> tuple[Array, Array]:
        """The mean, and the inverse of the covariance's Cholesky factor."""
        if not self.covariance:
            message = "metric 'mahalanobis' is fitted when training starts; to use it before, give its covariance."
            raise RecipeError(message)
        d = len(self.covariance)
        factor = np.linalg.inv(np.linalg.cholesky(np.array(self.covariance, dtype=np.float64)))
        return np.array(self.mean or np.zeros(d), dtype=np.float64), factor

    def _whitened(self, X: Array) -> Array:
        """Return whitened rows, summed feature by feature: a matrix product rounds a row as its neighbours make it."""
        mean, factor = self._whitening
        x = X - mean
        white = np.zeros(x.shape)
        for feature in range(len(mean)):
            white[:, feature:] += x[:, feature, None] * factor[feature:, feature]
        return white

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        return Euclidean().pairwise(self._whitened(X), self._whitened(W))

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units, found by the kernels."""
        return Euclidean().nearest(self._whitened(X), self._whitened(W), k)

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay the whitened codebook out for the kernels."""
        inner = last.inner if isinstance(last, MappedSearcher) else None
        return MappedSearcher(Euclidean().prepare(self._whitened(W), last=inner, tiles=tiles), self._whitened)


def _is_definite(S: Array) -> bool:
    """Tell whether a covariance can be inverted, features of any scale: by the eigenvalues of its correlations."""
    deviation = np.sqrt(np.maximum(np.diagonal(S), 0))
    if not (deviation > 0).all():
        return False
    values = np.linalg.eigvalsh(S / deviation / deviation[:, None])
    return bool(values[0] > len(S) * 1e-12)
