"""Hexagons within an outline: a rectangle, a hexagon, a disc, or a mask."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.errors import ParameterError
from somkit.lattice import Coordinates, Lattice, Path, networkx_of_lattice
from somkit.standard.topologies._plane import (
    HEX_ROW,
    PERIODIC,
    automatic_shape,
    automatic_units,
    axis,
    check_periodic,
    hexagons,
    labels,
    pairs,
    size,
    wraps,
)
from somkit.validators import choice, refuse

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]

OUTLINES = ("rectangle", "hexagon", "disc", "mask")
DISC_FILLED = np.pi / 4
UNIT, NO_UNIT = "#", "."


def hexagon_steps(shift: Any) -> Any:
    """Return the three ways to later neighbours, for rows shifted right by half a unit where ``shift(row)`` is 1."""

    def steps(row: Array, column: Array) -> list[tuple[Array, Array]]:
        right = column + shift(row)  # the column up and to the right
        return [(row, column + 1), (row + 1, right), (row + 1, right - 1)]

    return steps


@final
@attrs.frozen(kw_only=True)
class Hex(Topology):
    """Hexagons: every inner unit has six neighbours, all 1 away; units are numbered row by row.

    Parameters
    ----------
    rows, columns : int >= 1 or "auto"
        "auto": about 5 sqrt(n) units in all, shaped like the data's two main directions.
    offset : "odd" | "even"
        Which rows are shifted right by half a unit: 1, 3, ... or 0, 2, ...
    periodic : "none" | "columns" | "rows" | "both"
        Axes of a rectangle whose ends meet. Periodic columns are at least 3, periodic rows an even number of at least
        4.
    distance : "plane" | "path"
        Straight through the plane, rows sqrt(3)/2 apart, or steps from hexagon to hexagon.
    shape : "rectangle" | "hexagon" | "disc" | "mask"
        The outline. In a rectangle unit = row * columns + column. A hexagon has an odd number of rows, and as many
        columns. A disc is the ellipse that touches the sides of the rectangle.
    mask : tuple of str
        For shape "mask": the map as it is drawn, its top row first, "#" for a unit and "." for none; rows and columns
        are the mask's. `Hex.masked` makes it from an array or an image.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> lattice = Hex(rows=3, columns=3).lattice()
    >>> int((lattice.distances_from([4]) == 1).sum())
    6
    >>> len(Hex(rows=5, columns=5, shape="hexagon").lattice())
    19
    >>> len(Hex(shape="mask", mask=["##..", "####"]).lattice())
    6
    """

    name: ClassVar[str] = "hex"
    rows: int | str = axis()
    columns: int | str = axis()
    offset: str = attrs.field(default="odd", validator=choice("odd", "even"))
    periodic: str = attrs.field(default="none", validator=choice(*PERIODIC))
    distance: str = attrs.field(default="plane", validator=choice("plane", "path"))
    shape: str = attrs.field(default="rectangle", validator=choice(*OUTLINES))
    mask: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse axes that cannot be closed, and outlines that do not fit."""
        Topology.__attrs_post_init__(self)
        check_periodic(self, 4)
        if wraps(self.periodic)[0] and isinstance(self.rows, int) and self.rows % 2:
            message = f"Hex.rows must be even where rows are periodic, so that the shifted rows meet, got {self.rows}."
            raise ParameterError(message)
        if self.shape != "rectangle" and self.periodic != "none":
            message = f"Hex.periodic must be 'none' where shape is '{self.shape}', got {self.periodic!r}."
            raise ParameterError(message)
        self._check_mask()
        if self.shape == "hexagon":
            self._check_hexagon()

    def _check_mask(self) -> None:
        wanted = self.shape == "mask"
        widths = {len(row) for row in self.mask if isinstance(row, str) and row and not set(row) - {UNIT, NO_UNIT}}
        drawn = len(widths) == 1 and all(isinstance(row, str) and len(row) in widths for row in self.mask)
        drawn = drawn and isinstance(self.mask, tuple)
        if (wanted and not (drawn and UNIT in "".join(self.mask))) or (self.mask and not wanted):
            allowed = "rows of '#' and '.' of one length, with a '#' among them, for shape 'mask', and empty for others"
            raise refuse(self, "mask", allowed, self.mask)
        if not wanted:
            return
        for name, length in {"rows": len(self.mask), "columns": widths.pop()}.items():
            if getattr(self, name) not in {"auto", length}:
                message = f"Hex.{name} must be 'auto' or {length}, as in the mask, got {getattr(self, name)}."
                raise ParameterError(message)
            object.__setattr__(self, name, length)

    def _check_hexagon(self) -> None:
        if isinstance(self.rows, int) and self.rows % 2 == 0:
            message = f"Hex.rows must be odd where shape is 'hexagon', got {self.rows}."
            raise ParameterError(message)
        if "auto" not in {self.rows, self.columns} and self.rows != self.columns:
            message = f"Hex.columns must equal rows ({self.rows}) where shape is 'hexagon', got {self.columns}."
            raise ParameterError(message)
        if self.rows == "auto" and isinstance(self.columns, int) and self.columns % 2 == 0:
            message = f"Hex.columns must be odd where shape is 'hexagon', got {self.columns}."
            raise ParameterError(message)

    @classmethod
    def masked(cls, source: Any, *, rows: int | None = None, **fields: Any) -> Hex:
        """Return hexagons where an array is not 0, or where an image is dark.

        Parameters
        ----------
        source : array of shape (rows, columns), str or Path
            An array, its first row drawn at the top, what is masked being 0, or an image file, of which dark pixels
            that are not transparent become units.
        rows : int >= 1, optional
            Rows of the map, each unit taking the pixel under its middle; by default a unit a pixel.
        **fields
            Other fields of `Hex`: offset, distance.

        Raises
        ------
        ParameterError
            If the array has not two dimensions, holds something other than numbers, or no unit is left.

        Examples
        --------
        >>> Hex.masked([[1, 0], [1, 1]]).mask
        ('#.', '##')
        """
        inside = _dark(source) if isinstance(source, str | FilePath) else np.ma.filled(source, 0)
        if inside.dtype.kind not in "biuf" or np.isnan(inside).any():
            message = f"Hex.masked needs an array of numbers or truth values without NaN, got one of {inside.dtype}."
            raise ParameterError(message)
        if inside.ndim != 2 or not inside.size:
            message = f"Hex.masked needs an array of shape (rows, columns), got one of shape {inside.shape}."
            raise ParameterError(message)
        if rows is not None:
            height, width = inside.shape
            columns = max(1, round(width / height * rows * HEX_ROW))
            down = ((np.arange(rows) + 0.5) / rows * height).astype(int)
            across = ((np.arange(columns) + 0.5) / columns * width).astype(int)
            inside = inside[np.ix_(down, across)]
        mask = tuple("".join(UNIT if unit else NO_UNIT for unit in row) for row in inside.tolist())
        return cls(shape="mask", mask=mask, **fields)

    def graph(self) -> nx.Graph:
        """Return the hexagons as a networkx graph with nodes (row, column)."""
        return networkx_of_lattice(self.lattice())

    def _shift(self, row: Array) -> Array:
        return row % 2 if self.offset == "odd" else 1 - row % 2

    def lattice(self) -> Lattice:
        """Return the hexagons."""
        rows, columns = size(self.rows, "Hex.rows"), size(self.columns, "Hex.columns")
        row, column = np.divmod(np.arange(rows * columns), columns)
        inside = self._inside(rows, columns)
        points = np.column_stack([row, 2 * column + self._shift(row)])  # in half units, so that all are whole numbers
        wrap_rows, wrap_columns = wraps(self.periodic)
        rule = Coordinates(
            points[inside],
            norm="euclidean" if self.distance == "plane" else "hexagonal",
            weights=(0.75, 0.25),
            periods=(rows * wrap_rows, 2 * columns * wrap_columns),
        )
        positions = points[inside][:, ::-1] * (0.5, HEX_ROW)
        edges = pairs(rows, columns, self.periodic, hexagon_steps(self._shift))
        number = np.cumsum(inside) - 1
        kept = number[edges[inside[edges].all(axis=1)]]
        nodes = [label for label, unit in zip(labels(rows, columns), inside, strict=True) if unit]
        # Steps may have to go round a bay of an outline, which coordinates do not know of.
        steps_round = self.distance == "path" and self.shape in {"disc", "mask"}
        cells = hexagons(positions)
        return Lattice(nodes, positions, kept, rule=Path() if steps_round else rule, cells=cells)

    def _inside(self, rows: int, columns: int) -> Array:
        """Tell of each place in the rectangle whether it is a unit; shape (rows * columns,)."""
        row, column = np.divmod(np.arange(rows * columns), columns)
        if self.shape == "mask":
            return np.asarray(np.array([list(line) for line in self.mask[::-1]]).ravel() == UNIT)
        across = 2 * column + self._shift(row)
        if self.shape == "hexagon":
            middle = rows // 2
            down = np.abs(row - middle)
            over = np.abs(across - (2 * middle + int(self._shift(np.array(middle)))))
            return np.asarray(np.maximum(down, (down + over) // 2) <= middle)
        if self.shape == "disc":
            down, over = 2 * row - (rows - 1), 2 * across - (2 * columns - 1)
            return np.asarray((down / rows) ** 2 + (over / (2 * columns)) ** 2 <= 1)
        return np.ones(rows * columns, dtype=bool)

    def sized_for(self, samples: Samples) -> Hex:
        """Turn "auto" into numbers."""
        if isinstance(self.rows, int) and isinstance(self.columns, int):
            return self
        if self.shape == "hexagon":
            # 3 k^2 + 3 k + 1 units within k steps of the middle one
            steps = max(1, round((np.sqrt((4 * automatic_units(samples) - 1) / 3) - 1) / 2))
            given = next((side for side in (self.rows, self.columns) if isinstance(side, int)), 2 * steps + 1)
            return attrs.evolve(self, rows=given, columns=given)
        filled = DISC_FILLED if self.shape == "disc" else 1.0
        rows, columns = automatic_shape(samples, self.rows, self.columns, HEX_ROW, filled)
        wrap_rows, wrap_columns = wraps(self.periodic)
        if wrap_rows and not isinstance(self.rows, int):
            rows = max(4, 2 * round(rows / 2))
        return attrs.evolve(self, rows=rows, columns=max(columns, 3 * wrap_columns))


def _dark(path: str | FilePath) -> Array:
    """Tell which pixels of an image are dark and not transparent."""
    from matplotlib.image import imread

    try:
        image = np.asarray(imread(path))
    except (OSError, ValueError, SyntaxError) as error:
        message = f"{path} cannot be read as an image: {error}."
        raise ParameterError(message) from error
    image = image / 255 if image.dtype.kind in "iu" else image
    planes = image[:, :, None] if image.ndim == 2 else image
    if planes.shape[2] in {2, 4}:
        return np.asarray((planes[:, :, :-1].mean(axis=2) < 0.5) & (planes[:, :, -1] >= 0.5))
    return np.asarray(planes.mean(axis=2) < 0.5)
