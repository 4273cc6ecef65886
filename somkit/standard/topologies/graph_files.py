"""Graphs out of files: GraphML, edge lists and node-link JSON."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from somkit.errors import TopologyError

if TYPE_CHECKING:
    import networkx as nx


def _graphml(path: Path) -> nx.Graph:
    import networkx as nx

    return nx.read_graphml(path)


def _node_link(path: Path) -> nx.Graph:
    import networkx as nx

    document = json.loads(path.read_text(encoding="utf-8"))
    links = "edges" if "edges" in document else "links"
    # networkx 3.4 renamed the parameter that says what the edges are called.
    keyword = "edges" if "edges" in inspect.signature(nx.node_link_graph).parameters else "link"
    return nx.node_link_graph(document, **{keyword: links})


def _edge_list(path: Path) -> nx.Graph:
    """Read a line an edge: two labels, and after them nothing, a length, or attributes as a Python dict of literals."""
    import networkx as nx

    lines = path.read_text(encoding="utf-8").splitlines()
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    delimiter = next((mark for mark in ("\t", ",", ";") if mark in first.partition("{")[0]), None)
    rest = [word for word in first.split(delimiter, 2)[2:] if word.strip()]
    data: Any = True
    if rest and not rest[0].strip().startswith("{"):
        data = (("length", float),)
    graph = nx.parse_edgelist(lines, delimiter=delimiter, data=data)
    stripped = {node: node.strip() for node in graph}
    if all(label.lstrip("-").isdecimal() for label in stripped.values()):
        return nx.relabel_nodes(graph, {node: int(label) for node, label in stripped.items()})
    return nx.relabel_nodes(graph, stripped)


READERS = {
    ".graphml": _graphml,
    ".xml": _graphml,
    ".json": _node_link,
    ".edgelist": _edge_list,
    ".edges": _edge_list,
    ".txt": _edge_list,
    ".csv": _edge_list,
    ".tsv": _edge_list,
}


def read_graph(name: str) -> nx.Graph:
    """Return the graph in a file; its name's ending says in which format.

    Nodes that have attributes ``x`` and ``y``, and no ``pos``, lie there: so somkit's own GraphML comes back.

    Raises
    ------
    TopologyError
        If there is no such file, it is not of its format, or the graph is directed.
    """
    path = Path(name)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        message = f"{name} must end in {', '.join(READERS)}, so that its format is known."
        raise TopologyError(message)
    try:
        graph = reader(path)
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror or error}."
        raise TopologyError(message) from error
    except Exception as error:
        kinds = {_graphml: "GraphML", _node_link: "node-link JSON", _edge_list: "an edge list"}
        message = f"{name} is not {kinds[reader]}: {str(error).rstrip('.')}."
        raise TopologyError(message) from error
    if graph.is_directed():
        message = (
            f"{name} holds a directed graph, and a map's is undirected; if a way back is as long as the way there, "
            f"read it with networkx and pass topology=graph.to_undirected()."
        )
        raise TopologyError(message)
    for _, data in graph.nodes(data=True):
        if "pos" not in data and "x" in data and "y" in data:
            data["pos"] = tuple(data[axis] for axis in "xyz" if axis in data)
    return graph
