"""Units as flat shapes, on any lattice: the stage that every view is drawn on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, Self

import attrs
import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection

    from somkit.lattice import Lattice

Array = np.ndarray[Any, Any]
Side = Literal["right", "bottom"]

INK, LINE, EMPTY = "#262626", "#a3a3a3", "#ededed"

ANGLES = 2 * np.pi * np.arange(64) / 64
CIRCLE = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])  # as a polygon
TURN, TILT = math.radians(25), math.radians(20)  # views along an axis would hide the units of a cube behind each other
WIDE = 1.6  # maps wider than this, in heights, have their colour bar or legend below
CROWD = 400  # units; more are drawn without marks and with faint edges
MARGIN = 0.02  # around the map, as a share of its longer side

# In inches.
SIDE, LONGEST_SIDE = 4.6, 12.0  # of the square that a map's area equals, and the longest side it may have
FULL_SIZE = 9  # units; fewer are drawn smaller, or one alone would fill the page
TITLE, NARROWEST_TITLE = 0.55, 2.4


@attrs.frozen(eq=False)
class Stage:
    """The units of a lattice as flat shapes.

    Parameters
    ----------
    lattice : Lattice
    shapes : array of shape (m, c, 2)
        The lattice's cells; circles where it has none.
    centres : array of shape (m, 2)
    order : array of shape (m,)
        Units from the farthest to the nearest, as they are painted; 0, 1, 2, ... where all lie in the plane.
    width : float > 0, optional
        Of the drawn map in inches, so that outlines suit the shapes; by default that of a map alone.
    """

    lattice: Lattice
    shapes: Array
    centres: Array
    order: Array
    width: float | None = None

    @classmethod
    def of(cls, lattice: Lattice) -> Self:
        """Set the stage for a lattice."""
        flat, order = project(lattice.positions)
        if lattice.cells is not None:
            centres = flat if lattice.positions.shape[1] == 2 else lattice.cells.mean(axis=1)
            return cls(lattice, lattice.cells, centres, np.arange(len(lattice)))
        return cls(lattice, flat[:, None] + _radius(lattice.positions) * CIRCLE, flat, order)

    @property
    def has_cells(self) -> bool:
        """Whether units fill the plane, so that nothing needs to be drawn between them."""
        return self.lattice.cells is not None

    @property
    def crowded(self) -> bool:
        """Whether there are too many units for marks in them."""
        return len(self.order) > CROWD

    @property
    def corner_low(self) -> Array:
        """The lower left corner of the map."""
        return np.asarray(self.shapes.min(axis=(0, 1)))

    @property
    def corner_high(self) -> Array:
        """The upper right corner of the map."""
        return np.asarray(self.shapes.max(axis=(0, 1)))

    @property
    def aspect(self) -> float:
        """Width over height, margins included."""
        width, height = self.corner_high - self.corner_low
        margin = 2 * MARGIN * max(width, height)
        return float((width + margin) / (height + margin))

    @property
    def side(self) -> Side:
        """Where the colour bar or the legend has more room."""
        return "bottom" if self.aspect > WIDE else "right"

    def size(self, side: float = SIDE, longest: float = LONGEST_SIDE) -> tuple[float, float]:
        """Return the width and height, in inches, of a map as large as a square, but not too long."""
        root = math.sqrt(self.aspect)
        side *= min(1.0, math.sqrt(len(self.order) / FULL_SIZE))
        shrink = min(1.0, longest / (side * max(root, 1 / root)))
        return side * root * shrink, side / root * shrink

    def figure_size(self, beside: float, below: float) -> tuple[float, float]:
        """Return the size of a figure of the map, its title, and what stands beside it, or below it if it is wide."""
        width, height = self.size()
        if self.side == "right":
            return max(width, NARROWEST_TITLE) + beside, height + TITLE
        return width, height + TITLE + below

    def set_up(self, ax: Axes) -> None:
        """Prepare the axes: equal aspect, limits around the map, no ticks and no frame."""
        low, high = self.corner_low, self.corner_high
        margin = MARGIN * (high - low).max()
        # Against the side of the colour bar or legend: layout engines do not see that a map kept in the middle would
        # move towards the edge with all that stands beside it when they take room away.
        ax.set_aspect("equal", adjustable="box", anchor="E" if self.side == "right" else "S")
        ax.set_xlim(low[0] - margin, high[0] + margin)
        ax.set_ylim(low[1] - margin, high[1] + margin)
        ax.set_axis_off()
        if not self.has_cells:
            self._join(ax)

    def _join(self, ax: Axes) -> None:
        from matplotlib.collections import LineCollection

        segments = self.centres[self.lattice.edges]
        style = {"colors": "#d4d4d4", "linewidths": 0.4} if self.crowded else {"colors": LINE, "linewidths": 1.0}
        ax.add_collection(LineCollection(list(segments), zorder=1, **style), autolim=False)

    def fill(self, ax: Axes, which: Array | None = None, *, grow: Any = 1.0, **style: Any) -> PolyCollection:
        """Draw the shapes of some units (a mask; default all), grown about their centres, farthest first.

        ``values`` colours them by number, in the order of the units; the other styles are PolyCollection's.
        """
        from matplotlib.collections import PolyCollection

        units = self.order if which is None else self.order[which[self.order]]
        factor = np.broadcast_to(grow, (len(self.order),))[units, None, None]
        centres = self.centres[units, None]
        outline = self.outline if style.get("linewidths") is None else {}
        values = style.pop("values", None)
        shapes = PolyCollection(
            list(centres + factor * (self.shapes[units] - centres)), **{"zorder": 2, **outline, **style}
        )
        if values is not None:
            shapes.set_array(np.asarray(values)[units])
        ax.add_collection(shapes, autolim=False)
        return shapes

    def dots(self, ax: Axes, which: Array | None = None, *, size: float, **style: Any) -> PolyCollection:
        """Draw a circle on some units, all as large, as `fill` does; ``size`` is a share of the width of most units."""
        radius = size * float(np.median(np.ptp(self.shapes, axis=1).min(axis=1))) / 2
        return attrs.evolve(self, shapes=self.centres[:, None] + radius * CIRCLE).fill(ax, which, **style)

    @property
    def outline(self) -> dict[str, Any]:
        """The line around a unit: white between cells, dark around circles; none where it would hide what it bounds."""
        width = self.size()[0] if self.width is None else self.width
        thin = np.median(np.ptp(self.shapes, axis=1).min(axis=1))
        point = 72 * width * thin / (self.corner_high - self.corner_low)[0]
        line = min(0.8, 0.03 * float(point))
        if line < 0.2:
            return {"edgecolors": "face", "linewidths": 0.2}  # seams show where there is no line at all
        return {"edgecolors": "white" if self.has_cells else INK, "linewidths": line}


def project(positions: Array) -> tuple[Array, Array]:
    """Return where units are drawn in the plane, (m, 2), and their order from the farthest to the nearest.

    Three-dimensional positions are seen along their shortest principal axis, turned by 25 and 20 degrees.
    """
    if positions.shape[1] == 2:
        return positions, np.arange(len(positions))
    centred = positions - positions.mean(axis=0)
    moments = centred.T @ centred
    # Rounded, so that a cube's equal axes are not told apart, and turned, by the last bit.
    _, axes = np.linalg.eigh(np.round(moments / max(np.trace(moments), 1e-300), 9))
    axes = axes[:, ::-1] * np.sign(axes[np.abs(axes).argmax(axis=0), range(3)])[::-1]
    across, up, near = (centred @ axes).T
    if np.ptp(near) <= 1e-6 * np.ptp(across):
        return np.column_stack([across, up]), np.arange(len(positions))
    turned = np.cos(TURN) * near - np.sin(TURN) * across
    flat = np.column_stack([np.cos(TURN) * across + np.sin(TURN) * near, np.cos(TILT) * up - np.sin(TILT) * turned])
    return flat, np.argsort(np.sin(TILT) * up + np.cos(TILT) * turned, kind="stable")


def _radius(positions: Array) -> float:
    """Return the radius of circles that stand apart where most units do, and can be seen on long lines of units."""
    span = float(np.ptp(positions, axis=0).max())
    if span == 0:
        return 0.5
    from scipy.spatial import cKDTree

    nearest = cKDTree(positions).query(positions, k=2)[0][:, 1]
    share = 0.42 if positions.shape[1] == 2 else 0.25
    return max(share * float(np.quantile(nearest, 0.25)), span / 150)
