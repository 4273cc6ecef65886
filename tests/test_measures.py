"""Measures: numbers of other programs, closed forms, laws of maps that are shuffled, in parts, or have ties."""

from __future__ import annotations

import itertools
import json
import math
import warnings
from pathlib import Path
from typing import ClassVar

import attrs
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from scipy.stats import f, ks_2samp
from sklearn import metrics
from sklearn.datasets import load_wine
from sklearn.manifold import trustworthiness

from somkit import Metric, Recipe, TrainedMap, standard
from somkit.errors import DataWarning, MeasureError, ParameterError, SampleError
from somkit.lattice import Coordinates, Lattice
from somkit.measuring import Estimate
from somkit.plugins import current
from somkit.standard.measures import topographic
from somkit.standard.measures.neighbours import places_of_neighbours
from somkit.testing import trained_maps

KOHONEN = json.loads((Path(__file__).parent / "data" / "kohonen_batch.json").read_text(encoding="utf-8"))
CODEBOOK = KOHONEN["w_rect_g"]["codebook"]
NAMES = [entry.name for entry in current().registry.entries("measure") if entry.plugin == "standard"]


@pytest.fixture(scope="module")
def wine():
    """Wine, each feature brought to mean 0 and standard deviation 1."""
    X = load_wine().data
    return (X - X.mean(axis=0)) / X.std(axis=0)


@pytest.fixture(scope="module")
def kohonen():
    """Return a map of R kohonen's, its units joined four and four."""
    return TrainedMap.from_codebook("grid:rows=4,columns=6,distance=path", CODEBOOK)


def line(*codebook):
    """Return a line of units with one feature."""
    return TrainedMap.from_codebook(f"line:units={len(codebook)}", [[float(value)] for value in codebook])


def in_parts(codebook, *sizes):
    """Return a map of paths without a way between them."""
    graph = nx.disjoint_union_all([nx.path_graph(size) for size in sizes])
    return TrainedMap.from_codebook(graph, [[float(value)] for value in codebook])


def column(*values):
    """Return samples with one feature."""
    return np.array(values, dtype=float)[:, None]


def normal(seed, n, d):
    """Return normal numbers, free of ties."""
    return np.random.default_rng(seed).normal(size=(n, d))


@attrs.frozen(kw_only=True)
class Lenient(Metric):
    """What differs by less than 1 is the same."""

    name: ClassVar[str] = "lenient"

    def pairwise(self, X, W):
        """Return all distances."""
        return np.maximum(np.abs(X - W.T) - 1, 0)


# --- numbers of another program --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantisation_error", 2.0141879154),
        ("topographic_error", 0.2359550562),
        ("combined_error", 3.5006092623),
        ("distortion", 13.6614306306),
        ("kruskal_shepard", 0.0382942264),
        ("c_measure", 304657.9020057888),
    ],
)
def test_measures_are_those_of_somperf(wine, kohonen, name, value):
    """On a map of R kohonen's each measure is SOMperf's to the ten digits that are known of it."""
    assert abs(kohonen.measure(name, wine) - value) < 1e-8


def test_diagonal_units_are_neighbours_where_the_map_says_so(wine):
    """With eight neighbours to a unit the topographic error is SOMperf's for eight, two hops from four cover it."""
    eight = TrainedMap.from_codebook("grid:rows=4,columns=6,distance=chebyshev", CODEBOOK)
    assert abs(eight.measure("topographic_error", wine) - 0.0112359551) < 1e-8


# SOMperf's hand-made map of 5 x 5 units and 46 samples of three classes: each sample falls on the unit given here.
CLASSES = [0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
CLASSES += [0, 1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 2, 2, 2, 2, 2]
FALLEN = [0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 6, 7, 8, 9, 9, 10, 10, 11, 11, 12, 12, 12, 13, 13, 13, 14]
FALLEN += [15, 17, 17, 18, 18, 19, 19, 19, 20, 21, 22, 22, 22, 23, 24, 24]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("purity", 39 / 46),
        ("entropy", -4 * math.log(2 / 3) - 3 * math.log(1 / 2)),
        ("class_scatter_index", (2 + 1 + 3) / 3),
    ],
)
@pytest.mark.parametrize("classes", [CLASSES, np.array(["red", "yellow", "blue"])[CLASSES]], ids=["numbers", "names"])
def test_measures_of_labels_are_those_that_somperf_worked_out_by_hand(name, value, classes):
    """Purity, entropy and class scatter are the numbers worked out beside SOMperf's drawing of a map."""
    trained = TrainedMap.from_codebook("grid:rows=5,columns=5", column(*range(25)))
    assert trained.measure(name, column(*FALLEN), classes) == pytest.approx(value, abs=1e-12)
    labelled = np.append(np.array(classes, dtype=object), [None, math.nan])  # samples without a label do not count
    assert trained.measure(name, column(*FALLEN, 0, 4), labelled) == pytest.approx(value, abs=1e-12)


