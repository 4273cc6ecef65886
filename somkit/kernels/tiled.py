"""A codebook in tiles of units that lie together on the map, each tile in a box along axes of the codebook's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from somkit.kernels import _compiled, margins, portable
from somkit.kernels.frames import Array, tile_cuts
from somkit.kernels.packing import Level, lined_up, packed

LEFT_OUT = 0.0001  # share of the units' squares that their axes may leave out (measured)
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
    def of(cls, m: int, dtype: np.dtype[Any], lanes: int, permutation: Array, offsets: Array) -> Tiling:
        """Cut a partition of m units."""
        size = 4 * lanes
        cuts = tile_cuts(m, size, permutation, offsets)
        places = cuts[:, None] + np.arange(size)
        ends = np.append(cuts[1:], m)[:, None]
        unit_of = np.full((-(-len(cuts) // lanes) * lanes, size), -1)
        unit_of[: len(cuts)] = np.where(places < ends, permutation[np.minimum(places, m - 1)], -1)
        tile_of = np.empty(m, np.int64)
        tile_of[permutation] = np.repeat(np.arange(len(cuts)), np.diff(np.append(cuts, m)))
        start = lined_up(np.where(unit_of < 0, np.inf, 0), dtype)
        return cls(permutation, offsets, cuts, unit_of, tile_of, start)

    def serves(self, permutation: Array, offsets: Array, dtype: np.dtype[Any]) -> bool:
        """Tell whether this is the tiling of that very partition."""
        return permutation is self.permutation and offsets is self.offsets and self.start.dtype == dtype


@dataclass(frozen=True)
class Boxes:
    """The boxes of tiles: about a centre, along q directions (orthonormal but for rounding), their edges in pairs.

    A trained codebook is smooth, and one that starts in a plane is flat: along its principal axes boxes are narrow, and
    a few axes say nearly all. The rest counts by its length alone: if axes are left out, the last side of each box is
    the distance from the span of the others. Nothing is assumed of the directions: poor ones cost time, never
    exactness. ``low`` and ``high`` (sides, tiles) are rounded outwards. ``coordinates`` (sides, m) are the units' own,
    in the order of the tiles, and last at most how far each is from the span; None if no axis is left out.
    """

    centre: Array
    directions: Array
    margin: tuple[float, ...]
    low: Array
    high: Array
    coordinates: Array | None

    @classmethod
    def of(cls, W: Array, tiling: Tiling, last: Boxes | None) -> Boxes:
        """Box a codebook's tiles; along the axes of the last epoch if these still serve."""
        ordered, d = W[tiling.permutation], W.shape[1]
        with np.errstate(all="ignore"):
            centre = ordered.mean(axis=0)
            centre[~np.isfinite(centre)] = 0
            offsets = ordered - centre.astype(np.float64)
            exponent = max(-1000, int(np.frexp(max(offsets.max(), -offsets.min()))[1]))
            offsets *= np.ldexp(1.0, -exponent)  # at most 1, but for what overflowed
            directions = _principal(offsets.T @ offsets, None if last is None else last.directions)
            directions = directions.astype(W.dtype).astype(np.float64)
            low, high, coordinates, basis = _edges_along(offsets, directions, tiling.cuts)
            low, high = (np.ldexp(edges, exponent).astype(W.dtype) for edges in (low, high))
            low, high = np.nextafter(low, -np.inf, dtype=W.dtype), np.nextafter(high, np.inf, dtype=W.dtype)
            if coordinates is not None:
                coordinates = np.ldexp(coordinates, exponent).astype(W.dtype)
                coordinates[-1] = np.nextafter(coordinates[-1], np.inf, dtype=W.dtype)
            reach = float(np.ldexp(np.sqrt(d), exponent))
        low[np.isnan(low)], high[np.isnan(high)] = -np.inf, np.inf
        margin = margins.boxes(d, directions.shape[1], basis, reach, W.dtype)
        return cls(centre, directions, margin, low, high, coordinates)

    def columns(self, lanes: int) -> Array:
        """Return the directions as the loops take them: (d, columns), in pairs of vectors."""
        d, q = self.directions.shape
        columns = np.zeros((d, -(-q // (2 * lanes)) * 2 * lanes), self.centre.dtype)
        columns[:, :q] = self.directions
        return lined_up(columns)


def _principal(gram: Array, last: Array | None) -> Array:
    """Return the first principal axes, (d, q), as many as are needed; the last ones if they still span enough."""
    d, total = len(gram), np.trace(gram)
    if not np.isfinite(gram).all():
        return np.eye(d)
    if last is not None and ALL_UP_TO < d == len(last) and total - ((gram @ last) * last).sum() <= LEFT_OUT * total:
        return last
    squares, axes = np.linalg.eigh(gram)
    q = 1 + int(np.argmax(np.cumsum(squares[::-1]) >= (1 - LEFT_OUT) * total))
    return np.asarray(axes[:, ::-1][:, : d if d <= ALL_UP_TO or q > WORTH_LEAVING_OUT * d else q])


def _edges_along(
    offsets: Array, directions: Array, cuts: Array
) -> tuple[Array, Array, Array | None, tuple[float, float]]:
    """Return edges, coordinates and (|A|, Δ), as proven in margins.py, for offsets of at most 1 in every feature."""
    d, q = directions.shape
    gram, length, reach = directions.T @ directions, float(np.linalg.norm(directions)) * margins.SLACK, np.sqrt(d)
    defect = float(np.linalg.norm(gram - np.eye(q))) * margins.SLACK + margins.gamma(d + 4, np.float64) * length**2
    along = directions.T @ offsets.T
    error = margins.gamma(d + 8, np.float64) * length * reach
    low, high = np.minimum.reduceat(along, cuts, axis=1) - error, np.maximum.reduceat(along, cuts, axis=1) + error
    if q == d:
        return low, high, None, (length, defect)
    squares = np.einsum("jf,jf->j", offsets, offsets) - np.einsum("qj,qj->j", along, 2 * along - gram @ along)
    rest = np.sqrt(squares.clip(0) + margins.gamma(d + 2 * q + 12, np.float64) * ((1 + length**2) * reach) ** 2)
    low, high = np.vstack([low, np.zeros(len(cuts))]), np.vstack([high, np.maximum.reduceat(rest, cuts)])
    return low, high, np.vstack([along, rest]), (length, defect)


@dataclass(frozen=True)
class TiledCodebook:
    """A codebook in tiles, each in a box; a second level of boxes lies around as many tiles as a vector has lanes."""

    W: Array
    level: Level
    tiling: Tiling
    boxes: Boxes
    margin: tuple[float, ...]
    packed: Array
    coordinates: Array | None
    columns: Array
    edges: Array
    outer_edges: Array

    @classmethod
    def of(
        cls, W: Array, level: Level, permutation: Array, offsets: Array, last: TiledCodebook | None = None
    ) -> TiledCodebook:
        """Lay a codebook out; ``last`` is that of the last epoch, if any."""
        lanes, tiling = level.lanes(W.dtype), None if last is None or last.level is not level else last.tiling
        if tiling is None or not tiling.serves(permutation, offsets, W.dtype):
            tiling = Tiling.of(len(W), W.dtype, lanes, permutation, offsets)
        boxes = Boxes.of(W, tiling, None if last is None else last.boxes)
        groups = np.arange(0, boxes.low.shape[1], lanes)
        around = np.minimum.reduceat(boxes.low, groups, axis=1), np.maximum.reduceat(boxes.high, groups, axis=1)
        margin = margins.direct(W.shape[1], W.dtype) + boxes.margin
        laid_out = packed(W, tiling.unit_of.reshape(-1), 4 * lanes)
        edges, outer_edges = _side_by_side(boxes.low, boxes.high, lanes), _side_by_side(*around, lanes)
        coordinates = None
        if boxes.coordinates is not None:
            coordinates = np.empty_like(boxes.coordinates.T)
            coordinates[tiling.permutation] = boxes.coordinates.T
            coordinates = packed(coordinates, tiling.unit_of.reshape(-1), 4 * lanes, np.inf)
        return cls(W, level, tiling, boxes, margin, laid_out, coordinates, boxes.columns(lanes), edges, outer_edges)

    def search(self, X: Array, k: int, seeds: Array | None = None) -> tuple[Array, Array]:
        """Return the units and distances of the k nearest; X has the codebook's type."""
        if k > 2:
            return portable.Codebook.of(self.W).search(X, k)
        units, distances, tiling = np.empty((len(X), k), np.int64), np.empty((len(X), k)), self.tiling
        _compiled.tiles(
            self.level.number, X.dtype == np.float64, X, self.W, self.packed, tiling.start, tiling.unit_of,
            tiling.tile_of, self.boxes.centre, self.columns, self.edges, self.outer_edges,
            self.coordinates, seeds, units, distances, len(X), *self.W.shape, self.boxes.directions.shape[1],
            self.columns.shape[1], len(self.edges), k, self.margin,
        )  # fmt: skip
        return units, distances


def _side_by_side(low: Array, high: Array, lanes: int) -> Array:
    """Lay edges out as (groups, 2 sides, lanes), lower and upper alternating; nothing is in a box that is not there."""
    sides, boxes = low.shape
    edges = np.empty((sides, 2, -(-boxes // lanes) * lanes), low.dtype)
    edges[:, 0, boxes:], edges[:, 1, boxes:] = np.inf, -np.inf
    edges[:, 0, :boxes], edges[:, 1, :boxes] = low, high
    return lined_up(edges.reshape(2 * sides, -1, lanes).transpose(1, 0, 2))
