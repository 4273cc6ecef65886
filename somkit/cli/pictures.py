"""The pictures that the demo and the dashboard show, and how they become files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from somkit.cli.data import Data
from somkit.cli.files import DPI
from somkit.components import Visualiser
from somkit.errors import OutputError, ParameterError
from somkit.plugins import STANDARD
from somkit.spelling import resolve
from somkit.trained import TrainedMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

USUAL = ("u_matrix", "hits", "labels", "component_planes")


def _had(data: Data | None) -> set[str]:
    return {"map"} if data is None else {"map", "samples"} if data.y is None else {"map", "samples", "labels"}


def possible(data: Data | None) -> list[str]:
    """Return the usual pictures that the data allow."""
    had = _had(data)
    return [view for view in USUAL if resolve("visualiser", f"{STANDARD}/{view}").needs in had]


def check_view(view: str, data: Data | None) -> None:
    """Raise if a view does not exist, or needs more than there is, in the command's own words."""
    part: Visualiser = resolve("visualiser", view)
    if part.needs not in _had(data):
        what = "DATA, and --label with the column of classes" if part.needs == "labels" else "DATA, the samples to show"
        message = f"view {part.name!r} needs {what}."
        raise ParameterError(message)


def samples_of(data: Data | None) -> dict[str, Any]:
    """Return data as the keywords that views, exporters and measures take."""
    return {} if data is None else {"X": data.X, "y": data.y}


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure at 150 dots an inch."""
    try:
        figure.savefig(path, dpi=DPI)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise OutputError(message) from error


def save_picture(trained: TrainedMap, view: str, path: Path, data: Data | None) -> None:
    """Write one view of a map to a file."""
    from matplotlib.figure import Figure

    figure = trained.draw(view, **samples_of(data)).figure
    save_figure(figure if isinstance(figure, Figure) else figure.figure, path)


def draw_dashboard(trained: TrainedMap, data: Data | None) -> Figure:
    """Return one figure with the usual pictures: the planes of all features in a row of their own."""
    from matplotlib.figure import Figure

    parts = {view: resolve("visualiser", f"{STANDARD}/{view}") for view in possible(data)}
    wide = "component_planes"
    first = [part for view, part in parts.items() if view != wide]
    sizes: Mapping[Any, tuple[float, float]] = {part: part.figure_size(trained) for part in parts.values()}
    top = max(sizes[part][1] for part in first)
    width = max(sum(sizes[part][0] for part in first), sizes[parts[wide]][0])
    figure = Figure(figsize=(width, top + sizes[parts[wide]][1]), layout="constrained")
    (above,), (below,) = figure.subfigures(2, 1, squeeze=False, height_ratios=[top, sizes[parts[wide]][1]])
    grid = above.add_gridspec(1, len(first), width_ratios=[sizes[part][0] for part in first])
    for place, part in enumerate(first):
        part.draw(trained, above.add_subplot(grid[place], projection=part.projection), **samples_of(data))
    part = parts[wide]
    part.draw(trained, below.add_subplot(projection=part.projection), **samples_of(data))
    return figure
