"""TrainedMap: a codebook on a lattice, the metric it is read with, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import attrs
import numpy as np

from somkit.bordering import distances_along_edges, means_over_neighbours
from somkit.clustering import cluster_codebook
from somkit.components import Metric
from somkit.engine import prepare, search
from somkit.errors import ParameterError, SampleError
from somkit.kernels import TreeSum
from somkit.lattice import Lattice, networkx_of_lattice
from somkit.plugins import current
from somkit.records import provenance, record_lattice, record_records, record_scaling
from somkit.samples import Samples, Scaling, feature_names_of
from somkit.searching import in_dense_pieces
from somkit.spelling import resolve
from somkit.storage import Record, encode_values, write_record
from somkit.trained import asking, labelling
from somkit.trained.checks import check_codebook, check_features, check_limits

if TYPE_CHECKING:
    import networkx as nx
    from scipy.sparse import csr_array

    from somkit.recipe import Recipe

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(eq=False, kw_only=True)
class TrainedMap:
    """A trained map: a codebook on a lattice, the metric it is read with, and how it came about.

    Parameters
    ----------
    codebook : array of shape (m, d)
        In the units it was trained in: scaled ones where there is a scaling.
    lattice : Lattice
    metric : Metric
    recipe : Recipe or None
        Every part of the map, with all that was left out filled in; None for a codebook from elsewhere, or where a part
        came from a plugin that is not installed.
    recipe_document : mapping or None
        The recipe as a file held it, so that a map whose recipe is None for want of a plugin is written as it was read.
    history : tuple of dict
        An entry an epoch: epoch, progress, radius, learning_rate, quantisation_error before the update.
    feature_names : tuple of d str, or None
    scaling : Scaling or None
        Applied to every X that the map is given.
    records : mapping of str to array
        What the trainer kept beside the codebook.
    n_samples : int or None
        How many samples it was trained on; None for a codebook from elsewhere.
    provenance : dict
        The versions of somkit, numpy and the plugins it was made with.
    """

    codebook: Array
    lattice: Lattice
    metric: Metric
    recipe: Recipe | None = None
    recipe_document: Mapping[str, Any] | None = None
    history: tuple[dict[str, float], ...] = ()
    feature_names: tuple[str, ...] | None = None
    scaling: Scaling | None = None
    records: Mapping[str, Array] = attrs.field(factory=dict, repr=False)
    n_samples: int | None = None
    provenance: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    # Methods that are long, or many of a kind, are functions of a map in modules of their own.
    measure = asking.measure
    measures = asking.measures
    measure_units = asking.measure_units
    measure_samples = asking.measure_samples
    draw = asking.draw
    dashboard = asking.dashboard
    export = asking.export
    label_units = labelling.label_units

    def __repr__(self) -> str:
        """Say what kind of map it is, in a line."""
        return f"TrainedMap({len(self.lattice)} units, {self.codebook.shape[1]} features, metric '{self.metric}')"

    @classmethod
    def from_codebook(
        cls, topology: Any, codebook: Any, metric: Any = "euclidean", *, feature_names: tuple[str, ...] | None = None
    ) -> TrainedMap:
        """Return a map that was trained elsewhere.

        Parameters
        ----------
        topology : str, dict, Topology or networkx.Graph
            With as many units as the codebook has rows.
        codebook : array of shape (m, d)
            One vector for each unit, finite.
        metric : str, dict or Metric
        feature_names : tuple of d str, optional

        Raises
        ------
        SampleError
            If the codebook does not fit the topology.

        Examples
        --------
        >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [2.0]])
        >>> trained.bmu([[0.9], [5.0]])
        array([1, 2])
        """
        samples = Samples.of(codebook, feature_names=feature_names)
        if samples.feature_names is not None and len(samples.feature_names) != samples.features:
            count = len(samples.feature_names)
            message = f"feature_names must hold {samples.features} names, one for each column, got {count}."
            raise SampleError(message)
        lattice = resolve("topology", topology).sized_for(samples).lattice()
        vectors = check_codebook(codebook, len(lattice), samples.features, samples.dtype)
        part: Metric = resolve("metric", metric)
        check_features(part, samples.features, "the codebook")
        check_limits(part.limits(samples.features), vectors, part.name, "the codebook")
        return cls(
            codebook=vectors,
            lattice=lattice,
            metric=part,
            feature_names=samples.feature_names,
            provenance=provenance(),
        )

    @property
    def feature_labels(self) -> tuple[str, ...]:
        """The feature names, or ``x0``, ``x1``, ... where there are none."""
        return self.feature_names or tuple(f"x{feature}" for feature in range(self.codebook.shape[1]))

    @cached_property
    def codebook_in_units(self) -> Array:
        """The codebook in the units of the data, shape (m, d)."""
        return self.codebook if self.scaling is None else self.scaling.undo(self.codebook)

    @cached_property
    def edge_distances(self) -> Array:
        """The distance between the vectors at both ends of each edge of the map, in its metric; (e,), read-only."""
        return distances_along_edges(self.lattice, self.codebook, self.metric)

    @cached_property
    def neighbour_distances(self) -> Array:
        """The mean distance from each unit's vector to its neighbours', the U-matrix; (m,), read-only.

        NaN for a unit without neighbours.

        Examples
        --------
        >>> TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]]).neighbour_distances
        array([1. , 1.5, 2. ])
        """
        return means_over_neighbours(self.lattice, self.edge_distances)

    def samples(self, X: Any, sample_weight: Any = None) -> Samples:
        """Check samples as every method does, and return them as this map sees them: scaled, read in blocks.

        Raises
        ------
        SampleError
            If X is not finite, or has not the map's features. A DataFrame may have more columns.
        """
        names = feature_names_of(X)
        if names is not None and self.feature_names is not None and names != self.feature_names:
            missing = [name for name in self.feature_names if name not in names]
            if missing:
                message = f"X lacks the column(s) {', '.join(map(repr, missing))} that this map was trained on."
                raise SampleError(message)
            X = X[list(self.feature_names)]
        samples = self.metric.read(X, sample_weight, feature_names=self.feature_names, scaling=self.scaling)
        d = self.codebook.shape[1]
        if samples.features != d:
            message = f"X has {samples.features} feature(s), but this map was trained on {d}; give it the same columns."
            raise SampleError(message)
        self.metric.check_samples(samples)
        return samples

    def bmu(self, X: Any, k: int = 1) -> Array:
        """Return the best-matching unit of each sample, or its k nearest units.

        Parameters
        ----------
        X : array of shape (n, d)
        k : int in 1..m

        Returns
        -------
        array of shape (n,), or (n, k) for k > 1, int64
            Nearest first; the lowest unit first among ties.
        """
        return self.search(X, k)[0][:, 0] if k == 1 else self.search(X, k)[0]

    def search(self, X: Any, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units of each sample and their distances, both of shape (n, k)."""
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= len(self.lattice):
            message = f"k must be an integer from 1 to the number of units, {len(self.lattice)}, got {k!r}."
            raise ParameterError(message)
        samples = X if isinstance(X, Samples) else self.samples(X)
        return search(self.metric, self.codebook, self.lattice, samples, int(k))

    def distances(self, X: Any) -> Array:
        """Return the distance from each sample to each unit, shape (n, m), in the metric the map was trained with."""
        samples = self.samples(X)

        def measure(block: Any, weight: Array | None) -> Array:
            del weight
            pieces = in_dense_pieces(block) if samples.is_sparse else [block]
            return np.concatenate([np.asarray(self.metric.pairwise(piece, self.codebook)) for piece in pieces])

        return np.concatenate(list(samples.map(measure, kept=True)))

    def impute(self, X: Any) -> Array:
        """Return samples with every missing value filled in from the sample's best-matching unit.

        Values that are observed stay as they are, to the bit. So does NaN in a feature that no sample had a value of
        when the map was trained: the map knows nothing of it.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            In the units of the data; NaN where a value is missing.

        Returns
        -------
        array of shape (n, d)
            In the units of the data and X's floating dtype, features in the map's order.

        Raises
        ------
        SampleError
            If X holds NaN and the metric does not take it, if a row of it has nothing observed, or if X is sparse.

        Examples
        --------
        >>> trained = TrainedMap.from_codebook("line:units=2", [[0.0, 1.0], [5.0, 6.0]], "euclidean:missing=ignore")
        >>> trained.impute([[4.5, float("nan")]])
        array([[4.5, 6. ]])
        """
        samples = self.samples(X)
        if samples.is_sparse:
            message = "a sparse X has no missing values to impute: what it does not store is 0."
            raise SampleError(message)
        filled = samples.X.astype(samples.dtype)
        rows, features = np.nonzero(np.isnan(filled))
        known = ~np.isin(features, self.metric.unobserved)
        rows, features = rows[known], features[known]
        units = self.search(samples)[0][:, 0]
        filled[rows, features] = self.codebook_in_units[units[rows], features]
        return np.asarray(filled)

    def quantisation_error(self, X: Any, sample_weight: Any = None) -> float:
        """Return the mean distance from a sample to its best-matching unit, weighted by the sample weights."""
        samples = self.samples(X, sample_weight).levelled()
        total = TreeSum()

        searcher = prepare(self.metric, self.codebook, samples)

        def of_block(block: Any, weight: Array | None) -> Array:
            distance = searcher.nearest(block)[1][:, 0]
            return np.asarray(distance.sum() if weight is None else weight @ distance)

        for value in samples.map(of_block, kept=True):
            total.add(value)
        return float(total.result() / samples.total_weight)

    def hits(self, X: Any, sample_weight: Any = None) -> Array:
        """Return the number of samples, or their total weight, that fall on each unit; shape (m,), float64."""
        samples = self.samples(X, sample_weight)
        units = self.search(samples)[0][:, 0]
        return np.bincount(units, weights=samples.weight, minlength=len(self.lattice)).astype(np.float64)

    def cluster_units(
        self,
        clusterer: Any = "ward",
        n_clusters: int | None = None,
        *,
        X: Any = None,
        sample_weight: Any = None,
        connectivity: str | None = None,
        refine: bool = False,
    ) -> Array:
        """Return the cluster of each unit.

        Parameters
        ----------
        clusterer : "ward" | "kmeans" | "hdbscan" | "watershed" | scikit-learn clusterer, default "ward"
            "watershed" takes the valleys of the U-matrix along the map's edges. It and "hdbscan" measure with the map's
            metric, "hdbscan" from a table of m x m distances. "ward" and "kmeans" need means of units, and so take
            Euclidean distance whatever the metric is: for a map of another metric prefer the two before. All see the
            codebook in the units it was trained in; an object, such as a mixture, is cloned first and measures as it
            does, by its ``fit_predict``.
        n_clusters : int from 1 to the number of units with samples, optional
            Left out, "ward" and "kmeans" take as many, from 2 to the square root of the number of units with samples
            and at most 12, as have the least Davies-Bouldin index on these units, and "watershed" every valley. For
            the others, which find it, it must be left out.
        X : array of shape (n, d), optional
            Samples by whose hits units are weighed; without them all weigh the same. "hdbscan" and
            "watershed" take no weights.
        sample_weight : array of shape (n,), optional
        connectivity : None | "map", default None
            "map", for "ward": merge only clusters that an edge of the map joins; parts that none joins stay apart,
            even where that leaves more clusters than asked for.
        refine : bool, default False
            True, for "ward" without connectivity: go on with weighted k-means from the means of Ward's clusters until
            no unit changes, which never raises the weighted sum of squares that Ward's merges leave.

        Returns
        -------
        array of shape (m,), int64
            -1 for noise. Empty units join the cluster of the nearest unit with samples.

        Raises
        ------
        ParameterError
            If ``clusterer``, ``n_clusters``, ``connectivity`` or ``refine`` is not allowed.

        Notes
        -----
        Davies & Bouldin (1979), A cluster separation measure, doi:10.1109/TPAMI.1979.4766909. Ward's clusters as the
        start of k-means: Milligan & Sokol (1980), A two-stage clustering algorithm with robust recovery
        characteristics, Educational and Psychological Measurement 40.

        Examples
        --------
        >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [8.0], [9.0]])
        >>> trained.cluster_units(n_clusters=2)
        array([0, 0, 1, 1])
        """
        weight = np.ones(len(self.lattice)) if X is None else self.hits(X, sample_weight)
        return cluster_codebook(
            self.codebook, self.lattice, self.metric, weight, clusterer, n_clusters, connectivity, refine=refine
        )

    @property
    def wins(self) -> csr_array:
        """How often each sample won each unit in training: sparse counts of shape (m, n)."""
        return labelling.count_wins(self)

    @property
    def matched(self) -> Array:
        """The sample that won each unit most often, shape (m,), -1 where none did.

        Among equals it is the one whose first win on the unit came earliest.
        """
        return labelling.most_frequent_winners(self)

    def to_networkx(self) -> nx.Graph:
        """Return the map as a networkx graph: nodes with ``pos``, ``unit`` and ``vector``, edges with ``length``."""
        graph = networkx_of_lattice(self.lattice)
        for node, vector in zip(self.lattice.nodes, self.codebook_in_units, strict=True):
            graph.nodes[node]["vector"] = vector
        return graph

    def to_record(self) -> Record:
        """Return the map as a file keeps it."""
        registry = current().registry
        recipe = self.recipe_document if self.recipe is None else encode_values(self.recipe.to_dict(qualified=True))
        lattice, arrays = record_lattice(self.lattice)
        scaling, scaling_arrays = record_scaling(self.scaling)
        document = {
            "holds": "map",
            "recipe": recipe,
            "metric": registry.qualified(self.metric, explicit=True),
            **lattice,
            **scaling,
            "feature_names": None if self.feature_names is None else list(self.feature_names),
            "history": list(self.history),
            "n_samples": self.n_samples,
            "provenance": dict(self.provenance),
        }
        return Record(document, {"codebook": self.codebook, **arrays, **scaling_arrays, **record_records(self.records)})

    def save(self, path: str | Path) -> None:
        """Write the map to one file, ``.somkit`` by custom; `somkit.load` reads it back.

        Raises
        ------
        OutputError
            If the file cannot be written; an older file of that name is then still whole.
        """
        write_record(path, self.to_record())
