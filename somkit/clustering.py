"""Clusters of units: Ward weighted by hits, free or along the map, k-means, HDBSCAN, watershed, any clusterer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from inspect import signature
from typing import Any

import numpy as np

from somkit.bordering import distances_along_edges, means_over_neighbours
from somkit.components import Metric
from somkit.errors import ParameterError
from somkit.lattice import Lattice

Array = np.ndarray[Any, Any]

FEWEST_DENSE = 5  # units: HDBSCAN's smallest cluster
MOST_TRIED = 12  # clusters, where their number is to be found


def cluster_codebook(
    codebook: Array,
    lattice: Lattice,
    metric: Metric,
    weight: Array,
    clusterer: Any,
    n_clusters: int | None,
    connectivity: str | None,
    *,
    refine: bool = False,
) -> Array:
    """Return the cluster of each unit, shape (m,), int64, -1 for noise; see `TrainedMap.cluster_units`."""
    check_clustering(clusterer, n_clusters, connectivity, refine=refine)
    vectors = np.asarray(codebook, dtype=np.float64)
    if clusterer == "hdbscan":
        return _hdbscan(vectors, metric)
    held = np.flatnonzero(weight > 0)
    if clusterer == "watershed":
        wanted = None if n_clusters is None else _checked_number(n_clusters, len(held))
        return _watershed(vectors, lattice, metric, wanted)
    vectors = metric.points(vectors)
    if not isinstance(clusterer, str):
        return _by_scikit_learn(vectors, weight, clusterer)

    cut = _cutter(vectors, weight, lattice, clusterer, connectivity, refine=refine)
    if n_clusters is not None:
        return cut(_checked_number(n_clusters, len(held)))
    tried = [cut(number) for number in range(2, min(math.isqrt(len(held)), MOST_TRIED) + 1)]
    return min(tried, key=lambda found: _davies_bouldin(vectors[held], found[held])) if tried else cut(1)


def _cutter(
    vectors: Array, weight: Array, lattice: Lattice, clusterer: str, connectivity: str | None, *, refine: bool
) -> Callable[[int], Array]:
    """Return what makes a number of clusters; Ward's hierarchy is built once, however many numbers are tried."""
    if clusterer == "kmeans":
        return lambda number: _by_means(vectors, weight, number)
    if connectivity == "map":
        joined = list(_joined(vectors, weight, lattice.edges))
        return lambda number: _cut_joined(joined, len(vectors), number)
    held = np.flatnonzero(weight > 0)
    merges, nearest = _free_merges(vectors[held], weight[held]), _nearest_held(vectors, held)

    def cut(number: int) -> Array:
        found = _cut_free(merges, len(held), number)
        if not refine:
            return np.asarray(found[nearest])  # empty units follow
        parts = [held[found == cluster] for cluster in range(number)]
        means = [np.average(vectors[part], axis=0, weights=weight[part]) for part in parts]
        return _by_means(vectors, weight, number, np.array(means), 1)

    return cut


def check_clustering(clusterer: Any, n_clusters: Any, connectivity: Any, *, refine: Any) -> None:
    """Refuse what cannot be asked for whatever the map is."""
    if not isinstance(refine, bool | np.bool_):
        message = f"refine must be True or False, got {refine!r}."
        raise ParameterError(message)
    if refine and (clusterer != "ward" or connectivity is not None):
        message = "refine=True works with clusterer='ward' and connectivity=None only; leave it out."
        raise ParameterError(message)
    if connectivity not in {None, "map"}:
        message = f"connectivity must be None or 'map', got {connectivity!r}."
        raise ParameterError(message)
    if connectivity == "map" and clusterer != "ward":
        message = f"connectivity='map' works with clusterer='ward' only, got {clusterer!r}."
        raise ParameterError(message)
    finds = clusterer == "hdbscan" or not isinstance(clusterer, str)
    if finds and n_clusters is not None:
        message = f"n_clusters is for clusterers 'ward', 'kmeans' and 'watershed'; leave it out, got {n_clusters!r}."
        raise ParameterError(message)
    named = isinstance(clusterer, str) and clusterer in {"ward", "kmeans", "hdbscan", "watershed"}
    clusters = not isinstance(clusterer, type) and callable(getattr(clusterer, "fit_predict", None))
    if not named and not clusters:
        message = "clusterer must be 'ward', 'kmeans', 'hdbscan', 'watershed' or a scikit-learn clusterer, "
        message += f"got {clusterer!r}."
        raise ParameterError(message)


def _davies_bouldin(vectors: Array, found: Array) -> float:
    """Return the index, infinite where it is not defined."""
    from sklearn.metrics import davies_bouldin_score

    defined = 1 < len(np.unique(found)) < len(found)
    return float(davies_bouldin_score(vectors, found)) if defined else math.inf


