"""SOMRegressor: units hold values."""

from __future__ import annotations

from numbers import Number
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_array

from somkit.errors import ParameterError, SampleError
from somkit.estimator import MapEstimator
from somkit.samples import Samples
from somkit.supervised.shares import blocks, check_given, shares, variance
from somkit.trained import as_labels, is_missing

Array = np.ndarray[Any, Any]

VALUE_WIDTH = 1.0  # the variance of the bell around a unit, in mean squared distances: wide, as values change smoothly
PENALTY = 0.1  # a unit's own deviation from the mean value weighs as much as 0.1 samples do


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
        check_given(self, X, y)
        values = as_labels(y)
        if values.dtype.kind in "mM":
            message = (
                f"y holds dates or times ({values.dtype}), not numbers; turn them into numbers that mean something."
            )
            raise SampleError(message)
        targets = check_array(values, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y")
        if np.isnan(targets).any() and (self.unlabelled is None or not is_missing(self.unlabelled)):
            message = "Input y contains NaN; write unlabelled=numpy.nan where it stands for a value that is not known."
            raise SampleError(message)
        self._train(X, sample_weight)
        table = targets.reshape(len(targets), -1)
        known = ~np.isnan(table) if is_missing(self.unlabelled) else table != self.unlabelled
        samples = self.map_.samples(X, sample_weight)
        self._spread = VALUE_WIDTH * variance(self.map_, samples)
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
        for rows, block, counts in blocks(samples, given):
            share = shares(np.asarray(self.map_.metric.pairwise(block, self.codebook_)), self._spread)
            products += (share * counts[:, None]).T @ share
            sums += (share * counts[:, None]).T @ (table[rows] - mean)
        return np.asarray(np.linalg.solve(products, sums) + mean)

    def predict(self, X: Any) -> Array:
        """Return the value of each sample, shape (n,) or (n, k) as y was."""
        trained = self._fitted()
        samples = trained.samples(self._checked(X))

        def of_block(block: Array, _: Array | None) -> Array:
            return shares(np.asarray(trained.metric.pairwise(block, self.codebook_)), self._spread) @ self.unit_values_

        return np.concatenate(list(samples.map(of_block, self.n_jobs)))

    def __sklearn_tags__(self) -> Any:
        """Say that there may be more than one target."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags
