"""Statistics of samples: bounds, means, deviations and principal components, of whatever kind the samples are.

Sums are taken block by block and added as a tree, in units of each feature's width, so that they neither over- nor
underflow. Missing values are left out of them, with a denominator for each feature; sparse samples are summed over what
they store, and centred only in formulas: sum (x - mean)^2 is that of the stored values, plus the mean squared for each
of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from somkit.kernels import TreeSum

if TYPE_CHECKING:
    from somkit.samples.samples import Samples

Array = np.ndarray[Any, Any]

LONG_ROW = 512  # numbers, of rows taken together (measured)
COVARIANCE_FEATURES = 2_000  # up to this many features the covariance matrix is formed: 32 MB
SPARSE_ACCURACY = 1e-4  # relative, of the variances along the components of a wide sparse X: it only lays out a start


def _weights(samples: Samples) -> Array:
    return np.ones(len(samples)) if samples.weight is None else samples.weight


def observed(samples: Samples) -> Array:
    """Return which features have a value in any sample of weight > 0, shape (d,)."""
    found = np.zeros(samples.features, dtype=bool)
    for seen in samples.map(lambda block, weight: ~np.isnan(block if weight is None else block[weight > 0]), 1):
        found |= seen.any(axis=0)
    return found


def bounds(samples: Samples) -> tuple[Array, Array]:
    """Return the smallest and the largest value of each feature, two arrays (d,)."""
    if samples.is_sparse:
        counted = samples.X if samples.weight is None else samples.X[np.flatnonzero(samples.weight > 0)]
        low, high = (extreme.toarray().ravel().astype(np.float64) for extreme in (counted.min(0), counted.max(0)))
        return low, high

    def extremes(block: Array, weight: Array | None) -> tuple[Array, Array]:
        counted = block if weight is None else block[weight > 0]
        return _extreme(np.fmin, counted, np.inf), _extreme(np.fmax, counted, -np.inf)

    lowest, highest = np.full(samples.features, np.inf), np.full(samples.features, -np.inf)
    for low, high in samples.map(extremes, 1):
        lowest, highest = np.fmin(lowest, low), np.fmax(highest, high)
    if samples.missing:
        lowest[~samples.observed] = highest[~samples.observed] = 0.0
    return lowest, highest


def _extreme(function: np.ufunc, rows: Array, initial: float) -> Array:
    """Return the extreme of each feature; of several rows side by side, because long rows are gone through faster."""
    (n, d), together = rows.shape, max(1, LONG_ROW // rows.shape[1])
    whole = n // together * together
    found = function.reduce(rows[:whole].reshape(-1, together * d), axis=0, initial=initial).reshape(together, d)
    return np.asarray(function.reduce(np.concatenate([found, rows[whole:]]), axis=0))


def mean_and_deviations(samples: Samples) -> tuple[Array, Array]:
    """Return the weighted mean and standard deviation of each feature, two arrays (d,)."""
    if samples.is_sparse:
        return _sparse_moments(samples)
    centre, exponent = samples.box

    def sums(block: Array, weight: Array | None) -> Array:
        scaled = np.ldexp(block - centre, -exponent)
        if samples.missing:
            present = ~np.isnan(scaled)
            scaled = np.where(present, scaled, 0.0)
            counts = present if weight is None else present * weight[:, None]
        counted = scaled if weight is None else scaled * weight[:, None]
        rows = [counted.sum(axis=0), (counted * scaled).sum(axis=0)]
        return np.array([*rows, counts.sum(axis=0)] if samples.missing else rows)

    total = TreeSum()
    for value in samples.map(sums, 1):
        total.add(value)
    found = total.result()
    weight = np.where(found[2] > 0, found[2], 1.0) if samples.missing else samples.total_weight
    first, second = found[:2] / weight
    return centre + np.ldexp(first, exponent), np.ldexp(np.sqrt(np.maximum(second - first**2, 0)), exponent)


def _sparse_moments(samples: Samples) -> tuple[Array, Array]:
    exponent, weight, total = samples.box[1], _weights(samples), samples.total_weight
    scaled = _scaled_sparse(samples, exponent)
    mean = scaled.T @ weight / total
    stored = np.repeat(weight, np.diff(scaled.indptr))
    gaps = scaled.data - mean[scaled.indices]
    squares = np.bincount(scaled.indices, stored * gaps * gaps, samples.features)
    empty = total - np.bincount(scaled.indices, stored, samples.features)
    low, high = samples.bounds
    variance = np.maximum(squares + np.maximum(empty, 0) * mean**2, 0) / total
    moving = low != high
    return np.where(moving, np.ldexp(mean, exponent), low), np.where(moving, np.ldexp(np.sqrt(variance), exponent), 0.0)


def _scaled_sparse(samples: Samples, exponent: Any) -> Any:
    """Return a sparse X with its values times 2^-e, e for each feature, or one for all."""
    X = samples.X
    by_value = exponent[X.indices] if np.ndim(exponent) else exponent
    return type(X)((np.ldexp(X.data.astype(np.float64), -by_value), X.indices, X.indptr), shape=X.shape)


def principal_components(samples: Samples, count: int) -> tuple[Array, Array]:
    """Return the deviations along the first principal components, (c,), and the components, (c, d)."""
    exponent = samples.box[1].max()
    if samples.features <= COVARIANCE_FEATURES:
        values, vectors = np.linalg.eigh(_covariance(samples))
        values, vectors = values[::-1][:count], vectors.T[::-1][:count]
    else:
        values, vectors = _leading_components(samples, count)
    heaviest = np.abs(vectors).argmax(axis=1)
    signs = np.where(vectors[np.arange(count), heaviest] < 0, -1.0, 1.0)
    return np.ldexp(np.sqrt(np.maximum(values, 0)), exponent), vectors * signs[:, None]


def _weighted_products(samples: Samples, function: Callable[[Array, Array], Array]) -> Array:
    """Sum ``function(block, its weighted copy)`` over the blocks, centred and scaled by one power of two."""
    mean, exponent = samples.mean, samples.box[1].max()

    def products(block: Array, weight: Array | None) -> Array:
        centred = np.ldexp(block - mean, -exponent)
        if samples.missing:
            centred[np.isnan(centred)] = 0.0
        return function(centred, centred if weight is None else centred * weight[:, None])

    total = TreeSum()
    for value in samples.map(products, 1):
        total.add(value)
    return total.result() / samples.total_weight


def _covariance(samples: Samples) -> Array:
    if not samples.is_sparse:
        return _weighted_products(samples, lambda centred, weighted: centred.T @ weighted)
    exponent = samples.box[1].max()
    scaled, mean = _scaled_sparse(samples, exponent), np.ldexp(samples.mean, -exponent)
    weighted = scaled if samples.weight is None else scaled.multiply(samples.weight[:, None]).tocsr()
    return np.asarray((scaled.T @ weighted).toarray() / samples.total_weight - np.outer(mean, mean))


def _centred_products(samples: Samples) -> Callable[[Array], Array]:
    """Return how the covariance matrix multiplies a vector, without the matrix."""
    if not samples.is_sparse:
        return lambda vector: _weighted_products(samples, lambda centred, weighted: weighted.T @ (centred @ vector))
    exponent, weight = samples.box[1].max(), _weights(samples) / samples.total_weight
    scaled, mean = _scaled_sparse(samples, exponent), np.ldexp(samples.mean, -exponent)

    def apply(vector: Array) -> Array:
        along = weight * (scaled @ vector - mean @ vector)
        return np.asarray(scaled.T @ along - mean * along.sum())

    return apply


def _leading_components(samples: Samples, count: int) -> tuple[Array, Array]:
    from scipy.sparse import linalg

    d = samples.features
    if not samples.deviations.any():
        return np.zeros(count), np.eye(count, d)
    multiply = _centred_products(samples)
    operator = linalg.LinearOperator((d, d), matvec=lambda vector: multiply(vector.ravel()), dtype=np.float64)
    # A fixed start, and none that data may be orthogonal to, as shares that add up to 1 are to equal entries.
    start = np.random.default_rng(0).standard_normal(d)
    values, vectors = linalg.eigsh(operator, k=count, v0=start, tol=SPARSE_ACCURACY if samples.is_sparse else 0)
    order = np.argsort(values)[::-1]
    return values[order], vectors.T[order]
