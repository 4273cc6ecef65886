"""SOMClusterer: clusters of samples, by way of clusters of a map's units."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClusterMixin

from somkit.clustering import check_clustering
from somkit.estimator import MapEstimator

Array = np.ndarray[Any, Any]


class SOMClusterer(ClusterMixin, MapEstimator):  # type: ignore[misc]  # untyped bases
    """Clusterer on a self-organising map: units are clustered, and a sample is in its best-matching unit's cluster.

    Parameters
    ----------
    n_clusters : int >= 1 or None, default None
        Clusters to find. None: "ward" and "kmeans" take the number with the least Davies-Bouldin index on the units,
        "watershed" takes every valley. "hdbscan" and objects find it themselves whatever this is.
    clusterer : "ward" | "kmeans" | "hdbscan" | "watershed" | scikit-learn clusterer, default "ward"
        See `TrainedMap.cluster_units`. Ward and k-means weigh units by their samples, and measure by Euclidean
        distance whatever the metric is; "hdbscan" and "watershed" measure with the map's metric.
    connectivity : None | "map", default None
        "map", for "ward": merge only clusters that an edge of the map joins.
    refine : bool, default False
        True, for "ward" without connectivity: weighted k-means goes on from Ward's clusters.
    topology, metric, neighbourhood, learning_rate, radius, initialiser, trainer, epochs, scale, n_jobs, \
    random_state, verbose
        As of `SOM`.

    Attributes
    ----------
    labels_ : array of shape (n,), int64
        The cluster of each sample, 0..k-1 with none left out, -1 for noise.
    unit_labels_ : array of shape (m,), int64
        The cluster of each unit. Clusters of empty units only come last.
    map_, codebook_, lattice_, history_, n_iter_, n_features_in_, feature_names_in_
        As of `SOM`.

    Notes
    -----
    Vesanto & Alhoniemi (2000), Clustering of the self-organizing map, doi:10.1109/72.846731.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from somkit import SOMClusterer
    >>> model = SOMClusterer(n_clusters=3, random_state=0).fit(load_iris().data)
    >>> sorted(set(model.labels_.tolist()))
    [0, 1, 2]
    """

    def __init__(
        self,
        *,
        n_clusters: int | None = None,
        clusterer: Any = "ward",
        connectivity: str | None = None,
        refine: bool = False,
        topology: Any = "hex",
        metric: Any = "euclidean",
        neighbourhood: Any = "gaussian",
        learning_rate: Any = None,
        radius: Any = "linear",
        initialiser: Any = "pca",
        trainer: Any = "batch",
        epochs: int = 20,
        scale: str | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            topology=topology,
            metric=metric,
            neighbourhood=neighbourhood,
            learning_rate=learning_rate,
            radius=radius,
            initialiser=initialiser,
            trainer=trainer,
            epochs=epochs,
            scale=scale,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        self.n_clusters = n_clusters
        self.clusterer = clusterer
        self.connectivity = connectivity
        self.refine = refine

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train a map on X, shape (n, d), and cluster its units.

        Parameters
        ----------
        X : array of shape (n, d)
        y : ignored
        sample_weight : array of shape (n,), optional

        Raises
        ------
        ParameterError
            If ``clusterer``, ``n_clusters``, ``connectivity`` or ``refine`` is not allowed.
        """
        del y
        chosen = isinstance(self.clusterer, str) and self.clusterer != "hdbscan"
        wanted = self.n_clusters if chosen else None
        check_clustering(self.clusterer, wanted, self.connectivity, refine=self.refine)
        self._train(X, sample_weight)
        clusters = self.map_.cluster_units(
            self.clusterer,
            wanted,
            X=X,
            sample_weight=sample_weight,
            connectivity=self.connectivity,
            refine=self.refine,
        )
        units = self.map_.bmu(X)
        self.unit_labels_ = _compact(clusters, clusters[units])
        self.labels_ = self.unit_labels_[units]
        return self

    def predict(self, X: Any) -> Array:
        """Return the cluster of each sample's best-matching unit, shape (n,), -1 for noise."""
        trained = self._fitted()
        return np.asarray(self.unit_labels_[trained.bmu(self._checked(X))])


def _compact(clusters: Array, used: Array) -> Array:
    """Return the clusters numbered 0..k-1 in their order, those in use first; noise stays -1."""
    first = np.unique(used[used >= 0])
    order = np.concatenate([first, np.setdiff1d(clusters[clusters >= 0], first)])
    number = np.full(int(clusters.max()) + 2, -1, dtype=np.int64)  # the last place, -1, is noise
    number[order] = np.arange(len(order))
    return np.asarray(number[clusters])
