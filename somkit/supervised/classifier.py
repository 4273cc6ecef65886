"""SOMClassifier: units take the class of their samples, and are moved to tell classes apart."""

from __future__ import annotations

from numbers import Number
from typing import Any, Self, final

import attrs
import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from somkit.errors import ParameterError, SampleError
from somkit.estimator import MapEstimator
from somkit.samples import Samples
from somkit.samples.reading import is_sparse
from somkit.supervised.shares import blocks, check_given, shares, variance
from somkit.trained import TrainedMap, as_labels, is_missing

Array = np.ndarray[Any, Any]

CLASS_WIDTH = 0.1  # the variance of the bell around a unit, in mean squared distances: narrow, as borders are sharp
RATE = 0.3  # the first step, in the way from a unit to the mean of the samples that ask it to move


@final
@attrs.frozen(eq=False)
class _Target:
    """One output: its classes, the samples that have one, and the number of each sample's, -1 for none."""

    name: str
    classes: Array  # (c,)
    given: Array
    code: Array  # (n,)


def _pulled(pull: Array, block: Any, codebook: Array) -> Array:
    """Return sum_i R_ij (x_i - w_j) over the observed features of a dense or sparse block, shape (m, d)."""
    if isinstance(block, np.ndarray) and np.isnan(block).any():
        seen = ~np.isnan(block)
        return np.asarray(pull.T @ np.where(seen, block, 0.0) - (pull.T @ seen) * codebook)
    return np.asarray(pull.T @ block - pull.sum(axis=0)[:, None] * codebook)


