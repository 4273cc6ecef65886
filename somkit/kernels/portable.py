"""The kernels in plain numpy: the twin of the compiled ones, with the same contract and the same results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from somkit.kernels import margins
from somkit.kernels.blocks import map_blocks
from somkit.kernels.frames import (
    CARRIED,
    HUGE_NORM,
    SAFE_SUMS,
    Array,
    Classes,
    Frame,
    influences_from,
    sum_of_squares,
)
from somkit.kernels.patches import SCRATCH, Patches

SCORES = 2**18  # scores that are made and scanned before they leave the second-level cache
BLOCKS_AT_ONCE = 8  # where tiles make the work on one block short (measured)
NO_WAY = 0xFFFF  # as a number of edges
TILES_FROM, TILES_UP_TO = 600, 128  # units from and features up to which tiles pay (measured)
PAIRS = 2**16  # numbers of (row, unit) pairs that are evaluated directly at a time


def distances_of_pairs(X: Array, W: Array) -> Array:
    """Return the distance of each row of X to the same row of W, in double precision and one fixed order of summation.

    Eight interleaved sums, added as a tree: the compiled kernels do exactly the same, so both give the same bits.
    """
    with np.errstate(all="ignore"):
        gaps = np.subtract(X, W, dtype=np.float64)
        sums = sum_of_squares(gaps)
        distances = np.sqrt(sums)
        unsafe = np.flatnonzero(~((sums >= SAFE_SUMS[0]) & (sums <= SAFE_SUMS[1])))
        if len(unsafe):
            widest = np.abs(gaps[unsafe]).max(axis=1)
            exponents = np.frexp(widest)[1]
            scaled = np.ldexp(np.sqrt(sum_of_squares(np.ldexp(gaps[unsafe], -exponents[:, None]))), exponents)
            distances[unsafe] = np.where((widest == 0) | ~np.isfinite(widest), widest, scaled)
    return distances


def decide(rows: Array, units: Array, distances: Array, n: int, k: int, d: float) -> tuple[Array, Array]:
    """Return the k nearest of each row's proposals; ``rows`` ascends, ``units`` ascends within each row."""
    chosen_units, chosen_distances = np.empty((n, k), np.int64), np.empty((n, k))
    for rank in range(k):
        limits = np.fmin.reduceat(distances, _firsts(rows)) * (1 + margins.tie(d))
        within = np.flatnonzero(~(distances > limits.take(rows)))
        first = within.take(_firsts(rows.take(within)))
        chosen_units[:, rank], chosen_distances[:, rank] = units.take(first), distances.take(first)
        if rank + 1 < k:
            rows, units, distances = (np.delete(a, first) for a in (rows, units, distances))
    return chosen_units, chosen_distances


def _firsts(rows: Array) -> Array:
    """Return where each number begins in an ascending array."""
    begins = np.ones(len(rows), bool)
    np.not_equal(rows[1:], rows[:-1], out=begins[1:])
    return np.flatnonzero(begins)


