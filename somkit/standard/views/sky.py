"""Sky: every sample a star, where in its unit's area other units pull it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import BAR_HEIGHT, BAR_WIDTH, colour_bar, headline, limits, make_room, needed
from somkit.standard.views._seams import Seams
from somkit.standard.views._stage import INK, Stage
from somkit.standard.views.density import shared_counts
from somkit.standard.views.labels import (
    LEGEND_HEIGHT,
    LEGEND_WIDTH,
    Look,
    are_quantities,
    classes_of,
    draw_legend,
    one_each,
    with_gaps,
)
from somkit.standard.views.pies import inner_radius
from somkit.trained import distinct_labels
from somkit.validators import integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

NIGHT = ("#05070f", "#0e1425", "#1c2740", "#33415f", "#56657f")  # darker where fewer samples are
STAR = "#fff6d5"
PIXELS = 240  # of the sky's longer side
BLUR = 0.5  # of the distance between neighbours: the standard deviation of the light of a unit
LIT_BY = 8  # units, the nearest
OVERLAP = 1.01  # of a cell's size, so that no line of the page shows between two
REACH = 0.92  # of the way from the middle of a unit to its border: the farthest that a star is pulled
MOST_STARS = 20_000  # samples that are drawn, evenly spaced in X


@final
@attrs.frozen(kw_only=True)
class Sky(Visualiser):
    """Each sample a star in the area of its unit, nearer to those units that it nearly fell on; dense places are light.

    Samples of a unit that other views show as one are told apart: those in the middle are like the unit's vector, those
    at the border nearly fell on the unit beyond.

    Parameters
    ----------
    pulls : int >= 1
        So many next-best units pull a sample; at most all others on a map with fewer.
    smoothing : int >= 1
        As in the view "sdh", whose values are the brightness of the sky.

    Notes
    -----
    A sample at the distance d_1 from its best-matching unit is pulled towards its k-th best, 1 < k <= pulls + 1, by
    d_1 / d_k (D - d_k) / (D - d_1), where D is the distance of the best unit that does not pull: 0 for the vector
    itself, 1 if both are as near. The pulls add up as arrows, to 1 at most: that is just inside the border of the area.
    On maps without borders they go the short way, over the seam; units that no way leads to do not pull. Stars have the
    colours of their classes where y names some. At most 20,000 are drawn.

    References
    ----------
    Latif and Mayer (2007), Sky-metaphor visualisation for self-organising maps, Proceedings of the 7th International
    Conference on Knowledge Management, I-KNOW '07, Graz.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> ax = trained.draw("sky", X=[[0.0], [0.5]], pulls=1)
    >>> ax.collections[-1].get_offsets().round(2).tolist()
    [[0.0, 0.0], [0.46, 0.0]]
    """

    name: ClassVar[str] = "sky"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"
    pulls: int = attrs.field(default=3, validator=integer(minimum=1))
    smoothing: int = attrs.field(default=8, validator=integer(minimum=1))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar, and a legend on another side."""
        stage = Stage.of(trained.lattice)
        width, height = stage.figure_size(BAR_WIDTH, BAR_HEIGHT)
        return (width, height + LEGEND_HEIGHT) if stage.side == "right" else (width + LEGEND_WIDTH, height)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the stars and the sky.

        Raises
        ------
        SampleError
            If there are no samples, or labels that do not fit them.
        """
        if X is None:
            raise needed(self.name, "X", "the samples to be stars")
        stage = Stage.of(trained.lattice)
        stage.set_up(ax)
        light = shared_counts(trained, X, sample_weight, self.smoothing)
        shown = _draw_sky(ax, stage, light)
        what = "samples" if sample_weight is None else "weight of samples"
        colour_bar(ax, shown, light, f"{what}, shared among units", stage.side)
        samples = trained.samples(X)
        rows = np.linspace(0, len(samples) - 1, min(len(samples), MOST_STARS)).astype(np.int64)
        places = star_places(trained, stage, samples.rows(rows), self.pulls)
        classes = None if y is None or are_quantities(y) else with_gaps(one_each(y, len(samples))[rows])
        _draw_stars(ax, stage, places, classes)
        drawn = f"{len(rows)} of " if len(rows) < len(samples) else ""
        headline(ax, "Sky", f"stars: {drawn}{len(samples)} samples, drawn to their next-best units")
        make_room(ax)
        return ax


def star_places(trained: TrainedMap, stage: Stage, rows: Array, pulls: int) -> Array:
    """Return where samples, (n, d), are drawn, (n, 2)."""
    m, n = len(trained.lattice), len(rows)
    pulls = min(pulls, m - 1)
    units, apart = trained.metric.nearest(rows, trained.codebook, min(pulls + 2, m))
    best, apart = units[:, 0], np.asarray(apart, dtype=np.float64)
    first, beyond = apart[:, :1], apart[:, pulls + 1 :] if pulls + 1 < m else np.full((n, 1), np.inf)
    pulling = apart[:, 1 : pulls + 1]
    tied = pulling <= first
    strength = np.divide(first, pulling, out=np.ones_like(pulling), where=~tied)
    if np.isfinite(beyond).all():
        room = beyond - first
        strength = strength * np.divide(beyond - pulling, room, out=np.ones_like(pulling), where=room > 0)
    pull = np.zeros((n, 2))
    seams = Seams(stage)
    for unit in np.unique(best).tolist():
        own = np.flatnonzero(best == unit)
        others, place = np.unique(units[own, 1 : pulls + 1], return_inverse=True)
        arrows = _arrows(stage, seams, unit, others)
        pull[own] = (strength[own, :, None] * arrows[place.reshape(len(own), -1)]).sum(axis=1)
    length = np.linalg.norm(pull, axis=1, keepdims=True)
    reach = REACH * inner_radius(stage)[best, None]
    return np.asarray(stage.centres[best] + reach * pull / np.maximum(length, 1.0))


def _arrows(stage: Stage, seams: Seams, unit: int, others: Array) -> Array:
    """Return the direction of other units, (k, 2), each of length 1, or 0 where no way leads there."""
    way = stage.centres[others] - stage.centres[unit]
    over = seams.over(np.column_stack([np.full(len(others), unit), others]))
    if over.any():
        way[over] = seams.toward(unit, others[over])
    way[~np.isfinite(stage.lattice.distances_from([unit])[0, others])] = 0.0
    length = np.linalg.norm(way, axis=1, keepdims=True)
    return np.asarray(np.divide(way, length, out=np.zeros_like(way), where=length > 0))


def _draw_stars(ax: Axes, stage: Stage, places: Array, labels: Array | None) -> None:
    size = float(np.clip(80 / np.sqrt(max(len(places), 1)), 0.8, 8.0))
    if labels is None:
        ax.scatter(places[:, 0], places[:, 1], s=size, c=STAR, linewidths=0, zorder=4)
        return
    looks, classes = classes_of(labels, distinct_labels(labels.tolist()))
    if (classes < 0).any():
        looks, classes = [*looks, ("no label", Look(STAR))], np.where(classes < 0, len(looks), classes)
    for number, (_, look) in enumerate(looks):
        style: dict[str, Any] = {"c": look.colour, "marker": look.marker or "o", "edgecolors": "white"}
        across, up = places[classes == number].T
        ax.scatter(across, up, s=4 * size, linewidths=0.3, zorder=4, **style)
    draw_legend(ax, stage, looks, "bottom" if stage.side == "right" else "right")


def _draw_sky(ax: Axes, stage: Stage, light: Array) -> Any:
    """Draw the brightness of the sky, blurred where cells fill the plane, and return what the colour bar is of."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    style: dict[str, Any] = {"cmap": LinearSegmentedColormap.from_list("night", NIGHT), "clim": limits(light)}
    if not stage.has_cells:
        return stage.fill(ax, values=light, edgecolors=INK, linewidths=0.4, **style)
    low, high = stage.corner_low, stage.corner_high
    image, extent = _blurred(stage, light, low, high), (low[0], high[0], low[1], high[1])
    middle = stage.centres[:, None]
    overlapping = _turned_left(middle + OVERLAP * (stage.shapes - middle))
    cells = PathPatch(Path.make_compound_path(*(Path(cell, closed=False) for cell in overlapping)))
    cells.set(transform=ax.transData)
    shown = ax.imshow(image, origin="lower", extent=extent, interpolation="bilinear", zorder=2, **style)
    shown.set_clip_path(cells)
    return shown


