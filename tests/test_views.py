"""The four pictures of a map: right numbers, readable on every lattice."""

import pickle
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris, load_wine

from somkit import SOM, TrainedMap
from somkit.errors import ParameterError, SampleError
from somkit.standard import ComponentPlanes, Hits, Labels, UMatrix
from somkit.standard.views._canvas import limits, nice_ticks, numerals, shorten
from somkit.standard.views._stage import Stage, project
from somkit.standard.views.component_planes import wrap
from somkit.standard.views.labels import MOST_LABELS, PALETTE, classes_of

VIEWS = ("u_matrix", "hits", "labels", "component_planes")


def cube(side):
    """Return a cubic grid whose nodes know where they are in space."""
    graph = nx.grid_graph((side, side, side))
    nx.set_node_attributes(graph, {node: node for node in graph}, "pos")
    return graph


def flat_in_space():
    """Return a ring whose positions have a third coordinate that says nothing."""
    graph = nx.cycle_graph(6)
    angle = np.arange(6) * np.pi / 3
    nx.set_node_attributes(graph, {node: (np.cos(angle[node]), np.sin(angle[node]), 5.0) for node in graph}, "pos")
    return graph


LATTICES = {
    "hexagons": "hex",
    "grid": "grid:rows=6,columns=7",
    "wide": "hex:rows=4,columns=15",
    "tall": "grid:rows=15,columns=4",
    "torus": "hex:rows=8,columns=12,periodic=both",
    "line": "line",
    "ring": "ring",
    "karate club": nx.karate_club_graph(),
    "3-D grid": nx.grid_graph((3, 3, 3)),
    "cube in space": cube(4),
    "flat in space": flat_in_space(),
    "two disjoint rings": nx.disjoint_union(nx.cycle_graph(8), nx.cycle_graph(5)),
    "ring and loners": nx.disjoint_union(nx.cycle_graph(8), nx.empty_graph(3)),
    "single node": nx.empty_graph(1),
    "two nodes": nx.path_graph(2),
    "50 x 50": "grid:rows=50,columns=50",
    "crowded graph": nx.convert_node_labels_to_integers(nx.grid_2d_graph(25, 20)),
}

IRIS = load_iris(as_frame=True)
X = IRIS.data
y = IRIS.target_names[IRIS.target]


def draw(view, trained, samples=X, labels=y, **fields):
    """Draw a view and render it, so that whatever matplotlib does late is done."""
    ax = trained.draw(view, X=samples, y=labels, **fields)
    ax.figure.draw_without_rendering()
    return ax


@pytest.fixture(scope="module", params=list(LATTICES))
def trained(request):
    """Iris on each of the lattices."""
    return SOM(topology=LATTICES[request.param], epochs=3, random_state=0).fit(X).map_


@pytest.fixture(scope="module")
def hexagons():
    """Iris on hexagons, scaled."""
    return SOM(topology="hex:rows=7,columns=8", scale="standard", random_state=0).fit(X).map_


def shapes(ax, zorder=2):
    """Return the collections of units that carry numbers."""
    return [found for found in ax.collections if found.get_array() is not None and found.get_zorder() >= zorder]


def texts(figure):
    """Return everything written in a figure; axes that are switched off do not write their numbers."""
    off = [ax for ax in figure.findobj(Axes) if not ax.axison]
    silent = {id(text) for ax in off for axis in (ax.xaxis, ax.yaxis) for text in axis.findobj(Text)}
    found = {id(text): text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()}
    return [text for number, text in found.items() if number not in silent]


def assert_inside(figure):
    """Assert that no text reaches beyond the page, by more than the pixel that rounding may cost."""
    figure.draw_without_rendering()
    page = figure.bbox
    for text in texts(figure):
        box = text.get_window_extent()
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.width + 1 and box.y1 <= page.height + 1
        assert inside, (text.get_text(), box.bounds, page.bounds)


