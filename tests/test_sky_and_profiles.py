"""Stars, profiles of clusters, planes in order of likeness, and a page of pictures: their numbers and their places."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.path import Path
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_wine

from somkit import SOM, TrainedMap
from somkit.errors import ParameterError, SampleError
from somkit.standard.views._likeness import by_similarity
from somkit.standard.views._stage import Stage
from somkit.standard.views.clusters import find_clusters
from somkit.standard.views.profiles import Profiles, profiles_of
from somkit.standard.views.sky import star_places

WINE = load_wine(as_frame=True)
X, Y = WINE.data, WINE.target_names[WINE.target]


@pytest.fixture(scope="module")
def trained():
    """Wine on hexagons, scaled."""
    return SOM(topology="hex:rows=6,columns=7", scale="standard", random_state=0).fit(X).map_


def places(trained, rows, pulls=3):
    """Return where samples are drawn."""
    return star_places(trained, Stage.of(trained.lattice), np.asarray(rows, dtype=float), pulls)


def test_a_star_is_in_its_units_cell(trained):
    """Every sample is drawn inside the cell of its best-matching unit."""
    ax = trained.draw("sky", X=X)
    stars = ax.collections[-1].get_offsets()
    stage = Stage.of(trained.lattice)
    for unit, star in zip(trained.bmu(X), stars, strict=True):
        assert Path(stage.shapes[unit]).contains_point(star)


def test_stars_are_pulled_by_next_best_units():
    """A vector itself is in the middle, one that is as near to two units at the border; between, as the formula says."""
    line = TrainedMap.from_codebook("line:units=4", [[0.0], [2.0], [4.0], [12.0]])
    # Distances of 0.5: 0.5, 1.5, 3.5; pulled by one with strength 0.5 / 1.5 (3.5 - 1.5) / (3.5 - 0.5).
    expected = np.array([[0, 0], [0.46, 0], [0.46 * 2 / 9, 0], [1 - 0.46 * 2 / 9, 0]])
    assert np.allclose(places(line, [[0.0], [1.0], [0.5], [1.5]], 1)[:3], expected[:3])
    # 1.5 is 0.5 from its unit, 1.5 from the one to the left, 2.5 from the one to the right.
    strength = 0.5 / 1.5 * (2.5 - 1.5) / (2.5 - 0.5)
    assert np.allclose(places(line, [[1.5]], 1), [[1 - 0.46 * strength, 0]])


def test_stars_are_pulled_over_seams_the_short_way():
    """On a belt a sample between the last unit and the first is at the outer border, not drawn across the map."""
    codebook = [[np.cos(turn), np.sin(turn)] for turn in np.arange(6) * np.pi / 3]
    belt = TrainedMap.from_codebook("grid:rows=1,columns=6,periodic=columns", codebook)
    between = [[np.cos(-0.4 * np.pi / 3), np.sin(-0.4 * np.pi / 3)]]
    assert belt.bmu(between).tolist() == [0]
    across = places(belt, between, 1)[0, 0]
    assert -0.5 < across < 0


def test_stars_have_the_colours_of_their_classes(trained):
    """With labels there is a legend beside the colour bar; more stars than are drawn are said to be."""
    ax = trained.draw("sky", X=X, y=Y)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class_0", "class_1", "class_2"]
    assert sum(len(stars.get_offsets()) for stars in ax.collections[-3:]) == len(X)
    many = np.tile(X.to_numpy(), (120, 1))
    ax = trained.draw("sky", X=many)
    assert len(ax.collections[-1].get_offsets()) == 20_000
    assert ax.texts[-1].get_text().startswith("stars: 20000 of 21360 samples")


def test_the_sky_is_the_smoothed_histogram(trained):
    """Its colour bar runs over the values of the view "sdh"."""
    sky, sdh = trained.draw("sky", X=X, smoothing=5), trained.draw("sdh", X=X, smoothing=5)
    assert sky.images[0].get_clim() == sdh.collections[0].get_clim()


def test_the_sky_needs_samples(trained):
    """Without samples there are no stars."""
    with pytest.raises(SampleError, match=r"^view 'sky' needs X, the samples to be stars; draw it with trained.draw"):
        trained.draw("sky")


@pytest.mark.parametrize("weighted", [False, True])
def test_profiles_are_pandas_groups(trained, weighted):
    """Size, mean and standard deviation are those of samples grouped by their unit's cluster, weighted or repeated."""
    weight = np.arange(len(X)) % 3 + 1.0 if weighted else None
    found = find_clusters(Profiles(n_clusters=3), trained, X, weight)
    count, mean, spread, away = profiles_of(trained, found, np.arange(3), X, weight)
    frame = X if weight is None else X.loc[X.index.repeat(weight.astype(int))]
    groups = frame.groupby(found[trained.bmu(frame)])
    assert count.tolist() == groups.size().tolist()
    assert np.allclose(mean, groups.mean(), rtol=1e-12)
    assert np.allclose(spread, groups.std(ddof=0), rtol=1e-9)
    assert np.allclose(away, (groups.mean() - frame.mean()) / frame.std(ddof=0), rtol=1e-9, atol=1e-12)


