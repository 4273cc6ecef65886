"""Quality: how good the map is, unit by unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs

from somkit.components import Visualiser
from somkit.standard.views._canvas import needed
from somkit.standard.views._paint import Words, map_size, paint_whole
from somkit.validators import text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

WAY: dict[str, str] = {"lower": "lower is better", "higher": "higher is better", "zero": "0 is best"}


@final
@attrs.frozen(kw_only=True)
class Quality(Visualiser):
    """Units coloured by any measure that has a value for each unit: where the map can be believed.

    Parameters
    ----------
    measure : str
        A measure as it is spelled anywhere, ``"topographic_error"`` or ``"trustworthiness"`` for instance.

    Notes
    -----
    The values are `TrainedMap.measure_units`'.

    References
    ----------
    Pölzlbauer (2004), Survey and comparison of quality measures for self-organizing maps, Proceedings of the Fifth
    Workshop on Data Analysis, 67-82.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> trained.draw("quality", X=[[0.5], [1.0], [2.0]]).collections[0].get_array().tolist()
    [0.5, 0.5]
    """

    name: ClassVar[str] = "quality"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"
    measure: str = attrs.field(default="quantisation_error", validator=text())

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the measure.

        Raises
        ------
        SampleError
            If there are no samples.
        ParameterError
            If there is no such measure, or it has no value for single units.
        MeasureError
            If it has none for this map or these samples.
        """
        from somkit.spelling import resolve

        if X is None:
            raise needed(self.name, "X", "the samples to measure the map on")
        part = resolve("measure", self.measure)
        values = trained.measure_units(part, X, y, sample_weight)
        title = part.name.replace("_", " ").capitalize()
        words = Words(title, f"{part.name.replace('_', ' ')} of the unit", WAY[part.better], "no value")
        return paint_whole(ax, trained, values, words)