def colour_bars(figure):
    """Return the axes of the colour bars in a figure, wherever they are."""
    return [ax for ax in dict.fromkeys(figure.findobj(Axes)) if ax.get_label() == "<colorbar>"]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_on_every_lattice(trained, view):
    """Every view is drawn on every lattice without a warning, titled, with nothing cut off, nor ticks on the map."""
    ax = draw(view, trained)
    assert (
        ax.get_title()
        == {
            "u_matrix": "U-matrix",
            "hits": "Hits",
            "labels": "Labels",
            "component_planes": "Component planes",
        }[view]
    )
    assert not ax.axison
    assert_inside(ax.figure)
    maps = ax.child_axes if view == "component_planes" else [ax]
    assert all(panel.get_aspect() == 1 for panel in maps if panel.get_label() != "<colorbar>")


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
@pytest.mark.parametrize("topology", ["hex:rows=7,columns=7", "hex:rows=4,columns=15", "hex:rows=12,columns=4"])
def test_views_share_a_figure(layout, topology):
    """In subplots every view keeps its text on the page, whether or not the figure has a layout engine."""
    trained = SOM(topology=topology, random_state=0).fit(X).map_
    figure = Figure(figsize=(9, 7), layout=layout)
    for ax, view in zip(figure.subplots(2, 2).flat, VIEWS, strict=True):
        assert trained.draw(view, ax, X, y) is ax
    assert_inside(figure)


def test_a_map_may_be_drawn_again_on_the_same_axes(hexagons):
    """A picture on axes that were cleared takes the same place as before, with one colour bar."""
    figure = Figure()
    ax = figure.subplots()
    places = []
    for _ in range(3):
        ax.clear()
        hexagons.draw("u_matrix", ax)
        figure.draw_without_rendering()
        places.append(ax.get_position().bounds)
        assert len(ax.child_axes) == 1
    assert places[1] == places[0]
    assert places[2] == places[0]


def test_views_go_into_parts_of_figures_and_into_axes(hexagons):
    """Subfigures and inset axes take pictures like any axes."""
    figure = Figure(figsize=(10, 5))
    left, right = figure.subfigures(1, 2)
    hexagons.draw("labels", left.subplots(), X, y)
    hexagons.draw("component_planes", right.subplots().inset_axes((0, 0, 1, 0.9)))
    assert_inside(figure)


def test_figures_can_be_pickled(hexagons):
    """A figure of any view survives pickling."""
    for view in VIEWS:
        figure = hexagons.draw(view, X=X, y=y).figure
        assert len(pickle.loads(pickle.dumps(figure)).axes) == len(figure.axes)


def test_wide_maps_are_not_tiny():
    """A figure has the shape of its map: a map of 4 x 15 hexagons fills most of a wide one."""
    trained = SOM(topology="hex:rows=4,columns=15", random_state=0).fit(X).map_
    ax = draw("u_matrix", trained)
    width, height = ax.figure.get_size_inches()
    assert width > 2 * height
    assert ax.get_position().width > 0.9


def test_u_matrix_is_the_mean_distance_to_neighbours(trained):
    """Each unit is coloured by its mean distance to its neighbours, and only units without any are hatched."""
    ax = draw("u_matrix", trained)
    table = cdist(trained.codebook, trained.codebook)
    joined = np.zeros(table.shape, dtype=bool)
    joined[tuple(trained.lattice.edges.T)] = True
    joined |= joined.T
    alone = ~joined.any(axis=1)
    hatched = [found for found in ax.collections if found.get_hatch()]
    assert sum(len(found.get_paths()) for found in hatched) == alone.sum()
    if alone.all():
        assert not shapes(ax)
        assert "no unit has a neighbour" in {text.get_text() for text in ax.texts}
        return
    expected = np.array([table[unit, joined[unit]].mean() for unit in np.flatnonzero(~alone)])
    order = Stage.of(trained.lattice).order
    (shown,) = shapes(ax)
    # Distances are computed in another order of additions than scipy's.
    assert np.allclose(shown.get_array(), expected[order] if len(expected) == len(order) else expected, rtol=1e-12)
    (bar,) = colour_bars(ax.figure)
    assert "mean distance to neighbours" in (bar.get_ylabel() + bar.get_xlabel()).replace("\n", " ")
    said = any("hatched: no neighbour" in text.get_text().replace("\n", " ") for text in ax.texts)
    assert said == alone.any()


