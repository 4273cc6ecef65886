"""The contract of topologies."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import attrs

from somkit.components.component import Component
from somkit.lattice import Lattice, lattice_of_graph
from somkit.samples import Samples

if TYPE_CHECKING:
    import networkx as nx


@attrs.frozen(kw_only=True)
class Topology(Component):
    """Which units a map has, where they lie and which are joined.

    Implement `graph`; a regular grid that knows its distances overrides `lattice` instead of building a graph first.

    Examples
    --------
    >>> import attrs, networkx as nx
    >>> from somkit import Topology, validators
    >>> @attrs.frozen(kw_only=True)
    ... class Wheel(Topology):
    ...     "A hub and a ring of units round it."
    ...     name = "wheel"
    ...     units: int = attrs.field(default=12, validator=validators.integer(minimum=4))
    ...     def graph(self):
    ...         return nx.wheel_graph(self.units)
    >>> Wheel(units=6).lattice().diameter
    2.0
    """

    kind: ClassVar[str] = "topology"

    @abstractmethod
    def graph(self) -> nx.Graph:
        """Return an undirected graph; nodes may be any hashables, with ``pos`` (2 or 3 floats) if they have one."""

    def lattice(self) -> Lattice:
        """Return the lattice that maps are trained on; by default `graph`'s, counting edges."""
        return lattice_of_graph(self.graph())

    def sized_for(self, samples: Samples) -> Topology:
        """Return this topology with every field that is "auto" turned into a number that suits the samples."""
        del samples
        return self
