"""Regular topologies: grids, hexagons, a line and a ring."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.errors import ParameterError
from somkit.lattice import Coordinates, Lattice, networkx_of_lattice
from somkit.validators import choice, integer

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]

PERIODIC = ("none", "columns", "rows", "both")
HEX_ROW = math.sqrt(3) / 2  # distance between rows of hexagons whose centres are 1 apart
FEWEST, MOST = 4, 2_500


def automatic_units(samples: Samples) -> int:
    """Return about 5 sqrt(total weight) units, between 4 and 2 500.

    Notes
    -----
    Vesanto, Himberg, Alhoniemi & Parhankangas (2000), SOM Toolbox for Matlab 5, technical report A57, Helsinki
    University of Technology.
    """
    return int(np.clip(round(5 * math.sqrt(samples.total_weight)), FEWEST, MOST))


def automatic_shape(samples: Samples, rows: int | str, columns: int | str, row_height: float) -> tuple[int, int]:
    """Return rows and columns: `automatic_units` of them, shaped like the data's two main directions."""
    units = automatic_units(samples)
    if isinstance(rows, int):
        return rows, max(1, round(units / rows))
    if isinstance(columns, int):
        return max(1, round(units / columns)), columns
    deviations, _ = samples.principal_components(2)
    first, second = (*deviations, 0.0)[:2]
    aspect = first / second if second > 0 and second * math.sqrt(units) >= first else 1.0
    height = max(1, round(math.sqrt(units / (aspect * row_height))))
    return height, max(1, round(units / height))


def _wraps(periodic: str) -> tuple[bool, bool]:
    return periodic in {"rows", "both"}, periodic in {"columns", "both"}


def _check_periodic(topology: Any, minimum_rows: int) -> None:
    """Refuse periodic axes too short to go round without meeting oneself."""
    wrap_rows, wrap_columns = _wraps(topology.periodic)
    name = type(topology).__name__
    if wrap_columns and isinstance(topology.columns, int) and topology.columns < 3:
        message = f"{name}.columns must be an integer >= 3 where columns are periodic, got {topology.columns}."
        raise ParameterError(message)
    if wrap_rows and isinstance(topology.rows, int) and topology.rows < minimum_rows:
        message = f"{name}.rows must be an integer >= {minimum_rows} where rows are periodic, got {topology.rows}."
        raise ParameterError(message)


def _pairs(rows: int, columns: int, periodic: str, steps: Any) -> Array:
    """Return the edges to where ``steps(row, column)``, arrays of rows and columns, lead without leaving the map."""
    wrap_rows, wrap_columns = _wraps(periodic)
    row, column = np.divmod(np.arange(rows * columns), columns)
    found = []
    for to_row, to_column in steps(row, column):
        inside = (wrap_rows | (to_row >= 0) & (to_row < rows)) & (
            wrap_columns | (to_column >= 0) & (to_column < columns)
        )
        target = (to_row % rows) * columns + to_column % columns
        found.append(np.column_stack([np.arange(rows * columns), target])[inside])
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _labels(rows: int, columns: int) -> tuple[tuple[int, int], ...]:
    return tuple((row, column) for row in range(rows) for column in range(columns))


def _cells(positions: Array, corners: int, circumradius: float, turn: float) -> Array:
    angles = turn + 2 * np.pi * np.arange(corners) / corners
    return positions[:, None] + circumradius * np.column_stack([np.cos(angles), np.sin(angles)])


def _size(value: int | str, name: str) -> int:
    if isinstance(value, str):
        message = f"{name} is 'auto', which needs data to become a number; give an integer, or fit the map."
        raise ParameterError(message)
    return value


def _axis() -> Any:
    return attrs.field(default="auto", validator=integer(minimum=1, words=("auto",)))


