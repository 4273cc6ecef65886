"""What every view has in common: any map, any labels, no trace in pyplot; and lines over the seams of a map."""

import subprocess
import sys

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from somkit import TrainedMap
from somkit.errors import SampleError
from somkit.plugins import current
from somkit.standard.views._seams import Seams, inside
from somkit.standard.views._stage import Stage

VIEWS = sorted(entry.component.name for entry in current().registry.entries("visualiser") if entry.plugin == "standard")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
TORN = np.where(RNG.random((40, 3)) < 0.2, np.nan, X)
TORN[:, 0] = X[:, 0]  # no row is empty
LETTERS = np.array(list("abcd"))[RNG.integers(0, 4, 40)]
GAPS = [None if row % 5 == 0 else "ab"[row % 2] for row in range(40)]


def made(topology, units, metric="euclidean"):
    """Return a map of random vectors."""
    return TrainedMap.from_codebook(topology, RNG.normal(size=(units, 3)), metric)


MAPS = {
    "one cell": (made("grid:rows=1,columns=1", 1), X),
    "one node": (made(nx.empty_graph(1), 1), X),
    "two units": (made("line:units=2", 2), X),
    "parts": (made(nx.disjoint_union(nx.cycle_graph(5), nx.empty_graph(3)), 8), X),
    "no edges": (made(nx.empty_graph(4), 4), X),
    "constant": (TrainedMap.from_codebook("hex:rows=3,columns=4", np.ones((12, 3))), np.ones((40, 3))),
    "huge values": (TrainedMap.from_codebook("hex:rows=3,columns=4", 1e150 * RNG.normal(size=(12, 3))), 1e150 * X),
    "small torus": (made("grid:rows=3,columns=3,periodic=both", 9), X),
    "belt": (made("grid:rows=1,columns=6,periodic=columns", 6), X),
    "missing values": (made("hex:rows=3,columns=4", 12, "euclidean:missing=ignore"), TORN),
    "cosine": (made("hex:rows=3,columns=4", 12, "cosine"), X),
}
LABELS = {
    "text": LETTERS,
    "list with None": GAPS,
    "integers": RNG.integers(0, 3, 40),
    "booleans": RNG.random(40) < 0.5,
    "quantities": RNG.normal(size=40),
    "text and numbers": [1 if row % 2 else "b" for row in range(40)],
    "pandas Series with its own index": pd.Series(LETTERS, index=range(100, 140)),
    "pandas Categorical with None": pd.Categorical(GAPS),
    "Series of categories with None": pd.Series(pd.Categorical(GAPS)),
    "none known": [None] * 40,
}


@pytest.mark.parametrize("name", list(MAPS))
@pytest.mark.parametrize("view", VIEWS)
def test_any_map_is_drawn(view, name):
    """Small, torn, constant and broken maps are drawn like any other, on axes of their own, without a warning."""
    trained, samples = MAPS[name]
    ax = trained.draw(view, X=samples, y=LETTERS)
    ax.figure.canvas.draw()
    assert ax.get_title()


@pytest.mark.parametrize("name", list(LABELS))
@pytest.mark.parametrize("view", ["labels", "pies", "sky", "data_space"])
def test_any_labels_are_shown(view, name):
    """Labels are text, numbers, booleans or categories, in lists, arrays or pandas, and may be missing."""
    ax = MAPS["missing values"][0].draw(view, X=TORN, y=LABELS[name])
    known = {str(label) for label in LABELS[name] if label is not None and label == label}  # noqa: PLR0124 - NaN
    if view != "labels" and ax.get_legend() and name != "quantities":
        assert known <= {text.get_text() for text in ax.get_legend().get_texts()}


@pytest.mark.parametrize("view", ["labels", "pies", "sky", "data_space"])
def test_labels_that_do_not_fit_are_refused(view):
    """A label too few is said in one sentence."""
    with pytest.raises(SampleError) as caught:
        MAPS["cosine"][0].draw(view, X=X, y=LETTERS[:39])
    assert str(caught.value) == "y must hold one label for each of the 40 samples, got shape (39,)."


