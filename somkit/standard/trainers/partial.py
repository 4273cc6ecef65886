"""A batch epoch on samples that are no plain arrays: with missing values, or sparse."""

from __future__ import annotations

from typing import Any

import numpy as np

from somkit import kernels
from somkit.engine import State, Task, prepare
from somkit.kernels import TreeSum, map_blocks
from somkit.kernels.sparse import sums_per_unit
from somkit.searching import Searcher
from somkit.standard.trainers.directing import Means, directed_values

Array = np.ndarray[Any, Any]

LIFT = 500  # binary exponent that keeps the faintest influence times a value from losing digits below 2^-1022


def run_partial_epoch(task: Task, state: State, means: Means) -> State:
    """Find every sample's best unit, then move each feature of each unit by the samples that have a value of it.

    Sparse samples have a value of every feature, and one denominator a unit will do.
    """
    samples, m, e = task.samples, len(state.lattice), means.width
    progress = task.progress(state.epoch)
    radius = float(task.radius.values(progress, "radius"))
    rate = float(task.learning_rate.values(progress, "learning_rate"))
    searcher = _searcher(task, state)
    gather = _gather_sparse if samples.is_sparse else _gather
    held, error = gather(task, searcher, m, means)
    np.ldexp(held, LIFT, out=held)
    spread = state.lattice.spread(held, task.neighbourhood.at(radius), task.n_jobs)
    del held
    reached = np.broadcast_to(spread[:, e:] > 0, (m, e))
    centres = np.divide(spread[:, :e], spread[:, e:], out=np.zeros((m, e)), where=reached)
    del spread
    middle, exponent = means.box(samples)
    np.ldexp(centres, exponent, out=centres)
    centres += middle
    np.clip(centres, *means.bounds(samples), out=centres)  # as a mean is, whatever the rounding
    codebook = state.codebook.astype(np.float64)
    targets = means.moved(codebook, means.vectors(centres), rate)
    np.copyto(codebook, targets, where=means.of_features(reached))
    error /= samples.total_weight
    hints = {} if samples.is_sparse else {"searcher": searcher}
    return state.after_epoch(task, codebook, radius=radius, learning_rate=rate, quantisation_error=error, hints=hints)


def _searcher(task: Task, state: State) -> Searcher:
    if task.samples.is_sparse:
        return prepare(task.metric, state.codebook, task.samples)
    return task.metric.prepare(state.codebook, last=state.hints.get("searcher"))


def _added_up(task: Task, gather: Any) -> list[Any]:
    totals = [TreeSum(), TreeSum(), TreeSum()]
    for parts in map_blocks(gather, task.samples.block_count, task.n_jobs):
        for total, value in zip(totals, parts, strict=True):
            total.add(value)
    return [total.result() for total in totals]


def _gather(task: Task, searcher: Searcher, m: int, means: Means) -> tuple[Array, float]:
    """Return, per best unit, sums of observed values and of the weights that observed them, (m, 2 e); and the error."""
    samples = task.samples
    centre, exponent = means.box(samples)
    scale = np.ldexp(1.0, -exponent)

    def gather(number: int) -> tuple[Array, Array, Array]:
        block, weight = samples.block(number), samples.block_weight(number)
        units, distances = searcher.nearest(block, 1)
        observed = ~np.isnan(block)
        values = means.values(np.where(observed, block, centre[: samples.features]))
        if means.spaces:
            observed = means.of_numbers(observed)
            values = np.where(observed, values, centre)
        sums, _ = kernels.accumulate(values, weight, units[:, 0], m, centre=centre, scale=scale)
        counts, _ = kernels.accumulate(observed.astype(np.float64), weight, units[:, 0], m)
        return sums, counts, np.asarray(distances.sum() if weight is None else weight @ distances[:, 0])

    sums, counts, error = _added_up(task, gather)
    return np.concatenate([sums, counts], axis=1), float(error)


def _gather_sparse(task: Task, searcher: Searcher, m: int, means: Means) -> tuple[Array, float]:
    """Return, per best unit, sums of rows and of weights, (m, d + 1); and the error. Until the end sums are sparse."""
    samples = task.samples
    exponent = means.box(samples)[1]

    def gather(number: int) -> tuple[Any, Array, Array]:
        block, weight = samples.kept_block(number), samples.block_weight(number)
        units, distances = searcher.nearest(block, 1)
        values = np.ldexp(directed_values(block, means.groups), -exponent[block.indices])
        scaled = type(block)((values, block.indices, block.indptr), shape=block.shape)
        sums, counts = sums_per_unit(scaled, weight, units[:, 0], m)
        return sums, counts, np.asarray(distances.sum() if weight is None else weight @ distances[:, 0])

    sums, counts, error = _added_up(task, gather)
    held = np.zeros((m, samples.features + 1))
    held[:, :-1] = sums.toarray()
    held[:, -1] = counts
    return held, float(error)
