"""How well variants of a map and of the clustering of its units find classes, on many labelled sets.

python benchmarks/clusters.py run OUTPUT.jsonl [--parts FIRST STOP] [--maps NAME ...] adds a line for each part of a
set, map and clustering; python benchmarks/clusters.py table OUTPUT.jsonl compares them with the defaults. Wine and
digits are not among the sets, so that nothing is chosen by them.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from labelled import further, known
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist, pdist
from scipy.stats import rankdata
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score

from somkit import SOM, TrainedMap
from somkit.clustering import cluster_codebook
from somkit.standard import Graph

Array = np.ndarray[Any, Any]
Made = Callable[[int, int, int], dict[str, Any]]

SHARE = 0.8  # of the samples in each part, drawn anew for each
CLOSE = 0.005  # a smaller difference is none


def _hexagons(count: Callable[[int], float], **parts: Any) -> Made:
    """Return what makes a hexagonal map of a number of units, with the sides' ratio of the automatic one."""

    def made(n: int, rows: int, columns: int) -> dict[str, Any]:
        by = (count(n) / (rows * columns)) ** 0.5
        return {"topology": f"hex:rows={max(1, round(rows * by))},columns={max(2, round(columns * by))}", **parts}

    return made


def _torus(_: int, rows: int, columns: int) -> dict[str, Any]:
    return {"topology": f"hex:rows={max(4, rows + rows % 2)},columns={max(3, columns)},periodic=both"}


# What differs from the defaults, or what says it from the number of samples and the sides of the automatic map.
MAPS: dict[str, Made | dict[str, Any]] = {
    "defaults": {},
    "2.5 √n units": _hexagons(lambda n: 2.5 * n**0.5),
    "7.5 √n units": _hexagons(lambda n: 7.5 * n**0.5),
    "10 √n units": _hexagons(lambda n: 10 * n**0.5),
    "15 √n units": _hexagons(lambda n: 15 * n**0.5),
    "n/5 units": _hexagons(lambda n: n / 5),
    "n/3 units": _hexagons(lambda n: n / 3),
    "n/2 units": _hexagons(lambda n: n / 2),
    "100 units": _hexagons(lambda _: 100),
    "last radius 0.25": {"radius": "linear:stop=0.25"},
    "last radius 0.33": {"radius": "linear:stop=0.33"},
    "last radius 0.7": {"radius": "linear:stop=0.7"},
    "last radius 1": {"radius": "linear:stop=1"},
    "first radius 1": {"radius": "linear:start=1"},
    "10 epochs": {"epochs": 10},
    "50 epochs": {"epochs": 50},
    "online": {"trainer": "online"},
    "two_phase": {"trainer": "two_phase"},
    "minibatch": {"trainer": "minibatch"},
    "grid": {"topology": "grid"},
    "torus": _torus,
    "line": {"topology": "line"},
    "knn": {"topology": "knn"},
    "first codebook of samples": {"initialiser": "sample"},
    "bubble": {"neighbourhood": "bubble"},
    "epanechnikov": {"neighbourhood": "epanechnikov"},
    "10 √n units, last radius 0.33": _hexagons(lambda n: 10 * n**0.5, radius="linear:stop=0.33"),
    "10 √n units, last radius 1": _hexagons(lambda n: 10 * n**0.5, radius="linear:stop=1"),
    "15 √n units, last radius 1": _hexagons(lambda n: 15 * n**0.5, radius="linear:stop=1"),
    "online, last radius 0.33": {"trainer": "online", "radius": "linear:stop=0.33"},
    "50 epochs, last radius 0.33": {"epochs": 50, "radius": "linear:stop=0.33"},
    "online, 10 √n units": _hexagons(lambda n: 10 * n**0.5, trainer="online"),
}


def _linked(vectors: Array, weight: Array, k: int, method: str) -> Array:
    """Return clusters of units, by a linkage of the samples that each unit stands for, all at the unit's place."""
    held = np.flatnonzero(weight > 0)
    copies = np.repeat(held, weight[held].astype(int))
    found = fcluster(linkage(pdist(vectors[copies]), method), k, "maxclust")
    labels = np.full(len(vectors), -1)
    labels[copies] = found
    return np.asarray(labels[held[cdist(vectors, vectors[held]).argmin(axis=1)]])


def _refined(vectors: Array, weight: Array, clusters: Array) -> Array:
    """Go on from clusters by weighted k-means."""
    held = weight > 0
    names = np.unique(clusters[held])
    means = [
        np.average(vectors[held & (clusters == name)], axis=0, weights=weight[held & (clusters == name)])
        for name in names
    ]
    model = KMeans(len(names), init=np.array(means), n_init=1, random_state=0)
    return np.asarray(model.fit(vectors[held], sample_weight=weight[held]).predict(vectors))


