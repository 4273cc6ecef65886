"""Trainers: all samples at once, or one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.errors import RecipeError, SampleError
from somkit.kernels import TreeSum
from somkit.validators import choice, flag, integer

if TYPE_CHECKING:
    from somkit.recipe import Recipe

Array = np.ndarray[Any, Any]

LIFT = 500  # binary exponent that keeps the faintest influence times a value from losing digits below 2^-1022
UPDATES = 256  # updates whose rates and influences are asked for at once


def _directions(block: Array) -> Array:
    """Return rows of length 1; rows of zeros stay."""
    largest = np.abs(block).max(axis=1, keepdims=True)
    scaled = block / np.where(largest > 0, largest, 1.0)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.asarray(scaled / np.where(length > 0, length, 1.0))


@final
@attrs.frozen(kw_only=True)
class Batch(Trainer):
    """All samples at once: each unit moves to the mean of the samples, weighted by influence from their best units.

    M_j = sum_i v_i h(d(b_i, j)) x_i / sum_i v_i h(d(b_i, j)), with sample weights v and best units b found before the
    update, then w_j <- w_j + rate (M_j - w_j). A unit that no weight reaches keeps its vector. With the cosine metric
    the x_i are directions and M_j is brought to length 1.

    Notes
    -----
    Kohonen (2001), Self-Organizing Maps, 3rd edition, section 3.6, doi:10.1007/978-3-642-56927-2. The sums are of
    differences from the middle of the data, in units of their width, so they lose nothing far from the origin.
    """

    name: ClassVar[str] = "batch"
    default_learning_rate: ClassVar[str] = "standard/constant:value=1.0"

    def check(self, recipe: Recipe) -> None:
        """Refuse metrics without a closed-form centre, and influences that are no weights."""
        if recipe.metric.batch_update is None:
            message = (
                f"trainer 'batch' has no update for metric '{recipe.metric}'; use trainer='online', or a metric whose "
                f"centre is a mean, such as 'euclidean' or 'cosine'."
            )
            raise RecipeError(message)
        if recipe.neighbourhood.lowest < 0:
            message = (
                f"trainer 'batch' takes means, and neighbourhood '{recipe.neighbourhood}' has negative influences; use "
                f"trainer='online', or a neighbourhood such as 'gaussian'."
            )
            raise RecipeError(message)

    def run_epoch(self, task: Task, state: State) -> State:
        """Find every sample's best unit, then move all units."""
        progress = task.progress(state.epoch)
        radius = float(task.radius.values(progress, "radius"))
        rate = float(task.learning_rate.values(progress, "learning_rate"))
        sums, error = self._gather(task, state)
        spread = state.lattice.spread(np.ldexp(sums, LIFT), task.neighbourhood.at(radius))
        reached = spread[:, -1] > 0
        centres = spread[reached, :-1] / spread[reached, -1:]
        if task.metric.batch_update == "normalised_mean":
            centres = _directions(centres)
        else:
            middle, exponent = task.samples.box
            centres = middle + np.ldexp(centres, exponent)
        codebook = state.codebook.astype(np.float64)
        codebook[reached] = (1 - rate) * codebook[reached] + rate * centres
        return state.after_epoch(
            task, codebook, radius=radius, learning_rate=rate, quantisation_error=error / task.samples.total_weight
        )

    @staticmethod
    def _gather(task: Task, state: State) -> tuple[Array, float]:
        """Return the sums of samples and weights per best unit, (m, d + 1), and the sum of the distances."""
        metric, codebook, m, d = task.metric, state.codebook, len(state.lattice), task.samples.features
        directions = metric.batch_update == "normalised_mean"
        middle, exponent = (np.zeros(d), np.zeros(d, dtype=np.int64)) if directions else task.samples.box

        def gather(block: Array, weight: Array | None) -> tuple[Array, Array]:
            units, distances = metric.nearest(block, codebook, 1)
            values = _directions(block) if directions else block
            sums = kernels.accumulate(values, weight, units[:, 0], m, middle, exponent)
            return sums, np.asarray(distances.sum() if weight is None else weight @ distances[:, 0])

        total, error = TreeSum(), TreeSum()
        for sums, distance in task.samples.map(gather, task.n_jobs):
            total.add(sums)
            error.add(distance)
        return total.result(), float(error.result())


