"""Glyphs: the whole vector of each unit as a small picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.errors import ParameterError
from somkit.standard.views._canvas import COLOURS, colour_bar, headline, limits, make_room, shorten
from somkit.standard.views._paint import draw_lines, map_size
from somkit.standard.views._stage import EMPTY, INK, LINE, Stage
from somkit.standard.views.labels import LONGEST_LABEL, MOST_LABELS, PALETTE, Look, draw_legend
from somkit.standard.views.pies import inner_radius
from somkit.validators import choice, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

BOX = 1 / math.sqrt(2)  # half a side of the largest square in a circle of radius 1
FULL = 0.9  # of it, so that glyphs stand apart
LETTER, ROW = 0.075, 0.2  # inches, of a legend below
LOWEST = 0.1  # of the radius, for the lowest value of a radar


@final
@attrs.frozen(kw_only=True)
class Glyphs(Visualiser):
    """The vector of each unit as a line, bars, a star or an image.

    Parameters
    ----------
    style : "lines" | "bars" | "radar" | "image"
        ``lines``, for features in an order of their own, as times or wavelengths are; ``bars`` and ``radar``, for
        few features; ``image``: pixels in rows, from the top left.
    width : int >= 1 or "auto"
        Pixels in a row of an ``image``; "auto": the square root of the number of features.

    Notes
    -----
    Lines, bars and stars show each feature from its lowest to its highest value on the map; images have one range for
    all pixels, in the units of the data.

    References
    ----------
    Vesanto (1999), SOM-based data visualization methods, doi:10.1016/S1088-467X(99)00013-X.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=2", [[0.0, 1.0, 2.0, 3.0], [3.0, 2.0, 1.0, 0.0]])
    >>> trained.draw("glyphs", style="image").collections[-1].get_array().tolist()
    [0.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.0]
    """

    name: ClassVar[str] = "glyphs"
    style: str = attrs.field(default="lines", validator=choice("lines", "bars", "radar", "image"))
    width: int | str = attrs.field(default="auto", validator=integer(minimum=1, words=("auto",)))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the legend or the colour bar."""
        width, height = map_size(trained)
        if self.style in {"lines", "image"} or len(trained.feature_labels) > MOST_LABELS:
            return width, height
        if Stage.of(trained.lattice).side == "right":
            return width + 0.6, height
        letters = 5 + min(max(map(len, trained.feature_labels)), LONGEST_LABEL)
        rows = math.ceil(len(trained.feature_labels) * letters * LETTER / width)
        return width, height + ROW * (rows - 1)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the glyphs; it needs no samples.

        Raises
        ------
        ParameterError
            If the features do not fill the rows of an image.
        """
        del X, y, sample_weight
        stage = Stage.of(trained.lattice)
        stage.set_up(ax)
        pale = {"facecolors": "white", "edgecolors": LINE, "linewidths": 0.4}
        stage.fill(ax, **({"facecolors": EMPTY} if self.style == "image" else pale))
        radius = FULL * inner_radius(stage)
        if self.style == "image":
            self._draw_images(ax, stage, trained, radius)
        elif self.style == "lines":
            _draw_lines(ax, stage, _shares(trained), radius)
            ax.set_anchor("C")
        else:
            boxes = _bars if self.style == "bars" else _petals
            _draw_parts(ax, stage, trained, boxes(_shares(trained)), radius)
        headline(ax, "Codebook", self._note(trained))
        make_room(ax)
        return ax

    def _note(self, trained: TrainedMap) -> str:
        if self.style == "image":
            return f"the unit's {trained.codebook.shape[1]} features as pixels"
        scaled = "each from its lowest to its highest value on the map"
        if self.style != "lines":
            return f"features, {scaled}"
        names = trained.feature_labels
        listed = ", ".join(names) if len(names) <= 5 else f"{names[0]} to {names[-1]}"
        return f"{shorten(listed, 80)}; {scaled}"

    def _draw_images(self, ax: Axes, stage: Stage, trained: TrainedMap, radius: Array) -> None:
        from matplotlib.collections import PolyCollection

        codebook = trained.codebook_in_units
        d = codebook.shape[1]
        across = math.isqrt(d) if self.width == "auto" else int(self.width)
        if d % across or (self.width == "auto" and across**2 != d):
            message = f"Glyphs.width must be a divisor of the number of features, {d}, got {self.width!r}."
            raise ParameterError(message)
        down = d // across
        pixel = 2 / math.hypot(across, down)
        row, column = np.divmod(np.arange(d), across)
        corner = pixel * np.column_stack([column - across / 2, down / 2 - row - 1])
        squares = corner[:, None] + pixel * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        shapes = stage.centres[stage.order, None, None] + radius[stage.order, None, None, None] * squares
        values = codebook[stage.order].ravel()
        shown = PolyCollection(
            list(shapes.reshape(-1, 4, 2)), cmap="gray_r", clim=limits(values), edgecolors="face", linewidths=0.1
        )
        shown.set_array(values)
        shown.set_zorder(3)
        ax.add_collection(shown, autolim=False)
        colour_bar(ax, shown, values, "value in the units of the data", stage.side)


def _shares(trained: TrainedMap) -> Array:
    """Return where each value lies between the feature's lowest and highest, (m, d); a half where these are equal."""
    codebook = np.asarray(trained.codebook_in_units, dtype=np.float64)
    low, high = codebook.min(axis=0), codebook.max(axis=0)
    return np.asarray(np.divide(codebook - low, high - low, out=np.full(codebook.shape, 0.5), where=high > low))


