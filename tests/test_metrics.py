"""Metrics: scipy's distances, whoever finds them; what is fitted is fitted once; what cannot be measured is refused."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics.pairwise import haversine_distances
from sklearn.preprocessing import StandardScaler

from somkit import Metric, Recipe, Samples, TrainedMap, load, resolve, standard
from somkit.plugins import current
from somkit.standard.trainers import centres
from somkit.testing.strategies import normal

WEIGHTS = [0.5, 2.0, 0.0, 3.0]


def _mahalanobis(X, W):
    return cdist(X, W, "mahalanobis", VI=np.linalg.inv(np.cov(X.T, ddof=0)))


SCIPY = {
    "euclidean": cdist,
    "manhattan": lambda X, W: cdist(X, W, "cityblock"),
    "chebyshev": lambda X, W: cdist(X, W, "chebyshev"),
    "minkowski:p=3": lambda X, W: cdist(X, W, "minkowski", p=3),
    "canberra": lambda X, W: cdist(X, W, "canberra"),
    "cosine": lambda X, W: cdist(X, W, "cosine"),
    "correlation": lambda X, W: cdist(X, W, "correlation"),
    "angular": lambda X, W: np.arccos(np.clip(1 - cdist(X, W, "cosine"), -1, 1)),
    "mahalanobis": _mahalanobis,
    "weighted:weights=[0.5,2,0,3]": lambda X, W: cdist(X, W, "euclidean", w=WEIGHTS),
    "weighted:metric=manhattan,weights=[0.5,2,0,3]": lambda X, W: cdist(X, W, "cityblock", w=WEIGHTS),
    "weighted:metric={name=minkowski,p=3},weights=[0.5,2,0,3]": lambda X, W: cdist(X, W, "minkowski", p=3, w=WEIGHTS),
    "weighted:metric=cosine,weights=[0.5,2,0,3]": lambda X, W: cdist(X, W, "cosine", w=WEIGHTS),
    "layer:columns=[2,0],metric=manhattan,weight=3": lambda X, W: 3 * cdist(X[:, [2, 0]], W[:, [2, 0]], "cityblock"),
    "layers:layers=[{columns=[0,1],weight=2},{columns=[2,3],metric=chebyshev}]": lambda X, W: (
        2 * cdist(X[:, :2], W[:, :2]) + cdist(X[:, 2:], W[:, 2:], "chebyshev")
    ),
}


def _kilometres(X, W):
    return haversine_distances(np.radians(X), np.radians(W)) * 6371.0088


def _ruzicka(X, W):
    x, w = X[:, None], W[None]
    return 1 - np.minimum(x, w).sum(axis=2) / np.maximum(x, w).sum(axis=2)


def _tanimoto(X, W):
    product = X @ W.T
    return 1 - product / ((X**2).sum(axis=1)[:, None] + (W**2).sum(axis=1) - product)


def _bits(seed, n, d):
    """Return rows of 0 and 1, each with a 1: scipy has no value, or another than 0, for two rows of zeros."""
    bits = np.random.default_rng(seed).integers(0, 2, (n, d)).astype(float)
    bits[:, 0] = 1
    return bits


def _counts(seed, n, d):
    return np.random.default_rng(seed).uniform(0.1, 9, (n, d))


def _codes(seed, n, d):
    return np.random.default_rng(seed).integers(0, 4, (n, d)).astype(float)


def _places(seed, n, d):
    del d
    return np.random.default_rng(seed).uniform([-90, -180], [90, 360], (n, 2))


# What each measures, drawn within its limits, and another program's distances or the definition.
LIMITED = {
    "braycurtis": (_counts, lambda X, W: cdist(X, W, "braycurtis")),
    "jaccard on bits": (_bits, lambda X, W: cdist(X.astype(bool), W.astype(bool), "jaccard")),
    "jaccard": (_counts, _ruzicka),
    "weighted:metric=braycurtis,weights=[0.5,2,0,3]": (_counts, lambda X, W: cdist(X, W, "braycurtis", w=WEIGHTS)),
    "weighted:metric=jaccard,weights=[0.5,2,0,3] on bits": (
        _bits,
        lambda X, W: cdist(X.astype(bool), W.astype(bool), "jaccard", w=WEIGHTS),
    ),
    "weighted:metric=jaccard,weights=[0.5,2,0,3]": (_counts, lambda X, W: _ruzicka(X * WEIGHTS, W * WEIGHTS)),
    "weighted:metric=tanimoto,weights=[0.5,2,0,3] on bits": (
        _bits,
        lambda X, W: cdist(X.astype(bool), W.astype(bool), "jaccard", w=WEIGHTS),
    ),
    "tanimoto on bits": (_bits, lambda X, W: cdist(X.astype(bool), W.astype(bool), "jaccard")),
    "tanimoto": (_counts, _tanimoto),
    "hamming on bits": (_bits, lambda X, W: cdist(X, W, "hamming")),
    "hamming:values=categorical on codes": (_codes, lambda X, W: cdist(X, W, "hamming")),
    "haversine": (_places, _kilometres),
}


@pytest.mark.parametrize("name", LIMITED)
@given(seed=st.integers(0, 999), k=st.integers(1, 6))
def test_counts_bits_codes_and_places_are_measured_as_others_do(name, seed, k):
    """The k nearest units are those of scipy's and scikit-learn's distances, and of the definitions where units mix."""
    draw, distances_of = LIMITED[name]
    X, W = draw(seed, 12, 4), draw(seed + 1_000, 6, 4)
    wanted = distances_of(X, W)
    units, distances = resolve("metric", name.partition(" ")[0]).nearest(X, W, k)
    assert all(len(set(row)) == k for row in units.tolist())
    # A few roundings of numbers about 1; kilometres are up to 20 000.
    np.testing.assert_allclose(np.take_along_axis(wanted, units, axis=1), distances, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.sort(wanted, axis=1)[:, :k], distances, rtol=1e-9, atol=1e-12)


def test_every_metric_has_another_program_s_numbers():
    """Each registered metric is in one of the tables above: a new one needs scipy's distances, or its definition."""
    measured = {name.partition(" ")[0].partition(":")[0] for name in (*SCIPY, *LIMITED)}
    assert {entry.name for entry in current().registry.entries("metric")} == measured