def test_u_matrix_is_in_the_maps_metric():
    """Distances are the map's own metric's, on the features as the map was trained on them."""
    W = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]])
    manhattan = TrainedMap.from_codebook("line:units=3", W, metric="manhattan")
    assert shapes(draw("u_matrix", manhattan))[0].get_array().tolist() == [7, 4, 1]
    scaled = SOM(topology="line:units=3", scale="standard", random_state=0).fit(X).map_
    steps = np.linalg.norm(np.diff(scaled.codebook, axis=0), axis=1)
    values = shapes(draw("u_matrix", scaled))[0].get_array()
    # As above.
    assert np.allclose(values, [steps[0], steps.mean(), steps[1]], rtol=1e-12)


def test_equal_distances_are_drawn_too():
    """A U-matrix whose units all have the same value has one number on its colour bar."""
    ax = draw("u_matrix", TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [2.0], [3.0]]))
    (bar,) = colour_bars(ax.figure)
    assert [text.get_text() for text in bar.get_xticklabels()] == ["1"]


def test_hits_count_samples(trained):
    """Colour and area of a unit are the number of its samples; empty units are marked, and their number is said."""
    ax = draw("hits", trained)
    counts = np.bincount(trained.bmu(X), minlength=len(trained.lattice))
    order = Stage.of(trained.lattice).order
    shown = next(found for found in shapes(ax) if found.get_zorder() == 3)
    assert np.array_equal(shown.get_array(), counts[order][counts[order] > 0])
    note = ax.texts[0].get_text().replace("\n", " ")
    assert note.startswith(f"150 samples on {(counts > 0).sum()} of {len(counts)} unit")
    assert ("empty units" in note) == (counts == 0).any()
    areas = np.array([np.ptp(path.vertices, axis=0).prod() for path in shown.get_paths()])
    most = shown.get_array().argmax()
    share = shown.get_array() / counts.max()
    if len(counts) <= 400:
        # 0.22 squared: the smallest share of a shape that is drawn; 1e-9: corners are sines and cosines.
        assert np.allclose(areas / areas[most], np.maximum(share, 0.22**2), rtol=1e-9)
    assert [bar.get_ylabel() + bar.get_xlabel() for bar in colour_bars(ax.figure)] == ["samples"]


def test_hits_add_up_weights(hexagons):
    """With sample weights the hits are their sums, and the colour bar says so."""
    weight = np.linspace(0.5, 2, len(X))
    ax = hexagons.draw("hits", X=X, sample_weight=weight)
    total = np.bincount(hexagons.bmu(X), weights=weight, minlength=56)
    shown = next(found for found in shapes(ax) if found.get_zorder() == 3)
    assert np.array_equal(shown.get_array(), total[total > 0])
    assert [bar.get_ylabel() for bar in colour_bars(ax.figure)] == ["total weight of samples"]
    assert ax.texts[0].get_text().replace("\n", " ").startswith("total weight 187.5 on")


def test_labels_are_the_units_labels(trained):
    """Each label has a colour of its own, on the units that bear it."""
    ax = draw("labels", trained)
    found = trained.label_units(y, X)
    for place, name in enumerate(np.unique(y)):
        drawn = [collection for collection in ax.collections if collection.get_label() == name]
        assert sum(len(collection.get_paths()) for collection in drawn) == (found == name).sum()
        for collection in drawn:
            assert np.allclose(collection.get_facecolor()[0][:3] * 255, tuple(bytes.fromhex(PALETTE[place][1:])))
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    present = sorted({name for name in found if name is not None})
    assert legend == [*present, *(["no sample"] if None in found.tolist() else [])]


