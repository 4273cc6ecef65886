"""The pictures that the demo shows, and how pictures become files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from somkit.cli.data import Data
from somkit.cli.files import DPI
from somkit.components import Visualiser
from somkit.errors import OutputError, ParameterError
from somkit.spelling import resolve
from somkit.trained import TrainedMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

USUAL = ("u_matrix", "hits", "labels", "component_planes")


def check_view(view: str, data: Data | None) -> None:
    """Raise if a view does not exist, or needs more than there is, in the command's own words."""
    part: Visualiser = resolve("visualiser", view)
    if not part.has_enough(**samples_of(data)):
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
