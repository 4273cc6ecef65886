"""Draw the small pictures of docs/reference/components.md anew: one for each part of the kinds in `DRAWN`.

Run it as ``python docs/make_pictures.py``, with somkit installed, and make_reference.py after it. A new part of one of
these kinds gets its picture without a line here; pictures of parts that are gone are deleted.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from somkit import Recipe, resolve
from somkit.plugins import Plugins

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = Path(__file__).resolve().parent / "images" / "components"

COLOURS = ("#0072b2", "#d55e00", "#009e73")  # Okabe and Ito's, told apart by colour-blind readers; lines differ too
LINES = ("-", "--", ":")
LARGEST = 15_000  # bytes


def schedule(part: Any, ax: Axes) -> None:
    """Draw what it becomes for both roles, each as a share of its largest value."""
    from somkit.standard import Hex

    progress = np.linspace(0, 1, 101)
    lattice = Hex(rows=9, columns=9).lattice()
    for role, colour, line in zip(("learning_rate", "radius"), COLOURS, LINES, strict=False):
        values = part.for_role(role, lattice).values(progress, role)
        ax.plot(progress, values / values.max(), line, color=colour, label=role.replace("_", " "))
    ax.set(xlabel="progress p", ylabel="share of largest", ylim=(-0.05, 1.1))
    ax.legend(frameon=False, fontsize=6)


def neighbourhood(part: Any, ax: Axes) -> None:
    """Draw influence against distance, for three radii."""
    distance = np.linspace(0, 6, 241)
    for radius, colour, line in zip((1.0, 2.0, 3.0), COLOURS, LINES, strict=True):
        ax.plot(distance, part.influences(distance, radius), line, color=colour, label=f"r = {radius:.0f}")
    ax.set(xlabel="map distance d", ylabel="influence")
    ax.legend(frameon=False, fontsize=6)


def metric(part: Any, ax: Axes) -> None:
    """Draw lines of equal distance from a point amid what it measures, fitted to `cloud` where the metric is fitted."""
    held = HELD.get(part.name, ())
    low, high = part.limits(2 + len(held))
    samples = np.clip(np.column_stack([cloud(), *(np.full(150, value) for value in held)]), low, high)
    recipe = Recipe(metric=part, topology="line:units=4", trainer="online", random_state=0)
    part = recipe.start(samples).recipe.metric
    least, most, place = WINDOWS.get(part.name, (-1, 3, None))
    first, second = (np.linspace(max(least, low[f]), min(most, high[f]), 121) for f in range(2))
    middle = place or (np.median(first), np.median(second))
    across, up = np.meshgrid(first, second)
    points = np.column_stack([across.ravel(), up.ravel(), *(np.full(across.size, value) for value in held)])
    distance = part.pairwise(points, np.array([[*middle, *held]])).reshape(across.shape)
    ax.contour(first, second, distance, levels=6, colors=COLOURS[0], linewidths=0.9)
    ax.plot(*middle, "o", color=COLOURS[1], markersize=4)
    third = "".join(f" (feature 3: {value:g})" for value in held)
    ax.set(aspect="equal", xlabel=f"feature 1{third}", ylabel="feature 2")


def cloud() -> Any:
    """Return samples in the plane: a bent band, (150, 2)."""
    rng = np.random.default_rng(0)
    turn = rng.uniform(0, np.pi, 150)
    return np.column_stack([np.cos(turn), np.sin(turn)]) + rng.normal(0, 0.12, (150, 2))


def topology(part: Any, ax: Axes) -> None:
    """Draw the lattice that it becomes for 40 samples, with its edges; orange where they lead over a seam."""
    from matplotlib.collections import LineCollection

    from somkit.standard.views._seams import Seams
    from somkit.standard.views._stage import Stage

    stage = Stage.of(Recipe(topology=part, random_state=0).start(cloud()[:40]).state.lattice)
    places, edges, seams = stage.centres, stage.lattice.edges, Seams(stage)
    over = seams.over(edges)
    ax.add_collection(LineCollection(places[edges[~over]], colors="#808080", linewidths=0.8))
    ax.add_collection(LineCollection(seams.lines(edges[over]), colors=COLOURS[1], linewidths=1.2))
    ax.plot(*places.T, "o", color=COLOURS[0], markersize=3)
    ax.margins(0.06)
    ax.set_aspect("equal", adjustable="datalim")  # a line has no height of its own
    ax.set_axis_off()


def _net(lattice: Any, codebook: Any, ax: Axes, colour: str) -> None:
    from matplotlib.collections import LineCollection

    ax.add_collection(LineCollection(codebook[lattice.edges], colors=colour, linewidths=0.7))
    ax.plot(*codebook.T, "o", color=colour, markersize=2)


def initialiser(part: Any, ax: Axes) -> None:
    """Draw the map that training starts from, in the data."""
    state = Recipe(topology="grid:rows=4,columns=8", initialiser=part, random_state=0).start(cloud()).state
    ax.plot(*cloud().T, ".", color="#b0b0b0", markersize=2)
    _net(state.lattice, state.codebook, ax, COLOURS[0])
    ax.set(aspect="equal")
    ax.set_axis_off()


def trainer(part: Any, ax: Axes) -> None:
    """Draw the map before (orange) and after (blue), in the data."""
    run = Recipe(topology="grid:rows=4,columns=8", trainer=part, random_state=0)
    first, last = run.start(cloud()).state, run.fit(cloud())
    ax.plot(*cloud().T, ".", color="#b0b0b0", markersize=2)
    _net(first.lattice, first.codebook, ax, COLOURS[1])
    _net(last.lattice, last.codebook, ax, COLOURS[0])
    ax.set(aspect="equal")
    ax.set_axis_off()


DRAWN = {
    "topology": topology,
    "metric": metric,
    "schedule": schedule,
    "neighbourhood": neighbourhood,
    "initialiser": initialiser,
    "trainer": trainer,
}

# Metrics that the plane from -1 to 3 does not show: least and most of both features, and the point measured from.
WINDOWS = {"haversine": (-90, 90, (50, 0))}  # half the globe, a pole at the right edge
HELD = {"correlation": (0.0,)}  # of two features alone every correlation is 1 or -1: the values of a third

# Parts whose defaults show nothing: a graph of one unit, a line too dense to see its edges, one schedule alone.
EXAMPLES = {
    ("topology", "graph"): "graph:generator=karate_club",
    ("topology", "line"): "line:units=9",
    ("schedule", "join"): (
        "join:schedules=[{name=linear,start=0.1,stop=1},{name=cosine,start=1,stop=0.1}],boundaries=[0.25]"
    ),
}


def shown_by(kind: str, name: str) -> str | None:
    """Return the picture of a part below docs/images: its own, or for a view the gallery's; None: its kind has none."""
    if kind == "visualiser":
        return f"gallery-{name.replace('_', '-')}.png"
    return f"components/{file_name(kind, name)}" if kind in DRAWN else None