def test_no_view_touches_pyplot():
    """Drawing any view, or the dashboard, does not import matplotlib.pyplot."""
    program = (
        "import sys, numpy as np\n"
        "from somkit import TrainedMap\n"
        "trained = TrainedMap.from_codebook('hex:rows=3,columns=3', np.arange(36.0).reshape(9, 4))\n"
        f"for view in {VIEWS}:\n"
        "    trained.draw(view, X=np.ones((3, 4)), y=['a', 'b', 'b']).figure.draw_without_rendering()\n"
        "trained.dashboard(np.ones((3, 4)), ['a', 'b', 'b']).draw_without_rendering()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def seams_of(topology):
    """Return the seams of a topology."""
    placed = TrainedMap.from_codebook(topology, np.zeros((len(TOPOLOGIES[topology]), 1)))
    return Seams(Stage.of(placed.lattice))


TOPOLOGIES = {
    "hex:rows=8,columns=9,periodic=both": range(72),
    "grid:rows=5,columns=6,periodic=rows": range(30),
    "klein:rows=8,columns=9": range(72),
    "moebius:rows=5,columns=14": range(70),
    "cylinder:rows=5,columns=9": range(45),
}


@pytest.mark.parametrize("topology", list(TOPOLOGIES))
def test_no_line_runs_across_the_picture(topology):
    """A line between neighbours is at most one step long on paper, or leaves the map at its border in two halves."""
    seams = seams_of(topology)
    edges = seams.stage.lattice.edges
    over = seams.over(edges)
    straight = seams.stage.centres[edges[~over]]
    halves = seams.lines(edges[over])
    assert over.any()
    assert np.linalg.norm(straight[:, 1] - straight[:, 0], axis=1).max() <= 1 + 1e-9
    assert len(halves) == 2 * over.sum()
    lengths = np.linalg.norm(halves[:, 1] - halves[:, 0], axis=1)
    # half the way to the neighbour, rounded up to the next of 48 points, or the corner of a hexagon
    assert lengths.min() >= 0.5 - 1e-9
    assert lengths.max() < 0.62
    assert np.array_equal(halves[::2, 0], seams.stage.centres[edges[over, 0]])
    assert np.array_equal(halves[1::2, 0], seams.stage.centres[edges[over, 1]])


def test_ways_over_a_seam_are_the_shifted_places():
    """On a torus the way from one unit to another is that to its copy beyond the border."""
    seams = seams_of("hex:rows=8,columns=9,periodic=both")
    centres = seams.stage.centres
    corner, far = 0, np.array([8, 7, 63, 71])
    period = np.array([[9, 0], [9, 0], [0, 0], [9, 0]]) + np.array([[0, 0], [0, 0], [0, 1], [0, 1]]) * np.sqrt(48)
    flip = np.sign(centres[far] - centres[corner])
    assert np.allclose(seams.toward(corner, far), centres[far] - centres[corner] - flip * period, atol=1e-9)


def test_maps_with_borders_have_no_seams():
    """Nothing is over a seam on a sheet, nor on a graph, where distances on paper say little."""
    for trained in (made("hex:rows=4,columns=5", 20), made(nx.karate_club_graph(), 34)):
        pairs = np.array([[0, unit] for unit in range(1, len(trained.lattice))])
        assert not Seams(Stage.of(trained.lattice)).over(pairs).any()


def test_points_in_polygons_are_found():
    """A point is inside a triangle or outside it, whichever way its corners go round."""
    triangle = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    points = np.array([[1.0, 1.0], [3.0, 3.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 2.9]])
    for polygon in (triangle, triangle[::-1]):
        assert inside(points, polygon).tolist() == [True, False, False, False, True]
