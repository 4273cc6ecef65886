"""Layers with values missing, sparse, of directions; weights by name; places on the way round the globe."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from scipy.stats import directional_stats
from sklearn.datasets import load_iris

from somkit import SOM, Recipe, TrainedMap, load, resolve
from somkit.errors import DataWarning

SEEDS = st.integers(0, 999)
NAN = np.nan
KOHONEN = json.loads((Path(__file__).parent / "data" / "kohonen_layers_missing.json").read_text(encoding="utf-8"))
LAYERS = "layers:missing=ignore,layers=[{columns=[0,1,2],metric={name=euclidean,missing=ignore},weight=2},{columns=[3,4],metric=manhattan}]"
MAP = {"topology": "hex:rows=3,columns=4", "epochs": 3, "random_state": 0}


def refused(sentence):
    """Return a context that asserts a whole message."""
    return pytest.raises(ValueError, match=f"^{re.escape(sentence)}$")


def data(seed, n=40):
    """Return samples of 5 features, some without the last two, some with gaps in the others, and a codebook."""
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(n, 5)), rng.normal(size=(12, 5))
    X[rng.random(n) < 0.3, 3:] = NAN
    X[:, :3][rng.random((n, 3)) < 0.3] = NAN
    X[np.isnan(X).all(axis=1), 0] = 1.0
    return X, W


# --- missing values --------------------------------------------------------------------------------------------------


def test_layers_with_gaps_are_measured_as_kohonen_measures_them():
    """On a super-organised map of R kohonen, nearest units and distances of samples with gaps are its own."""
    layers = [
        {"columns": columns, "metric": "euclidean:missing=ignore", "weight": weight}
        for columns, weight in zip(([0, 1, 2], [3, 4]), KOHONEN["weights"], strict=True)
    ]
    metric = {"name": "layers", "layers": layers}
    trained = TrainedMap.from_codebook("hex:rows=3,columns=4", KOHONEN["codebook"], metric)
    units, distances = trained.search(np.array(KOHONEN["X"], dtype=float))
    assert units[:, 0].tolist() == KOHONEN["units"]
    # Seventeen digits were written.
    np.testing.assert_allclose(distances[:, 0], KOHONEN["distances"], rtol=1e-12)


@given(seed=SEEDS)
def test_what_a_sample_lacks_counts_like_the_mean_of_what_it_has(seed):
    """Distances are weighted sums over the layers there are, times all weights over theirs."""
    X, W = data(seed)
    inner = resolve("metric", "euclidean:missing=ignore")
    first = np.isfinite(X[:, :3]).any(axis=1)
    second = np.isfinite(X[:, 3:]).all(axis=1)
    wanted = np.zeros((len(X), len(W)))
    wanted[first] += 2 * inner.pairwise(X[first, :3], W[:, :3])
    wanted[second] += cdist(X[second, 3:], W[:, 3:], "cityblock")
    wanted *= (3 / (2 * first + second))[:, None]
    trained = TrainedMap.from_codebook("hex:rows=3,columns=4", W, LAYERS)
    np.testing.assert_allclose(trained.distances(X), wanted, rtol=1e-14)
    assert np.array_equal(trained.bmu(X), wanted.argmin(axis=1))


@pytest.mark.parametrize("trainer", ["batch:centre=mean", "online"])
def test_a_layer_observed_nowhere_equals_that_layer_dropped(trainer, tmp_path):
    """A layer that no sample has changes nothing, in training, after, or in a file; it is not imputed."""
    X, _ = data(0)
    lost = np.column_stack([X, np.full((len(X), 2), NAN)])
    wider = LAYERS[:-1] + ",{columns=[5,6],metric=mahalanobis}]"
    first = Recipe(metric=LAYERS, trainer=trainer, initialiser="sample", **MAP).fit(X)
    second = Recipe(metric=wider, trainer=trainer, initialiser="sample", **MAP).fit(lost)
    second.save(tmp_path / "map.somkit")
    for found in (second, load(tmp_path / "map.somkit")):
        assert np.array_equal(found.codebook[:, :5], first.codebook)
        assert np.array_equal(found.distances(lost), first.distances(X))
        assert found.metric.unobserved == (5, 6)
        assert np.array_equal(found.impute(lost), np.column_stack([first.impute(X), lost[:, 5:]]), equal_nan=True)


@given(seed=SEEDS, trainer=st.sampled_from(["batch:centre=mean", "converging:trainer={name=batch,centre=mean}"]))
def test_weight_counts_rows_of_layers_with_gaps(seed, trainer):
    """Weight k is k copies of the row with its gaps, weight 0 no row at all."""
    X, W = data(seed)
    weight = np.random.default_rng(seed).integers(0, 4, len(X))
    weight[0] += 1
    recipe = Recipe(metric=LAYERS, trainer=trainer, **MAP)
    first = recipe.fit(X, weight, initial_codebook=W)
    second = recipe.fit(np.repeat(X, weight, axis=0), initial_codebook=W)
    np.testing.assert_allclose(first.codebook, second.codebook, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "trainer", ["batch:centre=mean", "online", "two_phase:rough=online,fine={name=batch,centre=mean}"]
)
def test_constants_stay_constant_in_layers_with_gaps(trainer):
    """A feature whose every observed value is 1.1 is 1.1 in every unit, exactly."""
    X, _ = data(1)
    X[:, 3] = np.where(np.isnan(X[:, 3]), NAN, 1.1)
    assert (Recipe(metric=LAYERS, trainer=trainer, **MAP).fit(X).codebook[:, 3] == 1.1).all()


@given(seed=SEEDS)
def test_a_layer_in_two_halves_is_the_layer(seed):
    """Two layers of the same columns at half the weight each are one, whatever a sample lacks."""
    X, W = data(seed)
    halves = LAYERS.replace("weight=2}", "weight=1},{columns=[0,1,2],metric={name=euclidean,missing=ignore},weight=1}")
    found = (TrainedMap.from_codebook("hex:rows=3,columns=4", W, metric).distances(X) for metric in (LAYERS, halves))
    np.testing.assert_allclose(*found, rtol=1e-14)


def test_a_metric_is_fitted_to_the_samples_that_have_its_layer():
    """Mahalanobis in a layer learns from the samples that have it, and from no others."""
    X, _ = data(2)
    metric = "layers:missing=ignore,layers=[{columns=[3,4],metric=mahalanobis},{columns=[0,1,2],metric={name=euclidean,missing=ignore}}]"
    trained = Recipe(metric=metric, **MAP).fit(X)
    whole = X[np.isfinite(X[:, 3]), 3:]
    np.testing.assert_allclose(trained.metric.layers[0].metric.covariance, np.cov(whole.T, ddof=0), rtol=1e-12)


def test_gaps_that_a_layer_does_not_take_are_refused_by_cell():
    """A gap in a layer whose metric takes none is refused, and so is a row that has nothing in any layer."""
    X, _ = data(3)
    X[:5] = 1.0
    X[4, 3] = NAN
    frame = pd.DataFrame(X, columns=list("abcde"))
    sentence = (
        "X[4, 3] (feature 'd') is NaN, and metric 'manhattan' of its layer takes no missing values; impute it first, "
        "or leave out the sample's values in the whole layer, with 'layers:missing=ignore'."
    )
    with refused(sentence):
        Recipe(metric=LAYERS, trainer="online", **MAP).fit(frame)
    X[4, 3] = 1.0
    X[6] = [NAN, NAN, NAN, 1.0, NAN]
    text = "layers:layers=[{columns=[0,1,2],metric={name=euclidean,missing=ignore}},{columns=[1],metric={name=euclidean,missing=ignore}}]"
    with refused(
        "X[6] has nothing observed: it has values only where metric 'layers' measures none; leave the row out."
    ):
        Recipe(metric=text, trainer="online", **MAP).fit(X)
    with refused(
        "X[6] has nothing observed: it has values only where metric 'layer' measures none; leave the row out."
    ):
        Recipe(metric="layer:columns=[0,1,2],metric={name=euclidean,missing=ignore}", **MAP).fit(X)


# --- sparse ----------------------------------------------------------------------------------------------------------


@given(seed=SEEDS, trainer=st.sampled_from(["batch", "online"]), cosine=st.booleans())
def test_sparse_layers_are_dense_ones(seed, trainer, cosine):
    """Where all layers take sparse samples the map is that of the dense array."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((40, 6)) < 0.5, rng.normal(size=(40, 6)), 0.0)
    inner = "cosine" if cosine else "euclidean"
    metric = f"layers:layers=[{{columns=[0,1,2],metric={inner}}},{{columns=[5,4],weight=0.5}}]"
    recipe = Recipe(metric=metric, trainer=trainer, initialiser="sample", **MAP)
    W = rng.normal(size=(12, 6)) + 1
    dense, sparse = (recipe.fit(samples, initial_codebook=W) for samples in (X, csr_array(X)))
    # Sums are taken in another order and without a shift.
    np.testing.assert_allclose(sparse.codebook, dense.codebook, rtol=0, atol=1e-11)
    np.testing.assert_allclose(dense.distances(csr_array(X)), dense.distances(X), rtol=1e-13, atol=1e-15)


