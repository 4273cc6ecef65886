"""Graphs that are built from the data, or from the codebook of a trained map."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, final

import attrs
import numpy as np

from somkit.components import Metric, Topology
from somkit.errors import ParameterError
from somkit.lattice import Lattice, networkx_of_lattice
from somkit.standard.topologies._plane import automatic_units, axis, size
from somkit.standard.topologies.graph import Graph
from somkit.validators import integer, refuse

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples
    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]
FromData = TypeVar("FromData", "Knn", "Mst")

POOL = 20_000  # samples that landmarks are chosen among; more are drawn from by chance first
Pairs = tuple[tuple[int, int], ...]


def landmarks(samples: Samples, count: int, seed: int) -> Array:
    """Return samples that are spread over the data as evenly as chance allows, the first ones farthest; (count, d).

    Where there are fewer samples than landmarks the samples come more than once. What is missing of one counts as its
    feature's mean.

    Notes
    -----
    Arthur & Vassilvitskii (2007), k-means++: the advantages of careful seeding, SODA '07, 1027-1035.
    """
    from sklearn.cluster import kmeans_plusplus

    rng = np.random.default_rng(seed)
    given = samples.levelled().weight
    weight = np.ones(len(samples)) if given is None else given
    counted = np.flatnonzero(weight)
    if len(counted) > POOL:
        share = weight[counted] / weight[counted].sum()
        counted = np.sort(rng.choice(counted, size=POOL, replace=False, p=share))
        weight = np.ones(len(samples))  # drawn in proportion to it already
    chosen = counted
    if count < len(counted):
        pool = samples.kept_rows(counted) if samples.is_sparse else samples.filled_rows(counted) - samples.mean
        weights = weight[counted] / weight[counted].max()
        _, places = kmeans_plusplus(pool, count, sample_weight=weights, random_state=int(rng.integers(2**32)))
        chosen = counted[np.sort(places)]
    return np.asarray(samples.filled_rows(np.resize(chosen, count)), dtype=np.float64)


def _euclidean(W: Array) -> Callable[[int], Array]:
    centred = W - W.mean(axis=0)
    return lambda unit: np.sqrt(((centred - centred[unit]) ** 2).sum(axis=1))


def spanning_tree(m: int, distances_of: Callable[[int], Array]) -> tuple[Array, Array]:
    """Return the edges of a minimum spanning tree, (m - 1, 2), and their lengths, a row of distances at a time.

    Of edges equally long the one with the lowest new unit is taken, and for it the earliest end.

    Notes
    -----
    Prim (1957), Shortest connection networks and some generalizations, doi:10.1002/j.1538-7305.1957.tb01515.x.
    """
    nearest, end = np.full(m, np.inf), np.zeros(m, dtype=np.int64)
    outside = np.ones(m, dtype=bool)
    unit, edges, lengths = 0, [], []
    for _ in range(m - 1):
        outside[unit] = False
        row = distances_of(unit)
        nearer = row < nearest
        nearest, end = np.where(nearer, row, nearest), np.where(nearer, unit, end)
        unit = int(np.argmin(np.where(outside, nearest, np.inf)))
        edges.append(sorted((unit, int(end[unit]))))
        lengths.append(float(nearest[unit]))
    found = np.array(edges, dtype=np.int64).reshape(-1, 2)
    order = np.lexsort(found.T[::-1])
    return found[order], np.array(lengths)[order]


def codebook_tree(metric: Metric, codebook: Array) -> tuple[Array, Array]:
    """Return the edges and lengths of the minimum spanning tree of a codebook's units, as `spanning_tree` does."""

    def distances_of(unit: int) -> Array:
        return np.asarray(metric.pairwise(codebook[unit : unit + 1], codebook)[0])

    return spanning_tree(len(codebook), distances_of)