def _refined(trained: TrainedMap, samples: Samples, target: _Target, owner: Array, spread: float, steps: int) -> Array:
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
        for rows, block, weight in blocks(samples, target.given):
            distance = np.asarray(trained.metric.pairwise(block, codebook), dtype=np.float64)
            distance[:, owner < 0] = np.inf
            own = np.where(target.code[rows][:, None] == owner, distance, np.inf)
            pull = shares(own, spread)
            pull -= shares(distance, spread) * pull.any(axis=1, keepdims=True)
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
    classes_ : array of shape (c,), or list of k of them
        Sorted.
    unit_classes_ : object array of shape (m,) or (m, k)
        None for a unit without labelled samples; such a unit has no say.
    prototypes_ : array of shape (m, d) or (k, m, d)
        The codebook after the supervised movement, for each output by itself, in scaled units where ``scale`` is set.
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
    >>> import numpy as np
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

    Several outputs are predicted together, on one map:

    >>> SOMClassifier(random_state=0).fit(X, np.column_stack([y, X[:, 0] > 6])).predict(X[:2])
    array([[0, 0],
           [0, 0]])
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
        y : array of shape (n,) or (n, k)
            Classes, of one output or of several; each may be unlabelled by itself.
        sample_weight : array of shape (n,), optional

        Raises
        ------
        SampleError
            If no sample of positive weight has a label, of any one output.
        """
        if isinstance(self.refine, bool) or not isinstance(self.refine, int | np.integer) or self.refine < 0:
            message = f"refine must be an integer >= 0, got {self.refine!r}."
            raise ParameterError(message)
        check_given(self, X, y)
        labels = _as_labels(y)
        self._several = labels.ndim == 2
        names = [f"y[:, {column}]" for column in range(labels.shape[1])] if self._several else ["y"]
        targets = [self._target(column, name) for column, name in zip(np.atleast_2d(labels.T), names, strict=True)]
        self._train(X, sample_weight)
        samples = self.map_.samples(X, sample_weight)
        self._spread = CLASS_WIDTH * variance(self.map_, samples)
        units = self.map_.search(samples)[0][:, 0]
        self._owners = [self._owner(target, samples, units) for target in targets]
        moved = [
            _refined(self.map_, samples, target, owner, self._spread, int(self.refine))
            for target, owner in zip(targets, self._owners, strict=True)
        ]
        classes = [target.classes for target in targets]
        of_units = [_named(kinds, owner) for kinds, owner in zip(classes, self._owners, strict=True)]
        self.classes_ = classes if self._several else classes[0]
        self.unit_classes_ = np.column_stack(of_units) if self._several else of_units[0]
        self.prototypes_ = np.stack(moved) if self._several else moved[0]
        return self

    def _target(self, labels: Array, name: str) -> _Target:
        given = np.flatnonzero([not self._is_unlabelled(label) for label in labels.tolist()])
        known = _of_one_kind(labels[given], name)
        check_classification_targets(known)
        code = np.full(len(labels), -1)
        classes, code[given] = np.unique(known, return_inverse=True)
        return _Target(name, classes, given, code)

    def _is_unlabelled(self, label: Any) -> bool:
        return is_missing(label) or (not is_missing(self.unlabelled) and bool(label == self.unlabelled))

    def _owner(self, target: _Target, samples: Samples, units: Array) -> Array:
        """Return the number of each unit's class, (m,), -1 where no labelled sample fell."""
        weight = np.ones(len(samples)) if samples.weight is None else samples.weight
        counts = np.zeros((len(self.lattice_), len(target.classes)))
        np.add.at(counts, (units[target.given], target.code[target.given]), weight[target.given])
        if not counts.any():
            message = (
                f"{target.name} must hold a class for at least one sample of positive weight, got none but unlabelled "
                f"ones."
            )
            raise SampleError(message)
        return np.where(counts.any(axis=1), counts.argmax(axis=1), -1)

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class for each sample, shape (n, c), in the order of ``classes_``.

        Of several outputs a list of such arrays, one for each.
        """
        trained = self._fitted()
        samples = trained.samples(self._checked(X))
        if not self._several:
            return self._probabilities(samples, self._owners[0], self.prototypes_, len(self.classes_))
        outputs = zip(self._owners, self.prototypes_, self.classes_, strict=True)
        return [self._probabilities(samples, owner, moved, len(classes)) for owner, moved, classes in outputs]

    def _probabilities(self, samples: Samples, owner: Array, prototypes: Array, count: int) -> Array:
        has = owner >= 0
        member = owner[has][:, None] == np.arange(count)

        def of_block(block: Array, _: Array | None) -> Array:
            return np.asarray(shares(self.map_.metric.pairwise(block, prototypes[has]), self._spread) @ member)

        found = np.concatenate(list(samples.map(of_block, self.n_jobs)))
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each sample, the first of ``classes_`` among equals.

        Returns
        -------
        array of shape (n,), or (n, k) as y was
            Of several outputs whose classes are of different kinds, such as numbers and text, an object array.
        """
        found = self.predict_proba(X)
        if not self._several:
            return np.asarray(self.classes_[found.argmax(axis=1)])
        columns = [classes[each.argmax(axis=1)] for classes, each in zip(self.classes_, found, strict=True)]
        kinds = {column.dtype.kind for column in columns}
        return np.column_stack(columns if len(kinds) == 1 else [column.astype(object) for column in columns])

    def __sklearn_tags__(self) -> Any:
        """Say that there may be more than one output."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags


def _named(classes: Array, owner: Array) -> Array:
    """Return the class of each unit, (m,), None for one that has none."""
    found = np.full(len(owner), None, dtype=object)
    found[owner >= 0] = classes[owner[owner >= 0]].tolist()
    return found


def _as_labels(y: Any) -> Array:
    """Return labels of shape (n,), or (n, k) with k > 1, as numpy reads them.

    scikit-learn would make 1.0 and 0.0 of pandas' True and False.
    """
    if is_sparse(y):
        message = "y is sparse, and labels are taken as they are; pass y.toarray()."
        raise SampleError(message)
    labels = as_labels(y)
    if labels.ndim == 2 and labels.shape[1] > 1:
        return labels
    return np.asarray(column_or_1d(labels, warn=True))


def _of_one_kind(labels: Array, name: str) -> Array:
    """Return objects that are all numbers as numbers, others as they are if they are all text."""
    if labels.dtype != object or all(isinstance(label, Number) for label in labels):
        return np.array(labels.tolist()) if labels.dtype == object else labels
    if not all(isinstance(label, str) for label in labels):
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        message = f"{name} must hold classes that are all numbers or all text, got types {kinds}; write each as text."
        raise SampleError(message)
    return labels
