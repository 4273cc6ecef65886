"""Trajectory: the way of a series over the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import COLOURS, colour_bar, headline, limits, make_room, needed
from somkit.standard.views._paint import draw_lines, map_size
from somkit.standard.views._seams import Seams
from somkit.standard.views._stage import EMPTY, INK, LINE, Stage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

DOT = 0.35  # of a unit's shape, for a unit on the way


@final
@attrs.frozen(kw_only=True)
class Trajectory(Visualiser):
    """The way of a series over the map: X in the order of time, from unit to unit, coloured by when.

    The circle is where the series begins, the square where it ends; each unit has the colour of the last visit. A step
    over the seam of a map without borders is dashed, and leaves the picture at one side to enter at the other.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, section 2.14, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> ax = trained.draw("trajectory", X=[[0.1], [0.2], [1.1], [2.9]])
    >>> ax.texts[0].get_text()
    'circle: first, square: last; 2 steps between units'
    """

    name: ClassVar[str] = "trajectory"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the way.

        Raises
        ------
        SampleError
            If there are no samples.
        """
        del y, sample_weight
        if X is None:
            raise needed(self.name, "X", "the series, a row for each time")
        units = trained.bmu(X)
        stage = Stage.of(trained.lattice)
        stage.set_up(ax)
        stage.fill(ax, facecolors=EMPTY, edgecolors="white" if stage.has_cells else LINE, linewidths=0.6)
        times = np.arange(len(units), dtype=np.float64)
        last = np.full(len(trained.lattice), np.nan)
        last[units] = times  # the later of two visits is written last
        clim = limits(times)
        style: dict[str, Any] = {"cmap": COLOURS, "clim": clim}
        visited = stage.dots(ax, ~np.isnan(last), size=DOT, values=last, zorder=4, linewidths=0, **style)
        steps = np.column_stack([units[:-1], units[1:]])
        moved = np.flatnonzero(steps[:, 0] != steps[:, 1])
        seams = Seams(stage)
        seam = seams.over(steps[moved])
        ways = stage.centres[steps[moved[~seam]]], seams.lines(steps[moved[seam]])
        when = times[moved[~seam]], times[moved[seam]].repeat(2)
        for segments, values, pattern in zip(ways, when, ("solid", (0, (3, 2))), strict=True):
            lines = draw_lines(ax, segments, linewidths=1.6, linestyles=pattern, **style)
            lines.set_array(values)
            lines.set_zorder(3)
        for unit, marker, size in ((units[-1], "s", 10), (units[0], "o", 7)):
            look: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": INK, "markeredgewidth": 1.8}
            ax.plot(*stage.centres[unit], marker, markersize=size, zorder=5, scalex=False, scaley=False, **look)
        colour_bar(ax, visited, times, "row of X", stage.side, whole=True)
        note = f"circle: first, square: last; {len(moved)} steps between units"
        headline(ax, "Trajectory", f"{note}; dashed: over the seam" if seam.any() else note)
        make_room(ax)
        return ax
