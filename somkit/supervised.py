"""SOMClassifier and SOMRegressor: a map trained on all samples, and what it learns from those with a class or value."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Number
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from somkit.errors import ParameterError, SampleError
from somkit.estimator import MapEstimator
from somkit.kernels import BLOCK_ROWS
from somkit.samples import Samples
from somkit.trained import TrainedMap, is_missing

Array = np.ndarray[Any, Any]

# The variance of the bell around a unit, in mean squared distances of samples from their best-matching units: narrow
# for classes, whose borders are sharp, wide for values, which change smoothly.
CLASS_WIDTH = 0.1
VALUE_WIDTH = 1.0
RATE = 0.3  # the first step, in the way from a unit to the mean of the samples that ask it to move
PENALTY = 0.1  # a unit's own deviation from the mean value weighs as much as 0.1 samples do


def _variance(trained: TrainedMap, samples: Samples) -> float:
    """Return the weighted mean squared distance from a sample to its best-matching unit, a tiny number for 0."""
    distance = trained.search(samples)[1][:, 0].astype(np.float64)
    return max(float(np.average(distance**2, weights=samples.weight)), float(np.finfo(np.float64).tiny))


def _shares(distance: Array, variance: float) -> Array:
    """Return each unit's share in each sample, proportional to exp(-distance^2 / (2 variance)); rows sum to 1.

    Units at an infinite distance have none; a row of such distances only is all 0.
    """
    away = np.asarray(distance, dtype=np.float64)
    least = away.min(axis=1, keepdims=True)
    nearest = np.where(np.isfinite(least), least, 0.0)
    with np.errstate(over="ignore"):  # a unit infinitely farther than the nearest has no share
        bell = np.exp(-(away - nearest) * (away + nearest) / (2 * variance))
    total = bell.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(bell, total, out=np.zeros_like(bell), where=total > 0))


def _blocks(samples: Samples, given: Array) -> Iterator[tuple[Array, Any, Array]]:
    """Yield the numbers, the vectors and the weights of the samples numbered in ``given``, block by block."""
    for start in range(0, len(given), BLOCK_ROWS):
        rows = given[start : start + BLOCK_ROWS]
        weight = np.ones(len(rows)) if samples.weight is None else samples.weight[rows]
        yield rows, samples.rows(rows), weight


def _pulled(pull: Array, block: Any, codebook: Array) -> Array:
    """Return sum_i R_ij (x_i - w_j) over the observed features of a dense or sparse block, shape (m, d)."""
    if isinstance(block, np.ndarray) and np.isnan(block).any():
        seen = ~np.isnan(block)
        return np.asarray(pull.T @ np.where(seen, block, 0.0) - (pull.T @ seen) * codebook)
    return np.asarray(pull.T @ block - pull.sum(axis=0)[:, None] * codebook)


def _refined(
    trained: TrainedMap, samples: Samples, given: Array, code: Array, owner: Array, variance: float, steps: int
) -> Array:
    """Move units towards samples of their class and away from others; return the moved vectors, shape (m, d).

    Step t of T adds rate_t sum_i v_i R_ij (x_i - w_j) / sum_i v_i |R_ij| to unit j, where v are the sample weights,
    R_ij is unit j's share in sample i among the units of the sample's class, less its share among all units, and
    rate_t = 0.3 (1 - t / T). That is the gradient of robust soft learning vector quantisation over all samples at
    once, so neither their order nor chance has a part in it. Seo & Obermayer (2003), Soft learning vector
    quantization, doi:10.1162/089976603321891819.
    """
    codebook = trained.codebook.astype(np.float64)
    for step in range(steps):
        toward, asked = np.zeros_like(codebook), np.zeros(len(codebook))
        for rows, block, weight in _blocks(samples, given):
            distance = np.asarray(trained.metric.pairwise(block, codebook), dtype=np.float64)
            distance[:, owner < 0] = np.inf
            own = np.where(code[rows][:, None] == owner, distance, np.inf)
            pull = _shares(own, variance)
            pull -= _shares(distance, variance) * pull.any(axis=1, keepdims=True)
            pull *= weight[:, None]
            toward += _pulled(pull, block, codebook)
            asked += np.abs(pull).sum(axis=0)
        rate = RATE * (1 - step / steps)
        codebook += rate * np.divide(toward, asked[:, None], out=np.zeros_like(toward), where=asked[:, None] > 0)
    return codebook


class SOMClassifier(ClassifierMixin, MapEstimator):  # type: ignore[misc]  # untyped bases
    """Classifier on a self-organising map: units take the class of their samples and are then moved to tell them apart.

    The map is trained on all samples, labelled or not. A unit's class is the commonest, by weight, of the labelled
    samples that fall on it. Units with a class then move towards samples of it and away from others. A sample's
    probability of a class is the share of that class's units in it, exp(-d^2 / (2 s^2)) of each; s^2 is a tenth of the
    mean squared distance from a sample to its best-matching unit.

    Parameters
    ----------
    refine : int >= 0, default 20
        Steps of the supervised movement; 0 leaves the map as it was trained.
    unlabelled : object, default None
        The label of samples whose class is not known, such as -1, beside None and NaN, which always say so.
    topology, metric, neighbourhood, learning_rate, radius, initialiser, trainer, epochs, scale, n_jobs, \
    random_state, verbose
        As of `SOM`.

    Attributes
    ----------
    classes_ : array of shape (c,)
        Sorted.
    unit_classes_ : object array of shape (m,)
        None for a unit without labelled samples; such a unit has no say.
    prototypes_ : array of shape (m, d)
        The codebook after the supervised movement, in scaled units where ``scale`` is set.
    map_, codebook_, lattice_, history_, n_iter_, n_features_in_, feature_names_in_
        As of `SOM`: the map before it.

    Notes
    -----
    Labelling and moving a map's units: Kohonen (2001), Self-Organizing Maps, 3rd edition, chapter 6,
    doi:10.1007/978-3-642-56927-2. The step, robust soft learning vector quantisation: Seo & Obermayer (2003), Soft
    learning vector quantization, doi:10.1162/089976603321891819, whose distance is Euclidean; with other metrics the
    units are moved along x - w all the same, as online training does.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from somkit import SOMClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SOMClassifier(random_state=0).fit(X[::2], y[::2])
    >>> model.score(X[1::2], y[1::2]) > 0.9
    True

    Samples without a label train the map too:

    >>> some = y.copy()
    >>> some[::5] = -1
    >>> SOMClassifier(unlabelled=-1, random_state=0).fit(X, some).classes_
    array([0, 1, 2])
    """

    def __init__(
        self,
        *,
        refine: int = 20,
        unlabelled: Any = None,
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
        self.refine = refine
        self.unlabelled = unlabelled

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a map on all samples and fit its units to the labelled ones.

        Parameters
        ----------
        X : array of shape (n, d)
        y : array of shape (n,)
            Classes.
        sample_weight : array of shape (n,), optional

        Raises
        ------
        SampleError
            If no sample of positive weight has a label.
        """
        if isinstance(self.refine, bool) or not isinstance(self.refine, int | np.integer) or self.refine < 0:
            message = f"refine must be an integer >= 0, got {self.refine!r}."
            raise ParameterError(message)
        _check_given(self, X, y)
        # As numpy reads it: scikit-learn would make True and False of pandas 1.0 and 0.0.
        labels = column_or_1d(np.asarray(y), warn=True)
        given = np.flatnonzero([not self._is_unlabelled(label) for label in labels.tolist()])
        known = _of_one_kind(labels[given])
        check_classification_targets(known)
        self._train(X, sample_weight)
        code = np.full(len(labels), -1)
        self.classes_, code[given] = np.unique(known, return_inverse=True)
        self._fit_units(self.map_.samples(X, sample_weight), given, code)
        return self

    def _is_unlabelled(self, label: Any) -> bool:
        return is_missing(label) or (not is_missing(self.unlabelled) and bool(label == self.unlabelled))

    def _fit_units(self, samples: Samples, given: Array, code: Array) -> None:
        weight = np.ones(len(samples)) if samples.weight is None else samples.weight
        counts = np.zeros((len(self.lattice_), len(self.classes_)))
        np.add.at(counts, (self.map_.search(samples)[0][given, 0], code[given]), weight[given])
        if not counts.any():
            message = "y must hold a class for at least one sample of positive weight, got none but unlabelled ones."
            raise SampleError(message)
        self._owner = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
        self.unit_classes_ = np.full(len(self._owner), None, dtype=object)
        self.unit_classes_[self._owner >= 0] = self.classes_[self._owner[self._owner >= 0]].tolist()
        self._spread = CLASS_WIDTH * _variance(self.map_, samples)
        self.prototypes_ = _refined(self.map_, samples, given, code, self._owner, self._spread, int(self.refine))

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class for each sample, shape (n, c), in the order of ``classes_``."""
        trained = self._fitted()
        samples = trained.samples(self._checked(X))
        has = self._owner >= 0
        member = self._owner[has][:, None] == np.arange(len(self.classes_))

        def of_block(block: Array, _: Array | None) -> Array:
            return np.asarray(_shares(trained.metric.pairwise(block, self.prototypes_[has]), self._spread) @ member)

        found = np.concatenate(list(samples.map(of_block, self.n_jobs)))
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each sample, shape (n,); the first of ``classes_`` among equals."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])


class SOMRegressor(RegressorMixin, MapEstimator):  # type: ignore[misc]  # untyped bases
    """Regressor on a self-organising map: each unit holds a value, and a sample's is theirs by their share in it.

    The map is trained on all samples, with or without a target. A unit's share in a sample is proportional to
    exp(-d^2 / (2 s^2)), s^2 being the mean squared distance from a sample to its best-matching unit. The values are
    those of least weighted squared error, with a ridge that draws units without samples to the mean.

    Parameters
    ----------
    unlabelled : float or None, default None
        The target of samples whose value is not known, such as NaN; None: every target is a value, and NaN is refused.
    topology, metric, neighbourhood, learning_rate, radius, initialiser, trainer, epochs, scale, n_jobs, \
    random_state, verbose
        As of `SOM`.

    Attributes
    ----------
    unit_values_ : array of shape (m,) or (m, k)
        As y is.
    map_, codebook_, lattice_, history_, n_iter_, n_features_in_, feature_names_in_
        As of `SOM`.

    Notes
    -----
    A network of normalised radial basis functions on the map's units: Moody & Darken (1989), Fast learning in networks
    of locally-tuned processing units, doi:10.1162/neco.1989.1.2.281. The ridge is 0.1.

    Examples
    --------
    >>> import numpy as np
    >>> from somkit import SOMRegressor
    >>> X = np.linspace(0, 1, 200)[:, None]
    >>> model = SOMRegressor(topology="line:units=20", random_state=0).fit(X, np.hstack([X, X**2]))
    >>> model.predict([[0.8]]).round(1)
    array([[0.8, 0.6]])
    """

    def __init__(
        self,
        *,
        unlabelled: float | None = None,
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
        self.unlabelled = unlabelled

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a map on all samples and fit its units' values to the targets.

        Parameters
        ----------
        X : array of shape (n, d)
        y : array of shape (n,) or (n, k)
            One or more targets; each may be unlabelled by itself.
        sample_weight : array of shape (n,), optional

        Raises
        ------
        SampleError
            If a target is unlabelled for every sample of positive weight.
        """
        if not (is_missing(self.unlabelled) or isinstance(self.unlabelled, Number)):
            message = f"unlabelled must be a number, NaN or None, got {self.unlabelled!r}."
            raise ParameterError(message)
        _check_given(self, X, y)
        targets = check_array(y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y")
        if np.isnan(targets).any() and (self.unlabelled is None or not is_missing(self.unlabelled)):
            message = "Input y contains NaN; write unlabelled=numpy.nan where it stands for a value that is not known."
            raise SampleError(message)
        self._train(X, sample_weight)
        table = targets.reshape(len(targets), -1)
        known = ~np.isnan(table) if is_missing(self.unlabelled) else table != self.unlabelled
        samples = self.map_.samples(X, sample_weight)
        self._spread = VALUE_WIDTH * _variance(self.map_, samples)
        values = np.empty((len(self.lattice_), table.shape[1]))
        patterns, which = np.unique(known, axis=1, return_inverse=True)
        for number, pattern in enumerate(patterns.T):
            columns = np.flatnonzero(which.ravel() == number)
            values[:, columns] = self._values(samples, np.flatnonzero(pattern), table[:, columns])
        self.unit_values_ = values.reshape(len(values), *targets.shape[1:])
        return self

    def _values(self, samples: Samples, given: Array, table: Array) -> Array:
        """Return each unit's values of some targets that the same samples have, shape (m, k)."""
        weight = np.ones(len(given)) if samples.weight is None else samples.weight[given]
        if not weight.any():
            message = "y must hold a value for at least one sample of positive weight, got none but unlabelled ones."
            raise SampleError(message)
        mean = np.average(table[given], axis=0, weights=weight)
        products, sums = PENALTY * np.eye(len(self.lattice_)), np.zeros((len(self.lattice_), table.shape[1]))
        for rows, block, counts in _blocks(samples, given):
            share = _shares(np.asarray(self.map_.metric.pairwise(block, self.codebook_)), self._spread)
            products += (share * counts[:, None]).T @ share
            sums += (share * counts[:, None]).T @ (table[rows] - mean)
        return np.asarray(np.linalg.solve(products, sums) + mean)

    def predict(self, X: Any) -> Array:
        """Return the value of each sample, shape (n,) or (n, k) as y was."""
        trained = self._fitted()
        samples = trained.samples(self._checked(X))

        def of_block(block: Array, _: Array | None) -> Array:
            return _shares(np.asarray(trained.metric.pairwise(block, self.codebook_)), self._spread) @ self.unit_values_

        return np.concatenate(list(samples.map(of_block, self.n_jobs)))

    def __sklearn_tags__(self) -> Any:
        """Say that there may be more than one target."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags


def _check_given(estimator: MapEstimator, X: Any, y: Any) -> None:
    if y is None:
        message = f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        raise SampleError(message)
    check_consistent_length(X, y)


def _of_one_kind(labels: Array) -> Array:
    """Return objects that are all numbers as numbers, others as they are if they are all text."""
    if labels.dtype != object or all(isinstance(label, Number) for label in labels):
        return np.array(labels.tolist()) if labels.dtype == object else labels
    if not all(isinstance(label, str) for label in labels):
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        message = f"y must hold classes that are all numbers or all text, got types {kinds}; write each as text."
        raise SampleError(message)
    return labels
