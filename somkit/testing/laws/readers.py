# ruff: noqa: D401 - the first line of a law's docstring says what holds, and is shown where it does not
"""Laws of what reads a map: measures, visualisers and exporters."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from somkit.components import Exporter, Measure, Visualiser
from somkit.errors import SomkitError
from somkit.testing.law import Draw, close, law
from somkit.testing.strategies import Situation, trained_maps

ROUNDING = 1e-9  # sums over samples are taken in another order; the samples have no ties that this could decide


@law("measure", examples=40)
def measured_as_a_number(part: Measure, draw: Draw) -> None:
    """A measure is one finite Python number, and says which way is better."""
    seen: Situation = draw(trained_maps())
    value = part(seen.trained, seen.X, seen.y, seen.weight)
    assert type(value) is float, f"'{part}' returned {value!r}."
    assert np.isfinite(value), f"'{part}' returned {value!r}."
    assert part.better in {"lower", "higher"}, f"'{part}' has better = {part.better!r}."


@law("measure", examples=40)
def measured_in_any_order(part: Measure, draw: Draw) -> None:
    """The order of the samples does not matter to a measure."""
    seen: Situation = draw(trained_maps())
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(len(seen.X))
    weight = None if seen.weight is None else seen.weight[order]
    first = part(seen.trained, seen.X, seen.y, seen.weight)
    second = part(seen.trained, seen.X[order], seen.y[order], weight)
    assert close([second], [first], ROUNDING), f"'{part}' is {first}, of permuted samples {second}."


@law("measure", examples=40)
def no_weights_are_equal_weights(part: Measure, draw: Draw) -> None:
    """Without weights every sample counts once."""
    seen: Situation = draw(trained_maps())
    first = part(seen.trained, seen.X, seen.y)
    second = part(seen.trained, seen.X, seen.y, np.ones(len(seen.X)))
    assert close([second], [first], ROUNDING), f"'{part}' is {first} without weights, {second} with weights of 1."


@law("measure", examples=40)
def measured_unit_by_unit(part: Measure, draw: Draw) -> None:
    """Unit by unit a measure has a number for each, NaN where no sample fell, or has no such form at all."""
    seen: Situation = draw(trained_maps())
    values = part.per_unit(seen.trained, seen.X, seen.y, seen.weight)
    if values is None:
        return
    assert values.shape == (len(seen.trained.lattice),), f"'{part}' returned shape {values.shape}."
    assert not np.isinf(values).any(), f"'{part}' returned {values.tolist()}."


@law("visualiser", examples=6)
def drawn_where_it_was_asked(part: Visualiser, draw: Draw) -> None:
    """A picture is drawn on the axes that were given, which are returned, and pyplot is not touched.

    With its default fields it can be drawn of any map; others may ask for what a map has not, and say so.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    seen: Situation = draw(trained_maps())
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    figures = pyplot.get_fignums() if pyplot else []
    figure = Figure(figsize=part.figure_size(seen.trained), layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    ax = figure.add_subplot(projection=part.projection)
    try:
        returned = part.draw(seen.trained, ax, seen.X, seen.y, seen.weight)
    except SomkitError:
        if part == type(part)():
            raise
        return
    assert returned is ax, f"'{part}' returned {returned!r}, not the axes it was given."
    canvas.draw()
    assert sys.modules.get("matplotlib.pyplot") is pyplot, f"'{part}' imported matplotlib.pyplot."
    assert not pyplot or pyplot.get_fignums() == figures, f"'{part}' opened a figure of pyplot's."


@law("visualiser", examples=6)
def drawn_or_refused_without_samples(part: Visualiser, draw: Draw) -> None:
    """Without samples a picture is drawn all the same, or somkit's own error says what is missing."""
    from matplotlib.figure import Figure

    seen: Situation = draw(trained_maps())
    ax = Figure(figsize=part.figure_size(seen.trained)).add_subplot(projection=part.projection)
    try:
        returned = part.draw(seen.trained, ax)
    except SomkitError:
        return
    assert returned is ax, f"'{part}' returned {returned!r}, not the axes it was given."


@law("exporter", examples=15)
def a_file_is_written(part: Exporter, draw: Draw) -> None:
    """A map of hexagons is written to the path that was given, any other map too or refused without leaving a file."""
    seen: Situation = draw(trained_maps())
    flat = seen.trained.lattice.cells is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.file"
        try:
            part.write(seen.trained, path, seen.X, seen.y, seen.weight)
        except SomkitError:
            assert not flat, f"'{part}' refused a map of hexagons."
            assert not path.exists(), f"'{part}' refused a map and left a file."
            return
        assert path.stat().st_size, f"'{part}' wrote an empty file."


LAWS = (
    measured_as_a_number,
    measured_in_any_order,
    no_weights_are_equal_weights,
    measured_unit_by_unit,
    drawn_where_it_was_asked,
    drawn_or_refused_without_samples,
    a_file_is_written,
)
