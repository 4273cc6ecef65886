"""Whether the two best-matching units of a sample are neighbours on the map, and how far apart they are along it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Measure
from somkit.standard.measures._common import Array, Better, blocks, check_parts, mean, weights
from somkit.validators import choice, integer

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from somkit.samples import Samples
    from somkit.trained import TrainedMap


GROWTH = 4.0  # of the limit that searches for paths have: a ball twice as wide holds about four times as many units


def path_lengths(graph: csr_array, first: Array, second: Array, *, hops: int | None = None) -> Array:
    """Return the length of the shortest path for each pair of units, (k,); infinite where there is none.

    Parameters
    ----------
    graph : csr_array of shape (m, m)
        An entry is the length of an edge, which leads both ways, also where it is 0.
    first, second : arrays of shape (k,)
    hops : int, optional
        Count edges instead, and only up to so many: longer paths are infinite.
    """
    found = np.full(len(first), np.inf)
    if hops is not None:
        _search_paths(graph, first, second, found, limit=float(hops), unweighted=True)
        return found
    from scipy.sparse import csgraph

    part = csgraph.connected_components(graph, directed=False)[1]
    left = np.flatnonzero(part[first] == part[second])
    least, longest = np.finfo(np.float64).tiny, np.finfo(np.float64).max
    limit = max(float((graph.data / max(graph.nnz, 1)).sum()), least)  # the mean: soon as long as all edges together
    while len(left) and limit < longest:
        reached = found[left]
        limit = min(GROWTH * limit, longest)
        _search_paths(graph, first[left], second[left], reached, limit=limit, unweighted=False)
        found[left] = reached
        left = left[np.isinf(reached)]
    return found


def _search_paths(
    graph: csr_array, first: Array, second: Array, found: Array, *, limit: float, unweighted: bool
) -> None:
    """Write into ``found`` the lengths of those shortest paths that are no longer than the limit."""
    from scipy.sparse import csgraph

    sources, which = np.unique(first, return_inverse=True)
    order = np.argsort(which, kind="stable")
    offsets = np.searchsorted(which[order], np.arange(len(sources) + 1))
    for rows in blocks(len(sources), graph.shape[0]):
        table = csgraph.dijkstra(graph, directed=False, indices=sources[rows], unweighted=unweighted, limit=limit)
        here = order[offsets[rows.start] : offsets[min(rows.stop, len(sources))]]
        found[here] = table[which[here] - rows.start, second[here]]


@final
@attrs.frozen(kw_only=True)
class TopographicError(Measure):
    """Share of samples whose two best-matching units are not neighbours on the map, in [0, 1]; lower is better.

    Neighbours are joined by an edge of the lattice, so on a grid diagonal units are none, unless its distance is
    "chebyshev". 0 for a map of one unit; units of different parts of a map are never neighbours.

    Parameters
    ----------
    hops : int >= 1, default 1
        Units so many edges apart still count as neighbours.

    Notes
    -----
    Formula: (1/n) sum_i [b(i) and the second-best unit of sample i are not joined].

    References
    ----------
    Kiviluoto (1996), Topology preservation in self-organizing maps, doi:10.1109/ICNN.1996.548907.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [9.0], [1.0]])
    >>> trained.measure("topographic_error", [[0.1], [8.0]]), trained.measure("topographic_error", [[0.1]], hops=2)
    (0.5, 0.0)
    """

    name: ClassVar[str] = "topographic_error"
    better: ClassVar[Better] = "lower"
    averages: ClassVar[bool] = True

    hops: int = attrs.field(default=1, validator=integer(minimum=1))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted share."""
        return mean(self.per_sample(trained, X, y, sample_weight), weights(trained.samples(X, sample_weight)))

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return 1 for a sample whose two best-matching units are not neighbours, else 0."""
        del y
        samples = trained.samples(X, sample_weight)
        if len(trained.lattice) == 1:
            return np.zeros(len(samples))
        first, second = trained.search(samples, 2)[0].T
        apart = ~trained.lattice.adjacent(first, second)
        if self.hops > 1 and apart.any():
            edges = path_lengths(trained.lattice.adjacency, first[apart], second[apart], hops=self.hops)
            apart[apart] = np.isinf(edges)
        return apart.astype(np.float64)


@final
@attrs.frozen(kw_only=True)
class CombinedError(Measure):
    """Mean way from a sample to its best-matching unit and on, along the map, to the second; lower is better.

    It joins what quantisation error and topographic error say apart: a map that stands close to the samples but is
    folded has long ways from the first unit to the second.

    Parameters
    ----------
    parts : "refuse" | "within", default "refuse"
        For a map in parts: refuse it, or take the second unit among those of the first one's part; where there is none
        the way ends at the first.

    Notes
    -----
    Formula: (1/n) sum_i [d(x_i, w_b(i)) + min over paths from b(i) to the second-best unit]. The way runs along edges
    of the lattice, each as long as its two units' vectors are apart in the map's metric, and is the shortest there is.
    It is at least the quantisation error, and in the same units.

    References
    ----------
    Kaski & Lagus (1996), Comparing self-organizing maps, doi:10.1007/3-540-61510-5_136.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [9.0], [1.0]])
    >>> trained.measure("combined_error", [[0.0]])  # from 0 to 9 and back to 1
    17.0
    """

    name: ClassVar[str] = "combined_error"
    better: ClassVar[Better] = "lower"
    averages: ClassVar[bool] = True

    parts: str = attrs.field(default="refuse", validator=choice("refuse", "within"))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        return mean(self.per_sample(trained, X, y, sample_weight), weights(trained.samples(X, sample_weight)))

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the length of each sample's way."""
        from scipy.sparse import csr_array

        del y
        samples = trained.samples(X, sample_weight)
        part = check_parts(self, trained, self.parts)
        units, distances = trained.search(samples)
        first, ways = units[:, 0], distances[:, 0]
        second = _second_within(trained, samples, first, part)
        further = second >= 0
        (low, high), lengths = trained.lattice.edges.T, trained.edge_distances
        m = len(trained.lattice)
        graph = csr_array((lengths, (low, high)), shape=(m, m))
        ways[further] += path_lengths(graph, first[further], second[further])
        return np.asarray(ways)


def _second_within(trained: TrainedMap, samples: Samples, first: Array, part: Array) -> Array:
    """Return each sample's second-best unit in the part of its best one, (n,); -1 where that is alone."""
    if not part.any():
        return np.asarray(trained.search(samples, 2)[0][:, 1] if len(part) > 1 else np.full(len(first), -1))
    second = np.full(len(first), -1)
    for number in range(part.max() + 1):
        units, fallen = np.flatnonzero(part == number), np.flatnonzero(part[first] == number)
        if len(units) == 1:
            continue
        searcher = trained.metric.prepare(trained.codebook[units].astype(np.float64))
        for rows in blocks(len(fallen), trained.codebook.shape[1]):
            second[fallen[rows]] = units[searcher.nearest(samples.rows(fallen[rows]), 2)[0][:, 1]]
    return second