def _draw_lines(ax: Axes, stage: Stage, shares: Array, radius: Array) -> None:
    d = shares.shape[1]
    across = np.linspace(-1, 1, d) if d > 1 else np.array([-1.0, 1.0])
    up = 2 * (shares if d > 1 else np.repeat(shares, 2, axis=1)) - 1
    points = BOX * np.stack(np.broadcast_arrays(across, up), axis=2)
    draw_lines(
        ax,
        (stage.centres[:, None] + radius[:, None, None] * points)[stage.order],
        colors=INK,
        linewidths=0.5 if stage.crowded else 1.0,
        zorder=3,
        joinstyle="round",
    )


def _bars(shares: Array) -> Array:
    """Return a bar for each feature of each unit, in a circle of radius 1; shape (m, d, 4, 2)."""
    m, d = shares.shape
    left = np.broadcast_to(np.linspace(-1, 1, d + 1)[:-1], (m, d))
    right, low, high = left + 1.9 / d, np.full((m, d), -1.0), 2 * np.maximum(shares, 0.02) - 1
    corners = [(left, low), (right, low), (right, high), (left, high)]
    return BOX * np.stack([np.stack(corner, axis=2) for corner in corners], axis=2)


def _petals(shares: Array) -> Array:
    """Return a sector for each feature of each unit, from the top clockwise; shape (m, d, 14, 2)."""
    d = shares.shape[1]
    turns = 2 * np.pi * (np.arange(d)[:, None] + np.linspace(0, 1, 13)) / d
    rim = np.stack([np.sin(turns), np.cos(turns)], axis=2)
    leaf = np.concatenate([np.zeros((d, 1, 2)), rim], axis=1)
    return np.asarray((LOWEST + (1 - LOWEST) * shares)[:, :, None, None] * leaf)


def _draw_parts(ax: Axes, stage: Stage, trained: TrainedMap, parts: Array, radius: Array) -> None:
    """Draw bars or sectors, a colour a feature where there are few enough for a legend."""
    from matplotlib.collections import PolyCollection

    names = list(trained.feature_labels)
    few = len(names) <= MOST_LABELS
    looks = _feature_looks(len(names))
    shapes = stage.centres[:, None, None] + radius[:, None, None, None] * parts
    for feature, name in enumerate(names):
        colour = looks[feature].colour if few else INK
        shown = PolyCollection(
            list(shapes[stage.order, feature]), facecolors=colour, edgecolors=INK, linewidths=0.2, label=name, zorder=3
        )
        ax.add_collection(shown, autolim=False)
    if few:
        draw_legend(ax, stage, [(shorten(name, LONGEST_LABEL), look) for name, look in zip(names, looks, strict=True)])
    else:
        ax.set_anchor("C")


def _feature_looks(count: int) -> list[Look]:
    """Return a colour for each feature: of those that differ most, or, where there are more features, along a scale."""
    if count <= len(PALETTE):
        return [Look(colour) for colour in PALETTE[:count]]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [Look(to_hex(colour)) for colour in colormaps[COLOURS](np.linspace(0, 1, count))]