def test_profiles_of_units_and_of_what_is_missing():
    """Without samples units are counted; missing values are left out, and what is never seen has no mean."""
    W = [[0.0, 1.0], [2.0, 1.0], [8.0, 1.0], [9.0, 1.0]]
    trained = TrainedMap.from_codebook("line:units=4", W, "euclidean:missing=ignore")
    found = np.array([0, 0, 1, 1])
    count, mean, spread, away = profiles_of(trained, found, np.arange(2), None, None)
    assert count.tolist() == [2, 2]
    assert mean.tolist() == [[1.0, 1.0], [8.5, 1.0]]
    assert spread.tolist() == [[1.0, 0.0], [0.5, 0.0]]
    assert away[:, 1].tolist() == [0.0, 0.0]
    samples = [[0.0, np.nan], [2.0, np.nan], [9.0, 1.0]]
    _, mean, _, away = profiles_of(trained, found, np.arange(2), samples, None)
    assert np.array_equal(mean, [[1.0, np.nan], [9.0, 1.0]], equal_nan=True)
    assert np.isnan(away[0, 1])
    ax = trained.draw("profiles", X=samples, n_clusters=2)
    assert "\N{EN DASH}" in [text.get_text() for text in ax.texts]


def test_profiles_of_sparse_samples_are_those_of_dense_ones():
    """A sparse X has the same profiles."""
    digits = load_digits().data[:200]
    trained = SOM(topology="grid:rows=4,columns=4", random_state=0).fit(digits).map_
    found = np.arange(16) // 8
    dense = profiles_of(trained, found, np.arange(2), digits, None)
    sparse = profiles_of(trained, found, np.arange(2), csr_array(digits), None)
    for one, other in zip(dense, sparse, strict=True):
        assert np.allclose(one, other, rtol=1e-12)


def test_profiles_are_written_in_the_datas_units(trained):
    """Rows are features, columns clusters with their size; many features have colours alone."""
    ax = trained.draw("profiles", X=X, n_clusters=3)
    assert [text.get_text() for text in ax.get_yticklabels()] == list(X.columns)
    heads = [text.get_text() for text in ax.get_xticklabels()]
    assert [head.split("\n")[0] for head in heads] == ["cluster 0", "cluster 1", "cluster 2"]
    assert sum(int(head.split("\n")[1].removesuffix(" samples")) for head in heads) == len(X)
    assert ax.texts[-1].get_text() == "mean ± standard deviation, in the units of the data"
    ax.figure.draw_without_rendering()
    page = ax.figure.bbox
    for text in [*ax.get_yticklabels(), *ax.get_xticklabels(), *ax.texts]:
        assert page.x0 - 1 <= text.get_window_extent().x0 <= text.get_window_extent().x1 <= page.x1 + 1
    digits = SOM(topology="grid:rows=5,columns=5", random_state=0).fit(load_digits().data).map_
    assert len(digits.draw("profiles", n_clusters=2).texts) == 1


def test_watersheds_are_clusters_too(trained):
    """The views show the valleys of the U-matrix, as many as there are."""
    found = trained.cluster_units("watershed")
    ax = trained.draw("profiles", X=X, clusterer="watershed")
    assert len(ax.get_xticks()) == found.max() + 1
    assert trained.draw("clusters", clusterer="watershed").texts[-1].get_text() == "watershed on the codebook"
    with pytest.raises(
        ParameterError, match=r"^Profiles.clusterer must be one of 'ward', 'kmeans', 'hdbscan', 'watershed'"
    ):
        Profiles(clusterer="dbscan")


def test_planes_that_look_alike_are_neighbours():
    """Of all orders that keep each pair of twins together none has neighbours more alike, and signs tell planes apart."""
    time = np.linspace(0, 1, 9)
    planes = np.array([time, -time, time**2, np.cos(9 * time), -(time**3), np.ones(9)])
    order = by_similarity(planes)
    assert sorted(order) == list(range(6))
    assert order[0] <= order[-1]
    place = {plane: order.index(plane) for plane in order}
    assert abs(place[0] - place[2]) == abs(place[1] - place[4]) == 1
    unlike = 1 - np.nan_to_num(pd.DataFrame(planes.T).corr().to_numpy())

    def length(route):
        return sum(unlike[one, other] for one, other in itertools.pairwise(route))

    assert length(order) <= length(range(6))


def test_planes_are_drawn_in_order_of_likeness(trained):
    """All planes are there once, those that are chosen alone, and the note says why they are not in the data's order."""
    ax = trained.draw("component_planes", order="similarity")
    titles = [panel.get_title().replace("\n", "") for panel in ax.child_axes]
    assert sorted(filter(None, titles)) == sorted(X.columns)
    assert ax.texts[-1].get_text() == "values in the units of the data; planes that look alike are beside each other"
    chosen = trained.draw("component_planes", features=("hue", "proline", "alcohol"), order="similarity")
    assert sorted(panel.get_title() for panel in chosen.child_axes) == ["alcohol", "hue", "proline"]


NAMES = [
    "a very long name of a class that goes on and on",
    "</script><img onerror=alert(1)>",
    "$x^2$",
    "_hidden",
    "\\frac{",
    "é",
]


@pytest.mark.parametrize(
    ("topology", "labels"),
    [
        ("hex:rows=5,columns=6", NAMES),
        ("hex:rows=4,columns=15", NAMES),
        ("line:units=30", NAMES),
        ("grid:rows=12,columns=3", NAMES),
        ("hex:rows=6,columns=8", [f"class {number}" for number in range(30)]),
    ],
)
def test_a_dashboard_is_a_page_with_nothing_cut_off(topology, labels):
    """Whatever the shape of the map and the names of the classes, titles and legends stay on a page of some shape."""
    trained = SOM(topology=topology, scale="standard", random_state=0).fit(X).map_
    figure = trained.dashboard(X, np.array(labels)[np.arange(len(X)) % len(labels)])
    figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    assert 0.4 < width / height < 2.5
    for ax in figure.axes:
        written = [ax.title, *(ax.get_legend().get_texts() if ax.get_legend() else [])]
        for box in (text.get_window_extent() for text in written):
            assert box.x0 >= -1
            assert box.y0 >= -1
            assert box.x1 <= figure.bbox.width + 1
            assert box.y1 <= figure.bbox.height + 1
