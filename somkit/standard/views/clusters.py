"""Clusters of units, and the borders between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.errors import ParameterError
from somkit.standard.views._canvas import headline, make_room
from somkit.standard.views._paint import draw_lines
from somkit.standard.views._stage import EMPTY, INK, Stage
from somkit.standard.views.labels import LEGEND_HEIGHT, LEGEND_WIDTH, classes_of, draw_legend
from somkit.validators import choice, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

METHODS = {"ward": "Ward's method", "kmeans": "k-means", "hdbscan": "HDBSCAN", "watershed": "watershed"}
OWN_NUMBER = {"hdbscan", "watershed"}  # find how many clusters there are by themselves
FEWEST = 5  # units that HDBSCAN's smallest cluster has


@final
@attrs.frozen(kw_only=True)
class Clusters(Visualiser):
    """Units coloured by the cluster that `TrainedMap.cluster_units` finds, with borders between clusters.

    Where units have no cells, the edges between clusters are dashed instead.

    Parameters
    ----------
    clusterer : "ward" | "kmeans" | "hdbscan" | "watershed"
        "watershed": the valleys of the U-matrix.
    n_clusters : int >= 1 or "auto"
        "auto": as many, from 2 to the square root of the number of units with samples and at most 12, as have the
        smallest Davies-Bouldin index on these units. "hdbscan" and "watershed" find it by themselves; "hdbscan"
        takes only "auto".
    connectivity : "none" | "map"
        "map": Ward's method merges only clusters that are joined on the map.

    Notes
    -----
    Units are weighed by their hits if samples are given, else all the same.

    References
    ----------
    Vesanto and Alhoniemi (2000), Clustering of the self-organizing map, doi:10.1109/72.846731.

    Davies and Bouldin (1979), A cluster separation measure, doi:10.1109/TPAMI.1979.4766909.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [8.0], [9.0]])
    >>> [text.get_text() for text in trained.draw("clusters", n_clusters=2).get_legend().get_texts()]
    ['cluster 0', 'cluster 1']
    """

    name: ClassVar[str] = "clusters"
    clusterer: str = attrs.field(default="ward", validator=choice(*METHODS))
    n_clusters: int | str = attrs.field(default="auto", validator=integer(minimum=1, words=("auto",)))
    connectivity: str = attrs.field(default="none", validator=choice("none", "map"))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the legend."""
        return Stage.of(trained.lattice).figure_size(LEGEND_WIDTH, LEGEND_HEIGHT)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the clusters.

        Raises
        ------
        ParameterError
            If the map has fewer units with samples than ``n_clusters``, or the clusterer does not take that field.
        """
        del y
        found = find_clusters(self, trained, X, sample_weight)
        stage = Stage.of(trained.lattice)
        stage.set_up(ax)
        names = np.array([None if cluster < 0 else f"cluster {cluster}" for cluster in found], dtype=object)
        looks, classes = classes_of(names, [f"cluster {cluster}" for cluster in range(found.max() + 1)])
        for number, (label, look) in enumerate(looks):
            stage.fill(ax, classes == number, facecolors=look.colour, label=label)
            look.mark(ax, stage, classes == number)
        noise = classes < 0
        if noise.any():
            stage.fill(ax, noise, facecolors=EMPTY)
        _draw_borders(ax, stage, found)
        draw_legend(ax, stage, [*looks, ("noise", None)] if noise.any() else looks)
        headline(ax, "Clusters", way_of(self, weighed=X is not None))
        make_room(ax)
        return ax


class Grouping(Protocol):
    """The fields of a view that say how units are clustered."""

    @property
    def clusterer(self) -> str:
        """The method."""

    @property
    def n_clusters(self) -> int | str:
        """How many, or "auto"."""

    @property
    def connectivity(self) -> str:
        """Whether clusters hang together on the map."""


def find_clusters(fields: Grouping, trained: TrainedMap, X: Any = None, sample_weight: Any = None) -> Array:
    """Return the cluster of each unit, -1 for noise; where their number is "auto", as many as have the least index."""
    if fields.clusterer == "hdbscan" and len(trained.lattice) < FEWEST:
        message = f"clusterer 'hdbscan' needs a map of at least {FEWEST} units, got {len(trained.lattice)}; use 'ward'."
        raise ParameterError(message)
    joined = None if fields.connectivity == "none" else fields.connectivity
    count = None if fields.n_clusters == "auto" else int(fields.n_clusters)
    return trained.cluster_units(fields.clusterer, count, X=X, sample_weight=sample_weight, connectivity=joined)


def way_of(fields: Grouping, *, weighed: bool) -> str:
    """Say how clusters were found."""
    samples = ", units weighed by their samples" if weighed and fields.clusterer not in OWN_NUMBER else ""
    return f"{METHODS[fields.clusterer]} on the codebook{samples}"


def borders(stage: Stage, found: Array) -> Array:
    """Return the sides that cells of different clusters share in the picture, shape (k, 2, 2)."""
    sides = np.stack([stage.shapes, np.roll(stage.shapes, -1, axis=1)], axis=2).reshape(-1, 2, 2)
    unit = np.repeat(np.arange(len(stage.shapes)), stage.shapes.shape[1])
    length = np.linalg.norm(sides[:, 1] - sides[:, 0], axis=1)
    # Cells with fewer corners than others repeat one: a side without length is none.
    real = np.flatnonzero(length > 1e-6 * length.max())
    middle = np.round(sides[real].mean(axis=1) / length.max(), 4)
    _, key = np.unique(middle, axis=0, return_inverse=True)
    order = np.argsort(key.ravel(), kind="stable")
    one, other = real[order[:-1]], real[order[1:]]
    shared = np.diff(key.ravel()[order]) == 0
    return np.asarray(sides[one[shared & (found[unit[one]] != found[unit[other]])]])


def _draw_borders(ax: Axes, stage: Stage, found: Array) -> None:
    if stage.has_cells:
        draw_lines(ax, borders(stage, found), colors=INK, linewidths=1.2 if stage.crowded else 2.2, zorder=5)
        return
    edges = stage.lattice.edges
    between = edges[found[edges[:, 0]] != found[edges[:, 1]]]
    draw_lines(ax, stage.centres[between], colors=INK, linewidths=1.4, linestyles=(0, (2, 2)), zorder=1.5)
