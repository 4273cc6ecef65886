"""Surfaces without a border, or with one: a cylinder, a torus, a Moebius strip and a Klein bottle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.errors import ParameterError
from somkit.lattice import Coordinates, Lattice, networkx_of_lattice
from somkit.standard.topologies._plane import (
    HEX_ROW,
    automatic_shape,
    axis,
    hexagons,
    labels,
    pairs,
    size,
    squares,
)
from somkit.standard.topologies.hexagons import Hex, hexagon_steps
from somkit.standard.topologies.regular import Grid
from somkit.validators import choice

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]


def _cells() -> Any:
    return attrs.field(default="hex", validator=choice("hex", "square"))


def _distance() -> Any:
    return attrs.field(default="plane", validator=choice("plane", "path"))


def _flat(surface: Any, periodic: str) -> Grid | Hex:
    """Return the grid or the hexagons that a surface is without its name."""
    flat = Hex if surface.cells == "hex" else Grid
    try:
        return flat(rows=surface.rows, columns=surface.columns, periodic=periodic, distance=surface.distance)
    except ParameterError as error:
        name = type(surface).__name__
        raise ParameterError(str(error).replace(f"{flat.__name__}.", f"{name}.", 1)) from None


@final
@attrs.frozen(kw_only=True)
class Cylinder(Topology):
    """A sheet rolled up: the first and the last column are neighbours; unit = row * columns + column.

    Parameters
    ----------
    rows : int >= 1 or "auto"
        "auto": about 5 sqrt(n) units in all, shaped like the data's two main directions.
    columns : int >= 3 or "auto"
        Round the cylinder.
    cells : "hex" | "square"
        Six neighbours or four.
    distance : "plane" | "path"
        Straight over the surface, or steps along edges.

    Notes
    -----
    It is ``hex:periodic=columns``, or ``grid:periodic=columns``, by name.

    References
    ----------
    Vesanto, Himberg, Alhoniemi & Parhankangas (2000), SOM Toolbox for Matlab 5, technical report A57, Helsinki
    University of Technology.

    Examples
    --------
    >>> Cylinder(rows=1, columns=5).lattice().distances_from([0])
    array([[0., 1., 2., 2., 1.]])
    """

    name: ClassVar[str] = "cylinder"
    rows: int | str = axis()
    columns: int | str = axis(3)
    cells: str = _cells()
    distance: str = _distance()

    def graph(self) -> nx.Graph:
        """Return the cylinder as a networkx graph with nodes (row, column)."""
        return self._flat().graph()

    def lattice(self) -> Lattice:
        """Return the cylinder."""
        return self._flat().lattice()

    def _flat(self) -> Grid | Hex:
        return _flat(self, "columns")

    def sized_for(self, samples: Samples) -> Cylinder:
        """Turn "auto" into numbers."""
        flat = self._flat().sized_for(samples)
        return attrs.evolve(self, rows=flat.rows, columns=flat.columns)


@final
@attrs.frozen(kw_only=True)
class Torus(Topology):
    """A sheet without a border: opposite sides are neighbours; unit = row * columns + column.

    Parameters
    ----------
    rows : int >= 3 or "auto"
        An even number of at least 4 where cells are hexagons. "auto": about 5 sqrt(n) units in all, shaped like the
        data's two main directions.
    columns : int >= 3 or "auto"
    cells : "hex" | "square"
        Six neighbours or four.
    distance : "plane" | "path"
        Straight over the surface, or steps along edges.

    Notes
    -----
    It is ``hex:periodic=both``, or ``grid:periodic=both``, by name; it is drawn flat.

    References
    ----------
    Vesanto, Himberg, Alhoniemi & Parhankangas (2000), SOM Toolbox for Matlab 5, technical report A57, Helsinki
    University of Technology.

    Examples
    --------
    >>> lattice = Torus(rows=4, columns=5).lattice()
    >>> len(lattice), len(lattice.edges)
    (20, 60)
    """

    name: ClassVar[str] = "torus"
    rows: int | str = axis(3)
    columns: int | str = axis(3)
    cells: str = _cells()
    distance: str = _distance()

    def __attrs_post_init__(self) -> None:
        """Refuse rows that cannot be closed."""
        Topology.__attrs_post_init__(self)
        self._flat()

    def graph(self) -> nx.Graph:
        """Return the torus as a networkx graph with nodes (row, column)."""
        return self._flat().graph()

    def lattice(self) -> Lattice:
        """Return the torus."""
        return self._flat().lattice()

    def _flat(self) -> Grid | Hex:
        return _flat(self, "both")

    def sized_for(self, samples: Samples) -> Torus:
        """Turn "auto" into numbers."""
        flat = self._flat().sized_for(samples)
        return attrs.evolve(self, rows=flat.rows, columns=flat.columns)


def _automatic_shape(surface: Any, samples: Samples) -> tuple[int, int]:
    """Return rows and columns that suit the samples, with columns enough to go round."""
    height = HEX_ROW if surface.cells == "hex" else 1.0
    rows, columns = automatic_shape(samples, surface.rows, surface.columns, height)
    return rows, max(3, columns)


def _twisted(rows: int, columns: int, surface: Any, periodic: str, mirror: int) -> Lattice:
    """Return the lattice on which going round the columns once leads from row r to row ``mirror`` - r."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    wrap = rows if periodic == "both" else 0
    if surface.cells == "hex":
        points = np.column_stack([row, 2 * column + row % 2])  # in half units, so that all are whole numbers
        norm, weights, width = "hexagonal", (0.75, 0.25), 2 * columns
        positions = points[:, ::-1] * (0.5, HEX_ROW)
        steps, cells = _slanting_steps, hexagons(positions)
    else:
        points = np.column_stack([row, column])
        norm, weights, width = "manhattan", (1.0, 1.0), columns
        positions = points[:, ::-1].astype(np.float64)
        steps, cells = _straight_steps, squares(positions)
    rule = Coordinates(
        points,
        norm="euclidean" if surface.distance == "plane" else norm,
        weights=weights,
        periods=(wrap, 2 * width),
        twist=((-1.0, float(mirror)), (1.0, float(width))),
    )
    edges = pairs(rows, columns, periodic, steps, mirror)
    return Lattice(labels(rows, columns), positions, edges, rule=rule, cells=cells)