@given(seed=st.integers(0, 99), k=st.integers(1, 14))
@settings(max_examples=20)
def test_trustworthiness_is_that_of_scikit_learn_where_nothing_ties(seed, k):
    """With a unit a sample at places without ties, trustworthiness and continuity are scikit-learn's, to rounding."""
    X, places = normal(seed, 30, 4), normal(seed + 100, 30, 2)
    lattice = Lattice(range(30), places, [], rule=Coordinates(places))
    trained = TrainedMap(codebook=X, lattice=lattice, metric=standard.Euclidean())
    assert trained.measure("trustworthiness", X, k=k) == pytest.approx(trustworthiness(X, places, n_neighbors=k))
    assert trained.measure("continuity", X, k=k) == pytest.approx(trustworthiness(places, X, n_neighbors=k))
    near_both = [
        len(set(np.argsort(there)[1 : k + 1]) & set(np.argsort(here)[1 : k + 1])) / k
        for there, here in zip(cdist(X, X), cdist(places, places), strict=True)
    ]
    assert trained.measure("neighbourhood_preservation", X, k=k) == pytest.approx(np.mean(near_both))


@pytest.mark.parametrize("clusters", [2, 5, "units"])
def test_indices_of_clusterings_are_those_of_scikit_learn(wine, kohonen, clusters):
    """Silhouette, Davies-Bouldin and Calinski-Harabasz are scikit-learn's for samples labelled by their unit's cluster."""
    units = standard.measures.clusters.cluster_units(kohonen, clusters)
    labels = units[kohonen.bmu(wine)]
    for name, theirs in [
        ("silhouette", metrics.silhouette_score),
        ("davies_bouldin", metrics.davies_bouldin_score),
        ("calinski_harabasz", metrics.calinski_harabasz_score),
    ]:
        assert kohonen.measure(name, wine, clusters=clusters) == pytest.approx(theirs(wine, labels))
        if clusters != "units":
            found = kohonen.measure(name, clusters=clusters, points="units")
            assert found == pytest.approx(theirs(np.array(CODEBOOK), units))
    silhouettes = kohonen.measure_samples("silhouette", wine, clusters=clusters)
    assert silhouettes == pytest.approx(metrics.silhouette_samples(wine, labels))


# --- topographic product ---------------------------------------------------------------------------------------------


def product(codebook, on_map, nearest_first):
    """Return the topographic product as its paper writes it, equals on the map ordered from near or far in the data."""
    m = len(codebook)
    near, total = cdist(codebook, codebook), 0.0
    for unit in range(m):
        others = [other for other in range(m) if other != unit]
        sign = 1 if nearest_first else -1
        n = sorted(others, key=lambda other: (on_map[unit, other], sign * near[unit, other], other))
        v = sorted(others, key=lambda other: (near[unit, other], on_map[unit, other], other))
        for k in range(1, m):
            q = [
                near[unit, n[place]] / near[unit, v[place]] * on_map[unit, n[place]] / on_map[unit, v[place]]
                for place in range(k)
            ]
            total += math.log(math.prod(q) ** (1 / (2 * k)))
    return total / (m * (m - 1))


def test_topographic_product_orders_ties_by_the_data(kohonen):
    """Equals on the map come by their distance in the data, which gives the least of the values that programs differ by."""
    on_map = kohonen.lattice.distances_from(range(24))
    least, most = (product(kohonen.codebook, on_map, nearest_first) for nearest_first in (True, False))
    assert kohonen.measure("topographic_product") == pytest.approx(least, abs=1e-12)
    assert least <= -0.0020577427 <= most  # SOMperf's, whose order is its sort's


def test_topographic_product_of_tied_data():
    """Where units tie in the data too, they come by their distance on the map."""
    codebook = np.random.default_rng(0).permutation(30)[:, None] * [1.0, 0.0]
    trained = TrainedMap.from_codebook("grid:rows=5,columns=6", codebook)
    expected = product(codebook, trained.lattice.distances_from(range(30)), nearest_first=True)
    assert trained.measure("topographic_product") == pytest.approx(expected, abs=1e-12)


def test_topographic_product_of_a_line_without_ties():
    """On a line of unequal steps, 1 and 2, with 0, 9 and 1 for vectors, the product is log(9)/12, by hand."""
    graph = nx.Graph()
    graph.add_edge("a", "b", length=1.0)
    graph.add_edge("b", "c", length=2.0)
    trained = TrainedMap.from_codebook(standard.Graph.of(graph, weight="length"), column(0, 9, 1))
    # a: log(9 / 3) for k = 1, 0 for k = 2; b: log(9/8 / 2); c: log(8 * 2/3); each over 2k and (m - 1).
    assert trained.measure("topographic_product") == pytest.approx(math.log(3 * 9 / 16 * 16 / 3) / 12)
    assert trained.measure_units("topographic_product") == pytest.approx(np.log([3, 9 / 16, 16 / 3]) / 4)


