"""Pictures that are no maps: axes with numbers on them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import COLOURS, colour_bar, headline, make_room, scale, size_of
from somkit.standard.views._paint import draw_lines, whole
from somkit.standard.views._stage import INK, LINE
from somkit.standard.views.labels import PALETTE, Look, are_quantities, classes_of, one_each, with_gaps
from somkit.trained import distinct_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

PLAIN = "#9a9a9a"  # of samples whose class is not known
MARKERS_IN_DATA = {"": "o", "o": "p"}  # the first eight classes have no marker on a map, but need one here
MOST_NUMBERED = 40  # leaves of a dendrogram that have their unit's number below
MOST_DOTS = 20_000  # samples that are drawn, evenly spaced in X


def _plain_axes(ax: Axes) -> None:
    """Draw no more of the frame than the two axes that have numbers."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    size = 9 * scale(ax)
    ax.tick_params(labelsize=size, labelcolor=INK, color=LINE)
    ax.xaxis.label.set(fontsize=size, color=INK)
    ax.yaxis.label.set(fontsize=size, color=INK)


@final
@attrs.frozen(kw_only=True)
class DataSpace(Visualiser):
    """The lattice where its vectors lie in the data, in the plane of the data's two principal components.

    A map that is unfolded lies flat among the samples; folds and edges that reach across gaps show at once.

    Notes
    -----
    The plane is that of the samples, weighted by their weights, or of the codebook where there are none; features are
    as the map was trained on them. Samples have the colours of their classes where y names some. At most 20,000 samples
    are drawn.

    References
    ----------
    Jolliffe (2002), Principal Component Analysis, 2nd edition, doi:10.1007/b98835.

    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
    >>> trained.draw("data_space").get_xlabel()
    'first principal component (100 % of the variance)'
    """

    name: ClassVar[str] = "data_space"

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the lattice, and the samples if there are any.

        Raises
        ------
        SampleError
            If the samples do not fit the map, or the labels the samples.
        """
        if X is None:
            cloud, weight, rows = trained.codebook, None, None
        else:
            samples = trained.samples(X, sample_weight)
            rows = np.linspace(0, len(samples) - 1, min(len(samples), MOST_DOTS)).astype(np.int64)
            cloud, weight = whole(samples, rows), None if samples.weight is None else samples.weight[rows]
        project, shares = _plane(cloud, weight)
        if rows is not None:
            _draw_samples(ax, project(cloud), None if y is None else one_each(y, len(samples))[rows])
        flat = project(trained.codebook)
        ax.autoscale_view()
        draw_lines(ax, flat[trained.lattice.edges], colors=INK, linewidths=0.7, zorder=3)
        size = 14 if len(flat) <= 400 else 4
        ax.scatter(flat[:, 0], flat[:, 1], s=size, c="white", edgecolors=INK, linewidths=0.8, zorder=4)
        for name, axis, share in (("first", ax.xaxis, shares[0]), ("second", ax.yaxis, shares[1])):
            axis.set_label_text(f"{name} principal component ({share:.0%} of the variance)".replace("%", " %"))
        ax.set_aspect("equal", adjustable="datalim")
        _plain_axes(ax)
        headline(ax, "Lattice in the data", "circles: units" if rows is None else "circles: units, dots: samples")
        make_room(ax)
        return ax


def _plane(cloud: Array, weight: Array | None) -> tuple[Any, tuple[float, float]]:
    """Return the projection on the two principal components, and the share of the variance along each."""
    cloud = np.asarray(cloud, dtype=np.float64)
    mean = np.average(cloud, axis=0, weights=weight)
    root = 1.0 if weight is None else np.sqrt(weight / weight.sum())[:, None]
    _, values, axes = np.linalg.svd(root * (cloud - mean), full_matrices=False)
    # The largest entry of each axis is positive, or the picture might be mirrored elsewhere.
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    kept = np.zeros((2, cloud.shape[1]))
    kept[: min(2, len(axes))] = axes[:2]
    share = np.zeros(2)
    share[: min(2, len(values))] = values[:2] ** 2 / max(float((values**2).sum()), 1e-300)
    return lambda points: (points - mean) @ kept.T, (float(share[0]), float(share[1]))


def _draw_samples(ax: Axes, flat: Array, y: Array | None) -> None:
    style: dict[str, Any] = {"linewidths": 0, "alpha": 0.8, "zorder": 2}
    if y is not None and are_quantities(y):
        values = y.astype(np.float64)
        shown = ax.scatter(flat[:, 0], flat[:, 1], s=8, c=values, cmap=COLOURS, **style)
        colour_bar(ax, shown, values, "label of the sample", "right", length=size_of(ax)[1])
        return
    if y is None:
        ax.scatter(flat[:, 0], flat[:, 1], s=8, c=PLAIN, **style)
        return
    given = with_gaps(y)
    looks, classes = classes_of(given, distinct_labels(given.tolist()))
    names, dots = [], []
    for number, (name, look) in enumerate([*looks, ("no label", Look(PLAIN))]):
        of_class = flat[classes == (number if number < len(looks) else -1)]
        if len(of_class):
            names.append(name)
            marker = MARKERS_IN_DATA.get(look.marker, look.marker)
            dots.append(ax.scatter(of_class[:, 0], of_class[:, 1], s=12, c=look.colour, marker=marker, **style))
    looks_of_text: dict[str, Any] = {"fontsize": 8 * scale(ax), "labelcolor": INK, "handletextpad": 0.2}
    # Numbers first, as matplotlib leaves out names that begin with "_".
    legend = ax.legend(dots, list(map(str, range(len(dots)))), edgecolor="none", **looks_of_text)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)
        text.set_parse_math(False)


@final
@attrs.frozen(kw_only=True)
class TrainingCurves(Visualiser):
    """Quantisation error and radius, epoch by epoch: whether training went on long enough.

    Notes
    -----
    They are the map's `history`: the error before the update of each epoch, in the map's metric on the features as
    trained on, and the radius of the neighbourhood, in map distance. A map made from a codebook has none.

    References
    ----------
    Kohonen (2013), Essentials of the self-organizing map, doi:10.1016/j.neunet.2012.09.018.

    Examples
    --------
    >>> from somkit import SOM
    >>> trained = SOM(topology="line:units=3", epochs=4, random_state=0).fit([[0.0], [1.0], [3.0]]).map_
    >>> len(trained.draw("training_curves").lines[0].get_xdata())
    4
    """

    name: ClassVar[str] = "training_curves"

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the curves; it needs no samples."""
        from matplotlib.ticker import MaxNLocator

        del X, y, sample_weight
        epochs = [entry["epoch"] for entry in trained.history]
        curves = (("quantisation_error", PALETTE[0], "quantisation error"), ("radius", PALETTE[5], "radius on the map"))
        radius_ax = ax.inset_axes((0, 0, 1, 1), zorder=ax.get_zorder() + 1)
        radius_ax.patch.set_visible(False)
        radius_ax.yaxis.tick_right()
        radius_ax.yaxis.set_label_position("right")
        radius_ax.xaxis.set_visible(False)
        for place, (key, colour, label) in zip((ax, radius_ax), curves, strict=True):
            style = "-" if place is ax else "--"
            place.plot(epochs, [entry.get(key, np.nan) for entry in trained.history], style, color=colour, label=label)
            place.set_ylim(bottom=0)
            place.set_ylabel(label)
            _plain_axes(place)
            place.yaxis.label.set_color(colour)
        for spine in radius_ax.spines.values():
            spine.set_visible(False)
        radius_ax.set_xlim(ax.get_xlim())
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        headline(ax, "Training", "solid: error, dashed: radius" if epochs else "this map has no history")
        make_room(ax)
        return ax


