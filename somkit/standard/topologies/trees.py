"""Trees: balanced ones, and stars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.lattice import Lattice, networkx_of_lattice
from somkit.standard.topologies._plane import automatic_units, axis, size
from somkit.validators import integer

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]


def _units_of(branching: int, height: int) -> int:
    return sum(branching**level for level in range(height + 1))


@final
@attrs.frozen(kw_only=True)
class Tree(Topology):
    """A balanced tree, for data with a hierarchy: the root is unit 0, and units are numbered level by level.

    Parameters
    ----------
    branching : int >= 1
        Children of each unit but the leaves.
    height : int >= 0 or "auto"
        Levels below the root; "auto": as many as bring the number of units nearest to 5 sqrt(n).

    Notes
    -----
    Map distance counts edges, so that two leaves are as far apart as the way up to the unit they both come from and
    down again. Drawn as rings round the root.

    Koikkalainen and Oja use trees of maps; here one map is the tree.

    References
    ----------
    Koikkalainen & Oja (1990), Self-organizing hierarchical feature maps, International Joint Conference
    on Neural Networks, 279-284.

    Examples
    --------
    >>> Tree(branching=2, height=2).lattice().distances_from([3])
    array([[2., 1., 3., 0., 2., 4., 4.]])
    """

    name: ClassVar[str] = "tree"
    branching: int = attrs.field(default=2, validator=integer(minimum=1))
    height: int | str = axis(0)

    def graph(self) -> nx.Graph:
        """Return the tree as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the tree."""
        height = size(self.height, "Tree.height")
        units = np.arange(_units_of(self.branching, height))
        widths = self.branching ** np.arange(height + 1)
        level = np.repeat(np.arange(height + 1), widths)
        place = units - np.repeat(np.cumsum(widths) - widths, widths)
        angle = 2 * np.pi * (place + 0.5) / widths[level]
        # Rings are 1 apart, or farther where the leaves would not have room.
        radius = level * max(1.0, float(widths[-1]) / (2 * np.pi * max(height, 1)))
        positions = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        edges = np.column_stack([(units[1:] - 1) // self.branching, units[1:]])
        return Lattice(units.tolist(), positions, edges)

    def sized_for(self, samples: Samples) -> Tree:
        """Turn "auto" into a number."""
        if isinstance(self.height, int):
            return self
        wanted = automatic_units(samples)
        height = 0
        while abs(_units_of(self.branching, height + 1) - wanted) < abs(_units_of(self.branching, height) - wanted):
            height += 1
        return attrs.evolve(self, height=height)


@final
@attrs.frozen(kw_only=True)
class Star(Topology):
    """A hub, unit 0, and arms: lines of units that meet in it.

    Parameters
    ----------
    arms : int >= 1 or "auto"
        "auto": about 5 sqrt(n) units in all.
    length : int >= 1
        Units of an arm; they are numbered from the hub outwards, arm by arm.

    References
    ----------
    somkit.

    Examples
    --------
    >>> Star(arms=3, length=2).lattice().distances_from([2])
    array([[2., 1., 0., 3., 4., 3., 4.]])
    """

    name: ClassVar[str] = "star"
    arms: int | str = axis()
    length: int = attrs.field(default=1, validator=integer(minimum=1))

    def graph(self) -> nx.Graph:
        """Return the star as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the star."""
        arms = size(self.arms, "Star.arms")
        units = np.arange(1, arms * self.length + 1)
        arm, step = np.divmod(units - 1, self.length)
        angle = 2 * np.pi * arm / arms
        # The first units of arms stand apart, however many arms there are.
        radius = step + max(1.0, arms / (2 * np.pi))
        outer = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        edges = np.column_stack([np.where(step == 0, 0, units - 1), units])
        positions = np.concatenate([np.zeros((1, 2)), outer])
        return Lattice(range(len(positions)), positions, edges[np.lexsort(edges.T[::-1])])

    def sized_for(self, samples: Samples) -> Star:
        """Turn "auto" into a number."""
        if isinstance(self.arms, int):
            return self
        return attrs.evolve(self, arms=max(1, round((automatic_units(samples) - 1) / self.length)))
