"""The views beyond the first four: the right numbers in the right places, and what they refuse."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris

from somkit import SOM, TrainedMap
from somkit.errors import ParameterError, SampleError
from somkit.standard.views._stage import Stage
from somkit.standard.views.clusters import borders
from somkit.standard.views.density import pareto_radius

IRIS = load_iris()
X, Y = IRIS.data, IRIS.target_names[IRIS.target]
LINE = TrainedMap.from_codebook("line:units=4", [[0.0], [1.0], [3.0], [7.0]])


@pytest.fixture(scope="module")
def trained():
    """Iris on hexagons."""
    return SOM(topology="hex:rows=5,columns=6", epochs=5, random_state=0).fit(X).map_


def values(ax):
    """Return the numbers of the first collection that has any."""
    return next(found.get_array() for found in ax.collections if found.get_array() is not None)


def test_a_smoothed_histogram_shares_every_sample(trained):
    """Shares of a sample add up to 1, the nearest unit has the largest, and without smoothing they are the hits."""
    # Shares are twelfths and the like, added up 150 times.
    assert values(trained.draw("sdh", X=X)).sum() == pytest.approx(150, rel=1e-12)
    assert np.array_equal(values(trained.draw("sdh", X=X, smoothing=1)), trained.hits(X))
    assert values(LINE.draw("sdh", X=[[0.2]], smoothing=9)).tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_density_counts_samples_around_vectors(trained):
    """The P-matrix counts the samples within the radius, and the median sample has a fifth of all within Pareto's."""
    found = values(trained.draw("p_matrix", X=X, radius=0.8))
    assert np.array_equal(found, (cdist(X, trained.codebook) <= 0.8).sum(axis=0))
    weight = np.linspace(0.5, 2, 150)
    weighed = values(trained.draw("p_matrix", X=X, sample_weight=weight, radius=0.8))
    # Added up in another order.
    assert np.allclose(weighed, weight @ (cdist(X, trained.codebook) <= 0.8), rtol=1e-12)
    within = (cdist(X, X) <= pareto_radius(trained, X) * (1 + 1e-12)).sum(axis=1)
    assert np.median(within) == pytest.approx(0.2013 * 150, abs=1)


def test_u_star_is_the_u_matrix_where_density_is_mean():
    """The U*-matrix is 0 at the densest unit and the U-matrix where all units are as dense."""
    assert values(LINE.draw("u_star_matrix", X=[[9.0]], radius=1.0)).tolist() == [1, 1.5, 3, 4]
    found = values(LINE.draw("u_star_matrix", X=[[0.0], [1.0], [1.0], [7.0]], radius=0.5))
    # Densities 1, 2, 0, 1 of mean 1 and most 2: factors 1, 0, 2, 1.
    assert found.tolist() == [1, 0, 6, 4]


def test_activation_is_the_distance_to_a_sample(trained):
    """Every unit has its distance to the sample."""
    # cdist adds in another order.
    assert np.allclose(values(trained.draw("activation", X=X, sample=77)), trained.distances(X[77:78])[0], rtol=1e-12)


def test_quality_is_any_measure_unit_by_unit(trained):
    """Units have the measure's own values."""
    found = trained.measure_units("topographic_error", X)
    drawn = values(trained.draw("quality", X=X, measure="topographic_error"))
    assert np.array_equal(drawn, found[~np.isnan(found)])


def test_borders_are_between_clusters_only():
    """On a grid cut in two each row has one side between the clusters, and one cluster alone has no border."""
    grid = Stage.of(TrainedMap.from_codebook("grid:rows=3,columns=4", np.zeros((12, 1))).lattice)
    halves = np.tile([0, 0, 1, 1], 3)
    found = borders(grid, halves)
    assert found.shape == (3, 2, 2)
    assert np.allclose(found[:, :, 0], 1.5)  # between the second and third column
    assert len(borders(grid, np.zeros(12, dtype=int))) == 0


def test_clusters_are_those_of_the_map(trained):
    """Colours are `cluster_units`' clusters, and without a number that with the least Davies-Bouldin index."""
    from sklearn.metrics import davies_bouldin_score

    ax = trained.draw("clusters", n_clusters=4)
    drawn = {found.get_label(): len(found.get_paths()) for found in ax.collections if "cluster" in found.get_label()}
    counts = np.bincount(trained.cluster_units("ward", 4))
    assert drawn == {f"cluster {cluster}": count for cluster, count in enumerate(counts)}
    scores = {k: davies_bouldin_score(trained.codebook, trained.cluster_units("ward", k)) for k in range(2, 6)}
    assert len(trained.draw("clusters").get_legend().get_texts()) == min(scores, key=scores.get)


def test_pies_say_the_purity(trained):
    """The wedges on a unit are as many as its classes, and the note has the map's purity."""
    ax = trained.draw("pies", X=X, y=Y)
    units = trained.bmu(X)
    for name in np.unique(Y):
        (wedges,) = [found for found in ax.collections if found.get_label() == name]
        assert len(wedges.get_paths()) == len(np.unique(units[name == Y]))
    assert ax.texts[0].get_text() == f"area: samples; purity {trained.measure('purity', X, Y):.2f}"


