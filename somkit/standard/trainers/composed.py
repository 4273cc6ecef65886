"""Trainers made of other trainers: one after the other, or until nothing improves any more."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar, final

import attrs

from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.standard.trainers.batch import Batch
from somkit.standard.trainers.minibatch import Minibatch
from somkit.validators import integer, number


def since(state: State, progress: float) -> State:
    """Return a state with the history of the epochs from a progress on."""
    return attrs.evolve(state, history=tuple(line for line in state.history if line["progress"] >= progress))


@final
@attrs.frozen(kw_only=True)
class TwoPhase(Trainer):
    """A rough trainer while progress p < boundary, then a fine one: e -> rough(e) if p(e) < boundary else fine(e).

    Left out, the learning rate is each phase's own, one after the other. Rate and radius are planned phase by phase
    with schedule ``join`` and the same boundary. The rough phase goes on to the boundary, whatever its trainer says of
    being finished; the fine trainer may end training early, and is asked with the history of its own epochs alone.

    Parameters
    ----------
    rough, fine : Trainer
        What trains before the boundary, and from it on.
    boundary : float in [0, 1]
        Progress at which the fine one takes over.

    Notes
    -----
    Kohonen trains in an ordering and a convergence phase.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> from somkit import Recipe
    >>> recipe = Recipe(
    ...     topology="ring:units=4",
    ...     trainer="two_phase:rough=online,fine=batch,boundary=0.5",
    ...     radius="join:schedules=[{name=linear,start=2,stop=1},{name=constant,value=1}],boundaries=[0.5]",
    ...     epochs=4,
    ...     random_state=0,
    ... )
    >>> [state.updates for state in recipe.train([[0.0], [1.0], [2.0], [3.0], [4.0]])]
    [5, 10, 11, 12]
    """

    name: ClassVar[str] = "two_phase"

    rough: Trainer = attrs.field(default=Minibatch())
    fine: Trainer = attrs.field(default=Batch())
    boundary: float = attrs.field(default=0.25, validator=number(minimum=0, maximum=1))

    def own_learning_rate(self) -> Any:
        """Join what the phases would take."""
        rough, fine = self.rough.own_learning_rate(), self.fine.own_learning_rate()
        if self.boundary in {0, 1}:
            return rough if self.boundary else fine
        return {"name": "standard/join", "schedules": [rough, fine], "boundaries": [self.boundary]}

    @property
    def within(self) -> tuple[Trainer, ...]:
        """Both."""
        return self.rough, self.fine

    def _at(self, progress: float) -> Trainer:
        return self.rough if progress < self.boundary else self.fine

    def order_length(self, n: int, progress: float) -> int:
        """Ask the phase's trainer."""
        return self._at(progress).order_length(n, progress)

    def phase(self, progress: float) -> Any:
        """Tell the phases apart, and those that their trainers have."""
        return progress < self.boundary, self._at(progress).phase(progress)

    def finished(self, task: Task, state: State) -> bool:
        """Leave it to the fine trainer, once it has trained."""
        own = since(state, self.boundary)
        return state.epoch >= task.epochs or (bool(own.history) and self.fine.finished(task, own))

    def run_epoch(self, task: Task, state: State) -> State:
        """Run an epoch of the phase's trainer, the task unchanged."""
        return self._at(task.progress(state.epoch)).run_epoch(task, state)


@final
@attrs.frozen(kw_only=True)
class Converging(Trainer):
    """Another trainer until it improves nothing: ends after epoch e if q(e-i-1) - q(e-i) <= tol q(e-i-1).

    That must hold for each i = 0..patience-1, q being the history's quantisation error, in epochs of one radius: while
    the radius still falls, an error that stands still says nothing. Nor does it while the trainer has a later phase
    ahead, such as the fine one of ``two_phase``. So give a radius that comes to rest, such as
    ``join:schedules=[linear,{name=constant,value=1}],boundaries=[0.2]``, and more epochs than you expect to need;
    ``SOM.n_iter_`` says how many were run. What decides is in the state, so a resumed run ends at the same epoch.

    Parameters
    ----------
    trainer : Trainer
        What trains.
    tol : float >= 0
        Relative improvement in an epoch that is still worth going on for.
    patience : int >= 1
        Epochs in a row without it.

    Notes
    -----
    The rule of scikit-learn's iterative estimators (``tol``, ``n_iter_no_change``), made relative to the error.

    References
    ----------
    Pedregosa et al. (2011), Scikit-learn: machine learning in Python, https://jmlr.org/papers/v12/pedregosa11a.html.

    Examples
    --------
    >>> from somkit import SOM
    >>> som = SOM(topology="ring:units=4", trainer="converging", radius="constant:value=1", epochs=100, random_state=0)
    >>> som.fit([[0.0], [1.0], [2.0], [3.0], [4.0]]).n_iter_ < 100
    True
    """

    name: ClassVar[str] = "converging"

    trainer: Trainer = attrs.field(default=Batch())
    tol: float = attrs.field(default=1e-4, validator=number(minimum=0))
    patience: int = attrs.field(default=3, validator=integer(minimum=1))

    def own_learning_rate(self) -> Any:
        """Take the other trainer's."""
        return self.trainer.own_learning_rate()

    @property
    def within(self) -> tuple[Trainer, ...]:
        """The other trainer."""
        return (self.trainer,)

    def order_length(self, n: int, progress: float) -> int:
        """Ask the other trainer."""
        return self.trainer.order_length(n, progress)

    def phase(self, progress: float) -> Any:
        """Ask the other trainer."""
        return self.trainer.phase(progress)

    def run_epoch(self, task: Task, state: State) -> State:
        """Run an epoch of the other trainer."""
        return self.trainer.run_epoch(task, state)

    def finished(self, task: Task, state: State) -> bool:
        """Tell whether the last epochs, all of one radius and of the last phase, improved too little."""
        if self.trainer.finished(task, state):
            return True
        last = state.history[-self.patience - 1 :]
        if len(last) <= self.patience or len({line["radius"] for line in last}) > 1:
            return False
        if any(self.phase(line["progress"]) != self.phase(1.0) for line in last):
            return False
        errors = [line["quantisation_error"] for line in last]
        return all(before - after <= self.tol * before for before, after in pairwise(errors))
