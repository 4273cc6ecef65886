"""What topologies in rows and columns share: sizes, norms, labels, edges and cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from somkit.errors import ParameterError
from somkit.validators import integer

if TYPE_CHECKING:
    from somkit.samples import Samples

Array = np.ndarray[Any, Any]

PERIODIC = ("none", "columns", "rows", "both")
NORM = {"plane": "euclidean", "path": "manhattan", "chebyshev": "chebyshev"}  # of a grid, by its field ``distance``
HEX_ROW = math.sqrt(3) / 2  # distance between rows of hexagons whose centres are 1 apart
FEWEST, MOST = 4, 2_500


def automatic_units(samples: Samples) -> int:
    """Return about 5 sqrt(total weight) units, between 4 and 2 500.

    Notes
    -----
    Vesanto, Himberg, Alhoniemi & Parhankangas (2000), SOM Toolbox for Matlab 5, technical report A57, Helsinki
    University of Technology.
    """
    return round(min(max(5 * math.sqrt(samples.total_weight), FEWEST), MOST))


def automatic_shape(
    samples: Samples, rows: int | str, columns: int | str, row_height: float, filled: float = 1.0
) -> tuple[int, int]:
    """Return rows and columns: `automatic_units` of them, shaped like the data's two main directions.

    Parameters
    ----------
    samples : Samples
    rows, columns : int or "auto"
    row_height : float
        In the width of a column.
    filled : float in (0, 1]
        The share of rows times columns that are units.
    """
    units = automatic_units(samples) / filled
    if isinstance(rows, int):
        return rows, max(1, round(units / rows))
    if isinstance(columns, int):
        return max(1, round(units / columns)), columns
    deviations, _ = samples.principal_components(2)
    first, second = (*deviations, 0.0)[:2]
    aspect = first / second if second > 0 and second * math.sqrt(units) >= first else 1.0
    height = max(1, round(math.sqrt(units / (aspect * row_height))))
    return height, max(1, round(units / height))


def axis(minimum: int = 1) -> Any:
    """Return the field of a number of units that may be left to the data."""
    return attrs.field(default="auto", validator=integer(minimum=minimum, words=("auto",)))


def size(value: int | str, name: str) -> int:
    """Return a size, or raise where it is still to be had from data."""
    if isinstance(value, str):
        message = f"{name} is 'auto', which needs data to become a number; give an integer, or fit the map."
        raise ParameterError(message)
    return value


def wraps(periodic: str) -> tuple[bool, bool]:
    """Tell whether rows and columns go round."""
    return periodic in {"rows", "both"}, periodic in {"columns", "both"}


def check_periodic(topology: Any, minimum_rows: int) -> None:
    """Refuse periodic axes too short to go round without meeting oneself."""
    wrap_rows, wrap_columns = wraps(topology.periodic)
    name = type(topology).__name__
    if wrap_columns and isinstance(topology.columns, int) and topology.columns < 3:
        message = f"{name}.columns must be an integer >= 3 where columns are periodic, got {topology.columns}."
        raise ParameterError(message)
    if wrap_rows and isinstance(topology.rows, int) and topology.rows < minimum_rows:
        message = f"{name}.rows must be an integer >= {minimum_rows} where rows are periodic, got {topology.rows}."
        raise ParameterError(message)


def pairs(rows: int, columns: int, periodic: str, steps: Any, mirror: int | None = None) -> Array:
    """Return the edges to where ``steps(row, column)``, arrays of rows and columns, lead without leaving the map.

    Where a ``mirror`` is given, going round the columns once leads from row r to row mirror - r.
    """
    wrap_rows, wrap_columns = wraps(periodic)
    units = np.arange(rows * columns)
    row, column = np.divmod(units, columns)
    found = []
    for to_row, to_column in steps(row, column):
        inside = (wrap_rows | (to_row >= 0) & (to_row < rows)) & (
            wrap_columns | (to_column >= 0) & (to_column < columns)
        )
        landed = to_row if mirror is None else np.where(to_column // columns % 2, mirror - to_row, to_row)
        target = (landed % rows) * columns + to_column % columns
        found.append((np.minimum(units, target) * len(units) + np.maximum(units, target))[inside])
    return np.column_stack(np.divmod(np.unique(np.concatenate(found)), len(units)))


def labels(rows: int, columns: int) -> tuple[tuple[int, int], ...]:
    """Return (row, column) of each unit."""
    return tuple((row, column) for row in range(rows) for column in range(columns))


def polygons(positions: Array, corners: int, circumradius: float, turn: float) -> Array:
    """Return a regular polygon about each position, its first corner at the angle ``turn``; (m, corners, 2)."""
    angles = turn + 2 * np.pi * np.arange(corners) / corners
    return positions[:, None] + circumradius * np.column_stack([np.cos(angles), np.sin(angles)])


def squares(positions: Array) -> Array:
    """Return the cells of units 1 apart in rows and columns."""
    return polygons(positions, 4, math.sqrt(0.5), np.pi / 4)


def hexagons(positions: Array) -> Array:
    """Return the cells of units 1 apart in six directions."""
    return polygons(positions, 6, 1 / math.sqrt(3), np.pi / 6)
