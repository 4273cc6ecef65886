"""Regular topologies: grids, a line and a ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.lattice import Coordinates, Lattice, networkx_of_lattice
from somkit.standard.topologies._plane import (
    NORM,
    PERIODIC,
    automatic_shape,
    automatic_units,
    axis,
    check_periodic,
    labels,
    pairs,
    size,
    squares,
    wraps,
)
from somkit.validators import choice

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]


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

    References
    ----------
    Kohonen (1982), Self-organized formation of topologically correct feature maps, doi:10.1007/BF00337288.

    Examples
    --------
    >>> Grid(rows=2, columns=3).lattice().distances_from([0])
    array([[0.        , 1.        , 2.        , 1.        , 1.41421356,
            2.23606798]])
    """

    name: ClassVar[str] = "grid"
    rows: int | str = axis()
    columns: int | str = axis()
    periodic: str = attrs.field(default="none", validator=choice(*PERIODIC))
    distance: str = attrs.field(default="plane", validator=choice(*NORM))

    def __attrs_post_init__(self) -> None:
        """Refuse rings of fewer than 3 units."""
        Topology.__attrs_post_init__(self)
        check_periodic(self, 3)

    def graph(self) -> nx.Graph:
        """Return the grid as a networkx graph with nodes (row, column)."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the grid."""
        rows, columns = size(self.rows, "Grid.rows"), size(self.columns, "Grid.columns")
        nodes = labels(rows, columns)
        wrap_rows, wrap_columns = wraps(self.periodic)
        periods = (rows * wrap_rows, columns * wrap_columns)
        positions = np.array(nodes, dtype=np.float64)[:, ::-1]
        edges = pairs(rows, columns, self.periodic, self._steps)
        rule = Coordinates(np.array(nodes), norm=NORM[self.distance], periods=periods)
        return Lattice(nodes, positions, edges, rule=rule, cells=squares(positions))

    def _steps(self, row: Array, column: Array) -> list[tuple[Array, Array]]:
        straight = [(row, column + 1), (row + 1, column)]
        diagonal = [(row + 1, column + 1), (row + 1, column - 1)]
        return straight + diagonal if self.distance == "chebyshev" else straight

    def sized_for(self, samples: Samples) -> Grid:
        """Turn "auto" into numbers."""
        if isinstance(self.rows, int) and isinstance(self.columns, int):
            return self
        rows, columns = automatic_shape(samples, self.rows, self.columns, 1.0)
        wrap_rows, wrap_columns = wraps(self.periodic)
        return attrs.evolve(self, rows=max(rows, 3 * wrap_rows), columns=max(columns, 3 * wrap_columns))


@final
@attrs.frozen(kw_only=True)
class Line(Topology):
    """Units in a row, each joined to the next.

    Parameters
    ----------
    units : int >= 1 or "auto"
        "auto": about 5 sqrt(n).

    References
    ----------
    Kohonen (1982), Self-organized formation of topologically correct feature maps, doi:10.1007/BF00337288.

    Examples
    --------
    >>> Line(units=3).lattice().distances_from([0])
    array([[0., 1., 2.]])
    """

    name: ClassVar[str] = "line"
    units: int | str = axis()

    def graph(self) -> nx.Graph:
        """Return the line as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the line."""
        units = np.arange(size(self.units, "Line.units"))
        positions = np.column_stack([units, np.zeros(len(units))]).astype(np.float64)
        edges = np.column_stack([units[:-1], units[1:]])
        cells = squares(positions)
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

    References
    ----------
    Angéniol, de La Croix Vaubois & Le Texier (1988), Self-organizing feature maps and the travelling salesman problem,
    Neural Networks 1 (4), 289-293.

    Examples
    --------
    >>> Ring(units=5).lattice().distances_from([0])
    array([[0., 1., 2., 2., 1.]])
    """

    name: ClassVar[str] = "ring"
    units: int | str = axis(3)

    def graph(self) -> nx.Graph:
        """Return the ring as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the ring."""
        count = size(self.units, "Ring.units")
        units = np.arange(count)
        angle = 2 * np.pi * units / count
        positions = count / (2 * np.pi) * np.column_stack([np.cos(angle), np.sin(angle)])
        edges = np.sort(np.column_stack([units, (units + 1) % count]), axis=1)
        edges = edges[np.lexsort(edges.T[::-1])]
        return Lattice(units.tolist(), positions, edges, rule=Coordinates(units[:, None], periods=(count,)))

    def sized_for(self, samples: Samples) -> Ring:
        """Turn "auto" into a number."""
        return self if isinstance(self.units, int) else Ring(units=automatic_units(samples))