@final
@attrs.frozen(kw_only=True)
class Grid(Topology):
    """A rectangular grid; unit = row * columns + column.

    Parameters
    ----------
    rows, columns : int >= 1 or "auto"
        "auto": about 5 sqrt(n) units in all, shaped like the data's two main directions.
    periodic : "none" | "columns" | "rows" | "both"
        Axes whose ends meet: a cylinder or a torus. Such an axis has at least 3 units.
    distance : "plane" | "path" | "chebyshev"
        Straight through the plane, steps along edges, or steps that may be diagonal. A unit has 4 neighbours, 8 with
        "chebyshev".

    Examples
    --------
    >>> Grid(rows=2, columns=3).lattice().distances_from([0])
    array([[0.        , 1.        , 2.        , 1.        , 1.41421356,
            2.23606798]])
    """

    name: ClassVar[str] = "grid"
    rows: int | str = _axis()
    columns: int | str = _axis()
    periodic: str = attrs.field(default="none", validator=choice(*PERIODIC))
    distance: str = attrs.field(default="plane", validator=choice("plane", "path", "chebyshev"))

    def __attrs_post_init__(self) -> None:
        """Refuse rings of fewer than 3 units."""
        Topology.__attrs_post_init__(self)
        _check_periodic(self, 3)

    def graph(self) -> nx.Graph:
        """Return the grid as a networkx graph with nodes (row, column)."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the grid."""
        rows, columns = _size(self.rows, "Grid.rows"), _size(self.columns, "Grid.columns")
        labels = _labels(rows, columns)
        norm = {"plane": "euclidean", "path": "manhattan", "chebyshev": "chebyshev"}[self.distance]
        wrap_rows, wrap_columns = _wraps(self.periodic)
        periods = (rows * wrap_rows, columns * wrap_columns)
        positions = np.array(labels, dtype=np.float64)[:, ::-1]
        edges = _pairs(rows, columns, self.periodic, self._steps)
        rule = Coordinates(np.array(labels), norm=norm, periods=periods)
        return Lattice(labels, positions, edges, rule=rule, cells=_cells(positions, 4, math.sqrt(0.5), np.pi / 4))

    def _steps(self, row: Array, column: Array) -> list[tuple[Array, Array]]:
        straight = [(row, column + 1), (row + 1, column)]
        diagonal = [(row + 1, column + 1), (row + 1, column - 1)]
        return straight + diagonal if self.distance == "chebyshev" else straight

    def sized_for(self, samples: Samples) -> Grid:
        """Turn "auto" into numbers."""
        if isinstance(self.rows, int) and isinstance(self.columns, int):
            return self
        rows, columns = automatic_shape(samples, self.rows, self.columns, 1.0)
        wrap_rows, wrap_columns = _wraps(self.periodic)
        return attrs.evolve(self, rows=max(rows, 3 * wrap_rows), columns=max(columns, 3 * wrap_columns))


