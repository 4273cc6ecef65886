"""Clusters of units."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, ward
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from somkit import TrainedMap, clustering
from somkit.clustering import merge_units
from somkit.errors import ParameterError

W = np.random.default_rng(0).normal(size=(20, 3))


@pytest.fixture
def trained():
    """Place 20 units at random."""
    return TrainedMap.from_codebook("grid:rows=4,columns=5", W)


@pytest.mark.parametrize("k", [1, 2, 5, 20])
def test_ward_is_scipys_and_scikit_learns(trained, k):
    """Unweighted Ward finds scipy's clusters, and along the map scikit-learn's."""
    assert adjusted_rand_score(trained.cluster_units(n_clusters=k), fcluster(ward(W), k, "maxclust")) == 1
    along = AgglomerativeClustering(k, connectivity=trained.lattice.adjacency).fit(W).labels_
    assert adjusted_rand_score(trained.cluster_units(n_clusters=k, connectivity="map"), along) == 1


def test_hits_weigh_as_copies(trained):
    """A unit with k hits clusters as k copies of it would."""
    copies = np.random.default_rng(1).integers(1, 6, 20)
    X = np.repeat(W, copies, axis=0)
    expected = fcluster(ward(X), 4, "maxclust")
    assert adjusted_rand_score(np.repeat(trained.cluster_units(n_clusters=4, X=X), copies), expected) == 1


@pytest.mark.parametrize("clusterer", ["ward", "kmeans"])
def test_empty_units_follow_the_others(clusterer):
    """Units without samples join the nearest cluster."""
    trained = TrainedMap.from_codebook("line:units=5", [[0.0], [1.0], [4.0], [8.0], [9.0]])
    found = trained.cluster_units(clusterer, 2, X=[[0.0], [1.0], [8.1], [9.0]])
    assert found[0] == found[1] == found[2] != found[3] == found[4]


def test_noise_is_minus_one(trained):
    """HDBSCAN and other clusterers number units as they do, with -1 for noise."""
    assert trained.cluster_units(DBSCAN(eps=1e-6)).tolist() == [-1] * 20
    assert trained.cluster_units("hdbscan").dtype == np.int64


def test_ties_and_twins_end():
    """Units at the same place, or all equally far apart, are merged until so many clusters are left."""
    twins = TrainedMap.from_codebook("line:units=8", np.repeat([[0.0], [1.0]], 4, axis=0))
    assert twins.cluster_units(n_clusters=2).tolist() == [0] * 4 + [1] * 4
    assert len(set(twins.cluster_units(n_clusters=5))) == 5
    even = TrainedMap.from_codebook("line:units=8", np.eye(8))
    assert len(set(even.cluster_units(n_clusters=3))) == 3


def test_watershed_finds_the_valleys():
    """Every valley of the U-matrix is a cluster, and the shallowest is given up first."""
    steps = [0, 1, 1, 9, 1, 1, 3, 1, 1]
    trained = TrainedMap.from_codebook("line:units=9", np.cumsum(steps, dtype=float)[:, None])
    assert trained.cluster_units("watershed").tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert trained.cluster_units("watershed", 2).tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert trained.cluster_units("watershed", 1).tolist() == [0] * 9


def test_watershed_and_hdbscan_measure_as_the_map_does():
    """The U-matrix that is flooded is the metric's, and HDBSCAN is scikit-learn's with that metric."""
    turned = np.deg2rad([0, 10, 20, 80, 90, 100])
    W = np.column_stack([np.cos(turned), np.sin(turned)]) * np.array([[1], [50], [1], [1], [50], [1]])
    rays = TrainedMap.from_codebook("line:units=6", W, "cosine")
    assert rays.cluster_units("watershed").tolist() == [0, 0, 0, 1, 1, 1]
    plain = TrainedMap.from_codebook("line:units=6", W)
    assert plain.cluster_units("watershed").tolist() != [0, 0, 0, 1, 1, 1]
    X = np.random.default_rng(0).normal(size=(60, 2)) + np.repeat([[0], [9]], 30, axis=0)
    blocks = TrainedMap.from_codebook("grid:rows=6,columns=10", X, "manhattan")
    expected = HDBSCAN(metric="manhattan", copy=True).fit(X).labels_
    assert blocks.cluster_units("hdbscan").tolist() == expected.tolist()


def test_watershed_of_units_that_nothing_joins():
    """Without edges every unit is a valley."""
    apart = nx.empty_graph(3)
    assert TrainedMap.from_codebook(apart, W[:3]).cluster_units("watershed").tolist() == [0, 1, 2]


@pytest.mark.parametrize("arguments", [{}, {"clusterer": "kmeans"}, {"connectivity": "map"}, {"refine": True}])
def test_the_number_of_clusters_is_found(arguments):
    """Left out, it is the one with the least Davies-Bouldin index on the units with samples."""
    places = np.repeat([[0.0], [10.0], [20.0], [30.0]], 9, axis=0) + np.tile(np.linspace(0, 1, 9), 4)[:, None]
    codebook = np.vstack([places, [[1000.0]]])  # no sample falls on the last unit, which so has no say
    trained = TrainedMap.from_codebook("line:units=37", codebook)
    assert len(set(trained.cluster_units(X=places, **arguments)[:36])) == 4


def test_refining_lowers_the_sum_of_squares():
    """K-means from Ward's clusters ends where no unit is nearer to another cluster's mean, with a lower sum."""
    samples = np.random.default_rng(5).normal(size=(400, 2))
    trained = TrainedMap.from_codebook("grid:rows=10,columns=10", np.random.default_rng(6).normal(size=(100, 2)))
    weight = trained.hits(samples)
    held = weight > 0
    sums = []
    for refine in (False, True):
        found = trained.cluster_units(n_clusters=5, X=samples, refine=refine)
        means = np.array(
            [np.average(trained.codebook[found == c], axis=0, weights=weight[found == c]) for c in range(5)]
        )
        squares = ((trained.codebook[:, None] - means) ** 2).sum(axis=2)
        sums.append(weight @ squares[np.arange(100), found])
        settled = np.array_equal(squares.argmin(axis=1)[held], found[held])
        assert settled == refine
    assert sums[1] < 0.98 * sums[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_clusters": 21}, "n_clusters must be an integer from 1 to the number of units with samples, 20, got 21."),
        (
            {"n_clusters": 2, "connectivity": "map", "refine": True},
            "refine=True works with clusterer='ward' and connectivity=None only; leave it out.",
        ),
        ({"connectivity": "no"}, "connectivity must be None or 'map', got 'no'."),
        (
            {"clusterer": "x"},
            "clusterer must be 'ward', 'kmeans', 'hdbscan', 'watershed' or a scikit-learn clusterer, got 'x'.",
        ),
    ],
)
def test_what_is_refused(trained, arguments, message):
    """A parameter that is not allowed is named."""
    with pytest.raises(ParameterError) as caught:
        trained.cluster_units(**arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize("units", [1, 4])
def test_hdbscan_needs_units_for_a_cluster(units):
    """A map of fewer units than HDBSCAN's smallest cluster is refused; one of as many is not."""
    small = TrainedMap.from_codebook(f"line:units={units}", [[float(unit)] for unit in range(units)])
    with pytest.raises(ParameterError) as caught:
        small.cluster_units("hdbscan")
    assert str(caught.value) == f"clusterer 'hdbscan' needs a map of at least 5 units, got {units}; use 'ward'."
    five = TrainedMap.from_codebook("line:units=5", [[float(unit)] for unit in range(5)])
    assert len(five.cluster_units("hdbscan")) == 5


