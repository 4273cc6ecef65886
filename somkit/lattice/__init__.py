"""The map itself: units, where they lie, which are joined, and how far apart they are on the map."""

from somkit.lattice.graph import lattice_of_graph, networkx_of_lattice
from somkit.lattice.lattice import Influence, Lattice
from somkit.lattice.rules import Coordinates, MapDistance, Path, Table

__all__ = [
    "Coordinates",
    "Influence",
    "Lattice",
    "MapDistance",
    "Path",
    "Table",
    "lattice_of_graph",
    "networkx_of_lattice",
]
