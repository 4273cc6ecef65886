"""How well units stand for samples, whatever their places on the map: and the error that training makes small."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Measure, Neighbourhood
from somkit.errors import MeasureError
from somkit.kernels import power_of_two
from somkit.standard.measures._common import Array, Better, blocks, in_spaces, mean, weights
from somkit.standard.neighbourhoods import Gaussian
from somkit.validators import choice, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from somkit.samples import Samples
    from somkit.trained import TrainedMap


def _average(samples: Samples, function: Callable[[Array], Array]) -> Array:
    """Return the weighted mean of what a function makes of samples, (1, e), over those that have it whole."""
    values = np.concatenate(list(samples.map(lambda block, _: function(block))))
    weight = weights(samples) * ~np.isnan(values).any(axis=1)
    return np.asarray((weight[None, :] @ np.nan_to_num(values)) / (weight.sum() or np.nan))


def from_the_mean(measure: Measure, trained: TrainedMap, samples: Samples) -> Array:
    """Return the distance of each sample from the weighted mean of all, (n,), in the map's metric.

    Raises
    ------
    MeasureError
        If all are 0.
    """
    centre = in_spaces(trained.metric, samples.mean[None, :], lambda function: _average(samples, function))
    found = samples.map(lambda block, _: np.asarray(trained.metric.pairwise(block, centre))[:, 0])
    distances = np.concatenate(list(found))
    if not distances[weights(samples) > 0].any():
        message = f"measure '{measure.name}' compares with how far samples spread, but all of them are at their mean."
        raise MeasureError(message)
    return distances


@final
@attrs.frozen(kw_only=True)
class QuantisationError(Measure):
    """Mean distance from a sample to its best-matching unit, in the metric the map was trained with; lower is better.

    Parameters
    ----------
    form : "mean" | "squared" | "normalised", default "mean"
        ``mean``: of the distances, in the units of the (scaled) data. ``squared``: of their squares. ``normalised``:
        the mean distance over the mean distance from the samples' mean, so that a map of one unit there has 1, whatever
        the data.

    Notes
    -----
    Formula: (1/n) sum_i d(x_i, w_b(i)), b(i) the best-matching unit of sample i; >= 0. It falls with every unit more,
    so it compares maps of one size.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, section 2.13, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [2.0]])
    >>> trained.measure("quantisation_error", [[0.5], [2.0]], form="squared")
    0.125
    """

    name: ClassVar[str] = "quantisation_error"
    better: ClassVar[Better] = "lower"
    averages: ClassVar[bool] = True

    form: str = attrs.field(default="mean", validator=choice("mean", "squared", "normalised"))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        if self.form == "mean":
            return trained.quantisation_error(X, sample_weight)
        return mean(self.per_sample(trained, X, y, sample_weight), weights(trained.samples(X, sample_weight)))

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the distance of each sample, its square, or its share of the mean distance from the mean."""
        del y
        samples = trained.samples(X, sample_weight)
        distances: Array = trained.search(samples)[1][:, 0]
        if self.form == "squared":
            return np.square(distances)
        if self.form == "normalised":
            return distances / mean(from_the_mean(self, trained, samples), weights(samples))
        return distances


@final
@attrs.frozen(kw_only=True)
class ExplainedVariance(Measure):
    """Share of the samples' variance that their best-matching units account for; at most 1, higher is better.

    Notes
    -----
    Formula: 1 - sum_i d(x_i, w_b(i))^2 / sum_i d(x_i, mean)^2, in the map's metric. 0 is what the samples' mean alone
    would do; it is negative for a map that does worse. With the Euclidean metric it is the share that is known from
    k-means and regression. Like the quantisation error it never falls with more units, if they are trained well.

    References
    ----------
    Draper & Smith (1998), Applied Regression Analysis, 3rd edition, Wiley: it is their R^2.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=2", [[1.0], [5.0]])
    >>> trained.measure("explained_variance", [[0.0], [2.0], [4.0], [6.0]])
    0.8
    """

    name: ClassVar[str] = "explained_variance"
    better: ClassVar[Better] = "higher"

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the share."""
        del y
        samples = trained.samples(X, sample_weight)
        weight, spread = weights(samples), from_the_mean(self, trained, samples)
        scale = power_of_two(spread[weight > 0].max())
        left = mean(np.square(trained.search(samples)[1][:, 0] * scale), weight)
        return 1 - left / mean(np.square(spread * scale), weight)


@final
@attrs.frozen(kw_only=True)
class Distortion(Measure):
    """Mean squared distance from a sample to all units, each as it is near the best-matching one; lower is better.

    What batch training with this neighbourhood and radius makes small: it asks at once for units near the samples and
    for neighbours that are alike.

    Parameters
    ----------
    neighbourhood : Neighbourhood, default gaussian
    radius : float > 0, default the root of 1/2
        With the Gaussian neighbourhood a unit at map distance D then counts exp(-D^2).

    Notes
    -----
    Formula: (1/n) sum_i sum_k h(D(b(i), k)) d(x_i, w_k)^2, D the map's own distance; >= 0.

    Units whose h is 0 are passed over, so a narrow neighbourhood costs less than the n m that all of them would.

    References
    ----------
    Lampinen & Oja (1992), Clustering properties of hierarchical self-organizing maps, Journal of Mathematical Imaging
    and Vision 2, 261-272.

    Vesanto, Sulkava & Hollmén (2003), On the decomposition of the self-organizing map distortion measure, Proceedings
    of WSOM'03.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]])
    >>> round(trained.measure("distortion", [[0.0]]), 6)  # exp(-1) for the neighbour
    0.367879
    """

    name: ClassVar[str] = "distortion"
    better: ClassVar[Better] = "lower"
    averages: ClassVar[bool] = True

    neighbourhood: Neighbourhood = attrs.field(default=Gaussian())
    radius: float = attrs.field(default=math.sqrt(0.5), validator=number(above=0))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        return mean(self.per_sample(trained, X, y, sample_weight), weights(trained.samples(X, sample_weight)))

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the sum over units for each sample."""
        del y
        samples = trained.samples(X, sample_weight)
        best = trained.search(samples)[0][:, 0]
        found = np.empty(len(samples))
        permutation, offsets = trained.lattice.tiles
        tile = np.empty(len(permutation), dtype=np.int64)
        tile[permutation] = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        order = np.argsort(tile[best], kind="stable")
        fallen = np.searchsorted(tile[best[order]], np.arange(len(offsets)))
        for start, stop in pairwise(fallen.tolist()):
            if stop > start:
                self._of_tile(trained, samples, best, order[start:stop], found)
        return found

    def _of_tile(self, trained: TrainedMap, samples: Samples, best: Array, index: Array, found: Array) -> None:
        """Fill in the sums of samples whose units lie together: the units that count for them are few."""
        units, which = np.unique(best[index], return_inverse=True)
        influence = self.neighbourhood.influences(trained.lattice.distances_from(units), self.radius)
        felt = np.flatnonzero(influence.any(axis=0))
        influence, vectors = influence[:, felt], trained.codebook[felt]
        for rows in blocks(len(index), len(felt)):
            distances = np.asarray(trained.metric.pairwise(samples.rows(index[rows]), vectors))
            found[index[rows]] = np.einsum("ij,ij,ij->i", influence[which[rows]], distances, distances)
