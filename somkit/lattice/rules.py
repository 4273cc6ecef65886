"""How far apart two units are on the map: along the edges, by coordinates, or from a table.

A rule is data, not code, so that a map file can hold it and a stranger's lattice comes back without its plugin.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.errors import TopologyError
from somkit.kernels import NO_WAY, Classes, Displacements, Products, hops, map_blocks
from somkit.lattice.norms import GREAT_CIRCLE, NORMS, great_circle, norm_of, twisted_axes, wrapped_norm
from somkit.lattice.spreading import along_axes

if TYPE_CHECKING:
    from somkit.lattice.lattice import Influence, Lattice

Array = np.ndarray[Any, Any]
MOST_BOX = 4  # units of a bounding box for each unit of the lattice: more would be worked out for nothing
TABLE_UNITS = 2_048  # up to this many units all distances are kept: 32 MB
SEEN_UNITS = 4_096  # up to this many units tables of displacements are written out unit by unit: 32 MB
HOP_UNITS = 16_384  # up to this many units the numbers of edges between all of them are kept: 512 MB
FEW_LEVELS = 4_096  # more distinct distances than this among so few units are not worth a table
MOST_PRODUCTS = 16_384  # distances along rows and columns that a table is made of
HALF_STEP = 0.25  # the weight of double-width columns: half a unit, squared
BLOCK = 256  # rows of distances worked on at once: 80 MB for 40 000 units


def frozen_array(value: Any, dtype: type) -> Array:
    """Return a read-only array of ``value``; what is read-only already is not copied."""
    array: Array = np.asarray(value, dtype=dtype)
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def _floats(value: Any) -> Array:
    return frozen_array(value, np.float64)


def _down_and_across(values: tuple[float, ...], left_out: float) -> tuple[float, ...]:
    """Return a number for rows and one for columns, where a line has but one axis."""
    return values if len(values) == 2 else (left_out, *values)


class MapDistance(ABC):
    """A rule for the distance between units; `Path`, `Coordinates` and `Table` are all there are."""

    name: ClassVar[str]

    @abstractmethod
    def rows(self, lattice: Lattice, units: Array) -> Array:
        """Return the (k, m) distances from k units to all m; infinite where there is no way."""

    def sources(self, lattice: Lattice) -> Array:
        """Return units among which one end of a longest distance is found; all, unless the rule knows better."""
        return np.arange(len(lattice))

    def levels(self, lattice: Lattice) -> tuple[Array, Classes] | None:
        """Return the distinct distances and which of them lies between two units, or None where that is no gain."""
        if len(lattice) > TABLE_UNITS:
            return None
        distinct, which = np.unique(lattice.distances_from(np.arange(len(lattice))), return_inverse=True)
        classes = which.reshape(len(lattice), -1).astype(np.uint16)
        return None if len(distinct) > FEW_LEVELS else (distinct, classes)

    def seen(self, lattice: Lattice) -> tuple[Array, Callable[[Array], Array]] | None:
        """Return `levels` as distances and a function of k units to the classes (k, m); None where that is no gain."""
        levels = lattice.levels if len(lattice) <= SEEN_UNITS else None
        if levels is None:
            return None
        one = levels[1].seen_from if isinstance(levels[1], Displacements) else np.asarray(levels[1]).__getitem__
        return levels[0], lambda units: np.stack([one(unit) for unit in units])

    def products(self, norm: str) -> tuple[Array, Products] | None:
        """Return the distinct distances along rows and columns and which lies where, for influences of that product.

        None where an influence that is a product along ``norm`` is none along this rule's rows and columns.
        """
        del norm
        return None

    def axes(self) -> list[tuple[float, Array]]:
        """Return the extent of each axis and its coordinates: (m, 1), or (m, 2) round a circle."""
        return []

    def spread(self, values: Array, influence: Influence, n_jobs: int | None = None) -> Array | None:
        """Spread values axis by axis, as `Lattice.spread` would pair by pair; None where that cannot be done."""
        del values, influence, n_jobs
        return None

    @abstractmethod
    def to_record(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return what a file keeps: plain values and arrays."""


