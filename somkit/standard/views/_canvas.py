"""What stands around a map: colour bars, headlines, and room for them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np

from somkit.errors import SampleError
from somkit.standard.views._stage import INK, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.transforms import Bbox

Array = np.ndarray[Any, Any]

COLOURS = "viridis"  # perceptually uniform, also to colour-blind eyes
MUTED = "#666666"
LONGEST_NUMBER = 7  # characters, before powers of ten are used

# In inches: a bar looks the same beside any map.
BAR, GAP, LONGEST_BAR = 0.13, 0.1, 5.0
BAR_WIDTH, BAR_HEIGHT = 0.85, 0.6  # with its numbers and its label
SPARSEST: dict[Side, float] = {"right": 0.25, "bottom": 0.45}  # between numbers


def inches(ax: Axes) -> Array:
    """Return the width and height in inches of the figure, or part of a figure, that the axes are in."""
    figure = ax.get_figure()
    if figure is None:
        message = "a view draws on axes that are part of a figure; these have been removed from theirs."
        raise SampleError(message)
    return np.array([figure.bbox.width, figure.bbox.height]) / figure.get_dpi()


@attrs.frozen(eq=False)
class Beside:
    """Places a colour bar beside a map, as long as the map, a fixed distance and thickness in inches."""

    ax: Axes
    side: Side

    def __call__(self, bar: Any, renderer: Any) -> Bbox:
        """Return the bar's box in its figure; matplotlib asks whenever it draws."""
        from matplotlib.transforms import Bbox

        del bar, renderer
        width, height = inches(self.ax)
        box = self.ax.get_position()
        if self.side == "right":
            return Bbox.from_bounds(box.x1 + GAP / width, box.y0, BAR / width, box.height)
        length = min(box.width, LONGEST_BAR / width)
        left = (box.x0 + box.x1 - length) / 2
        return Bbox.from_bounds(left, box.y0 - (GAP + BAR) / height, length, BAR / height)


def colour_bar(
    ax: Axes,
    shown: Any,
    values: Array,
    label: str,
    side: Side,
    *,
    whole: bool = False,
    length: float | None = None,
    fontsize: float | None = None,
) -> Colorbar:
    """Draw the colour bar of a map beside it, with round numbers among the values, and return it.

    It is a child of the axes, so that it moves with them and goes when they are cleared. Its length in inches is
    reckoned from the axes, where it is not given.
    """
    place = ax.inset_axes((0, 0, 1, 1), label="<colorbar>")  # as matplotlib labels its own
    place.set_axes_locator(Beside(ax, side))
    bar = cast("Any", ax.figure).colorbar(shown, cax=place, orientation="vertical" if side == "right" else "horizontal")
    length = _bar_length(ax, side) if length is None else length
    fontsize = 9 * scale(ax) if fontsize is None else fontsize
    ticks = nice_ticks(values, int(np.clip(length / SPARSEST[side], 2, 6)), whole=whole)
    bar.set_ticks(ticks, labels=numerals(ticks))
    bar.ax.tick_params(labelsize=fontsize, labelcolor=INK, length=2.5, width=0.6, pad=2)
    bar.outline.set_linewidth(0.4)
    bar.set_label(broken(label, length, fontsize), fontsize=fontsize, color=INK)
    return cast("Colorbar", bar)


def _bar_length(ax: Axes, side: Side) -> float:
    (left, right), (low, high), (width, height) = ax.get_xlim(), ax.get_ylim(), size_of(ax)
    aspect = (right - left) / (high - low)
    return min(height, width / aspect) if side == "right" else min(width, height * aspect, LONGEST_BAR)


