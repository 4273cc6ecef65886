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
    takes_order : bool
        Whether the samples are taken one after the other, so that an explicit ``order`` of them has a meaning.
    accepts_missing : bool
        Whether samples may hold NaN, for metrics that take it.
    changes_lattice : bool
        Whether the lattice of the state may become another one, as in growing maps.
    """

    kind: ClassVar[str] = "trainer"
    default_learning_rate: ClassVar[str] = "standard/linear"
    takes_order: ClassVar[bool] = False
    accepts_missing: ClassVar[bool] = False
    changes_lattice: ClassVar[bool] = False

    def check(self, recipe: Recipe) -> None:
        """Raise `RecipeError` if a part of the recipe cannot work with this trainer; called when a recipe is built."""
        del recipe

    def own_learning_rate(self) -> Any:
        """Return the spelling of what ``learning_rate=None`` stands for; a trainer made of others asks them."""
        return self.default_learning_rate

    def finished(self, task: Task, state: State) -> bool:
        """Tell whether training ends with this state: by default after the planned epochs.

        It may rest on nothing but its arguments, so that a resumed run ends at the same epoch.
        """
        return state.epoch >= task.epochs

    @abstractmethod
    def run_epoch(self, task: Task, state: State) -> State:
        """Return the state after one more epoch; neither argument is modified."""
