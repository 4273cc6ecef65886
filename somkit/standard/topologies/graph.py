"""Any undirected networkx graph as a map: given, generated, or read from a file."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.errors import ParameterError
from somkit.lattice import Lattice, lattice_of_graph, networkx_of_lattice
from somkit.lattice.graph import edges_of_graph, lattice_of_edges, positions_of_graph
from somkit.standard.topologies._plane import automatic_units
from somkit.standard.topologies.generators import check_arguments, generate, sized_argument
from somkit.standard.topologies.graph_files import read_graph
from somkit.validators import did_you_mean, integer, refuse, text

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]

ALONE = (0,)  # the nodes of a graph that nothing is said of


def _pairs(value: Any) -> Any:
    return tuple(sorted(value.items())) if isinstance(value, Mapping) else value


def _path(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


@final
@attrs.frozen(kw_only=True)
class Graph(Topology):
    """Any undirected graph: one of your own (`Graph.of`), a generator of networkx by name, or a file.

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
    generator : str
        The name of a graph generator of networkx, with or without its ``_graph``: ``watts_strogatz``.
    arguments : tuple of pairs
        The generator's arguments, spelt as parameters: ``graph:generator=watts_strogatz,n=60,k=4,p=0.1``. One of them
        may be "auto": the number that brings the graph nearest to 5 sqrt(n) units.
    seed : int >= 0
        For generators that draw: the same seed gives the same graph.
    file : str
        A graph in a file: GraphML (.graphml, .xml), node-link JSON (.json) or an edge list (.edgelist, .edges, .txt,
        .csv, .tsv), a line an edge, with a third column for its length.
    weight : str
        The edge attribute that holds lengths, in a generated graph or one from a file; left out: edges are counted.

    Notes
    -----
    A generator is called, or a file read, when the map is trained. A saved map holds the lattice, so it comes back
    without either; and nothing but the generators of ``networkx.generators`` can be called by name.

    References
    ----------
    Hagberg, Schult & Swart (2008), Exploring network structure, dynamics, and function using NetworkX, Proceedings of
    the 7th Python in Science Conference, 11-15.

    Examples
    --------
    >>> import networkx as nx
    >>> Graph.of(nx.path_graph(3)).lattice().distances_from([0])
    array([[0., 1., 2.]])
    >>> len(Graph(generator="grid_2d", arguments={"m": 3, "n": 4}).lattice())
    12
    """

    name: ClassVar[str] = "graph"
    extra_field: ClassVar[str | None] = "arguments"
    nodes: tuple[Hashable, ...] = ALONE
    edges: tuple[tuple[int, int], ...] = ()
    lengths: tuple[float, ...] = ()
    positions: tuple[tuple[float, ...], ...] = ()
    generator: str = attrs.field(default="", validator=text())
    arguments: tuple[tuple[str, Any], ...] = attrs.field(default=(), converter=_pairs)
    seed: int = attrs.field(default=0, validator=integer(minimum=0))
    file: str = attrs.field(default="", converter=_path, validator=text())
    weight: str = attrs.field(default="", validator=text())

    def __attrs_post_init__(self) -> None:
        """Refuse what is no graph; put every edge's lower unit first, and the edges in order."""
        Topology.__attrs_post_init__(self)
        self._check_source()
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

    def _check_source(self) -> None:
        """Refuse more than one source of a graph, and what the one there is does not take."""
        written = self.nodes != ALONE or bool(self.edges or self.lengths or self.positions)
        if written + bool(self.generator) + bool(self.file) > 1:
            message = "Graph takes one of nodes and edges, generator, and file, got more than one of them."
            raise ParameterError(message)
        names = [pair[0] for pair in self.arguments if isinstance(pair, tuple) and len(pair) == 2]
        if len(names) < len(self.arguments) or names != sorted(set(map(str, names))):
            raise refuse(self, "arguments", "pairs of a name and a value, each name once, in order", self.arguments)
        if names and not self.generator:
            known = [field.name for field in attrs.fields(Graph)]
            message = (
                f"topology 'graph' has no parameter {names[0]!r} without a generator{did_you_mean(names[0], known)}"
            )
            raise ParameterError(message)
        if self.generator:
            check_arguments(self.generator, dict(self.arguments))
            if [value for _, value in self.arguments].count("auto") > 1:
                raise refuse(self, "arguments", "such that at most one of them is 'auto'", self.arguments)
        if self.weight and not (self.generator or self.file):
            message = "Graph.weight is for a generator or a file; give lengths, or use Graph.of(graph, weight=...)."
            raise ParameterError(message)

    @classmethod
    def generated(cls, generator: str, *, seed: int = 0, weight: str = "", **arguments: Any) -> Graph:
        """Return the topology of a graph that a generator of networkx makes when it is needed.

        Examples
        --------
        >>> print(Graph.generated("watts_strogatz", n=60, k=4, p=0.1))
        graph:generator=watts_strogatz,k=4,n=60,p=0.1
        """
        return cls(generator=generator, arguments=_pairs(arguments), seed=seed, weight=weight)

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

    def _source(self) -> nx.Graph | None:
        """Return the graph that is generated or read; None where it is written out."""
        if self.file:
            return read_graph(self.file)
        if not self.generator:
            return None
        arguments = dict(self.arguments)
        for name, value in arguments.items():
            if value == "auto":
                message = (
                    f"argument {name!r} of generator {self.generator!r} is 'auto', which needs data to become a "
                    f"number; give an integer, or fit the map."
                )
                raise ParameterError(message)
        return generate(self.generator, arguments, self.seed)

    def graph(self) -> nx.Graph:
        """Return it as a networkx graph."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return its lattice."""
        graph = self._source()
        if graph is not None:
            return lattice_of_graph(graph, self.weight or None)
        edges = np.array(self.edges, dtype=np.int64).reshape(-1, 2)
        lengths = np.array(self.lengths) if self.lengths else np.ones(len(edges))
        return lattice_of_edges(self.nodes, edges, lengths, np.array(self.positions) if self.positions else None)

    def sized_for(self, samples: Samples) -> Graph:
        """Turn an argument that is "auto" into a number."""
        if "auto" not in dict(self.arguments).values():
            return self
        sized = sized_argument(self.generator, dict(self.arguments), self.seed, automatic_units(samples))
        return attrs.evolve(self, arguments=_pairs(sized))