# --- directions ------------------------------------------------------------------------------------------------------


@given(seed=SEEDS, rate=st.sampled_from([1.0, 0.5]), inner=st.sampled_from(["cosine", "angular"]))
def test_directions_are_averaged_within_their_layer(seed, rate, inner):
    """A batch update takes the mean direction in a layer of directions, and plain means in the others."""
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(40, 5)), rng.normal(size=(12, 5))
    metric = f"layers:layers=[{{columns=[4,0],metric={inner}}},{{columns=[1,2]}}]"
    settings = {"learning_rate": f"constant:value={rate}", "radius": "constant:value=1.2"}
    trained = Recipe(metric=metric, **{**MAP, **settings, "epochs": 1}).fit(X, initial_codebook=W)
    best = TrainedMap.from_codebook("hex:rows=3,columns=4", W, metric).bmu(X)
    influence = np.exp(-(trained.lattice.distances_from(range(12))[:, best] ** 2) / (2 * 1.2**2))
    along = X.copy()
    along[:, [4, 0]] /= np.linalg.norm(X[:, [4, 0]], axis=1, keepdims=True)
    M = influence @ along / influence.sum(axis=1, keepdims=True)
    M[:, [4, 0]] /= np.linalg.norm(M[:, [4, 0]], axis=1, keepdims=True)
    np.testing.assert_allclose(trained.codebook, W + rate * (M - W), rtol=0, atol=1e-12)


