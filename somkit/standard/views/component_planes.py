"""Component planes: one map for each feature."""

from __future__ import annotations

import difflib
import math
import re
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.errors import ParameterError
from somkit.standard.views._canvas import (
    BAR,
    BAR_HEIGHT,
    BAR_WIDTH,
    COLOURS,
    GAP,
    MUTED,
    colour_bar,
    headline,
    inches,
    limits,
    make_room,
    nice_ticks,
    numerals,
    shorten,
    size_of,
)
from somkit.standard.views._likeness import by_similarity
from somkit.standard.views._stage import INK, Stage
from somkit.validators import choice, plain, refuse

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

UNITS = "in the units of the data"
FEW = 12  # planes that have a colour bar each; more have one bar for all, and their range in words
LOWEST_BAR = 0.6  # inches; shorter bars have no room for numbers
GUTTER = 0.14  # inches between planes
LETTER = 0.062  # inches, in the numbers of a small colour bar
SLIVER = 0.2  # of a plane's cell that its map keeps on axes too small for the text around it
FOOT = 0.62  # inches for the bar that many planes share
SHAPE = 1.25  # width over height that a figure of planes should have


def _as_tuple(value: Any) -> Any:
    value = plain(value)
    return (value,) if isinstance(value, str | int) and not isinstance(value, bool) else value


