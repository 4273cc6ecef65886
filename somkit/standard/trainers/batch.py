"""The batch trainer: all samples at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.errors import RecipeError
from somkit.kernels import TreeSum, map_blocks
from somkit.standard.trainers.adding import UnitSums
from somkit.standard.trainers.centres import centres_of, find
from somkit.standard.trainers.directing import Means
from somkit.standard.trainers.partial import LIFT, run_partial_epoch
from somkit.validators import choice

if TYPE_CHECKING:
    from somkit.recipe import Recipe

Array = np.ndarray[Any, Any]


def check_means(recipe: Recipe, trainer: Trainer, centre: str = "auto") -> None:
    """Raise if the metric has no closed-form centre and none is named, or influences are no weights."""
    if recipe.metric.centre == "mode":
        check_categories(recipe, trainer, takes_modes=centre == "mode")
    if centre == "auto" and recipe.metric.centre is None:
        message = (
            f"trainer '{trainer.name}' has no update for metric '{recipe.metric}'; use trainer='online', "
            f"trainer='batch:centre=median' or 'batch:centre=mean' to take medians or means all the same, or a metric "
            f"whose centre is a mean, such as 'euclidean' or 'cosine'."
        )
        raise RecipeError(message)
    if recipe.neighbourhood.lowest < 0:
        message = (
            f"trainer '{trainer.name}' takes means, and neighbourhood '{recipe.neighbourhood}' has negative "
            f"influences; use trainer='online', or a neighbourhood such as 'gaussian'."
        )
        raise RecipeError(message)


def check_categories(recipe: Recipe, trainer: Trainer, *, takes_modes: bool) -> None:
    """Raise if units would come to lie between the categories that the metric compares."""
    if not takes_modes:
        message = (
            f"trainer '{trainer}' moves units between samples, and metric '{recipe.metric}' compares categories, "
            f"between which nothing lies; use trainer='batch:centre=mode'."
        )
        raise RecipeError(message)
    if not recipe.initialiser.draws_samples:
        message = (
            f"initialiser '{recipe.initialiser}' makes values between those of samples, and metric '{recipe.metric}' "
            f"compares categories; use initialiser='sample'."
        )
        raise RecipeError(message)


@final
@attrs.frozen(kw_only=True)
class Batch(Trainer):
    """All samples at once: each unit moves to the mean of the samples, weighted by influence from their best units.

    M_j = sum_i v_i h(d(b_i, j)) x_i / sum_i v_i h(d(b_i, j)), with sample weights v and best units b found before the
    update, then w_j <- w_j + rate (M_j - w_j). A unit that no weight reaches keeps its vector. With the metrics of
    directions, cosine and angular, the x_i are directions and M_j is brought to length 1; with haversine the x_i are
    points of the unit sphere, and w_j moves along a great circle to the place of M_j. Within a layer of such a metric
    so it is with the features of that layer. Where values are missing both
    sums are feature by feature, over the samples that have a value of it; a feature of a unit that none reaches keeps
    its value.

    Parameters
    ----------
    centre : "auto" | "mean" | "median" | "mode", default "auto"
        "auto": the mean that suits the metric; a metric without one is refused. The others are taken whatever the
        metric, which then only decides which unit is best. "median", which suits manhattan: of each feature, the
        smallest value up to which half of the weight lies. "mode", which suits categories: of each feature, the value
        with the most weight, the smallest among equals.

    Notes
    -----
    Formula: w_j <- w_j + rate (M_j - w_j), M_j = sum_i v_i h(d(b_i, j)) x_i / sum_i v_i h(d(b_i, j)).

    The sums are of differences from the middle of the data, in units of their width, so they lose nothing far from the
    origin.

    Medians and modes need all samples at once, and look at each of them for every unit: O(n m d) time for an epoch,
    and memory for a copy of the n x d samples, as many numbers for their orders, and about 100 MB a thread, or six
    numbers for each sample where that is more. Means keep nothing but the codebook and a few blocks of samples.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> from somkit import Recipe
    >>> recipe = Recipe(topology="line:units=1", trainer="batch:centre=median", epochs=1)
    >>> recipe.fit([[1.0], [2.0], [60.0]]).codebook
    array([[2.]])
    """

    name: ClassVar[str] = "batch"
    default_learning_rate: ClassVar[str] = "standard/constant:value=1.0"
    accepts_missing: ClassVar[bool] = True

    centre: str = attrs.field(default="auto", validator=choice("auto", "mean", "median", "mode"))

    def check(self, recipe: Recipe) -> None:
        """Refuse metrics without a closed-form centre, and influences that are no weights."""
        check_means(recipe, self, self.centre)

    def run_epoch(self, task: Task, state: State) -> State:
        """Find every sample's best unit, then move all units."""
        ordered = self.centre in {"median", "mode"}
        if ordered and task.samples.is_sparse:
            message = f"trainer '{self}' takes no sparse X; take means, or pass X.toarray()."
            raise RecipeError(message)
        if self.centre in {"mean", "median"} or (self.centre == "auto" and task.metric.centre == "mean"):
            task.metric.check_means(task.samples)
        means = (Means.suiting if self.centre == "auto" else Means)(task.metric, task.samples.features)
        if not ordered and (task.samples.missing or task.samples.is_sparse):
            return run_partial_epoch(task, state, means)
        progress = task.progress(state.epoch)
        radius = float(task.radius.values(progress, "radius"))
        rate = float(task.learning_rate.values(progress, "learning_rate"))
        if ordered:
            centres, kept, error, hints = self._ordered(task, state, radius, rate)
        else:
            centres, kept, error, hints = _means(task, state, radius, means)
        if kept is None:
            codebook = means.moved(state.codebook, centres, rate)
        else:
            codebook = state.codebook.astype(np.float64)
            codebook[kept] = means.moved(codebook[kept], centres, rate)
        return state.after_epoch(
            task,
            codebook,
            radius=radius,
            learning_rate=rate,
            quantisation_error=error / task.samples.total_weight,
            hints=hints,
        )

    def _ordered(
        self, task: Task, state: State, radius: float, rate: float
    ) -> tuple[Array, Any, float, Mapping[str, Any]]:
        """Do as `_means` for medians and modes."""
        if task.metric.centre == "mode" and rate != 1:
            message = (
                f"metric '{task.metric}' compares categories, so a unit moves to one at once or not at all; leave out "
                f"the learning rate '{task.learning_rate}', and partial_fit."
            )
            raise RecipeError(message)
        best, error = find(task, state)
        found = centres_of(task, state, best, radius, self.centre)
        reached = ~np.isnan(found)
        return found[reached], reached, error, {}


