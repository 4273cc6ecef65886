"""Lines between units on maps without borders, which on paper have seams."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from somkit.standard.views._stage import Stage

Array = np.ndarray[Any, Any]

STRETCHED = 1.5  # times as far on paper as on the map: less is what a flat map makes of a round one
BLOCK = 256  # units whose map distances are held at once
POINTS = 48  # along a line, to find where it leaves the map
NEAR = 4  # units, of which one has a point in its cell if any has


@attrs.frozen(eq=False, slots=False)
class Seams:
    """Tells which pairs of units are joined over a seam, and how such a line runs on paper."""

    stage: Stage

    @cached_property
    def unit(self) -> float:
        """The length on paper of one step of map distance."""
        edges, lattice = self.stage.lattice.edges, self.stage.lattice
        apart = self._drawn(edges)
        return float(np.median(apart)) / lattice.spacing if len(apart) else 1.0

    def _drawn(self, pairs: Array) -> Array:
        return np.asarray(np.linalg.norm(self.stage.centres[pairs[:, 0]] - self.stage.centres[pairs[:, 1]], axis=1))

    def over(self, pairs: Array) -> Array:
        """Tell which pairs, (k, 2), are farther apart on paper than the map says; shape (k,), bool.

        Only where units have cells: of other lattices the paper's distances say little. Units of different parts are
        joined over no seam.
        """
        found = np.zeros(len(pairs), dtype=bool)
        if not self.stage.has_cells or not len(pairs):
            return found
        drawn = self._drawn(pairs) / (STRETCHED * self.unit)
        order = np.argsort(pairs[:, 0], kind="stable")
        for start in range(0, len(order), BLOCK):
            rows = order[start : start + BLOCK]
            starts, place = np.unique(pairs[rows, 0], return_inverse=True)
            found[rows] = drawn[rows] > self.stage.lattice.distances_from(starts)[place.ravel(), pairs[rows, 1]]
        return found

    @cached_property
    def _joined(self) -> list[list[int]]:
        """The neighbours of each unit that are beside it on paper too."""
        joined: list[list[int]] = [[] for _ in self.stage.centres]
        edges = self.stage.lattice.edges
        for one, other in edges[~self.over(edges)].tolist():
            joined[one].append(other)
            joined[other].append(one)
        return joined

    def toward(self, unit: int, others: Array) -> Array:
        """Return the way on paper from a unit to others, (k, 2), as if the paper went on beyond its seams.

        Notes
        -----
        A place p is known by its distances r from the unit and s_j from the neighbours at e_j beside it: of
        |p - e_j|^2 = s_j^2 and |p|^2 = r^2 the differences, 2 p e_j = r^2 + |e_j|^2 - s_j^2, are linear in p, and
        solved by least squares. The way has length r.
        """
        beside = self._joined[unit]
        rows = self.unit * self.stage.lattice.distances_from(np.array([unit, *beside]))[:, others]
        length = rows[0]
        if not beside:
            return np.zeros((len(others), 2))
        legs = self.stage.centres[beside] - self.stage.centres[unit]
        known = length**2 + (legs**2).sum(axis=1)[:, None] - rows[1:] ** 2
        way = np.linalg.lstsq(2 * legs, known, rcond=1e-6)[0].T
        reached = np.linalg.norm(way, axis=1)
        # Where ways round both sides are as short, they cancel out, and none is drawn.
        clear = reached > 0.1 * length
        return np.asarray(way * np.divide(length, reached, out=np.zeros(len(way)), where=clear)[:, None])

    def lines(self, pairs: Array) -> Array:
        """Return lines on paper for pairs over a seam: from either unit towards the other, as far as the map goes.

        Shape (2 k, 2, 2): line 2 i starts at the first unit of pair i, line 2 i + 1 at the second.
        """
        ends = np.concatenate([pairs, pairs[:, ::-1]])
        ways = np.zeros((len(ends), 2))
        for unit in np.unique(ends[:, 0]).tolist():
            rows = np.flatnonzero(ends[:, 0] == unit)
            ways[rows] = self.toward(unit, ends[rows, 1])
        starts = self.stage.centres[ends[:, 0]]
        lines = np.stack([starts, starts + self._share_inside(starts, ways)[:, None] * ways], axis=1)
        return np.asarray(lines.reshape(2, len(pairs), 2, 2).swapaxes(0, 1).reshape(-1, 2, 2))

    def _share_inside(self, starts: Array, ways: Array) -> Array:
        """Return how much of each way is on the map."""
        from scipy.spatial import cKDTree

        shares = np.linspace(0, 1, POINTS)
        tree, kept = cKDTree(self.stage.centres), np.empty(len(ways))
        for row, (start, way) in enumerate(zip(starts, ways, strict=True)):
            points = start + shares[:, None] * way
            near = tree.query(points, min(NEAR, len(self.stage.centres)))[1].reshape(POINTS, -1)
            beyond = np.asarray(~inside(points[:, None], self.stage.shapes[near]).any(axis=1))
            beyond[0] = False
            kept[row] = shares[beyond.argmax()] if beyond.any() else 1.0
        return kept


def inside(points: Array, shapes: Array) -> Array:
    """Tell whether points, (..., 2), lie in polygons, (..., c, 2): a ray from inside crosses an odd number of sides."""
    x, y = (points - 1e-9)[..., None, 0], (points - 1e-9)[..., None, 1]
    ahead = np.roll(shapes, -1, axis=-2)
    across = (shapes[..., 1] > y) != (ahead[..., 1] > y)
    rise = np.where(across, ahead[..., 1] - shapes[..., 1], 1.0)
    crossed = shapes[..., 0] + (y - shapes[..., 1]) / rise * (ahead[..., 0] - shapes[..., 0])
    return np.asarray((across & (x < crossed)).sum(axis=-1) % 2 == 1)