@given(seed=st.integers(0, 999), connectivity=st.sampled_from([None, "map"]))
@settings(max_examples=25)
def test_the_hierarchy_cuts_into_the_clusters(seed, connectivity):
    """Undone from the top, the merges of Ward's hierarchy leave the clusters of cluster_units, whatever their number."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(20, 2))
    trained = TrainedMap.from_codebook("grid:rows=4,columns=6", rng.normal(size=(24, 2)))
    hits = trained.hits(X)
    merges = merge_units(trained.codebook, trained.lattice, hits, connectivity)
    sets = {unit: {unit} for unit in range(24)}
    for step, (one, other) in enumerate(merges.tolist()):
        sets[24 + step] = sets.pop(one) | sets.pop(other)
        if len(sets) <= np.count_nonzero(hits):
            found = trained.cluster_units(n_clusters=len(sets), X=X, connectivity=connectivity)
            wanted = {frozenset(np.flatnonzero(found == number).tolist()) for number in range(len(sets))}
            assert {frozenset(units) for units in sets.values()} == wanted
    assert len(sets) == 1


def test_the_hierarchy_of_a_map_in_parts_ends_with_its_parts():
    """Along the map, parts that no edge joins are never merged; without it they are."""
    trained = TrainedMap.from_codebook(nx.disjoint_union(nx.path_graph(3), nx.path_graph(2)), np.arange(5.0)[:, None])
    assert len(merge_units(trained.codebook, trained.lattice, np.ones(5), "map")) == 3
    assert len(merge_units(trained.codebook, trained.lattice, np.ones(5))) == 4


def test_ward_s_hierarchy_is_built_once_however_many_numbers_are_tried(monkeypatch):
    """Without a number of clusters the merges are worked out once, and cut again and again."""
    built, merges = [], clustering._free_merges
    monkeypatch.setattr(clustering, "_free_merges", lambda *args: (built.append(1), merges(*args))[1])
    trained = TrainedMap.from_codebook("grid:rows=6,columns=6", np.random.default_rng(0).normal(size=(36, 2)))
    assert 2 <= len(np.unique(trained.cluster_units())) <= 6
    assert len(built) == 1
