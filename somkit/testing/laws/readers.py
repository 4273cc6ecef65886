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
from somkit.errors import MeasureError, SomkitError
from somkit.testing.law import Draw, close, law
from somkit.testing.strategies import Situation, normal, trained_maps

ROUNDING = 1e-9  # sums over samples are taken in another order; the samples have no ties that this could decide


def _value(part: Measure, seen: Situation, order: Any = slice(None), weight: Any = None) -> float | None:
    """Return the measure of samples in some order, or None where it has no value."""
    try:
        return part(seen.trained, seen.X[order], seen.y[order], weight)
    except MeasureError:
        return None


@law("measure", examples=12)
def measured_as_a_number(part: Measure, draw: Draw) -> None:
    """A measure is one finite Python number, or a MeasureError says why not; and it says which way is better."""
    seen: Situation = draw(trained_maps())
    value = _value(part, seen, weight=seen.weight)
    assert value is None or type(value) is float, f"'{part}' returned {value!r}."
    assert value is None or np.isfinite(value), f"'{part}' returned {value!r}."
    assert part.better in {"lower", "higher", "zero"}, f"'{part}' has better = {part.better!r}."


@law("measure", examples=6)
def measured_on_an_ordinary_map(part: Measure, draw: Draw) -> None:
    """With its default fields a measure has a value on a map of twelve hexagons, of forty samples with labels."""
    from somkit.recipe import Recipe

    seed = draw(st.integers(0, 99))
    X = normal(seed, 40, 3)
    trained = Recipe(topology="standard/hex:rows=3,columns=4", epochs=2, n_jobs=1, random_state=seed).fit(X)
    value = _value(type(part)(), Situation(trained, X, np.array(["a", "b"])[np.arange(40) % 2], None))
    assert value is not None, f"'{part.name}' has no value on an ordinary map."


@law("measure", examples=12)
def measured_in_any_order(part: Measure, draw: Draw) -> None:
    """The order of the samples does not matter to a measure."""
    seen: Situation = draw(trained_maps())
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(len(seen.X))
    first = _value(part, seen, weight=seen.weight)
    second = _value(part, seen, order, None if seen.weight is None else seen.weight[order])
    assert _agree(first, second), f"'{part}' is {first}, of permuted samples {second}."


@law("measure", examples=12)
def no_weights_are_equal_weights(part: Measure, draw: Draw) -> None:
    """Without weights every sample counts once."""
    seen: Situation = draw(trained_maps())
    first, second = _value(part, seen), _value(part, seen, weight=np.ones(len(seen.X)))
    assert _agree(first, second), f"'{part}' is {first} without weights, {second} with weights of 1."


def _agree(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    near_zero = 8 * np.finfo(np.float64).eps  # as far as differences round of numbers of the size of the laws' samples
    return bool(close([second], [first], ROUNDING) or abs(second - first) <= near_zero)


@law("measure", examples=12)
def measured_unit_by_unit(part: Measure, draw: Draw) -> None:
    """Unit by unit a measure has a number for each, NaN where no sample fell, or has no such form at all."""
    seen: Situation = draw(trained_maps())
    try:
        values = part.per_unit(seen.trained, seen.X, seen.y, seen.weight)
    except MeasureError:
        return
    if values is None:
        return
    assert values.shape == (len(seen.trained.lattice),), f"'{part}' returned shape {values.shape}."
    assert not np.isinf(values).any(), f"'{part}' returned {values.tolist()}."


@law("measure", examples=12)
def measured_sample_by_sample(part: Measure, draw: Draw) -> None:
    """Sample by sample a measure has a number or NaN for each, whose mean it is if it averages, or has no such form."""
    seen: Situation = draw(trained_maps())
    try:
        values = part.per_sample(seen.trained, seen.X, seen.y, seen.weight)
    except MeasureError:
        return
    if values is None:
        assert not part.averages, f"'{part}' averages, but has no value for single samples."
        return
    assert values.shape == (len(seen.X),), f"'{part}' returned shape {values.shape}."
    assert not np.isinf(values).any(), f"'{part}' returned {values.tolist()}."
    known = ~np.isnan(values)
    if part.averages:
        mean = np.average(values[known], weights=None if seen.weight is None else seen.weight[known])
        value = _value(part, seen, weight=seen.weight)
        assert _agree(value, mean), f"'{part}' averages: it is {value}, but the mean of its samples is {mean}."


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
    measured_on_an_ordinary_map,
    measured_in_any_order,
    no_weights_are_equal_weights,
    measured_unit_by_unit,
    measured_sample_by_sample,
    drawn_where_it_was_asked,
    drawn_or_refused_without_samples,
    a_file_is_written,
)