def test_one_layer_of_directions_is_its_metric():
    """A map of one cosine layer is the map of the cosine metric."""
    X = load_iris().data
    first = Recipe(metric="layers:layers=[{metric=cosine}]", **MAP).fit(X)
    np.testing.assert_allclose(first.codebook, Recipe(metric="cosine", **MAP).fit(X).codebook, rtol=1e-12)


# --- weights by name -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_weights_by_name_are_those_by_number(frame, tmp_path):
    """Named features have the weights given, the others 1, whatever frame brings the names; a file keeps them."""
    X = load_iris().data
    named = frame(dict(zip("abcd", X.T, strict=True)))
    by_name = Recipe(metric="weighted:columns=[d,b],weights=[2,0.5]", **MAP).fit(named)
    by_number = Recipe(metric="weighted:weights=[1,0.5,1,2]", **MAP).fit(X)
    by_name.save(tmp_path / "map.somkit")
    for found in (by_name, load(tmp_path / "map.somkit")):
        assert found.metric == by_number.metric
        assert np.array_equal(found.codebook, by_number.codebook)
    assert np.array_equal(
        Recipe(metric="weighted:columns=[3,1],weights=[2,0.5]", **MAP).fit(X).codebook, found.codebook
    )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: Recipe(metric="weighted:columns=[bb],weights=[2]").fit(
                pd.DataFrame(np.eye(2), columns=["ab", "b"])
            ),
            "metric 'weighted' measures column 'bb', which X has not; did you mean 'b'? Its columns are ab, b.",
        ),
        (
            lambda: Recipe(metric="weighted:columns=[a],weights=[2]").fit(np.eye(2)),
            "metric 'weighted' measures column 'a', which X has not; give a DataFrame, or the number of the column.",
        ),
        (
            lambda: resolve("metric", "weighted:columns=[a,b],weights=[2]"),
            "Weighted.weights must hold one for each of the 2 columns, got 1.",
        ),
        (
            lambda: TrainedMap.from_codebook("line:units=2", np.eye(2), "weighted:columns=[a],weights=[2]").bmu(
                np.eye(2)
            ),
            "metric 'weighted' finds columns by name when training starts; to use it before, give their numbers.",
        ),
    ],
)
def test_weights_for_unknown_columns_are_refused(call, sentence):
    """A name that no feature has, or names where there are none, are refused in a sentence."""
    with refused(sentence):
        call()


