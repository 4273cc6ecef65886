"""TrainedMap: what training leaves, and everything that can be asked of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final, overload

import attrs
import numpy as np

from somkit.clustering import cluster_codebook
from somkit.components import Exporter, Measure, Metric, Visualiser
from somkit.dashboard import draw_dashboard
from somkit.engine import prepare, search
from somkit.errors import ParameterError, SampleError
from somkit.kernels import BLOCK_ROWS, TreeSum
from somkit.lattice import Lattice, networkx_of_lattice
from somkit.measuring import Estimate, estimate, every_measure
from somkit.plugins import current
from somkit.records import record_lattice, record_records, record_scaling
from somkit.samples import Samples, Scaling, describe_limits, feature_names_of
from somkit.searching import in_dense_pieces
from somkit.spelling import resolve
from somkit.storage import Record, encode_values, write_record

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from scipy.sparse import csr_array

    from somkit.recipe import Recipe

Array = np.ndarray[Any, Any]

ROUNDING = 1e-9  # of the largest number: so far outside a metric's limits a codebook of means may lie


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
    history : tuple of dict
        An entry an epoch: epoch, progress, radius, learning_rate, quantisation_error before the update.
    feature_names : tuple of d str, or None
    scaling : Scaling or None
        Applied to every X that the map is given.
    records : mapping of str to array
        What the trainer kept beside the codebook.
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
        samples = self.samples(X, sample_weight)
        total = TreeSum()

        searcher = prepare(self.metric, self.codebook, samples)

        def of_block(block: Any, weight: Array | None) -> Array:
            distance = searcher.nearest(block)[1][:, 0]
            return np.asarray(distance.sum() if weight is None else weight @ distance)

        for value in samples.map(of_block, kept=True):
            total.add(value)
        return float(total.result() / samples.total_weight)

    @overload
    def measure(
        self,
        measure: Any,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        bootstrap: None = None,
        rng: Any = 0,
        **fields: Any,
    ) -> float: ...

    @overload
    def measure(
        self,
        measure: Any,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        bootstrap: int,
        rng: Any = 0,
        **fields: Any,
    ) -> Estimate: ...

    def measure(
        self,
        measure: Any,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        bootstrap: int | None = None,
        rng: Any = 0,
        **fields: Any,
    ) -> float | Estimate:
        """Return one measure of the map, with an interval if asked for.

        Parameters
        ----------
        measure : str, dict or Measure
        X, y, sample_weight : arrays, optional
            The samples and labels to measure it on, where the measure needs any.
        bootstrap : int >= 2, optional
            Draw so many times as many samples, with replacement, and measure again: the value comes with an interval.
        rng : int, numpy Generator or None, default 0
            What these draws are drawn with; None: other ones every time.
        **fields
            The measure's own parameters, as in its spelling.

        Returns
        -------
        float, or Estimate if ``bootstrap`` is given

        Raises
        ------
        MeasureError
            If the measure has no value for this map or these samples.

        Examples
        --------
        >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [2.0]])
        >>> trained.measure("quantisation_error", [[0.5], [2.0]])
        0.25
        >>> print(trained.measure("quantisation_error", [[0.5], [2.0], [1.1]], bootstrap=200))
        0.2 (0 to 0.5)
        """
        part: Measure = _with_fields(resolve("measure", measure), fields)
        if bootstrap is None:
            return float(part(self, X, y, sample_weight))
        return estimate(part, self, X, y, sample_weight, bootstrap=bootstrap, rng=rng)

    def measures(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> dict[str, float]:
        """Return every registered measure by name.

        Those that need labels are left out unless ``y`` is given, and so are those that have no value for this map or
        these samples; `measure` says why.
        """
        return every_measure(self, X, y, sample_weight)[0]

    def measure_units(
        self, measure: Any, X: Any = None, y: Any = None, sample_weight: Any = None, **fields: Any
    ) -> Array:
        """Return a measure unit by unit, shape (m,), NaN where a unit has none.

        Raises
        ------
        ParameterError
            If the measure has no such form.
        """
        part: Measure = _with_fields(resolve("measure", measure), fields)
        return _if_any(part.per_unit(self, X, y, sample_weight), part, "units")

    def measure_samples(
        self, measure: Any, X: Any = None, y: Any = None, sample_weight: Any = None, **fields: Any
    ) -> Array:
        """Return a measure sample by sample, shape (n,), NaN where a sample has none.

        Raises
        ------
        ParameterError
            If the measure has no such form.

        Examples
        --------
        >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [2.0]])
        >>> trained.measure_samples("quantisation_error", [[0.5], [2.0]])
        array([0.5, 0. ])
        """
        part: Measure = _with_fields(resolve("measure", measure), fields)
        return _if_any(part.per_sample(self, X, y, sample_weight), part, "samples")

    def draw(
        self, view: Any, ax: Axes | None = None, X: Any = None, y: Any = None, sample_weight: Any = None, **fields: Any
    ) -> Axes:
        """Draw a picture of the map and return its matplotlib Axes; ``ax.figure.savefig(path)`` keeps it.

        Parameters
        ----------
        view : str, dict or Visualiser
            ``"u_matrix"``, ``"hits"``, ``"labels"``, ``"component_planes"`` or any other that is registered:
            ``somkit components visualiser`` lists them.
        ax : matplotlib Axes, optional
            Where to draw; by default a figure of its own.
        X, y, sample_weight : arrays, optional
            The samples and labels to show, where the view shows any.
        **fields
            The view's own parameters.
        """
        part: Visualiser = _with_fields(resolve("visualiser", view), fields)
        if ax is None:
            from matplotlib.figure import Figure

            figure = Figure(figsize=part.figure_size(self), layout="constrained")
            ax = figure.add_subplot(projection=part.projection)
        return part.draw(self, ax, X, y, sample_weight)

    def dashboard(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> Figure:
        """Return one matplotlib figure with the usual six pictures: ``trained.dashboard(X, y).savefig(path)``.

        These are the views "u_matrix", "hits", "labels", "clusters", "quality" and "component_planes"; those that need
        samples or labels are left out where there are none.

        Parameters
        ----------
        X, y, sample_weight : arrays, optional
            The samples, in the units of the data, their labels and weights.

        Examples
        --------
        >>> trained = TrainedMap.from_codebook("hex:rows=3,columns=3", [[float(unit)] for unit in range(9)])
        >>> [ax.get_title() for ax in trained.dashboard().axes]
        ['U-matrix', 'Clusters', 'x0']
        """
        return draw_dashboard(self, X, y, sample_weight)

    def export(
        self, exporter: Any, path: str | Path, X: Any = None, y: Any = None, sample_weight: Any = None, **fields: Any
    ) -> None:
        """Write the map for other programs and other people: ``trained.export("graphml", "iris.graphml")``."""
        part: Exporter = _with_fields(resolve("exporter", exporter), fields)
        part.write(self, Path(path), X, y, sample_weight)

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
            codebook in the units it was trained in; an object is cloned first, and measures as it does.
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
        start of k-means: Milligan & Sokol (1980), doi:10.1177/001316448004000320.

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

    def label_units(
        self,
        y: Any,
        X: Any = None,
        method: Literal["majority", "nearest", "wins"] = "majority",
        *,
        sample_weight: Any = None,
    ) -> Array:
        """Return a label for each unit.

        Parameters
        ----------
        y : array of shape (n,)
            The label of each sample; None, NaN, NaT or NA for one that has none.
        X : array of shape (n, d)
            The samples, for ``method="majority"`` and ``"nearest"``.
        method : "majority" | "nearest" | "wins"
            ``majority``: the label of the largest total weight among the samples that fall on the unit, the first in
            sorted order among equals. ``nearest``: the label of the labelled sample that is nearest to the unit, the
            first among equals, so that every unit has one. ``wins``:
            the label of the sample that won the unit most often in training, for
            maps trained with ``online:record_wins=true``; y is then of the samples trained on.
        sample_weight : array of shape (n,), optional
            For ``method="majority"``.

        Returns
        -------
        object array of shape (m,)
            None where no sample with a label fell.
        """
        labels = np.asarray(y)
        if method == "wins":
            return self._labels_by_wins(labels)
        if method not in {"majority", "nearest"}:
            message = f"method must be 'majority', 'nearest' or 'wins', got {method!r}."
            raise ParameterError(message)
        if X is None:
            message = f"label_units needs X, the samples that y labels, for method={method!r}."
            raise SampleError(message)
        samples = self.samples(X, sample_weight)
        if labels.shape != (len(samples),):
            message = f"y must hold one label for each of the {len(samples)} samples, got shape {labels.shape}."
            raise SampleError(message)
        weight = np.ones(len(samples)) if samples.weight is None else samples.weight
        given = np.array([not is_missing(label) for label in labels.tolist()])
        if method == "nearest":
            return self._nearest_labels(samples, np.flatnonzero(given & (weight > 0)), labels)
        return self._majority(self.search(samples)[0][given, 0], labels[given].tolist(), weight[given])

    def _majority(self, found: Array, labels: list[Any], weight: Array) -> Array:
        names = distinct_labels(labels)
        code = {name: number for number, name in enumerate(names)}
        counts = np.zeros((len(self.lattice), len(names)))
        np.add.at(counts, (found, np.array([code[label] for label in labels], dtype=np.int64)), weight)
        units = np.full(len(self.lattice), None, dtype=object)
        for unit in np.flatnonzero(counts.any(axis=1)):
            units[unit] = names[int(counts[unit].argmax())]
        return units

    def _nearest_labels(self, samples: Samples, given: Array, labels: Array) -> Array:
        units = np.full(len(self.lattice), None, dtype=object)
        least = np.full(len(units), np.inf)
        for start in range(0, len(given), BLOCK_ROWS):
            rows = given[start : start + BLOCK_ROWS]
            distance = np.asarray(self.metric.pairwise(samples.rows(rows), self.codebook))
            nearer = np.flatnonzero(distance.min(axis=0) < least)
            least[nearer] = distance.min(axis=0)[nearer]
            units[nearer] = labels[rows[distance.argmin(axis=0)[nearer]]].tolist()
        return units

    def _labels_by_wins(self, labels: Array) -> Array:
        matched = self.matched
        if labels.shape != (self.n_samples,):
            message = f"y must hold the labels of the {self.n_samples} samples trained on, got shape {labels.shape}."
            raise SampleError(message)
        units = np.full(len(self.lattice), None, dtype=object)
        units[matched >= 0] = labels[matched[matched >= 0]].tolist()
        return units

    def _won(self, name: str) -> Array:
        if "wins.unit" not in self.records:
            message = "this map has no record of its wins; train it with trainer='online:record_wins=true'."
            raise ParameterError(message)
        return self.records[f"wins.{name}"]

    @property
    def wins(self) -> csr_array:
        """How often each sample won each unit in training: sparse counts of shape (m, n)."""
        from scipy.sparse import csr_array

        shape = (len(self.lattice), self.n_samples)
        return csr_array((self._won("count"), (self._won("unit"), self._won("sample"))), shape=shape)

    @property
    def matched(self) -> Array:
        """The sample that won each unit most often, shape (m,), -1 where none did.

        Among equals it is the one whose first win on the unit came earliest.
        """
        unit, sample, first = self._won("unit"), self._won("sample"), self._won("first")
        order = np.lexsort((first, -self._won("count"), unit))
        hit, place = np.unique(unit[order], return_index=True)
        matched = np.full(len(self.lattice), -1, dtype=np.int64)
        matched[hit] = sample[order][place]
        return matched

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


def _if_any(values: Array | None, part: Measure, what: str) -> Array:
    if values is None:
        message = f"measure '{part}' has no value for single {what}."
        raise ParameterError(message)
    return values


def _with_fields(part: Any, fields: Mapping[str, Any]) -> Any:
    return resolve(part.kind, {**current().registry.qualified(part), **fields}) if fields else part


def is_missing(label: Any) -> bool:
    """Tell whether a label stands for none: None, NaN, NaT or pandas' NA."""
    return label is None or type(label).__name__ in {"NAType", "NaTType"} or bool(label != label)  # noqa: PLR0124 - NaN


