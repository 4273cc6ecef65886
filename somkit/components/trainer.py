"""The contract of trainers."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from somkit.components.component import Component

if TYPE_CHECKING:
    from somkit.engine import State, Task
    from somkit.recipe import Recipe


@attrs.frozen(kw_only=True)
class Trainer(Component):
    """How an epoch changes the codebook.

    Attributes
    ----------
    default_learning_rate : str
        The spelling of the schedule that ``learning_rate=None`` stands for.

    Notes
    -----
    A trainer made of others names them in `within`, and hands them the task and the state as they are. What they take,
    refuse and change it then takes, refuses and changes. Its own `own_learning_rate`, `order_length`, `phase` and
    `finished` ask the one whose turn it is.
    """

    kind: ClassVar[str] = "trainer"
    default_learning_rate: ClassVar[str] = "standard/linear"

    @property
    def within(self) -> tuple[Trainer, ...]:
        """The trainers that this one is made of; none by default."""
        return ()

    @property
    def takes_order(self) -> bool:
        """Whether samples are taken one after the other, so that an explicit ``order`` of them has a meaning.

        False, or where it is made of others: whether one of them does.
        """
        return any(trainer.takes_order for trainer in self.within)

    @property
    def accepts_missing(self) -> bool:
        """Whether samples may hold NaN, for metrics that take it; False, or whether all within do."""
        return bool(self.within) and all(trainer.accepts_missing for trainer in self.within)

    @property
    def accepts_weights(self) -> bool:
        """Whether `Samples.weight` counts: on average over seeds, weight k trains as the row repeated k times.

        Where it is false, weights that differ are refused. True, or where it is made of others: whether all within do.
        """
        return all(trainer.accepts_weights for trainer in self.within)

    @property
    def changes_lattice(self) -> bool:
        """Whether the lattice of the state may become another one, as in growing maps.

        False, or where it is made of others: whether one of them changes it.
        """
        return any(trainer.changes_lattice for trainer in self.within)

    def check(self, recipe: Recipe) -> None:
        """Raise `RecipeError` if a part of the recipe cannot work with this trainer; called when a recipe is built.

        By default those within are asked.
        """
        for trainer in self.within:
            trainer.check(recipe)

    def own_learning_rate(self) -> Any:
        """Return the spelling of what ``learning_rate=None`` stands for; a trainer made of others asks them."""
        return self.default_learning_rate

    def order_length(self, n: int, progress: float) -> int:
        """Return how many numbers of an explicit ``order`` the epoch at a progress takes, of n samples.

        `Task.order_of` has them. By default n where the trainer takes an order, else 0.
        """
        del progress
        return n if self.takes_order else 0

    def phase(self, progress: float) -> Any:
        """Return what tells the epoch at a progress from those whose errors it cannot be compared with.

        By default None, for all: one trainer, on one lattice.
        """
        del progress

    def finished(self, task: Task, state: State) -> bool:
        """Tell whether training ends with this state: by default after the planned epochs.

        It may rest on nothing but its arguments, so that a resumed run ends at the same epoch.
        """
        return state.epoch >= task.epochs

    @abstractmethod
    def run_epoch(self, task: Task, state: State) -> State:
        """Return the state after one more epoch; neither argument is modified."""
