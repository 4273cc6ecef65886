"""The view: a sphere in space, seen from where you like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit import Visualiser
from somkit.errors import ParameterError, SampleError
from somkit.lattice import Coordinates
from somkit.validators import number, text
from somkit_globe.geodesic import CORNERS, Array, cells, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit import TrainedMap


@final
@attrs.frozen(kw_only=True)
class GlobeView(Visualiser):
    """The units of a spherical map in space, coloured by one number each; other maps as points, joined by their edges.

    Parameters
    ----------
    show : "distances" | "hits" | text
        Each unit's mean distance to its neighbours' vectors, as in a U-matrix; how many samples fell on it; or the
        name of a feature, or its number.
    elevation, azimuth : float
        From where the globe is seen, in degrees: the latitude and the longitude below you.

    References
    ----------
    somkit.

    Examples
    --------
    >>> from somkit import SOM
    >>> som = SOM(topology="globe:frequency=2", random_state=0).fit([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> som.map_.draw("globe", azimuth=90).name
    '3d'
    """

    name: ClassVar[str] = "globe"
    projection: ClassVar[str | None] = "3d"
    show: str = attrs.field(default="distances", validator=text())
    elevation: float = attrs.field(default=20.0, validator=number())
    azimuth: float = attrs.field(default=0.0, validator=number())

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size that leaves room for the colour bar."""
        del trained
        return 6.0, 5.0

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the globe on three-dimensional axes.

        Raises
        ------
        SampleError
            If hits are to be shown and there are no samples.
        ParameterError
            If the axes are flat, or a feature is to be shown that the map has not.
        """
        del y
        space: Any = ax
        if ax.name != "3d":
            message = "view 'globe' draws in space; give it axes made with projection='3d', or none."
            raise ParameterError(message)
        values, label = self._values(trained, X, sample_weight)
        lattice = trained.lattice
        low, high = _limits(values)
        style: dict[str, Any] = {"cmap": "viridis", "clim": (low, high)}
        if isinstance(lattice.rule, Coordinates) and lattice.rule.norm == "great_circle":
            shown = _patches(space, lattice.positions, values, style)
        else:
            shown = _points(space, lattice.positions, lattice.edges, values, style)
        space.view_init(elev=self.elevation, azim=self.azimuth)
        space.set_box_aspect((1, 1, 1), zoom=1.25)
        space.set_axis_off()
        space.set_title(f"Globe, seen from {self.elevation:g}°, {self.azimuth:g}°", fontsize=12)
        figure: Any = ax.figure
        bar = figure.colorbar(shown, ax=ax, shrink=0.7, pad=0.0)
        bar.set_label(label, fontsize=9)
        bar.ax.tick_params(labelsize=9)
        return ax

    def _values(self, trained: TrainedMap, X: Any, sample_weight: Any) -> tuple[Array, str]:
        if self.show == "distances":
            return trained.neighbour_distances, "mean distance to neighbours"
        if self.show == "hits":
            if X is None:
                message = "view 'globe:show=hits' needs X, the samples to count; draw it with trained.draw(..., X=X)."
                raise SampleError(message)
            return trained.hits(X, sample_weight), "samples" if sample_weight is None else "total weight of samples"
        names = list(trained.feature_labels)
        numbers = [str(feature) for feature in range(len(names))]
        for known in (names, numbers):
            if self.show in known:
                feature = known.index(self.show)
                return trained.codebook_in_units[:, feature].astype(np.float64), names[feature]
        message = f"GlobeView.show must be 'distances', 'hits' or one of {', '.join(names)}, got {self.show!r}."
        raise ParameterError(message)


def _limits(values: Array) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _patches(space: Any, positions: Array, values: Array, style: dict[str, Any]) -> Any:
    """Draw cells, those on the far side left out by what stands before them."""
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    # All with as many corners: matplotlib fills up shorter ones with what happens to be in memory, and looks at it.
    outlines = [rounded(corners, CORNERS // len(corners)) for corners in cells(positions)]
    shown = Poly3DCollection(outlines, edgecolors="white", linewidths=0.4, zsort="average", **style)
    shown.set_array(values)
    space.add_collection3d(shown)
    radius = float(np.linalg.norm(positions[0]))
    space.set(xlim=(-radius, radius), ylim=(-radius, radius), zlim=(-radius, radius))
    return shown


def _points(space: Any, positions: Array, edges: Array, values: Array, style: dict[str, Any]) -> Any:
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    placed = np.zeros((len(positions), 3))
    placed[:, : positions.shape[1]] = positions
    if len(edges):
        space.add_collection3d(Line3DCollection(placed[edges], colors="#a3a3a3", linewidths=0.8))
    low, high = style.pop("clim")
    return space.scatter(*placed.T, c=values, vmin=low, vmax=high, depthshade=False, plotnonfinite=True, **style)