def test_units_of_shares_count_for_the_samples_they_stand_for():
    """By hamming, a unit that is the mean of binary samples is as far as these are on average."""
    X, x = _bits(0, 9, 5), _bits(1, 1, 5)
    found = resolve("metric", "hamming").pairwise(x, X.mean(axis=0, keepdims=True))
    np.testing.assert_allclose(found, [[cdist(x, X, "hamming").mean()]], rtol=1e-14)


@pytest.mark.parametrize(
    "name",
    ["braycurtis", "jaccard", "tanimoto", "hamming", "haversine", "weighted:metric=braycurtis,weights=[0.5,2,0,3]"],
)
@pytest.mark.parametrize("trainer", ["batch:centre=mean", "online"])
@pytest.mark.parametrize("initialiser", ["pca", "sample", "uniform:low=-500,high=500"])
def test_training_stays_where_the_metric_measures(name, trainer, initialiser):
    """Whatever a map starts from, its codebook is within the metric's limits."""
    X = LIMITED[name if name in LIMITED else f"{name} on bits"][0](0, 40, 4)
    if name == "haversine" and trainer != "online":
        X[:, 1] = X[:, 1] / 3 + 200  # half round the globe, across its other side
    settings = {"topology": "hex:rows=3,columns=4", "epochs": 2, "random_state": 0}
    recipe = Recipe(metric=name, trainer=trainer, initialiser=initialiser, **settings)
    low, high = recipe.metric.limits(X.shape[1])
    for codebook in (recipe.start(X).state.codebook, recipe.fit(X).codebook):
        # Means are sums, rounded.
        assert ((codebook >= low - 1e-9) & (codebook <= high + 1e-9)).all()


