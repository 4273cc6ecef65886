"""How well separate clusters of units are: indices of clusterings, over samples or over the units' vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Measure
from somkit.errors import MeasureError, ParameterError
from somkit.standard.measures._common import FEWEST, MOST, Array, Better, blocks, drawn, in_spaces, mean, weights
from somkit.validators import choice, integer

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from somkit.trained import TrainedMap

TOGETHER = 256  # points whose distances to their clusters' centres are taken from one table of at most 256 x 256


def cluster_units(trained: TrainedMap, clusters: int | str) -> Array:
    """Return a cluster for each unit, (m,): its own for "units", else by average linkage of the units' vectors.

    Raises
    ------
    MeasureError
        If there are more clusters than units.
    """
    m = len(trained.lattice)
    if isinstance(clusters, str):
        return np.arange(m)
    if clusters > m:
        message = f"{clusters} clusters cannot be made of a map of {m} unit(s); lower clusters."
        raise MeasureError(message)
    from scipy.cluster import hierarchy

    codebook = trained.codebook
    condensed = [
        np.asarray(trained.metric.pairwise(codebook[unit : unit + 1], codebook[unit + 1 :]))[0] for unit in range(m - 1)
    ]
    tree = hierarchy.linkage(np.concatenate(condensed).astype(np.float64), method="average")
    return np.asarray(hierarchy.cut_tree(tree, n_clusters=[clusters])[:, 0])


@final
@attrs.frozen(kw_only=True)
class _Points:
    """What is clustered: samples or units' vectors, the weight and the cluster of each."""

    trained: TrainedMap
    read: Callable[[Array], Array]  # which of them -> (k, d)
    weight: Array  # (p,), > 0
    cluster: Array  # (p,), 0..k-1, each taken
    index: Array  # (p,), which samples they are, or units

    @classmethod
    def of(
        cls,
        measure: Index,
        trained: TrainedMap,
        X: Any,
        sample_weight: Any,
        draw: Callable[[Array], Array] = np.asarray,
    ) -> _Points:
        """Return the units, or the samples that ``draw`` takes of those that count."""
        groups = cluster_units(trained, measure.clusters)
        if measure.points == "units":
            index, weight, labels = np.arange(len(groups)), np.ones(len(groups)), groups
        else:
            samples = trained.samples(X, sample_weight)
            weight = weights(samples)
            index = draw(np.flatnonzero(weight > 0))
            labels = groups[trained.search(samples)[0][:, 0]]
        taken, cluster = np.unique(labels[index], return_inverse=True)
        if len(taken) < 2:
            message = f"measure '{measure.name}' needs at least two clusters that {measure.points} fall in, got one."
            raise MeasureError(message)
        read = trained.codebook.__getitem__ if measure.points == "units" else samples.filled_rows
        return cls(trained=trained, read=read, weight=weight[index], cluster=cluster, index=index)

    @property
    def members(self) -> csr_array:
        """The weight that each point has in each cluster, sparse, (p, k)."""
        from scipy.sparse import csr_array

        return csr_array((self.weight, (np.arange(len(self.cluster)), self.cluster)))

    @property
    def total(self) -> Array:
        """The weight of each cluster, (k,)."""
        return np.bincount(self.cluster, weights=self.weight)

    @property
    def centres(self) -> Array:
        """The weighted mean of each cluster, (k, d), as it suits the metric."""
        return self._means(self.members)

    @property
    def middle(self) -> Array:
        """The weighted mean of all, (1, d)."""
        from scipy.sparse import csr_array

        return self._means(csr_array(self.weight[:, None]))

    def _means(self, members: csr_array) -> Array:
        weight = np.asarray(members.sum(axis=0)).ravel()[:, None]

        def average(function: Callable[[Array], Array]) -> Array:
            total = 0.0
            for rows in blocks(len(self.index), self.trained.codebook.shape[1]):
                total = total + members[rows].T @ function(self.read(self.index[rows]))
            return np.asarray(total / weight)

        return in_spaces(self.trained.metric, average(lambda rows: rows.astype(np.float64)), average)

    def distances(self, first: Array, second: Array) -> Array:
        """Return all distances, in the map's metric."""
        return np.asarray(self.trained.metric.pairwise(first, second), dtype=np.float64)

    def from_centres(self, centres: Array) -> Array:
        """Return the distance of each point from the centre of its cluster, (p,)."""
        found = np.empty(len(self.cluster))
        for start in range(0, len(found), TOGETHER):
            rows = slice(start, start + TOGETHER)
            near, which = np.unique(self.cluster[rows], return_inverse=True)
            table = self.distances(self.read(self.index[rows]), centres[near])
            found[rows] = table[np.arange(len(table)), which]
        return found