@pytest.mark.parametrize("view", ["labels", "pies", "sky"])
def test_masked_labels_are_drawn_as_none(trained, view):
    """What numpy masks has no colour and no place in the legend, as None has none."""
    gaps = np.array(y, dtype=object)
    gaps[gaps == y[0]] = None
    masked = np.ma.array(np.asarray(y), mask=np.asarray(y) == y[0])
    shown, wanted = (draw(view, trained, labels=labels).get_legend() for labels in (masked, gaps))
    assert [text.get_text() for text in shown.get_texts()] == [text.get_text() for text in wanted.get_texts()]


def test_labels_of_wins():
    """A map that recorded its wins shows the labels of the samples that won, without X."""
    trainer = "online:record_wins=true"
    trained = SOM(topology="hex:rows=5,columns=6", trainer=trainer, epochs=3, random_state=0).fit(X).map_
    ax = draw("labels", trained, samples=None, method="wins")
    found = trained.label_units(y, method="wins")
    for name in set(found) - {None}:
        (drawn,) = [collection for collection in ax.collections if collection.get_label() == name]
        assert len(drawn.get_paths()) == (found == name).sum()
    numbers = np.linspace(0, 1, len(X))
    (shown,) = shapes(draw("labels", trained, samples=None, labels=numbers, method="wins"))
    expected = trained.label_units(numbers, method="wins")
    assert shown.get_array().tolist() == [value for value in expected if value is not None]


def test_quantities_are_averaged(hexagons):
    """Floats with many different values are quantities: their weighted mean over a unit's samples, with a bar."""
    values = X.iloc[:, 2].to_numpy() + np.arange(len(X)) / 1000
    values[:3] = np.nan
    weight = np.linspace(0.5, 2, len(X))
    ax = hexagons.draw("labels", X=X, y=values, sample_weight=weight)
    units = hexagons.bmu(X)
    known = ~np.isnan(values)
    expected = [
        np.average(values[known & (units == unit)], weights=weight[known & (units == unit)])
        for unit in range(56)
        if (known & (units == unit)).any()
    ]
    (shown,) = shapes(ax)
    # Sums and averages add in another order.
    assert np.allclose(shown.get_array(), expected, rtol=1e-12)
    labels = [bar.get_ylabel().replace("\n", " ") for bar in colour_bars(ax.figure)]
    assert labels == ["mean label of the unit's samples"]


def test_few_floats_are_classes(hexagons):
    """Floats with few different values are classes, as whole numbers are."""
    ax = draw("labels", hexagons, labels=IRIS.target.to_numpy() / 2)
    assert [text.get_text() for text in ax.get_legend().get_texts()][:3] == ["0.0", "0.5", "1.0"]


def test_many_classes_get_markers_and_the_rarest_are_taken_together():
    """From the ninth on a class has a colour again, with a marker; a legend has no more than 24 classes."""
    names = [f"class {number:02}" for number in range(40)]
    found = np.array([*names[:39], *names[:10], None], dtype=object)
    labels, classes = classes_of(found, names)
    assert len(labels) == MOST_LABELS
    assert labels[-1][0] == "16 other labels"
    assert classes[-1] == -1
    assert [label for label, _ in labels[:10]] == names[:10]
    looks = [look for _, look in labels]
    assert looks[0].colour == looks[8].colour
    assert (looks[0].marker, looks[8].marker) == ("", "o")
    assert len(set(looks)) == len(looks)


def test_classes_keep_their_look_where_others_are_missing():
    """The look of a class depends on all labels, not on those that happen to be on the map."""
    labels, _ = classes_of(np.array(["c", None], dtype=object), ["a", "b", "c"])
    assert [(label, look.colour) for label, look in labels] == [("c", PALETTE[2])]


