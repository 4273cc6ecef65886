"""Small worlds: rings with shortcuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.errors import ParameterError, TopologyError
from somkit.standard.topologies._plane import automatic_units, axis, size
from somkit.validators import integer, number

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]

TRIES = 100


@final
@attrs.frozen(kw_only=True)
class SmallWorld(Topology):
    """A ring of units joined to their nearest neighbours, some edges rewired into shortcuts across it; connected.

    Parameters
    ----------
    units : int >= 6 or "auto"
        "auto": about 5 sqrt(n); more than ``neighbours``.
    neighbours : int >= 4
        Units that each is joined to before rewiring, as many on either side: an even number.
    rewiring : float in [0, 1]
        The chance of each edge to lead somewhere else: 0 leaves a ring, 1 a random graph.
    seed : int >= 0
        The same seed gives the same shortcuts.

    Notes
    -----
    Drawn again until it is connected, at most 100 times.

    References
    ----------
    Watts & Strogatz (1998), Collective dynamics of 'small-world' networks, doi:10.1038/30918.

    Examples
    --------
    >>> SmallWorld(units=40, rewiring=0).lattice().diameter
    10.0
    >>> SmallWorld(units=40, rewiring=0.3).lattice().diameter < 10
    True
    """

    name: ClassVar[str] = "small_world"
    units: int | str = axis(6)
    neighbours: int = attrs.field(default=4, validator=integer(minimum=4))
    rewiring: float = attrs.field(default=0.1, validator=number(minimum=0, maximum=1))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))

    def __attrs_post_init__(self) -> None:
        """Refuse an odd number of neighbours, or more than there are units."""
        Topology.__attrs_post_init__(self)
        if self.neighbours % 2:
            message = f"SmallWorld.neighbours must be even, as many on either side, got {self.neighbours}."
            raise ParameterError(message)
        if isinstance(self.units, int) and self.neighbours >= self.units:
            message = f"SmallWorld.neighbours must be fewer than units ({self.units}), got {self.neighbours}."
            raise ParameterError(message)

    def graph(self) -> nx.Graph:
        """Return the ring with its shortcuts, drawn round a circle."""
        import networkx as nx

        count = size(self.units, "SmallWorld.units")
        try:
            graph = nx.connected_watts_strogatz_graph(count, self.neighbours, self.rewiring, TRIES, seed=self.seed)
        except nx.NetworkXError:
            message = f"'{self}' was not connected in {TRIES} tries; give it more neighbours or another seed."
            raise TopologyError(message) from None
        angle = 2 * np.pi * np.arange(count) / count
        radius = count / (2 * np.pi)
        for unit, (across, up) in enumerate(zip(np.cos(angle).tolist(), np.sin(angle).tolist(), strict=True)):
            graph.nodes[unit]["pos"] = (radius * across, radius * up)
        return graph

    def sized_for(self, samples: Samples) -> SmallWorld:
        """Turn "auto" into a number."""
        if isinstance(self.units, int):
            return self
        return attrs.evolve(self, units=max(6, self.neighbours + 1, automatic_units(samples)))