@dataclass(frozen=True)
class Codebook:
    """A codebook prepared for many searches; made by `prepare`."""

    frame: Frame
    margin: margins.Coefficients
    product: Array  # (d + 1, m): minus the centred codebook, and its half norms
    patches: Patches | None = None

    @classmethod
    def of(cls, W: Array, tiles: tuple[Array, Array] | None = None) -> Self:
        """Centre and scale a codebook, and lay it out for one product, or for many small ones."""
        frame, d = Frame.of(W), W.shape[1]
        product = np.concatenate([-frame.centred.T, frame.half[None].astype(W.dtype)])
        margin = margins.coefficients(d + 1, d, float(frame.half.max()), W.dtype)
        flat = frame.fragile or not frame.half.any()
        return cls(frame, margin, product, None if tiles is None or flat else Patches.of(frame, *tiles))

    def search(self, X: Array, k: int, seeds: Array | None = None) -> tuple[Array, Array]:
        """Return the units and distances of the k nearest; X has the codebook's type."""
        units, distances = np.empty((len(X), k), np.int64), np.empty((len(X), k))
        first, waiting = 0, []
        for end, pairs in self._propose(X, k, seeds):
            waiting.append(pairs)
            if end == len(X) or sum(map(len, waiting)) > SCORES:
                found = self._measure(X, np.concatenate(waiting), first, end, k)
                units[first:end], distances[first:end] = found
                first, waiting = end, []
        return units, distances

    def _measure(self, X: Array, pairs: Array, first: int, end: int, k: int) -> tuple[Array, Array]:
        W = self.frame.W
        rows, units = np.divmod(pairs, len(W))
        step = max(1, PAIRS // W.shape[1])
        parts = [slice(start, start + step) for start in range(0, len(rows), step)]
        distances = np.concatenate(
            [distances_of_pairs(X.take(rows[part], axis=0), W.take(units[part], axis=0)) for part in parts]
        )
        return decide(rows - first, units, distances, end - first, k, W.shape[1])

    def _propose(self, X: Array, k: int, seeds: Array | None) -> Iterator[tuple[int, Array]]:
        """Yield the pairs (row m + unit) that may be among the k nearest, some rows at a time."""
        frame, (n, d), patches = self.frame, X.shape, self.patches if k == 1 else None
        with np.errstate(all="ignore"):
            centred, x = X - frame.centre, np.ones((n, d + 1), X.dtype)
            centred *= frame.scale
            x[:, :d] = centred
            squares = np.einsum("if,if->i", centred, centred)
            tolerance = self.margin.tolerance(np.sqrt(squares))
            trusted = (squares <= HUGE_NORM) & (tolerance <= HUGE_NORM) & (not frame.fragile)
            known = None if patches is None or seeds is None else self._scores_of(x[:, :d], seeds)
            step = max(1, n) if patches is None else patches.step
            for start in range(0, n, step):
                part, pairs = slice(start, min(n, start + step)), None
                if patches is not None and trusted[part].all():
                    scores = None if known is None else known[part]
                    pairs = patches.propose(x[part], squares[part], tolerance[part], scores)
                if pairs is None:
                    yield from self._by_one_product(x, tolerance, trusted, part, k)
                else:
                    yield part.stop, pairs + start * len(frame.W)

    def _scores_of(self, x: Array, units: Array) -> Array:
        """Return the score of one unit for each row, infinity where the unit is -1."""
        centred, half = self.frame.centred.take(units, axis=0), self.frame.half.take(units).astype(x.dtype)
        scores: Array = half - np.einsum("if,if->i", x, centred)
        scores[units < 0] = np.inf
        return scores

    def _by_one_product(
        self, x: Array, tolerance: Array, trusted: Array, part: slice, k: int
    ) -> Iterator[tuple[int, Array]]:
        """Do as `_propose` for a part of the rows, by the scores of all units."""
        m = len(self.frame.W)
        step = max(1, SCORES // m)
        shape = min(step, part.stop - part.start), m
        scores, mask = SCRATCH.array("scores", shape, x.dtype), SCRATCH.array("mask", shape, np.dtype(bool))
        for i in range(part.start, part.stop, step):
            end = min(part.stop, i + step)
            some, masked = scores[: end - i], mask[: end - i]
            np.matmul(x[i:end], self.product, out=some)
            lowest = some.min(axis=1) if k == 1 else np.partition(some, k - 1, axis=1)[:, k - 1]
            limits = np.nextafter((lowest + tolerance[i:end]).astype(x.dtype), x.dtype.type(np.inf))
            np.less_equal(some, limits[:, None], out=masked)
            masked[~trusted[i:end]] = True  # nothing can be said from rounded scores: look at every unit
            yield end, np.flatnonzero(masked) + i * m


def prepare(
    W: Array, *, last: Any = None, prune: bool | None = None, tiles: tuple[Array, Array] | None = None
) -> Codebook:
    """Lay a codebook out for searching, by tiles where they pay."""
    del last
    return Codebook.of(W, tiles if (tiles_pay(*W.shape) if prune is None else prune) else None)


def tiles_pay(m: int, d: int) -> bool:
    """Whether tiles are worth making for a codebook."""
    return m >= TILES_FROM and d <= TILES_UP_TO


def blocks_at_once(m: int, d: int) -> int:
    """How many blocks of rows to search in one call; threads stand in each other's way if they call numpy often."""
    return BLOCKS_AT_ONCE if tiles_pay(m, d) else 1


def hops(begin: Array, joined: Array, sources: Array, out: Array) -> None:
    """Count edges from each source to all units, with scipy."""
    from scipy.sparse import csgraph, csr_array

    m = len(begin) - 1
    graph = csr_array((np.ones(len(joined)), joined, begin), shape=(m, m))
    found = csgraph.dijkstra(graph, indices=sources, unweighted=True)
    out[...] = np.where(np.isfinite(found), found, NO_WAY)


def carry(classes: Array, kept: Array, felt: Array, values: Array, n_jobs: int | None) -> Array:
    """Look influences up tile by tile, and multiply."""
    found, holders = np.empty(values.shape), np.flatnonzero(values.any(axis=1))

    def carry_to(number: int) -> None:
        units = holders[kept[number, holders // CARRIED]]
        influences = felt.take(classes[number, units], mode="clip")
        np.matmul(influences.T, values[units], out=found[number * CARRIED : (number + 1) * CARRIED])

    for _ in map_blocks(carry_to, len(classes), n_jobs):
        pass
    return found


def accumulate(
    X: Array, weight: Array | None, units: Array, centre: Array | None, scale: Array | None, sums: Array, counts: Array
) -> None:
    """Add the weighted rows of X to the sums of their units, one row after the other."""
    (m, d), values = sums.shape, np.empty(X.shape[::-1])  # by feature, as loops over few features would be slow
    np.subtract(X.T, 0.0 if centre is None else centre[:, None], out=values)
    if scale is not None:
        values *= scale[:, None]
    if weight is not None:
        values *= weight
    cells = np.arange(d)[:, None] + units * d
    np.add.at(sums.reshape(m * d), cells.ravel(), values.ravel())  # flat: several times as fast as row by row
    np.add.at(counts, units, 1.0 if weight is None else weight)


class OnlineCodebook:
    """A codebook under online training; see `somkit.kernels.OnlineCodebook`."""

    def __init__(self, W: Array) -> None:
        self._W = np.array(W, order="C")

    def codebook(self) -> Array:
        """Return the vectors as they are now, (m, d)."""
        return self._W.copy()

    def nearest(self, x: Array) -> tuple[int, float]:
        """Return the nearest unit of one row, and its distance."""
        W = self._W
        distances = distances_of_pairs(np.broadcast_to(x, W.shape), W)
        limit = np.fmin.reduce(distances) * (1 + margins.tie(W.shape[1]))
        unit = int(np.argmax(~(distances > limit)))
        return unit, float(distances[unit])

    def move(self, x: Array, factors: Array) -> None:
        """w_j += factor_j (x - w_j) in the codebook's own type, where the factor is not 0."""
        with np.errstate(all="ignore"):
            factors = factors.astype(self._W.dtype)
            moved = np.flatnonzero(factors)
            w = self._W[moved]
            self._W[moved] = w + factors[moved, None] * (x - w)

    def run(self, X: Array, order: Array, rates: Array, table: Array, classes: Classes) -> tuple[Array, Array]:
        """Make a block of updates: search, then move by ``rates[t] table[t, class]``."""
        units, distances = np.empty(len(order), np.int64), np.empty(len(order))
        for t, sample in enumerate(order):
            units[t], distances[t] = self.nearest(X[sample])
            factors = table.dtype.type(rates[t]) * influences_from(classes, int(units[t]), table[t])
            self.move(X[sample], factors)
        return units, distances