def test_long_legends_stay_on_the_page():
    """Many classes with long names are shown with a legend that fits, beside high maps and below wide ones."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(600, 3))
    names = np.array([f"a rather long name of class {number}" for number in range(40)])
    for topology in ("hex:rows=12,columns=13", "hex:rows=6,columns=20"):
        trained = SOM(topology=topology, epochs=3, random_state=0).fit(samples).map_
        ax = draw("labels", trained, samples, names[rng.integers(0, 40, 600)])
        assert_inside(ax.figure)


def test_labels_are_written_as_they_are(hexagons):
    """Labels that begin with an underscore are in the legend, and dollars are dollars."""
    names = np.array(["_hidden", "$ and $", "b"])[IRIS.target]
    ax = draw("labels", hexagons, labels=names)
    legend = ax.get_legend().get_texts()
    assert {text.get_text() for text in legend} >= {"_hidden", "$ and $", "b"}
    assert not any(text.get_parse_math() for text in legend)


def panels(ax):
    """Return the axes of the planes."""
    return [panel for panel in ax.child_axes if panel.get_label() != "<colorbar>"]


def test_planes_are_in_the_units_of_the_data(hexagons):
    """There is a plane a feature, titled with its name, coloured by the codebook in the data's units."""
    ax = draw("component_planes", hexagons)
    assert [panel.get_title() for panel in panels(ax)] == list(X.columns)
    for feature, panel in enumerate(panels(ax)):
        values = hexagons.codebook_in_units[:, feature]
        assert np.array_equal(shapes(panel)[0].get_array(), values)
        assert shapes(panel)[0].get_clim() == (values.min(), values.max())
    assert len(colour_bars(ax.figure)) == 4
    assert [text.get_text() for text in ax.texts] == ["values in the units of the data"]


def test_planes_of_chosen_features(hexagons):
    """Features are chosen by name or index, in any order; one alone is drawn on the axes themselves."""
    ax = draw("component_planes", hexagons, features=["petal width (cm)", 0])
    assert [panel.get_title() for panel in panels(ax)] == ["petal width (cm)", "sepal length (cm)"]
    alone = draw("component_planes", hexagons, features="petal width (cm)")
    assert alone.get_title() == "petal width (cm)"
    assert np.array_equal(shapes(alone)[0].get_array(), hexagons.codebook_in_units[:, 3])
    assert [bar.get_ylabel() for bar in colour_bars(alone.figure)] == ["value in the units of the data"]


def test_planes_with_shared_limits(hexagons):
    """With shared limits all planes have the same colours for the same values, and one bar."""
    ax = draw("component_planes", hexagons, limits="shared")
    everything = hexagons.codebook_in_units
    assert {shapes(panel)[0].get_clim() for panel in panels(ax)} == {(everything.min(), everything.max())}
    assert [bar.get_xlabel() for bar in colour_bars(ax.figure)] == ["value in the units of the data"]


def overlaps(first, second):
    """Tell whether two boxes share more than the pixel that rounding may cost."""
    across = min(first.x1, second.x1) - max(first.x0, second.x0)
    return across > 1 and min(first.y1, second.y1) - max(first.y0, second.y0) > 1


@pytest.mark.parametrize("features", [5, 13, 30, 64])
def test_many_planes_do_not_overlap(features):
    """However many planes there are, no text stands on another or on a map; beyond 12 they share a bar."""
    rng = np.random.default_rng(0)
    names = tuple(f"worst fractal dimension of feature_{number}" for number in range(features))
    codebook = rng.normal(size=(56, features)) * 10.0 ** rng.integers(-9, 9, size=features)
    trained = TrainedMap.from_codebook("hex:rows=7,columns=8", codebook, feature_names=names)
    ax = trained.draw("component_planes")
    assert_inside(ax.figure)
    written = [text.get_window_extent() for text in texts(ax.figure)]
    maps = [panel.get_window_extent() for panel in panels(ax)]
    for place, box in enumerate(written):
        assert not any(overlaps(box, other) for other in written[place + 1 :] + maps)
    assert len(colour_bars(ax.figure)) == (features if features <= 12 else 1)
    if features > 12:
        low, high = numerals([codebook[:, 0].min(), codebook[:, 0].max()])
        assert panels(ax)[0].texts[0].get_text() == f"{low} to {high}"


