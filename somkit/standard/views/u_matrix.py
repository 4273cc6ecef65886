"""The U-matrix: where neighbours on the map are far apart in the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import (
    BAR_HEIGHT,
    BAR_WIDTH,
    COLOURS,
    colour_bar,
    headline,
    limits,
    make_room,
)
from somkit.standard.views._paint import draw_lines
from somkit.standard.views._seams import Seams
from somkit.standard.views._stage import EMPTY, LINE, Stage
from somkit.validators import choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class UMatrix(Visualiser):
    """Mean distance from each unit to its neighbours: clusters are dark valleys, the borders between them light ridges.

    Parameters
    ----------
    cells : "units" | "between"
        ``between``: units are half as large, and between any two neighbours is a cell with their distance. Steps over
        the seam of a map without borders have no such cell, as there is no room between them on paper.

    Notes
    -----
    Unit i has the value sum over neighbours j of d(w_i, w_j) / number of neighbours, where neighbours are joined by an
    edge of the lattice and d is the metric the map was trained with, on the features as it was trained on them.
    Units without a neighbour are hatched.

    References
    ----------
    Ultsch (1993), Self-organizing neural networks for visualisation and classification,
    doi:10.1007/978-3-642-50974-2_31.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> trained.draw("u_matrix").collections[0].get_array().tolist()
    [1.0, 1.5, 2.0]
    """

    name: ClassVar[str] = "u_matrix"
    cells: str = attrs.field(default="units", validator=choice("units", "between"))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return Stage.of(trained.lattice).figure_size(BAR_WIDTH, BAR_HEIGHT)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the U-matrix; it needs no samples."""
        del X, y, sample_weight
        stage = Stage.of(trained.lattice)
        values = trained.neighbour_distances
        alone = np.isnan(values)
        stage.set_up(ax)
        if not alone.all():
            between = trained.edge_distances if self.cells == "between" else values
            seams = {"edgecolors": "face", "linewidths": 0.2} if self.cells == "between" and stage.has_cells else {}
            shown = stage.fill(ax, ~alone, values=values, cmap=COLOURS, clim=limits(between), **seams)
            if self.cells == "between":
                _draw_between(ax, stage, values, between)
            label = "mean distance to neighbours" if self.cells == "units" else "distance between neighbours"
            colour_bar(ax, shown, between, label, stage.side)
        else:
            ax.set_anchor("C")  # nothing stands beside the map
        if alone.any():
            stage.fill(ax, alone, facecolors=EMPTY, edgecolors=LINE, linewidths=0.5, hatch="////")
        headline(ax, "U-matrix", _note(int(alone.sum()), len(alone)))
        make_room(ax)
        return ax


def _draw_between(ax: Axes, stage: Stage, values: Array, between: Array) -> None:
    """Draw a cell of half the size on each unit and between any two; half-sized cells fill the same plane."""
    from matplotlib.collections import PolyCollection

    edges = stage.lattice.edges
    joint = ~Seams(stage).over(edges)
    style: dict[str, Any] = {"cmap": COLOURS, "clim": limits(between), "linewidths": 0}
    if stage.has_cells:
        outline = (stage.shapes[edges[joint, 0]] - stage.centres[edges[joint, 0], None]) / 2
        middle = stage.centres[edges[joint]].mean(axis=1)
        shapes = PolyCollection(list(middle[:, None] + outline), zorder=3, **style)
        shapes.set_array(between[joint])
        ax.add_collection(shapes, autolim=False)
        stage.fill(ax, ~np.isnan(values), grow=0.5, values=values, zorder=3, **style)
    else:
        lines = draw_lines(ax, stage.centres[edges], **{**style, "linewidths": 3.0}, zorder=1.5)
        lines.set_array(between)


def _note(alone: int, m: int) -> str:
    if alone == m:
        return "no unit has a neighbour"
    note = "light ridges part dark clusters"
    return f"{note}; hatched: no neighbour" if alone else note