def _by_means(vectors: Array, weight: Array, n_clusters: int, init: Any = "k-means++", n_init: int = 10) -> Array:
    from sklearn.cluster import KMeans

    held = weight > 0
    means = KMeans(n_clusters, init=init, n_init=n_init, random_state=0)
    means.fit(vectors[held], sample_weight=weight[held])
    return np.asarray(means.predict(vectors), dtype=np.int64)


def _checked_number(n_clusters: Any, most: int) -> int:
    if isinstance(n_clusters, bool) or not isinstance(n_clusters, int | np.integer) or not 1 <= n_clusters <= most:
        message = f"n_clusters must be an integer from 1 to the number of units with samples, {most}, "
        message += f"got {n_clusters!r}."
        raise ParameterError(message)
    return int(n_clusters)


def _by_scikit_learn(vectors: Array, weight: Array, clusterer: Any) -> Array:
    from sklearn.base import clone

    model = clone(clusterer)
    weighs = "sample_weight" in signature(model.fit).parameters
    found = model.fit_predict(vectors, **({"sample_weight": weight} if weighs else {}))  # mixtures have no labels_
    return np.asarray(found, dtype=np.int64)


def merge_units(codebook: Array, lattice: Lattice, weight: Array, connectivity: str | None = None) -> Array:
    """Return Ward's hierarchy of the units, which cuts into the clusters of `TrainedMap.cluster_units`, any number.

    Parameters
    ----------
    codebook : array of shape (m, d)
    lattice : Lattice
    weight : array of shape (m,)
        Of each unit, >= 0, not all 0.
    connectivity : None | "map"
        "map": only clusters that an edge of the map joins are merged.

    Returns
    -------
    array of shape (s, 2), int64
        The two clusters that each step merges: units are 0..m-1, what step t makes is m + t. The first m - k steps
        leave k clusters, for k up to the number of units with a weight. s is m - 1, and less for a map in parts that
        are not to be joined.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [8.0], [9.5]])
    >>> merge_units(trained.codebook, trained.lattice, np.ones(4))
    array([[0, 1],
           [2, 3],
           [4, 5]])
    """
    vectors = np.asarray(codebook, dtype=np.float64)
    if connectivity == "map":
        joined = [(one, other) for one, other, _ in _joined(vectors, weight, lattice.edges)]
        return np.array(joined, dtype=np.int64).reshape(-1, 2)
    held = np.flatnonzero(weight > 0)
    nearest = held[_nearest_held(vectors, held)]
    pairs = [(unit, near) for unit, near in enumerate(nearest.tolist()) if unit != near]
    pairs += [(int(held[one]), int(held[other])) for one, other in _free_merges(vectors[held], weight[held])]
    from scipy.cluster import hierarchy

    sets, number = hierarchy.DisjointSet(range(len(vectors))), list(range(len(vectors)))
    steps = []
    for step, (one, other) in enumerate(pairs):
        steps.append(sorted((number[sets[one]], number[sets[other]])))
        sets.merge(one, other)
        number[sets[one]] = len(vectors) + step
    return np.array(steps, dtype=np.int64).reshape(-1, 2)


def _nearest_held(vectors: Array, held: Array) -> Array:
    """Return for each unit which of those that hold samples is nearest: itself if it does."""
    from scipy.spatial import distance

    nearest = distance.cdist(vectors, vectors[held]).argmin(axis=1)
    nearest[held] = np.arange(len(held))  # not another one at the same place
    return np.asarray(nearest)


def _hdbscan(vectors: Array, metric: Metric) -> Array:
    from sklearn.cluster import HDBSCAN

    if len(vectors) < FEWEST_DENSE:
        message = f"clusterer 'hdbscan' needs a map of at least {FEWEST_DENSE} units, got {len(vectors)}; use 'ward'."
        raise ParameterError(message)
    apart = np.asarray(metric.pairwise(vectors, vectors), dtype=np.float64)
    apart = (apart + apart.T) / 2  # rounding may tell the two ways apart, which HDBSCAN refuses
    np.fill_diagonal(apart, 0.0)
    return np.asarray(HDBSCAN(metric="precomputed", copy=True).fit(apart).labels_, dtype=np.int64)


def _cut_free(merges: list[tuple[int, int]], m: int, n_clusters: int) -> Array:
    """Return the clusters that the dearest merges undone leave."""
    from scipy.cluster import hierarchy

    sets = hierarchy.DisjointSet(range(m))
    for one, other in merges[: m - n_clusters]:
        sets.merge(one, other)
    return _numbered([list(units) for units in sets.subsets()], m)


