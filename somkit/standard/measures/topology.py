"""Whether the map has the shape of the data: its order of neighbours, and which units border on which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Measure
from somkit.errors import MeasureError
from somkit.standard.measures._common import FEWEST, MOST, Array, Better, blocks, check_parts, drawn, weights
from somkit.standard.measures.topographic import path_lengths
from somkit.validators import choice, integer

if TYPE_CHECKING:
    from somkit.trained import TrainedMap


@final
@attrs.frozen(kw_only=True)
class TopographicProduct(Measure):
    """Whether units near on the map are near in the data, over every number of neighbours; 0 is best.

    Below 0 the map has too few dimensions for the data, above 0 more than they need. It looks at the codebook alone and
    takes no samples.

    Parameters
    ----------
    parts : "refuse" | "within", default "refuse"
        For a map in parts: refuse it, or look at neighbours of a unit's own part alone.
    max_units : int >= 100, default 2000
        On larger maps so many units, drawn at random, are looked at with all their neighbours, and a warning says so.
        Time m^2 log m without a draw.
    seed : int >= 0, default 0
        Of that draw.

    Notes
    -----
    Formula: P = 1/(m (m - 1)) sum_j sum_k 1/(2k) sum_{l <= k} log[d(j, n_l)/d(j, v_l) * D(j, n_l)/D(j, v_l)], with n_l
    the l-th neighbour of unit j on the map and v_l the l-th in the data, d the map's metric and D its own distance.

    Many neighbours on a grid are equally far. They are ordered by their distance in the data, and then by number (ties
    in the data likewise by the distance on the map), which gives the smallest P of all orders. Programs that leave it
    to their sorting give others.

    References
    ----------
    Bauer & Pawelzik (1992), Quantifying the neighborhood preservation of self-organizing feature maps,
    doi:10.1109/72.143371.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]]).measure("topographic_product")
    0.0
    >>> round(TrainedMap.from_codebook("line:units=3", [[0.0], [9.0], [1.0]]).measure("topographic_product"), 4)
    0.2409
    """

    name: ClassVar[str] = "topographic_product"
    better: ClassVar[Better] = "zero"

    parts: str = attrs.field(default="refuse", validator=choice("refuse", "within"))
    max_units: int = attrs.field(default=MOST, validator=integer(minimum=FEWEST))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the mean over units, each as it has neighbours."""
        values = self.per_unit(trained, X, y, sample_weight)
        part = trained.lattice.parts
        known = ~np.isnan(values)
        return float(np.average(values[known], weights=np.bincount(part)[part[known]] - 1))

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the mean over numbers of neighbours for each unit; NaN for one alone in its part, or not drawn."""
        del X, y, sample_weight
        part = check_parts(self, trained, self.parts)
        sizes = np.bincount(part)
        if sizes.max() == 1:
            message = f"measure '{self.name}' needs two units that can be neighbours, but every unit is alone."
            raise MeasureError(message)
        found = np.full(len(part), np.nan)
        centres = drawn(np.flatnonzero(sizes[part] > 1), self.max_units, self.seed, "units")
        for number in np.unique(part[centres]):
            members, chosen = np.flatnonzero(part == number), centres[part[centres] == number]
            for rows in blocks(len(chosen), len(part)):
                found[chosen[rows]] = self._of_units(trained, chosen[rows], members)
        return found

    def _of_units(self, trained: TrainedMap, centres: Array, members: Array) -> Array:
        codebook = trained.codebook
        near = np.asarray(trained.metric.pairwise(codebook[centres], codebook[members]), dtype=np.float64)
        far = trained.lattice.distances_from(centres)[:, members]
        others = centres[:, None] != members[None, :]
        same = others & ((near <= 0) | (far <= 0))
        if same.any():
            row, column = np.argwhere(same)[0]
            message = (
                f"measure '{self.name}' divides by distances between units, but units {centres[row]} and "
                f"{members[column]} have the same vector; train with fewer units."
            )
            raise MeasureError(message)
        near, far = (distances[others].reshape(len(centres), -1) for distances in (near, far))
        order = np.argsort(near, axis=1)
        near, far = np.take_along_axis(near, order, axis=1), np.take_along_axis(far, order, axis=1)
        tied = (near[:, 1:] == near[:, :-1]).any(axis=1)
        far[tied] = np.take_along_axis(far[tied], np.lexsort((far[tied], near[tied]), axis=-1), axis=1)
        on_map = np.argsort(far, axis=1, kind="stable")  # of equals the near ones stay before
        quotients = np.zeros(near.shape)
        for distances in (near, far):
            logarithms = np.log(distances)
            quotients += np.take_along_axis(logarithms, on_map, axis=1)
            quotients -= logarithms
        counts = np.arange(1, near.shape[1] + 1)
        return np.asarray((quotients.cumsum(axis=1) / (2 * counts)).mean(axis=1))


@final
@attrs.frozen(kw_only=True)
class TopographicFunction(Measure):
    """Mean number of neighbours that a unit has on the map and not in the data, or the other way round; 0 is best.

    Two units are neighbours in the data where they are the best and the second-best of some sample.

    Parameters
    ----------
    k : int, default 0
        Above 0: count only neighbours in the data that are more than k edges apart on the map: folds, the wider the
        larger the k up to which there are any. Below 0: only neighbours on the map that are more than -k apart in the
        data, counted from border to border: the map has more dimensions than the data, or has stretched over a gap. 0
        is the sum of k = 1 and k = -1.

    Notes
    -----
    Formula: (1/m) sum_j #{units i joined to j in the data and more than k edges from it on the map} for k > 0. For
    k < 0 the map and the data change places.

    Between 0 and m - 1. Edges of the lattice are counted whatever the map's distance is; units without a path between
    them are farther than any k. A unit that is never among the best two has no neighbour in the data. Weights do not
    matter, but a sample of weight 0 does not count.

    References
    ----------
    Villmann, Der, Herrmann & Martinetz (1997), Topology preservation in self-organizing feature maps: exact definition
    and measurement, IEEE Transactions on Neural Networks 8, 256-266.

    Martinetz & Schulten (1994), Topology representing networks, Neural Networks 7, 507-522.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [9.0], [1.0]])
    >>> trained.measure("topographic_function", [[0.1]])  # 0 and 2 border in the data, 0-1 and 1-2 on the map
    2.0
    """

    name: ClassVar[str] = "topographic_function"
    better: ClassVar[Better] = "lower"

    k: int = attrs.field(default=0, validator=integer())

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the mean over units."""
        return float(self.per_unit(trained, X, y, sample_weight).mean())

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the number of such neighbours of each unit."""
        del y
        samples = trained.samples(X, sample_weight)
        lattice = trained.lattice
        m = len(lattice)
        bordering = np.empty((0, 2), dtype=np.int64)
        if m > 1:
            best = trained.search(samples, 2)[0][weights(samples) > 0]
            bordering = np.unique(np.sort(best, axis=1), axis=0)
        folded = _farther(bordering, lattice.edges, m, max(self.k, 1)) if self.k >= 0 else bordering[:0]
        torn = _farther(lattice.edges, bordering, m, max(-self.k, 1)) if self.k <= 0 else bordering[:0]
        return np.bincount(np.concatenate([folded, torn]).ravel(), minlength=m).astype(np.float64)


def _farther(pairs: Array, edges: Array, m: int, hops: int) -> Array:
    """Return the pairs of units that are more than so many of the edges apart."""
    from scipy.sparse import csr_array

    graph = csr_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(m, m))
    return np.asarray(pairs[np.isinf(path_lengths(graph, pairs[:, 0], pairs[:, 1], hops=hops))])