def test_a_dendrogram_is_scipys(trained):
    """The lines of the tree are those that scipy draws."""
    from scipy.cluster.hierarchy import dendrogram, linkage

    tree = dendrogram(linkage(trained.codebook, "ward"), no_plot=True, distance_sort=False)
    drawn = trained.draw("dendrogram")
    lines = np.array(drawn.collections[0].get_segments()).reshape(-1, 3, 2, 2)
    # scipy's leaves stand at 5, 15, 25, ...; heights are the same numbers.
    links = zip(tree["icoord"], tree["dcoord"], strict=True)
    expected = {(tuple(np.round(across, 6)), tuple(np.round(up, 6))) for across, up in links}
    found = {
        (
            tuple(np.round(10 * np.array([a[0, 0], a[1, 0], c[0, 0], c[1, 0]]) + 5, 6)),
            tuple(np.round([a[0, 1], a[1, 1], c[0, 1], c[1, 1]], 6)),
        )
        for a, _, c in lines
    }
    assert found == expected


def test_cells_between_units_have_the_edges_distances():
    """With cells between, each edge has its own distance."""
    ax = LINE.draw("u_matrix", cells="between")
    drawn = [found.get_array().tolist() for found in ax.collections if found.get_array() is not None]
    assert [1, 2, 4] in drawn


def test_a_trajectory_goes_from_unit_to_unit():
    """A step that stays on its unit is no step, and a step over the seam of a ring of cells is dashed."""
    ax = LINE.draw("trajectory", X=[[0.0], [0.1], [7.0], [1.0]])
    segments = [tuple(map(tuple, line)) for found in ax.collections[2:4] for line in found.get_segments()]
    at = Stage.of(LINE.lattice).centres
    assert segments == [(tuple(at[0]), tuple(at[3])), (tuple(at[3]), tuple(at[1]))]
    W = [[float(unit)] for unit in range(15)]
    wound = TrainedMap.from_codebook("grid:rows=3,columns=5,periodic=columns", W)
    note = wound.draw("trajectory", X=[[0.0], [4.0], [3.0]]).texts[0].get_text().replace("\n", " ")
    assert note == "circle: first, square: last; 2 steps between units; dashed: over the seam"


def test_training_curves_are_the_history(trained):
    """The curves are the history's numbers; a map without one says so."""
    ax = trained.draw("training_curves")
    assert ax.lines[0].get_ydata().tolist() == [entry["quantisation_error"] for entry in trained.history]
    assert LINE.draw("training_curves").texts[0].get_text() == "this map has no history"


def test_the_lattice_lies_where_scikit_learn_puts_it(trained):
    """Units are where the principal components of the samples place them, but for signs."""
    from sklearn.decomposition import PCA

    ax = trained.draw("data_space", X=X)
    expected = PCA(2).fit(X).transform(trained.codebook)
    # 1e-9: another way to the same singular vectors.
    assert np.allclose(np.abs(ax.collections[-1].get_offsets()), np.abs(expected), atol=1e-9)


def test_a_dashboard_has_what_the_data_allow(trained):
    """All six with labels, five with samples, three of the map alone."""
    planes = ["Component planes"]
    assert titles(trained.dashboard()) == ["U-matrix", "Clusters", *planes]
    assert titles(trained.dashboard(X)) == ["U-matrix", "Hits", "Clusters", "Quantisation error", *planes]
    everything = ["U-matrix", "Hits", "Labels", "Clusters", "Quantisation error", *planes]
    assert titles(trained.dashboard(X, Y)) == everything


def titles(figure):
    """Return the titles of the axes of a figure."""
    return [ax.get_title() for ax in figure.axes]


REFUSED = {
    "sample": ("activation", {"X": X, "sample": 150}, "Activation.sample must be an integer from 0 to 149, got 150."),
    "width": (
        "glyphs",
        {"style": "image", "width": 3},
        "Glyphs.width must be a divisor of the number of features, 4, got 3.",
    ),
    "no unit by unit": (
        "quality",
        {"X": X, "measure": "c_measure"},
        "measure 'c_measure' has no value for single units.",
    ),
    "labels": (
        "pies",
        {"X": X},
        "view 'pies' needs y, the label of each sample; draw it with trained.draw('pies', X=X, y=y).",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_drawn_is_refused(trained, name):
    """One sentence says what is missing and names the way out."""
    view, arguments, message = REFUSED[name]
    with pytest.raises((ParameterError, SampleError)) as caught:
        trained.draw(view, **arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize("view", ["sdh", "p_matrix", "u_star_matrix", "quality", "activation", "trajectory", "missing"])
def test_samples_are_asked_for(trained, view):
    """A view that shows samples names them where there are none."""
    with pytest.raises(
        SampleError, match=rf"^view '{view}' needs X, .*; draw it with trained.draw\('{view}', X=X\)\.$"
    ):
        trained.draw(view)