def _laid_out(W: Array) -> Array:
    """Return where landmarks are drawn, (m, 2): their first two principal components, in units of the first."""
    centred = W - W.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    flat = np.zeros((len(W), 2))
    flat[:, : len(axes)] = centred @ axes.T
    return flat / (float(np.abs(flat).max()) or 1.0)


def _found(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Allow "auto", and what the data have said."""
    if value != "auto" and not isinstance(value, tuple | list):
        raise refuse(instance, attribute.name, "'auto', for what the data say, or what they said", value)


def _lattice(topology: Knn | Mst) -> Lattice:
    name = type(topology).__name__
    count = size(topology.units, f"{name}.units")
    if isinstance(topology.edges, str) or isinstance(topology.positions, str):
        message = f"{name}.edges is 'auto': the graph is built from the data; fit the map."
        raise ParameterError(message)
    return Graph(nodes=tuple(range(count)), edges=topology.edges, positions=topology.positions).lattice()


def _built(topology: FromData, samples: Samples, edges_of: Callable[[Array], Array], *, fewest: int = 1) -> FromData:
    """Return the topology with its size, its edges and its positions, once and for all."""
    if "auto" not in {topology.units, topology.edges, topology.positions}:
        return topology
    count = topology.units if isinstance(topology.units, int) else max(fewest, automatic_units(samples))
    W = landmarks(samples, count, topology.seed)
    edges = tuple(map(tuple, edges_of(W).tolist())) if topology.edges == "auto" else topology.edges
    positions = tuple(map(tuple, _laid_out(W).tolist())) if topology.positions == "auto" else topology.positions
    return attrs.evolve(topology, units=count, edges=edges, positions=positions)


@final
@attrs.frozen(kw_only=True)
class Knn(Topology):
    """The data's own shape: samples spread over the data, each joined to those nearest to it.

    Parameters
    ----------
    units : int >= 2 or "auto"
        "auto": about 5 sqrt(n).
    neighbours : int >= 1
        Each unit is joined to so many nearest ones, whichever of the two counts the other. Parts that this leaves are
        joined where they are nearest: by edges of the minimum spanning tree.
    seed : int >= 0
        For the choice of the samples.
    edges : tuple of pairs of int, or "auto"
        "auto" until the map is fitted, then what was found.
    positions : tuple of pairs of float, or "auto"
        "auto" until the map is fitted, then the samples' first two principal components, so that the initialiser
        ``pca`` lays each unit near its sample.

    Notes
    -----
    Distances are Euclidean, on the data as the map is trained on them, scaling included; samples are chosen as centres
    for k-means++ are. A recipe that was fitted, and its map file, hold the graph, so it comes back without the data.

    References
    ----------
    Martinetz & Schulten (1994), Topology representing networks, Neural Networks 7, 507-522.

    Examples
    --------
    >>> from somkit import SOM
    >>> som = SOM(topology="knn:units=5,neighbours=1", random_state=0).fit([[0.0], [1.0], [2.1], [3.3], [4.6]])
    >>> som.lattice_.edges.tolist()
    [[0, 1], [1, 2], [2, 3], [3, 4]]
    """

    name: ClassVar[str] = "knn"
    units: int | str = axis(2)
    neighbours: int = attrs.field(default=4, validator=integer(minimum=1))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))
    edges: Pairs | str = attrs.field(default="auto", validator=_found)
    positions: tuple[tuple[float, ...], ...] | str = attrs.field(default="auto", validator=_found)

    def __attrs_post_init__(self) -> None:
        """Refuse more neighbours than there are other units."""
        Topology.__attrs_post_init__(self)
        if isinstance(self.units, int) and self.neighbours >= self.units:
            message = f"Knn.neighbours must be fewer than units ({self.units}), got {self.neighbours}."
            raise ParameterError(message)

    def graph(self) -> nx.Graph:
        """Return it as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return its lattice, once the data have been seen."""
        return _lattice(self)

    def sized_for(self, samples: Samples) -> Knn:
        """Choose samples as landmarks and join them."""
        return _built(self, samples, self._join, fewest=self.neighbours + 1)

    def _join(self, W: Array) -> Array:
        distances_of = _euclidean(W)
        found = []
        for unit in range(len(W)):
            row = distances_of(unit)
            row[unit] = np.inf
            near = np.argsort(row, kind="stable")[: self.neighbours]
            found.append(np.sort(np.column_stack([np.full(len(near), unit), near]), axis=1))
        edges = np.unique(np.concatenate(found), axis=0)
        from scipy.sparse import csgraph, csr_array

        joined = csr_array((np.ones(len(edges)), tuple(edges.T)), shape=(len(W), len(W)))
        _, part = csgraph.connected_components(joined, directed=False)
        tree, _ = spanning_tree(len(W), distances_of)
        return np.unique(np.concatenate([edges, tree[part[tree[:, 0]] != part[tree[:, 1]]]]), axis=0)


@final
@attrs.frozen(kw_only=True)
class Mst(Topology):
    """The data's skeleton: samples spread over the data, joined by their minimum spanning tree.

    `Mst.of` makes a graph of the codebook of a trained map in the same way.

    Parameters
    ----------
    units : int >= 1 or "auto"
        "auto": about 5 sqrt(n).
    seed : int >= 0
        For the choice of the samples.
    edges : tuple of pairs of int, or "auto"
        "auto" until the map is fitted, then what was found.
    positions : tuple of pairs of float, or "auto"
        "auto" until the map is fitted, then the samples' first two principal components.

    Notes
    -----
    Distances are Euclidean, on the data as the map is trained on them, scaling included; samples are chosen as centres
    for k-means++ are. Map distance counts edges.

    References
    ----------
    Van Gassen et al. (2015), FlowSOM: using self-organizing maps for visualization and interpretation of cytometry
    data, doi:10.1002/cyto.a.22625.

    Examples
    --------
    >>> from somkit import SOM
    >>> som = SOM(topology="mst:units=4", random_state=0).fit([[0.0], [1.0], [2.1], [4.6]])
    >>> som.lattice_.edges.tolist()
    [[0, 1], [1, 2], [2, 3]]
    """

    name: ClassVar[str] = "mst"
    units: int | str = axis()
    seed: int = attrs.field(default=0, validator=integer(minimum=0))
    edges: Pairs | str = attrs.field(default="auto", validator=_found)
    positions: tuple[tuple[float, ...], ...] | str = attrs.field(default="auto", validator=_found)

    @staticmethod
    def of(trained: TrainedMap, *, lengths: bool = False) -> Graph:
        """Return the minimum spanning tree of a trained map's codebook, in the metric it was trained with.

        Parameters
        ----------
        trained : TrainedMap
        lengths : bool
            Whether an edge is as long as its ends are apart in the data, rather than 1. Then no two units may have the
            same vector.

        Raises
        ------
        ParameterError
            If ``lengths`` are wanted and two units have the same vector.

        Examples
        --------
        >>> from somkit import TrainedMap
        >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [5.0], [1.0]])
        >>> Mst.of(trained).edges
        ((0, 2), (1, 2))
        """
        edges, long = codebook_tree(trained.metric, trained.codebook)
        if lengths and not long.all():
            first, second = edges[int(np.argmin(long))].tolist()
            message = f"units {first} and {second} have the same vector, so no edge between them can have a length > 0."
            raise ParameterError(message)
        return Graph(
            nodes=trained.lattice.nodes,
            edges=tuple(map(tuple, edges.tolist())),
            lengths=tuple(long.tolist()) if lengths else (),
        )

    def graph(self) -> nx.Graph:
        """Return it as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return its lattice, once the data have been seen."""
        return _lattice(self)

    def sized_for(self, samples: Samples) -> Mst:
        """Choose samples as landmarks and join them."""
        return _built(self, samples, lambda W: spanning_tree(len(W), _euclidean(W))[0])
