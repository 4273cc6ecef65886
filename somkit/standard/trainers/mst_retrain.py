"""The trainer that gives a map another lattice: the minimum spanning tree of its codebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs

from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.lattice import Lattice
from somkit.lattice.graph import lattice_of_edges
from somkit.standard.topologies.from_data import codebook_tree
from somkit.standard.trainers.batch import Batch
from somkit.validators import flag, number

if TYPE_CHECKING:
    from somkit.recipe import Recipe


@final
@attrs.frozen(kw_only=True)
class MstRetrain(Trainer):
    """From progress p >= start on, the lattice is the minimum spanning tree of the codebook W, and trained on.

    The tree T minimises the sum of distance(w_i, w_j) over its edges (i, j), by the map's own metric; map distances are
    edges counted along it. Units keep their nodes' names. The state holds the tree, so it is saved, resumed and drawn
    like any lattice. The radius goes on as it was planned for the first lattice.

    Parameters
    ----------
    trainer : Trainer
        Trains before and after.
    start : float in [0, 1]
        Progress of the epoch before which the tree is first taken.
    every_epoch : bool
        Take it anew before each later epoch, too.

    Notes
    -----
    Formula: T = argmin over spanning trees of sum over edges (i, j) of distance(w_i, w_j).

    Kangas, Kohonen and Laaksonen take the tree of the codebook for the neighbourhood; Prim finds it.

    References
    ----------
    Kangas, Kohonen & Laaksonen (1990), Variants of self-organizing maps, doi:10.1109/72.80208.

    Prim (1957), Shortest connection networks and some generalizations, doi:10.1002/j.1538-7305.1957.tb01515.x.

    Examples
    --------
    >>> from somkit import Recipe
    >>> recipe = Recipe(topology="grid:rows=3,columns=3", trainer="mst_retrain", epochs=4, random_state=0)
    >>> trained = recipe.fit([[0.0, 0.0], [1.0, 0.5], [2.0, 2.0], [3.0, 1.0]])
    >>> len(trained.lattice), len(trained.lattice.edges)
    (9, 8)
    """

    name: ClassVar[str] = "mst_retrain"
    changes_lattice: ClassVar[bool] = True

    trainer: Trainer = attrs.field(default=Batch())
    start: float = attrs.field(default=0.5, validator=number(minimum=0, maximum=1))
    every_epoch: bool = attrs.field(default=False, validator=flag())

    def own_learning_rate(self) -> Any:
        """Take the other trainer's."""
        return self.trainer.own_learning_rate()

    def check(self, recipe: Recipe) -> None:
        """Let the other trainer look at the parts."""
        self.trainer.check(recipe)

    def finished(self, task: Task, state: State) -> bool:
        """Leave it to the other trainer."""
        return self.trainer.finished(task, state)

    def run_epoch(self, task: Task, state: State) -> State:
        """Take the tree if it is time, then run an epoch of the other trainer."""
        due = task.progress(state.epoch) >= self.start
        first = state.epoch == 0 or task.progress(state.epoch - 1) < self.start
        if due and (first or self.every_epoch):
            state = attrs.evolve(state, lattice=self._tree(task, state), hints={})
        return self.trainer.run_epoch(task, state)

    @staticmethod
    def _tree(task: Task, state: State) -> Lattice:
        edges, _ = codebook_tree(task.metric, state.codebook)
        return lattice_of_edges(state.lattice.nodes, edges, None, None)
