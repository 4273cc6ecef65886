"""Search among samples with missing values: NaN in X, never in the codebook.

With mₓ the mask of a row's observed features, Σ mₓ (x - w)² = Σ mₓ x'² + 2 S with S = mₓ·½w'² - (mₓ x')·w' where x' and
w' are centred and scaled as in margins.py. So S is one product of rows (mₓ x', mₓ) with columns (-w', ½w'²), 2 d terms
long, and units rank by it. Its rounding error has the form of E(x) there: a term passes at most 2 d + 1 roundings, and
the terms of ½w'² bring 3.01 u of their own (w' is rounded before it is squared), so ``coefficients`` of depth 2 d + 4
hold, with |mₓ x'| for |x̂| and the largest ½|w'|², which bounds every mₓ·½w'², for h. Missing features add to no
distance, so |x| + |w| still bounds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from somkit.kernels import margins
from somkit.kernels.frames import HUGE_NORM, Array, Frame
from somkit.kernels.portable import PAIRS, distances_of_pairs
from somkit.kernels.proposing import nearest_by_scores


def distances_where_observed(X: Array, W: Array, rows: Array, units: Array) -> Array:
    """Return the distances of pairs (row, unit) over the features that the row has, in double precision."""
    distances = np.empty(len(rows))
    step = max(1, PAIRS // W.shape[1])
    for start in range(0, len(rows), step):
        x, w = X[rows[start : start + step]], W[units[start : start + step]]
        distances[start : start + step] = distances_of_pairs(np.where(np.isnan(x), w, x), w)
    return distances


@dataclass(frozen=True)
class MissingCodebook:
    """A codebook prepared for searching by what is observed of each row; never changed, shared by threads.

    Distances are over the observed features alone; whoever asks scales them, which changes no order of units.
    """

    frame: Frame
    margin: margins.Coefficients
    product: Array  # (2 d, m)

    @classmethod
    def of(cls, W: Array) -> Self:
        """Centre and scale a codebook (m, d) in double precision, and lay it out for one product."""
        frame, d = Frame.of(np.array(W, dtype=np.float64, order="C")), W.shape[1]
        with np.errstate(all="ignore"):  # a fragile frame is not asked for scores
            product = np.concatenate([-frame.centred.T, 0.5 * np.square(frame.centred.T)])
        return cls(frame, margins.coefficients(2 * d + 4, d, float(frame.half.max()), np.float64), product)

    def nearest(self, X: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the units (int64) and distances (float64) of the k nearest, each of shape (n, k).

        ``X`` (n, d) holds NaN where a value is missing, and in every row at least one that is none.
        """
        frame, (n, d) = self.frame, X.shape
        observed = ~np.isnan(X)
        rows = np.zeros((n, 2 * d))
        with np.errstate(all="ignore"):
            np.multiply(np.subtract(X, frame.centre, dtype=np.float64), frame.scale, out=rows[:, :d], where=observed)
            rows[:, d:] = observed
            squares = np.einsum("if,if->i", rows[:, :d], rows[:, :d])
            tolerance = self.margin.tolerance(np.sqrt(squares))
            trusted = (squares <= HUGE_NORM) & (tolerance <= HUGE_NORM) & (not frame.fragile)

        def scores(start: int, stop: int) -> Array:
            with np.errstate(all="ignore"):
                return rows[start:stop] @ self.product

        def measure(some: Array, units: Array, _: Array) -> Array:
            return distances_where_observed(X, frame.W, some, units)

        return nearest_by_scores(scores, measure, tolerance, trusted, (len(frame.W), k, d))