@given(values=st.lists(st.floats(0.1, 9), min_size=1, max_size=3))
def test_topographic_product_of_what_is_in_order_is_zero(values):
    """A map whose neighbours are in the order of the data, whatever the gaps, has product 0."""
    positions = np.cumsum(
        [0, *np.cumsum([1.0, *values])]
    )  # each gap is longer than all before, so nothing changes places
    graph = nx.path_graph(len(positions))
    for first, second in graph.edges:
        graph.edges[first, second]["length"] = float(positions[second] - positions[first])
    trained = TrainedMap.from_codebook(standard.Graph.of(graph, weight="length"), column(*positions))
    assert trained.measure("topographic_product") == pytest.approx(0, abs=1e-12)


def test_topographic_product_names_units_that_coincide():
    """Two units with one vector are named."""
    with pytest.raises(MeasureError) as caught:
        line(0, 5, 5, 7).measure("topographic_product")
    assert str(caught.value) == (
        "measure 'topographic_product' divides by distances between units, but units 1 and 2 have the same vector; "
        "train with fewer units."
    )


# --- ties in ranks ---------------------------------------------------------------------------------------------------


def orders(distances, left_out):
    """Yield every order of the others that goes from near to far."""
    others = [other for other in range(len(distances)) if other != left_out]
    for order in itertools.permutations(others):
        if all(distances[a] <= distances[b] for a, b in itertools.pairwise(order)):
            yield order


@given(data=st.data())
@settings(max_examples=30)
def test_ties_are_ordered_as_well_and_as_badly_as_can_be(data):
    """The places of the nearest have the least and the greatest sum beyond k of all ways to order what ties."""
    n, k = 5, data.draw(st.integers(1, 3))
    near, far = (np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), float) for _ in range(2))
    at = data.draw(st.integers(0, n - 1))
    sums = []
    for by_near, by_far in itertools.product(orders(near, at), orders(far, at)):
        sums.append(sum(max(0, by_far.index(other) + 1 - k) for other in by_near[:k]))
    for worst, extreme in [(False, min(sums)), (True, max(sums))]:
        places = places_of_neighbours(near[None], far[None], np.array([at]), k, worst=worst)
        assert np.maximum(places - k, 0).sum() == extreme


def test_ties_count_as_the_mean_of_their_best_and_worst_order(wine, kohonen):
    """What many samples on one unit leave open is settled half-way between the best and the worst."""
    for name in ("trustworthiness", "continuity", "neighbourhood_preservation"):
        best, worst, mean = (kohonen.measure(name, wine, ties=ties) for ties in ("best", "worst", "mean"))
        assert worst < mean < best
        assert mean == pytest.approx((best + worst) / 2)


# --- maps in parts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["combined_error", "topographic_product", "kruskal_shepard", "c_measure"])
def test_maps_in_parts_are_refused_by_name(name):
    """A measure of ways along the map names the parts of a map that has several, and the way out."""
    trained = in_parts(range(11), 5, 2, 1, 3)
    with pytest.raises(MeasureError) as caught:
        trained.measure(name, column(0, 1, 7))
    assert str(caught.value) == (
        f"measure '{name}' needs a map in one part, but this one is in 4: {{0, 1, 2, ...}} (5 unit(s)), {{5, 6}} "
        "(2 unit(s)), {7} (1 unit(s)) and 1 more; give parts='within' to measure each by itself."
    )
    assert name not in trained.measures(column(0, 1, 7))
    assert math.isfinite(trained.measure(name, column(0, 1, 7), parts="within"))


def test_parts_are_measured_each_by_itself():
    """Within parts, only units and samples of one part are compared."""
    trained = in_parts([0, 1, 100, 104, 101], 2, 3)
    X = column(0, 1, 100, 101)
    # 0 -> 1; 1 -> 0; 100 -> 104 -> 101, as 104 stands between them; 101 likewise back.
    assert trained.measure("combined_error", X, parts="within") == (1 + 1 + 7 + 7) / 4
    assert trained.measure("c_measure", X, parts="within") == 1 * 1 + 1 * 2
    assert trained.measure("kruskal_shepard", X, parts="within") == pytest.approx((1 - 1 / 2) ** 2 / 2)
    both = [line(0, 1), line(100, 104, 101)]
    terms = [part.measure("topographic_product") * len(part.codebook) * (len(part.codebook) - 1) for part in both]
    assert trained.measure("topographic_product", parts="within") == pytest.approx(sum(terms) / (2 + 6))


def test_a_unit_alone_in_its_part_ends_the_way():
    """Within parts, a sample whose unit is alone has no second unit to go on to."""
    trained = in_parts([0, 1, 9], 2, 1)
    assert trained.measure_samples("combined_error", column(0.25, 8), parts="within").tolist() == [1.25, 1.0]


def test_units_of_different_parts_are_never_neighbours():
    """The topographic error counts a second unit in another part, whatever the number of hops."""
    trained = in_parts([0, 10, 1, 11], 2, 2)
    assert trained.measure("topographic_error", column(0, 11), hops=50) == 1.0


def test_ranks_put_other_parts_last():
    """A sample in another part of the map is ranked behind all of its own part."""
    trained = in_parts([0, 100, 1, 101], 2, 2)
    X = column(0, 100, 1, 101)
    assert trained.measure_samples("neighbourhood_preservation", X, k=1).tolist() == [0, 0, 0, 0]
    assert trained.measure("neighbourhood_preservation", X, k=2, ties="worst") == 0.5