def file_name(kind: str, name: str) -> str:
    """Return the name of a part's picture."""
    return f"{kind}-{name}.png"


def wanted() -> dict[str, tuple[str, type[Any]]]:
    """Return kind and class of every part that has a picture, by the picture's name."""
    registry = Plugins(only=["standard"]).registry
    return {file_name(kind, entry.name): (kind, entry.component) for kind in DRAWN for entry in registry.entries(kind)}


def picture(kind: str, part: Any) -> bytes:
    """Return the picture of a part as a PNG file."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from PIL import Image

    with mpl.rc_context({"font.size": 7, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(2.0, 1.6), dpi=120, layout="constrained")
        DRAWN[kind](part, figure.subplots())
        file = io.BytesIO()
        figure.savefig(file, format="png")
    small = io.BytesIO()
    few = Image.open(file).convert("RGB").quantize(64, method=Image.Quantize.MAXCOVERAGE)
    few.save(small, format="png", optimize=True)
    return small.getvalue()


def main() -> None:
    """Draw all, and delete what is left of parts that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts = wanted()
    for stale in {path.name for path in FOLDER.iterdir()} - parts.keys():
        (FOLDER / stale).unlink()
    for name, (kind, component) in parts.items():
        example = EXAMPLES.get((kind, component.name))
        (FOLDER / name).write_bytes(picture(kind, resolve(kind, example) if example else component()))


if __name__ == "__main__":
    main()