def _check(measure: Index) -> None:
    if measure.points == "units" and isinstance(measure.clusters, str):
        name = type(measure).__name__
        message = f"{name}.clusters must be a number where points='units': a cluster of one unit has no index."
        raise ParameterError(message)


@final
@attrs.frozen(kw_only=True)
class Silhouette(Measure):
    """Whether points are nearer to their own cluster than to the next, in [-1, 1]; higher is better.

    Parameters
    ----------
    clusters : int >= 2 or "units", default "units"
        Clusters that units are joined to, by average linkage of their vectors in the map's metric; ``units``: each unit
        is a cluster of its own.
    points : "samples" | "units", default "samples"
        What the index is of: samples, each in the cluster of its best-matching unit, or the units' vectors, for which
        ``clusters`` must be a number.
    max_samples : int >= 100, default 2000
        Of more samples so many are drawn at random, and a warning says so. Time n^2 without a draw, memory a few blocks
        of 8 MB.
    seed : int >= 0, default 0
        Of that draw.

    Notes
    -----
    Formula: mean of (b - a) / max(a, b): a is a point's mean distance, in the map's metric, to the others of its
    cluster, b the smallest mean distance to those of another; 0 for one alone in its cluster. Unweighted it is
    scikit-learn's ``silhouette_score``.

    References
    ----------
    Rousseeuw (1987), Silhouettes, doi:10.1016/0377-0427(87)90125-7.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [8.0], [9.0]])
    >>> X = [[0.1], [1.1], [7.9], [9.2]]
    >>> {k: round(trained.measure("silhouette", X, clusters=k), 2) for k in (2, 3)}
    {2: 0.85, 3: 0.43}
    """

    name: ClassVar[str] = "silhouette"
    better: ClassVar[Better] = "higher"

    clusters: int | str = attrs.field(default="units", validator=integer(minimum=2, words=("units",)))
    points: str = attrs.field(default="samples", validator=choice("samples", "units"))
    max_samples: int = attrs.field(default=MOST, validator=integer(minimum=FEWEST))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))

    def __attrs_post_init__(self) -> None:
        """Refuse what has no meaning."""
        super().__attrs_post_init__()
        _check(self)

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        del y
        points = _Points.of(self, trained, X, sample_weight, self._draw)
        return mean(self._of_points(points), points.weight)

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array | None:
        """Return the silhouette of each sample, NaN where it was not drawn; None for ``points="units"``."""
        del y
        if self.points == "units":
            return None
        points = _Points.of(self, trained, X, sample_weight, self._draw)
        found = np.full(len(trained.samples(X)), np.nan)
        found[points.index] = self._of_points(points)
        return found

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array | None:
        """Return the silhouette of each unit's vector, or the mean over the samples of each unit."""
        if self.points == "samples":
            return super().per_unit(trained, X, y, sample_weight)
        return self._of_points(_Points.of(self, trained, X, sample_weight, self._draw))

    def _draw(self, index: Array) -> Array:
        return drawn(index, self.max_samples, self.seed, "samples")

    @staticmethod
    def _of_points(points: _Points) -> Array:
        members, total = points.members, points.total
        vectors = points.read(points.index)
        found = np.zeros(len(vectors))
        for rows in blocks(len(found), len(found)):
            sums = points.distances(vectors[rows], vectors) @ members
            at, own = np.arange(len(sums)), points.cluster[rows]
            others = total[own] - points.weight[rows]
            company = others > 1e-12 * total[own]
            inside = np.divide(sums[at, own], others, out=np.zeros(len(sums)), where=company)
            away = sums / total
            away[at, own] = np.inf
            outside = away.min(axis=1)
            larger = np.maximum(inside, outside)
            found[rows] = np.divide(outside - inside, larger, out=np.zeros(len(sums)), where=company & (larger > 0))
        return found