# --- what shuffling does ---------------------------------------------------------------------------------------------

MAP_AWARE = {
    "c_measure",
    "class_scatter_index",
    "combined_error",
    "continuity",
    "distortion",
    "kruskal_shepard",
    "map_convergence",
    "neighbourhood_preservation",
    "topographic_error",
    "topographic_function",
    "topographic_product",
    "trustworthiness",
}


@pytest.fixture(scope="module")
def square():
    """Return a good map of a square, its samples, and classes that are its quarters."""
    X = np.random.default_rng(0).uniform(size=(150, 2))
    trained = Recipe(topology="grid:rows=5,columns=6", epochs=20, random_state=0).fit(X)
    return trained, X, (X > 0.5) @ [1, 2]


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 999))
@settings(max_examples=8)
def test_shuffled_units_make_every_measure_of_the_map_worse(square, name, seed):
    """With units in random places measures of the map are worse than before, and the others what they were."""
    trained, X, y = square
    order = np.random.default_rng(seed).permutation(30)
    shuffled = TrainedMap.from_codebook("grid:rows=5,columns=6", trained.codebook[order])
    before, after = trained.measure(name, X, y), shuffled.measure(name, X, y)
    better = {entry.name: entry.component.better for entry in current().registry.entries("measure")}[name]
    if name not in MAP_AWARE:
        assert after == pytest.approx(before)
    elif better == "higher":
        assert after < before
    elif better == "lower":
        assert after > before
    else:
        assert name == "topographic_product"  # it has a sign: see the next test


def test_shuffled_units_move_the_topographic_product_away_from_zero(square):
    """In the median five times as far; as it has a sign, one shuffle in a hundred or so passes near zero by chance."""
    trained, X, _ = square
    shuffles = [np.random.default_rng(seed).permutation(30) for seed in range(100)]
    maps = [TrainedMap.from_codebook("grid:rows=5,columns=6", trained.codebook[order]) for order in shuffles]
    before = abs(trained.measure("topographic_product", X))
    after = np.array([abs(shuffled.measure("topographic_product", X)) for shuffled in maps])
    assert np.median(after) > 5 * before
    assert np.count_nonzero(after > before) >= 95


# --- closed forms ----------------------------------------------------------------------------------------------------


def test_forms_of_the_quantisation_error():
    """Mean, mean of squares, and mean over the mean distance from the samples' mean."""
    trained, X = line(0, 10), column(1, 2, 6, 11)  # distances 1, 2, 4, 1; mean 5, from which they are 4, 3, 1, 6
    assert trained.measure("quantisation_error", X) == 2
    assert trained.measure("quantisation_error", X, form="squared") == (1 + 4 + 16 + 1) / 4
    assert trained.measure("quantisation_error", X, form="normalised") == 2 / (14 / 4)
    assert trained.measure_samples("quantisation_error", X, form="squared").tolist() == [1, 4, 16, 1]
    assert trained.measure("explained_variance", X) == 1 - 22 / (16 + 9 + 1 + 36)


@pytest.mark.parametrize("factor", [2.0**-1060, 2.0**-600, 2.0**600, 2.0**990])
def test_explained_variance_has_no_units(factor):
    """It is the same, to the bit, where squares of distances would be 0 or infinite."""
    trained, X = line(0, 10 * factor), column(1, 2, 6, 11) * factor
    assert trained.measure("explained_variance", X) == 1 - 22 / (16 + 9 + 1 + 36)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
def test_distortion_sums_over_all_units(wine, metric):
    """Squares of the map's own metric, weighed by the neighbourhood of the map's own distance."""
    trained = TrainedMap.from_codebook("hex:rows=4,columns=6", CODEBOOK, metric)
    squares = trained.distances(wine) ** 2
    on_map = trained.lattice.distances_from(trained.bmu(wine))
    gaussian = np.exp(-(on_map**2) / (2 * 1.5**2))
    assert trained.measure("distortion", wine, radius=1.5) == pytest.approx((gaussian * squares).sum(axis=1).mean())
    bubble = trained.measure("distortion", wine, radius=1, neighbourhood="bubble")
    assert bubble == pytest.approx(((on_map <= 1) * squares).sum(axis=1).mean())


@given(seed=st.integers(0, 999), metric=st.sampled_from(["euclidean", "cosine"]))
@settings(max_examples=20)
def test_combined_error_goes_the_shortest_way(seed, metric):
    """The way along the map is networkx's shortest path with edges as long as their units' vectors are apart."""
    graph = nx.connected_watts_strogatz_graph(12, 4, 0.5, seed=seed)
    W, X = np.rint(normal(seed, 12, 2) * 2) + 0.5, normal(seed + 1, 20, 2) * 2  # some units coincide
    trained = TrainedMap.from_codebook(graph, W, metric)
    table = trained.metric.pairwise(W, W)
    for first, second in graph.edges:
        graph.edges[first, second]["far"] = table[first, second]
    (first, second), distances = trained.bmu(X, 2).T, trained.distances(X).min(axis=1)
    ways = [nx.shortest_path_length(graph, a, b, "far") for a, b in zip(first, second, strict=True)]
    assert trained.measure_samples("combined_error", X) == pytest.approx(distances + ways)