@final
@attrs.frozen(kw_only=True)
class Online(Trainer):
    """One sample at a time: w_j <- w_j + rate h(d(b, j)) (x - w_j) for every unit j, b being the sample's best unit.

    Parameters
    ----------
    updates : int >= 1 or "auto"
        Updates in an epoch; "auto": as many as there are samples.
    order : "shuffle" | "replacement" | "sequential"
        Every sample once before any comes again, in random order; drawn with replacement, in proportion to its weight;
        or in the order they are in. An explicit ``order`` given to `fit` goes before.
    record_wins : bool
        Keep which sample won which unit how often, for `TrainedMap.wins` and `TrainedMap.matched`.

    Notes
    -----
    Kohonen (1982), Self-organized formation of topologically correct feature maps, doi:10.1007/BF00337288.
    """

    name: ClassVar[str] = "online"
    takes_order: ClassVar[bool] = True

    updates: int | str = attrs.field(default="auto", validator=integer(minimum=1, words=("auto",)))
    order: str = attrs.field(default="shuffle", validator=choice("shuffle", "replacement", "sequential"))
    record_wins: bool = attrs.field(default=False, validator=flag())

    def run_epoch(self, task: Task, state: State) -> State:
        """Take the epoch's samples one after the other."""
        rng = state.rng()
        steps = len(task.samples) if isinstance(self.updates, str) else self.updates
        order = self._order(task, state, steps, rng)
        progress = task.progress(state.epoch, np.arange(steps), steps)
        rates = task.learning_rate.values(progress, "learning_rate")
        radii = task.radius.values(progress, "radius")
        codebook = state.codebook.copy()
        units, error = _run(task, state, codebook, order, rates, radii)
        records = _add_wins(state, units, order, len(task.samples)) if self.record_wins else None
        return state.after_epoch(
            task,
            codebook,
            radius=radii[0],
            learning_rate=rates[0],
            quantisation_error=error / steps,
            updates=steps,
            rng=rng,
            records=records,
        )

    def _order(self, task: Task, state: State, steps: int, rng: np.random.Generator) -> Array:
        n, weight = len(task.samples), task.samples.weight
        if task.order is not None:
            if len(task.order) != task.epochs * steps:
                message = (
                    f"order must hold epochs x updates = {task.epochs} x {steps} = {task.epochs * steps} sample "
                    f"numbers, got {len(task.order)}."
                )
                raise SampleError(message)
            return task.order[state.epoch * steps : (state.epoch + 1) * steps]
        if self.order == "replacement":
            return rng.choice(n, size=steps, p=None if weight is None else weight / weight.sum())
        if weight is not None and np.ptp(weight) > 0:
            message = (
                f"Online.order={self.order!r} takes every sample equally often, so sample weights have no place in it; "
                f"use 'online:order=replacement', which draws in proportion to weight, or trainer='batch'."
            )
            raise SampleError(message)
        if self.order == "sequential":
            return (state.updates + np.arange(steps)) % n
        return np.concatenate([rng.permutation(n) for _ in range(-(-steps // n))])[:steps]


def _run(task: Task, state: State, codebook: Array, order: Array, rates: Array, radii: Array) -> tuple[Array, float]:
    """Move the codebook in place; return the best unit of each update and the sum of its distances before it."""
    lattice, metric, neighbourhood, levels = state.lattice, task.metric, task.neighbourhood, state.lattice.levels
    units = np.empty(len(order), dtype=np.int64)
    error = 0.0
    for start in range(0, len(order), UPDATES):
        block = slice(start, start + UPDATES)
        X = task.samples.rows(order[block])
        table = None if levels is None else neighbourhood.influences(levels[0], radii[block, None])
        for step, x in enumerate(X):
            unit, distance = metric.best(x, codebook)
            if levels is None or table is None:
                influence = neighbourhood.influences(lattice.distances_from([unit])[0], radii[start + step])
            else:
                influence = table[step][levels[1][unit]]
            kernels.move(codebook, x, rates[start + step] * influence)
            units[start + step] = unit
            error += distance
    return units, error


def _add_wins(state: State, units: Array, order: Array, n: int) -> Mapping[str, Array]:
    """Add an epoch's wins to the records: how often each sample won each unit, and at which update first."""
    old = {
        name: state.records.get(f"wins.{name}", np.empty(0, dtype=np.int64))
        for name in ("unit", "sample", "count", "first")
    }
    pairs, place, count = np.unique(units * n + order, return_index=True, return_counts=True)
    every = np.concatenate([old["unit"] * n + old["sample"], pairs])
    counts = np.concatenate([old["count"], count])
    firsts = np.concatenate([old["first"], state.updates + place])
    pairs, row = np.unique(every, return_inverse=True)
    total = np.bincount(row, weights=counts).astype(np.int64)
    first = np.full(len(pairs), np.iinfo(np.int64).max)
    np.minimum.at(first, row, firsts)
    wins = {"unit": pairs // n, "sample": pairs % n, "count": total, "first": first}
    return {**state.records, **{f"wins.{name}": value for name, value in wins.items()}}
