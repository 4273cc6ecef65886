"""What is asked of a map by naming a part: its measures, pictures and exports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from somkit.components import Exporter, Measure, Visualiser
from somkit.dashboard import draw_dashboard
from somkit.errors import ParameterError
from somkit.measuring import Estimate, estimate, every_measure
from somkit.plugins import current
from somkit.spelling import resolve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from somkit.trained.trained import TrainedMap

Array = np.ndarray[Any, Any]


@overload
def measure(
    trained: TrainedMap,
    measure: Any,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    *,
    bootstrap: None = None,
    rng: Any = 0,
    **fields: Any,
) -> float: ...


@overload
def measure(
    trained: TrainedMap,
    measure: Any,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    *,
    bootstrap: int,
    rng: Any = 0,
    **fields: Any,
) -> Estimate: ...


def measure(
    trained: TrainedMap,
    measure: Any,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    *,
    bootstrap: int | None = None,
    rng: Any = 0,
    **fields: Any,
) -> float | Estimate:
    """Return one measure of the map, with an interval if asked for.

    Parameters
    ----------
    measure : str, dict or Measure
    X, y, sample_weight : arrays, optional
        The samples and labels to measure it on, where the measure needs any.
    bootstrap : int >= 2, optional
        Draw so many times as many samples, with replacement, and measure again: the value comes with an interval.
    rng : int, numpy Generator or None, default 0
        What these draws are drawn with; None: other ones every time.
    **fields
        The measure's own parameters, as in its spelling.

    Returns
    -------
    float, or Estimate if ``bootstrap`` is given

    Raises
    ------
    MeasureError
        If the measure has no value for this map or these samples.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [2.0]])
    >>> trained.measure("quantisation_error", [[0.5], [2.0]])
    0.25
    >>> print(trained.measure("quantisation_error", [[0.5], [2.0], [1.1]], bootstrap=200))
    0.2 (0 to 0.5)
    """
    part: Measure = _with_fields(resolve("measure", measure), fields)
    if bootstrap is None:
        return float(part(trained, X, y, sample_weight))
    return estimate(part, trained, X, y, sample_weight, bootstrap=bootstrap, rng=rng)


def measures(trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> dict[str, float]:
    """Return every registered measure by name.

    Those that need labels are left out unless ``y`` is given, and so are those that have no value for this map or
    these samples; `measure` says why.
    """
    return every_measure(trained, X, y, sample_weight)[0]


def measure_units(
    trained: TrainedMap, measure: Any, X: Any = None, y: Any = None, sample_weight: Any = None, **fields: Any
) -> Array:
    """Return a measure unit by unit, shape (m,), NaN where a unit has none.

    Raises
    ------
    ParameterError
        If the measure has no such form.
    """
    part: Measure = _with_fields(resolve("measure", measure), fields)
    return _if_any(part.per_unit(trained, X, y, sample_weight), part, "units")


def measure_samples(
    trained: TrainedMap, measure: Any, X: Any = None, y: Any = None, sample_weight: Any = None, **fields: Any
) -> Array:
    """Return a measure sample by sample, shape (n,), NaN where a sample has none.

    Raises
    ------
    ParameterError
        If the measure has no such form.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [2.0]])
    >>> trained.measure_samples("quantisation_error", [[0.5], [2.0]])
    array([0.5, 0. ])
    """
    part: Measure = _with_fields(resolve("measure", measure), fields)
    return _if_any(part.per_sample(trained, X, y, sample_weight), part, "samples")


def draw(
    trained: TrainedMap,
    view: Any,
    ax: Axes | None = None,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    **fields: Any,
) -> Axes:
    """Draw a picture of the map and return its matplotlib Axes; ``ax.figure.savefig(path)`` keeps it.

    Parameters
    ----------
    view : str, dict or Visualiser
        ``"u_matrix"``, ``"hits"``, ``"labels"``, ``"component_planes"`` or any other that is registered:
        ``somkit components visualiser`` lists them.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure of its own.
    X, y, sample_weight : arrays, optional
        The samples and labels to show, where the view shows any.
    **fields
        The view's own parameters.

    Raises
    ------
    ParameterError
        If ``ax`` is something else, such as the samples.
    """
    from matplotlib import axes
    from matplotlib.figure import Figure

    part: Visualiser = _with_fields(resolve("visualiser", view), fields)
    if not isinstance(ax, axes.Axes | None):
        message = (
            f"ax must be matplotlib Axes or None, got {type(ax).__name__}; give samples by name, as in "
            f"trained.draw({part.name!r}, X=X)."
        )
        raise ParameterError(message)
    if ax is None:
        figure = Figure(figsize=part.figure_size(trained), layout="constrained")
        ax = figure.add_subplot(projection=part.projection)
    return part.draw(trained, ax, X, y, sample_weight)


def dashboard(trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Figure:
    """Return one matplotlib figure with the usual six pictures: ``trained.dashboard(X, y).savefig(path)``.

    These are the views "u_matrix", "hits", "labels", "clusters", "quality" and "component_planes"; those that need
    samples or labels are left out where there are none.

    Parameters
    ----------
    X, y, sample_weight : arrays, optional
        The samples, in the units of the data, their labels and weights.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("hex:rows=3,columns=3", [[float(unit)] for unit in range(9)])
    >>> [ax.get_title() for ax in trained.dashboard().axes]
    ['U-matrix', 'Clusters', 'x0']
    """
    return draw_dashboard(trained, X, y, sample_weight)


def export(
    trained: TrainedMap,
    exporter: Any,
    path: str | Path,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    **fields: Any,
) -> None:
    """Write the map for other programs and other people: ``trained.export("graphml", "iris.graphml")``."""
    part: Exporter = _with_fields(resolve("exporter", exporter), fields)
    part.write(trained, Path(path), X, y, sample_weight)


def _if_any(values: Array | None, part: Measure, what: str) -> Array:
    if values is None:
        message = f"measure '{part}' has no value for single {what}."
        raise ParameterError(message)
    return values


def _with_fields(part: Any, fields: Mapping[str, Any]) -> Any:
    return resolve(part.kind, {**current().registry.qualified(part), **fields}) if fields else part
