"""Topologies: grids, hexagons, a line, a ring, and any networkx graph."""

from somkit.standard.topologies.graph import Graph
from somkit.standard.topologies.regular import Grid, Hex, Line, Ring

__all__ = ["Graph", "Grid", "Hex", "Line", "Ring"]