def _free_merges(vectors: Array, weight: Array) -> list[tuple[int, int]]:
    """Return a member of each of the two clusters that Ward's rule merges, the cheapest first, by chains of neighbours.

    Time m^2 d, memory m d. Murtagh (1983), doi:10.1093/comjnl/26.4.354.
    """
    from scipy.spatial import distance

    centre, mass = vectors.copy(), weight.astype(np.float64)
    alive = np.ones(len(vectors), dtype=bool)
    merges: list[tuple[float, int, int]] = []
    chain: list[int] = []
    while len(merges) < len(vectors) - 1:
        top = chain[-1] if chain else int(alive.argmax())
        chain = chain or [top]
        cost = distance.cdist(centre[top : top + 1], centre, "sqeuclidean")[0] * (mass[top] * mass / (mass[top] + mass))
        cost[~alive] = np.inf
        cost[top] = np.inf
        nearest = int(cost.argmin())
        if len(chain) < 2 or cost[chain[-2]] > cost[nearest]:
            chain.append(nearest)
            continue
        one, other = sorted((top, chain[-2]))
        del chain[-2:]
        merges.append((float(cost[one if one != top else other]), one, other))
        centre[one] += mass[other] / (mass[one] + mass[other]) * (centre[other] - centre[one])
        mass[one] += mass[other]
        alive[other] = False
    return [(one, other) for _, one, other in sorted(merges, key=lambda merge: merge[0])]


def _numbered(members: list[list[int]], m: int) -> Array:
    """Return the number of each unit's cluster, counted by their lowest units."""
    labels = np.empty(m, dtype=np.int64)
    for number, units in enumerate(sorted(members, key=min)):
        labels[units] = number
    return labels


def _watershed(vectors: Array, lattice: Lattice, metric: Metric, n_clusters: int | None) -> Array:
    """Flood the U-matrix over the map's edges from its lowest unit up: a basin is a cluster.

    A unit's height is the mean distance to its neighbours, in the map's metric. Where ``n_clusters`` is given, the
    shallowest basin is poured over its lowest pass into the deeper one beside it, until so many are left; parts of the
    map stay apart.
    Vincent & Soille (1991), doi:10.1109/34.87344.
    """
    ends, m = lattice.edges.T, len(vectors)
    height = np.nan_to_num(means_over_neighbours(lattice, distances_along_edges(lattice, vectors, metric)))
    order = np.argsort(height, kind="stable")
    rank = np.empty(m, dtype=np.int64)
    rank[order] = np.arange(m)
    beside = lattice.adjacency.tocsr()
    basin = np.full(m, -1, dtype=np.int64)
    for unit in order:
        near = beside.indices[beside.indptr[unit] : beside.indptr[unit + 1]]
        wet = near[basin[near] >= 0]
        basin[unit] = basin[wet[rank[wet].argmin()]] if len(wet) else unit  # named by its lowest unit
    while n_clusters is not None and len(np.unique(basin)) > n_clusters:
        one, other = basin[ends]
        apart = one != other
        if not apart.any():
            break
        shallow = np.where(rank[one] > rank[other], one, other)
        depth = height[ends].max(axis=0) - height[shallow]
        pair = int(np.where(apart, depth, np.inf).argmin())
        deep = int(one[pair] + other[pair] - shallow[pair])
        basin[basin == shallow[pair]] = deep
    return _numbered([np.flatnonzero(basin == name).tolist() for name in np.unique(basin)], m)


def _cut_joined(joined: list[tuple[int, int, int]], m: int, n_clusters: int) -> Array:
    """Return the clusters that the first merges leave; parts of the map that no edge joins stay apart."""
    members = {unit: [unit] for unit in range(m)}
    for one, other, new in joined[: m - n_clusters]:
        members[new] = members.pop(one) + members.pop(other)
    return _numbered(list(members.values()), m)


def _joined(vectors: Array, weight: Array, pairs: Array) -> Iterator[tuple[int, int, int]]:
    """Merge the joined pair that adds least to the weighted sum of squares, and again: yield both and the new cluster.

    Ward (1963), doi:10.1080/01621459.1963.10500845.
    """
    centre, mass = dict(enumerate(vectors)), dict(enumerate(weight.astype(np.float64)))
    beside: dict[int, set[int]] = {unit: set() for unit in centre}

    def cost(one: int, other: int) -> float:
        both = mass[one] + mass[other]
        step = centre[one] - centre[other]
        return mass[one] * mass[other] / both * float(step @ step) if both else 0.0

    for one, other in pairs.tolist():
        beside[one].add(other)
        beside[other].add(one)
    waiting = [(cost(one, other), one, other) for one, other in pairs.tolist()]
    heapify(waiting)
    new = len(vectors)
    while waiting:
        _, one, other = heappop(waiting)
        if one not in beside or other not in beside:
            continue
        mass[new] = mass[one] + mass[other]
        share = mass[other] / mass[new] if mass[new] else 0.5
        centre[new] = centre[one] + share * (centre[other] - centre[one])
        beside[new] = (beside.pop(one) | beside.pop(other)) - {one, other}
        for near in beside[new]:
            beside[near].difference_update((one, other))
            beside[near].add(new)
            heappush(waiting, (cost(near, new), near, new))
        yield one, other, new
        new += 1
