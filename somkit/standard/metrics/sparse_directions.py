"""Directions, and the search by them among sparse samples, whose means are taken off by formula.

With u = (x - mean x) / s, s being the length of x - mean x, and v a direction whose features add up to t, u.v = x.v / s
less t mean x / s. Directions of centred units have t = 0 but for rounding, so the products of x / s say how far u is
from v, and x stays sparse. They leave out t mean x / s; x / s is r = |x| / s >= 1 long, and its values are rounded, as
is s, by the rounding of the mean to the second order only: in all the squared distance is within (values stored + 12)
roundings of r^2 and 2 |t mean x / s| of the truth. The directions that are measured are rounded too: by a division and
the subtraction of a feature that may be r times as large as what is left, and by two divisions. Their length, good to a
few roundings, moves the square of a distance by as many at most, relative to itself.
"""

from __future__ import annotations

from typing import Any, Self, final

import attrs
import numpy as np

from somkit import kernels
from somkit.kernels.margins import gamma
from somkit.kernels.sparse import SparseCodebook, SparseRows
from somkit.searching import Nearest, in_dense_pieces

Array = np.ndarray[Any, Any]

ACUTE = 1.5  # a little more than the gap at a right angle
SUMMED = 64  # more roundings than a sum over features passes that numpy takes in pairs


def directions(X: Array) -> tuple[Array, Array]:
    """Return rows of length 1, and which rows are zero and have no direction."""
    x = X.astype(np.float64)
    largest = np.abs(x).max(axis=1, keepdims=True)
    zero = largest[:, 0] == 0
    x = x / np.where(largest > 0, largest, 1.0)
    return x / np.where(zero, 1.0, np.linalg.norm(x, axis=1))[:, None], zero


def centred(X: Array) -> Array:
    """Return rows with mean 0; rows of equal numbers become exactly 0."""
    x = np.ascontiguousarray(X, dtype=np.float64)
    largest = np.abs(x).max(axis=1, keepdims=True)
    x = x / np.where(largest > 0, largest, 1.0)
    flat = x.max(axis=1) == x.min(axis=1)
    return np.asarray(np.where(flat[:, None], 0.0, x - x.mean(axis=1, keepdims=True)))


def centred_directions(X: Array) -> tuple[Array, Array]:
    """Return rows with mean 0 and length 1, and which rows are of equal numbers and have no direction."""
    return directions(centred(X))


def halved(gaps: Array) -> Array:
    """Return half the squares of gaps between directions, one minus the cosines."""
    return np.minimum(gaps**2 / 2, 2.0)


@final
@attrs.frozen(eq=False)
class SparseDirections:
    """The directions of a codebook, laid out for searching sparse rows by one minus their cosine, or by their angle.

    What has no direction gets one of its own, in a feature added for it: square to all others. Rows whose angle to a
    unit is obtuse, of which the gap between directions says little, are made dense, a few at a time, and searched by
    the metric.
    """

    metric: Nearest
    W: Array
    centred: bool
    angles: bool
    codebook: SparseCodebook
    sums: float  # a bound of what the features of a direction add up to

    @classmethod
    def of(cls, metric: Nearest, W: Array, *, centred: bool = False, angles: bool = False) -> Self:
        """Lay the directions out."""
        d = W.shape[1]
        found, lost = (centred_directions if centred else directions)(W)
        sums = float(np.abs(found.sum(axis=1)).max()) + gamma(SUMMED, np.float64) * d**0.5
        ties = d if angles else (d + 4) / 2 - 4  # squares are within a tie where gaps are within half of one
        codebook = SparseCodebook.of(np.column_stack([found, lost]), ties)
        return cls(metric, W, centred, angles, codebook, sums)

    def nearest(self, X: Any, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Search rows in CSR form."""
        del seeds
        units, gaps = self.codebook.search(self._rows(X), k)
        if not self.angles:
            return units, halved(gaps)
        distances = np.asarray(2 * np.arcsin(np.minimum(gaps / 2, 1.0)))
        wide = np.flatnonzero(gaps[:, -1] > ACUTE)
        if len(wide):
            found = [self.metric.nearest(piece, self.W, k) for piece in in_dense_pieces(X[wide])]
            units[wide], distances[wide] = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return units, distances

    def _rows(self, X: Any) -> SparseRows:
        """Return the rows, divided by the lengths of what is left of them without their means, in CSR form."""
        (n, d), lengths = X.shape, np.diff(X.indptr)
        rows, values = np.repeat(np.arange(n), lengths), X.data.astype(np.float64)
        low, high = (np.where(lengths < d, 0.0, infinity) for infinity in (np.inf, -np.inf))
        np.minimum.at(low, rows, values)
        np.maximum.at(high, rows, values)
        values *= kernels.power_of_two(np.maximum(high, -low))[rows]
        mean = np.bincount(rows, values, n) / d if self.centred else np.zeros(n)
        lost = (low == high) & (self.centred | (low == 0))
        squares = np.bincount(rows, (values - mean[rows]) ** 2, n) + (d - lengths) * mean**2
        with np.errstate(all="ignore"):  # a row whose square is lost is not trusted, and measured
            length = np.where(lost, np.inf, np.sqrt(squares))
            values /= length[rows]
            reach = np.bincount(rows, values**2, n)
            slack = gamma(int(lengths.max(initial=0)) + 12, np.float64) * reach
            slack += 2 * self.sums * np.abs(mean) / length
            blur = 2.0**-53 * (np.sqrt(reach) + 3)
        return SparseRows(self._wider(X, values, lost), lambda some: self._dense(X[some]), np.ones(n), slack, blur)

    def _wider(self, X: Any, values: Array, lost: Array) -> Any:
        """Return rows of other values, with a feature more that is 1 where a row has no direction."""
        from scipy.sparse import csr_array, hstack

        along = csr_array((values, X.indices, X.indptr), shape=X.shape)
        return hstack([along, csr_array(lost[:, None].astype(np.float64))], format="csr")

    def _dense(self, X: Any) -> Array:
        """Return the directions of a few rows as dense ones have them."""
        return np.column_stack((centred_directions if self.centred else directions)(X.toarray()))