def test_combined_error_goes_any_length_of_way():
    """Ways of one edge and of hundreds, on a line whose steps differ a thousandfold, are sums of its steps."""
    W = normal(0, 300, 2) * 10.0 ** np.random.default_rng(1).uniform(-3, 0, (300, 1))
    trained, X = TrainedMap.from_codebook("line:units=300", W), normal(2, 300, 2)
    along = np.append(0, np.cumsum(np.sqrt((np.diff(W, axis=0) ** 2).sum(axis=1))))
    (first, second), distances = trained.bmu(X, 2).T, trained.distances(X).min(axis=1)
    assert np.abs(first - second).max() > 200
    ways = distances + np.abs(along[first] - along[second])
    assert trained.measure_samples("combined_error", X) == pytest.approx(ways, rel=1e-12)


@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
def test_distortion_of_many_units_is_that_of_the_definition(neighbourhood):
    """Where units are looked at group by group, each sample's sum is that over all units to rounding."""
    trained, X = TrainedMap.from_codebook("grid:rows=20,columns=31", normal(0, 620, 3)), normal(1, 500, 3)
    on_map = trained.lattice.distances_from(trained.bmu(X))
    influence = np.exp(-(on_map**2) / 2) if neighbourhood == "gaussian" else on_map <= 1
    expected = (influence * trained.distances(X) ** 2).sum(axis=1)
    found = trained.measure_samples("distortion", X, neighbourhood=neighbourhood, radius=1)
    assert found == pytest.approx(expected, rel=1e-12)


def test_topographic_function_tells_folds_from_tears():
    """Above 0 it counts neighbours in the data far on the map, below 0 neighbours on the map far in the data."""
    trained, X = line(0, 10, 20, 1), column(0.4, 10.1, 19.9)  # borders 0-3, 1-0 or 1-3, 2-1
    borders = {tuple(sorted(pair)) for pair in trained.bmu(X, 2).tolist()}
    assert borders == {(0, 3), (1, 3), (1, 2)}
    values = {k: trained.measure("topographic_function", X, k=k) for k in range(-4, 4)}
    # On the map 0-3 are three edges apart and 1-3 two. In the data 0-1 and 2-3 are joined by two borders each.
    assert values == {-4: 0, -3: 0, -2: 0, -1: 1.0, 0: 2.0, 1: 1.0, 2: 0.5, 3: 0}
    assert trained.measure_units("topographic_function", X, k=1).tolist() == [1, 1, 0, 2]


@given(seed=st.integers(0, 999))
@settings(max_examples=15)
def test_embedding_is_tested_feature_by_feature(seed):
    """Features pass by z-test and F-test, or by Kolmogorov and Smirnov's, whose distance is scipy's."""
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(50, 4)), rng.normal(size=(12, 4)) * [1, 1, 0.4, 1.2] + [0, 0.9, 0, 0.4]
    trained = TrainedMap.from_codebook("line:units=12", W)
    expected = []
    for x, w in zip(X.T, W.T, strict=True):
        slack = 1.959963984540054 * math.sqrt(x.var(ddof=1) / 50 + w.var(ddof=1) / 12)
        ratio = w.var(ddof=1) / x.var(ddof=1)
        chance = 2 * min(f.cdf(ratio, 11, 49), f.sf(ratio, 11, 49))
        expected.append(abs(x.mean() - w.mean()) <= slack and chance >= 0.05)
    assert trained.measure("embedding_accuracy", X) == np.mean(expected)
    limit = 1.3580986393225505 / math.sqrt(50 * 12 / 62)  # of the distance, at 5 %
    expected = [ks_2samp(x, w).statistic <= limit for x, w in zip(X.T, W.T, strict=True)]
    assert trained.measure("embedding_accuracy", X, test="kolmogorov_smirnov") == np.mean(expected)


def test_a_constant_feature_is_embedded_where_the_units_have_it():
    """A feature that does not vary among the samples must not vary among the units, or be another."""
    X = np.column_stack([normal(0, 30, 1), np.full(30, 7.0), np.full(30, 7.0)])
    W = np.column_stack([X[:5, 0], np.full(5, 7.0), np.full(5, 6.0)])
    trained = TrainedMap.from_codebook("line:units=5", W)
    assert trained.measure("embedding_accuracy", X) == pytest.approx(2 / 3)


def test_convergence_is_half_embedding_and_half_order(wine, kohonen):
    """Map convergence is the mean of embedding accuracy and the share of samples without topographic error."""
    embedding, error = (kohonen.measure(name, wine) for name in ("embedding_accuracy", "topographic_error"))
    assert kohonen.measure("map_convergence", wine) == pytest.approx((embedding + 1 - error) / 2)


