"""The minimal loop: a fold of a trainer over states. It knows contracts and never a concrete part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, final

import attrs
import numpy as np

from somkit.components import Metric, Neighbourhood, Schedule, Trainer
from somkit.errors import RecipeError
from somkit.kernels import blocks_at_once, keep_freed_memory, map_blocks, one_blas_thread, tiles_pay
from somkit.lattice import Lattice
from somkit.samples import Samples
from somkit.searching import Searcher, Tiles

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(eq=False, kw_only=True)
class Task:
    """What does not change while a map is trained.

    Parameters
    ----------
    samples : Samples
        As the map sees them, scaled.
    metric : Metric
        Fitted to them.
    neighbourhood : Neighbourhood
    learning_rate, radius : Schedule
        With nothing left out.
    epochs : int >= 1
        As planned; training by hand may go on past them.
    order : array of int64, or None
        The samples that the epochs take one after the other, as they were given; None: the trainer's own order.
    order_starts : array of int64, shape (epochs + 1,), or None
        Where in the order each epoch begins, and the last one ends; None: all take as many.
    n_jobs : int >= 1 or None
        Threads; None uses every core.
    """

    samples: Samples
    metric: Metric
    neighbourhood: Neighbourhood
    learning_rate: Schedule
    radius: Schedule
    epochs: int
    order: Array | None = None
    n_jobs: int | None = None
    order_starts: Array | None = None

    def order_of(self, epoch: int) -> Array | None:
        """Return the samples that an epoch is to take, one after the other; None where no order was given."""
        if self.order is None:
            return None
        if epoch >= self.epochs:
            message = f"order holds the samples of {self.epochs} epochs, and these are done; start anew to train on."
            raise RecipeError(message)
        starts = self.order_starts
        if starts is None:
            starts = np.arange(self.epochs + 1) * (len(self.order) // self.epochs)
        return self.order[starts[epoch] : starts[epoch + 1]]

    def progress(self, epoch: int, step: Any = 0, steps: int = 1) -> Any:
        """Return how far training is at step 0..steps-1 of an epoch: 0 at the very first step, 1 at the very last.

        Past the planned epochs it stays 1; where there is but one step it is 0.
        """
        last = self.epochs * steps - 1
        at = epoch * steps + np.asarray(step, dtype=np.float64)
        return np.minimum(at / last, 1.0) if last else np.where(at > 0, 1.0, 0.0)


@final
@attrs.frozen(eq=False, kw_only=True)
class State:
    """What does change, and all that a resumed run needs.

    Parameters
    ----------
    lattice : Lattice
        In the state, so that a growing map is only a trainer that returns another lattice.
    codebook : array of shape (m, d)
    epoch, updates : int
        How many are done; a batch epoch is one update.
    rng_state : dict
        State of the bit generator that trainers draw from.
    history : tuple of dict
        One entry an epoch: epoch, progress, radius, learning_rate and the quantisation_error before the update.
    records : mapping of str to array
        Whatever else a trainer carries from epoch to epoch.
    hints : mapping of str to anything
        What may make the next epoch faster and never changes its result; kept in no file.
    trained_on : str or None
        For a state from a checkpoint, the digest of the samples it was trained on.
    """

    lattice: Lattice
    codebook: Array
    rng_state: Mapping[str, Any]
    epoch: int = 0
    updates: int = 0
    history: tuple[dict[str, float], ...] = ()
    records: Mapping[str, Array] = attrs.field(factory=dict)
    hints: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    trained_on: str | None = None

    def rng(self) -> np.random.Generator:
        """Return a generator at the state's point; put its ``bit_generator.state`` into the next state."""
        generator = np.random.Generator(np.random.PCG64(0))  # a fixed seed is drawn faster than a new one
        generator.bit_generator.state = dict(self.rng_state)
        return generator

    def after_epoch(
        self,
        task: Task,
        codebook: Array,
        *,
        radius: float,
        learning_rate: float,
        quantisation_error: float,
        updates: int = 1,
        lattice: Lattice | None = None,
        rng: np.random.Generator | None = None,
        records: Mapping[str, Array] | None = None,
        hints: Mapping[str, Any] | None = None,
    ) -> State:
        """Return the state one epoch on, with its line of history."""
        line = {
            "epoch": self.epoch,
            "progress": float(task.progress(self.epoch)),
            "radius": float(radius),
            "learning_rate": float(learning_rate),
            "quantisation_error": float(quantisation_error),
        }
        codebook = np.ascontiguousarray(codebook, dtype=task.samples.dtype)
        codebook.flags.writeable = False
        return State(
            lattice=lattice or self.lattice,
            codebook=codebook,
            rng_state=self.rng_state if rng is None else rng.bit_generator.state,
            epoch=self.epoch + 1,
            updates=self.updates + updates,
            history=(*self.history, line),
            records=self.records if records is None else records,
            hints={} if hints is None else hints,
        )


def train(trainer: Trainer, task: Task, state: State) -> Iterator[State]:
    """Yield the state after each epoch until the trainer is finished, at the latest when the task's epochs are done."""
    while state.epoch < task.epochs and not trainer.finished(task, state):
        state = step(trainer, task, state)
        yield state


def step(trainer: Trainer, task: Task, state: State) -> State:
    """Run one epoch, and let no codebook through that is not finite or not of the lattice's size."""
    keep_freed_memory()
    with one_blas_thread():
        after = trainer.run_epoch(task, state)
    shape = (len(after.lattice), task.samples.features)
    if after.codebook.shape != shape:
        message = f"trainer '{trainer}' returned a codebook of shape {after.codebook.shape} for a map of {shape}."
        raise RecipeError(message)
    if not np.isfinite(after.codebook).all():
        message = (
            f"trainer '{trainer}' diverged in epoch {state.epoch}: the codebook is no longer finite; lower the "
            f"learning rate '{task.learning_rate}' or scale the data."
        )
        raise RecipeError(message)
    return after


def prepare(metric: Metric, codebook: Array, samples: Samples, tiles: Tiles | None = None) -> Searcher:
    """Lay a codebook out for searching the blocks of some samples as they are kept (`Samples.kept_block`)."""
    W = codebook.astype(np.result_type(codebook, samples.dtype), copy=False)
    return metric.prepare_sparse(W) if samples.is_sparse else metric.prepare(W, tiles=tiles)


def search(
    metric: Metric, codebook: Array, lattice: Lattice, samples: Samples, k: int = 1, n_jobs: int | None = None
) -> tuple[Array, Array]:
    """Return the k nearest units of every sample, (n, k), and their distances, (n, k)."""
    tiles = lattice.tiles if tiles_pay(*codebook.shape) else None
    searcher = prepare(metric, codebook, samples, tiles)
    step = blocks_at_once(samples.block_count, *codebook.shape) * samples.block_rows

    def find(number: int) -> tuple[Array, Array]:
        return searcher.nearest(samples.kept_rows(slice(number * step, (number + 1) * step)), k)

    found = list(map_blocks(find, -(-len(samples) // step), n_jobs))
    return np.concatenate([units for units, _ in found]), np.concatenate([distances for _, distances in found])
