"""Run: a recipe on its way through some data."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import attrs
import numpy as np

from somkit import engine
from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.errors import DataWarning, RecipeError, SampleError
from somkit.lattice import Lattice
from somkit.records import provenance, record_state
from somkit.samples import Samples, Scaling
from somkit.storage import Record, encode_values, write_record
from somkit.trained import TrainedMap

if TYPE_CHECKING:
    from somkit.recipe import Recipe

Array = np.ndarray[Any, Any]


def with_order(task: Task, trainer: Trainer, order: Any) -> Task:
    """Return a task with an explicit order of samples, or raise saying what is wrong with it."""
    if order is None:
        return task
    if not trainer.takes_order:
        message = (
            f"order has no meaning for trainer '{trainer}', which does not take them one by one; use trainer='online'."
        )
        raise RecipeError(message)
    indices = np.asarray(order)
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        message = f"order must be a one-dimensional array of integers, got {indices.dtype} of shape {indices.shape}."
        raise SampleError(message)
    n = len(task.samples)
    if len(indices) and (indices.min() < 0 or indices.max() >= n):
        wrong = indices.min() if indices.min() < 0 else indices.max()
        message = f"order must hold sample numbers from 0 to {n - 1}, got {wrong}."
        raise SampleError(message)
    lengths = [trainer.order_length(n, float(task.progress(epoch))) for epoch in range(task.epochs)]
    total = sum(lengths)
    if len(indices) != total:
        even = f"epochs x updates = {task.epochs} x {lengths[0]} = {total} sample numbers"
        uneven = f"{total} sample numbers, those of the {np.count_nonzero(lengths)} epochs that take them one by one"
        message = f"order must hold {even if len(set(lengths)) == 1 else uneven}, got {len(indices)}."
        raise SampleError(message)
    return attrs.evolve(task, order=indices.astype(np.int64), order_starts=np.cumsum([0, *lengths]))


def check_missing(samples: Samples, trainer: Trainer) -> None:
    """Raise if values are missing and the trainer takes none."""
    if samples.missing and not trainer.accepts_missing:
        message = (
            f"trainer '{trainer}' takes no missing values, and X has some; use 'batch' or 'online', or impute them."
        )
        raise RecipeError(message)


def check_weights(samples: Samples, trainer: Trainer, order: Any = None) -> None:
    """Raise if weights differ, no order says how often each sample is taken, and the trainer does not heed weights."""
    weight = samples.weight
    if trainer.accepts_weights or order is not None or weight is None or not np.ptp(weight) > 0:
        return
    message = (
        f"trainer '{trainer}' takes no sample weights, and these differ; use 'batch' or 'online:order=replacement', or "
        f"leave sample_weight out."
    )
    raise RecipeError(message)


def _warn_of_new_features(samples: Samples, unobserved: tuple[int, ...]) -> None:
    new = [feature for feature in unobserved if samples.observed[feature]]
    if new:
        named = ", ".join(
            repr(samples.feature_names[feature]) if samples.feature_names else str(feature) for feature in new
        )
        message = (
            f"feature(s) {named} had no value when the map was set up and count for nothing in it; to use them, fit it "
            f"anew on samples that have some."
        )
        warnings.warn(message, DataWarning, stacklevel=4)


def check_resume_lattice(state: State, lattice: Lattice, trainer: Trainer) -> None:
    """Raise if the lattice of a state to go on from is not the recipe's and the trainer changes none."""
    if not trainer.changes_lattice and state.lattice.nodes != lattice.nodes:
        message = (
            f"the state to resume has {len(state.lattice)} units of another topology than the recipe's {len(lattice)}; "
            f"resume it with its own recipe."
        )
        raise RecipeError(message)


def check_resume(state: State, samples: Samples) -> State:
    """Return a state to go on from, or raise if it was not trained on such samples."""
    if state.codebook.shape[1] != samples.features:
        had = state.codebook.shape[1]
        message = f"X has {samples.features} features, but the state to resume has {had}; resume with the same data."
        raise SampleError(message)
    if state.trained_on not in {None, samples.digest}:
        message = "X or sample_weight is not what the checkpoint was trained on; resume with the same data."
        raise SampleError(message)
    return attrs.evolve(state, hints={})


@final
@attrs.frozen(eq=False, kw_only=True)
class Run:
    """A recipe with everything filled in, its data, and the state it starts from; made by `Recipe.start`.

    Parameters
    ----------
    recipe : Recipe
        With nothing left out, the seed included.
    task : Task
    state : State
        Where `states` starts.
    scaling : Scaling or None
        What the samples are scaled by.
    n_samples : int

    Examples
    --------
    Training that stops when the error no longer falls by a hundredth:

    >>> from somkit import Recipe
    >>> run = Recipe(topology="ring:units=5", epochs=50, random_state=0).start([[0.0], [1.0], [2.0], [5.0]])
    >>> for state in run.states():
    ...     errors = [line["quantisation_error"] for line in state.history]
    ...     if len(errors) > 20 and errors[-1] > 0.99 * errors[-2]:
    ...         break
    >>> run.trained(state).codebook.shape
    (5, 1)
    """

    recipe: Recipe
    task: Task
    state: State
    scaling: Scaling | None
    n_samples: int

    def states(self) -> Iterator[State]:
        """Yield the state after each epoch that is left."""
        return engine.train(self.recipe.trainer, self.task, self.state)

    def last_state(self) -> State:
        """Train to the last epoch and return its state."""
        last = deque(self.states(), maxlen=1)
        return last[0] if last else self.state

    def after(self, state: State) -> Run:
        """Return the run at a later state."""
        return attrs.evolve(self, state=state)

    def one_epoch(self) -> State:
        """Return the state after one more epoch, also past the last that was planned."""
        return engine.step(self.recipe.trainer, self.task, self.state)

    @classmethod
    def continued(cls, trained: TrainedMap, state: State, X: Any, sample_weight: Any = None) -> Run:
        """Return a run that goes on with a map on other samples, scaled as the first ones were."""
        if trained.recipe is None:
            message = "this map has no recipe to go on with: it was not trained here, or a part of it is not installed."
            raise RecipeError(message)
        samples = trained.samples(X, sample_weight).levelled()
        check_missing(samples, trained.recipe.trainer)
        check_weights(samples, trained.recipe.trainer)
        _warn_of_new_features(samples, trained.metric.unobserved)
        return cls(
            recipe=trained.recipe,
            task=trained.recipe.task(samples),
            state=attrs.evolve(state, hints={}),
            scaling=trained.scaling,
            n_samples=len(samples),
        )

    def trained(self, state: State) -> TrainedMap:
        """Return the map at a state."""
        return TrainedMap(
            codebook=state.codebook,
            lattice=state.lattice,
            metric=self.recipe.metric,
            recipe=self.recipe,
            history=state.history,
            feature_names=self.task.samples.feature_names,
            scaling=self.scaling,
            records=state.records,
            n_samples=self.n_samples,
            provenance=provenance(),
        )

    def save_checkpoint(self, path: str | Path, state: State) -> None:
        """Write a state and its recipe to a file; `load_checkpoint` reads it back."""
        plain, arrays = record_state(state)
        recipe = encode_values(self.recipe.to_dict(qualified=True))
        document = {"holds": "checkpoint", "recipe": recipe, "trained_on": self.task.samples.digest, **plain}
        write_record(path, Record({**document, "provenance": provenance()}, arrays))
