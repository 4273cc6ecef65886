"""Starburst: each unit joined to the bottom of its valley in the U-matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import make_room
from somkit.standard.views._paint import Words, draw_lines, map_size, paint
from somkit.standard.views._seams import Seams

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.lattice import Lattice
    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Starburst(Visualiser):
    """The U-matrix, with a line from each unit to the bottom of the valley that it lies in: a star is a cluster.

    Notes
    -----
    From each unit the way goes to whichever neighbour has the lowest value of the U-matrix, the lowest number among
    equals, as long as that is lower than its own. On maps without borders a line over the
    seam leaves at one side and enters at the other.

    References
    ----------
    Hamel and Brown (2011), Improved interpretability of the unified distance matrix with connected components,
    Proceedings of the 7th International Conference on Data Mining, 338-343.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> W = [[0.0], [1.0], [3.0], [4.0], [4.5]]
    >>> trained = TrainedMap.from_codebook("line:units=5", W)
    >>> trained.draw("starburst").texts[0].get_text()
    'U-matrix; each of 2 stars leads to the bottom of a valley'
    """

    name: ClassVar[str] = "starburst"

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the stars; it needs no samples."""
        del X, y, sample_weight
        values = trained.neighbour_distances
        bottom = bottoms(trained.lattice, values)
        count = len(np.unique(bottom))
        note = f"U-matrix; each of {count} stars leads to the bottom of a valley"
        stage = paint(ax, trained, values, Words("Starburst", "mean distance to neighbours", note, "no neighbour"))
        rays = np.column_stack([np.arange(len(bottom)), bottom])
        rays = rays[rays[:, 0] != rays[:, 1]]
        seams = Seams(stage)
        over = seams.over(rays)
        lines = np.concatenate([stage.centres[rays[~over]], seams.lines(rays[over])])
        for colour, width in (("black", 2.2), ("white", 1.2)):
            draw_lines(ax, lines, colors=colour, linewidths=width, zorder=4)
        make_room(ax)
        return ax


def bottoms(lattice: Lattice, values: Array) -> Array:
    """Return, for each unit, the one that steepest descent along the edges ends at; shape (m,)."""
    both = np.concatenate([lattice.edges, lattice.edges[:, ::-1]])
    order = np.lexsort((both[:, 1], values[both[:, 1]], both[:, 0]))
    start, first = np.unique(both[order, 0], return_index=True)
    lowest = both[order[first], 1]
    bottom = np.arange(len(lattice))
    falls = values[lowest] < values[start]
    bottom[start[falls]] = lowest[falls]
    while not np.array_equal(further := bottom[bottom], bottom):
        bottom = further
    return bottom
