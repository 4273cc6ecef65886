"""The usual six pictures of a map on one page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from somkit.plugins import STANDARD
from somkit.spelling import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure, SubFigure

    from somkit.components import Visualiser
    from somkit.trained import TrainedMap

    Sizes = Mapping[Visualiser, tuple[float, float]]

SMALL = ("u_matrix", "hits", "labels", "clusters", "quality")
WIDE = "component_planes"
SHAPE = 1.3  # width over height that the page should have
WIDEST = 20.0  # inches that it should not exceed


def draw_dashboard(trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Figure:
    """Return one figure with as many of the usual six pictures as the data allow, the planes in a row of their own."""
    from matplotlib.figure import Figure

    parts: list[Visualiser] = [resolve("visualiser", f"{STANDARD}/{view}") for view in SMALL]
    small = [part for part in parts if part.has_enough(X, y)]
    wide: Visualiser = resolve("visualiser", f"{STANDARD}/{WIDE}")
    sizes = {part: part.figure_size(trained) for part in (*small, wide)}
    rows = _rows(small, wide, sizes)
    width, heights = _page(rows, sizes)
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    places = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=heights)[:, 0]
    for place, row in zip(places, rows, strict=True):
        _draw_row(place, row, [sizes[part][0] for part in row], width, trained, (X, y, sample_weight))
    return figure


def _rows(small: list[Visualiser], wide: Visualiser, sizes: Sizes) -> list[list[Visualiser]]:
    """Return the pictures row by row, as many in each as give the page its shape."""

    def cut(across: int) -> list[list[Visualiser]]:
        return [*(small[start : start + across] for start in range(0, len(small), across)), [wide]]

    def misfit(across: int) -> float:
        width, heights = _page(cut(across), sizes)
        return abs(math.log(width / sum(heights) / SHAPE)) + 2 * max(0.0, math.log(width / WIDEST))

    even = dict.fromkeys(math.ceil(len(small) / rows) for rows in range(1, len(small) + 1))
    return cut(min(even, key=misfit))


def _page(rows: list[list[Visualiser]], sizes: Sizes) -> tuple[float, list[float]]:
    """Return the width of the page and the heights of its rows, in inches."""
    width = max(sum(sizes[part][0] for part in row) for row in rows)
    return width, [max(sizes[part][1] for part in row) for row in rows]


def _draw_row(
    place: SubFigure,
    row: list[Visualiser],
    widths: list[float],
    width: float,
    trained: TrainedMap,
    data: tuple[Any, Any, Any],
) -> None:
    """Draw pictures in the middle of their row, each as large as in the other rows."""
    beside = 0.0 if row[0].name == WIDE and len(trained.feature_labels) > 1 else (width - sum(widths)) / 2
    ratios = [beside, *widths, beside] if beside > 0 else widths
    grid = place.add_gridspec(1, len(ratios), width_ratios=ratios)
    for number, part in enumerate(row):
        column = number + (beside > 0)
        part.draw(trained, place.add_subplot(grid[column], projection=part.projection), *data)
