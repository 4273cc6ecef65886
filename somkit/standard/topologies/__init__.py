"""Topologies: grids, hexagons, surfaces, trees, small worlds, graphs from data, and any networkx graph."""

from somkit.standard.topologies.from_data import Knn, Mst
from somkit.standard.topologies.graph import Graph
from somkit.standard.topologies.hexagons import Hex
from somkit.standard.topologies.lattice import LatticeTopology
from somkit.standard.topologies.regular import Grid, Line, Ring
from somkit.standard.topologies.small_world import SmallWorld
from somkit.standard.topologies.surfaces import Cylinder, Klein, Moebius, Torus
from somkit.standard.topologies.trees import Star, Tree

__all__ = [
    "Cylinder",
    "Graph",
    "Grid",
    "Hex",
    "Klein",
    "Knn",
    "LatticeTopology",
    "Line",
    "Moebius",
    "Mst",
    "Ring",
    "SmallWorld",
    "Star",
    "Torus",
    "Tree",
]