@pytest.mark.parametrize("name", SCIPY)
@given(seed=st.integers(0, 999), k=st.integers(1, 6))
def test_nearest_units_are_scipys(name, seed, k):
    """The k nearest units and their distances are those of scipy's distances, sorted."""
    X, W = normal(seed, 12, 4), normal(seed + 1_000, 6, 4)
    metric = resolve("metric", name).fitted(Samples.of(X))
    wanted = SCIPY[name](X, W)
    units, distances = metric.nearest(X, W, k)
    assert all(len(set(row)) == k for row in units.tolist())
    # One minus a cosine loses digits where it is small, and its arc cosine half of them; ours do not. Of units that
    # tie, canberra's for one, scipy's rounding may choose another.
    np.testing.assert_allclose(np.take_along_axis(wanted, units, axis=1), distances, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(np.sort(wanted, axis=1)[:, :k], distances, rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("name", SCIPY)
def test_the_quantisation_error_is_in_the_metric_trained_with(name, tmp_path):
    """The quantisation error of a map, loaded again too, is the mean of scipy's distances to the nearest unit."""
    X = load_iris().data
    trained = Recipe(
        topology="hex:rows=3,columns=3", metric=name, trainer="batch:centre=mean", epochs=3, random_state=0
    ).fit(X)
    trained.save(tmp_path / "map.somkit")
    again = load(tmp_path / "map.somkit")
    wanted = SCIPY[name](X, trained.codebook)
    for found in (trained, again):
        assert found.quantisation_error(X) == pytest.approx(wanted.min(axis=1).mean(), abs=1e-7)
        assert np.allclose(found.distances(X), wanted, atol=1e-7)
    assert again.metric == trained.metric
    assert np.array_equal(again.bmu(X), trained.bmu(X))


@pytest.mark.parametrize("name", LIMITED)
def test_the_quantisation_error_within_limits_is_in_the_metric_trained_with(name):
    """It is the mean distance to the nearest unit by scipy, scikit-learn or the definition, for units that mix too."""
    draw, distances_of = LIMITED[name]
    X, metric = draw(0, 40, 4), name.partition(" ")[0]
    online = {"trainer": "online"}
    modes = {"trainer": "batch:centre=mode", "initialiser": "sample"}
    settings = modes if "categorical" in metric else online
    trained = Recipe(topology="hex:rows=3,columns=3", metric=metric, epochs=3, random_state=0, **settings).fit(X)
    if name.endswith("on bits") and "hamming" not in name:  # there a unit is a mean, and bits alone say nothing
        trained = TrainedMap.from_codebook("line:units=9", draw(7, 9, 4), metric)
    if name.startswith("hamming on"):
        distances_of = lambda X, W: cdist(X, W, "cityblock") / 4  # noqa: E731 - units are means
    wanted = distances_of(X, trained.codebook)
    assert trained.quantisation_error(X) == pytest.approx(wanted.min(axis=1).mean(), rel=1e-9)
    assert np.allclose(trained.distances(X), wanted, rtol=1e-9, atol=1e-9)


EVERY = [*SCIPY, *LIMITED, "euclidean:missing=ignore"]


@pytest.mark.parametrize("name", EVERY)
def test_arrays_and_frames_are_one_thing(name):
    """numpy, pandas and polars give the same map and the same distances, to the bit, by every metric."""
    X = LIMITED[name][0](0, 30, 4) if name in LIMITED else normal(0, 30, 4)
    modes = {"trainer": "batch:centre=mode", "initialiser": "sample"}
    settings = modes if "categorical" in name else {"trainer": "online"}
    recipe = Recipe(
        topology="hex:rows=3,columns=3", metric=name.partition(" ")[0], epochs=2, random_state=0, **settings
    )
    columns = dict(zip("abcd", X.T, strict=False))
    first, *others = (recipe.fit(samples) for samples in (X, pd.DataFrame(columns), pl.DataFrame(columns)))
    for other, frame in zip(others, (pd.DataFrame(columns), pl.DataFrame(columns)), strict=True):
        assert np.array_equal(other.codebook, first.codebook)
        assert np.array_equal(other.distances(frame), first.distances(X))
        assert other.metric == first.metric
        assert other.feature_names == tuple(columns)


@pytest.mark.parametrize("name", [name for name in EVERY if resolve("metric", name.partition(" ")[0]).accepts_sparse])
@given(seed=st.integers(0, 999), trainer=st.sampled_from(["batch", "online"]))
def test_a_sparse_array_is_a_dense_one(name, seed, trainer):
    """By every metric that takes sparse samples the map, its units and distances are those of the dense array."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((30, 4)) < 0.5, rng.normal(size=(30, 4)), 0.0)
    X[:, 0] += 0.1  # no row without a direction, which would be as far from all units
    W = rng.normal(size=(9, 4))
    if trainer == "batch" and resolve("metric", name).centre is None:
        trainer = "batch:centre=mean"
    recipe = Recipe(topology="hex:rows=3,columns=3", metric=name, trainer=trainer, epochs=2, random_state=0)
    dense, sparse = (recipe.fit(samples, initial_codebook=W) for samples in (X, csr_array(X)))
    # Sums are taken in another order and without a shift.
    np.testing.assert_allclose(sparse.codebook, dense.codebook, rtol=0, atol=1e-10)
    assert np.array_equal(dense.bmu(csr_array(X), k=3), dense.bmu(X, k=3))
    np.testing.assert_allclose(dense.distances(csr_array(X)), dense.distances(X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["cosine", "angular", "correlation"])
@given(seed=st.integers(0, 9_999), k=st.integers(1, 9), data=st.data())
def test_directions_are_searched_as_they_are_measured(name, seed, k, data):
    """The kernels find the units of a direct search in double precision, ties, opposites and tiny angles included."""
    rng = np.random.default_rng(seed)
    d = data.draw(st.sampled_from([2, 3, 5, 40]))
    tiny = data.draw(st.sampled_from([0.0, 1e-15, 1e-12, 1e-8, 1e-200, 1.0]))
    base = rng.integers(-2, 3, (3, d)).astype(float)
    W = base[rng.integers(0, 3, 9)] * rng.choice([1.0, -1.0, 3.0, 1e-160, 1e150], (9, 1))
    W = W + tiny * np.abs(W).max(axis=1, keepdims=True) * rng.integers(-1, 2, (9, d))
    X = np.vstack([W[rng.integers(0, 9, 12)] * rng.choice([1.0, -1.0, 7.0]), rng.normal(size=(6, d)), np.zeros((1, d))])
    with np.errstate(over="ignore"):
        X, W = (array.astype(data.draw(st.sampled_from([np.float64, np.float32]))) for array in (X / 2, W / 2))
    X, W = np.nan_to_num(X, posinf=1.0, neginf=1.0), np.nan_to_num(W, posinf=1.0, neginf=1.0)
    metric = resolve("metric", name)
    units, distances = metric.prepare(W).nearest(X, k)
    wanted, measured = Metric.nearest(metric, X, W, k)
    assert np.array_equal(units, wanted)
    # Sums of squares are taken in another order.
    np.testing.assert_allclose(distances, measured, rtol=(d + 4) * 2.0**-51, atol=0)


def test_gaps_whose_squares_are_lost_are_measured_directly():
    """Where the square of the only small gap underflows, the distance is 0 as it is when measured."""
    X, W = np.array([[1e-200, -1.0]]), np.array([[0.0, -1.0], [1.0, 0.0]])
    for name in ("cosine", "angular"):
        metric = resolve("metric", name)
        assert metric.nearest(X, W)[1].tolist() == [[0.0]]
        assert np.array_equal(metric.nearest(X, W)[1][:, 0], metric.pairwise(X, W).min(axis=1))


def test_a_map_by_mahalanobis_is_a_map_of_whitened_data():
    """Training by Mahalanobis finds the units that Euclidean training on whitened samples does."""
    X = load_iris().data
    factor = np.linalg.inv(np.linalg.cholesky(np.cov(X.T, ddof=0))).T
    rows = X[::15]
    settings = {"topology": "grid:rows=2,columns=5", "epochs": 6}
    trained = Recipe(metric="mahalanobis", **settings).fit(X, initial_codebook=rows)
    white = Recipe(**settings).fit(X @ factor, initial_codebook=rows @ factor)
    assert np.array_equal(trained.bmu(X), white.bmu(X @ factor))
    # Means are linear; whitening multiplies rounding by the condition of the covariance, about 200.
    np.testing.assert_allclose(trained.codebook @ factor, white.codebook, rtol=0, atol=1e-10)


def test_a_covariance_is_fitted_to_weights_and_kept():
    """Weight k counts as k copies; one that is given, or was fitted, stays."""
    X, weight = normal(0, 30, 3), np.arange(30) % 3
    metric = resolve("metric", "mahalanobis")
    fitted = metric.fitted(Samples.of(X, weight))
    np.testing.assert_allclose(fitted.covariance, np.cov(X.T, fweights=weight, ddof=0), rtol=1e-12, atol=1e-12)
    assert fitted.fitted(Samples.of(2 * X)) is fitted


def test_weights_as_copies_of_features():
    """A weight of 2 is the feature twice, for the map and for every distance, in batch training and online."""
    X = load_iris().data
    twice = np.column_stack([X, X[:, 2]])
    for trainer in ("batch", "online"):
        settings = {"topology": "hex:rows=3,columns=4", "epochs": 4, "trainer": trainer, "random_state": 0}
        first = Recipe(metric="weighted:weights=[1,1,2,1]", **settings).fit(X, initial_codebook=X[:12])
        second = Recipe(**settings).fit(twice, initial_codebook=twice[:12])
        np.testing.assert_allclose(first.codebook, second.codebook[:, :4], rtol=0, atol=1e-12)
        assert np.array_equal(first.bmu(X), second.bmu(twice))


def test_a_strangers_metric_is_weighted():
    """`weighted` takes whatever metric says what a weight does, by no privilege of its own."""

    class SquaredChord(Metric):
        """A metric of amounts that somkit does not know: sum (sqrt(x) - sqrt(w))^2."""

        name = "squared_chord"
        weight_power = 1.0

        def pairwise(self, X, W):
            return ((np.sqrt(X)[:, None] - np.sqrt(W)) ** 2).sum(axis=2)

    X, W = _counts(0, 9, 4), _counts(1, 5, 4)
    expected = ((np.sqrt(X)[:, None] - np.sqrt(W)) ** 2) @ WEIGHTS
    weighted = standard.Weighted(metric=SquaredChord(), weights=WEIGHTS)
    np.testing.assert_allclose(weighted.pairwise(X, W), expected, rtol=1e-12)
    assert np.array_equal(weighted.nearest(X, W)[0][:, 0], expected.argmin(axis=1))


def test_means_are_taken_openly_with_any_metric():
    """With centre=mean a batch update is the mean of the samples, whatever metric finds the best units."""
    X = np.array([[0.0, 1.0], [2.0, 5.0], [10.0, 0.0]])
    settings = {"topology": "line:units=1", "trainer": "batch:centre=mean", "epochs": 1}
    for name in ("manhattan", "cosine", "correlation"):
        np.testing.assert_allclose(Recipe(metric=name, **settings).fit(X).codebook, [X.mean(axis=0)], rtol=1e-15)


def _by_hand(recipe, X, weight, W, radius, centre):
    """Return the medians or modes of one batch update, written as the definition says."""
    lattice = recipe.topology.lattice()
    best = recipe.metric.nearest(X, W)[0][:, 0]
    influence = recipe.neighbourhood.influences(lattice.distances_from(range(len(W))), radius)[:, best] * weight
    found = W.copy()
    for unit, feature in np.ndindex(W.shape):
        share = Counter()
        for value, amount in zip(X[:, feature].tolist(), influence[unit].tolist(), strict=True):
            share[value] += amount
        if not sum(share.values()):
            continue
        values = sorted(share)
        if centre == "mode":
            most = max(share.values()) * (1 - 1e-13)  # equal but for the order of their sums
            found[unit, feature] = next(value for value in values if share[value] >= most)
        else:
            half = sum(share.values()) / 2
            found[unit, feature] = next(
                value for value in values if sum(share[low] for low in values if low <= value) >= half * (1 - 1e-13)
            )
    return found


@pytest.mark.parametrize("centre", ["median", "mode"])
@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
@given(seed=st.integers(0, 999), rate=st.sampled_from([1.0, 0.25]))
def test_medians_and_modes_are_those_of_the_definition(centre, neighbourhood, seed, rate):
    """A batch update by median or mode takes, unit by unit and feature by feature, that of the weighted samples."""
    rng = np.random.default_rng(seed)
    X, W = rng.integers(0, 5, (25, 2)).astype(float), rng.integers(0, 5, (7, 2)).astype(float)
    weight = rng.integers(0, 3, 25).astype(float)
    weight[0] = 1
    recipe = Recipe(
        topology="ring:units=7",
        metric="manhattan",
        trainer=f"batch:centre={centre}",
        neighbourhood=neighbourhood,
        radius="constant:value=0.8",
        learning_rate=f"constant:value={rate}",
        epochs=1,
    )
    wanted = _by_hand(recipe, X, weight, W, 0.8, centre)
    found = recipe.fit(X, weight, initial_codebook=W)
    np.testing.assert_allclose(found.codebook, (1 - rate) * W + rate * wanted, rtol=1e-14, atol=1e-14)
    # The error is before the update, as it is where means are taken.
    distances = cdist(X, W, "cityblock").min(axis=1)
    assert found.history[0]["quantisation_error"] == pytest.approx(weight @ distances / weight.sum(), rel=1e-14)


def test_a_median_is_numpys_of_an_odd_number_of_samples():
    """A lone unit moves to numpy's median of each feature, and outliers do not pull it."""
    X = normal(3, 31, 4)
    X[:5] += 1e9
    trained = Recipe(topology="line:units=1", metric="manhattan", trainer="batch:centre=median", epochs=1).fit(X)
    assert np.array_equal(trained.codebook, [np.median(X, axis=0)])


def test_medians_are_of_what_is_observed():
    """A lone unit moves to the median of the values there are, and keeps a feature that has none."""
    X = np.array([[1.0, np.nan, np.nan], [5.0, np.nan, 7.0], [2.0, np.nan, np.nan]])
    recipe = Recipe(topology="line:units=1", metric="euclidean:missing=ignore", trainer="batch:centre=median", epochs=1)
    assert recipe.fit(X, initial_codebook=[[0.0, 3.0, 0.0]]).codebook.tolist() == [[2, 3, 7]]


def test_chunks_of_units_change_nothing(monkeypatch):
    """Medians are the same to the bit however many units are worked out at once."""
    X = load_iris().data
    recipe = Recipe(topology="hex:rows=3,columns=4", metric="manhattan", trainer="batch:centre=median", epochs=3)
    whole = recipe.fit(X).codebook
    monkeypatch.setattr(centres, "NUMBERS", 5 * len(X))
    assert np.array_equal(recipe.fit(X).codebook, whole)


def test_categories_stay_categories():
    """A map of codes trained by modes holds codes of each feature alone, and finds the groups they were drawn from."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 300)
    X = 10 * group[:, None] + rng.integers(0, 4, (300, 6)) * (rng.random((300, 6)) < 0.3)
    trained = Recipe(
        topology="line:units=3",
        metric="hamming:values=categorical",
        trainer="batch:centre=mode",
        initialiser="sample",
        radius="linear:start=1,stop=0.1",
        random_state=0,
    ).fit(X)
    assert sorted(trained.codebook[:, 0]) == [0, 10, 20]
    assert all(set(trained.codebook[:, feature]) <= set(X[:, feature]) for feature in range(6))
    assert len(set(zip(group.tolist(), trained.bmu(X).tolist(), strict=True))) == 3


def test_layers_are_measured_as_kohonen_measures_them():
    """On a super-organised map of R kohonen, the nearest units and their distances are its own, weights and all."""
    kohonen = json.loads((Path(__file__).parent / "data" / "kohonen_layers.json").read_text())
    X = StandardScaler().fit_transform(load_wine().data)
    columns, metrics = ([0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12]), ("euclidean", "manhattan", "euclidean")
    layers = [
        {"columns": chosen, "metric": metric, "weight": weight}
        for chosen, metric, weight in zip(columns, metrics, kohonen["weights"], strict=True)
    ]
    topology = "hex:rows=3,columns=4"
    trained = TrainedMap.from_codebook(topology, kohonen["codebook"], {"name": "layers", "layers": layers})
    units, distances = trained.search(X)
    assert units[:, 0].tolist() == kohonen["units"]
    # Seventeen digits were written, and sums may be taken in another order.
    np.testing.assert_allclose(distances[:, 0], kohonen["distances"], rtol=1e-12)


def test_layers_by_name_are_found_fitted_and_kept(tmp_path):
    """Columns by name become numbers when training starts, a layer's metric is fitted to its columns, a file keeps both."""
    X = load_iris(as_frame=True).data.set_axis(["a", "b", "c", "d"], axis=1)
    text = "layers:layers=[{columns=[d,a],metric=mahalanobis,weight=0.5},{columns=[b]}]"
    trained = Recipe(topology="hex:rows=3,columns=3", metric=text, epochs=3).fit(X)
    trained.save(tmp_path / "map.somkit")
    sides = X.to_numpy()[:, [3, 0]], trained.codebook[:, [3, 0]]
    wanted = 0.5 * cdist(*sides, "mahalanobis", VI=np.linalg.inv(np.cov(sides[0].T, ddof=0)))
    wanted += np.abs(X.to_numpy()[:, [1]] - trained.codebook[:, 1])
    for found in (trained, load(tmp_path / "map.somkit")):
        np.testing.assert_allclose(found.distances(X), wanted, rtol=1e-9)
        assert [layer.columns for layer in found.metric.layers] == [(3, 0), (1,)]


def test_one_layer_of_all_features_is_its_metric():
    """A map of one layer is the map of its metric, in batch training by means and online, scaled or not."""
    X = load_iris().data
    for trainer, scale in (("batch", "standard"), ("online", None)):
        settings = {"topology": "hex:rows=3,columns=4", "epochs": 3, "trainer": trainer, "scale": scale}
        first = Recipe(metric="layers:layers=[{columns=[0,1,2,3],weight=2}]", random_state=0, **settings).fit(X)
        second = Recipe(metric="euclidean", random_state=0, **settings).fit(X)
        np.testing.assert_allclose(first.codebook, second.codebook, rtol=1e-12)
        assert first.quantisation_error(X) == pytest.approx(2 * second.quantisation_error(X), rel=1e-12)


def test_a_layer_has_its_metrics_limits_in_its_columns():
    """Only the columns of a layer whose metric has limits are limited, and they are by the narrowest."""
    text = "layers:layers=[{columns=[2],metric=hamming},{columns=[1,2],metric=jaccard},{columns=[0]}]"
    low, high = resolve("metric", text).limits(4)
    assert low.tolist() == [-np.inf, 0, 0, -np.inf]
    assert high.tolist() == [np.inf, np.inf, 1, np.inf]


REFUSED = {
    "a layer of directions that shares a feature": (
        lambda: Recipe(metric="layers:layers=[{columns=[0,1],metric=cosine},{columns=[1]}]"),
        (
            "trainer 'batch' has no update for metric 'layers:layers=[{name=layer,columns=[0,1],metric={name=cosine}},"
            "{name=layer,columns=[1]}]'; use trainer='online', trainer='batch:centre=median' or 'batch:centre=mean' to "
            "take medians or means all the same, or a metric whose centre is a mean, such as 'euclidean' or 'cosine'."
        ),
    ),
    "a layer that is none": (
        lambda: resolve("metric", "layers:layers=[euclidean]"),
        "Layers.layers must be a list of layers, such as [{columns=[0,1]},{columns=[2],weight=0.5}].",
    ),
    "a column twice": (
        lambda: resolve("metric", "layers:layers=[{columns=[1,1]}]"),
        "Layer.columns must be a list of different numbers >= 0 or names, got (1, 1).",
    ),
    "a column from the end": (
        lambda: resolve("metric", "layer:columns=[-1]"),
        "Layer.columns must be a list of different numbers >= 0 or names, got (-1,).",
    ),
    "three columns of a place": (
        lambda: resolve("metric", "layer:columns=[0,1,2],metric=haversine"),
        "Layer.columns must be 2 for metric 'haversine', got 3.",
    ),
    "a column that X has not": (
        lambda: Recipe(metric="layer:columns=[4]").fit(np.eye(4)),
        "metric 'layer' measures column 4, but there are only 4, from 0.",
    ),
    "a misspelt column": (
        lambda: Recipe(metric="layer:columns=[petals]").fit(pd.DataFrame(np.eye(2), columns=["petal", "stem"])),
        (
            "metric 'layer' measures column 'petals', which X has not; did you mean 'petal'? Its columns are petal, "
            "stem."
        ),
    ),
    "a name without names": (
        lambda: Recipe(metric="layer:columns=[petal]").fit(np.eye(4)),
        "metric 'layer' measures column 'petal', which X has not; give a DataFrame, or the number of the column.",
    ),
    "a name before training": (
        lambda: TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]], metric="layer:columns=[petal]"),
        "metric 'layer' finds columns by name when training starts; to use it before, give their numbers.",
    ),
    "categories on the way": (
        lambda: Recipe(metric="hamming:values=categorical", trainer="online", initialiser="sample"),
        (
            "trainer 'online' moves units between samples, and metric 'hamming:values=categorical' compares categories, "
            "between which nothing lies; use trainer='batch:centre=mode'."
        ),
    ),
    "means of categories": (
        lambda: Recipe(metric="hamming:values=categorical", trainer="batch:centre=mean", initialiser="sample"),
        (
            "trainer 'batch:centre=mean' moves units between samples, and metric 'hamming:values=categorical' compares "
            "categories, between which nothing lies; use trainer='batch:centre=mode'."
        ),
    ),
    "mini-batches of categories": (
        lambda: Recipe(metric="hamming:values=categorical", trainer="minibatch", initialiser="sample"),
        (
            "trainer 'minibatch' moves units between samples, and metric 'hamming:values=categorical' compares "
            "categories, between which nothing lies; use trainer='batch:centre=mode'."
        ),
    ),
    "a start between categories": (
        lambda: Recipe(metric="hamming:values=categorical", trainer="batch:centre=mode"),
        (
            "initialiser 'pca' makes values between those of samples, and metric 'hamming:values=categorical' compares "
            "categories; use initialiser='sample'."
        ),
    ),
    "medians of sparse samples": (
        lambda: Recipe(trainer="batch:centre=median", initialiser="sample").fit(csr_array(np.eye(4))),
        "trainer 'batch:centre=median' takes no sparse X; take means, or pass X.toarray().",
    ),
    "half a category": (
        lambda: Recipe(
            metric="hamming:values=categorical",
            trainer="batch:centre=mode",
            initialiser="sample",
            learning_rate="constant:value=0.5",
        ).fit(np.eye(4)),
        (
            "metric 'hamming:values=categorical' compares categories, so a unit moves to one at once or not at all; "
            "leave out the learning rate 'constant:value=0.5', and partial_fit."
        ),
    ),
    "canberra": (
        lambda: Recipe(metric="canberra"),
        (
            "trainer 'batch' has no update for metric 'canberra'; use trainer='online', trainer='batch:centre=median' or "
            "'batch:centre=mean' to take medians or means all the same, or a metric whose centre is a mean, such as 'euclidean' or 'cosine'."
        ),
    ),
    "weights of another number": (
        lambda: Recipe(metric="weighted:weights=[1,2,3]").fit(np.eye(4)),
        "metric 'weighted' measures 3 feature(s), but X has 4.",
    ),
    "a codebook of another number": (
        lambda: TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]], metric="weighted:weights=[1,2]"),
        "metric 'weighted' measures 2 feature(s), but the codebook has 1.",
    ),
    "a negative count": (
        lambda: Recipe(metric="braycurtis", trainer="online").fit([[1.0, 2.0], [3.0, -4.0]]),
        (
            "X[1, 1] is -4, but metric 'braycurtis' measures numbers >= 0 there; use values within them, or another "
            "metric."
        ),
    ),
    "counts made negative by scaling": (
        lambda: Recipe(metric="jaccard", trainer="online", scale="standard").fit([[1.0, 2.0], [3.0, 4.0]]),
        (
            "X[0, 0] is -1 once scaled, but metric 'jaccard' measures numbers >= 0 there; use a scale within them, or "
            "another metric."
        ),
    ),
    "a latitude beyond the pole": (
        lambda: Recipe(metric="haversine", trainer="online").fit(
            pd.DataFrame({"lat": [52.5, 95.0], "lon": [13.4, 2.4]})
        ),
        (
            "X[1, 0] (feature 'lat') is 95, but metric 'haversine' measures numbers from -90 to 90 there; use values "
            "within them, or another metric."
        ),
    ),
    "three features of a place": (
        lambda: Recipe(metric="haversine", trainer="online").fit(np.eye(3)),
        "metric 'haversine' measures 2 feature(s), but X has 3.",
    ),
    "a codebook beyond the limits": (
        lambda: TrainedMap.from_codebook("line:units=2", [[0.0], [2.0]], metric="hamming"),
        "metric 'hamming' measures numbers from 0 to 1 in feature 0, but the codebook has others.",
    ),
    "a first codebook beyond the limits": (
        lambda: Recipe(topology="line:units=1", metric="hamming", trainer="online").fit(
            [[0.0], [1.0]], initial_codebook=[[-1.0]]
        ),
        "metric 'hamming' measures numbers from 0 to 1 in feature 0, but the initial codebook has others.",
    ),
    "samples asked about beyond the limits": (
        lambda: TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]], metric="hamming").bmu([[0.5], [7.0]]),
        (
            "X[1, 0] is 7, but metric 'hamming' measures numbers from 0 to 1 there; use values within them, or "
            "another metric."
        ),
    ),
    "a negative weight": (
        lambda: resolve("metric", "weighted:weights=[1,-2]"),
        "Weighted.weights must be a finite number >= 0, got -2.",
    ),
    "no weight": (
        lambda: resolve("metric", "weighted:weights=[0,0]"),
        "Weighted.weights must hold a number > 0, got none.",
    ),
    "a metric without weights": (
        lambda: resolve("metric", "weighted:metric=canberra"),
        (
            "Weighted.metric must be euclidean, manhattan, chebyshev, minkowski, cosine, angular, braycurtis, jaccard, "
            "tanimoto or another that has a weight_power, got 'canberra'."
        ),
    ),
    "samples that the weighted metric does not measure": (
        lambda: Recipe(metric="weighted:metric=jaccard", trainer="online").fit([[1.0, 2.0], [3.0, -4.0]]),
        (
            "X[1, 1] is -4, but metric 'weighted' measures numbers >= 0 there; use values within them, or another "
            "metric."
        ),
    ),
    "dependent features": (
        lambda: Recipe(metric="mahalanobis").fit(np.column_stack([np.arange(9), 2 * np.arange(9)])),
        (
            "metric 'mahalanobis' needs samples whose covariance is positive definite, and some features are constant or "
            "depend on others; leave them out, or write 'mahalanobis:shrinkage=0.1'."
        ),
    ),
    "not fitted": (
        lambda: TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]], metric="mahalanobis").bmu([[0.0]]),
        "metric 'mahalanobis' is fitted when training starts; to use it before, give its covariance.",
    ),
    "an indefinite covariance": (
        lambda: resolve("metric", "mahalanobis:covariance=[[1,2],[2,1]]"),
        "Mahalanobis.covariance must be positive definite; leave out a constant or dependent feature.",
    ),
    "a ragged covariance": (
        lambda: resolve("metric", "mahalanobis:covariance=[[1,2],[2]]"),
        "Mahalanobis.covariance must be a symmetric table of d x d finite numbers, and mean d of them.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_measured_is_refused_in_a_sentence(name):
    """Metrics, weights and samples that do not fit are refused in one sentence that says the way out."""
    call, sentence = REFUSED[name]
    with pytest.raises(ValueError, match=r"\.$") as caught:
        call()
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", ["manhattan", "chebyshev", "minkowski:p=3"])
def test_the_smallest_differences_keep_their_digits_beside_others(name):
    """A distance below the smallest normal number is the same whatever other samples there are."""
    metric = resolve("metric", name)
    X, W = np.array([[2.2250738585e-313], [2.0]]), np.array([[0.0]])
    assert metric.pairwise(X, W)[0, 0] == metric.pairwise(X[:1], W)[0, 0] == X[0, 0]
