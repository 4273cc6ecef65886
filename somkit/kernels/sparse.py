"""Search and sums for sparse rows (scipy CSR), which are neither centred nor made dense but for a few rows at a time.

Scores are S = ½|w'|² - x'·w' with x' = s x and w' = s w, s a power of two: margins.py with c = 0, where nothing is
rounded before the product, whose terms pass as many roundings as the row has values. Without a centre they lose digits
far from the origin; then more units are proposed and measured, and the answer is the same.

Proposals are measured directly only where they must be. By margins.py the square s² D² = |x'|² + 2 S is known within
``doubt`` = slope |x'| + base + γ(nnz + 2) |x'|² (slope and base hold twice the error of S). If that is at most (d + 4)
2⁻⁵³ of it, its root is as near the truth as that of a direct evaluation may be, and the rule could have been given it
as well. It remains that both ways must choose the same units. Proposals of a row fall into groups whose scores lie
farther apart than the tolerance, and so their distances by more than a tie, whichever way they are evaluated. A group
of one is decided. So is one whose squares agree within a tie, their roots within half of one, if they are known within
(d + 4) 2⁻⁵⁵, their roots within a sixteenth: sums of squares as `sum_of_squares` takes them pass d/8 + 6 roundings, so
from 56 features on distances evaluated directly are within a sixteenth too, and agree within 3/4 of a tie, within 17/20
where half as much counts as one (`SparseCodebook.of`). Units that training made the same but for rounding are such
groups. All others are made dense and measured.

Rows may stand for others, such as their directions (`SparseRows`), whose squares |x'|² are known without a sum. If by
their nature products know squares of distances but within ``slack``, and rows made dense lie within ``blur`` of what
they stand for, which moves the square of a distance D by 2 blur D + blur² at most, the tolerance grows by slack + 2
blur (|x'| + w) + blur², and ``doubt`` by slack + 2 blur D + blur².
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from somkit.kernels import margins
from somkit.kernels.frames import HUGE_NORM, SAFE_SUMS, Array, sum_of_squares
from somkit.kernels.portable import distances_of_pairs
from somkit.kernels.proposing import nearest_by_scores

DENSE_NUMBERS = 1 << 18  # in sparse rows that are made dense at a time: 2 MB


def _half_squares(W: Array, scale: float) -> Array:
    """Return ½|s w|² of each row, in double precision, a few rows at a time."""
    half = np.empty(len(W))
    step = max(1, DENSE_NUMBERS // W.shape[1])
    for start in range(0, len(W), step):
        half[start : start + step] = 0.5 * sum_of_squares(W[start : start + step].astype(np.float64) * scale)
    return half


def _scale(W: Array) -> tuple[float, bool]:
    """Return the power of two that brings the largest entry into [1/2, 1), and whether there is none."""
    reach = float(max(W.max(), -W.min()))
    fragile = not (reach == 0 or 2.0**-1000 < reach < 2.0**1000)
    return (1.0 if fragile or reach == 0 else float(np.ldexp(1.0, -int(np.frexp(reach)[1])))), fragile


def _decided(
    rows: Array, scores: Array, square: Array, tolerance: Array, doubt: Array, counts: tuple[int, float]
) -> Array:
    """Tell which pairs belong to groups that their squares decide; rows ascend, tolerance is of each row."""
    features, d = counts
    order = np.lexsort((scores, rows))
    row = rows[order]
    begins = np.append(True, (row[1:] != row[:-1]) | (np.diff(scores[order]) > tolerance[row[1:]]))
    starts = np.flatnonzero(begins)
    nearest, farthest = square[order][starts], np.maximum.reduceat(square[order], starts)
    alike = (farthest <= nearest * (1 + margins.tie(d))) & (features >= 56)
    alike &= np.maximum.reduceat(doubt[order], starts) * margins.SLACK <= (d + 4) * 2.0**-55 * nearest
    alone = np.diff(np.append(starts, len(rows))) == 1
    decided = np.empty(len(rows), dtype=bool)
    decided[order] = (alone | alike)[np.cumsum(begins) - 1]
    return decided


@dataclass(frozen=True)
class SparseRows:
    """Rows to search for, or rows that stand for others; see above.

    Parameters
    ----------
    X : CSR array of shape (n, d)
        What products are taken with.
    dense : callable
        Row numbers, shape (k,), to the rows as they are measured, (k, d).
    squares : array of shape (n,), optional
        The squared lengths of what the rows stand for; their own where it is left out.
    slack, blur : arrays of shape (n,), or 0
        How far squares of distances may be from what products say, and rows that are measured from what they stand for.
    """

    X: Any
    dense: Callable[[Array], Array]
    squares: Array | None = None
    slack: Array | float = 0.0
    blur: Array | float = 0.0


@dataclass(frozen=True)
class SparseCodebook:
    """A codebook prepared for searching sparse rows; never changed, shared by threads."""

    W: Array
    product: Array  # (d, m): minus the scaled codebook, each feature's values side by side
    half: Array
    scale: float
    fragile: bool
    features: float  # as many as decide what is a tie

    @classmethod
    def of(cls, W: Array, features: float | None = None) -> Self:
        """Scale a codebook (m, d) in double precision and lay it out for one product.

        ``features`` decides what is a tie, d where it is left out; (d + 4) / 2 - 4: half as much.
        """
        scale, fragile = _scale(W)
        with np.errstate(all="ignore"):
            product = np.multiply(W.T, -scale, dtype=np.float64, order="C")
            return cls(
                W, product, _half_squares(W, scale), scale, fragile, W.shape[1] if features is None else features
            )

    def nearest(self, X: Any, k: int = 1) -> tuple[Array, Array]:
        """Return the units (int64) and distances (float64) of the k nearest, each of shape (n, k); X in CSR form."""
        return self.search(SparseRows(X, lambda some: X[some].toarray()), k)

    def search(self, given: SparseRows, k: int = 1) -> tuple[Array, Array]:
        """Return what `nearest` does, for rows that may stand for others."""
        X, d = given.X, self.features
        values, squares, norms = self._scaled(given)
        blur, longest = np.broadcast_to(given.blur * self.scale, len(norms)), int(np.diff(X.indptr).max(initial=0))
        margin = margins.coefficients(longest + 1, self.W.shape[1], float(self.half.max()), np.float64)
        with np.errstate(all="ignore"):
            slack = given.slack * self.scale * self.scale
            tolerance = margin.tolerance(norms) + slack + blur * (2 * (norms + margin.widest) + blur)
            trusted = (norms**2 <= HUGE_NORM) & (tolerance <= HUGE_NORM) & (not self.fragile)
            doubt = margin.slope * norms + margin.base + margins.gamma(longest + 4, np.float64) * norms**2 + slack
        scaled = type(X)((values, X.indices, X.indptr), shape=X.shape)

        def scores(start: int, stop: int) -> Array:
            with np.errstate(all="ignore"):
                return np.asarray(scaled[start:stop] @ self.product + self.half)

        def measure(rows: Array, units: Array, found: Array) -> Array:
            with np.errstate(all="ignore"):
                square = squares[rows] + 2 * found
                known = trusted[rows] & (square >= SAFE_SUMS[0])  # of less some may have been lost to underflow
                root = np.sqrt(square)
                wrong = doubt[rows] + blur[rows] * (2 * root + blur[rows])
                known &= wrong * margins.SLACK <= (d + 4) * 2.0**-53 * square
                distances = np.asarray(root / self.scale)
                left = np.flatnonzero(~(known & _decided(rows, found, square, tolerance, wrong, (self.W.shape[1], d))))
            distances[left] = self._measured(given.dense, rows[left], units[left])
            return distances

        return nearest_by_scores(scores, measure, tolerance, trusted, (len(self.W), k, d))

    def _scaled(self, given: SparseRows) -> tuple[Array, Array, Array]:
        """Return the scaled values of rows, the scaled squares of what they stand for, and their own lengths."""
        lengths = np.diff(given.X.indptr)
        with np.errstate(all="ignore"):
            values = np.multiply(given.X.data, self.scale, dtype=np.float64)
            own = np.bincount(np.repeat(np.arange(len(lengths)), lengths), values * values, len(lengths))
            return values, own if given.squares is None else given.squares * self.scale * self.scale, np.sqrt(own)

    def _measured(self, dense: Callable[[Array], Array], rows: Array, units: Array) -> Array:
        distances = np.empty(len(rows))
        step = max(1, DENSE_NUMBERS // self.W.shape[1])
        for start in range(0, len(rows), step):
            some, place = np.unique(rows[start : start + step], return_inverse=True)
            x, w = dense(some), self.W[units[start : start + step]]
            with np.errstate(all="ignore"):
                sums = sum_of_squares(np.subtract(x[place], w, dtype=np.float64))
            safe = (sums >= SAFE_SUMS[0]) & (sums <= SAFE_SUMS[1])
            found = np.sqrt(sums, where=safe, out=np.zeros(len(sums)))
            if not safe.all():
                found[~safe] = distances_of_pairs(x[place[~safe]], w[~safe])
            distances[start : start + step] = found
        return distances


def sums_per_unit(X: Any, weight: Array | None, units: Array, m: int) -> tuple[Any, Array]:
    """Return weighted sums of sparse rows per unit, in CSR form (m, d) and double precision, and of their weights."""
    n = len(units)
    weights = np.ones(n) if weight is None else weight
    of_unit = type(X)((weights, (units, np.arange(n))), shape=(m, n))
    return of_unit @ X.astype(np.float64), np.bincount(units, weights, m).astype(np.float64)