def clusterings(trained: TrainedMap, X: Array, k: int) -> dict[str, Array]:
    """Return the cluster of each sample by each way to cluster the units."""
    lattice, W = trained.lattice, np.asarray(trained.codebook, dtype=np.float64)
    units = trained.bmu(X)
    hits = np.bincount(units, minlength=len(W)).astype(float)
    held = hits > 0
    means = W.copy()
    for unit in np.flatnonzero(held):
        means[unit] = X[units == unit].mean(axis=0)
    apart = lattice.distances_from(np.arange(len(W)))
    near = apart <= 1 + 1e-9
    smooth = near @ (hits / near.sum(axis=1))
    bell = np.exp(-(apart**2) / 2)
    wide = bell @ (hits / bell.sum(axis=1))

    def ward(vectors: Array, weight: Array, connectivity: str | None = None, *, refine: bool = False) -> Array:
        return cluster_codebook(vectors, lattice, trained.metric, weight, "ward", k, connectivity, refine=refine)

    joined = ward(W, hits, "map")
    within_two = Graph.of(nx.from_numpy_array(np.triu(apart <= 2 + 1e-9, 1))).lattice()
    found = {
        "ward": ward(W, hits),
        "ward refined": ward(W, hits, refine=True),
        "ward map": joined,
        "ward map refined": _refined(W, hits, joined),
        "ward means": ward(means, hits),
        "ward means refined": ward(means, hits, refine=True),
        "ward half means": ward((means + W) / 2, hits),
        "ward map means": ward(means, hits, "map"),
        "ward unweighted": ward(W, held.astype(float)),
        "ward all unweighted": ward(W, np.ones(len(W))),
        "ward root hits": ward(W, np.sqrt(hits)),
        "ward hits + 1": ward(W, hits + 1),
        "ward smooth": ward(W, smooth),
        "ward smooth refined": ward(W, smooth, refine=True),
        "ward wide": ward(W, wide),
        "ward map smooth": ward(W, smooth, "map"),
        "ward two steps": cluster_codebook(W, within_two, trained.metric, hits, "ward", k, "map"),
        "average": _linked(W, hits, k, "average"),
        "average means": _linked(means, hits, k, "average"),
        "average refined": _refined(W, hits, _linked(W, hits, k, "average")),
        "kmeans": KMeans(k, n_init=10, random_state=0).fit(W[held], sample_weight=hits[held]).predict(W),
    }
    return {name: labels[units] for name, labels in found.items()}


def run(output: Path, parts: range, maps: list[str]) -> None:
    """Add a line for each part of a set, map and clustering: the adjusted Rand index of its samples."""
    sets = known() | further()
    for part, (name, (X_all, y_all)) in product(parts, sets.items()):
        kept = np.random.default_rng(part).permutation(len(X_all))[: round(SHARE * len(X_all))]
        X, y = X_all[kept], y_all[kept]
        k = len(np.unique(y))
        automatic = SOM(epochs=1).fit(X).map_.recipe.topology
        found = {
            ("samples", "ward"): AgglomerativeClustering(k).fit_predict(X),
            ("samples", "kmeans"): KMeans(k, n_init=10, random_state=part).fit_predict(X),
        }
        for variant in maps:
            made = MAPS[variant]
            arguments = made(len(X), automatic.rows, automatic.columns) if callable(made) else made
            trained = SOM(random_state=part, **arguments).fit(X).map_
            found |= {(variant, way): labels for way, labels in clusterings(trained, X, k).items()}
        with output.open("a") as file:
            for (variant, way), labels in found.items():
                line = {"set": name, "part": part, "map": variant, "way": way}
                file.write(json.dumps(line | {"index": adjusted_rand_score(y, labels)}) + "\n")


def table(output: Path) -> None:
    """Print each variant's mean over the sets, its gain over the defaults, the interval of the gain, and its rank.

    The interval holds 95 % of the means over sets drawn again with replacement, forms of one data set together. Picking
    the best of many flatters it: the last line picks by half of the sets, again and again, and says what the other
    half gains.
    """
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for line in map(json.loads, output.read_text().splitlines()):
        found.setdefault((line["map"], line["way"]), {}).setdefault(line["set"], []).append(line["index"])
    variants, sets = list(found), list(found["defaults", "ward"])
    index = np.array([[np.mean(found[variant][name]) for name in sets] for variant in variants])
    gain = index - index[variants.index(("defaults", "ward"))]
    rank = rankdata(-index, axis=0).mean(axis=1)
    families = np.unique([name.split(",")[0] for name in sets], return_inverse=True)[1]
    member = np.eye(families.max() + 1)[families]
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(member.shape[1], [1 / member.shape[1]] * member.shape[1], size=5000) @ member.T
    low, high = np.percentile(gain @ (drawn / drawn.sum(axis=1, keepdims=True)).T, [2.5, 97.5], axis=1)
    print(f"| map | units clustered by | mean of {len(sets)} sets | gain | 95 % | better, worse | mean rank |")
    print("|---|---|---|---|---|---|---|")
    for i in np.argsort(-index.mean(axis=1)):
        counts = f"{(gain[i] > CLOSE).sum()}, {(gain[i] < -CLOSE).sum()}"
        row = f"{index[i].mean():.3f} | {gain[i].mean():+.3f} | {low[i]:+.3f} to {high[i]:+.3f} | {counts}"
        print(f"| {' | '.join(variants[i])} | {row} | {rank[i]:.0f} |")
    halves = [rng.permutation(member.shape[1])[: member.shape[1] // 2] for _ in range(1000)]
    other = []
    for half in halves:
        chosen = member[:, half].any(axis=1)
        other.append(gain[index[:, chosen].mean(axis=1).argmax(), ~chosen].mean())
    print(f"\nThe best of half of the sets gains {np.mean(other):+.3f} (sd {np.std(other):.3f}) on the other half.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["run", "table"])
    parser.add_argument("output", type=Path)
    parser.add_argument("--parts", type=int, nargs=2, metavar=("FIRST", "STOP"), default=(0, 3))
    parser.add_argument("--maps", nargs="+", choices=list(MAPS), default=list(MAPS))
    warnings.simplefilter("ignore")
    options = parser.parse_args()
    if options.task == "run":
        run(options.output, range(*options.parts), options.maps)
    else:
        table(options.output)
