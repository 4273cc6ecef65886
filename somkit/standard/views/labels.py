"""Labels: what the samples on each unit are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.errors import SampleError
from somkit.standard.views._canvas import (
    COLOURS,
    colour_bar,
    headline,
    limits,
    make_room,
    needed,
    scale,
    shorten,
    size_of,
)
from somkit.standard.views._stage import EMPTY, INK, LINE, Side, Stage
from somkit.trained import as_labels, distinct_labels, is_missing
from somkit.validators import choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

# Okabe and Ito's eight colours, which colour-blind eyes tell apart, those that differ most in lightness first.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MARKERS = ("", "o", "^", "s", "*", "D", "v", "P")  # classes 9 to 16 have the colours again, with a dot, and so on
MOST_LABELS = 24  # in a legend; the rarest are taken together beyond
LONGEST_LABEL = 24  # characters
DISTINCT_NUMBERS = 20  # more different floats than this are quantities, not names of classes
DOT = 0.12  # of an empty unit's shape
MARK = 0.45  # of a unit's shape, for the markers inside
LEGEND_WIDTH, LEGEND_HEIGHT = 1.3, 0.6  # inches
LINE_HEIGHT = 1.7  # of the legend, in font sizes


@final
@attrs.frozen(kw_only=True)
class Labels(Visualiser):
    """Units coloured by the label of the samples that fell on them.

    Labels are names of classes, except floats with more than 20 different values: those are quantities, shown as their
    mean over the samples of each unit, with a colour bar. For whole numbers that are quantities pass
    ``y.astype(float)``.

    Parameters
    ----------
    method : "majority" | "wins"
        ``majority``: the commonest label among the samples on the unit, or their mean. ``wins``: the label of the
        sample that won the unit most often in training; it needs no X, but a map that was trained with
        ``online:record_wins=true``.

    Notes
    -----
    The first eight classes have Okabe and Ito's colours, the next eight the same with a dot, then triangles and so on.

    References
    ----------
    Wong (2011), Points of view: color blindness, doi:10.1038/nmeth.1618.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> ax = trained.draw("labels", X=[[0.1], [0.2], [2.9]], y=["a", "a", "b"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['a', 'b', 'no sample']
    """

    name: ClassVar[str] = "labels"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "labels"
    method: str = attrs.field(default="majority", validator=choice("majority", "wins"))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the legend."""
        return Stage.of(trained.lattice).figure_size(LEGEND_WIDTH, LEGEND_HEIGHT)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the labels of the units.

        Raises
        ------
        SampleError
            If there are no labels, or no samples where the method needs them, or they do not fit the map.
        """
        if y is None:
            raise needed(self.name, "y", "the label of each sample")
        if X is None and self.method == "majority":
            way = ", or with method='wins' for a map trained with trainer='online:record_wins=true'"
            raise needed(self.name, "X", "the samples that y labels", way)
        stage = Stage.of(trained.lattice)
        stage.set_up(ax)
        if are_quantities(y):
            self._draw_quantities(ax, stage, self._quantities(trained, X, y, sample_weight))
        else:
            units = trained.label_units(y, X, method=self._method, sample_weight=sample_weight)
            self._draw_classes(ax, stage, units, np.array(distinct_labels(as_labels(y).tolist()), dtype=object))
        make_room(ax)
        return ax

    @property
    def _method(self) -> Literal["majority", "wins"]:
        return cast('Literal["majority", "wins"]', self.method)

    def _quantities(self, trained: TrainedMap, X: Any, y: Any, sample_weight: Any) -> Array:
        """Return a number for each unit, NaN where it has none."""
        if self.method == "wins":
            found = trained.label_units(as_labels(y), X, method="wins")
            return np.array([np.nan if value is None else value for value in found], dtype=np.float64)
        samples = trained.samples(X, sample_weight)
        units = trained.search(samples)[0][:, 0]
        values = one_each(y, len(units))
        weight = np.where(np.isnan(values), 0.0, 1.0 if samples.weight is None else samples.weight)
        total = np.bincount(units, weights=weight, minlength=len(trained.lattice))
        sums = np.bincount(units, weights=weight * np.nan_to_num(values), minlength=len(trained.lattice))
        return np.asarray(np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0))

    def _draw_quantities(self, ax: Axes, stage: Stage, values: Array) -> None:
        known = ~np.isnan(values)
        shown = stage.fill(ax, known, values=values, cmap=COLOURS, clim=limits(values))
        draw_empty(ax, stage, ~known)
        label = "mean label of the unit's samples" if self.method == "majority" else "label of the sample that won most"
        colour_bar(ax, shown, values, label, stage.side)
        headline(ax, "Labels", "" if known.all() else "grey: units without a sample")

    def _draw_classes(self, ax: Axes, stage: Stage, found: Array, names: Array) -> None:
        labels, classes = classes_of(found, names.tolist())
        for number, (label, look) in enumerate(labels):
            members = classes == number
            stage.fill(ax, members, facecolors=look.colour, label=label)
            look.mark(ax, stage, members)
        draw_empty(ax, stage, classes < 0)
        looks = [*labels, ("no sample", None)] if (classes < 0).any() else labels
        draw_legend(ax, stage, looks)
        note = "the commonest among the samples of each unit"
        headline(ax, "Labels", note if self.method == "majority" else "of the sample that won each unit most often")


def are_quantities(y: Any) -> bool:
    """Tell whether labels are numbers to be averaged: floats with more than 20 different values."""
    values = as_labels(y)
    return bool(np.issubdtype(values.dtype, np.floating) and len(np.unique(values)) > DISTINCT_NUMBERS)


def one_each(y: Any, n: int) -> Array:
    """Return the labels of n samples.

    Raises
    ------
    SampleError
        If there are more or fewer.
    """
    labels = as_labels(y)
    if labels.shape != (n,):
        message = f"y must hold one label for each of the {n} samples, got shape {labels.shape}."
        raise SampleError(message)
    return labels


def with_gaps(labels: Array) -> Array:
    """Return labels as objects, None where one is missing."""
    given = np.empty(len(labels), dtype=object)
    given[:] = [None if is_missing(label) else label for label in labels.tolist()]
    return given


@attrs.frozen
class Look:
    """The colour of a class, and the marker that tells it from others of its colour."""

    colour: str
    marker: str = ""

    def mark(self, ax: Axes, stage: Stage, members: Array) -> None:
        """Draw the marker inside the shapes of some units."""
        if not self.marker:
            return
        from matplotlib.collections import PolyCollection
        from matplotlib.markers import MarkerStyle

        style = MarkerStyle(self.marker)
        outline = style.get_path().transformed(style.get_transform()).to_polygons()[0]
        outline = np.asarray(outline) / np.abs(outline).max()
        reach = MARK * np.ptp(stage.shapes[members], axis=1).min(axis=1) / 2
        marks = stage.centres[members, None] + reach[:, None, None] * outline
        ax.add_collection(
            PolyCollection(list(marks), facecolors="white", edgecolors=INK, linewidths=0.5, zorder=4), autolim=False
        )


def classes_of(found: Array, names: list[Any]) -> tuple[list[tuple[str, Look]], Array]:
    """Return what the legend shows, and for each unit which of it, -1 where no sample fell.

    A class keeps its look whatever else is on the map. Beyond 24 classes the rarest on the map are one, in grey.
    """
    number = {name: place for place, name in enumerate(names)}
    units = np.array([-1 if name is None else number[name] for name in found.tolist()], dtype=np.int64)
    present, count = np.unique(units[units >= 0], return_counts=True)
    kept = present
    if len(present) > MOST_LABELS:
        kept = np.sort(present[np.argsort(-count, kind="stable")][: MOST_LABELS - 1])
    labels = [(shorten(str(names[place]), LONGEST_LABEL), look_of(int(place))) for place in kept]
    if len(kept) < len(present):
        labels.append((f"{len(present) - len(kept)} other labels", Look("#999999")))
    classes = np.where(np.isin(units, kept), np.searchsorted(kept, units), len(kept))
    return labels, np.where(units < 0, -1, classes)


def look_of(place: int) -> Look:
    """Return the look of the class of that number."""
    return Look(PALETTE[place % len(PALETTE)], MARKERS[place // len(PALETTE) % len(MARKERS)])


def draw_empty(ax: Axes, stage: Stage, empty: Array) -> None:
    """Mark units without a sample: grey cells with a dot, or small grey circles."""
    if stage.has_cells:
        stage.fill(ax, empty, facecolors=EMPTY)
        if not stage.crowded:
            stage.dots(ax, empty, size=DOT, facecolors=LINE, linewidths=0, zorder=3)
    else:
        stage.fill(ax, empty, grow=0.5, facecolors=EMPTY, edgecolors=LINE, linewidths=0.6)


def draw_legend(ax: Axes, stage: Stage, looks: list[tuple[str, Any]], side: Side | None = None) -> None:
    """Draw the legend beside the map or below it; a look that is None is an empty unit's."""
    names = [label for label, _ in looks]
    width, height = size_of(ax)
    fontsize = 9 * scale(ax)
    if (side or stage.side) == "right":
        place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
        fontsize = min(fontsize, max(5.0, 72 * height / (LINE_HEIGHT * len(names))))
    else:
        letters = 5 + max(map(len, names))
        columns = int(72 * width / (0.6 * fontsize * letters))
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncols": max(1, min(columns, len(names)))}
    legend = ax.legend(
        [_handle(look) for _, look in looks],
        [str(place) for place in range(len(looks))],  # matplotlib leaves out names that begin with "_"
        fontsize=fontsize,
        frameon=False,
        labelcolor=INK,
        handlelength=1.2,
        handleheight=1.2,
        **place,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)
        text.set_parse_math(False)  # "$" is a currency


def _handle(look: Look | None) -> Any:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if look is None:
        return Patch(facecolor=EMPTY, linewidth=0), _dot(Line2D, ".", LINE, "none")
    patch = Patch(facecolor=look.colour, linewidth=0)
    return (patch, _dot(Line2D, look.marker, "white", INK)) if look.marker else patch


def _dot(line: Any, marker: str, face: str, edge: str) -> Any:
    return line([], [], linestyle="", marker=marker, markersize=6, markerfacecolor=face, markeredgecolor=edge)