def _means(task: Task, state: State, radius: float, means: Means) -> tuple[Array, Any, float, Mapping[str, Any]]:
    """Return the means where weight reaches, the places of these (None: all), the sum of distances, and hints."""
    sums, error, hints = _gather(task, state, means)
    spread = state.lattice.spread(sums, task.neighbourhood.at(radius), task.n_jobs)
    reached = spread[:, -1] > 0
    kept = None if reached.all() else reached
    if kept is not None:
        spread = spread[kept]
    centres = spread[:, :-1]  # in the same memory, for wide data has much of it
    centres /= spread[:, -1:]
    middle, exponent = means.box(task.samples)
    centres *= np.ldexp(1.0, exponent)
    centres += middle
    return means.vectors(centres), kept, error, hints


def _gather(task: Task, state: State, means: Means) -> tuple[Array, float, Mapping[str, Any]]:
    """Return the sums of values and weights per best unit, (m, e + 1), lifted; the sum of the distances; hints."""
    metric, m, d = task.metric, len(state.lattice), task.samples.features
    middle, exponent = means.box(task.samples)
    scale = np.ldexp(1.0, -exponent)
    tiled, best = kernels.tiles_pay(m, d), state.hints.get("best")
    if best is not None and len(best) != len(task.samples):  # of another mini-batch
        best = None
    tiles = state.lattice.tiles if tiled else None
    searcher = metric.prepare(state.codebook, last=state.hints.get("searcher"), tiles=tiles)
    added, errors, found = UnitSums(m, middle, scale), TreeSum(), list[Array]()
    size, weight = task.samples.block_rows, task.samples.weight
    step = kernels.blocks_at_once(task.samples.block_count, m, d) * size

    def gather(number: int) -> tuple[list[tuple[Any, ...]], list[Array], Array]:
        span = slice(number * step, (number + 1) * step)
        rows = task.samples.rows(span)
        units, distances = searcher.nearest(rows, 1, None if best is None else best[span])
        weights, apart = None if weight is None else weight[span], list[Array]()
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            apart.append(np.asarray(distances[part].sum() if weights is None else weights[part] @ distances[part, 0]))
        blocks = added.blocks(means.values(rows), weights, units[:, 0], size)
        return blocks, apart, units[:, 0].astype(np.int32)

    for blocks, apart, units in map_blocks(gather, -(-len(task.samples) // step), task.n_jobs):
        for sums in blocks:
            added.add(sums)
        for error in apart:
            errors.add(error)
        if tiled:
            found.append(units)
    whole, counts = added.result()
    hints: dict[str, Any] = {"searcher": searcher}
    if tiled and state.epoch:  # the first moves units so far that its best ones are no help to the next (measured)
        hints["best"] = np.concatenate(found)
    lifted = np.empty((m, means.width + 1))
    np.multiply(whole, 2.0**LIFT, out=lifted[:, :-1])
    np.multiply(counts, 2.0**LIFT, out=lifted[:, -1])
    return lifted, float(errors.result()), hints
