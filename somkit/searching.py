"""Codebooks as trainers use them: laid out for searching, and on the move under online training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, final

import attrs
import numpy as np

from somkit.kernels import Classes, influences_from
from somkit.kernels.sparse import DENSE_NUMBERS

Array = np.ndarray[Any, Any]
Tiles = tuple[Array, Array]
Towards = Callable[[Array, Array, Any], Array]


class Searcher(Protocol):
    """A codebook laid out for searching; made by a metric's `prepare`, never changed, shared by threads."""

    def nearest(self, X: Array, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Return what the metric's `nearest` does; ``seeds`` (n,): units likely to be near, -1 where none is known."""


class MovingCodebook(Protocol):
    """A codebook under online training; made by a metric's `online`, used by one thread."""

    def run(self, X: Array, order: Array, rates: Array, table: Array, classes: Classes) -> tuple[Array, Array]:
        """Make a block of updates, w_j += rates[t] table[t, class(b, j)] (x - w_j) with x = X[order[t]].

        Parameters
        ----------
        X : array of shape (n, d)
        order, rates : arrays of shape (updates,)
        table : array of shape (updates, q)
            The influence at each of the q distinct map distances.
        classes : uint16 array of shape (m, m), Displacements or Products
            Which of the q distances lies between two units; q or more: never moved. `Products`: the influence is the
            product of those at two distances.

        Returns
        -------
        units : array of shape (updates,), int64
            The best unit b of each update, before its move.
        distances : array of shape (updates,), float64
        """

    def nearest(self, x: Array) -> tuple[int, float]:
        """Return the best unit of one sample, shape (d,), and its distance."""

    def move(self, x: Array, factors: Array) -> None:
        """Move every unit, w_j += factors[j] (x - w_j), by the features that are not missing in x."""

    def codebook(self) -> Array:
        """Return the vectors as they are now, (m, d)."""


class Nearest(Protocol):
    """What can find nearest units at once: a metric."""

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units of each sample and their distances."""


@final
@attrs.frozen(eq=False)
class PlainSearcher:
    """A codebook that a metric searches as it is."""

    metric: Nearest
    W: Array

    def nearest(self, X: Array, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Ask the metric."""
        del seeds
        return self.metric.nearest(X, self.W, k)


def in_dense_pieces(X: Any) -> Iterator[Array]:
    """Yield the rows of a CSR array as dense arrays, a few at a time."""
    rows = max(1, DENSE_NUMBERS // X.shape[1])
    for start in range(0, X.shape[0], rows):
        yield X[start : start + rows].toarray()


@final
@attrs.frozen(eq=False)
class PiecewiseSearcher:
    """A codebook that is searched for sparse rows by making a few at a time dense."""

    dense: Searcher

    def nearest(self, X: Any, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Search piece by piece."""
        del seeds
        found = [self.dense.nearest(piece, k) for piece in in_dense_pieces(X)]
        return np.concatenate([units for units, _ in found]), np.concatenate([distances for _, distances in found])


def _straight(W: Array, targets: Array, factors: Any) -> Array:
    return np.asarray(W + factors * (targets - W))


@final
class PlainCodebook:
    """A codebook that any metric can search, moved in numpy; ``towards`` is the metric's way of moving vectors."""

    def __init__(self, metric: Nearest, W: Array, towards: Towards | None = None) -> None:
        self._metric, self._W, self._towards = metric, np.array(W, order="C"), towards or _straight

    def run(self, X: Array, order: Array, rates: Array, table: Array, classes: Classes) -> tuple[Array, Array]:
        """Search and move, one update at a time."""
        units, distances = np.empty(len(order), dtype=np.int64), np.empty(len(order))
        for step, sample in enumerate(order):
            units[step], distances[step] = self.nearest(X[sample])
            factors = table.dtype.type(rates[step]) * influences_from(classes, int(units[step]), table[step])
            self.move(X[sample], factors)
        return units, distances

    def nearest(self, x: Array) -> tuple[int, float]:
        """Ask the metric."""
        units, distances = self._metric.nearest(x[None, :], self._W, 1)
        return int(units[0, 0]), float(distances[0, 0])

    def move(self, x: Array, factors: Array) -> None:
        """Move the units whose factor is not 0, towards what is observed of the sample."""
        moved = np.flatnonzero(factors)
        w = self._W[moved]
        target = np.where(np.isnan(x), w, x)  # what is missing moves no unit
        self._W[moved] = self._towards(w, target, factors[moved, None].astype(self._W.dtype))

    def codebook(self) -> Array:
        """Return a copy of the vectors."""
        return self._W.copy()
