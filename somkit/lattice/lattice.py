"""Lattice: the units of a map and everything that can be asked about where they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import attrs
import numpy as np

from somkit.errors import TopologyError
from somkit.kernels import Classes, Products, TreeSum, map_blocks
from somkit.lattice.rules import BLOCK, TABLE_UNITS, Array, MapDistance, Path, frozen_array
from somkit.lattice.spreading import TiledClasses

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LEVELS = 16_384  # more distinct distances than this are not worth a table
TILE_UNITS = 64


@final
@attrs.frozen
class Influence:
    """How strongly a unit is moved at a map distance, and the distance beyond which it is not moved.

    Parameters
    ----------
    function : callable
        Takes an array of map distances, which may be infinite, and returns the influences in the same shape.
    reach : float
        No unit farther than this has an influence other than 0.
    product : str or None
        The norm of `Coordinates` for which the influence at a distance is the product of the influences at its
        coordinates, so that a regular lattice spreads it axis by axis: "euclidean" for a Gaussian.
    """

    function: Callable[[Array], Array]
    reach: float = math.inf
    product: str | None = None

    def __call__(self, distance: Array) -> Array:
        """Return the influence at each distance."""
        return self.function(distance)


def _nodes(value: Any) -> tuple[Hashable, ...]:
    return tuple(value)


def _positions(value: Any) -> Array:
    return frozen_array(value, np.float64)


def _edges(value: Any) -> Array:
    return frozen_array(np.reshape(value, (-1, 2)), np.int64)


@final
@attrs.frozen(eq=False)
class Lattice:
    """Units 0..m-1, where they lie, which are joined, and how far apart they are on the map.

    Parameters
    ----------
    nodes : tuple of hashables
        The label of each unit: a graph's own nodes, (row, column) on regular grids.
    positions : array of shape (m, 2) or (m, 3)
        Where a unit is drawn. Regular lattices have unit spacing.
    edges : array of shape (e, 2)
        Pairs of joined units, each once, the lower unit first, in ascending order.
    lengths : array of shape (e,), default all 1
        Length of each edge, finite and > 0.
    rule : MapDistance, default `Path`
        How far apart two units are.
    cells : array of shape (m, c, 2), optional
        Corners of the region that each unit fills when drawn flat; None where units are drawn as points on a graph.

    Raises
    ------
    TopologyError
        If the shapes disagree, an edge leads nowhere, or a length is not finite and positive.

    Examples
    --------
    >>> from somkit.lattice import Lattice
    >>> path = Lattice(nodes=("a", "b", "c"), positions=[[0, 0], [1, 0], [2, 0]], edges=[[0, 1], [1, 2]])
    >>> path.distances_from([0])
    array([[0., 1., 2.]])
    """

    nodes: tuple[Hashable, ...] = attrs.field(converter=_nodes)
    positions: Array = attrs.field(converter=_positions)
    edges: Array = attrs.field(converter=_edges)
    lengths: Array = attrs.field(default=None, kw_only=True)
    rule: MapDistance = attrs.field(factory=Path, kw_only=True)
    cells: Array | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check what the rest of the class relies on."""
        lengths = np.ones(len(self.edges)) if self.lengths is None else self.lengths
        object.__setattr__(self, "lengths", frozen_array(lengths, np.float64))
        if self.cells is not None:
            object.__setattr__(self, "cells", frozen_array(self.cells, np.float64))
        count = len(self.nodes)
        if not count:
            message = "a map needs at least one unit; this topology has none."
            raise TopologyError(message)
        if self.positions.shape not in {(count, 2), (count, 3)} or not np.isfinite(self.positions).all():
            message = f"positions must be finite, of shape ({count}, 2) or ({count}, 3), got {self.positions.shape}."
            raise TopologyError(message)
        if len(self.edges) and (self.edges.min() < 0 or self.edges.max() >= count):
            message = f"edges must join units 0 to {count - 1}, got one that joins {self.edges.max()}."
            raise TopologyError(message)
        if self.lengths.shape != (len(self.edges),) or not (np.isfinite(self.lengths) & (self.lengths > 0)).all():
            message = "edge lengths must be finite and > 0, one for each edge."
            raise TopologyError(message)

    def __len__(self) -> int:
        """Return the number of units, m."""
        return len(self.nodes)

    @cached_property
    def unit_lengths(self) -> bool:
        """Whether every edge has length 1, so that distances along edges count them."""
        return bool((self.lengths == 1).all())

    @cached_property
    def adjacency(self) -> csr_array:
        """The (m, m) symmetric sparse matrix of edge lengths."""
        from scipy.sparse import csr_array

        ends = np.concatenate([self.edges, self.edges[:, ::-1]])
        both = np.concatenate([self.lengths, self.lengths])
        return csr_array((both, (ends[:, 0], ends[:, 1])), shape=(len(self), len(self)))

    @cached_property
    def parts(self) -> Array:
        """The number of the connected part that each unit belongs to, shape (m,)."""
        from scipy.sparse import csgraph

        return np.asarray(csgraph.connected_components(self.adjacency, directed=False)[1], dtype=np.int64)

    @cached_property
    def _all_distances(self) -> Array:
        table = self.rule.rows(self, np.arange(len(self)))
        table.flags.writeable = False
        return table

    def distances_from(self, units: Any) -> Array:
        """Return the map distances from some units to every unit.

        Parameters
        ----------
        units : array of shape (k,)
            Unit numbers.

        Returns
        -------
        array of shape (k, m), float64
            Infinite where there is no way along the map.
        """
        units = np.atleast_1d(np.asarray(units, dtype=np.int64))
        if len(self) <= TABLE_UNITS:
            return np.asarray(self._all_distances[units])
        return self.rule.rows(self, units)

    @cached_property
    def diameter(self) -> float:
        """The largest finite map distance; 0 for a map of one unit."""
        sources = self.rule.sources(self)
        largest = 0.0
        for start in range(0, len(sources), BLOCK):
            rows = self.distances_from(sources[start : start + BLOCK])
            largest = max(largest, float(np.max(rows, where=np.isfinite(rows), initial=0.0)))
        return largest

    @property
    def spacing(self) -> float:
        """The median length of the edges, 1 on regular lattices and where edges are counted; 1 where there are none."""
        return float(np.median(self.lengths)) if len(self.lengths) else 1.0

    @cached_property
    def levels(self) -> tuple[Array, Classes] | None:
        """The distinct map distances (q,), from near to far, and which of them lies between two units.

        The latter is an array (m, m), or `Displacements` where the lattice is regular. None where there are so many
        different distances that looking them up is no gain, or units that m x m of them would not fit.
        """
        found = self.rule.levels(self)
        return None if found is None or len(found[0]) > LEVELS else found

    @cached_property
    def _tiled(self) -> TiledClasses | None:
        seen = self.rule.seen(self)
        return None if seen is None else TiledClasses.of(self.tiles[0], *seen)

    def products(self, norm: str) -> tuple[Array, Products] | None:
        """Return the distinct distances along rows and columns (q,), from near to far, and which of them lies where.

        For influences that are products along ``norm``, `Influence.product`. None where the lattice is not regular or
        its own norm is another.
        """
        return self.rule.products(norm)

    @cached_property
    def tiles(self) -> tuple[Array, Array]:
        """The units in groups of at most 64 that lie together: a permutation, and where in it the groups begin and end.

        Halved again and again across the wider side of where they are drawn, so that groups in order lie near each
        other too.
        """
        axes = [np.unique(column, return_inverse=True) for column in self.positions.T]
        ranks = [rank.ravel().astype(np.min_scalar_type(len(values))) for values, rank in axes]  # small: sorted sooner
        permutation, offsets, waiting = np.arange(len(self)), [0], [(0, len(self))]
        while waiting:
            start, stop = waiting.pop()
            if stop - start <= TILE_UNITS:
                offsets.append(stop)
                continue
            members = permutation[start:stop]
            placed = [rank[members] for rank in ranks]
            widths = [values[rank.max()] - values[rank.min()] for (values, _), rank in zip(axes, placed, strict=True)]
            middle = TILE_UNITS * max(1, round((stop - start) / 2 / TILE_UNITS))  # so that tiles are full
            permutation[start:stop] = members[placed[int(np.argmax(widths))].argsort(kind="stable")]
            waiting += [(start + middle, stop), (start, start + middle)]
        return permutation, np.array(offsets)

    @cached_property
    def chart(self) -> Array:
        """Coordinates to lay the map into data with: (m, c), of mean 0 and standard deviation 1, longest axis first.

        A periodic axis of a regular lattice takes two columns, a circle; a general lattice is charted by its positions.
        """
        axes = self.rule.axes() or [(np.ptp(column), column[:, None]) for column in self.positions.T]
        columns = np.hstack([axis for _, axis in sorted(axes, key=lambda item: -item[0])])
        centred = columns - columns.mean(axis=0)
        spread = centred.std(axis=0)
        flat = spread <= 1e-12 * max(spread.max(), 1e-300)
        return np.asarray((centred / np.where(flat, 1.0, spread))[:, ~flat])

    def adjacent(self, first: Any, second: Any) -> Array:
        """Tell, pair by pair, whether two units are joined by an edge; shape (k,), bool."""
        first, second = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
        low, high = np.minimum(first, second), np.maximum(first, second)
        joined = np.minimum(*self.edges.T) * len(self) + np.maximum(*self.edges.T)
        return np.isin(low * len(self) + high, joined)

    def spread(self, values: Array, influence: Influence, n_jobs: int | None = None) -> Array:
        """Carry values from the units they fell on to every unit within reach.

        Parameters
        ----------
        values : array of shape (m, c)
            What each unit holds; rows of zeros are passed over.
        influence : Influence
            How much of it arrives at a map distance.
        n_jobs : int >= 1, optional
            Threads; None uses every core. The result does not depend on it.

        Returns
        -------
        array of shape (m, c), float64
            For each unit j the sum over units b of influence(distance(b, j)) * values[b].
        """
        values = np.asarray(values, dtype=np.float64)
        by_axes = self.rule.spread(values, influence, n_jobs) if influence.product is not None else None
        if by_axes is not None:
            return by_axes
        holders = np.flatnonzero(values.any(axis=1))
        if not len(holders):
            return np.zeros(values.shape)
        if self._tiled is not None:
            return self._tiled.spread(values, influence, n_jobs)

        def carry_block(number: int) -> Array:
            units = holders[number * BLOCK : (number + 1) * BLOCK]
            return np.asarray(influence(self.distances_from(units)).T @ values[units])

        total = TreeSum()
        for part in map_blocks(carry_block, -(-len(holders) // BLOCK), n_jobs):
            total.add(part)
        return total.result()
