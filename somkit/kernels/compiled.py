"""The compiled kernels behind the same contract as portable.py: arrays are laid out here, the loops run in C."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from somkit.kernels import _compiled, margins, portable
from somkit.kernels.blocks import map_blocks
from somkit.kernels.frames import CARRIED, Array, Classes, Displacements, Frame, Products
from somkit.kernels.packing import DEPTH, Level, depth, lined_up, packed, places
from somkit.kernels.tiled import TiledCodebook

LOW_RANK_FROM = 200, 256  # units and features from which a low-rank search may pay (measured)
TILES_FROM, TILES_UP_TO = 900, 255  # units from and features up to which tiles pay (measured)
PROBE = 96  # rows of a block on which it has to show that it does,
WORTH_MEASURING = 0.06  # by leaving no more than this share of the units to be measured (measured)
FEW = 3.0  # units left for each row, from which a basis is widened
HUGE_SCORE = 1e30  # of a place without a unit, as in _compiled.c
DENSE_UP_TO = 1024  # units for which a full matrix of classes, 2 MB, is read faster than displacements
TARGETS = 8  # tiles that values are carried to at a time
CARRIED_UP_TO = 128  # columns up to which looking up influences costs more than multiplying by them (measured)
GROUP_BYTES = 128  # of the units side by side in the layout of an online codebook, as in _lanes.h
LEVELS = tuple(Level(*entry) for entry in _compiled.levels())


# ---- search by scores ----


@dataclass(frozen=True)
class LowRank:
    """A codebook in the coordinates of a basis that nearly spans it, and how far each unit is from that span."""

    margin: margins.Coefficients
    excess: float
    basis: Array
    packed: Array
    slacks: Array

    @classmethod
    def of(cls, frame: Frame, Q: Array, unit_of: Array, block: int) -> LowRank:
        """Lay a codebook out in the basis ``Q`` (d, q), with its residuals as proven in margins.py."""
        (d, q), dtype, wide, half_norm = Q.shape, frame.W.dtype, Q.astype(np.float64), float(frame.half.max())
        gram, along, size = wide.T @ wide, frame.exact @ wide, float(np.linalg.norm(wide)) * (1 + 1e-9)
        t = along.astype(dtype)
        exact = t.astype(np.float64)
        across = exact @ gram
        image = float(np.sqrt(np.einsum("jq,jq->j", exact, exact).max()))
        doubt, doubt_across = margins.residuals(d, q, (float(np.sqrt(2 * half_norm)), image, size))
        squares = 2 * frame.half - np.einsum("jq,jq->j", exact, 2 * along - across)
        r = np.nextafter(np.sqrt(np.maximum(squares, 0) + doubt).astype(dtype), dtype.type(np.inf))
        g = float(np.sqrt(((along - across) ** 2).sum(axis=1).max())) * (1 + 1e-9) + doubt_across
        identity = float(np.linalg.norm(gram - np.eye(q))) + margins.gamma(d + 4, np.float64) * size**2 + 1e-9
        gaps, basis = (float(r.max()), g), (size, identity)
        margin, excess = margins.low_rank((depth(d), depth(q + 1)), d, half_norm, gaps, basis, dtype)
        columns = np.arange(-(-q // block) * block)
        units = np.where(columns < q, columns, -1)
        features = np.concatenate([t, r[:, None]], axis=1)
        slacks = np.where(unit_of < 0, 0.0, r[np.maximum(unit_of, 0)].astype(np.float64))
        return cls(margin, excess, packed(Q.T, units, block), packed(features, unit_of, block), slacks)


def spanning(frame: Frame, q: int, start: Array | None = None, steps: int = 3) -> Array:
    """Return a basis (d, q) that nearly spans the centred codebook, by some steps of subspace iteration.

    ``start`` is a basis to begin with, of q columns or fewer; what is missing is drawn.
    """
    W = frame.centred
    Q = np.empty((W.shape[1], 0), W.dtype) if start is None else start[:, :q]
    drawn = np.random.default_rng(0).normal(size=(W.shape[1], q - Q.shape[1])).astype(W.dtype)
    Q = np.hstack([Q, drawn])
    for _ in range(steps):
        Q = np.linalg.qr(W.T @ (W @ Q))[0]
    return np.ascontiguousarray(Q, W.dtype)


@dataclass(frozen=True)
class Codebook:
    """A codebook prepared for many searches; made by `prepare`."""

    frame: Frame
    margin: margins.Coefficients
    level: Level
    unit_of: Array
    half: Array
    low_rank: LowRank | None = None
    basis: Array | None = None
    tally: list[int] = field(default_factory=lambda: [0, 0])  # rows searched in the basis, units left to be measured

    @classmethod
    def of(cls, W: Array, level: Level, last: Codebook | None, prune: bool | None) -> Codebook:
        """Centre, scale and pack a codebook; ``last`` is that of the last epoch, if any."""
        frame, block = Frame.of(W), level.block(W.dtype)
        (m, d), unit_of = W.shape, places(len(W), block)
        half = packed(frame.half[:, None].astype(W.dtype), unit_of, block, HUGE_SCORE)
        margin = margins.coefficients(depth(d), d, float(frame.half.max()), W.dtype)
        wanted = (m >= LOW_RANK_FROM[0] and d >= LOW_RANK_FROM[1]) if prune is None else prune
        if not wanted or frame.fragile:
            return cls(frame, margin, level, unit_of, half)
        basis = cls._basis(frame, block, last)
        low_rank = LowRank.of(frame, basis, unit_of, block)
        return cls(frame, margin, level, unit_of, half, low_rank, basis)

    @staticmethod
    def _basis(frame: Frame, block: int, last: Codebook | None) -> Array:
        """Return a basis: a narrow one, or one step on from the last epoch's, widened where that left many units."""
        d = frame.W.shape[1]
        wide, narrow = min(DEPTH // block * block - 1, d), min(min(block, DEPTH // 2) - 1, d)
        if last is None or last.basis is None or last.basis.shape[0] != d:
            return spanning(frame, narrow)
        few = last.tally[1] <= FEW * last.tally[0]
        return spanning(frame, last.basis.shape[1] if few else wide, last.basis, 1 if few else 2)

    @cached_property
    def packed(self) -> Array:
        """All features of the units: only needed where a low-rank search does not pay."""
        return packed(self.frame.centred, self.unit_of, self.level.block(self.frame.W.dtype))

    def search(self, X: Array, k: int, seeds: Array | None = None) -> tuple[Array, Array]:
        """Return the units and distances of the k nearest; X has the codebook's type."""
        del seeds
        if k > 2:
            return portable.Codebook.of(self.frame.W).search(X, k)
        units, distances = np.empty((len(X), k), np.int64), np.empty((len(X), k))
        tried = 0
        if self.low_rank is not None:
            tried = min(len(X), PROBE)
            left = self._search(X[:tried], units[:tried], distances[:tried], self.low_rank)
            low_rank = self.low_rank if left < tried * len(self.frame.W) * WORTH_MEASURING else None
            more = self._search(X[tried:], units[tried:], distances[tried:], low_rank)
            self.tally[0] += len(X) if low_rank is not None else tried  # a count lost to another thread is no loss
            self.tally[1] += left + (more if low_rank is not None else 0)
        else:
            self._search(X, units, distances, None)
        return units, distances

    def _search(self, X: Array, units: Array, distances: Array, low: LowRank | None) -> int:
        frame, margin = self.frame, self.margin if low is None else low.margin
        chosen = self.packed if low is None else low.packed
        return _compiled.search(
            self.level.number, X.dtype == np.float64, X, frame.W, chosen, self.half, self.unit_of, frame.centre,
            None if low is None else low.basis, None if low is None else low.slacks, units, distances,
            len(X), *frame.W.shape, chosen.shape[1], len(chosen), units.shape[1], frame.fragile,
            (frame.scale, margin.slope, margin.base, margin.tie, margin.widest, 0.0 if low is None else low.excess,
             *margins.direct(X.shape[1], X.dtype)),
        )  # fmt: skip


def tiles_pay(m: int, d: int) -> bool:
    """Whether tiles are worth making for a codebook."""
    return m >= TILES_FROM and d <= TILES_UP_TO


def blocks_at_once(m: int, d: int) -> int:
    """How many blocks of rows to search in one call: one, whose rows stay in the caches."""
    del m, d
    return 1


def prepare(
    W: Array,
    level: Level = LEVELS[0],
    *,
    last: Any = None,
    prune: bool | None = None,
    tiles: tuple[Array, Array] | None = None,
) -> Codebook | TiledCodebook:
    """Decide, here and nowhere else, how a codebook is searched; the decision never changes a result."""
    if tiles is not None and (tiles_pay(*W.shape) if prune is None else prune):
        return TiledCodebook.of(W, level, *tiles, last if isinstance(last, TiledCodebook) else None)
    return Codebook.of(W, level, last if isinstance(last, Codebook) else None, prune)


def hops(begin: Array, joined: Array, sources: Array, out: Array) -> None:
    """Count edges from each source to all units, breadth first."""
    _compiled.hops(begin, joined, sources, out, len(begin) - 1)


def carry(
    classes: Array, kept: Array, felt: Array, values: Array, n_jobs: int | None, level: Level = LEVELS[0]
) -> Array:
    """Look influences up one by one, and add up whole vectors of columns."""
    (m, c), lanes = values.shape, level.lanes(values.dtype)
    if c > CARRIED_UP_TO:
        return portable.carry(classes, kept, felt, values, n_jobs)
    padded, found = (lined_up(np.broadcast_to(0.0, (m, -(-c // lanes) * lanes))) for _ in range(2))
    padded[:, :c] = values
    holders = np.flatnonzero(values.any(axis=1))
    begin = np.searchsorted(holders, np.arange(0, m + 1, CARRIED))
    every = felt[np.minimum(np.arange(2 ** (8 * classes.itemsize)), len(felt) - 1)]

    def carry_to(number: int) -> None:
        some = slice(number * TARGETS, (number + 1) * TARGETS)
        out = found[some.start * CARRIED : some.stop * CARRIED]
        _compiled.carry(level.number, classes.itemsize, classes[some], kept[some], holders, begin, every, padded, out,
                        len(classes[some]), len(classes), padded.shape[1])  # fmt: skip

    for _ in map_blocks(carry_to, -(-len(classes) // TARGETS), n_jobs):
        pass
    return found[:, :c]


def accumulate(
    X: Array,
    weight: Array | None,
    units: Array,
    centre: Array | None,
    scale: Array | None,
    sums: Array,
    counts: Array,
    level: Level = LEVELS[0],
) -> None:
    """Add the weighted rows of X to the sums of their units, row by row."""
    _compiled.accumulate(level.number, X.dtype == np.float64, X, weight, units, centre, scale, sums, counts,
                         len(X), *sums.shape)  # fmt: skip


class OnlineCodebook:
    """A codebook under online training; see `somkit.kernels.OnlineCodebook`."""

    def __init__(self, W: Array, level: Level = LEVELS[0]) -> None:
        self._m, self._d = W.shape
        self._level = level
        group = GROUP_BYTES // W.itemsize
        units = np.arange(-(-self._m // group) * group)
        self._packed = packed(W, np.where(units < self._m, units, -1), group)
        self._bias = lined_up(np.zeros(2 * group, W.dtype))  # of a full group, and of the last: no unit, infinitely far
        self._bias[group + (self._m - 1) % group + 1 :] = np.inf
        self._margin = margins.direct(self._d, W.dtype)
        self._classes, self._highest = np.empty(0, np.uint16), 0

    def codebook(self) -> Array:
        """Return the vectors as they are now, (m, d)."""
        return np.ascontiguousarray(self._packed.transpose(0, 2, 1).reshape(-1, self._d)[: self._m])

    def nearest(self, x: Array) -> tuple[int, float]:
        """Return the nearest unit of one row, and its distance."""
        units, distances = self._run(x[None], np.zeros(1, np.int64))
        return int(units[0]), float(distances[0])

    def move(self, x: Array, factors: Array) -> None:
        """w_j += factor_j (x - w_j) in the codebook's own type, where the factor is not 0."""
        self._run(x[None], np.empty(0, np.int64), factors=factors)

    def run(self, X: Array, order: Array, rates: Array, table: Array, classes: Classes) -> tuple[Array, Array]:
        """Make a block of updates: search, then move by ``rates[t] table[t, class]``."""
        return self._run(X, order, rates, table, None, classes)

    def _run(
        self,
        X: Array,
        order: Array,
        rates: Array | None = None,
        table: Array | None = None,
        factors: Array | None = None,
        classes: Classes | None = None,
    ) -> tuple[Array, Array]:
        units, distances = np.empty(len(order), np.int64), np.empty(len(order))
        seen: tuple[Array | None, Array | None] = None, None
        shape, q = (1, 1, 0), 0 if table is None else table.shape[1]
        if isinstance(classes, Products):
            seen, shape = (classes.across, classes.down), (classes.rows, classes.columns, -len(classes.across))
        elif isinstance(classes, Displacements) and self._m > DENSE_UP_TO:
            seen, shape = (classes.lut, classes.nearest_class), (classes.rows, classes.columns, len(classes.lut))
        elif classes is not None:
            seen = classes.dense if isinstance(classes, Displacements) else classes, None
        _compiled.online(
            self._level.number, X.dtype == np.float64, self._packed, self._bias, X, order, rates, table, factors,
            *seen, units, distances, len(X), len(order), self._m, self._d, q, *shape, self._covers(seen[0], q),
            self._margin,
        )  # fmt: skip
        return units, distances

    def _covers(self, classes: Array | None, q: int) -> bool:
        """Whether a table of q classes holds every one of ``classes``."""
        if classes is None:
            return False
        if classes is not self._classes:
            self._classes, self._highest = classes, int(classes.max(initial=0))
        return self._highest < q
