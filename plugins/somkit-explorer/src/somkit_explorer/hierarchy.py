"""Ward's hierarchy of the units, which the page cuts into any number of clusters."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from somkit.errors import ParameterError

if TYPE_CHECKING:
    from somkit import TrainedMap

Array = np.ndarray[Any, Any]

MOST_BYTES = 2_000_000_000  # of the distances between all pairs of units


def merges(trained: TrainedMap, along: Literal["ward", "map"]) -> Array:
    """Say which two clusters each step joins, shape (m - 1, 2); units are 0..m-1, the cluster of step s m + s.

    The vectors are taken as they were trained, so scaled where the map has a scaling, and every unit counts once.

    Parameters
    ----------
    trained : TrainedMap
    along : "ward" | "map"
        Any two clusters may be joined, or only those that have an edge of the lattice between them; parts of the map
        that no edge joins are taken as if there were one where their vectors are nearest.

    Raises
    ------
    ParameterError
        If the distances between all pairs of units would take more than 2 GB.

    Notes
    -----
    Ward (1963), Hierarchical grouping to optimize an objective function, doi:10.1080/01621459.1963.10500845.
    """
    codebook = np.asarray(trained.codebook, dtype=np.float64)
    m = len(codebook)
    if m == 1:
        return np.empty((0, 2), dtype=np.int64)
    if along == "map":
        from sklearn.cluster import ward_tree

        with warnings.catch_warnings():  # scikit-learn warns that it joins the parts, as is documented here
            warnings.simplefilter("ignore", UserWarning)
            joined = ward_tree(codebook, connectivity=trained.lattice.adjacency)[0]
        return np.asarray(joined, dtype=np.int64)
    if 4 * m * (m - 1) > MOST_BYTES:
        message = (
            f"Explorer.clusters='ward' compares all pairs of units, which takes {4e-9 * m * (m - 1):.1f} GB for "
            f"{m} units; write 'explorer:clusters=map' to join neighbours on the map alone, or clusters=none."
        )
        raise ParameterError(message)
    from scipy.cluster.hierarchy import linkage

    return np.asarray(linkage(codebook, "ward")[:, :2], dtype=np.int64)
