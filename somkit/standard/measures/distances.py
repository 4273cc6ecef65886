"""Whether distances on the map are those in the data: measures of all pairs of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Measure
from somkit.errors import MeasureError
from somkit.standard.measures._common import (
    FEWEST,
    MOST,
    Array,
    Better,
    blocks,
    check_parts,
    distances_between,
    drawn,
    weights,
)
from somkit.validators import choice, integer

if TYPE_CHECKING:
    from somkit.samples import Samples
    from somkit.trained import TrainedMap


@final
@attrs.frozen(kw_only=True)
class _Pairs:
    """All pairs of the samples that were drawn: how far apart they are in the data, and their units on the map."""

    trained: TrainedMap
    index: Array  # (s,), which of the n samples were drawn
    weight: Array  # (s,), theirs
    vectors: Array  # (s, d)
    which: Array  # (s,), rows of the table
    table: Array  # (u, u), map distances
    share: float  # of the weight of all pairs of samples that these have, by their number

    @classmethod
    def of(cls, measure: KruskalShepard | CMeasure, trained: TrainedMap, samples: Samples) -> _Pairs:
        check_parts(measure, trained, measure.parts)
        weight = weights(samples)
        counted = np.flatnonzero(weight > 0)
        index = drawn(counted, measure.max_samples, measure.seed, "samples")
        units, which = np.unique(trained.search(samples)[0][index, 0], return_inverse=True)
        table = distances_between(trained.lattice, units)
        on_units = np.bincount(which)
        if not (np.isfinite(table) & (np.outer(on_units, on_units) > np.eye(len(units)))).any():
            message = f"measure '{measure.name}' needs two samples in one part of the map, and there are none."
            raise MeasureError(message)
        s, n = len(index), len(counted)
        share = s * (s - 1) / (n * (n - 1))
        return cls(
            trained=trained,
            index=index,
            weight=weight[index],
            vectors=samples.filled_rows(index),
            which=which,
            table=table,
            share=share,
        )

    @property
    def longest(self) -> tuple[float, float]:
        """The largest distance in the data and the largest on the map, of pairs with a way between them."""
        in_data = max(float(np.max(data, where=np.isfinite(laid), initial=0.0)) for _, data, laid, _ in self)
        return in_data, float(np.max(self.table, where=np.isfinite(self.table), initial=0.0))

    def __iter__(self) -> Iterator[tuple[slice, Array, Array, Array]]:
        """Yield, for blocks of samples: distances to all in the data and on the map, and the weights of the pairs."""
        for rows in blocks(len(self.index), len(self.index)):
            data = np.asarray(self.trained.metric.pairwise(self.vectors[rows], self.vectors), dtype=np.float64)
            laid = self.table[self.which[rows]][:, self.which]
            weight = np.where(np.isfinite(laid), self.weight, 0.0)
            at = np.arange(len(self.index))[rows]
            weight[np.arange(len(at)), at] = 0.0
            yield rows, data, laid, weight


@final
@attrs.frozen(kw_only=True)
class KruskalShepard(Measure):
    """Mean squared difference between distances in the data and on the map, each over its largest; lower is better.

    In [0, 1]: 0 if the map is a scale drawing of the data.

    Parameters
    ----------
    parts : "refuse" | "within", default "refuse"
        For a map in parts: refuse it, or look at pairs of samples in one part alone.
    max_samples : int >= 100, default 2000
        Of more samples so many are drawn at random, and a warning says so. Time n^2 without a draw, memory a few blocks
        of 8 MB.
    seed : int >= 0, default 0
        Of that draw.

    Notes
    -----
    Formula: sum_{i != j} (D(i, j)/max D - M(i, j)/max M)^2 / (n (n - 1)): D is the distance between two samples in the
    map's metric, M the map's own distance between their best-matching units. Samples that are all alike, or all on one
    unit, have distance 0. A pair counts the product of its samples' weights.

    References
    ----------
    Kruskal (1964), Multidimensional scaling by optimizing goodness of fit to a nonmetric hypothesis,
    doi:10.1007/BF02289565.

    Elend & Kramer (2019), Self-organizing maps with convolutional layers, WSOM 2019, 23-32,
    doi:10.1007/978-3-030-19642-4.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> X = [[0.0], [1.0], [2.0]]
    >>> TrainedMap.from_codebook("line:units=3", X).measure("kruskal_shepard", X)
    0.0
    """

    name: ClassVar[str] = "kruskal_shepard"
    better: ClassVar[Better] = "lower"

    parts: str = attrs.field(default="refuse", validator=choice("refuse", "within"))
    max_samples: int = attrs.field(default=MOST, validator=integer(minimum=FEWEST))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean over pairs."""
        del y
        pairs = _Pairs.of(self, trained, trained.samples(X, sample_weight).levelled())
        total, weight = self._sums(pairs)
        return float(pairs.weight @ total / (pairs.weight @ weight))

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the weighted mean over each sample's pairs; NaN for samples that were not drawn or have none."""
        del y
        pairs = _Pairs.of(self, trained, trained.samples(X, sample_weight).levelled())
        total, weight = self._sums(pairs)
        found = np.full(len(trained.samples(X)), np.nan)
        found[pairs.index] = np.divide(total, weight, out=np.full(len(total), np.nan), where=weight > 0)
        return found

    @staticmethod
    def _sums(pairs: _Pairs) -> tuple[Array, Array]:
        """Return, for each sample, the weighted sum over its pairs, and the sum of their weights."""
        in_data, on_map = (longest or 1.0 for longest in pairs.longest)
        total, weighed = np.empty(len(pairs.index)), np.empty(len(pairs.index))
        for rows, data, laid, weight in pairs:
            apart = np.where(weight > 0, data / in_data - np.where(weight > 0, laid, 0.0) / on_map, 0.0)
            total[rows], weighed[rows] = (weight * np.square(apart)).sum(axis=1), weight.sum(axis=1)
        return total, weighed


