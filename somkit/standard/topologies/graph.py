"""Any undirected networkx graph as a map."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.errors import ParameterError
from somkit.lattice import Lattice, networkx_of_lattice
from somkit.lattice.graph import edges_of_graph, lattice_of_edges, positions_of_graph

if TYPE_CHECKING:
    import networkx as nx

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Graph(Topology):
    """Any undirected graph; `Graph.of` makes one from networkx.

    Parameters
    ----------
    nodes : tuple of hashables
        The label of each unit, in the units' order.
    edges : tuple of pairs of int
        Units that are joined, by number.
    lengths : tuple of float > 0
        One for each edge; empty: every edge has length 1.
    positions : tuple of pairs or triples of float
        Where each unit is drawn; empty: laid out by map distance.

    Examples
    --------
    >>> import networkx as nx
    >>> Graph.of(nx.path_graph(3)).lattice().distances_from([0])
    array([[0., 1., 2.]])
    """

    name: ClassVar[str] = "graph"
    nodes: tuple[Hashable, ...] = (0,)
    edges: tuple[tuple[int, int], ...] = ()
    lengths: tuple[float, ...] = ()
    positions: tuple[tuple[float, ...], ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse what is no graph; put every edge's lower unit first, and the edges in order."""
        Topology.__attrs_post_init__(self)
        m = len(self.nodes)
        if not m or len(set(self.nodes)) < m or None in self.nodes:
            message = "Graph.nodes must be one label or more, all different and none of them None."
            raise ParameterError(message)
        pairs = [tuple(sorted(edge)) for edge in self.edges]
        apart = all(len(pair) == 2 and 0 <= pair[0] < pair[1] < m for pair in pairs)
        if not apart or len(set(pairs)) < len(pairs):
            message = f"Graph.edges must be different pairs of two different units from 0 to {m - 1}."
            raise ParameterError(message)
        if self.lengths and (len(self.lengths) != len(pairs) or not all(0 < long < math.inf for long in self.lengths)):
            message = "Graph.lengths must be empty, or hold a finite number > 0 for each edge."
            raise ParameterError(message)
        if self.positions and ({len(place) for place in self.positions} - {2, 3} or len(self.positions) != m):
            message = "Graph.positions must be empty, or hold two or three numbers for each node."
            raise ParameterError(message)
        order = sorted(range(len(pairs)), key=pairs.__getitem__)
        object.__setattr__(self, "edges", tuple(pairs[place] for place in order))
        object.__setattr__(self, "lengths", tuple(self.lengths[place] for place in order) if self.lengths else ())

    @classmethod
    def of(cls, graph: nx.Graph, weight: str | None = None) -> Graph:
        """Return the topology of a networkx graph.

        Parameters
        ----------
        graph : networkx.Graph or networkx.MultiGraph
            Undirected, with at least one node. Self-loops are dropped, of parallel edges the shortest counts; parts
            without a way between them are infinitely far apart.
        weight : str, optional
            The edge attribute to add up as length, finite and > 0; without it edges are counted. Mind that networkx'
            own ``weight`` is often a strength, not a length.

        Raises
        ------
        TopologyError
            If the graph is directed or empty, or a length is not a finite number > 0.
        """
        edges, lengths = edges_of_graph(graph, weight)
        positions = positions_of_graph(graph)
        return cls(
            nodes=tuple(graph),
            edges=tuple(map(tuple, edges.tolist())),
            lengths=() if weight is None else tuple(lengths.tolist()),
            positions=() if positions is None else tuple(map(tuple, positions.tolist())),
        )

    def graph(self) -> nx.Graph:
        """Return it as a networkx graph."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return its lattice."""
        edges = np.array(self.edges, dtype=np.int64).reshape(-1, 2)
        lengths = np.array(self.lengths) if self.lengths else np.ones(len(edges))
        return lattice_of_edges(self.nodes, edges, lengths, np.array(self.positions) if self.positions else None)
