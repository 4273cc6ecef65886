"""The mini-batch trainer: a few samples at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import attrs
import numpy as np

from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.samples import Samples
from somkit.standard.trainers.batch import Batch, check_means
from somkit.validators import integer

if TYPE_CHECKING:
    from somkit.recipe import Recipe


@final
@attrs.frozen(kw_only=True)
class Minibatch(Trainer):
    """A few samples at a time: the batch update with a learning rate, on random mini-batches.

    w_j <- w_j + rate (M_j - w_j), where M_j is the mean of the mini-batch's samples, weighted by influence, as for
    ``batch``. An epoch takes every sample once, in random order.

    Parameters
    ----------
    size : int >= 1
        Samples in a mini-batch; the last one of an epoch may be smaller.

    Notes
    -----
    Formula: w_j <- w_j + rate (M_j - w_j).

    A sample weight counts within its own mini-batch, so weight k is near k copies of a row, which fall into several,
    but not equal to them; a row of weight 0 is no row at all. Where values are missing each mini-batch has denominators
    of its own, and a feature of a unit that none of its values reaches keeps its value. Sculley
    does so for k-means; the update is Kohonen's, `Batch`.

    References
    ----------
    Sculley (2010), Web-scale k-means clustering, doi:10.1145/1772690.1772862.

    Examples
    --------
    >>> from somkit import Recipe
    >>> recipe = Recipe(topology="ring:units=4", trainer="minibatch:size=2", epochs=3, random_state=0)
    >>> [state.updates for state in recipe.train([[0.0], [1.0], [2.0], [3.0], [4.0]])]
    [3, 6, 9]
    """

    name: ClassVar[str] = "minibatch"
    accepts_missing: ClassVar[bool] = True

    size: int = attrs.field(default=64, validator=integer(minimum=1))

    def check(self, recipe: Recipe) -> None:
        """Refuse what the batch update cannot work with."""
        check_means(recipe, self)

    def run_epoch(self, task: Task, state: State) -> State:
        """Run the batch update on one mini-batch after the other: each is an epoch of a longer, finer task."""
        rng, weight = state.rng(), task.samples.weight
        taken = np.arange(len(task.samples)) if weight is None else np.flatnonzero(weight)
        order = rng.permutation(taken)
        steps = -(-len(order) // self.size)
        now = attrs.evolve(state, epoch=state.epoch * steps, history=(), hints={})
        error = 0.0
        for step in range(steps):
            chosen = order[step * self.size : (step + 1) * self.size]
            rows, missing = task.samples.rows(chosen), task.samples.missing
            part = Samples.of(rows, None if weight is None else weight[chosen], missing=missing)
            now = Batch().run_epoch(attrs.evolve(task, samples=part, epochs=task.epochs * steps), now)
            error += now.history[-1]["quantisation_error"] * part.total_weight
        return state.after_epoch(
            task,
            now.codebook,
            radius=now.history[0]["radius"],
            learning_rate=now.history[0]["learning_rate"],
            quantisation_error=error / task.samples.total_weight,
            updates=steps,
            rng=rng,
        )