@final
@attrs.frozen(kw_only=True)
class CMeasure(Measure):
    """Sum over pairs of samples of their distance in the data times that on the map; higher is better.

    It is largest where far goes with far and near with near. It has no scale of its own: it compares maps with the same
    lattice, trained on the same samples.

    Parameters
    ----------
    parts : "refuse" | "within", default "refuse"
        For a map in parts: refuse it, or look at pairs of samples in one part alone.
    max_samples : int >= 100, default 2000
        Of more samples so many are drawn at random, the sum is scaled up to all of them, and a warning says so. Time
        n^2 without a draw, memory a few blocks of 8 MB.
    seed : int >= 0, default 0
        Of that draw.

    Notes
    -----
    Formula: 1/2 sum_{i, j} D(i, j) M(i, j): D is the distance between two samples in the map's metric, M the map's own
    distance between their best-matching units; >= 0. A pair counts the product of its samples' weights.

    References
    ----------
    Goodhill & Sejnowski (1997), A unifying objective function for topographic mappings, Neural Computation 9.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> X = [[0.0], [1.0], [2.0]]
    >>> TrainedMap.from_codebook("line:units=3", X).measure("c_measure", X)  # 1 * 1 + 1 * 1 + 2 * 2
    6.0
    """

    name: ClassVar[str] = "c_measure"
    better: ClassVar[Better] = "higher"

    parts: str = attrs.field(default="refuse", validator=choice("refuse", "within"))
    max_samples: int = attrs.field(default=MOST, validator=integer(minimum=FEWEST))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the sum."""
        del y
        pairs = _Pairs.of(self, trained, trained.samples(X, sample_weight))
        total = 0.0
        for rows, data, laid, weight in pairs:
            total += float(pairs.weight[rows] @ (weight * data * np.where(weight > 0, laid, 0.0)).sum(axis=1))
        return total / 2 / pairs.share
