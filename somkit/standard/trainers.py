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
from somkit.kernels import BLOCK_ROWS, TreeSum, map_blocks
from somkit.searching import MovingCodebook
from somkit.validators import choice, flag, integer

if TYPE_CHECKING:
    from somkit.recipe import Recipe

Array = np.ndarray[Any, Any]

LIFT = 500  # binary exponent that keeps the faintest influence times a value from losing digits below 2^-1022
UPDATES = 1_024  # updates whose rates and influences are asked for at once,
TABLE_BYTES = 1 << 19  # in a table that fits the second-level cache
# From and up to where it was measured to pay to keep the best units of the epoch before, and start the search in their
# tiles; without them tiles pay from MANY_UNITS on.
TILED_UNITS, TILED_FEATURES, MANY_UNITS = 900, 64, 5_000


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
        sums, error, hints = self._gather(task, state)
        spread = state.lattice.spread(np.ldexp(sums, LIFT), task.neighbourhood.at(radius), task.n_jobs)
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
            task,
            codebook,
            radius=radius,
            learning_rate=rate,
            quantisation_error=error / task.samples.total_weight,
            hints=hints,
        )

    @staticmethod
    def _gather(task: Task, state: State) -> tuple[Array, float, Mapping[str, Any]]:
        """Return the sums of samples and weights per best unit, (m, d + 1), the sum of the distances, and hints."""
        metric, m, d = task.metric, len(state.lattice), task.samples.features
        directions = metric.batch_update == "normalised_mean"
        middle, exponent = (np.zeros(d), np.zeros(d, dtype=np.int64)) if directions else task.samples.box
        scale = np.ldexp(1.0, -exponent)
        tiled = m >= TILED_UNITS and d <= TILED_FEATURES
        best = state.hints.get("best")
        tiles = state.lattice.tiles if tiled and (best is not None or m >= MANY_UNITS) else None
        searcher = metric.prepare(state.codebook, last=state.hints.get("searcher"), tiles=tiles)

        def gather(number: int) -> tuple[Array, Array, Array, Array]:
            block, weight = task.samples.block(number), task.samples.block_weight(number)
            seeds = None if best is None else best[number * BLOCK_ROWS : number * BLOCK_ROWS + len(block)]
            units, distances = searcher.nearest(block, 1, seeds)
            values = _directions(block) if directions else block
            sums, counts = kernels.accumulate(values, weight, units[:, 0], m, centre=middle, scale=scale)
            error = distances.sum() if weight is None else weight @ distances[:, 0]
            return sums, counts, np.asarray(error), units[:, 0].astype(np.int32)

        totals, found = [TreeSum(), TreeSum(), TreeSum()], list[Array]()
        for *sums, units in map_blocks(gather, task.samples.block_count, task.n_jobs):
            for total, value in zip(totals, sums, strict=True):
                total.add(value)
            if tiled:
                found.append(units)
        whole, counts, error = (total.result() for total in totals)
        hints: dict[str, Any] = {"searcher": searcher}
        if tiled:
            hints["best"] = np.concatenate(found)
        return np.column_stack([whole, counts]), float(error), hints


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
        codebook, units, error = _run(task, state, order, rates, radii)
        records = _add_wins(state, units, order, len(task.samples), task.samples.digest) if self.record_wins else None
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


def _run(task: Task, state: State, order: Array, rates: Array, radii: Array) -> tuple[Array, Array, float]:
    """Return the codebook after the updates, the best unit of each, and the sum of its distances before it."""
    neighbourhood, levels = task.neighbourhood, state.lattice.levels
    moving = task.metric.online(state.codebook)
    if levels is None:
        return _run_by_rows(task, state, moving, order, rates, radii)
    distinct, classes = levels
    units, distances = np.empty(len(order), dtype=np.int64), np.empty(len(order))
    dtype = state.codebook.dtype
    felt = distinct[distinct <= neighbourhood.longest_reach].astype(dtype)
    updates = max(1, min(UPDATES, TABLE_BYTES // (dtype.itemsize * len(felt))))
    for start in range(0, len(order), updates):
        block = slice(start, start + updates)
        table = neighbourhood.influences(felt, radii[block, None].astype(dtype))
        chosen = order[block]
        units[block], distances[block] = moving.run(
            task.samples.rows(chosen), np.arange(len(chosen)), rates[block], table, classes
        )
    return moving.codebook(), units, float(distances.sum())


def _run_by_rows(
    task: Task, state: State, moving: MovingCodebook, order: Array, rates: Array, radii: Array
) -> tuple[Array, Array, float]:
    """Do as `_run` where nearly all map distances differ: look up the best unit's own at each update."""
    units, error = np.empty(len(order), dtype=np.int64), 0.0
    for start in range(0, len(order), UPDATES):
        for step, x in enumerate(task.samples.rows(order[start : start + UPDATES]), start):
            units[step], distance = moving.nearest(x)
            influence = task.neighbourhood.influences(state.lattice.distances_from(units[step])[0], radii[step])
            moving.move(x, rates[step] * influence)
            error += distance
    return moving.codebook(), units, error


def _add_wins(state: State, units: Array, order: Array, n: int, digest: str) -> Mapping[str, Array]:
    """Add an epoch's wins to the records: how often each sample won each unit, and at which update first."""
    known = np.frombuffer(bytes.fromhex(digest), dtype=np.uint8)
    if not np.array_equal(state.records.get("wins.trained_on", known), known):
        message = "record_wins counts the wins of one set of samples; train on other samples with record_wins=false."
        raise RecipeError(message)
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
    wins = {"trained_on": known, "unit": pairs // n, "sample": pairs % n, "count": total, "first": first}
    return {**state.records, **{f"wins.{name}": value for name, value in wins.items()}}
