"""Centres that are no means: weighted medians and modes, worked out unit by unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from somkit.engine import State, Task
from somkit.kernels import map_blocks

Array = np.ndarray[Any, Any]

NUMBERS = 1 << 21  # influences held at once: 16 MB a thread, or one unit's where there are more samples


def find(task: Task, state: State) -> tuple[Array, float]:
    """Return every sample's best unit, shape (n,), and the sum of the distances to them."""
    searcher = task.metric.prepare(state.codebook)
    found = list(task.samples.map(lambda block, _: searcher.nearest(block), task.n_jobs))
    distances = np.concatenate([distance[:, 0] for _, distance in found])
    weight = task.samples.weight
    error = distances.sum() if weight is None else weight @ distances
    return np.concatenate([units[:, 0] for units, _ in found]), float(error)


def centres_of(task: Task, state: State, best: Array, radius: float, centre: str) -> tuple[Array, Array]:
    """Return the medians or the modes of the samples, weighted by their influence on each unit.

    Parameters
    ----------
    best : array of shape (n,)
        The best unit of each sample.
    radius : float >= 0
    centre : "median" | "mode"

    Returns
    -------
    values : array of shape (r, d), float64
        One row for each unit that weight reaches.
    reached : array of shape (m,), bool
    """
    samples, m = task.samples, len(state.lattice)
    X = np.concatenate([samples.block(number) for number in range(samples.block_count)])
    weight = np.ones(len(X)) if samples.weight is None else samples.weight
    orders = [np.argsort(X[:, feature], kind="stable").astype(np.intp) for feature in range(X.shape[1])]
    choose = _median if centre == "median" else _mode
    units = max(1, NUMBERS // max(len(X), m))

    def of_units(number: int) -> tuple[Array, Array]:
        chunk = np.arange(number * units, min((number + 1) * units, m))
        influence = task.neighbourhood.influences(state.lattice.distances_from(chunk), radius)
        influence = influence[:, best] * weight
        largest = influence.max(axis=1)
        reached = largest > 0
        share = influence[reached] / largest[reached, None]  # halves of the faintest influences would underflow
        columns = [choose(X[order, feature], share[:, order]) for feature, order in enumerate(orders)]
        return np.column_stack(columns), reached

    found = list(map_blocks(of_units, -(-m // units), task.n_jobs))
    return np.concatenate([values for values, _ in found]), np.concatenate([reached for _, reached in found])


def _median(values: Array, weight: Array) -> Array:
    """Return the lower weighted median of values in rising order for each row of weights."""
    below = np.cumsum(weight, axis=1)
    half = below[:, -1:] / 2 * (1 - len(values) * 2.0**-52)  # sums that rounding alone keeps from one half are a half
    return np.asarray(values[(below >= half).argmax(axis=1)])


def _mode(values: Array, weight: Array) -> Array:
    """Return the value of the largest weight, the lowest among equals, of values in rising order for each row."""
    start = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    total = np.add.reduceat(weight, start, axis=1)
    largest = total.max(axis=1, keepdims=True) * (1 - len(values) * 2.0**-52)
    return np.asarray(values[start[(total >= largest).argmax(axis=1)]])
