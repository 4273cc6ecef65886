"""Profiles: what the clusters of a map are like, feature by feature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import colour_bar, headline, make_room, numerals, scale, shorten, size_of
from somkit.standard.views._likeness import by_similarity
from somkit.standard.views._stage import INK, LINE
from somkit.standard.views.clusters import METHODS, find_clusters
from somkit.standard.views.labels import look_of
from somkit.validators import choice, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

COLOURS = "PuOr_r"  # two sides that colour-blind eyes tell apart, white between
ROW, COLUMN, LETTER = 0.27, 1.0, 0.075  # inches: of a cell with numbers in it, and of a letter beside it
THIN = 0.14  # inches, of a row without numbers
LOWEST, NARROWEST = 0.17, 0.75  # inches; smaller cells have no numbers
MOST_WRITTEN = 30  # features; more are colours alone
LONGEST_NAME = 28  # characters
MOST_SPELLED = 8  # clusters; more have their number alone
DARK = 0.62  # of the range to either side, beyond which a number is written in white


@final
@attrs.frozen(kw_only=True)
class Profiles(Visualiser):
    """What each cluster is like: mean and standard deviation of every feature, coloured by how unusual the mean is.

    Rows are features, columns the clusters of the view "clusters" with the same fields. The numbers are in the units of
    the data; colours are comparable between features.

    Parameters
    ----------
    clusterer : "ward" | "kmeans" | "hdbscan" | "watershed"
    n_clusters : int >= 1 or "auto"
    connectivity : "none" | "map"
    order : "given" | "similarity"
        Features as the data have them; or those beside each other whose component planes look alike.

    Notes
    -----
    Mean and standard deviation s are over the samples of a cluster, by their weights, or over its units if there are no
    samples; missing values are left out. The colour is (mean of the cluster - mean of all) / s of all, 0 for a feature
    that is constant. More than 30 features, or cells too small, have no numbers.

    References
    ----------
    Vesanto and Alhoniemi (2000), Clustering of the self-organizing map, doi:10.1109/72.846731.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [8.0], [9.0]])
    >>> ax = trained.draw("profiles", X=[[0.0], [1.0], [1.0], [9.0]], n_clusters=2)
    >>> [text.get_text() for text in ax.texts if text.get_text()[0].isdigit()]
    ['0.67 ± 0.47', '9.00 ± 0.00']
    """

    name: ClassVar[str] = "profiles"
    clusterer: str = attrs.field(default="ward", validator=choice(*METHODS))
    n_clusters: int | str = attrs.field(default="auto", validator=integer(minimum=1, words=("auto",)))
    connectivity: str = attrs.field(default="none", validator=choice("none", "map"))
    order: str = attrs.field(default="given", validator=choice("given", "similarity"))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size in which the numbers can be read, for as many clusters as are asked for, or four."""
        names = trained.feature_labels
        written = len(names) <= MOST_WRITTEN
        columns = 4 if self.n_clusters == "auto" else min(int(self.n_clusters), 12)
        beside = LETTER * min(max(map(len, names)), LONGEST_NAME) + 1.0
        width = max(beside + COLUMN * max(columns, 3), 4.5)
        return width, 1.1 + (ROW if written else THIN) * max(len(names), 5)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the profiles.

        Raises
        ------
        ParameterError
            If the map has fewer units with samples than ``n_clusters``, or the clusterer does not take that field.
        """
        del y
        found = find_clusters(self, trained, X, sample_weight)
        groups = np.unique(found)
        groups = np.append(groups[groups >= 0], groups[groups < 0])  # noise comes last
        count, mean, spread, unusual = profiles_of(trained, found, groups, X, sample_weight)
        names, order = trained.feature_labels, np.arange(len(trained.feature_labels))
        if self.order == "similarity":
            order = np.array(by_similarity(trained.codebook_in_units.T))
        of_what = "units" if X is None else "samples" if sample_weight is None else "weight"
        heads = [_head(*group, of_what, len(groups)) for group in zip(groups.tolist(), count.tolist(), strict=True)]
        _draw_table(ax, unusual[:, order].T, [names[feature] for feature in order], heads, groups)
        width, height = size_of(ax)
        roomy = height / len(names) >= LOWEST and width / len(groups) >= NARROWEST
        written = roomy and len(names) <= MOST_WRITTEN
        if written:
            _write(ax, mean[:, order].T, spread[:, order].T, unusual[:, order].T)
        numbers = "mean ± standard deviation, in the units of the data" if written else METHODS[self.clusterer]
        headline(ax, "Cluster profiles", numbers)
        make_room(ax)
        return ax


def profiles_of(
    trained: TrainedMap, found: Array, groups: Array, X: Any, sample_weight: Any
) -> tuple[Array, Array, Array, Array]:
    """Return the size of each group, (g,), and mean, standard deviation and difference from all, (g, d), by feature.

    NaN where a group has no value. The difference is in standard deviations of all.
    """
    d = trained.codebook.shape[1]
    total = np.zeros((3, len(groups) + 1, d))  # number, sum and squares; all of them in the last row
    count = np.zeros(len(groups))
    # Shifted, or values far from 0 would leave no digits to their squares.
    shift = trained.codebook_in_units.mean(axis=0, dtype=np.float64)
    for rows, units, weight in _members(trained, X, sample_weight):
        known = ~np.isnan(rows)
        value = np.where(known, rows - shift, 0.0)
        share = weight[:, None] * (found[units][:, None] == groups)
        count += share.sum(axis=0)
        for power, part in enumerate((known.astype(np.float64), value, value**2)):
            total[power, :-1] += share.T @ part
            total[power, -1] += weight @ part
    number = np.where(total[0] > 0, total[0], np.nan)
    mean = total[1] / number
    spread = np.sqrt(np.maximum(total[2] / number - mean**2, 0.0))
    constant = spread[-1] <= 1e-9 * np.maximum(np.abs(shift), 1e-300)
    away = np.divide(
        mean[:-1] - mean[-1], spread[-1], out=np.zeros((len(groups), d)), where=~constant & (spread[-1] > 0)
    )
    away[np.isnan(mean[:-1])] = np.nan
    return count, mean[:-1] + shift, spread[:-1], away


def _members(trained: TrainedMap, X: Any, sample_weight: Any) -> list[tuple[Array, Array, Array]]:
    """Return blocks of rows in the units of the data, with their units and weights; the units' own without samples."""
    if X is None:
        m = len(trained.lattice)
        return [(np.asarray(trained.codebook_in_units, dtype=np.float64), np.arange(m), np.ones(m))]
    samples = trained.samples(X, sample_weight)
    units = trained.search(samples)[0][:, 0]
    weight = np.ones(len(samples)) if samples.weight is None else samples.weight
    starts = range(0, len(samples), 2048)
    blocks = [np.arange(start, min(start + 2048, len(samples))) for start in starts]
    parts = (samples.X[rows] for rows in blocks)
    dense = [np.asarray(part.toarray() if samples.is_sparse else part, dtype=np.float64) for part in parts]
    return [(block, units[rows], weight[rows]) for block, rows in zip(dense, blocks, strict=True)]


