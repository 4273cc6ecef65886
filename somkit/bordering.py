"""How far units that border on each other on the map are apart in the data: what a U-matrix shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from somkit.components import Metric
    from somkit.lattice import Lattice

Array = np.ndarray[Any, Any]

BLOCK = 256  # edges whose distances are taken from one table of at most 256 x 256


def distances_along_edges(lattice: Lattice, codebook: Array, metric: Metric) -> Array:
    """Return the distance between the vectors at both ends of each edge, in the metric; shape (e,), read-only."""
    distances = np.empty(len(lattice.edges))
    for start in range(0, len(distances), BLOCK):
        block = slice(start, start + BLOCK)
        first, row = np.unique(lattice.edges[block, 0], return_inverse=True)
        second, column = np.unique(lattice.edges[block, 1], return_inverse=True)
        distances[block] = np.asarray(metric.pairwise(codebook[first], codebook[second]))[row, column]
    distances.flags.writeable = False
    return distances


def means_over_neighbours(lattice: Lattice, along_edges: Array) -> Array:
    """Return the mean of what the edges of each unit have, shape (m,), read-only; NaN for a unit without edges."""
    m, ends = len(lattice), lattice.edges.T.ravel()
    total = np.bincount(ends, weights=np.tile(along_edges, 2), minlength=m)
    count = np.bincount(ends, minlength=m)
    found: Array = np.divide(total, count, out=np.full(m, np.nan), where=count > 0)
    found.flags.writeable = False
    return found
