"""A number for each unit as a picture: what most views come down to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from somkit.standard.views._canvas import BAR_HEIGHT, BAR_WIDTH, COLOURS, colour_bar, headline, limits, make_room
from somkit.standard.views._stage import EMPTY, LINE, Stage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.samples import Samples
    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]


@attrs.frozen
class Words:
    """What is written on a picture.

    Parameters
    ----------
    title : str
    bar : str
        What the colours mean, with the unit.
    note : str
        How to read the picture.
    blank : str
        Which units are hatched, as they have no value.
    """

    title: str
    bar: str
    note: str = ""
    blank: str = "no sample"


def map_size(trained: TrainedMap) -> tuple[float, float]:
    """Return the size, in inches, of a figure of the map with its colour bar."""
    return Stage.of(trained.lattice).figure_size(BAR_WIDTH, BAR_HEIGHT)


def paint(ax: Axes, trained: TrainedMap, values: Array, words: Words, *, whole: bool = False) -> Stage:
    """Colour each unit by its value, NaN hatched, with a colour bar and a headline, and return the stage.

    What is drawn on top comes after; then call `make_room`.
    """
    stage = Stage.of(trained.lattice)
    stage.set_up(ax)
    unknown = np.isnan(values)
    if unknown.all():
        ax.set_anchor("C")  # nothing stands beside the map
    else:
        shown = stage.fill(ax, ~unknown, values=values, cmap=COLOURS, clim=limits(values))
        colour_bar(ax, shown, values, words.bar, stage.side, whole=whole)
    if unknown.any():
        stage.fill(ax, unknown, facecolors=EMPTY, edgecolors=LINE, linewidths=0.5, hatch="////")
    said = [words.note] if words.note else []
    headline(ax, words.title, "; ".join([*said, f"hatched: {words.blank}"] if unknown.any() else said))
    return stage


def paint_whole(ax: Axes, trained: TrainedMap, values: Array, words: Words, *, whole: bool = False) -> Axes:
    """Paint a picture that nothing is drawn on top of."""
    paint(ax, trained, values, words, whole=whole)
    make_room(ax)
    return ax


def draw_lines(ax: Axes, segments: Array, **style: Any) -> Any:
    """Draw line segments, (k, 2, 2), that do not move the limits of the axes, and return their collection."""
    from matplotlib.collections import LineCollection

    lines = LineCollection(list(segments), **{"capstyle": "round", **style})
    ax.add_collection(lines, autolim=False)
    return lines


def whole(samples: Samples, rows: Array) -> Array:
    """Return rows as the map sees them, where what is missing is the mean of its feature."""
    cloud = np.asarray(samples.rows(rows), dtype=np.float64)
    gaps = np.isnan(cloud)
    if not gaps.any():
        return cloud
    seen = (~gaps).sum(axis=0)
    mean = np.divide(np.nansum(cloud, axis=0), seen, out=np.zeros(cloud.shape[1]), where=seen > 0)
    return np.asarray(np.where(gaps, mean, cloud))
