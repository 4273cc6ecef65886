"""How well somkit's classifier and clusterer do beside MiniSom and SuSi: accuracy on digits, adjusted Rand index.

Needs somkit, minisom and susi in one environment: python benchmarks/quality.py [--seeds 20] [--share 0.8] [--further]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from labelled import further, judged, known
from minisom import MiniSom
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from susi import SOMClassifier as Susi

from somkit import SOMClassifier, SOMClusterer

Array = np.ndarray[Any, Any]


def side_for(n: int) -> int:
    """Return the side of a square map of about 5 sqrt(n) units."""
    return round((5 * n**0.5) ** 0.5)


def minisom(X: Array, side: int, updates: int, seed: int, **arguments: Any) -> MiniSom:
    """Train a MiniSom on the plane of the principal components."""
    som = MiniSom(side, side, X.shape[1], random_seed=seed, **arguments)
    som.pca_weights_init(X)
    som.train_random(X, updates)
    return som


class MiniSomRecipe(ClassifierMixin, BaseEstimator):
    """MiniSom's example of classification: the majority of a unit's samples, the commonest class on empty units."""

    def __init__(self, side: int = 7, updates: int = 500) -> None:
        self.side = side
        self.updates = updates

    def fit(self, X: Array, y: Array) -> MiniSomRecipe:
        """Train the map with the example's settings and count the classes on its units."""
        recipe = {"sigma": 3, "learning_rate": 0.5, "neighborhood_function": "triangle"}
        self.classes_ = np.unique(y)
        self.som_ = minisom(X, self.side, self.updates, 10, **recipe)
        self.labels_ = self.som_.labels_map(X, y)
        self.common_ = np.bincount(y).argmax()
        return self

    def predict(self, X: Array) -> Array:
        """Return the commonest class of each sample's best unit."""
        units = [self.som_.winner(x) for x in X]
        return np.array(
            [self.labels_[unit].most_common()[0][0] if unit in self.labels_ else self.common_ for unit in units]
        )


def classify() -> None:
    """Print the accuracy of five-fold cross-validation on raw digits, shuffled and not."""
    X, y = load_digits(return_X_y=True)
    side = side_for(len(X))
    rivals = {
        "somkit SOMClassifier, defaults": SOMClassifier(random_state=0),
        "somkit SOMClassifier, refine=0": SOMClassifier(refine=0, random_state=0),
        "SuSi SOMClassifier, defaults": Susi(random_state=0),
        f"SuSi SOMClassifier, {side} x {side}, 20 000 + 20 000 updates": Susi(
            side, side, n_iter_unsupervised=20_000, n_iter_supervised=20_000, random_state=0
        ),
        "MiniSom's example, 7 x 7, 500 updates": MiniSomRecipe(),
        f"MiniSom's example, {side} x {side}, 20 000 updates": MiniSomRecipe(side, 20_000),
    }
    print("| accuracy on digits, 5 folds | shuffled | in order |\n|---|---|---|")
    for name, model in rivals.items():
        folds = (StratifiedKFold(5, shuffle=True, random_state=0), StratifiedKFold(5))
        row = [cross_val_score(model, X, y, cv=fold).mean() for fold in folds]
        print(f"| {name} | {row[0]:.4f} | {row[1]:.4f} |", flush=True)


def by_minisom(X: Array, k: int, seed: int) -> Array:
    """Cluster samples by k-means on the units of a MiniSom of the usual size, 20 updates a sample."""
    side = side_for(len(X))
    return clustered(minisom(X, side, 20 * len(X), seed, sigma=side / 4), X, k, seed)


def by_untuned_minisom(X: Array, k: int, seed: int, *, weighted: bool = False) -> Array:
    """Cluster samples as `by_minisom` does, with MiniSom's own radius and random first weights."""
    side = side_for(len(X))
    som = MiniSom(side, side, X.shape[1], random_seed=seed)
    som.random_weights_init(X)
    som.train_random(X, 20 * len(X))
    return clustered(som, X, k, seed, weighted=weighted)


def clustered(som: MiniSom, X: Array, k: int, seed: int, *, weighted: bool = False) -> Array:
    """Return the cluster of each sample by k-means on the units, weighted by their hits or not."""
    weights = som.get_weights()
    units = np.array([np.ravel_multi_index(som.winner(x), weights.shape[:2]) for x in X])
    codebook = weights.reshape(-1, X.shape[1])
    hits = np.bincount(units, minlength=len(codebook)) if weighted else None
    return np.asarray(KMeans(k, n_init=10, random_state=seed).fit(codebook, sample_weight=hits).labels_[units])


def by_somkit(**arguments: Any) -> Callable[[Array, int, int], Array]:
    """Return a function that clusters samples with SOMClusterer."""
    return lambda X, k, seed: SOMClusterer(n_clusters=k, random_state=seed, **arguments).fit_predict(X)


def cluster(seeds: int, share: float, *, more: bool) -> None:
    """Print the mean adjusted Rand index over the seeds.

    Each seed shuffles the samples, for somkit's map has no chance, and takes a share of them.
    """
    sets = judged() | known() | (further() if more else {})
    rivals = {
        "somkit SOMClusterer, Ward": by_somkit(),
        "somkit SOMClusterer, Ward refined": by_somkit(refine=True),
        "somkit SOMClusterer, Ward along the map": by_somkit(connectivity="map"),
        "somkit SOMClusterer, k-means": by_somkit(clusterer="kmeans"),
        "somkit SOMClusterer, watershed": by_somkit(clusterer="watershed"),
        "Ward on the samples": lambda X, k, _: AgglomerativeClustering(k).fit_predict(X),
        "k-means on the samples": lambda X, k, seed: KMeans(k, n_init=10, random_state=seed).fit_predict(X),
        "MiniSom + k-means": by_minisom,
        "untuned MiniSom + k-means": by_untuned_minisom,
        "untuned MiniSom + k-means weighted by hits": partial(by_untuned_minisom, weighted=True),
    }
    print(f"\n| adjusted Rand index, {seeds} seeds | {' | '.join(sets)} |\n|---{'|---' * len(sets)}|")
    for name, labels in rivals.items():
        row = []
        for X, y in sets.values():
            orders = [np.random.default_rng(seed).permutation(len(X))[: round(share * len(X))] for seed in range(seeds)]
            found = [
                adjusted_rand_score(y[order], labels(X[order], len(set(y)), seed)) for seed, order in enumerate(orders)
            ]
            row.append(f"{np.mean(found):.3f} (sd {np.std(found):.3f})")
        print(f"| {name} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--share", type=float, default=1.0, help="of the samples that each seed clusters")
    parser.add_argument("--further", action="store_true", help="cluster further sets, too")
    warnings.simplefilter("ignore")
    options = parser.parse_args()
    classify()
    cluster(options.seeds, options.share, more=options.further)
