"""Between networkx graphs and lattices."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from somkit.errors import TopologyError
from somkit.lattice.lattice import Lattice
from somkit.lattice.layout import lay_out

if TYPE_CHECKING:
    import networkx as nx

    from somkit.lattice.rules import Array


def edges_of_graph(graph: nx.Graph, length: str | None = None) -> tuple[Array, Array]:
    """Return the edges of a graph as pairs of unit numbers, and their lengths.

    Self-loops are dropped; of parallel edges the shortest counts.

    Parameters
    ----------
    graph : networkx.Graph or networkx.MultiGraph
        Undirected; units are numbered in the graph's own order of nodes.
    length : str, optional
        The edge attribute that holds lengths; without it every edge has length 1.

    Raises
    ------
    TopologyError
        If the graph is directed or empty, or a length is missing, not finite or not positive.
    """
    if graph.is_directed():
        message = "a map's graph must be undirected, got a directed one; convert it with graph.to_undirected()."
        raise TopologyError(message)
    if not len(graph):
        message = "a map's graph must have at least one node, got an empty one."
        raise TopologyError(message)
    unit = {node: number for number, node in enumerate(graph)}
    shortest: dict[tuple[int, int], float] = {}
    for first, second, data in graph.edges(data=True):
        if first == second:
            continue
        pair = (unit[first], unit[second]) if unit[first] < unit[second] else (unit[second], unit[first])
        long = 1.0 if length is None else _edge_length(first, second, data, length)
        shortest[pair] = min(long, shortest.get(pair, math.inf))
    pairs = sorted(shortest)
    edges = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return edges, np.array([shortest[pair] for pair in pairs], dtype=np.float64)


def _edge_length(first: Hashable, second: Hashable, data: dict[str, Any], name: str) -> float:
    try:
        value = float(data[name])
    except KeyError:
        others = f" It has {', '.join(map(repr, data))}." if data else ""
        message = f"edge ({first!r}, {second!r}) has no attribute {name!r} to take its length from.{others}"
        raise TopologyError(message) from None
    except (TypeError, ValueError):
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        message = f"edge ({first!r}, {second!r}) must have a finite {name!r} > 0, got {data[name]!r}."
        raise TopologyError(message)
    return value


def positions_of_graph(graph: nx.Graph) -> Array | None:
    """Return the ``pos`` of every node, shape (m, 2) or (m, 3), or None where a node has none."""
    found = [data.get("pos") for _, data in graph.nodes(data=True)]
    if not found or any(position is None for position in found):
        return None
    try:
        positions = np.array(
            [list(position.values()) if isinstance(position, dict) else position for position in found]
        )
        positions = positions.astype(np.float64)
    except (TypeError, ValueError):
        positions = np.empty(0)
    if positions.ndim != 2 or positions.shape[1] not in {2, 3} or not np.isfinite(positions).all():
        message = "node attribute 'pos' must hold 2 or 3 finite numbers for every node, as many for each."
        raise TopologyError(message)
    return positions


def lattice_of_graph(graph: nx.Graph, length: str | None = None) -> Lattice:
    """Return the lattice of an undirected graph: units in the graph's own order, distances along its edges.

    Parameters
    ----------
    graph : networkx.Graph
        Any hashable nodes. Where every node has an attribute ``pos`` of 2 or 3 numbers the map is drawn there, else it
        is laid out by its map distances.
    length : str, optional
        Edge attribute that holds lengths; without it edges are counted.

    Examples
    --------
    >>> import networkx as nx
    >>> len(lattice_of_graph(nx.karate_club_graph()))
    34
    """
    edges, lengths = edges_of_graph(graph, length)
    return lattice_of_edges(tuple(graph), edges, lengths, positions_of_graph(graph))


def lattice_of_edges(nodes: tuple[Hashable, ...], edges: Any, lengths: Any, positions: Any | None) -> Lattice:
    """Return the lattice of an edge list, laid out by its map distances where it has no positions."""
    if positions is not None:
        return Lattice(nodes, positions, edges, lengths=lengths)
    unplaced = Lattice(nodes, np.zeros((len(nodes), 2)), edges, lengths=lengths)
    return Lattice(nodes, lay_out(unplaced), edges, lengths=lengths)


def networkx_of_lattice(lattice: Lattice) -> nx.Graph:
    """Return a graph with the lattice's nodes, their ``pos`` and ``unit``, and edges with their ``length``."""
    import networkx as nx

    graph = nx.Graph()
    for unit, (node, position) in enumerate(zip(lattice.nodes, lattice.positions, strict=True)):
        graph.add_node(node, unit=unit, pos=tuple(position.tolist()))
    for (first, second), length in zip(lattice.edges.tolist(), lattice.lengths.tolist(), strict=True):
        graph.add_edge(lattice.nodes[first], lattice.nodes[second], length=length)
    return graph
