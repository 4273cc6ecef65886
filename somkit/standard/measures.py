"""Measures: how well units stand for samples, and neighbours on the map for neighbours among the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Measure

if TYPE_CHECKING:
    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]


def _per_unit(units: Array, values: Array, weight: Array | None, m: int) -> Array:
    """Return the weighted mean of values over the samples of each unit, NaN where there are none."""
    weight = np.ones(len(units)) if weight is None else weight
    total = np.bincount(units, weights=weight, minlength=m)
    value = np.bincount(units, weights=weight * values, minlength=m)
    return np.asarray(np.divide(value, total, out=np.full(m, np.nan), where=total > 0))


@final
@attrs.frozen(kw_only=True)
class QuantisationError(Measure):
    """Mean distance from a sample to its best-matching unit, in the metric the map was trained with; lower is better.

    Notes
    -----
    Kohonen (2001), Self-Organizing Maps, 3rd edition, section 2.13, doi:10.1007/978-3-642-56927-2.
    """

    name: ClassVar[str] = "quantisation_error"
    better: ClassVar[Literal["lower", "higher"]] = "lower"

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        del y
        return trained.quantisation_error(X, sample_weight)

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the mean over the samples of each unit."""
        del y
        samples = trained.samples(X, sample_weight)
        units, distances = trained.search(samples)
        return _per_unit(units[:, 0], distances[:, 0], samples.weight, len(trained.lattice))


@final
@attrs.frozen(kw_only=True)
class TopographicError(Measure):
    """Share of samples whose two best-matching units are not adjacent on the map, in [0, 1]; lower is better.

    Adjacent means joined by an edge of the lattice, so on a grid diagonal units are not adjacent, unless its distance
    is "chebyshev". 0 for a map of one unit.

    Notes
    -----
    Kiviluoto (1996), Topology preservation in self-organizing maps, doi:10.1109/ICNN.1996.548907.
    """

    name: ClassVar[str] = "topographic_error"
    better: ClassVar[Literal["lower", "higher"]] = "lower"

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted share."""
        del y
        samples = trained.samples(X, sample_weight)
        _, wrong = self._wrong(trained, samples)
        return float(np.average(wrong, weights=samples.weight))

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the share among the samples of each unit."""
        del y
        samples = trained.samples(X, sample_weight)
        units, wrong = self._wrong(trained, samples)
        return _per_unit(units, wrong, samples.weight, len(trained.lattice))

    @staticmethod
    def _wrong(trained: TrainedMap, samples: Any) -> tuple[Array, Array]:
        if len(trained.lattice) == 1:
            return np.zeros(len(samples), dtype=np.int64), np.zeros(len(samples))
        units, _ = trained.search(samples, 2)
        return units[:, 0], (~trained.lattice.adjacent(*units.T)).astype(np.float64)
