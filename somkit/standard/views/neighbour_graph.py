"""Neighbour graph: the edges of the map, coloured by how far apart they hold their units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs

from somkit.components import Visualiser
from somkit.standard.views._canvas import COLOURS, colour_bar, headline, limits, make_room
from somkit.standard.views._paint import draw_lines, map_size
from somkit.standard.views._seams import Seams
from somkit.standard.views._stage import EMPTY, INK, Stage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

DOT = 0.26  # of a unit


@final
@attrs.frozen(kw_only=True)
class NeighbourGraph(Visualiser):
    """The edges of the map, coloured by the distance between the vectors at their ends.

    What the U-matrix averages over the neighbours of a unit is seen one by one. Edges over the seam of a map without
    borders are dashed, and leave the picture at one side to enter at the other.

    Notes
    -----
    The distance is the map's own metric's, on the features as the map was trained on them.

    References
    ----------
    Merkl and Rauber (1997), Alternative ways for cluster visualization in self-organizing maps, Proceedings of WSOM'97,
    106-111.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> trained.draw("neighbour_graph").collections[0].get_array().tolist()
    [1.0, 2.0]
    """

    name: ClassVar[str] = "neighbour_graph"

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the edges; it needs no samples."""
        del X, y, sample_weight
        stage = Stage.of(trained.lattice)
        distances, edges = trained.edge_distances, trained.lattice.edges
        note = "the map has no edges"
        if len(edges):
            note = "distance between the vectors of neighbours"
            seams = Seams(stage)
            seam = seams.over(edges)
            width = 1.4 if stage.crowded else 4.0
            style: dict[str, Any] = {"cmap": COLOURS, "clim": limits(distances)}
            shown = draw_lines(ax, stage.centres[edges[~seam]], linewidths=width, zorder=3, **style)
            shown.set_array(distances[~seam])
            if seam.any():
                note += "; dashed: over the seam"
                over = draw_lines(ax, seams.lines(edges[seam]), linewidths=width, linestyles=(0, (0.6, 0.6)), **style)
                over.set_array(distances[seam].repeat(2))
                over.set_zorder(2.5)
            colour_bar(ax, shown, distances, "distance between neighbours", stage.side)
        stage.set_up(ax)
        if not stage.crowded:
            stage.dots(ax, size=DOT, facecolors=EMPTY, edgecolors=INK, linewidths=0.6, zorder=4)
        headline(ax, "Neighbour graph", note)
        make_room(ax)
        return ax
