"""Hits: how many samples fell on each unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import (
    BAR_HEIGHT,
    BAR_WIDTH,
    COLOURS,
    colour_bar,
    headline,
    make_room,
    needed,
    numerals,
)
from somkit.standard.views._stage import EMPTY, LINE, Stage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

SMALLEST = 0.22  # of a unit's shape, so that a single sample can still be seen beside hundreds
SMALLEST_IN_CROWD = 0.6
IN_CROWDED_GRAPH = 2.0  # most units of so large a graph are empty, or circles may overlap
DOT, DOT_ON_GRAPH = 0.12, 0.25  # of an empty unit's shape
PALEST = 0.15  # of the colour map, whose yellow end would be lost on white


@final
@attrs.frozen(kw_only=True)
class Hits(Visualiser):
    """Number of samples on each unit, or their total weight, as size and as colour; empty units are grey.

    Notes
    -----
    A unit's shape is filled in proportion to its hits: it has the share hits / most hits of the area of its cell, or of
    the largest circle, but never less than 5 %.

    References
    ----------
    Vesanto (1999), SOM-based data visualization methods, doi:10.1016/S1088-467X(99)00013-X.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> ax = trained.draw("hits", X=[[0.1], [0.2], [2.9]])
    >>> ax.get_title()
    'Hits'
    """

    name: ClassVar[str] = "hits"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return Stage.of(trained.lattice).figure_size(BAR_WIDTH, BAR_HEIGHT)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the hits of the samples.

        Raises
        ------
        SampleError
            If there are no samples, or they do not fit the map.
        """
        del y
        if X is None:
            raise needed(self.name, "X", "the samples to count")
        hits = trained.hits(X, sample_weight)
        stage = Stage.of(trained.lattice)
        stage.set_up(ax)
        if stage.has_cells:
            stage.fill(ax, facecolors=EMPTY, zorder=1)
        empty = hits == 0
        most = float(hits.max())
        size = np.maximum(SMALLEST_IN_CROWD if stage.crowded else SMALLEST, np.sqrt(hits / most))
        if stage.crowded and not stage.has_cells:
            size *= IN_CROWDED_GRAPH
        shown = stage.fill(ax, ~empty, grow=size, values=hits, cmap=_colours(), clim=(0, most), linewidths=0, zorder=3)
        if not (stage.crowded and stage.has_cells):
            dot = DOT if stage.has_cells else DOT_ON_GRAPH
            stage.dots(ax, empty, size=dot, facecolors=LINE, linewidths=0, zorder=2)
        label = "samples" if sample_weight is None else "total weight of samples"
        colour_bar(ax, shown, np.array([0.0, most]), label, stage.side, whole=sample_weight is None)
        mark = "pale" if stage.crowded and stage.has_cells else "dots"
        note = _count(hits, weighted=sample_weight is not None)
        headline(ax, "Hits", f"{note}; {mark}: empty units" if empty.any() else note)
        make_room(ax)
        return ax


def _colours() -> Any:
    """Return the colour map from light to dark, so that the many stand out from the white of the page."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[f"{COLOURS}_r"](np.linspace(PALEST, 1, 256)), name="hits")


def _count(hits: Array, *, weighted: bool) -> str:
    total = f"total weight {numerals([hits.sum()])[0]}" if weighted else f"{int(hits.sum())} samples"
    return f"{total} on {np.count_nonzero(hits)} of {len(hits)} units"