@final
@attrs.frozen
class Path(MapDistance):
    """The length of the shortest path along the edges."""

    name: ClassVar[str] = "path"

    def rows(self, lattice: Lattice, units: Array) -> Array:
        """Search outwards from each unit: breadth first where every edge has length 1, else by Dijkstra's algorithm."""
        if lattice.unit_lengths and len(lattice) < NO_WAY:
            counted = self._hops(lattice, units)
            return np.where(counted == NO_WAY, np.inf, counted)
        from scipy.sparse import csgraph

        found = csgraph.dijkstra(lattice.adjacency, directed=False, indices=units)
        return np.asarray(found, dtype=np.float64).reshape(len(units), len(lattice))

    @staticmethod
    def _hops(lattice: Lattice, units: Array) -> Array:
        graph = lattice.adjacency
        return hops(graph.indptr, graph.indices, units)

    def levels(self, lattice: Lattice) -> tuple[Array, Classes] | None:
        """Count edges for all pairs at once where every edge has length 1."""
        m, seen = len(lattice), self.seen(lattice) if len(lattice) > TABLE_UNITS else None
        if seen is None:
            return super().levels(lattice)
        distances, seen_from = seen
        counted = np.empty((m, m), dtype=np.uint16)

        def count(number: int) -> int:
            units = np.arange(number * BLOCK, min(m, (number + 1) * BLOCK))
            counted[units] = rows = seen_from(units)
            return int(np.max(rows, where=rows < len(distances) - 1, initial=0))

        diameter = max(map_blocks(count, -(-m // BLOCK)))
        np.minimum(counted, diameter + 1, out=counted)
        return np.append(np.arange(diameter + 1.0), np.inf), counted

    def seen(self, lattice: Lattice) -> tuple[Array, Callable[[Array], Array]] | None:
        """Count edges anew where every edge has length 1: no distance is more than twice the farthest from any unit."""
        m = len(lattice)
        if m <= TABLE_UNITS:
            return super().seen(lattice)
        if not lattice.unit_lengths or m > HOP_UNITS:
            return None
        counted = self._hops(lattice, np.unique(lattice.parts, return_index=True)[1])
        none = 2 * int(np.max(counted, where=counted != NO_WAY, initial=0)) + 1
        return np.append(np.arange(float(none)), np.inf), lambda units: np.minimum(self._hops(lattice, units), none)

    def to_record(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Nothing but the name: edges and lengths are the lattice's."""
        return {"rule": self.name}, {}


@final
@attrs.frozen(eq=False)
class Coordinates(MapDistance):
    """A norm of the difference of coordinates, wrapped round the periodic axes, or an arc on a sphere.

    Parameters
    ----------
    points : array of shape (m, p)
        Coordinates; whole numbers on regular lattices, so that a neighbour is at exactly 1.
    norm : "euclidean" | "chebyshev" | "manhattan" | "hexagonal" | "great_circle"
        ``hexagonal`` counts steps between hexagons in double-width coordinates (row, 2 column + shift).
        ``great_circle`` is the way along the surface of a sphere about the origin that all points lie on.
    weights : tuple of p floats
        Factors of the squared differences, for ``euclidean``.
    periods : tuple of p floats
        Length after which an axis comes back to its start; 0 for an axis with two ends.
    twist : tuple of p pairs of float (sign, shift)
        On a map that closes with a twist every unit is in two places, at its point and, coordinate by coordinate, at
        sign * point + shift, and the nearer one counts; empty: in one place. A Moebius strip of c columns mirrors the
        rows and shifts the columns by c, with period 2 c.
    """

    name: ClassVar[str] = "coordinates"
    points: Array = attrs.field(converter=_floats)
    norm: str = "euclidean"
    weights: tuple[float, ...] = ()
    periods: tuple[float, ...] = ()
    twist: tuple[tuple[float, float], ...] = ()

    def __attrs_post_init__(self) -> None:
        """Fill in what was left out, and refuse norms that are not known."""
        if self.norm not in NORMS:
            message = f"Coordinates.norm must be one of {', '.join(NORMS)}, got {self.norm!r}."
            raise TopologyError(message)
        axes = self.points.shape[1]
        if self.twist and len(self.twist) != axes:
            message = f"Coordinates.twist must be empty, or hold a sign and a shift for each of {axes} axes."
            raise TopologyError(message)
        object.__setattr__(self, "weights", tuple(self.weights) or (1.0,) * axes)
        object.__setattr__(self, "periods", tuple(self.periods) or (0.0,) * axes)

    @cached_property
    def _box(self) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """The distinct coordinates along each axis, and for each unit which of them it has."""
        found = [np.unique(column, return_inverse=True) for column in self.points.T]
        return tuple(values for values, _ in found), tuple(place.ravel() for _, place in found)

    @cached_property
    def _boxed(self) -> bool:
        """Whether the units fill the box of their coordinates, in order."""
        coordinates, places = self._box
        shape = tuple(len(axis) for axis in coordinates)
        if math.prod(shape) != len(self.points):
            return False
        return np.array_equal(np.ravel_multi_index(places, shape), np.arange(len(self.points)))

    def spread(self, values: Array, influence: Influence, n_jobs: int | None = None) -> Array | None:
        """Multiply by one small matrix an axis, where the influence is a product along this rule's norm."""
        coordinates, places = self._box
        shape = tuple(len(axis) for axis in coordinates)
        if influence.product != self.norm or self.twist or math.prod(shape) > MOST_BOX * len(self.points):
            return None
        if self._boxed:
            dense = values.reshape(*shape, values.shape[1])
        else:
            dense = np.zeros((*shape, values.shape[1]))
            dense[places] = values
        matrices = list[Array]()
        for along, weight, period in zip(coordinates, self.weights, self.periods, strict=True):
            delta = np.abs(along[:, None] - along[None, :])
            delta = np.minimum(delta, period - delta) if period else delta
            matrices.append(influence(delta * np.sqrt(weight) if self.norm == "euclidean" else delta))
        dense = along_axes(matrices, dense, n_jobs)
        return dense.reshape(values.shape) if self._boxed else dense[places]

    @cached_property
    def _steps(self) -> tuple[int, int, float, Array] | None:
        """Rows, columns, the step between columns and the shift of even and odd rows, if units stand row by row."""
        down, across = self.points.T if self.points.shape[1] == 2 else (0 * self.points[:, 0], self.points[:, 0])
        if self.points.shape[1] > 2 or self.twist:
            return None
        rows = int(down.max()) + 1
        columns = len(self.points) // rows
        row, column = np.divmod(np.arange(rows * columns), columns)
        step = across[1] - across[0] if columns > 1 else 1.0
        shift = np.array([across[0], across[columns] if rows > 1 else 0.0])
        regular = len(row) == len(down) and np.array_equal(down, row)
        if not regular or not np.array_equal(across, step * column + shift[row % 2]):
            return None
        return rows, columns, step, shift

    @cached_property
    def _displacements(self) -> tuple[Array, Array] | None:
        """Distances down, (2 rows - 1,), and across, (p, p, 2 columns - 1), between rows of p parities; as squared."""
        if self._steps is None:
            return None
        rows, columns, step, shift = self._steps
        down, right = np.arange(1.0 - rows, rows), step * np.arange(1.0 - columns, columns)
        shift = shift[:1] if shift[0] == shift[1] or rows == 1 else shift
        across = right + (shift[None, :] - shift[:, None])[:, :, None]
        periods = _down_and_across(self.periods, 0.0)
        wrapped = [
            np.minimum(delta, period - delta) if period else delta
            for delta, period in zip((np.abs(down), np.abs(across)), periods, strict=True)
        ]
        return wrapped[0], wrapped[1]

    def levels(self, lattice: Lattice) -> tuple[Array, Classes] | None:
        """Tell distances by displacement where units stand row by row, for even and odd rows where they differ."""
        if self._displacements is None:
            return super().levels(lattice)
        down, across = self._displacements
        tables = []
        for parity in range(len(across)):
            seen = across[parity, (parity + np.arange(1 - (len(down) + 1) // 2, (len(down) + 1) // 2)) % len(across)]
            gaps = [np.broadcast_to(down[:, None], seen.shape), seen]
            tables.append(norm_of(self.norm, gaps, _down_and_across(self.weights, 1.0)))
        distinct, which = np.unique(np.array(tables), return_inverse=True)
        return distinct, Displacements(which.reshape(np.shape(tables)).astype(np.uint16))

    def products(self, norm: str) -> tuple[Array, Products] | None:
        """Take rows and columns apart where units stand row by row."""
        return self._products if norm == self.norm else None

    @cached_property
    def _products(self) -> tuple[Array, Products] | None:
        if self._displacements is None:
            return None
        down, across = self._displacements
        if self.norm == "euclidean":
            weights = _down_and_across(self.weights, 1.0)
            down, across = down * np.sqrt(weights[0]), across * np.sqrt(weights[1])
        distinct, which = np.unique(np.concatenate([down, across.ravel()]), return_inverse=True)
        if len(distinct) > MOST_PRODUCTS:
            return None
        classes = which.astype(np.uint16)
        return distinct, Products(classes[: len(down)], classes[len(down) :].reshape(across.shape))

    def rows(self, lattice: Lattice, units: Array) -> Array:
        """Evaluate the norm, the short way round on periodic axes, to the nearer place of each unit."""
        del lattice
        if self.norm == GREAT_CIRCLE:
            return great_circle(self.points[units], self.points)
        found = wrapped_norm(self.norm, self.points[units], self.points, self.weights, self.periods)
        if not self.twist:
            return found
        signs, shifts = np.array(self.twist).T
        image = signs * self.points + shifts
        return np.minimum(found, wrapped_norm(self.norm, self.points[units], image, self.weights, self.periods))

    def sources(self, lattice: Lattice) -> Array:
        """Along an axis with two ends, every norm is largest from one of the outermost units of a line."""
        kept = np.arange(len(lattice))
        if self.twist or self.norm == GREAT_CIRCLE:
            return kept
        if all(self.periods):
            whole = np.prod(self.periods) / (2 if self.norm == "hexagonal" or self.weights[-1] == HALF_STEP else 1)
            return kept[:1] if len(kept) == whole else kept
        for axis, period in enumerate(self.periods):
            if period:
                continue
            others = np.delete(self.points[kept], axis, axis=1)
            _, line = np.unique(others, axis=0, return_inverse=True)
            along = self.points[kept, axis]
            order = np.lexsort((along, line.ravel()))
            lines = line.ravel()[order]
            first = np.r_[True, lines[1:] != lines[:-1]]
            last = np.r_[lines[1:] != lines[:-1], True]
            kept = kept[np.sort(order[first | last])]
        return kept

    def axes(self) -> list[tuple[float, Array]]:
        """Chart each axis; a periodic one becomes a circle."""
        if self.norm == GREAT_CIRCLE:
            return []
        if self.twist:
            return twisted_axes(self.points, self.weights, self.periods, self.twist)
        found = []
        for column, weight, period in zip(self.points.T, self.weights, self.periods, strict=True):
            if period:
                angle = 2 * np.pi * column / period
                found.append((period * np.sqrt(weight), np.column_stack([np.cos(angle), np.sin(angle)])))
            else:
                found.append((np.ptp(column) * np.sqrt(weight), column[:, None]))
        return found

    def to_record(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Keep the points beside the numbers."""
        plain = {"rule": self.name, "norm": self.norm, "weights": list(self.weights), "periods": list(self.periods)}
        if self.twist:
            plain["twist"] = [list(pair) for pair in self.twist]
        return plain, {"points": self.points}


@final
@attrs.frozen(eq=False)
class Table(MapDistance):
    """Distances written out: for a topology whose rule is none of the others.

    Parameters
    ----------
    distances : array of shape (m, m)
        Symmetric, 0 on the diagonal, infinite where there is no way.
    """

    name: ClassVar[str] = "table"
    distances: Array = attrs.field(converter=_floats)

    def __attrs_post_init__(self) -> None:
        """Refuse tables that are no distances."""
        table = self.distances
        square = table.ndim == 2 and table.shape[0] == table.shape[1]
        if not square or np.isnan(table).any() or (table < 0).any() or np.diagonal(table).any():
            message = "Table.distances must be a square array of distances >= 0 without NaN, with 0 on its diagonal."
            raise TopologyError(message)
        if not np.array_equal(table, table.T):
            message = "Table.distances must be symmetric: the way back is as long as the way there."
            raise TopologyError(message)

    def rows(self, lattice: Lattice, units: Array) -> Array:
        """Look them up."""
        del lattice
        return self.distances[units]

    def to_record(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Keep the table."""
        return {"rule": self.name}, {"distances": self.distances}


def rule_of_record(plain: dict[str, Any], arrays: dict[str, Array]) -> MapDistance:
    """Build the rule that `MapDistance.to_record` wrote."""
    if plain["rule"] == Path.name:
        return Path()
    if plain["rule"] == Table.name:
        return Table(arrays["distances"])
    if plain["rule"] == Coordinates.name:
        weights, periods = tuple(plain["weights"]), tuple(plain["periods"])
        twist = tuple((float(sign), float(shift)) for sign, shift in plain.get("twist", ()))
        return Coordinates(arrays["points"], norm=plain["norm"], weights=weights, periods=periods, twist=twist)
    message = f"unknown map distance {plain['rule']!r}; known are path, coordinates and table."
    raise TopologyError(message)
