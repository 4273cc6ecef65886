"""The topology: units spread evenly over a sphere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, final

import attrs
import numpy as np

from somkit import Topology
from somkit.errors import ParameterError
from somkit.lattice import Coordinates, Lattice, networkx_of_lattice
from somkit.validators import integer
from somkit_globe.geodesic import cells, geodesic
from somkit_globe.projection import flat_cells

if TYPE_CHECKING:
    import networkx as nx

    from somkit import Samples

FEWEST, MOST = 4, 2_500  # units that a size left to the data aims at, as somkit's own topologies do


@final
@attrs.frozen(kw_only=True)
class Globe(Topology):
    """A sphere of hexagons and twelve pentagons: a map without a border on which no unit is special.

    Units are numbered from the north pole southwards. Map distance is the way along a great circle, with edges of
    median length 1.

    Parameters
    ----------
    frequency : int >= 1 or "auto"
        Into so many parts each side of an icosahedron is divided: 10 frequency^2 + 2 units. "auto": nearest to
        5 sqrt(n) units.

    Notes
    -----
    Views draw it flat, in the Equal Earth projection, which keeps areas; the view ``globe`` draws it in space.

    References
    ----------
    Ritter (1999), Self-organizing maps on non-euclidean spaces, in Oja & Kaski (editors), Kohonen Maps, Elsevier.

    Wu & Takatsuka (2006), Spherical self-organizing map using efficient indexed geodesic data structure,
    doi:10.1016/j.neunet.2006.05.021.

    Examples
    --------
    >>> lattice = Globe(frequency=3).lattice()
    >>> len(lattice), len(lattice.edges)
    (92, 270)
    """

    name: ClassVar[str] = "globe"
    frequency: int | str = attrs.field(default="auto", validator=integer(minimum=1, words=("auto",)))

    def graph(self) -> nx.Graph:
        """Return the sphere as a networkx graph with nodes 0, 1, 2, ..."""
        return networkx_of_lattice(self.lattice())

    def lattice(self) -> Lattice:
        """Return the sphere."""
        if isinstance(self.frequency, str):
            message = "Globe.frequency is 'auto', which needs data to become a number; give an integer, or fit the map."
            raise ParameterError(message)
        points, edges = geodesic(self.frequency)
        first, second = points[edges].swapaxes(0, 1)
        apart = np.linalg.norm(first - second, axis=1)
        arcs = 2 * np.arctan2(apart, np.linalg.norm(first + second, axis=1))
        radius = 1 / float(np.median(arcs))
        points = points * radius
        return Lattice(
            range(len(points)),
            points,
            edges,
            lengths=arcs * radius,
            rule=Coordinates(points, norm="great_circle"),
            cells=flat_cells(points, cells(points)),
        )

    def sized_for(self, samples: Samples) -> Globe:
        """Turn "auto" into a number."""
        if isinstance(self.frequency, int):
            return self
        units = min(max(5 * math.sqrt(samples.total_weight), FEWEST), MOST)
        return Globe(frequency=max(1, round(math.sqrt(max(units - 2, 0) / 10))))
