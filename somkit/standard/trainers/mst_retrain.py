"""The trainer that gives a map another lattice: the minimum spanning tree of its codebook."""

from __future__ import annotations

from typing import Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Trainer
from somkit.engine import State, Task
from somkit.lattice import Lattice
from somkit.lattice.graph import lattice_of_edges
from somkit.standard.topologies.from_data import codebook_tree
from somkit.standard.trainers.batch import Batch
from somkit.standard.trainers.composed import since
from somkit.validators import flag, number


@final
@attrs.frozen(kw_only=True)
class MstRetrain(Trainer):
    """From progress p >= start on, the lattice is the minimum spanning tree of the codebook W, and trained on.

    The tree T minimises the sum of distance(w_i, w_j) over its edges (i, j), by the map's own metric; map distances are
    edges counted along it. Units keep their nodes' names. The state holds the tree, so it is saved, resumed and drawn
    like any lattice, and its record ``mst_retrain.epoch`` says before which epoch it was taken. The radius goes on as
    it was planned for the first lattice. The other trainer may end training early once it has trained on the tree.

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
    Kangas, Kohonen & Laaksonen (1990), Variants of self-organizing maps, IEEE Transactions on Neural Networks 1.

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

    @property
    def within(self) -> tuple[Trainer, ...]:
        """The other trainer."""
        return (self.trainer,)

    def order_length(self, n: int, progress: float) -> int:
        """Ask the other trainer."""
        return self.trainer.order_length(n, progress)

    def phase(self, progress: float) -> Any:
        """Tell the epochs on the tree from those before, and the phases that the other trainer has."""
        return progress >= self.start, self.trainer.phase(progress)

    def finished(self, task: Task, state: State) -> bool:
        """Leave it to the other trainer, once it has trained on the tree."""
        own = since(state, self.start)
        return state.epoch >= task.epochs or (bool(own.history) and self.trainer.finished(task, own))

    def run_epoch(self, task: Task, state: State) -> State:
        """Take the tree if it is time, then run an epoch of the other trainer."""
        if task.progress(state.epoch) >= self.start and (self.every_epoch or not self._taken(task, state)):
            records = {**state.records, "mst_retrain.epoch": np.array([state.epoch])}
            state = attrs.evolve(state, lattice=self._tree(task, state), records=records, hints={})
        return self.trainer.run_epoch(task, state)

    def _taken(self, task: Task, state: State) -> bool:
        """Tell whether the tree was taken since ``start``: earlier it was another trainer's, within one wrapper."""
        epoch = state.records.get("mst_retrain.epoch")
        return epoch is not None and task.progress(int(epoch[0])) >= self.start

    @staticmethod
    def _tree(task: Task, state: State) -> Lattice:
        edges, _ = codebook_tree(task.metric, state.codebook)
        return lattice_of_edges(state.lattice.nodes, edges, None, None)