def test_units_of_a_cube_do_not_hide_each_other():
    """A cube in space is turned so that no two units are drawn on one point; the nearer ones are painted last."""
    positions = np.array(list(cube(4)), dtype=float)
    flat, order = project(positions)
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=2)[np.triu_indices(64, 1)]
    assert apart.min() > 0.1
    assert sorted(order) == list(range(64))
    plane = positions * (1, 1, 0)
    flat, order = project(plane)
    # Only turned within the plane, so distances stay, to rounding.
    assert np.allclose(np.linalg.norm(flat - flat[0], axis=1), np.linalg.norm(plane - plane[0], axis=1), atol=1e-9)
    assert order.tolist() == list(range(64))


def test_cells_fill_the_plane_and_graphs_show_their_edges(hexagons):
    """Where units have cells these are drawn and no edges; where they have none, circles at their positions."""
    (cells,) = shapes(draw("u_matrix", hexagons))
    drawn = np.array([path.vertices[:6] for path in cells.get_paths()])
    assert np.allclose(drawn, hexagons.lattice.cells)
    club = SOM(topology=nx.karate_club_graph(), epochs=2, random_state=0).fit(X).map_
    edges, circles = draw("u_matrix", club).collections
    assert len(edges.get_segments()) == 78
    centres = np.array([path.vertices[:-1].mean(axis=0) for path in circles.get_paths()])
    assert np.allclose(centres, club.lattice.positions)


NUMERALS = [
    ([0, 0.5, 1], ["0.0", "0.5", "1.0"]),
    ([1.44e-11, 14.53], ["0.0", "14.5"]),
    ([0.0533, 0.0844], ["0.0533", "0.0844"]),
    ([385.2, 1381.1], ["385", "1381"]),
    ([-2e-9, 0, 1e-9], ["\N{MINUS SIGN}2e\N{MINUS SIGN}9", "0", "1e\N{MINUS SIGN}9"]),
    ([-1e8, 2.5e8], ["\N{MINUS SIGN}1e8", "2.5e8"]),
    ([5.843], ["5.84"]),
    ([0.0], ["0"]),
]


@pytest.mark.parametrize(("values", "written"), NUMERALS)
def test_numbers_are_written_shortly(values, written):
    """Numbers have as few decimals as tell them apart, all the same, and powers of ten where that is shorter."""
    assert numerals(values) == written


def test_ticks_and_limits_lie_within_the_values():
    """Ticks are round numbers inside the values, whole where asked for; a lone value is its own tick."""
    assert nice_ticks(np.array([0.13, 0.97])).tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert nice_ticks(np.array([0.0, 2.0]), whole=True).tolist() == [0, 1, 2]
    assert nice_ticks(np.array([3.0, 3.0])).tolist() == [3]
    assert limits(np.array([2.0, np.nan, 2.0])) == (1, 3)
    assert limits(np.array([0.0])) == (-0.5, 0.5)


def test_long_names_are_broken_and_shortened():
    """Names are broken between words, and the middle of what is still too long is left out."""
    assert wrap("mean area", 20) == "mean area"
    assert wrap("worst fractal dimension", 14) == "worst fractal\ndimension"
    assert wrap("od280/od315_of_diluted_wines", 16) == "od280/od315_of_\ndiluted_wines"
    assert shorten("abcdefghij", 10) == "abcdefghij"
    assert shorten("abcdefghijk", 9) == "abcd\N{HORIZONTAL ELLIPSIS}hijk"


