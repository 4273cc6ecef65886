"""The usual six pictures of a map on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from somkit.plugins import STANDARD
from somkit.spelling import resolve

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

    from somkit.components import Visualiser
    from somkit.trained import TrainedMap

SMALL = ("u_matrix", "hits", "labels", "clusters", "quality")
WIDE = "component_planes"
ACROSS = 3  # pictures in a row


def draw_dashboard(trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Figure:
    """Return one figure with as many of the usual six pictures as the data allow, the planes in a row of their own."""
    from matplotlib.figure import Figure

    parts: list[Visualiser] = [resolve("visualiser", f"{STANDARD}/{view}") for view in SMALL]
    small = [part for part in parts if part.has_enough(X, y)]
    rows = [small[start : start + ACROSS] for start in range(0, len(small), ACROSS)]
    rows.append([resolve("visualiser", f"{STANDARD}/{WIDE}")])
    sizes = {part: part.figure_size(trained) for row in rows for part in row}
    heights = [max(sizes[part][1] for part in row) for row in rows]
    width = max(sum(sizes[part][0] for part in row) for row in rows)
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    places = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=heights)[:, 0]
    for place, row in zip(places, rows, strict=True):
        _draw_row(place, row, [sizes[part][0] for part in row], trained, (X, y, sample_weight))
    return figure


def _draw_row(
    place: SubFigure, row: list[Visualiser], widths: list[float], trained: TrainedMap, data: tuple[Any, Any, Any]
) -> None:
    grid = place.add_gridspec(1, len(row), width_ratios=widths)
    for number, part in enumerate(row):
        part.draw(trained, place.add_subplot(grid[number], projection=part.projection), *data)
