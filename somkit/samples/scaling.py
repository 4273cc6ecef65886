"""Scaling: a shift and a factor for each feature, learned from samples and remembered with a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import attrs
import numpy as np

from somkit.errors import SampleError

if TYPE_CHECKING:
    from somkit.samples.samples import Samples

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(eq=False)
class Scaling:
    """A shift and a factor for each feature: scaled = (x - offset) * factor.

    Parameters
    ----------
    kind : "standard" | "minmax"
    offset, factor : arrays of shape (d,), float64
        The factor of a feature that is constant, or all but, is 1, so that it stays one.
    """

    kind: str
    offset: Array
    factor: Array

    def apply(self, X: Array) -> Array:
        """Return X in scaled units, in its own dtype."""
        return ((X - self.offset) * self.factor).astype(X.dtype)

    def undo(self, X: Array) -> Array:
        """Return X in the units of the data, in its own dtype."""
        return (X / self.factor + self.offset).astype(X.dtype)

    @classmethod
    def fitted(cls, kind: str, samples: Samples) -> Scaling:
        """Learn a scaling: to weighted mean 0 and standard deviation 1, or to minimum 0 and maximum 1.

        What is missing does not count.
        """
        if samples.is_sparse:
            message = (
                f"scale={kind!r} shifts every value, which would fill the sparse X; use scale=None and divide it "
                f"beforehand, by scikit-learn's MaxAbsScaler or StandardScaler(with_mean=False)."
            )
            raise SampleError(message)
        low, high = samples.bounds
        if kind == "standard":
            offset, spread = samples.mean, samples.deviations
        else:
            offset, spread = low, high - low
        constant = (high == low) | (spread < np.finfo(np.float64).tiny)  # of less the inverse may overflow
        offset = np.where(high == low, low, offset)
        return cls(kind=kind, offset=offset, factor=1 / np.where(constant, 1.0, spread))
