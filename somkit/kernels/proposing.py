"""Exact search where a matrix product of another shape proposes: for missing values and for sparse rows.

As in `portable.Codebook`, scores are only proposals: every unit whose score lies within a proven tolerance of the k-th
smallest is measured, and the rule of margins.py decides among the distances measured.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from somkit.kernels.frames import Array
from somkit.kernels.portable import SCORES, decide

Scores = Callable[[int, int], Array]  # of rows start:stop and all units
Measure = Callable[[Array, Array, Array], Array]  # the distances of pairs (row, unit), given their scores


def nearest_by_scores(
    scores: Scores, measure: Measure, tolerance: Array, trusted: Array, shape: tuple[int, int, float]
) -> tuple[Array, Array]:
    """Return the units and distances of the k nearest, each of shape (n, k).

    Parameters
    ----------
    scores : callable
        Scores (stop - start, m) by which units rank, all of a row wrong by no more than its tolerance allows.
    measure : callable
        Takes row numbers, unit numbers and scores, each of shape (pairs,), rows ascending.
    tolerance : array of shape (n,)
        How far above the k-th smallest score one of the k nearest may lie.
    trusted : bool array of shape (n,)
        Rows of which scores say something; all units of the others are measured.
    shape : (m, k, d)
        Units, how many of them to find, and the number of features that decides what is a tie.
    """
    (m, k, d), n = shape, len(tolerance)
    units, distances = np.empty((n, k), np.int64), np.empty((n, k))
    step = max(1, SCORES // m)
    for start in range(0, n, step):
        stop = min(n, start + step)
        some = scores(start, stop)
        with np.errstate(all="ignore"):  # rows that are not trusted may hold anything
            lowest = some.min(axis=1) if k == 1 else np.partition(some, k - 1, axis=1)[:, k - 1]
            within = some <= np.nextafter(lowest + tolerance[start:stop], np.inf)[:, None]
        within[~trusted[start:stop]] = True
        rows, found = np.nonzero(within)
        measured = measure(rows + start, found, some[rows, found])
        units[start:stop], distances[start:stop] = decide(rows, found, measured, stop - start, k, d)
    return units, distances
