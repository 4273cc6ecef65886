"""The mini-batch trainer: a few samples at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.samples import Samples
from somkit.standard.trainers.batch import Batch, check_means
from somkit.validators import integer

if TYPE_CHECKING:
    from somkit.recipe import Recipe

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Minibatch(Trainer):
    """A few samples at a time: the batch update with a learning rate, on random mini-batches.

    w_j <- w_j + rate (M_j - w_j), where M_j is the mean of the mini-batch's samples, weighted by influence, as for
    ``batch``. An epoch takes every sample once, in random order.

    Parameters
    ----------
    size : int >= 1
        Samples in a mini-batch; the last one of an epoch may be smaller. With sample weights, as much weight as so many
        samples have on average. Below about 8 the means of all units are nearly one, and the map draws together; of
        single samples all units become the same vector, so take ``online`` for these.

    Notes
    -----
    Formula: w_j <- w_j + rate (M_j - w_j).

    Samples whose weights differ are laid end to end in random order, each as long as its weight and in parts where that
    is above the mean, and cut into mini-batches of equal weight. So weight k counts as k copies do, on average over
    seeds; with other mini-batches, so not to the bit. A row of weight 0 is no row at all. Where values are missing each
    mini-batch has denominators of its own, and a feature of a unit that none of its values reaches keeps its value.
    Sculley does so for k-means; the update is Kohonen's, `Batch`.

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
        rng = state.rng()
        batches = self._batches(task.samples, rng)
        steps, error, total = len(batches), 0.0, 0.0
        now = attrs.evolve(state, epoch=state.epoch * steps, history=(), hints={})
        for chosen, weight in batches:
            rows = task.samples.kept_rows(chosen)
            part = Samples.of(rows, weight, missing=task.samples.missing, sparse=task.samples.is_sparse)
            now = Batch().run_epoch(attrs.evolve(task, samples=part, epochs=task.epochs * steps), now)
            error += now.history[-1]["quantisation_error"] * part.total_weight
            total += part.total_weight
        return state.after_epoch(
            task,
            now.codebook,
            radius=now.history[0]["radius"],
            learning_rate=now.history[0]["learning_rate"],
            quantisation_error=error / total,
            updates=steps,
            rng=rng,
        )

    def _batches(self, samples: Samples, rng: np.random.Generator) -> list[tuple[Array, Array | None]]:
        """Return the numbers of the samples of each mini-batch, and their weights in it, None where all are equal."""
        every = np.ones(len(samples)) if samples.weight is None else samples.weight
        taken = np.flatnonzero(every)
        weight, n = every[taken], len(taken)
        starts = np.arange(0, n, self.size)
        if np.ptp(weight) == 0:
            return [(part, None) for part in np.split(rng.permutation(taken), starts[1:])]
        share = weight / weight.mean()
        parts = np.ceil(share).astype(np.int64)
        order = rng.permutation(np.repeat(np.arange(n), parts))
        ends = np.cumsum((share / parts)[order])
        turn = rng.uniform(0, n)  # else short parts would come first and last more often than their weight says
        edges = np.unique(np.concatenate([[0.0], ends, (starts + turn) % n]))
        middle = (edges[:-1] + edges[1:]) / 2
        row = taken[order[np.minimum(np.searchsorted(ends, middle), len(order) - 1)]]
        place = (middle - turn) % n
        along = np.argsort(place)
        cuts = np.searchsorted(place[along], starts[1:])
        return list(zip(np.split(row[along], cuts), np.split(np.diff(edges)[along], cuts), strict=True))
