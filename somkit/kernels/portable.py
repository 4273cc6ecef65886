"""The kernels in numpy, for every machine."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SCORES = 1 << 18  # scores held at once, so that they stay in the second-level cache
SAFE = (1e-280, 1e280)  # squared distances between which neither squares nor their sums lose anything
PAIRS = 1 << 20  # numbers in one slab of direct differences


def tie_margin(d: int) -> float:
    """Return how much farther, relatively, a unit may be and still tie: what rounding can do to a direct distance."""
    return (d + 4) * 2.0**-52


def nearest(X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
    """Return the ``k`` nearest units of each sample by Euclidean distance, exactly.

    A matrix product proposes; every unit within its proven rounding error of the k-th best is then measured directly in
    float64, so the answer is that of a direct search wherever the data lie.

    Parameters
    ----------
    X : array of shape (n, d)
        Samples, float32 or float64, finite.
    W : array of shape (m, d)
        Codebook, finite.
    k : int
        At most m.

    Returns
    -------
    units : array of shape (n, k), int64
        Nearest first; units whose distances agree within (d + 4) * 2^-52 relative come in ascending order.
    distances : array of shape (n, k), float64
        Computed directly, as the root of the sum of squared differences.

    Notes
    -----
    With u the unit roundoff of the search's dtype, |fl(x.w) - x.w| <= gamma_d |x||w| (Higham, Accuracy and Stability of
    Numerical Algorithms, 2002, doi:10.1137/1.9780898718027, eq. 3.5); rounding the centred x and w to the dtype adds
    2u|x||w| and 2u|w|^2, forming h - x.w two roundings more. Hence the margin (d + 8) u (|x||w|max + |w|max^2) on each
    score, and twice that between two of them.
    """
    n, d = X.shape
    units = np.empty((n, k), dtype=np.int64)
    distances = np.empty((n, k))
    dtype = np.float32 if X.dtype == W.dtype == np.float32 else np.float64
    exact = W.astype(np.float64)
    centre = exact.mean(axis=0) if np.abs(exact).max() < 1e300 else np.zeros(d)
    codebook = exact - centre
    rows = max(1, SCORES // len(W))
    for start in range(0, n, rows):
        block = X[start : start + rows].astype(np.float64)
        chosen = _candidates(block - centre, codebook, k, dtype)
        units[start : start + rows], distances[start : start + rows] = _settle(block, exact, chosen, k)
    return units, distances


def power_of_two(largest: Any) -> Any:
    """Return a power of two that brings ``largest`` to at most 1, so that squares neither over- nor underflow."""
    return np.ldexp(1.0, -np.clip(np.frexp(largest)[1], -1000, 1000))


def _candidates(X: Array, W: Array, k: int, dtype: type) -> Array:
    """Return a mask (n, m) of the units that may be among the k nearest."""
    if k >= len(W):
        return np.ones((len(X), len(W)), dtype=bool)
    scale = power_of_two(max(np.abs(X).max(), np.abs(W).max()))
    x, w = (X * scale).astype(dtype), (W * scale).astype(dtype)
    half = 0.5 * np.einsum("ij,ij->i", w, w, dtype=np.float64)
    scores = half.astype(dtype) - x @ w.T
    reach = np.sqrt(2 * half.max())
    length = np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))
    margin = (X.shape[1] + 8) * np.finfo(dtype).eps * (length * reach + reach * reach) + np.finfo(dtype).tiny
    kth = scores.min(axis=1) if k == 1 else np.partition(scores, k - 1, axis=1)[:, k - 1]
    limit = kth + 2 * margin
    return np.asarray(scores <= limit[:, None])


def _settle(X: Array, W: Array, chosen: Array, k: int) -> tuple[Array, Array]:
    """Measure the chosen units directly and return the k nearest of each sample."""
    n, m = chosen.shape
    units = np.empty((n, k), dtype=np.int64)
    distances = np.empty((n, k))
    counts = np.count_nonzero(chosen, axis=1)
    plain = np.flatnonzero(counts == 1) if k == 1 else np.empty(0, dtype=np.int64)
    if len(plain):
        units[plain, 0] = chosen[plain].argmax(axis=1)
        distances[plain, 0] = _lengths(X[plain] - W[units[plain, 0]])
    for rows in _slabs(np.setdiff1d(np.arange(n), plain, assume_unique=True), counts, X.shape[1]):
        row, unit = np.nonzero(chosen[rows])
        measured = np.full((len(rows), m), np.inf)
        measured[row, unit] = _lengths(X[rows[row]] - W[unit])
        units[rows], distances[rows] = rank(measured, k, tie_margin(X.shape[1]))
    return units, distances


def _slabs(rows: Array, counts: Array, d: int) -> list[Array]:
    """Cut rows into slabs whose direct differences fit the working memory."""
    if not len(rows):
        return []
    slab = np.cumsum(counts[rows]) * d // PAIRS
    return np.split(rows, np.flatnonzero(np.diff(slab)) + 1)


def _lengths(differences: Array) -> Array:
    """Return the Euclidean length of each row, also where the squares would over- or underflow."""
    largest = np.abs(differences).max(axis=1)
    scale = power_of_two(np.where(largest > 0, largest, 1.0))
    scaled = differences * scale[:, None]
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", scaled, scaled)) / scale)


def nearest_one(x: Array, W: Array) -> tuple[int, float]:
    """Return the nearest unit of one sample, shape (d,), and its distance, measured directly."""
    differences = np.subtract(W, x, dtype=np.float64)
    squared = np.einsum("ij,ij->i", differences, differences)
    smallest = squared.min()
    if not SAFE[0] < smallest < SAFE[1] and differences[squared.argmin()].any():
        units, distances = nearest(x[None, :], W)
        return int(units[0, 0]), float(distances[0, 0])
    unit = int((squared <= smallest * (1 + tie_margin(len(x))) ** 2).argmax())
    return unit, float(np.sqrt(squared[unit]))


def rank(distances: Array, k: int, margin: float) -> tuple[Array, Array]:
    """Return the k smallest of each row, nearest first, lowest index first among those that tie within ``margin``."""
    n = len(distances)
    rows = np.arange(n)
    left = distances if k == 1 else distances.copy()
    units = np.empty((n, k), dtype=np.int64)
    found = np.empty((n, k))
    for place in range(k):
        smallest = left.min(axis=1)
        unit = (left <= (smallest * (1 + margin))[:, None]).argmax(axis=1)
        units[:, place], found[:, place] = unit, left[rows, unit]
        if place + 1 < k:
            left[rows, unit] = np.inf
    return units, found


def accumulate(X: Array, weight: Array | None, units: Array, m: int, centre: Array, exponent: Array) -> Array:
    """Return the weighted sums of the samples that fell on each unit, and their weights.

    Parameters
    ----------
    X : array of shape (n, d)
    weight : array of shape (n,) or None
        None counts every sample once.
    units : array of shape (n,)
        The unit that each sample fell on.
    m : int
        Number of units.
    centre, exponent : arrays of shape (d,)
        Sums are taken of (x - centre) * 2^-exponent, which lies in [-1, 1]: they lose nothing far from the origin.

    Returns
    -------
    array of shape (m, d + 1), float64
        The sums, and in the last column the weights.
    """
    n, d = X.shape
    rows = np.ones((n, d + 1))
    rows[:, :d] = np.ldexp(X - centre, -exponent)
    if weight is not None:
        rows *= weight[:, None]
    total = np.zeros((m, d + 1))
    if n:
        order = np.argsort(units, kind="stable")
        hit, first = np.unique(units[order], return_index=True)
        total[hit] = np.add.reduceat(rows[order], first, axis=0)
    return total


def move(W: Array, x: Array, factors: Array) -> None:
    """Move every unit towards a sample, in place: w += factor * (x - w), units with factor 0 not at all."""
    moved = np.flatnonzero(factors)
    if len(moved) == len(W):
        W += factors[:, None].astype(W.dtype) * (x - W)
    else:
        W[moved] += factors[moved, None].astype(W.dtype) * (x - W[moved])
