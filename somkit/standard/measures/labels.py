"""Whether units and regions of the map belong to one class: measures of labels that training did not see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, final

import attrs
import numpy as np

from somkit.components import Measure
from somkit.errors import SampleError
from somkit.standard.measures._common import Array, Better, mean, weights
from somkit.trained import as_labels, distinct_labels, is_missing
from somkit.validators import choice

if TYPE_CHECKING:
    from somkit.trained import TrainedMap


class _Classes(NamedTuple):
    """Where the classes fall."""

    counts: Array  # (m, c), the weight of each class on each unit
    units: Array  # (n,), the best-matching unit of each sample
    codes: Array  # (n,), the class of each sample, -1 where it has none
    weight: Array  # (n,), 0 where it has none

    @property
    def largest(self) -> Array:
        """The share of the commonest class on each unit, (m,), NaN where no sample with a label fell."""
        total = self.counts.sum(axis=1)
        return np.asarray(np.divide(self.counts.max(axis=1), total, out=np.full(len(total), np.nan), where=total > 0))


def _classes(measure: Measure, trained: TrainedMap, X: Any, y: Any, sample_weight: Any) -> _Classes:
    samples = trained.samples(X, sample_weight)
    if y is None:
        message = f"measure '{measure.name}' needs y, the label of each sample."
        raise SampleError(message)
    labels = as_labels(y)
    if labels.shape != (len(samples),):
        message = f"y must hold one label for each of the {len(samples)} samples, got shape {labels.shape}."
        raise SampleError(message)
    given = labels.tolist()
    code = {label: number for number, label in enumerate(distinct_labels(given))}
    codes = np.array([-1 if is_missing(label) else code[label] for label in given])
    weight = np.where(codes < 0, 0.0, weights(samples))
    if not weight.any():
        message = f"measure '{measure.name}' needs a label, but y holds none of a sample that counts."
        raise SampleError(message)
    units = trained.search(samples)[0][:, 0]
    counts = np.zeros((len(trained.lattice), len(code)))
    np.add.at(counts, (units[codes >= 0], codes[codes >= 0]), weight[codes >= 0])
    return _Classes(counts, units, codes, weight)


@final
@attrs.frozen(kw_only=True)
class Purity(Measure):
    """Share of samples with the commonest label of their unit, in (0, 1]; higher is better.

    It grows with the number of units, to 1 where each has one sample; compare maps of one size, or use samples that the
    map was not trained on.

    Notes
    -----
    Formula: (1/n) sum_units max_class n(unit, class), of the samples that have a label. 1 - purity is the minor class
    occurrence of Elend and Kramer.

    References
    ----------
    Manning, Raghavan & Schütze (2008), Introduction to Information Retrieval, section 16.3, Cambridge University Press.

    Elend & Kramer (2019), Self-organizing maps with convolutional layers, WSOM 2019, 23-32,
    doi:10.1007/978-3-030-19642-4.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]])
    >>> trained.measure("purity", [[0.0], [0.1], [0.2], [1.0]], y=["a", "a", "b", "c"])
    0.75
    """

    name: ClassVar[str] = "purity"
    better: ClassVar[Better] = "higher"
    needs_labels: ClassVar[bool] = True

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted share."""
        found = _classes(self, trained, X, y, sample_weight)
        return math.fsum(found.counts.max(axis=1)) / math.fsum(found.counts.ravel())  # rounded once: never above 1

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the share of the commonest label among the samples of each unit."""
        return _classes(self, trained, X, y, sample_weight).largest

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return 1 for a sample with the commonest label of its unit, the first in sorted order of several, else 0."""
        found = _classes(self, trained, X, y, sample_weight)
        right = found.counts.argmax(axis=1)[found.units] == found.codes
        return np.where(found.codes < 0, np.nan, right.astype(np.float64))


@final
@attrs.frozen(kw_only=True)
class Entropy(Measure):
    """How mixed the labels on the units are; 0 is best.

    Parameters
    ----------
    form : "majority" | "shannon", default "majority"
        ``majority``: the sum over units of minus the logarithm of the commonest label's share. ``shannon``: the mean
        over samples of the entropy of the labels on their unit, between 0 and the logarithm of the number of labels.

    Notes
    -----
    Formula: sum_units -log(max_class n(unit, class) / n(unit)) (``majority``), or sum_units n(unit)/n * -sum_class p
    log p with p = n(unit, class)/n(unit) (``shannon``). The first grows with the number of mixed units, however few
    samples they have. Natural logarithms, of the samples that have a label.

    References
    ----------
    Elend & Kramer (2019), Self-organizing maps with convolutional layers, WSOM 2019, 23-32,
    doi:10.1007/978-3-030-19642-4.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]])
    >>> round(trained.measure("entropy", [[0.0], [0.1], [0.2], [1.0]], y=["a", "a", "b", "c"]), 6)  # log(3/2)
    0.405465
    """

    name: ClassVar[str] = "entropy"
    better: ClassVar[Better] = "lower"
    needs_labels: ClassVar[bool] = True

    form: str = attrs.field(default="majority", validator=choice("majority", "shannon"))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the sum over units, or the mean over samples."""
        found = _classes(self, trained, X, y, sample_weight)
        values = self._of_units(found)
        return float(np.nansum(values)) if self.form == "majority" else mean(values, found.counts.sum(axis=1))

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the term of each unit, or the entropy of the labels on it."""
        return self._of_units(_classes(self, trained, X, y, sample_weight))

    def _of_units(self, found: _Classes) -> Array:
        from scipy.special import entr

        if self.form == "majority":
            return 0.0 - np.log(found.largest)  # 0, not -0, for a unit of one class
        total = found.counts.sum(axis=1, keepdims=True)
        shares = np.divide(found.counts, total, out=np.full(found.counts.shape, np.nan), where=total > 0)
        return np.asarray(entr(shares).sum(axis=1))


@final
@attrs.frozen(kw_only=True)
class ClassScatterIndex(Measure):
    """Mean number of separate regions that a class has on the map, at least 1; lower is better.

    Notes
    -----
    Formula: (1/c) sum_classes regions(class) for c classes.

    The units on which samples of the class fall make a region where they are joined by edges of the lattice, directly
    or by way of each other; the numbers of regions are averaged over the classes. A sample of weight 0 does not count.
    SOMperf joins only direct neighbours of the unit that it happens to start from, so it may count more.

    References
    ----------
    Elend & Kramer (2019), Self-organizing maps with convolutional layers, WSOM 2019, 23-32,
    doi:10.1007/978-3-030-19642-4.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [2.0]])
    >>> trained.measure("class_scatter_index", [[0.0], [1.0], [2.0]], y=["a", "b", "a"])  # a has two regions, b one
    1.5
    """

    name: ClassVar[str] = "class_scatter_index"
    better: ClassVar[Better] = "lower"
    needs_labels: ClassVar[bool] = True

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the mean over classes."""
        from scipy.sparse import csgraph

        counts = _classes(self, trained, X, y, sample_weight).counts
        adjacency = trained.lattice.adjacency
        taken = [np.flatnonzero(column) for column in counts.T if column.any()]
        regions = [csgraph.connected_components(adjacency[units][:, units], directed=False)[0] for units in taken]
        return float(np.mean(regions))
