"""Activation: how far one sample is from every unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.errors import ParameterError
from somkit.standard.views._canvas import make_room, needed
from somkit.standard.views._paint import Words, map_size, paint
from somkit.validators import integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap


@final
@attrs.frozen(kw_only=True)
class Activation(Visualiser):
    """Distance of one sample to every unit, with its best-matching unit in a ring.

    A sample that only one dark place of the map answers to is well placed; several dark places are rivals.

    Parameters
    ----------
    sample : int >= 0
        Which row of X.

    Notes
    -----
    The distance is the map's own metric's, on the features as the map was trained on them.

    References
    ----------
    Vesanto (1999), SOM-based data visualization methods, doi:10.1016/S1088-467X(99)00013-X.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> trained.draw("activation", X=[[9.0], [1.0]], sample=1).collections[0].get_array().tolist()
    [1.0, 0.0, 2.0]
    """

    name: ClassVar[str] = "activation"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"
    sample: int = attrs.field(default=0, validator=integer(minimum=0))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the distances.

        Raises
        ------
        SampleError
            If there are no samples.
        ParameterError
            If there is no sample of that number.
        """
        del y, sample_weight
        if X is None:
            raise needed(self.name, "X", "the samples of which one is shown")
        samples = trained.samples(X)
        if self.sample >= len(samples):
            message = f"Activation.sample must be an integer from 0 to {len(samples) - 1}, got {self.sample}."
            raise ParameterError(message)
        row = samples.rows(np.array([self.sample]))
        values = np.asarray(trained.metric.pairwise(row, trained.codebook), dtype=np.float64)[0]
        words = Words(f"Sample {self.sample}", "distance to the sample", "ringed: the best-matching unit")
        stage = paint(ax, trained, values, words)
        best = np.arange(len(values)) == trained.metric.nearest(row, trained.codebook)[0][0, 0]
        # White around black is seen on every colour.
        for colour, width in (("white", 4.0), ("black", 2.0)):
            stage.fill(ax, best, facecolors="none", edgecolors=colour, linewidths=width, zorder=5)
        make_room(ax)
        return ax
