"""A codebook in tiles of units that lie together on the map, each tile in a box along axes of the codebook's own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from somkit.kernels import _compiled, margins, portable
from somkit.kernels.frames import Array, sum_of_squares
from somkit.kernels.packing import Level, packed

LEFT_OUT = 0.005  # share of the units' squares that their axes may leave out (measured)
ALL_UP_TO = 16  # features up to which no axis is left out,
WORTH_LEAVING_OUT = 0.75  # nor where more than this share of them is needed (measured)


@dataclass(frozen=True)
class Tiling:
    """Which unit is where: a partition of the units cut into tiles of at most four vectors.

    ``cuts`` are where tiles begin in ``permutation``, ``unit_of`` the unit at each place of each tile (-1: none),
    ``tile_of`` the tile of each unit, ``start`` 0 where a unit is and infinity where there is none.
    """

    permutation: Array
    offsets: Array
    cuts: Array
    unit_of: Array
    tile_of: Array
    start: Array

    @classmethod
    def of(cls, m: int, dtype: np.dtype, lanes: int, permutation: Array, offsets: Array) -> Tiling:
        """Cut a partition of m units."""
        size = 4 * lanes
        if (
            len(offsets) < 2
            or offsets[0] != 0
            or offsets[-1] != m
            or np.any(np.diff(offsets) < 0)
            or not np.array_equal(np.sort(permutation), np.arange(m))
        ):
            message = "tiles must be (permutation of the units, offsets from 0 to their number)."
            raise ValueError(message)
        cuts = np.concatenate([np.arange(a, b, size) for a, b in pairwise(offsets)])
        places = cuts[:, None] + np.arange(size)
        ends = np.append(cuts[1:], m)[:, None]
        unit_of = np.full((-(-len(cuts) // lanes) * lanes, size), -1)
        unit_of[: len(cuts)] = np.where(places < ends, permutation[np.minimum(places, m - 1)], -1)
        tile_of = np.empty(m, np.int64)
        tile_of[permutation] = np.repeat(np.arange(len(cuts)), np.diff(np.append(cuts, m)))
        return cls(permutation, offsets, cuts, unit_of, tile_of, np.where(unit_of < 0, np.inf, 0).astype(dtype))


@dataclass(frozen=True)
class Axes:
    """Where boxes are measured: about a centre, along q directions (orthonormal but for rounding).

    A trained codebook is smooth, and one that starts in a plane is flat: along its principal axes boxes are narrow, and
    a few axes say nearly all. The rest counts by its length alone. Nothing is assumed of the directions: poor ones cost
    time, never exactness.
    """

    centre: Array
    directions: Array
    length: float
    defect: float

    @classmethod
    def of(cls, W: Array, last: Axes | None = None) -> Axes:
        """Find the axes of a codebook; those of the last epoch if they still serve."""
        d = W.shape[1]
        with np.errstate(all="ignore"):
            centre = W.mean(axis=0, dtype=np.float64).astype(W.dtype)
            centre = centre if np.isfinite(centre).all() else np.zeros_like(centre)
            offsets = W - centre.astype(np.float64)
            offsets /= np.abs(offsets).max()
        found = np.eye(d)
        if np.isfinite(offsets).all():
            found = _principal(offsets, None if last is None else last.directions)
        directions = found.astype(W.dtype).astype(np.float64)
        length = float(np.linalg.norm(directions)) * margins.SLACK
        defect = float(np.linalg.norm(directions.T @ directions - np.eye(directions.shape[1])))
        return cls(centre, directions, length, defect + margins.gamma(d + 4, np.float64) * length**2)

    def laid_out(self, lanes: int) -> Array:
        """Return the directions in the type of the centre, as (d, columns), in pairs of vectors."""
        d, q = self.directions.shape
        columns = np.zeros((d, -(-q // (2 * lanes)) * 2 * lanes), self.centre.dtype)
        columns[:, :q] = self.directions
        return columns

    def boxes(self, W: Array, tiling: Tiling) -> tuple[Array, Array]:
        """Return the lower and the upper edges of the boxes, (tiles, sides), rounded outwards.

        If axes are left out, the last side is the distance from the span of the others.
        """
        (d, q), ordered = self.directions.shape, tiling.permutation
        with np.errstate(all="ignore"):
            offsets = W[ordered] - self.centre.astype(np.float64)
            exponent = int(np.frexp(np.abs(offsets).max())[1])
            offsets = np.ldexp(offsets, -exponent)
            along = offsets @ self.directions
            reach = float(np.sqrt(sum_of_squares(offsets).max())) * margins.SLACK
            error = margins.gamma(d + 8, np.float64) * self.length * reach
            low = np.minimum.reduceat(along, tiling.cuts) - error
            high = np.maximum.reduceat(along, tiling.cuts) + error
            if q < d:
                rest = np.sqrt(sum_of_squares(offsets - along @ self.directions.T))
                error = margins.gamma(d + 2 * q + 12, np.float64) * (1 + self.length**2) * reach
                low = np.column_stack([low, np.zeros(len(low))])
                high = np.column_stack([high, np.maximum.reduceat(rest, tiling.cuts) + error])
            low, high = np.ldexp(low, exponent).astype(W.dtype), np.ldexp(high, exponent).astype(W.dtype)
            low, high = np.nextafter(low, -np.inf, dtype=W.dtype), np.nextafter(high, np.inf, dtype=W.dtype)
        return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)


def _principal(offsets: Array, last: Array | None) -> Array:
    """Return the first principal axes, (d, q), as many as are needed; the last ones if they still span enough."""
    d, total = offsets.shape[1], float(np.einsum("jf,jf->", offsets, offsets))
    if last is not None and ALL_UP_TO < d == len(last):
        along = offsets @ last
        if total - float(np.einsum("jq,jq->", along, along)) <= LEFT_OUT * total:
            return last
    squares, axes = np.linalg.eigh(offsets.T @ offsets)
    q = 1 + int(np.argmax(np.cumsum(squares[::-1]) >= (1 - LEFT_OUT) * total))
    return axes[:, ::-1][:, : d if d <= ALL_UP_TO or q > WORTH_LEAVING_OUT * d else q]


@dataclass(frozen=True)
class TiledCodebook:
    """A codebook in tiles, each in a box; a second level of boxes lies around as many tiles as a vector has lanes."""

    W: Array
    level: Level
    tiling: Tiling
    axes: Axes
    margin: tuple[float, ...]
    packed: Array
    columns: Array
    edges: Array
    outer_edges: Array

    @classmethod
    def of(
        cls, W: Array, level: Level, permutation: Array, offsets: Array, last: TiledCodebook | None = None
    ) -> TiledCodebook:
        """Lay a codebook out; ``last`` is that of the last epoch, if any."""
        lanes, d = level.lanes(W.dtype), W.shape[1]
        tiling = None if last is None else last.tiling
        if tiling is None or not (tiling.permutation is permutation and tiling.start.dtype == W.dtype):
            tiling = Tiling.of(len(W), W.dtype, lanes, permutation, offsets)
        axes = Axes.of(W, None if last is None else last.axes)
        low, high = axes.boxes(W, tiling)
        q, basis = axes.directions.shape[1], (axes.length, axes.defect)
        margin = margins.direct(d, W.dtype) + margins.boxes(d, q, basis, W.dtype)
        laid_out = packed(W, tiling.unit_of.reshape(-1), 4 * lanes)
        edges, outer = _edges(low, high, lanes), _edges(*_around(low, high, lanes), lanes)
        return cls(W, level, tiling, axes, margin, laid_out, axes.laid_out(lanes), edges, outer)

    def search(self, X: Array, k: int, seeds: Array | None = None) -> tuple[Array, Array]:
        """Return the units and distances of the k nearest; X has the codebook's type."""
        if k > 2:
            return portable.Codebook.of(self.W).search(X, k)
        units, distances, tiling = np.empty((len(X), k), np.int64), np.empty((len(X), k)), self.tiling
        _compiled.tiles(
            self.level.number, X.dtype == np.float64, X, self.W, self.packed, tiling.start, tiling.unit_of,
            tiling.tile_of, self.axes.centre, self.columns, self.edges, self.outer_edges, seeds, units, distances,
            len(X), *self.W.shape, self.axes.directions.shape[1], self.columns.shape[1], len(self.edges), k,
            self.margin,
        )  # fmt: skip
        return units, distances


def _around(low: Array, high: Array, count: int) -> tuple[Array, Array]:
    """Return the edges of the boxes around ``count`` boxes each."""
    starts = np.arange(0, len(low), count)
    return np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)


def _edges(low: Array, high: Array, lanes: int) -> Array:
    """Lay edges out as (groups, 2 sides, lanes), lower and upper alternating; nothing is in a box that is not there."""
    both = np.stack([low, high], axis=2).reshape(len(low), -1)
    empty = np.tile(np.array([np.inf, -np.inf], low.dtype), (-len(low) % lanes, low.shape[1]))
    return np.ascontiguousarray(np.concatenate([both, empty]).reshape(-1, lanes, both.shape[1]).transpose(0, 2, 1))