@final
@attrs.frozen(kw_only=True)
class Dendrogram(Visualiser):
    """The tree of Ward's method on the units' vectors: how many clusters there are, and how far apart.

    Parameters of the clustering are those of the view "clusters" with ``clusterer="ward"`` and no samples.

    Notes
    -----
    Two clusters of p and q units with means a and b are joined at the height sqrt(2 p q / (p + q)) |a - b|.

    References
    ----------
    Ward (1963), Hierarchical grouping to optimize an objective function, doi:10.1080/01621459.1963.10500845.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [9.0]])
    >>> [text.get_text() for text in trained.draw("dendrogram").get_xticklabels()]
    ['2', '0', '1']
    """

    name: ClassVar[str] = "dendrogram"

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the tree; it needs no samples."""
        del X, y, sample_weight
        m, leaves, top = len(trained.lattice), [0], 1.0
        if m > 1:
            segments, leaves = _tree(np.asarray(trained.codebook, dtype=np.float64))
            top = max(float(segments[:, :, 1].max()), 1e-300)
            draw_lines(ax, segments, colors=PALETTE[0], linewidths=1.2 if m <= MOST_NUMBERED else 0.7)
        ax.set_xlim(-1, m)
        ax.set_ylim(0, 1.03 * top)
        numbered = m <= MOST_NUMBERED
        ax.set_xticks(range(m) if numbered else [], [str(leaf) for leaf in leaves] if numbered else [])
        ax.set_xlabel("unit" if numbered else f"{m} units")
        ax.set_ylabel("distance at which clusters are joined")
        _plain_axes(ax)
        ax.tick_params(axis="x", labelsize=6.5 * scale(ax), length=2)
        headline(ax, "Dendrogram", "Ward's method on the codebook")
        make_room(ax)
        return ax


def _tree(codebook: Array) -> tuple[Array, list[int]]:
    """Return the lines of the tree, (3 (m - 1), 2, 2), leaves at 0, 1, 2, ..., and the units at the leaves."""
    from scipy.cluster import hierarchy

    joined = hierarchy.linkage(codebook, "ward")
    leaves = hierarchy.leaves_list(joined)
    m = len(codebook)
    across, height = np.empty(2 * m - 1), np.zeros(2 * m - 1)
    across[leaves] = np.arange(m)
    lines = []
    for place, (one, other, up, _) in enumerate(joined.tolist()):
        first, second = int(one), int(other)
        left, right = across[first], across[second]
        corners = [(left, height[first]), (left, up), (right, up), (right, height[second])]
        lines += list(itertools.pairwise(corners))
        across[m + place], height[m + place] = (left + right) / 2, up
    return np.array(lines), leaves.tolist()
