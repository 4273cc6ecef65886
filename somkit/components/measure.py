"""The contract of measures."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs
import numpy as np

from somkit.components.component import Component

if TYPE_CHECKING:
    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]


@attrs.frozen(kw_only=True)
class Measure(Component):
    """One number that says how good a map is.

    Where it has no value for a map or samples, it raises `somkit.errors.MeasureError` saying why;
    `TrainedMap.measures` leaves it out then.

    Attributes
    ----------
    better : "lower" | "higher" | "zero"
        Which way is better; "zero": the nearer to 0, from either side.
    needs_labels : bool
        Whether it cannot be had without ``y``.
    averages : bool
        Whether it is the weighted mean of `per_sample`, leaving NaN out, so that resampling it costs nothing.
    """

    kind: ClassVar[str] = "measure"
    better: ClassVar[Literal["lower", "higher", "zero"]] = "lower"
    needs_labels: ClassVar[bool] = False
    averages: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the measure of a map on samples in the data's own units."""

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array | None:
        """Return the measure sample by sample, shape (n,), NaN where a sample has none; None if it has no such form."""
        del trained, X, y, sample_weight
        return None

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array | None:
        """Return the measure unit by unit, shape (m,), NaN where a unit has none; None if it has no such form.

        By default the weighted mean of `per_sample` over the samples of each unit.
        """
        values = self.per_sample(trained, X, y, sample_weight)
        if values is None:
            return None
        samples, m = trained.samples(X, sample_weight), len(trained.lattice)
        weight = np.where(np.isnan(values), 0.0, 1.0 if samples.weight is None else samples.weight)
        units = trained.search(samples)[0][:, 0]
        total = np.bincount(units, weights=weight, minlength=m)
        summed = np.bincount(units, weights=weight * np.nan_to_num(values), minlength=m)
        return np.asarray(np.divide(summed, total, out=np.full(m, np.nan), where=total > 0))