def distinct_labels(labels: list[Any]) -> list[Any]:
    """Return the different labels sorted, by type and text where they cannot be compared; missing ones are left out."""
    try:
        distinct = {label for label in labels if not is_missing(label)}
    except TypeError:
        message = "labels must be text, numbers or other hashable values."
        raise SampleError(message) from None
    try:
        return sorted(distinct)
    except TypeError:
        return sorted(distinct, key=lambda label: (type(label).__name__, str(label)))


def check_codebook(codebook: Any, m: int, d: int, dtype: Any) -> Array:
    """Return a codebook as a read-only array of shape (m, d), or raise saying what is wrong with it."""
    if np.iscomplexobj(codebook):
        message = "the codebook must hold real numbers, got complex ones."
        raise SampleError(message)
    try:
        vectors = np.array(codebook, dtype=dtype, order="C")
    except (TypeError, ValueError):
        message = "the codebook must hold numbers, one row for each unit."
        raise SampleError(message) from None
    if vectors.shape != (m, d):
        message = f"the codebook must have shape ({m}, {d}), a row for each unit, got {vectors.shape}."
        raise SampleError(message)
    if not np.isfinite(vectors).all():
        message = "the codebook must be finite; it holds NaN or infinite values."
        raise SampleError(message)
    vectors.flags.writeable = False
    return vectors


def check_features(metric: Metric, features: int, owner: str) -> None:
    """Raise if a metric is for another number of features."""
    if metric.features not in {None, features}:
        message = f"metric '{metric.name}' measures {metric.features} feature(s), but {owner} has {features}."
        raise SampleError(message)


def check_limits(limits: tuple[Array, Array], codebook: Array, metric: str, owner: str) -> None:
    """Raise if a codebook is outside a metric's limits by more than rounding."""
    low, high = limits
    slack = ROUNDING * np.abs(codebook).max()
    bad = ((codebook < low - slack) | (codebook > high + slack)).any(axis=0)
    if bad.any():
        feature = int(np.flatnonzero(bad)[0])
        allowed = describe_limits(low[feature], high[feature])
        message = f"metric '{metric}' measures numbers {allowed} in feature {feature}, but {owner} has others."
        raise SampleError(message)


def provenance() -> dict[str, Any]:
    """Return the versions that a map is made with."""
    plugins = current().loaded
    return {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "plugins": {
            plugin.name: {"distribution": plugin.distribution, "version": plugin.version} for plugin in plugins
        },
    }
