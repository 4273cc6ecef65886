"""Features beside those whose planes look alike."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def by_similarity(planes: Array) -> list[int]:
    """Return the order in which planes, (k, m), that look alike stand beside each other."""
    from scipy.cluster import hierarchy
    from scipy.spatial import distance

    if len(planes) < 3:
        return list(range(len(planes)))
    centred = np.asarray(planes, dtype=np.float64) - planes.mean(axis=1, keepdims=True)
    centred[np.ptp(planes, axis=1) <= 1e-12 * np.abs(planes).max(axis=1)] = 0.0  # no more than rounding
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    apart = distance.squareform(np.clip(1 - unit @ unit.T, 0, 2), checks=False)
    order: list[int] = hierarchy.leaves_list(
        hierarchy.optimal_leaf_ordering(hierarchy.linkage(apart, "average"), apart)
    ).tolist()
    return order if order[0] <= order[-1] else order[::-1]
