"""Every view on six lattices, compared with pictures that somebody has looked at.

``python tests/test_gallery.py`` draws the pictures in ``tests/baseline`` anew; look at each before keeping it.
"""

from pathlib import Path

import attrs
import networkx as nx
import numpy as np
import pytest
from matplotlib import image
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from sklearn.datasets import load_iris

from somkit import TrainedMap, resolve
from somkit.plugins import current

BASELINE = Path(__file__).parent / "baseline"
GLOBE = Path(__file__).resolve().parents[1] / "plugins" / "somkit-globe" / "src"
DPI = 40
BLOCK = 4  # pixels a side, over which colours are averaged before they are compared

# Of 255. Another version of matplotlib, or of the library that draws its lines, moves the edge of a shape by a part of a
# pixel: a line as thick as a pixel that moves by half of one across the side of a block of 4 x 4 changes its mean by up
# to 255 / 8 = 32. One unit in a colour 15 % farther along the colour bar changes the blocks inside it by 40 and more.
MOST_OF_A_BLOCK = 36
# The same shift of every edge changes the whole picture by less than 1; a map that is moved by 2 pixels by 3 and more.
MOST_ON_AVERAGE = 2.0

IRIS = load_iris()
X, Y = IRIS.data, IRIS.target_names[IRIS.target]


def sphere(units=48):
    """Return units spread over a sphere, each joined to the five nearest."""
    number = np.arange(units)
    height, turn = 1 - (2 * number + 1) / units, number * np.pi * (3 - np.sqrt(5))
    wide = np.sqrt(1 - height**2)
    points = np.column_stack([wide * np.cos(turn), wide * np.sin(turn), height])
    graph = nx.Graph()
    graph.add_nodes_from((unit, {"pos": tuple(point)}) for unit, point in enumerate(points.tolist()))
    for unit, point in enumerate(points):
        graph.add_edges_from((unit, int(other)) for other in np.argsort(np.linalg.norm(points - point, axis=1))[1:6])
    return graph


