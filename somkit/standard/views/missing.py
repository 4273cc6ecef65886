"""Missing values: which units' samples were seen only in part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import needed
from somkit.standard.views._paint import Words, map_size, paint_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Missing(Visualiser):
    """The share of values that are missing among the samples of each unit.

    It needs a map whose metric accepts missing values, ``"euclidean:missing=ignore"`` for instance; with other metrics
    there is nothing to show but zeros.

    References
    ----------
    Cottrell and Letrémy (2005), Missing values: processing with the Kohonen algorithm, arXiv:math/0701152.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> W = [[0.0, 0.0], [1.0, 1.0]]
    >>> trained = TrainedMap.from_codebook("line:units=2", W, metric="euclidean:missing=ignore")
    >>> ax = trained.draw("missing", X=[[0.0, 0.1], [1.0, float("nan")]])
    >>> ax.collections[0].get_array().tolist()
    [0.0, 50.0]
    """

    name: ClassVar[str] = "missing"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the shares.

        Raises
        ------
        SampleError
            If there are no samples, or they hold NaN and the metric does not take it.
        """
        del y
        if X is None:
            raise needed(self.name, "X", "the samples whose missing values are counted")
        samples, m = trained.samples(X, sample_weight), len(trained.lattice)
        share = np.concatenate(list(samples.map(lambda block, _: np.isnan(block).mean(axis=1))))
        units = trained.search(samples)[0][:, 0]
        weight = np.ones(len(samples)) if samples.weight is None else samples.weight
        total = np.bincount(units, weights=weight, minlength=m)
        missed = np.bincount(units, weights=100 * weight * share, minlength=m)
        values = np.divide(missed, total, out=np.full(m, np.nan), where=total > 0)
        note = f"{100 * np.average(share, weights=weight):.3g} % of all values are missing"
        return paint_whole(ax, trained, values, Words("Missing values", "missing values in %", note))