def limits(values: Array) -> tuple[float, float]:
    """Return the least and the greatest finite value, or a range around them where they are equal."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    if high - low > 1e-12 * max(abs(low), abs(high)):
        return low, high
    return low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2


def nice_ticks(values: Array, most: int = 5, *, whole: bool = False) -> Array:
    """Return round numbers within the values; the value itself where all are equal."""
    from matplotlib.ticker import MaxNLocator

    low, high = limits(values)
    if low < values[np.isfinite(values)].min():
        return np.array([(low + high) / 2])
    ticks = np.asarray(MaxNLocator(most, integer=whole, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    inside = ticks[(ticks >= low) & (ticks <= high)]
    return inside if len(inside) > 1 else np.array([low, high])


def numerals(values: Sequence[float] | Array) -> list[str]:
    """Write numbers with as few decimals, the same for all, as it takes to tell them well apart."""
    numbers = np.asarray(values, dtype=np.float64)
    distinct = np.unique(numbers)
    step = float(np.diff(distinct).min()) if len(distinct) > 1 else abs(float(distinct[0])) / 10
    plain, scientific = ([_written(number, step, style) for number in numbers] for style in "fe")
    digits = [max(text.partition("e")[0][::-1].find("."), 0) for text in plain]
    plain = [f"{round(number, max(digits)) + 0.0:.{max(digits)}f}" for number in numbers.tolist()]
    longest = max(map(len, plain))
    chosen = scientific if longest > LONGEST_NUMBER and max(map(len, scientific)) < longest else plain
    return [text.replace("-", "\N{MINUS SIGN}") for text in chosen]


def _written(number: float, step: float, style: str) -> str:
    """Write a number with as few decimals as keep it within a hundredth of a step."""
    for decimals in range(17):
        text = f"{number:.{decimals}{style}}"
        if abs(float(text) - number) <= step / 100:
            break
    mantissa, e, exponent = text.partition("e")
    return text if not e else "0" if float(text) == 0 else f"{mantissa}e{int(exponent)}"


def scale(ax: Axes) -> float:
    """Return how large text should be on these axes, 1 where they have a figure to themselves."""
    return float(np.clip(size_of(ax)[0] / 3, 0.65, 1.0))


def size_of(ax: Axes) -> tuple[float, float]:
    """Return the width and height of the axes in inches, before a layout engine moves them."""
    box = ax.get_position(original=True)
    width, height = inches(ax) * (box.width, box.height)
    return float(width), float(height)


def broken(text: str, width: float, fontsize: float) -> str:
    """Break a text into lines so many inches wide."""
    return textwrap.fill(text, max(12, int(width * 72 / (0.55 * fontsize))), break_long_words=False)


def headline(ax: Axes, title: str, note: str = "") -> None:
    """Set the title, and under it a line that says how to read the picture."""
    size, width = scale(ax), size_of(ax)[0]
    small = 8.5 * size
    note = broken(note, 1.1 * width, small) if note else ""
    pad = 7 + (1.25 * small * (1 + note.count("\n")) + 2 if note else 0)
    ax.set_title(title, fontsize=12 * size, color=INK, pad=pad, parse_math=False)
    if note:
        ax.annotate(
            note,
            (0.5, 1),
            (0, 6),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=small,
            color=MUTED,
            annotation_clip=False,
        )


@attrs.frozen(eq=False)
class Inside:
    """Keeps a picture with all that stands around it inside the place of its axes; margins in inches."""

    left: float
    bottom: float
    right: float
    top: float

    def __call__(self, ax: Any, renderer: Any) -> Bbox:
        """Return what is left of the axes' place."""
        from matplotlib.transforms import Bbox

        del renderer
        width, height = inches(ax)
        box = ax.get_position(original=True)
        left, right = np.array([self.left, self.right]) / width
        bottom, top = np.array([self.bottom, self.top]) / height
        across, up = min(1.0, 0.8 * box.width / (left + right)), min(1.0, 0.8 * box.height / (bottom + top))
        return Bbox.from_extents(
            box.x0 + across * left, box.y0 + up * bottom, box.x1 - across * right, box.y1 - up * top
        )


def make_room(ax: Axes) -> None:
    """See that bars, legends and titles stay on the page and clear of the neighbours.

    A constrained layout finds room for them as well, but not at once where a map's aspect is fixed: a long legend would
    push the title off the page. A tight layout warns of axes that have a locator.
    """
    figure, locator = ax.get_figure(), cast("Any", ax.get_axes_locator())  # the stub does not know None
    if figure is None or (locator and not isinstance(locator, Inside)):
        return
    engine = figure.get_layout_engine()
    if engine is not None and engine.adjust_compatible:
        return
    ax.set_axes_locator(cast("Any", None))
    whole = ax.get_tightbbox()
    if whole is None:
        return
    own = ax.get_window_extent()
    around = np.array([own.x0 - whole.x0, own.y0 - whole.y0, whole.x1 - own.x1, whole.y1 - own.y1])
    ax.set_axes_locator(Inside(*(np.maximum(around, 1e-6) / figure.get_dpi()).tolist()))


def shorten(text: str, letters: int) -> str:
    """Leave out the middle of a text that is too long: beginnings and ends tell names apart."""
    if len(text) <= letters:
        return text
    half = max(1, (letters - 1) // 2)
    return f"{text[:half].rstrip()}\N{HORIZONTAL ELLIPSIS}{text[-half:].lstrip()}"


def needed(view: str, argument: str, what: str, instead: str = "") -> SampleError:
    """Build the sentence for a view that lacks samples or labels."""
    call = "X=X, y=y" if view in {"labels", "pies"} else f"{argument}={argument}"
    return SampleError(f"view '{view}' needs {argument}, {what}; draw it with trained.draw('{view}', {call}){instead}.")