def _slanting_steps(row: Array, column: Array) -> list[tuple[Array, Array]]:
    """Return all ways but back: across the seam, where up is down, those upwards are not each edge once."""
    level, *upwards = hexagon_steps(lambda row: row % 2)(row, column)
    return [level, *upwards, *((row - 1, across) for _, across in upwards)]


def _straight_steps(row: Array, column: Array) -> list[tuple[Array, Array]]:
    return [(row, column + 1), (row + 1, column)]


@final
@attrs.frozen(kw_only=True)
class Moebius(Topology):
    """A strip closed with half a twist, so that it has one side and one border; unit = row * columns + column.

    Right of the last column, upside down, comes the first: row r continues in row rows - 1 - r.

    Parameters
    ----------
    rows : int >= 1 or "auto"
        Across the strip; an odd number where cells are hexagons. "auto": about 5 sqrt(n) units in all, shaped like the
        data's two main directions.
    columns : int >= 3 or "auto"
        Along the strip.
    cells : "hex" | "square"
        Six neighbours or four.
    distance : "plane" | "path"
        Straight over the surface, or steps along edges.

    Notes
    -----
    The distance of two units is the lesser of those from one to the other and to its image, columns further on and
    mirrored, on the strip twice as long, which is a cylinder: its double cover. Drawn flat.

    References
    ----------
    somkit, as a map; the surface: Hilbert & Cohn-Vossen (1952), Geometry and the Imagination, chapter 6, Chelsea.

    Examples
    --------
    The right end of the first row meets the left end of the last:

    >>> lattice = Moebius(rows=3, columns=5).lattice()
    >>> lattice.nodes[4], lattice.nodes[10], lattice.distances_from([4])[0, 10]
    ((0, 4), (2, 0), np.float64(1.0))
    """

    name: ClassVar[str] = "moebius"
    rows: int | str = axis()
    columns: int | str = axis(3)
    cells: str = _cells()
    distance: str = _distance()

    def __attrs_post_init__(self) -> None:
        """Refuse rows that do not meet."""
        Topology.__attrs_post_init__(self)
        if self.cells == "hex" and isinstance(self.rows, int) and self.rows % 2 == 0:
            message = (
                f"Moebius.rows must be odd where cells are hexagons, so that the shifted rows meet, got {self.rows}."
            )
            raise ParameterError(message)

    def graph(self) -> nx.Graph:
        """Return the strip as a networkx graph with nodes (row, column)."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the strip."""
        rows, columns = size(self.rows, "Moebius.rows"), size(self.columns, "Moebius.columns")
        return _twisted(rows, columns, self, "columns", rows - 1)

    def sized_for(self, samples: Samples) -> Moebius:
        """Turn "auto" into numbers."""
        if isinstance(self.rows, int) and isinstance(self.columns, int):
            return self
        rows, columns = _automatic_shape(self, samples)
        if self.cells == "hex" and not isinstance(self.rows, int):
            rows = 2 * (rows // 2) + 1
        return attrs.evolve(self, rows=rows, columns=columns)


@final
@attrs.frozen(kw_only=True)
class Klein(Topology):
    """A Klein bottle: a torus whose columns close upside down, without a border and without an inside.

    Right of the last column comes the first with its rows in reverse: row r continues in row rows - 1 - r where cells
    are squares, in row rows - r (row 0 in row 0) where they are hexagons. Unit = row * columns + column.

    Parameters
    ----------
    rows : int >= 3 or "auto"
        An even number of at least 4 where cells are hexagons. "auto": about 5 sqrt(n) units in all, shaped like the
        data's two main directions.
    columns : int >= 3 or "auto"
    cells : "hex" | "square"
        Six neighbours or four.
    distance : "plane" | "path"
        Straight over the surface, or steps along edges.

    Notes
    -----
    The distance of two units is the lesser of those from one to the other and to its image, columns further on and
    mirrored, on the torus twice as long: its double cover. Drawn flat.

    References
    ----------
    somkit, as a map; the surface: Hilbert & Cohn-Vossen (1952), Geometry and the Imagination, chapter 6, Chelsea.

    Examples
    --------
    >>> lattice = Klein(rows=4, columns=5).lattice()
    >>> len(lattice), len(lattice.edges)
    (20, 60)
    """

    name: ClassVar[str] = "klein"
    rows: int | str = axis(3)
    columns: int | str = axis(3)
    cells: str = _cells()
    distance: str = _distance()

    def __attrs_post_init__(self) -> None:
        """Refuse rows that do not meet."""
        Topology.__attrs_post_init__(self)
        if self.cells == "hex" and isinstance(self.rows, int) and (self.rows % 2 or self.rows < 4):
            message = (
                f"Klein.rows must be even and >= 4 where cells are hexagons, so that the shifted rows meet, got "
                f"{self.rows}."
            )
            raise ParameterError(message)

    def graph(self) -> nx.Graph:
        """Return the bottle as a networkx graph with nodes (row, column)."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the bottle."""
        rows, columns = size(self.rows, "Klein.rows"), size(self.columns, "Klein.columns")
        return _twisted(rows, columns, self, "both", rows if self.cells == "hex" else rows - 1)

    def sized_for(self, samples: Samples) -> Klein:
        """Turn "auto" into numbers."""
        if isinstance(self.rows, int) and isinstance(self.columns, int):
            return self
        rows, columns = _automatic_shape(self, samples)
        if not isinstance(self.rows, int):
            rows = max(4, 2 * round(rows / 2)) if self.cells == "hex" else max(3, rows)
        return attrs.evolve(self, rows=rows, columns=columns)