def _turned_left(shapes: Array) -> Array:
    """Return the same polygons, all with corners in one direction: overlaps of two directions would be holes."""
    (x, y), (ahead_x, ahead_y) = np.moveaxis(shapes, 2, 0), np.moveaxis(np.roll(shapes, -1, axis=1), 2, 0)
    right = (x * ahead_y - y * ahead_x).sum(axis=1) < 0
    return np.asarray(np.where(right[:, None, None], shapes[:, ::-1], shapes))


def _blurred(stage: Stage, light: Array, low: Array, high: Array) -> Array:
    """Return the brightness at the pixels of the sky: the mean of the nearest units, by a bell of their distance."""
    from scipy.spatial import cKDTree

    wide, tall = np.maximum(np.round(PIXELS * (high - low) / (high - low).max()), 2).astype(int)
    across, up = np.linspace(low[0], high[0], wide), np.linspace(low[1], high[1], tall)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    apart, near = cKDTree(stage.centres).query(points, min(LIT_BY, len(light)))
    apart, near = apart.reshape(len(points), -1), near.reshape(len(points), -1)
    # The nearest counts for 1, so that no pixel is too far from all of them.
    bell = np.exp(-(apart**2 - apart[:, :1] ** 2) / (2 * (BLUR * Seams(stage).unit) ** 2))
    return np.asarray(((bell * light[near]).sum(axis=1) / bell.sum(axis=1)).reshape(tall, wide))
