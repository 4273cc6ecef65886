"""A stranger's plugin: one topology, one schedule and one visualiser, found by name wherever somkit's own are."""

from __future__ import annotations

from typing import Any, ClassVar, final

import attrs
import networkx as nx
import numpy as np

from somkit import Schedule, Topology, Visualiser, hookimpl
from somkit.validators import integer, number


@final
@attrs.frozen(kw_only=True)
class Wheel(Topology):
    """A hub and a rim of units round it, each joined to the hub and to the next.

    Parameters
    ----------
    units : int >= 4
        The hub among them.

    Examples
    --------
    >>> Wheel(units=5).lattice().distances_from([0])
    array([[0., 1., 1., 1., 1.]])
    """

    name: ClassVar[str] = "wheel"
    units: int = attrs.field(default=9, validator=integer(minimum=4))

    def graph(self) -> nx.Graph:
        """Return the wheel, drawn as one."""
        graph = nx.wheel_graph(self.units)
        for unit in graph:
            angle, radius = 2 * np.pi * unit / (self.units - 1), float(unit > 0)
            graph.nodes[unit]["pos"] = (radius * np.cos(angle), radius * np.sin(angle))
        return graph


@final
@attrs.frozen(kw_only=True)
class WarmUp(Schedule):
    """Rise from 0 to a peak, then fall in a straight line to a stop.

    Parameters
    ----------
    peak, stop : float >= 0
    at : float in (0, 1)
        Progress at which the peak is reached.

    Examples
    --------
    >>> [WarmUp(peak=2, stop=1, at=0.5)(p) for p in (0.0, 0.5, 1.0)]
    [0.0, 2.0, 1.0]
    """

    name: ClassVar[str] = "warm_up"
    peak: float = attrs.field(default=0.5, validator=number(minimum=0))
    stop: float = attrs.field(default=0.01, validator=number(minimum=0))
    at: float = attrs.field(default=0.1, validator=number(above=0, below=1))

    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress."""
        value = np.interp(progress, [0.0, self.at, 1.0], [0.0, self.peak, self.stop])
        return value if np.ndim(progress) else float(value)


@final
@attrs.frozen(kw_only=True)
class Sunburst(Visualiser):
    """Rays from the middle of the map to every unit, as long as the unit's vector."""

    name: ClassVar[str] = "sunburst"

    def draw(self, trained: Any, ax: Any, X: Any = None, y: Any = None, sample_weight: Any = None) -> Any:
        """Draw the rays on ``ax``."""
        del X, y, sample_weight
        for position, vector in zip(trained.lattice.positions, trained.codebook, strict=True):
            length = float(np.linalg.norm(vector))
            ax.plot([0, length * position[0]], [0, length * position[1]], color="tab:orange")
        ax.set_aspect("equal")
        return ax


@hookimpl
def somkit_topologies() -> list[type[Topology]]:
    """Return the wheel."""
    return [Wheel]


@hookimpl
def somkit_schedules() -> list[type[Schedule]]:
    """Return the warm-up."""
    return [WarmUp]


@hookimpl
def somkit_visualisers() -> list[type[Visualiser]]:
    """Return the sunburst."""
    return [Sunburst]
