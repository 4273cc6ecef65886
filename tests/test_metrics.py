"""Metrics: scipy's distances, whoever finds them; what is fitted is fitted once; what cannot be measured is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris

from somkit import Recipe, Samples, TrainedMap, load, resolve
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
}


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


def test_means_are_taken_openly_with_any_metric():
    """With centre=mean a batch update is the mean of the samples, whatever metric finds the best units."""
    X = np.array([[0.0, 1.0], [2.0, 5.0], [10.0, 0.0]])
    settings = {"topology": "line:units=1", "trainer": "batch:centre=mean", "epochs": 1}
    for name in ("manhattan", "cosine", "correlation"):
        np.testing.assert_allclose(Recipe(metric=name, **settings).fit(X).codebook, [X.mean(axis=0)], rtol=1e-15)


REFUSED = {
    "canberra": (
        lambda: Recipe(metric="canberra"),
        (
            "trainer 'batch' has no update for metric 'canberra'; use trainer='online', trainer='batch:centre=mean' to take "
            "means all the same, or a metric whose centre is a mean, such as 'euclidean' or 'cosine'."
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
            "Weighted.metric must be euclidean, manhattan, chebyshev, minkowski, cosine or angular, whose terms a weight can "
            "multiply, got 'canberra'."
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