def test_shannon_entropy_is_a_mean_over_samples():
    """Entropy of the labels on each unit, weighed by its samples; NaN for a unit without any."""
    trained, X, y = line(0, 5, 10), column(0, 0, 0, 0, 10, 10), ["a", "a", "b", "c", "a", "a"]
    units = trained.measure_units("entropy", X, y, form="shannon")
    mixed = 0.5 * math.log(2) + 2 * 0.25 * math.log(4)
    assert units == pytest.approx([mixed, math.nan, 0], nan_ok=True)
    assert trained.measure("entropy", X, y, form="shannon") == pytest.approx(mixed * 4 / 6)
    assert trained.measure_units("purity", X, y) == pytest.approx([0.5, math.nan, 1], nan_ok=True)
    assert trained.measure_samples("purity", X, y).tolist() == [1, 1, 0, 0, 1, 1]


def test_regions_may_be_long():
    """A class on a chain of neighbouring units is one region, also where the units are not all neighbours of one."""
    assert line(0, 1, 2, 3, 4).measure("class_scatter_index", column(0, 1, 2, 4), list("aaaa")) == 2


# --- weights, single samples, single units ---------------------------------------------------------------------------

COPIED = {  # fields with which a sample of weight k counts as k samples
    "class_scatter_index": {},
    "combined_error": {},
    "distortion": {},
    "entropy": {},
    "explained_variance": {},
    "purity": {},
    "quantisation_error": {"form": "normalised"},
    "davies_bouldin": {"clusters": 3},
    "topographic_error": {},
    "topographic_function": {},
    "c_measure": {},
}


@pytest.mark.parametrize("name", COPIED)
def test_a_sample_of_weight_k_counts_as_k_samples(wine, kohonen, name):
    """Whole weights are rows repeated, and weight 0 is no row."""
    X, weight = wine[:60], np.arange(60) % 4
    y = np.arange(60) % 7
    once = kohonen.measure(name, X, y, weight, **COPIED[name])
    copied = kohonen.measure(name, np.repeat(X, weight, axis=0), np.repeat(y, weight), **COPIED[name])
    assert once == pytest.approx(copied)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_proportion_of_weights_matters(square, name):
    """Weights in another unit of measurement change nothing but the C-measure, which is a sum."""
    trained, X, y = square
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X))
    power = {"c_measure": 2}.get(name, 0)
    expected = trained.measure(name, X, y, weight) * 8**power
    assert trained.measure(name, X, y, 8 * weight) == pytest.approx(expected)


@pytest.mark.parametrize("name", NAMES)
def test_samples_of_no_weight_are_as_good_as_absent(square, name):
    """Weight 0 leaves a sample out of every measure."""
    trained, X, y = square
    weight = np.ones(len(X)) * (np.arange(len(X)) % 3 > 0)
    kept = weight > 0
    assert trained.measure(name, X, y, weight) == pytest.approx(trained.measure(name, X[kept], y[kept]))


@given(seen=trained_maps())
@settings(max_examples=10)
def test_units_have_the_mean_of_their_samples(seen):
    """Where a measure averages over samples, a unit's value is the mean over its own."""
    for name in ("quantisation_error", "topographic_error", "distortion"):
        values = seen.trained.measure_samples(name, seen.X)
        units = seen.trained.measure_units(name, seen.X)
        best = seen.trained.bmu(seen.X)
        for unit in range(len(units)):
            own = values[best == unit]
            assert units[unit] == pytest.approx(own.mean()) if len(own) else np.isnan(units[unit])


def test_a_measure_without_such_a_form_says_so(wine, kohonen):
    """Asked for single units or samples that it has no value for, a measure is refused in one sentence."""
    with pytest.raises(ParameterError) as caught:
        kohonen.measure_units("c_measure", wine)
    assert str(caught.value) == "measure 'c_measure' has no value for single units."
    with pytest.raises(ParameterError) as caught:
        kohonen.measure_samples("silhouette", wine, clusters=2, points="units")
    assert str(caught.value) == "measure 'silhouette:clusters=2,points=units' has no value for single samples."


# --- draws from too many pairs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["trustworthiness", "continuity", "kruskal_shepard", "c_measure", "silhouette"])
def test_measures_of_pairs_draw_from_many_samples(wine, kohonen, name):
    """Above max_samples a measure of all pairs takes a seeded draw, says so, and comes near to what all give."""
    X = np.concatenate([wine, wine + 0.01])
    said = (
        "measures that look at all pairs of samples took 200 of the 356, drawn at random; max_samples=356 takes all, "
        "in 3.2 times the time."
    )
    with pytest.warns(DataWarning) as caught:
        first = kohonen.measure(name, X, max_samples=200)
    assert [str(warning.message) for warning in caught] == [said]
    with pytest.warns(DataWarning):
        assert kohonen.measure(name, X, max_samples=200) == first
    with pytest.warns(DataWarning):
        assert kohonen.measure(name, X, max_samples=200, seed=1) != first
    assert first == pytest.approx(kohonen.measure(name, X), rel=0.1, abs=0.02)  # 200 samples do not say more
    if name != "c_measure":
        with pytest.warns(DataWarning):
            assert np.isnan(kohonen.measure_samples(name, X, max_samples=200)).sum() == 156