@final
@attrs.frozen(kw_only=True)
class DaviesBouldin(Measure):
    """How wide clusters are beside the distance to the nearest other; >= 0, lower is better.

    Parameters
    ----------
    clusters : int >= 2 or "units", default "units"
        Clusters that units are joined to, by average linkage of their vectors in the map's metric; ``units``: each unit
        is a cluster of its own.
    points : "samples" | "units", default "samples"
        What the index is of: samples, each in the cluster of its best-matching unit, or the units' vectors, for which
        ``clusters`` must be a number.

    Notes
    -----
    Formula: (1/k) sum_c max_{e != c} (s_c + s_e) / d(c, e): s is the mean distance from a cluster's points to their
    mean, d that between two means, in the map's metric. Unweighted and Euclidean it is scikit-learn's
    ``davies_bouldin_score``. Vesanto and Alhoniemi choose by it the number of clusters.

    References
    ----------
    Davies & Bouldin (1979), A cluster separation measure, doi:10.1109/TPAMI.1979.4766909.

    Vesanto & Alhoniemi (2000), Clustering of the self-organizing map, doi:10.1109/72.846731.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [8.0], [9.0]])
    >>> trained.measure("davies_bouldin", clusters=2, points="units")
    0.125
    """

    name: ClassVar[str] = "davies_bouldin"
    better: ClassVar[Better] = "lower"

    clusters: int | str = attrs.field(default="units", validator=integer(minimum=2, words=("units",)))
    points: str = attrs.field(default="samples", validator=choice("samples", "units"))

    def __attrs_post_init__(self) -> None:
        """Refuse what has no meaning."""
        super().__attrs_post_init__()
        _check(self)

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the mean over clusters."""
        del y
        points = _Points.of(self, trained, X, sample_weight)
        centres = points.centres
        width = points.members.T @ points.from_centres(centres) / points.total
        worst = np.empty(len(centres))
        for rows in blocks(len(centres), len(centres)):
            apart = points.distances(centres[rows], centres)
            at = np.arange(len(centres))[rows]
            apart[np.arange(len(at)), at] = np.inf
            if not apart.all():
                message = f"measure '{self.name}' divides by distances between clusters, but two have the same mean."
                raise MeasureError(message)
            worst[rows] = ((width[rows, None] + width[None, :]) / apart).max(axis=1)
        return float(worst.mean())


@final
@attrs.frozen(kw_only=True)
class CalinskiHarabasz(Measure):
    """How much clusters differ beside how much their points do; >= 0, higher is better.

    Parameters
    ----------
    clusters : int >= 2 or "units", default "units"
        Clusters that units are joined to, by average linkage of their vectors in the map's metric; ``units``: each unit
        is a cluster of its own.
    points : "samples" | "units", default "samples"
        What the index is of: samples, each in the cluster of its best-matching unit, or the units' vectors, for which
        ``clusters`` must be a number.

    Notes
    -----
    Formula: [sum_c n_c d(mean_c, mean)^2 / (k - 1)] / [sum_i d(x_i, mean_c(i))^2 / (n - k)], in the map's metric.
    Unweighted and Euclidean it is scikit-learn's ``calinski_harabasz_score``.

    References
    ----------
    Calinski & Harabasz (1974), A dendrite method for cluster analysis, doi:10.1080/03610927408827101.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [8.0], [9.0]])
    >>> trained.measure("calinski_harabasz", clusters=2, points="units")
    128.0
    """

    name: ClassVar[str] = "calinski_harabasz"
    better: ClassVar[Better] = "higher"

    clusters: int | str = attrs.field(default="units", validator=integer(minimum=2, words=("units",)))
    points: str = attrs.field(default="samples", validator=choice("samples", "units"))

    def __attrs_post_init__(self) -> None:
        """Refuse what has no meaning."""
        super().__attrs_post_init__()
        _check(self)

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the ratio."""
        del y
        points = _Points.of(self, trained, X, sample_weight)
        centres, weight = points.centres, points.weight / points.weight.mean()
        within = float(weight @ np.square(points.from_centres(centres)))
        between = float(
            np.bincount(points.cluster, weights=weight) @ np.square(points.distances(centres, points.middle)[:, 0])
        )
        spare = len(weight) - len(centres)
        if not spare or not within:
            message = f"measure '{self.name}' divides by the spread within clusters, but every point is at their means."
            raise MeasureError(message)
        return between / (len(centres) - 1) / (within / spare)


Index = Silhouette | DaviesBouldin | CalinskiHarabasz
