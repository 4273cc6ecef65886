"""Pies: the shares of the classes on each unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import headline, make_room, needed
from somkit.standard.views._stage import EMPTY, INK, Stage
from somkit.standard.views.labels import (
    LEGEND_HEIGHT,
    LEGEND_WIDTH,
    Look,
    classes_of,
    draw_empty,
    draw_legend,
    one_each,
    with_gaps,
)
from somkit.trained import distinct_labels
from somkit.validators import choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

SMALLEST = 0.3  # of the largest pie's radius
FULL = 0.92  # of a cell's inner radius
HATCHES = {"o": "oo", "^": "//", "s": "xx", "*": "**", "D": "++", "v": "\\\\", "P": ".."}  # what fits in a wedge
FINEST = 48  # corners of a whole pie


@final
@attrs.frozen(kw_only=True)
class Pies(Visualiser):
    """A pie a unit: the share of each class among the samples that fell on it.

    Parameters
    ----------
    size : "hits" | "equal"
        Whether a pie's area grows with the number of samples on the unit, or all are as large.

    Notes
    -----
    The purity, sum over units of the commonest class's samples / all samples, is said below the title. Classes have
    the looks they have in the view "labels"; beyond 24 the rarest are taken together.

    References
    ----------
    Vesanto (1999), SOM-based data visualization methods, doi:10.1016/S1088-467X(99)00013-X.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> ax = trained.draw("pies", X=[[0.1], [0.2], [2.9]], y=["a", "b", "b"])
    >>> ax.texts[0].get_text()
    'area: samples; purity 0.67'
    """

    name: ClassVar[str] = "pies"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "labels"
    size: str = attrs.field(default="hits", validator=choice("hits", "equal"))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the legend."""
        return Stage.of(trained.lattice).figure_size(LEGEND_WIDTH, LEGEND_HEIGHT)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the pies.

        Raises
        ------
        SampleError
            If there are no labels or no samples, or they do not fit.
        """
        if X is None:
            raise needed(self.name, "X", "the samples that y labels")
        if y is None:
            raise needed(self.name, "y", "the label of each sample")
        looks, counts = class_counts(trained, X, y, sample_weight)
        stage = Stage.of(trained.lattice)
        stage.set_up(ax)
        if stage.has_cells:
            stage.fill(ax, facecolors=EMPTY, zorder=1)
        total = counts.sum(axis=1)
        most = float(total.max(initial=0.0))
        share = np.sqrt(total / most) if self.size == "hits" and most else np.ones(len(total))
        radius = inner_radius(stage) * FULL * np.maximum(share, SMALLEST)
        _draw_wedges(ax, stage, looks, counts, radius)
        empty = total == 0
        draw_empty(ax, stage, empty)
        draw_legend(ax, stage, [*looks, ("no sample", None)] if empty.any() else looks)
        area = "samples" if sample_weight is None else "weight of samples"
        purity = f"purity {counts.max(axis=1).sum() / total.sum():.2f}" if most else "no sample has a label"
        headline(ax, "Classes", f"area: {area}; {purity}" if self.size == "hits" else purity)
        make_room(ax)
        return ax


def class_counts(
    trained: TrainedMap, X: Any, y: Any, sample_weight: Any = None
) -> tuple[list[tuple[str, Look]], Array]:
    """Return the classes that samples have, as the legend shows them, and their weight on each unit, (m, classes)."""
    samples = trained.samples(X, sample_weight)
    given = with_gaps(one_each(y, len(samples)))
    looks, classes = classes_of(given, distinct_labels(given.tolist()))
    units = trained.search(samples)[0][:, 0]
    weight = np.ones(len(samples)) if samples.weight is None else samples.weight
    counts = np.zeros((len(trained.lattice), len(looks)))
    known = classes >= 0
    np.add.at(counts, (units[known], classes[known]), weight[known])
    return looks, counts


def inner_radius(stage: Stage) -> Array:
    """Return the radius of the largest circle about the centre inside each unit's shape, shape (m,)."""
    sides = np.roll(stage.shapes, -1, axis=1) - stage.shapes
    length = np.linalg.norm(sides, axis=2)
    to_centre = stage.centres[:, None] - stage.shapes
    area = np.abs(sides[..., 0] * to_centre[..., 1] - sides[..., 1] * to_centre[..., 0])
    apart = np.divide(area, length, out=np.full(length.shape, np.inf), where=length > 1e-9 * length.max())
    return np.asarray(apart.min(axis=1))


def _draw_wedges(ax: Axes, stage: Stage, looks: list[tuple[str, Look]], counts: Array, radius: Array) -> None:
    from matplotlib.collections import PolyCollection

    total = counts.sum(axis=1, keepdims=True)
    ends = np.cumsum(np.divide(counts, total, out=np.zeros_like(counts), where=total > 0), axis=1)
    for number, (label, look) in enumerate(looks):
        wedges = []
        for unit in stage.order[counts[stage.order, number] > 0]:
            start, stop = (ends[unit, number - 1] if number else 0.0), ends[unit, number]
            turns = np.linspace(start, stop, max(3, round(FINEST * (stop - start)) + 1))
            rim = np.column_stack([np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)])
            hub = [] if stop - start > 1 - 1e-9 else [np.zeros((1, 2))]
            wedges.append(stage.centres[unit] + radius[unit] * np.concatenate([*hub, rim]))
        line = 0.0 if stage.crowded else 0.3
        shown = PolyCollection(wedges, facecolors=look.colour, edgecolors=INK, linewidths=line, zorder=3, label=label)
        if look.marker:
            shown.set_hatch(HATCHES[look.marker])
        ax.add_collection(shown, autolim=False)