def _names_or_indices(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    fine = isinstance(value, tuple) and all(
        isinstance(item, str) or (isinstance(item, int) and not isinstance(item, bool) and item >= 0) for item in value
    )
    if not fine:
        raise refuse(instance, attribute.name, "a list of feature names or of indices >= 0", value)


@final
@attrs.frozen(kw_only=True)
class ComponentPlanes(Visualiser):
    """One map for each feature, coloured by the units' values of it, in the units of the data.

    Parameters
    ----------
    features : tuple of str or int
        Names or indices of the features to draw, in this order; empty: all of them.
    limits : "own" | "shared"
        Whether colours run from each feature's lowest to its own highest value, or are comparable between features.
    order : "given" | "similarity"
        As ``features`` names them or the data have them; or planes that look alike beside each other.

    Notes
    -----
    Unit i has the value w_ik in the plane of feature k. Up to 12 planes have a colour bar each; more share one, and
    have their lowest and highest value below them, as do planes too low for a bar. Hundreds of planes take a minute.

    By similarity, planes are the leaves of a tree that average linkage builds on 1 - r, where r is the correlation of
    two planes over the units, 0 if one is constant: of the orders that the tree allows, the one in which neighbours are
    most alike.

    References
    ----------
    Bar-Joseph, Gifford & Jaakkola (2001), Fast optimal leaf ordering for hierarchical clustering,
    doi:10.1093/bioinformatics/17.suppl_1.S22.

    Vesanto (1999), SOM-based data visualization methods, doi:10.1016/S1088-467X(99)00013-X.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> codebook = [[0.0, 5.0], [1.0, 7.0], [2.0, 6.0], [3.0, 8.0]]
    >>> trained = TrainedMap.from_codebook("grid:rows=2,columns=2", codebook, feature_names=("a", "b"))
    >>> [panel.get_title() for panel in trained.draw("component_planes").child_axes]
    ['a', 'b']
    >>> trained.draw("component_planes", features=("b",)).collections[0].get_array().tolist()
    [5.0, 7.0, 6.0, 8.0]
    >>> W = [[0.0, 9.0, 0.1], [1.0, 2.0, 0.9], [2.0, 4.0, 2.0]]
    >>> trained = TrainedMap.from_codebook("line:units=3", W, feature_names=("a", "b", "like a"))
    >>> [panel.get_title() for panel in trained.draw("component_planes", order="similarity").child_axes]
    ['a', 'like a', 'b']
    """

    name: ClassVar[str] = "component_planes"
    features: tuple[str | int, ...] = attrs.field(default=(), converter=_as_tuple, validator=_names_or_indices)
    limits: str = attrs.field(default="own", validator=choice("own", "shared"))
    order: str = attrs.field(default="given", validator=choice("given", "similarity"))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size in which every plane can be read."""
        stage = Stage.of(trained.lattice)
        chosen = self._chosen(trained)
        if len(chosen) == 1:
            return stage.figure_size(BAR_WIDTH, BAR_HEIGHT)
        return self._sheet(stage, *_planes(trained, chosen)).figure_size()

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the planes; one alone on ``ax``, several into axes inside it. It needs no samples.

        Raises
        ------
        ParameterError
            If the map has no feature of that name or index.
        """
        del X, y, sample_weight
        stage, chosen = Stage.of(trained.lattice), self._chosen(trained)
        planes, names = _planes(trained, chosen)
        if len(chosen) == 1:
            _draw_one(ax, stage, planes[0], names[0])
        else:
            self._draw_several(ax, stage, planes, names)
        make_room(ax)
        return ax

    def _chosen(self, trained: TrainedMap) -> list[int]:
        labels = trained.feature_labels
        chosen = [_index(feature, labels) for feature in self.features] or list(range(len(labels)))
        if self.order == "given":
            return chosen
        return [chosen[place] for place in by_similarity(_planes(trained, chosen)[0])]

    def _sheet(self, stage: Stage, planes: Array, names: list[str]) -> Sheet:
        own = self.limits == "own"
        few = own and len(names) <= FEW
        numbers = [text for plane in planes for text in numerals(nice_ticks(plane, 4))] if few else []
        return Sheet(
            stage=stage,
            names=tuple(names),
            bars=few,
            ranges=own and not few,
            numbers=0.1 + LETTER * max(map(len, numbers), default=0),
        )

    def _draw_several(self, ax: Axes, stage: Stage, planes: Array, names: list[str]) -> None:
        ax.set_axis_off()
        alike = "; planes that look alike are beside each other" if self.order == "similarity" else ""
        headline(ax, "Component planes", f"values {UNITS}{alike}")
        grid = self._sheet(stage, planes, names).laid_out(*size_of(ax))
        common = limits(planes) if self.limits == "shared" else None
        for number, (plane, title) in enumerate(zip(planes, grid.titles, strict=True)):
            panel = ax.inset_axes((0, 0, 1, 1))
            panel.set_axes_locator(Slot(ax, grid, number))
            panel.set_in_layout(False)  # it stays inside ``ax``, and measuring dozens of planes is slow
            drawn = attrs.evolve(stage, width=grid.width)
            drawn.set_up(panel)
            panel.set_anchor("C")
            shown = drawn.fill(panel, values=plane, cmap=COLOURS, clim=common or limits(plane))
            panel.set_title(title, fontsize=grid.fontsize, color=INK, pad=3, linespacing=1.0, parse_math=False)
            if grid.sheet.bars:
                colour_bar(panel, shown, plane, "", "right", length=grid.height, fontsize=7.5)
            elif grid.sheet.ranges:
                _write_range(panel, plane, grid.fontsize)
        if not grid.sheet.bars:
            _shared_bar(ax, planes, common)


def _planes(trained: TrainedMap, chosen: list[int]) -> tuple[Array, list[str]]:
    labels = trained.feature_labels
    return trained.codebook_in_units[:, chosen].T, [labels[index] for index in chosen]


def _index(feature: str | int, labels: tuple[str, ...]) -> int:
    if isinstance(feature, str) and feature in labels:
        return labels.index(feature)
    if isinstance(feature, int) and feature < len(labels):
        return feature
    if isinstance(feature, int):
        message = f"ComponentPlanes.features must be names, or indices from 0 to {len(labels) - 1}, got {feature}."
        raise ParameterError(message)
    close = difflib.get_close_matches(feature, labels, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"its features are {shorten(', '.join(labels), 200)}."
    message = f"this map has no feature {feature!r}; {hint}"
    raise ParameterError(message)


def _draw_one(ax: Axes, stage: Stage, plane: Array, name: str) -> None:
    stage.set_up(ax)
    shown = stage.fill(ax, values=plane, cmap=COLOURS, clim=limits(plane))
    colour_bar(ax, shown, plane, f"value {UNITS}", stage.side)
    headline(ax, shorten(name, 60), "component plane")


def _write_range(panel: Axes, plane: Array, size: float) -> None:
    low, high = numerals([plane.min(), plane.max()])
    panel.annotate(
        low if low == high else f"{low} to {high}",
        (0.5, 0),
        (0, -2),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=0.9 * size,
        color=MUTED,
        annotation_clip=False,
    )


def _shared_bar(ax: Axes, planes: Array, common: tuple[float, float] | None) -> None:
    """Draw one bar below all planes."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    shown = ScalarMappable(Normalize(*(common or (0, 1))), COLOURS)
    label = f"value {UNITS}" if common else "range of each feature"
    values = planes if common else np.array([0.0, 1.0])
    bar = colour_bar(ax, shown, values, label, "bottom", length=min(3.0, size_of(ax)[0]))
    bar.ax.set_axes_locator(Foot(ax))
    if common is None:
        bar.set_ticks([0, 1], labels=["lowest", "highest"])


def wrap(name: str, letters: int, lines: int = 2) -> str:
    """Break a name between its words, and shorten what does not fit into the lines."""
    rows = [""]
    for word in re.findall(r"[^\s_/.-]*[\s_/.-]*", name):
        if len(rows) < lines and rows[-1] and len(rows[-1] + word.rstrip()) > letters:
            rows.append("")
        rows[-1] += word
    return "\n".join(shorten(row.strip(), max(letters, 3)) for row in rows)


@attrs.frozen(eq=False, kw_only=True)
class Sheet:
    """Planes to be laid out, and what each needs besides its map, in inches."""

    stage: Stage
    names: tuple[str, ...]
    bars: bool
    ranges: bool
    numbers: float = 0.0  # width of a bar's
    lines: int = 1  # of a title

    @property
    def top(self) -> float:
        """Height of the title."""
        return 0.06 + 0.13 * self.lines

    @property
    def right(self) -> float:
        """Width of the colour bar with its numbers."""
        return GAP + BAR + self.numbers if self.bars else 0.0

    @property
    def bottom(self) -> float:
        """Height of the range in words."""
        return 0.16 if self.ranges else 0.0

    @property
    def foot(self) -> float:
        """Height of the bar that the planes share."""
        return 0.0 if self.bars else FOOT

    def figure_size(self) -> tuple[float, float]:
        """Return a size in which every plane can be read, neither a tower nor a ribbon, with few gaps."""
        count = len(self.names)
        side = 1.7 if self.bars else 1.35 if count <= 2 * FEW else 1.05
        width, height = self.stage.size(side, 6.0)
        width = max(width, 0.9)
        if self.bars and height < LOWEST_BAR:
            return attrs.evolve(self, bars=False, ranges=True).figure_size()
        sheet = attrs.evolve(self, lines=max(map(_lines, self._titles(width, self._fontsize(width)))))
        cell = np.array([width + sheet.right, height + sheet.top + sheet.bottom]) + GUTTER

        def misfit(columns: int) -> float:
            across, down = cell * (columns, math.ceil(count / columns))
            gaps = -count % columns
            return abs(math.log(across / down / SHAPE)) + gaps / count + 0.4 * (gaps > 0)

        columns = min(range(1, count + 1), key=misfit)
        size = cell * (columns, math.ceil(count / columns)) + (0.1, 0.6 + sheet.foot)
        return float(max(size[0], 4.5)), float(size[1])

    def laid_out(self, width: float, height: float) -> Grid:
        """Return the planes in as many columns as make them largest; among equals, with the fewest gaps."""
        count = len(self.names)

        def gain(columns: int) -> tuple[float, int]:
            across, down = self._room(columns, width, height)
            return round(min(across / self.stage.aspect, down), 2), -(-count % columns)

        grid = self._grid(max(range(1, count + 1), key=gain), width, height)
        if self.bars and min(grid.height, grid.width / self.stage.aspect) < LOWEST_BAR:
            return attrs.evolve(self, bars=False, ranges=True).laid_out(width, height)
        lines = max(map(_lines, grid.titles))
        return grid if lines <= self.lines else attrs.evolve(self, lines=lines).laid_out(width, height)

    def _room(self, columns: int, width: float, height: float) -> tuple[float, float]:
        """Return the width and height left for one map."""
        cell = (height - self.foot) / math.ceil(len(self.names) / columns)
        return width / columns - self.right - GUTTER, cell - self.top - self.bottom - GUTTER

    def _grid(self, columns: int, width: float, height: float) -> Grid:
        across, down = self._room(columns, width, height)
        across = max(across, SLIVER * width / columns)
        size = self._fontsize(across)
        return Grid(self, columns, math.ceil(len(self.names) / columns), across, down, size, self._titles(across, size))

    @staticmethod
    def _fontsize(width: float) -> float:
        return float(np.clip(6.2 * width, 6.5, 9.5))

    def _titles(self, width: float, fontsize: float) -> tuple[str, ...]:
        letters = int((width + GUTTER) * 72 / (0.58 * fontsize))
        return tuple(wrap(name, letters) for name in self.names)


def _lines(title: str) -> int:
    return 1 + title.count("\n")


@attrs.frozen(eq=False)
class Grid:
    """Planes in rows and columns; width and height are of the room for one map, in inches."""

    sheet: Sheet
    columns: int
    rows: int
    width: float
    height: float
    fontsize: float
    titles: tuple[str, ...]


@attrs.frozen(eq=False)
class Slot:
    """Places a plane in its row and column, whatever size the axes around it have."""

    ax: Axes
    grid: Grid
    number: int

    def __call__(self, panel: Any, renderer: Any) -> Bbox:
        """Return the plane's box in its figure."""
        from matplotlib.transforms import Bbox

        del panel, renderer
        sheet, box = self.grid.sheet, self.ax.get_position()
        width, height = inches(self.ax)
        row, column = divmod(self.number, self.grid.columns)
        across, down = box.width / self.grid.columns, (box.height - sheet.foot / height) / self.grid.rows
        left = box.x0 + column * across + GUTTER / 2 / width
        top = box.y1 - row * down - sheet.top / height
        wide = max(across - (sheet.right + GUTTER) / width, SLIVER * across)
        high = max(down - (sheet.top + sheet.bottom + GUTTER) / height, SLIVER * down)
        return Bbox.from_extents(left, top - high, left + wide, top)


@attrs.frozen(eq=False)
class Foot:
    """Places the bar that all planes share below them, inside the axes around them."""

    ax: Axes

    def __call__(self, bar: Any, renderer: Any) -> Bbox:
        """Return the bar's box in its figure."""
        from matplotlib.transforms import Bbox

        del bar, renderer
        box = self.ax.get_position()
        width, height = inches(self.ax)
        length = min(0.8 * box.width, 3 / width)
        return Bbox.from_bounds((box.x0 + box.x1 - length) / 2, box.y0 + 0.36 / height, length, BAR / height)
