"""Grids of any number of dimensions."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Topology
from somkit.errors import ParameterError
from somkit.lattice import Coordinates, Lattice, networkx_of_lattice
from somkit.standard.topologies._plane import NORM, automatic_units, size, squares
from somkit.validators import choice, refuse

if TYPE_CHECKING:
    import networkx as nx

    from somkit.samples import Samples

Array = np.ndarray[Any, Any]

MOST_AXES = 8  # with chebyshev a unit of 8 axes has 6 560 neighbours


@final
@attrs.frozen(kw_only=True)
class LatticeTopology(Topology):
    """A grid of any number of axes; units are numbered with the last axis fastest, as numpy's arrays are.

    Parameters
    ----------
    shape : tuple of int >= 1 or "auto"
        Units along each axis; "auto": about 5 sqrt(n) units in all, sides like the data's main directions, the last
        axis the longest.
    periodic : bool, or tuple of bool, one an axis
        Axes whose ends meet, all or none of them with a single bool. Such an axis has at least 3 units.
    distance : "plane" | "path" | "chebyshev"
        Straight through space, steps along edges, or steps that may be diagonal. A unit has two neighbours an axis,
        with "chebyshev" all 3^axes - 1 around it.

    Notes
    -----
    Up to two axes are drawn flat, three in space, and more as flat slices side by side.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> lattice = LatticeTopology(shape=(2, 3, 4)).lattice()
    >>> len(lattice), lattice.nodes[-1], round(lattice.diameter, 3)
    (24, (1, 2, 3), 3.742)
    """

    name: ClassVar[str] = "lattice"
    shape: tuple[int | str, ...] = ("auto", "auto", "auto")
    periodic: bool | tuple[bool, ...] = False
    distance: str = attrs.field(default="plane", validator=choice(*NORM))

    def __attrs_post_init__(self) -> None:
        """Refuse shapes that are none, and rings of fewer than 3 units."""
        Topology.__attrs_post_init__(self)
        shape = self.shape
        if not isinstance(shape, tuple) or not 1 <= len(shape) <= MOST_AXES or not all(map(_is_side, shape)):
            raise refuse(self, "shape", f"1 to {MOST_AXES} integers >= 1 or 'auto'", shape)
        wraps = self.periodic
        several = isinstance(wraps, tuple) and len(wraps) == len(shape) and all(isinstance(one, bool) for one in wraps)
        if not isinstance(wraps, bool) and not several:
            raise refuse(self, "periodic", f"true, false, or a list of {len(shape)} of these", wraps)
        for side, wrap in zip(shape, self._wraps, strict=True):
            if wrap and isinstance(side, int) and side < 3:
                message = f"LatticeTopology.shape must be >= 3 along periodic axes, got {side}."
                raise ParameterError(message)

    @property
    def _wraps(self) -> tuple[bool, ...]:
        return self.periodic if isinstance(self.periodic, tuple) else (self.periodic,) * len(self.shape)

    def graph(self) -> nx.Graph:
        """Return the grid as a networkx graph whose nodes are places along the axes."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the grid."""
        shape = tuple(size(side, "LatticeTopology.shape") for side in self.shape)
        points = np.stack(np.unravel_index(np.arange(math.prod(shape)), shape), axis=1)
        periods = tuple(side * wrap for side, wrap in zip(shape, self._wraps, strict=True))
        positions = _positions(points, shape)
        return Lattice(
            tuple(map(tuple, points.tolist())),
            positions,
            self._edges(points, shape),
            rule=Coordinates(points, norm=NORM[self.distance], periods=periods),
            cells=None if positions.shape[1] == 3 else squares(positions),
        )

    def _edges(self, points: Array, shape: tuple[int, ...]) -> Array:
        wraps, sides = np.array(self._wraps), np.array(shape)
        found = [np.empty((0, 2), dtype=np.int64)]
        for step in itertools.product((-1, 0, 1), repeat=len(shape)):
            forward = step > (0,) * len(shape)  # each edge from its one end alone
            if not forward or (self.distance != "chebyshev" and np.abs(step).sum() != 1):
                continue
            to = points + step
            inside = ((to >= 0) & (to < sides) | wraps).all(axis=1)
            target = np.ravel_multi_index(tuple((to % sides).T), shape)
            found.append(np.column_stack([np.arange(len(points)), target])[inside])
        return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)

    def sized_for(self, samples: Samples) -> LatticeTopology:
        """Turn "auto" into numbers."""
        free = [place for place, side in enumerate(self.shape) if side == "auto"]
        if not free:
            return self
        units = automatic_units(samples)
        deviations = np.zeros(len(free))
        found, _ = samples.principal_components(len(free))
        deviations[: len(found)] = found
        # An axis for a direction in which there is next to nothing is as long as the first, as on a grid.
        weak = deviations * math.sqrt(units) < deviations[0]
        extents = np.sort(np.where(weak | (deviations == 0), deviations[0] or 1.0, deviations))
        shape = list(self.shape)
        fixed = math.prod(side for side in self.shape if isinstance(side, int))
        for number, place in enumerate(free):
            rest = extents[number:]
            side = float(extents[number] / np.exp(np.log(rest).mean()) * max(1.0, units / fixed) ** (1 / len(rest)))
            chosen = max(3 if self._wraps[place] else 1, round(side))
            shape[place] = chosen
            fixed *= chosen
        return attrs.evolve(self, shape=tuple(shape))


def _is_side(side: Any) -> bool:
    return side == "auto" or (isinstance(side, int) and not isinstance(side, bool) and side >= 1)


def _positions(points: Array, shape: tuple[int, ...]) -> Array:
    """Return where units are drawn: in the plane or in space; of more than three axes, slices side by side."""
    axes = points.shape[1]
    if axes == 1:
        return np.column_stack([points[:, 0], np.zeros(len(points))]).astype(np.float64)
    if axes <= 3:
        return points[:, ::-1].astype(np.float64)
    down, across = points[:, -2].astype(np.float64), points[:, -1].astype(np.float64)
    height, width = shape[-2] + 1, shape[-1] + 1
    for place in range(axes - 3, -1, -1):  # alternately to the right and upwards
        if (axes - 3 - place) % 2 == 0:
            across += width * points[:, place]
            width = width * shape[place] + 1
        else:
            down += height * points[:, place]
            height = height * shape[place] + 1
    return np.column_stack([across, down])
