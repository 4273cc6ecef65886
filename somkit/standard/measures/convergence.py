"""Whether a map has converged: its units are distributed as the samples are, and it is ordered."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Measure
from somkit.errors import MeasureError
from somkit.standard.measures._common import Array, Better, weights
from somkit.standard.measures.topographic import TopographicError
from somkit.validators import choice, number

if TYPE_CHECKING:
    from somkit.samples import Samples
    from somkit.trained import TrainedMap


def _column(samples: Samples, feature: int) -> Array:
    """Return one feature of all samples, (n,), as the map sees it; what is missing is the mean."""
    column = np.concatenate(list(samples.map(lambda block, _: block[:, feature])))
    return np.where(np.isnan(column), samples.mean[feature], column) if samples.missing else column


@final
@attrs.frozen(kw_only=True)
class EmbeddingAccuracy(Measure):
    """Share of features whose distribution over the units is, by a test, that over the samples; in [0, 1], 1 is best.

    Parameters
    ----------
    test : "mean_variance" | "kolmogorov_smirnov", default "mean_variance"
        ``mean_variance``: a feature is embedded if neither the difference of its means nor the ratio of its variances
        is significant, by a z-test and an F-test. ``kolmogorov_smirnov``: if the largest difference of its two
        cumulative distributions is not.
    confidence : float in (0, 1), default 0.95
        Of each test; a higher one lets more features pass.

    Notes
    -----
    Formula: (1/d) sum_k [feature k of the units passes the test].

    A map trained as usual draws its outermost units in, and its variance falls short, so the default is strict: values
    below 1 are common, for maps small beside the data above all. With many samples a test sees every difference. Units
    count alike; of weighted samples the effective number, (sum v)^2 / sum v^2, enters the tests. A feature that does
    not vary among the samples is embedded if all units have its value, to nine digits.

    References
    ----------
    Hamel (2016), SOM quality measures: an efficient statistical approach, doi:10.1007/978-3-319-28518-4_4.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [2.0], [3.0]])
    >>> X = [[0.5], [1.5], [2.5], [0.1], [2.9]]
    >>> trained.measure("embedding_accuracy", X), trained.measure("embedding_accuracy", [[7.0], [8.0], [9.0]])
    (1.0, 0.0)
    """

    name: ClassVar[str] = "embedding_accuracy"
    better: ClassVar[Better] = "higher"

    test: str = attrs.field(default="mean_variance", validator=choice("mean_variance", "kolmogorov_smirnov"))
    confidence: float = attrs.field(default=0.95, validator=number(above=0, below=1))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the share."""
        del y
        samples = trained.samples(X, sample_weight)
        weight = weights(samples)
        count = weight.sum() ** 2 / np.square(weight).sum()
        W = trained.codebook.astype(np.float64)
        if len(W) < 2 or count <= 1:
            message = f"measure '{self.name}' compares distributions: it needs two units and two samples at least."
            raise MeasureError(message)
        spread = samples.deviations
        constant = spread == 0
        close = np.isclose(W, samples.mean, rtol=1e-9, atol=0).all(axis=0)
        varied = np.flatnonzero(~constant)
        if self.test == "kolmogorov_smirnov":
            columns = (_column(samples, feature) for feature in varied.tolist())
            pairs = zip(columns, W[:, varied].T, strict=True)
            embedded = np.array([self._same_distribution(values, weight, count, units) for values, units in pairs])
        else:
            variance = np.square(spread[varied]) * count / (count - 1)
            embedded = self._same_moments(samples.mean[varied], variance, count, W[:, varied])
        return float((np.sum(embedded) + np.sum(close & constant)) / len(spread))

    def _same_moments(self, mean: Array, variance: Array, count: float, W: Array) -> Array:
        from scipy.stats import f, norm

        m, outside = len(W), (1 - self.confidence) / 2
        among_units = W.var(axis=0, ddof=1)
        slack = norm.isf(outside) * np.sqrt(variance / count + among_units / m)
        ratio = among_units / variance
        low, high = f.ppf(outside, m - 1, count - 1), f.isf(outside, m - 1, count - 1)
        return np.asarray((np.abs(mean - W.mean(axis=0)) <= slack) & (low <= ratio) & (ratio <= high))

    def _same_distribution(self, values: Array, weight: Array, count: float, units: Array) -> bool:
        from scipy.stats import kstwobign

        order = np.argsort(values, kind="stable")
        values, below = values[order].astype(np.float64), np.cumsum(weight[order]) / weight.sum()
        at = np.concatenate([values, units])
        among_samples = np.concatenate([[0.0], below])[np.searchsorted(values, at, side="right")]
        among_units = np.searchsorted(np.sort(units), at, side="right") / len(units)
        effective = count * len(units) / (count + len(units))
        chance = kstwobign.sf(math.sqrt(effective) * np.abs(among_samples - among_units).max())
        return bool(chance >= 1 - self.confidence)


@final
@attrs.frozen(kw_only=True)
class MapConvergence(Measure):
    """Mean of embedding accuracy and topographic accuracy, in [0, 1]; 1 is a map that has converged.

    Parameters
    ----------
    test : "mean_variance" | "kolmogorov_smirnov", default "mean_variance"
        As for ``embedding_accuracy``.
    confidence : float in (0, 1), default 0.95
        As for ``embedding_accuracy``.

    Notes
    -----
    Formula: 1/2 embedding_accuracy + 1/2 (1 - topographic_error), the latter of all samples where popsom draws 50.

    References
    ----------
    Hamel (2016), SOM quality measures: an efficient statistical approach, doi:10.1007/978-3-319-28518-4_4.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [2.0], [3.0]])
    >>> trained.measure("map_convergence", [[0.4], [1.6], [2.4], [0.1], [2.9]])
    1.0
    """

    name: ClassVar[str] = "map_convergence"
    better: ClassVar[Better] = "higher"

    test: str = attrs.field(default="mean_variance", validator=choice("mean_variance", "kolmogorov_smirnov"))
    confidence: float = attrs.field(default=0.95, validator=number(above=0, below=1))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the mean."""
        embedding = EmbeddingAccuracy(test=self.test, confidence=self.confidence)
        accuracy = 1 - TopographicError()(trained, X, y, sample_weight)
        return (embedding(trained, X, y, sample_weight) + accuracy) / 2