def test_topographic_product_draws_from_many_units():
    """Above max_units the product looks at so many units, each with all its neighbours."""
    trained = TrainedMap.from_codebook("grid:rows=11,columns=11", normal(0, 121, 2))
    every = trained.measure_units("topographic_product")
    with pytest.warns(DataWarning, match="all pairs of units took 100 of the 121, drawn at random; max_units=121"):
        some = trained.measure_units("topographic_product", max_units=100)
    assert np.isnan(some).sum() == 21
    assert some[~np.isnan(some)] == pytest.approx(every[~np.isnan(some)])


# --- the bootstrap ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_has_an_interval_on_request(square, name):
    """With bootstrap= a measure comes with as many replicates, the same for the same seed, and an interval of them."""
    trained, X, y = square
    found = trained.measure(name, X, y, bootstrap=12, rng=3)
    assert isinstance(found, Estimate)
    assert float(found) == found.value == trained.measure(name, X, y)
    assert found.replicates.shape == (12,)
    assert np.isfinite(found.replicates).all()
    assert np.array_equal(trained.measure(name, X, y, bootstrap=12, rng=3).replicates, found.replicates)
    assert found.interval(0.5) == tuple(np.quantile(found.replicates, [0.25, 0.75]))
    assert (found.low, found.high) == found.interval(0.95)


def test_replicates_are_the_measure_of_rows_drawn_again(wine, kohonen):
    """A replicate is the measure of so many rows drawn with replacement, for measures that average and for others."""
    weight = np.arange(len(wine)) % 3
    counted = np.flatnonzero(weight)
    for name in ("topographic_error", "explained_variance"):
        rows = counted[np.random.default_rng(5).integers(len(counted), size=len(counted))]
        found = kohonen.measure(name, wine, sample_weight=weight, bootstrap=2, rng=np.random.default_rng(5))
        assert found.replicates[0] == pytest.approx(kohonen.measure(name, wine[rows], sample_weight=weight[rows]))