@final
@attrs.frozen(kw_only=True)
class Hex(Topology):
    """Hexagons: every inner unit has six neighbours, all 1 away; unit = row * columns + column.

    Parameters
    ----------
    rows, columns : int >= 1 or "auto"
        "auto": about 5 sqrt(n) units in all, shaped like the data's two main directions.
    offset : "odd" | "even"
        Which rows are shifted right by half a unit: 1, 3, ... or 0, 2, ...
    periodic : "none" | "columns" | "rows" | "both"
        Axes whose ends meet. Periodic columns are at least 3, periodic rows an even number of at least 4.
    distance : "plane" | "path"
        Straight through the plane, rows sqrt(3)/2 apart, or steps from hexagon to hexagon.

    Examples
    --------
    >>> lattice = Hex(rows=3, columns=3).lattice()
    >>> int((lattice.distances_from([4]) == 1).sum())
    6
    """

    name: ClassVar[str] = "hex"
    rows: int | str = _axis()
    columns: int | str = _axis()
    offset: str = attrs.field(default="odd", validator=choice("odd", "even"))
    periodic: str = attrs.field(default="none", validator=choice(*PERIODIC))
    distance: str = attrs.field(default="plane", validator=choice("plane", "path"))

    def __attrs_post_init__(self) -> None:
        """Refuse axes that cannot be closed."""
        Topology.__attrs_post_init__(self)
        _check_periodic(self, 4)
        if _wraps(self.periodic)[0] and isinstance(self.rows, int) and self.rows % 2:
            message = f"Hex.rows must be even where rows are periodic, so that the shifted rows meet, got {self.rows}."
            raise ParameterError(message)

    def graph(self) -> nx.Graph:
        """Return the hexagons as a networkx graph with nodes (row, column)."""
        return networkx_of_lattice(self.lattice())

    def _shift(self, row: Array) -> Array:
        return row % 2 if self.offset == "odd" else 1 - row % 2

    def lattice(self) -> Lattice:
        """Return the hexagons."""
        rows, columns = _size(self.rows, "Hex.rows"), _size(self.columns, "Hex.columns")
        labels = _labels(rows, columns)
        row, column = np.array(labels).T
        across = 2 * column + self._shift(row)  # in half units, so that all coordinates are whole numbers
        wrap_rows, wrap_columns = _wraps(self.periodic)
        rule = Coordinates(
            np.column_stack([row, across]),
            norm="euclidean" if self.distance == "plane" else "hexagonal",
            weights=(0.75, 0.25),
            periods=(rows * wrap_rows, 2 * columns * wrap_columns),
        )
        positions = np.column_stack([across / 2, row * HEX_ROW])
        edges = _pairs(rows, columns, self.periodic, self._steps)
        cells = _cells(positions, 6, 1 / math.sqrt(3), np.pi / 6)
        return Lattice(labels, positions, edges, rule=rule, cells=cells)

    def _steps(self, row: Array, column: Array) -> list[tuple[Array, Array]]:
        right = column + self._shift(row)  # the column up and to the right
        return [(row, column + 1), (row + 1, right), (row + 1, right - 1)]

    def sized_for(self, samples: Samples) -> Hex:
        """Turn "auto" into numbers."""
        if isinstance(self.rows, int) and isinstance(self.columns, int):
            return self
        rows, columns = automatic_shape(samples, self.rows, self.columns, HEX_ROW)
        wrap_rows, wrap_columns = _wraps(self.periodic)
        if wrap_rows and not isinstance(self.rows, int):
            rows = max(4, 2 * round(rows / 2))
        return attrs.evolve(self, rows=rows, columns=max(columns, 3 * wrap_columns))


@final
@attrs.frozen(kw_only=True)
class Line(Topology):
    """Units in a row, each joined to the next.

    Parameters
    ----------
    units : int >= 1 or "auto"
        "auto": about 5 sqrt(n).

    Examples
    --------
    >>> Line(units=3).lattice().distances_from([0])
    array([[0., 1., 2.]])
    """

    name: ClassVar[str] = "line"
    units: int | str = _axis()

    def graph(self) -> nx.Graph:
        """Return the line as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the line."""
        units = np.arange(_size(self.units, "Line.units"))
        positions = np.column_stack([units, np.zeros(len(units))]).astype(np.float64)
        edges = np.column_stack([units[:-1], units[1:]])
        cells = _cells(positions, 4, math.sqrt(0.5), np.pi / 4)
        return Lattice(units.tolist(), positions, edges, rule=Coordinates(units[:, None]), cells=cells)

    def sized_for(self, samples: Samples) -> Line:
        """Turn "auto" into a number."""
        return self if isinstance(self.units, int) else Line(units=automatic_units(samples))


@final
@attrs.frozen(kw_only=True)
class Ring(Topology):
    """A line whose ends meet, for data that go round: hours, angles, seasons.

    Parameters
    ----------
    units : int >= 3 or "auto"
        "auto": about 5 sqrt(n).

    Examples
    --------
    >>> Ring(units=5).lattice().distances_from([0])
    array([[0., 1., 2., 2., 1.]])
    """

    name: ClassVar[str] = "ring"
    units: int | str = attrs.field(default="auto", validator=integer(minimum=3, words=("auto",)))

    def graph(self) -> nx.Graph:
        """Return the ring as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the ring."""
        count = _size(self.units, "Ring.units")
        units = np.arange(count)
        angle = 2 * np.pi * units / count
        positions = count / (2 * np.pi) * np.column_stack([np.cos(angle), np.sin(angle)])
        edges = np.sort(np.column_stack([units, (units + 1) % count]), axis=1)
        edges = edges[np.lexsort(edges.T[::-1])]
        return Lattice(units.tolist(), positions, edges, rule=Coordinates(units[:, None], periods=(count,)))

    def sized_for(self, samples: Samples) -> Ring:
        """Turn "auto" into a number."""
        return self if isinstance(self.units, int) else Ring(units=automatic_units(samples))