def globe():
    """Return the topology of plugins/somkit-globe, whether or not it is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(GLOBE)
        from somkit_globe import Globe
    return Globe(frequency=2)


LATTICES = {
    "grid": "grid:rows=5,columns=6",
    "torus": "hex:rows=6,columns=7,periodic=both",
    "karate": nx.karate_club_graph(),
    "ring": "ring:units=18",
    "sphere": sphere(),
    "globe": globe(),
}
VIEWS = {
    "u_matrix": {},
    "u_matrix between": {"cells": "between"},
    "hits": {},
    "labels": {},
    "component_planes": {},
    "pies": {},
    "clusters": {"n_clusters": 3},
    "profiles": {"n_clusters": 3},
    "glyphs": {},
    "glyphs bars": {"style": "bars"},
    "glyphs radar": {"style": "radar"},
    "glyphs image": {"style": "image"},
    "neighbour_graph": {},
    "starburst": {},
    "sdh": {},
    "sky": {},
    "p_matrix": {},
    "u_star_matrix": {},
    "quality": {},
    "activation": {"sample": 75},
    "trajectory": {},
    "missing": {},
    "data_space": {},
    "dendrogram": {},
    "training_curves": {},
}


def map_on(topology):
    """Return a map without training, whose last bits would differ between machines: flowers by length of petal."""
    placed = TrainedMap.from_codebook(topology, np.zeros((len(nodes_of(topology)), 4)))
    m = len(placed.lattice)
    rank = np.argsort(X[:, 2] + X[:, 3] / 100, kind="stable")[(np.arange(m) * len(X)) // m]
    side = np.argsort(np.argsort(np.round(placed.lattice.positions[:, 0], 6), kind="stable"), kind="stable")
    history = tuple(
        {"epoch": epoch, "radius": 3.0 - epoch, "quantisation_error": 1 / (epoch + 1)} for epoch in range(3)
    )
    return attrs.evolve(placed, codebook=X[rank[side]], history=history)


def nodes_of(topology):
    """Return the units of a topology."""
    return resolve("topology", topology).lattice().nodes


def picture(view, trained, **fields):
    """Return a view as pixels, (height, width, 3) from 0 to 255, without anything that depends on a font."""
    figure = Figure(figsize=(4.0, 3.2), dpi=DPI)
    ax = figure.add_axes((0.06, 0.16, 0.76, 0.76))
    samples, labels = (X[::7], Y[::7]) if view == "trajectory" else (X, Y)
    if view == "missing":
        trained = attrs.evolve(trained, metric=resolve("metric", "euclidean:missing=ignore"))
        samples = np.where((X[:, 2:3] > 5) & (np.arange(4) < [[row % 3] for row in range(len(X))]), np.nan, X)
    trained.draw(view.partition(" ")[0], ax, samples, labels, **fields)
    ax.set_axes_locator(None)
    if ax.get_legend():
        ax.get_legend().remove()
    for panel in [ax, *ax.child_axes, *(inner for child in ax.child_axes for inner in child.child_axes)]:
        panel.tick_params(which="both", length=0, labelbottom=False, labelleft=False, labelright=False)
    for text in figure.findobj(Text):
        text.set_visible(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].astype(np.float64)


def blocks(pixels):
    """Return the mean colours of blocks of pixels."""
    height, width = (side // BLOCK * BLOCK for side in pixels.shape[:2])
    cut = pixels[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, 3)
    return cut.mean(axis=(1, 3))


def alike(drawn, kept):
    """Tell whether two pictures are the same to whoever looks at them."""
    if drawn.shape != kept.shape:
        return False
    apart = np.abs(blocks(drawn) - blocks(kept))
    return bool(apart.max() <= MOST_OF_A_BLOCK and apart.mean() <= MOST_ON_AVERAGE)


def path_of(view, lattice):
    """Return where a picture is kept."""
    return BASELINE / f"{view.replace(' ', '-')}-{lattice}.png"


@pytest.fixture(scope="module")
def maps():
    """Iris on the six lattices."""
    return {name: map_on(topology) for name, topology in LATTICES.items()}


@pytest.mark.parametrize("lattice", list(LATTICES))
@pytest.mark.parametrize("view", list(VIEWS))
def test_pictures_are_as_they_were(maps, view, lattice):
    """A view of a map looks as it did when somebody last looked at it."""
    kept = image.imread(path_of(view, lattice))[:, :, :3].astype(np.float64) * 255
    drawn = picture(view, maps[lattice], **VIEWS[view])
    assert alike(drawn, kept), f"{path_of(view, lattice).name}: {np.abs(blocks(drawn) - blocks(kept)).max():.0f}"


def test_every_view_is_in_the_gallery():
    """No view of the standard plugin is left out, and no picture is left over."""
    known = {entry.component.name for entry in current().registry.entries("visualiser") if entry.plugin == "standard"}
    assert {view.partition(" ")[0] for view in VIEWS} == known
    assert set(BASELINE.iterdir()) == {path_of(view, lattice) for view in VIEWS for lattice in LATTICES}


@pytest.mark.parametrize("lattice", ["grid", "torus", "karate", "sphere"])
def test_a_wrong_colour_and_a_wrong_place_are_seen(maps, lattice):
    """The comparison fails where two units have each other's colours, and where the map is 2 pixels to the side."""
    trained = maps[lattice]
    right = picture("component_planes", trained, features=(2,))
    order = np.argsort(trained.codebook[:, 2])
    codebook = trained.codebook.copy()
    codebook[order[[0, -1]]] = codebook[order[[-1, 0]]]
    wrong = picture("component_planes", attrs.evolve(trained, codebook=codebook), features=(2,))
    assert alike(right, right)
    assert not alike(wrong, right)
    assert not alike(np.roll(right, 2, axis=1), right)


def main():
    """Draw all pictures anew."""
    BASELINE.mkdir(exist_ok=True)
    for old in BASELINE.glob("*.png"):
        old.unlink()
    for lattice, topology in LATTICES.items():
        trained = map_on(topology)
        for view, fields in VIEWS.items():
            pixels = picture(view, trained, **fields).astype(np.uint8)
            image.imsave(path_of(view, lattice), pixels, metadata={"Software": None})


if __name__ == "__main__":
    main()