def test_draws_without_a_value_are_left_out():
    """A draw on which the measure has no value is NaN and in no interval; where none has one the measure has none."""
    trained, X = line(0, 9), column(1, 8, 9)  # of 27 draws 3 are of one sample alone, which does not spread
    found = trained.measure("explained_variance", X, bootstrap=100)
    assert 0 < np.isnan(found.replicates).sum() < 50
    assert math.isfinite(found.low)
    with pytest.raises(MeasureError) as caught:
        trained.measure("kruskal_shepard", column(0, 9), bootstrap=2, rng=4)
    assert str(caught.value) == (
        "measure 'kruskal_shepard' has no value on samples drawn again from so few; give it more."
    )


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Of 60 samples from one source, the 90 % interval of the error holds the error of all in most of 100 draws."""
    rng = np.random.default_rng(0)
    source = rng.normal(size=(4000, 2))
    trained = TrainedMap.from_codebook("grid:rows=2,columns=2", [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    truth = trained.measure("quantisation_error", source)
    held = 0
    for number in range(100):
        X = source[rng.choice(4000, 60)]
        low, high = trained.measure("quantisation_error", X, bootstrap=100, rng=number).interval(0.9)
        held += low <= truth <= high
    assert 80 <= held <= 97  # binomial of 100 and about 0.88: 4 standard deviations are 13


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bootstrap": 1}, "TrainedMap.measure.bootstrap must be an integer >= 2, got 1."),
        ({"bootstrap": True}, "TrainedMap.measure.bootstrap must be an integer >= 2, got True."),
        ({"bootstrap": 9, "rng": -1}, "rng must be an integer >= 0 or a numpy Generator, got -1."),
        ({"bootstrap": 9, "rng": "x"}, "rng must be an integer >= 0 or a numpy Generator, got 'x'."),
    ],
)
def test_bad_requests_for_an_interval_are_refused(wine, kohonen, arguments, message):
    """What is no number of draws or no generator is named."""
    with pytest.raises(ParameterError) as caught:
        kohonen.measure("topographic_error", wine, **arguments)
    assert str(caught.value) == message


def test_an_interval_needs_a_level_between_0_and_1():
    """Levels of 95 percent are written 0.95."""
    with pytest.raises(ParameterError) as caught:
        Estimate(value=0.0, replicates=np.zeros(3)).interval(95)
    assert str(caught.value) == "level must be a number > 0 and < 1, got 95."


# --- where there is no value -----------------------------------------------------------------------------------------

TIED = column(3, 3, 3)
REFUSALS = [
    (
        "trustworthiness",
        line(0, 1),
        column(*range(10)),
        {},
        "measure 'trustworthiness' needs at least 11 samples, got 10; lower its k.",
    ),
    (
        "neighbourhood_preservation",
        line(0, 1),
        column(0, 1),
        {"k": 2},
        "measure 'neighbourhood_preservation:k=2' needs at least 3 samples, got 2; lower its k.",
    ),
    (
        "explained_variance",
        line(0, 1),
        TIED,
        {},
        "measure 'explained_variance' compares with how far samples spread, but all of them are at their mean.",
    ),
    (
        "quantisation_error",
        line(0, 1),
        TIED,
        {"form": "normalised"},
        "measure 'quantisation_error' compares with how far samples spread, but all of them are at their mean.",
    ),
    (
        "kruskal_shepard",
        line(0, 1),
        column(3),
        {},
        "measure 'kruskal_shepard' needs two samples in one part of the map, and there are none.",
    ),
    (
        "c_measure",
        in_parts([0, 9], 1, 1),
        column(0, 9),
        {"parts": "within"},
        "measure 'c_measure' needs two samples in one part of the map, and there are none.",
    ),
    (
        "topographic_product",
        line(3),
        None,
        {},
        "measure 'topographic_product' needs two units that can be neighbours, but every unit is alone.",
    ),
    (
        "embedding_accuracy",
        line(3),
        column(1, 2),
        {},
        "measure 'embedding_accuracy' compares distributions: it needs two units and two samples at least.",
    ),
    (
        "silhouette",
        line(0, 9),
        TIED,
        {},
        "measure 'silhouette' needs at least two clusters that samples fall in, got one.",
    ),
    (
        "davies_bouldin",
        line(0, 9),
        column(0, 9),
        {"clusters": 3},
        "3 clusters cannot be made of a map of 2 unit(s); lower clusters.",
    ),
    (
        "davies_bouldin",
        TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]], Lenient()),
        column(0.9, 1.5),
        {},
        "measure 'davies_bouldin' divides by distances between clusters, but two have the same mean.",
    ),
    (
        "calinski_harabasz",
        line(0, 9),
        column(0, 9),
        {},
        "measure 'calinski_harabasz' divides by the spread within clusters, but every point is at their means.",
    ),
]


@pytest.mark.parametrize(("name", "trained", "X", "fields", "message"), REFUSALS)
def test_a_measure_that_has_no_value_says_why(name, trained, X, fields, message):
    """Where a measure would divide by nothing it raises MeasureError with the reason."""
    with pytest.raises(MeasureError) as caught:
        trained.measure(name, X, **fields)
    assert str(caught.value) == message


def test_an_index_of_single_units_is_refused():
    """Units each in a cluster of its own have no index."""
    with pytest.raises(ParameterError) as caught:
        standard.Silhouette(points="units")
    assert str(caught.value) == (
        "Silhouette.clusters must be a number where points='units': a cluster of one unit has no index."
    )


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "measure 'purity' needs y, the label of each sample."),
        (["a"], "y must hold one label for each of the 2 samples, got shape (1,)."),
        ([None, math.nan], "measure 'purity' needs a label, but y holds none of a sample that counts."),
    ],
)
def test_labels_that_are_missing_are_asked_for(y, message):
    """A measure of labels says what is wrong with y."""
    with pytest.raises(SampleError) as caught:
        line(0, 1).measure("purity", column(0, 1), y)
    assert str(caught.value) == message


def test_measures_are_those_that_have_a_value(wine, kohonen):
    """measures() gives every measure without labels, and with y those of labels too."""
    y = load_wine().target
    assert set(kohonen.measures(wine, y)) == set(NAMES)
    assert set(NAMES) - set(kohonen.measures(wine)) == {"purity", "entropy", "class_scatter_index"}
    assert "trustworthiness" not in kohonen.measures(wine[:10])


def test_samples_that_are_all_on_one_unit_have_no_distance():
    """Where all samples are on one unit, or alike, distances are 0 and none is divided by."""
    trained = line(0, 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert trained.measure("kruskal_shepard", column(0, 1, 2)) == pytest.approx((0.25 + 1 + 0.25) / 3)
        assert trained.measure("kruskal_shepard", TIED) == 0
        assert trained.measure("c_measure", column(0, 1, 2)) == 0


@pytest.mark.parametrize("lengths", [(0, 0, 0, 1), (1e-300, 1e-300, 1e-300, 1), (0, 0, 0, 0), (5e-324, 0, 0, 5e-324)])
def test_ways_are_found_however_unlike_their_edges_are(lengths, monkeypatch):
    """A way takes few searches, also where nearly all edges have no length, or next to none."""
    searches, search = [], topographic._search_paths
    monkeypatch.setattr(topographic, "_search_paths", lambda *args, **more: (searches.append(1), search(*args, **more)))
    ends = np.arange(4)
    graph = csr_array((np.array(lengths, dtype=float), (ends, ends + 1)), shape=(5, 5))
    found = topographic.path_lengths(graph, np.array([0]), np.array([4]))
    assert found.tolist() == [sum(lengths)]
    assert len(searches) <= 4


def test_a_way_longer_than_any_number_is_infinite():
    """The search for a way whose length overflows ends."""
    graph = csr_array((np.full(4, 1e308), (np.arange(4), np.arange(4) + 1)), shape=(5, 5))
    found = topographic.path_lengths(graph, np.array([0, 0]), np.array([4, 1]))
    assert found.tolist() == [np.inf, 1e308]