ERRORS = {
    "hits without samples": (
        "hits",
        {},
        SampleError,
        "view 'hits' needs X, the samples to count; draw it with trained.draw('hits', X=X).",
    ),
    "labels without labels": (
        "labels",
        {"X": X},
        SampleError,
        "view 'labels' needs y, the label of each sample; draw it with trained.draw('labels', X=X, y=y).",
    ),
    "labels without samples": (
        "labels",
        {"y": y},
        SampleError,
        (
            "view 'labels' needs X, the samples that y labels; draw it with trained.draw('labels', X=X, y=y), or with "
            "method='wins' for a map trained with trainer='online:record_wins=true'."
        ),
    ),
    "labels of other samples": (
        "labels",
        {"X": X, "y": y[:3]},
        SampleError,
        "y must hold one label for each of the 150 samples, got shape (3,).",
    ),
    "quantities of other samples": (
        "labels",
        {"X": X, "y": np.linspace(0, 1, 99)},
        SampleError,
        "y must hold one label for each of the 150 samples, got shape (99,).",
    ),
    "unknown method": (
        "labels",
        {"method": "mean"},
        ParameterError,
        "Labels.method must be one of 'majority', 'wins', got 'mean'.",
    ),
    "misspelt feature": (
        "component_planes",
        {"features": ("petal with (cm)",)},
        ParameterError,
        "this map has no feature 'petal with (cm)'; did you mean 'petal width (cm)'?",
    ),
    "unknown feature": (
        "component_planes",
        {"features": ("hue",)},
        ParameterError,
        (
            "this map has no feature 'hue'; its features are sepal length (cm), sepal width (cm), petal length (cm), "
            "petal width (cm)."
        ),
    ),
    "feature out of range": (
        "component_planes",
        {"features": (4,)},
        ParameterError,
        "ComponentPlanes.features must be names, or indices from 0 to 3, got 4.",
    ),
    "no feature": (
        "component_planes",
        {"features": (True,)},
        ParameterError,
        "ComponentPlanes.features must be a list of feature names or of indices >= 0, got (True,).",
    ),
    "unknown limits": (
        "component_planes",
        {"limits": "both"},
        ParameterError,
        "ComponentPlanes.limits must be one of 'own', 'shared', got 'both'.",
    ),
}


@pytest.mark.parametrize("name", list(ERRORS))
def test_what_cannot_be_drawn_is_refused(hexagons, name):
    """What a view lacks or does not know is said in one sentence that names the way out."""
    view, arguments, error, message = ERRORS[name]
    with pytest.raises(error) as caught:
        hexagons.draw(view, **arguments)
    assert str(caught.value) == message


def test_parts_are_plain_values():
    """The views are hashable, comparable and spelled with what differs from their defaults."""
    assert str(ComponentPlanes(features=[np.int64(1), "a"])) == str(ComponentPlanes(features=(1, "a")))
    assert len({UMatrix(), Hits(), Labels(), ComponentPlanes(), UMatrix()}) == 4
    assert ComponentPlanes().to_dict() == {"name": "component_planes"}


def test_drawing_never_touches_pyplot():
    """Importing the parts does not import matplotlib, and drawing does not import pyplot."""
    program = (
        "import sys, somkit.standard\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from somkit import TrainedMap\n"
        "trained = TrainedMap.from_codebook('hex:rows=3,columns=3', [[float(i), 1.0] for i in range(9)])\n"
        "for view in ('u_matrix', 'hits', 'labels', 'component_planes'):\n"
        "    trained.draw(view, X=[[1.0, 1.0]], y=['a']).figure.draw_without_rendering()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_pictures_of_scaled_wine_are_whole():
    """Thirteen planes of standardised wine stand in the data's units with their names in full or shortened."""
    wine = load_wine(as_frame=True).data
    trained = SOM(scale="standard", random_state=0).fit(wine).map_
    ax = draw("component_planes", trained, wine, None)
    assert [panel.get_title().replace("\n", "") for panel in panels(ax)] == list(wine.columns)
    assert np.array_equal(shapes(panels(ax)[12])[0].get_array(), trained.codebook_in_units[:, 12])


def test_samples_in_the_place_of_axes_are_refused():
    """The samples are a view's fourth argument, not its second."""
    with pytest.raises(ParameterError) as caught:
        TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]]).draw("hits", np.eye(2))
    assert str(caught.value) == (
        "ax must be matplotlib Axes or None, got ndarray; give samples by name, as in trained.draw('hits', X=X)."
    )