def _draw_table(ax: Axes, unusual: Array, names: list[str], heads: list[str], groups: Array) -> None:
    from matplotlib.patches import Rectangle

    d, g = unusual.shape
    most = max(float(np.nanmax(np.abs(unusual), initial=0.0)), 1e-9)
    size, height = scale(ax), size_of(ax)[1]
    shown = ax.pcolormesh(
        np.arange(g + 1) - 0.5,
        np.arange(d + 1) - 0.5,
        np.ma.masked_invalid(unusual),
        cmap=COLOURS,
        vmin=-most,
        vmax=most,
        edgecolors="white",
        linewidths=0.6 if d <= MOST_WRITTEN else 0.0,
    )
    ax.set_facecolor("#ededed")
    ax.set_xlim(-0.5, g - 0.5)
    ax.set_ylim(d - 0.5, -0.5)
    letter = min(9.0 * size, max(4.5, 62 * height / d))
    ax.set_yticks(range(d), [shorten(name, LONGEST_NAME) for name in names], fontsize=letter, color=INK)
    for text in ax.get_yticklabels():
        text.set_parse_math(False)
    ax.set_xticks(range(g), heads, fontsize=8.5 * size, color=INK)
    ax.xaxis.tick_bottom()
    ax.tick_params(length=0)
    ax.tick_params(axis="x", pad=9)  # below the stripes
    for spine in ax.spines.values():
        spine.set_visible(False)
    stripe = 0.07 / max(height, 0.1)
    for place, group in enumerate(groups.tolist()):
        colour = LINE if group < 0 else look_of(group).colour
        box = Rectangle((place - 0.5, -1.3 * stripe), 1, stripe, transform=ax.get_xaxis_transform(), clip_on=False)
        box.set(facecolor=colour, edgecolor="white", linewidth=0.6)
        ax.add_patch(box)
    colour_bar(ax, shown, np.array([-most, most]), "standard deviations from the mean of all", "right", length=height)


def _head(group: int, count: float, of_what: str, groups: int) -> str:
    if groups > MOST_SPELLED:
        return "noise" if group < 0 else str(group)
    return f"{'noise' if group < 0 else f'cluster {group}'}\n{numerals([count])[0]} {of_what}"


def _write(ax: Axes, mean: Array, spread: Array, unusual: Array) -> None:
    most = max(float(np.nanmax(np.abs(unusual), initial=0.0)), 1e-9)
    size = 8.5 * scale(ax)
    for feature, (means, spreads) in enumerate(zip(mean, spread, strict=True)):
        known = np.flatnonzero(~np.isnan(means))
        texts = _numbers(means[known], spreads[known])
        for column, text in zip(known.tolist(), texts, strict=True):
            colour = "white" if abs(unusual[feature, column]) > DARK * most else INK
            ax.text(column, feature, text, ha="center", va="center", fontsize=size, color=colour)
        for column in np.flatnonzero(np.isnan(means)).tolist():
            ax.text(column, feature, "\N{EN DASH}", ha="center", va="center", fontsize=size, color=INK)


def _numbers(means: Array, spreads: Array) -> list[str]:
    """Write means and standard deviations of a feature with two digits of the median standard deviation."""
    known = spreads[spreads > 0]
    step = float(np.median(known)) if len(known) else float(np.abs(means).max(initial=1.0)) / 10 or 1.0
    decimals = max(0, 1 - int(np.floor(np.log10(step))))
    written = [f"{mean:.{decimals}f} ± {spread:.{decimals}f}" for mean, spread in zip(means, spreads, strict=True)]
    if max(map(len, written), default=0) > 17:
        written = [f"{mean:.3g} ± {spread:.2g}" for mean, spread in zip(means, spreads, strict=True)]
    return [text.replace("-", "\N{MINUS SIGN}") for text in written]