# --- uneven features -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "trainer", "warned"),
    [
        ("euclidean", "batch", ""),
        ("manhattan", "batch:centre=mean", ""),
        ("weighted:weights=[4,1,1,1]", "batch", ", by its weight,"),
        ("layers:layers=[{columns=[0,1,2]},{columns=[3],metric=correlation}]", "online", ", by its weight,"),
        ("weighted:weights=[0.0001,1,1,1]", "batch", None),
        ("mahalanobis", "batch", None),
        ("canberra", "online", None),
        ("cosine", "batch", None),
        ("correlation", "online", None),
        ("layers:layers=[{columns=[0],weight=0.01},{columns=[1,2,3]}]", "batch", None),
    ],
)
def test_only_a_metric_that_adds_features_up_is_warned_of_uneven_ones(metric, trainer, warned):
    """A warning names the feature that decides alone, by the metric and its weights, and where there is none, is not given."""
    X = np.random.default_rng(0).normal(size=(60, 4)) * [100, 1, 1, 1]
    som = SOM(topology="line:units=3", metric=metric, trainer=trainer, epochs=1, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        som.fit(X)
    found = [str(warning.message) for warning in caught]
    assert len(found) == (warned is not None)
    assert all(text.startswith(f"the standard deviation of feature number 0{warned} is ") for text in found)


# --- places ----------------------------------------------------------------------------------------------------------


@given(
    a=st.tuples(st.floats(-89, 89), st.floats(-180, 360)),
    b=st.tuples(st.floats(-89, 89), st.floats(-180, 360)),
    factor=st.floats(0, 1),
)
def test_places_move_along_the_shortest_way(a, b, factor):
    """A unit moved by a share of the way is nearer by that share, and its latitude and longitude stay in range."""
    metric = resolve("metric", "haversine:radius=1")
    W, x = np.array([a]), np.array(b)
    whole = metric.pairwise(x[None], W)[0, 0]
    moved = metric.towards(W, x, np.array([[factor]]))
    # The haversine loses half its digits near the far side of the globe.
    assert metric.pairwise(x[None], moved)[0, 0] == pytest.approx((1 - factor) * whole, abs=1e-7)
    assert -90 <= moved[0, 0] <= 90
    assert -180 <= moved[0, 1] <= 360


def test_a_map_of_the_pacific_goes_over_the_date_line():
    """Online, units of islands on both sides of the date line lie among them, not on the other side of the globe."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(-20, 20, 200), rng.uniform(165, 195, 200)])
    X[:, 1] = np.where(X[:, 1] > 180, X[:, 1] - 360, X[:, 1])
    trained = Recipe(
        topology="line:units=6", metric="haversine", trainer="online", initialiser="sample", random_state=0
    )
    found = trained.fit(X).codebook
    assert (np.abs(np.mod(found[:, 1], 360) - 180) <= 15).all()
    assert trained.fit(X).quantisation_error(X) < 1_200  # kilometres


PLACES = {
    "the date line": [[0.0, 179.0], [1.0, -179.0], [2.0, 170.0]],
    "a pole": [[89.0, 0.0], [88.0, 120.0], [85.0, 240.0]],
    "Greenwich": [[10.0, 350.0], [20.0, 10.0], [10.0, -5.0]],
}


def _in_space(places):
    a, b = np.radians(places).T
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=1)


@pytest.mark.parametrize("around", PLACES)
@pytest.mark.parametrize(
    ("metric", "beside"),
    [
        ("haversine", False),
        ("layer:metric=haversine,columns=[0,1]", True),
        ("layers:layers=[{metric=haversine,columns=[0,1]},{columns=[2]}]", True),
    ],
)
@pytest.mark.parametrize("trainer", ["batch", "minibatch"])
def test_a_batch_update_is_the_mean_place(around, metric, beside, trainer):
    """In batch training a unit moves to scipy's mean direction of the points in space, weights counting as copies."""
    places = np.array(PLACES[around])
    X = np.column_stack([places, [1.0, 2.0, 4.0]]) if beside else places
    recipe = Recipe(
        topology="line:units=1",
        metric=metric,
        trainer=trainer,
        learning_rate="constant:value=1",
        initialiser="sample",
        epochs=1,
        random_state=0,
    )
    for weight in (None, [1, 2, 3]):
        found = recipe.fit(X, weight).codebook
        wanted = directional_stats(np.repeat(_in_space(places), weight or 1, axis=0)).mean_direction
        np.testing.assert_allclose(_in_space(found[:, :2]), wanted[None], atol=1e-12)
        if beside:
            assert found[0, 2] == pytest.approx(np.average([1, 2, 4], weights=weight))


def test_a_place_that_is_missing_is_passed_over():
    """A sample that lacks its place moves the other layer alone; a unit with no mean place stays where it is."""
    X = np.array([[0.0, 179.0, 1.0], [0.0, -179.0, 2.0], [np.nan, np.nan, 6.0]])
    metric = "layers:missing=ignore,layers=[{metric=haversine,columns=[0,1]},{columns=[2]}]"
    recipe = Recipe(topology="line:units=1", metric=metric, epochs=1, random_state=0)
    found = recipe.fit(X, initial_codebook=[[5.0, 5.0, 5.0]]).codebook
    np.testing.assert_allclose(_in_space(found[:, :2]), _in_space(np.array([[0.0, 180.0]])), atol=1e-12)
    assert found[0, 2] == pytest.approx(3)
    X[:2, :2] = [[10.0, 20.0], [-10.0, -160.0]]  # opposite each other
    found = recipe.fit(X, initial_codebook=[[5.0, 5.0, 5.0]]).codebook
    np.testing.assert_allclose(found, [[5.0, 5.0, 3.0]], rtol=1e-14)


def test_in_batch_training_a_map_of_the_pacific_goes_over_the_date_line():
    """Batch and online maps of islands on both sides of the date line lie among them, and are as near to them."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(-20, 20, 200), rng.uniform(165, 195, 200)])
    X[:, 1] = np.where(X[:, 1] > 180, X[:, 1] - 360, X[:, 1])
    found = Recipe(topology="line:units=6", metric="haversine", random_state=0).fit(X)
    assert (np.abs(np.mod(found.codebook[:, 1], 360) - 180) <= 15).all()
    assert found.quantisation_error(X) < 700  # kilometres


TURNED = [
    *(f"measure {name}" for name in ("explained_variance", "quantisation_error:form=normalised")),
    *(f"measure {name}:clusters=3" for name in ("davies_bouldin", "calinski_harabasz", "silhouette")),
    *(f"clusterer {name}" for name in ("ward", "kmeans", "watershed")),
]


@pytest.mark.parametrize("question", TURNED)
@pytest.mark.parametrize("kind", ["haversine", "layers:layers=[{metric=haversine,columns=[0,1]},{columns=[2]}]"])
def test_turning_the_globe_changes_nothing(question, kind):
    """What a map of places measures and how it clusters are the same wherever the date line is."""
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.uniform(-40, 40, 90), rng.uniform(-30, 30, 90), rng.normal(size=90)])
    W = np.column_stack([rng.uniform(-40, 40, 12), rng.uniform(-30, 30, 12), rng.normal(size=12)])
    if kind == "haversine":
        X, W = X[:, :2], W[:, :2]
    found = []
    for turn in (0, 175):
        turned = [np.column_stack([A[:, 0], np.mod(A[:, 1] + turn + 180, 360) - 180, A[:, 2:]]) for A in (X, W)]
        trained = TrainedMap.from_codebook("hex:rows=3,columns=4", turned[1], kind)
        what, name = question.split(" ")
        if what == "measure":
            found.append(trained.measure(resolve("measure", name), turned[0]))
        else:
            found.append(trained.cluster_units(n_clusters=3, clusterer=name, X=turned[0]))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


@pytest.mark.parametrize(
    "metric", ["haversine", "layer:metric=haversine,columns=[0,1]", "layers:layers=[{metric=haversine}]"]
)
def test_degrees_are_not_scaled(metric):
    """A metric with units of its own refuses a scale when the recipe is built."""
    part = resolve("metric", metric)
    sentence = (
        f"metric '{part}' measures features in units of their own, which scale='standard' would change; leave scale "
        f"out, or write scale='none'."
    )
    with refused(sentence):
        Recipe(metric=metric, scale="standard")


def test_means_over_the_date_line_are_refused():
    """Where means are asked for, those of longitudes that span more than half the globe are refused, and the way out is named."""
    X = np.array([[0.0, 179.0], [1.0, -179.0], [2.0, 170.0]])
    sentence = (
        "means of longitudes from -179 to 179 may lie on the other side of the globe; write them from 0 to 360 if that "
        "brings them within 180 degrees, or use trainer='batch', whose means are on the globe, or 'online'."
    )
    for metric in ("haversine", "layer:metric=haversine,columns=[0,1]"):
        for centre in ("mean", "median"):
            with refused(sentence):
                Recipe(metric=metric, trainer=f"batch:centre={centre}", **MAP).fit(X)
    X[:, 1] = np.mod(X[:, 1], 360)
    found = Recipe(metric="haversine", trainer="batch:centre=mean", **MAP).fit(X).codebook
    assert ((found[:, 1] >= 170) & (found[:, 1] <= 181)).all()
