"""Clusters of units: Ward weighted by hits, free or along the map, k-means, HDBSCAN, any scikit-learn clusterer."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from inspect import signature
from typing import Any

import numpy as np

from somkit.errors import ParameterError
from somkit.lattice import Lattice

Array = np.ndarray[Any, Any]


def cluster_codebook(
    codebook: Array, lattice: Lattice, weight: Array, clusterer: Any, n_clusters: int | None, connectivity: str | None
) -> Array:
    """Return the cluster of each unit, shape (m,), int64, -1 for noise; see `TrainedMap.cluster_units`."""
    if connectivity not in {None, "map"}:
        message = f"connectivity must be None or 'map', got {connectivity!r}."
        raise ParameterError(message)
    if connectivity == "map" and clusterer != "ward":
        message = f"connectivity='map' works with clusterer='ward' only, got {clusterer!r}."
        raise ParameterError(message)
    vectors = np.asarray(codebook, dtype=np.float64)
    if clusterer == "hdbscan" or not isinstance(clusterer, str):
        if n_clusters is not None:
            message = f"n_clusters is for clusterers 'ward' and 'kmeans'; leave it out, got {n_clusters!r}."
            raise ParameterError(message)
        return _by_scikit_learn(vectors, weight, clusterer)
    if clusterer not in {"ward", "kmeans"}:
        message = f"clusterer must be 'ward', 'kmeans', 'hdbscan' or a scikit-learn clusterer, got {clusterer!r}."
        raise ParameterError(message)
    held = np.flatnonzero(weight > 0)
    most = len(held)
    whole = isinstance(n_clusters, int | np.integer) and not isinstance(n_clusters, bool)
    if not whole or not 1 <= int(n_clusters or 0) <= most:
        message = f"n_clusters must be an integer from 1 to the number of units with samples, {most}, "
        message += f"got {n_clusters!r}."
        raise ParameterError(message)
    if connectivity == "map":
        return _ward(vectors, weight, lattice.edges, int(n_clusters or 0))
    if clusterer == "kmeans":
        from sklearn.cluster import KMeans

        means = KMeans(int(n_clusters or 0), n_init=10, random_state=0).fit(vectors[held], sample_weight=weight[held])
        return np.asarray(means.predict(vectors), dtype=np.int64)
    pairs = np.stack(np.triu_indices(most, 1), axis=1)
    found = _ward(vectors[held], weight[held], pairs, int(n_clusters or 0))
    from scipy.spatial.distance import cdist

    return np.asarray(found[cdist(vectors, vectors[held]).argmin(axis=1)])


def _by_scikit_learn(vectors: Array, weight: Array, clusterer: Any) -> Array:
    from sklearn.base import clone
    from sklearn.cluster import HDBSCAN

    model = HDBSCAN(copy=True) if isinstance(clusterer, str) else clone(clusterer)
    weighs = "sample_weight" in signature(model.fit).parameters
    model.fit(vectors, **({"sample_weight": weight} if weighs else {}))
    return np.asarray(model.labels_, dtype=np.int64)


def _ward(vectors: Array, weight: Array, pairs: Array, n_clusters: int) -> Array:
    """Merge the joined pair that adds least to the weighted sum of squares, until so many clusters are left.

    Parts of the map that no pair joins stay apart. Ward (1963), doi:10.1080/01621459.1963.10500845.
    """
    centre, mass = dict(enumerate(vectors)), dict(enumerate(weight.astype(np.float64)))
    members = {unit: [unit] for unit in centre}
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
    while len(members) > n_clusters and waiting:
        _, one, other = heappop(waiting)
        if one not in members or other not in members:
            continue
        members[new] = members.pop(one) + members.pop(other)
        mass[new] = mass[one] + mass[other]
        share = mass[other] / mass[new] if mass[new] else 0.5
        centre[new] = centre[one] + share * (centre[other] - centre[one])
        beside[new] = (beside.pop(one) | beside.pop(other)) - {one, other}
        for near in beside[new]:
            beside[near].difference_update((one, other))
            beside[near].add(new)
            heappush(waiting, (cost(near, new), near, new))
        new += 1
    labels = np.empty(len(vectors), dtype=np.int64)
    for number, units in enumerate(sorted(members.values(), key=min)):
        labels[units] = number
    return labels
