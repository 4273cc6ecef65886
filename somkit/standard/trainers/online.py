"""The online trainer: one sample at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.errors import RecipeError
from somkit.kernels.sparse import DENSE_NUMBERS
from somkit.searching import MovingCodebook
from somkit.standard.trainers.batch import check_categories
from somkit.validators import choice, flag, integer

if TYPE_CHECKING:
    from somkit.recipe import Recipe

Array = np.ndarray[Any, Any]

# Influences below this are taken as none, far below what rounding loses: with them products would be subnormal, over
# which some processors take a hundred times as long.
NEGLIGIBLE = {"f": 2.0**-50, "d": 2.0**-500}
UPDATES = 8_192  # updates whose rates and influences are asked for at once (measured),
TABLE_BYTES = 512 << 10  # in a table that stays in the caches


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
    What is missing of a sample moves no unit. Influences below 2^-50 (in double precision, 2^-500) count as none.

    References
    ----------
    Kohonen (1982), Self-organized formation of topologically correct feature maps, doi:10.1007/BF00337288.
    """

    name: ClassVar[str] = "online"
    takes_order: ClassVar[bool] = True
    accepts_missing: ClassVar[bool] = True

    updates: int | str = attrs.field(default="auto", validator=integer(minimum=1, words=("auto",)))
    order: str = attrs.field(default="shuffle", validator=choice("shuffle", "replacement", "sequential"))
    record_wins: bool = attrs.field(default=False, validator=flag())

    @property
    def accepts_weights(self) -> bool:
        """Whether samples are drawn with replacement, in proportion to weight; else each comes equally often."""
        return self.order == "replacement"

    def check(self, recipe: Recipe) -> None:
        """Refuse metrics of categories."""
        if recipe.metric.centre == "mode":
            check_categories(recipe, self, takes_modes=False)

    def order_length(self, n: int, progress: float) -> int:
        """Return the number of updates."""
        del progress
        return n if isinstance(self.updates, str) else self.updates

    def run_epoch(self, task: Task, state: State) -> State:
        """Take the epoch's samples one after the other."""
        rng = state.rng()
        steps = self.order_length(len(task.samples), task.progress(state.epoch))
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
        given = task.order_of(state.epoch)
        if given is not None:
            return given
        if self.order == "replacement":
            return rng.choice(n, size=steps, p=None if weight is None else weight / weight.sum())
        if self.order == "sequential":
            return (state.updates + np.arange(steps)) % n
        return rng.permuted(np.tile(np.arange(n), (-(-steps // n), 1)), axis=1).ravel()[:steps]


def _run(task: Task, state: State, order: Array, rates: Array, radii: Array) -> tuple[Array, Array, float]:
    """Return the codebook after the updates, the best unit of each, and the sum of its distances before it."""
    neighbourhood, lattice = task.neighbourhood, state.lattice
    moving = task.metric.online(state.codebook)
    product = neighbourhood.product_felt
    levels = (lattice.products(product) if product else None) or lattice.levels
    if levels is None:
        return _run_by_rows(task, state, moving, order, rates, radii)
    distinct, classes = levels
    units, distances = np.empty(len(order), dtype=np.int64), np.empty(len(order))
    dtype = state.codebook.dtype
    whole = isinstance(classes, kernels.Products)
    felt = (distinct if whole else distinct[distinct <= neighbourhood.longest_reach]).astype(dtype)
    negligible = NEGLIGIBLE[dtype.char]
    updates = max(1, min(_rows_at_once(task), TABLE_BYTES // (dtype.itemsize * len(felt))))
    for start in range(0, len(order), updates):
        block = slice(start, start + updates)
        # Long rows are worked out faster, and turned over then.
        table = neighbourhood.influences(felt[:, None], radii[block].astype(dtype), negligible).T
        rows, at = task.samples.rows(order[block]), np.arange(len(order[block]))
        units[block], distances[block] = moving.run(rows, at, rates[block], np.ascontiguousarray(table), classes)
    return moving.codebook(), units, float(distances.sum())


def _rows_at_once(task: Task) -> int:
    """Return how many samples are read at a time: few where sparse ones are made dense."""
    return max(1, min(UPDATES, DENSE_NUMBERS // task.samples.features)) if task.samples.is_sparse else UPDATES


def _run_by_rows(
    task: Task, state: State, moving: MovingCodebook, order: Array, rates: Array, radii: Array
) -> tuple[Array, Array, float]:
    """Do as `_run` where nearly all map distances differ: look up the best unit's own at each update."""
    units, error = np.empty(len(order), dtype=np.int64), 0.0
    rows, negligible = _rows_at_once(task), NEGLIGIBLE[state.codebook.dtype.char]
    for start in range(0, len(order), rows):
        for step, x in enumerate(task.samples.rows(order[start : start + rows]), start):
            units[step], distance = moving.nearest(x)
            distance_on_map = state.lattice.distances_from(units[step])[0]
            influence = task.neighbourhood.influences(distance_on_map, radii[step], negligible)
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
