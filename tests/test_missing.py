"""Missing values: left out of distances, of updates and of statistics, and nothing else."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar, final

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics.pairwise import nan_euclidean_distances

import somkit
from somkit import SOM, Metric, Recipe, Samples, TrainedMap, Trainer, resolve
from somkit.cli import main
from somkit.errors import DataWarning, ParameterError, RecipeError, SampleError
from somkit.kernels.missing import MissingCodebook
from somkit.plugins import current
from somkit.recipe import load_checkpoint
from somkit.standard import Euclidean
from somkit.testing.law import ULP

IGNORE = "euclidean:missing=ignore"
KOHONEN = json.loads((Path(__file__).parent / "data" / "kohonen_missing.json").read_text(encoding="utf-8"))
SEEDS = st.integers(0, 2**32 - 1)
NAN = np.nan
TRAINERS = ["batch", "online", "minibatch:size=40", "two_phase", "converging:trainer=online", "mst_retrain"]


def with_gaps(X, rng, share=0.3):
    """Return X with a share of its values missing, but for one at least in every row."""
    gaps = rng.random(X.shape) < share
    gaps[np.arange(len(X)), rng.integers(0, X.shape[1], len(X))] = False
    return np.where(gaps, NAN, X)


def data(seed, n=40, d=4):
    """Return samples with gaps, weights of whole numbers, and a codebook of 12 units, all free of ties."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(0, 4, n).astype(float)
    weight[0] += 1
    return with_gaps(rng.normal(size=(n, d)), rng), weight, rng.normal(size=(12, d))


@pytest.fixture(scope="module")
def iris():
    """Iris with a third of its values missing."""
    return with_gaps(load_iris().data, np.random.default_rng(0))


# --- distances -------------------------------------------------------------------------------------------------------


@given(seed=SEEDS)
def test_distances_are_scaled_by_what_was_observed_in_training_over_what_the_sample_has(seed):
    """The distance is sqrt(D / |o| sum over o of (x - w)^2), o what the sample has of D features observed at all."""
    X, _, W = data(seed, d=5)
    X[:, 3] = NAN
    X[np.isnan(X).all(axis=1), 0] = 1.0
    metric = Euclidean(missing="ignore", unobserved=(3,))
    wanted = [
        [
            math.sqrt(4 / np.isfinite(x).sum() * sum((a - b) ** 2 for a, b in zip(x, w, strict=True) if np.isfinite(a)))
            for w in W
        ]
        for x in X
    ]
    assert np.allclose(metric.pairwise(X, W), wanted, rtol=4 * ULP * 5, atol=0)
    units, distances = metric.nearest(X, W)
    assert np.array_equal(units[:, 0], np.argmin(wanted, axis=1))
    assert np.allclose(distances[:, 0], np.min(wanted, axis=1), rtol=4 * ULP * 5, atol=0)


@given(seed=SEEDS)
def test_distances_are_those_of_scikit_learn(seed):
    """Where every feature is observed in training the distances are scikit-learn's ``nan_euclidean_distances``."""
    X, _, W = data(seed)
    # Its squares are differences of products, so what is left of a small distance has fewer digits.
    assert np.allclose(Euclidean(missing="ignore").pairwise(X, W), nan_euclidean_distances(X, W), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("scale", [1.0, 1e150, 1e-150])
@pytest.mark.parametrize("offset", [0.0, 1e8])
@given(seed=SEEDS, k=st.integers(1, 4))
def test_the_search_is_a_direct_one_near_and_far_large_and_small(offset, scale, seed, k):
    """The kernel's units are those of correctly rounded distances, lowest first among ties."""
    rng = np.random.default_rng(seed)
    W = (rng.integers(-2, 3, (9, 3)) + offset) * scale
    X = with_gaps((rng.integers(-2, 3, (20, 3)) + offset) * scale, rng)
    units, distances = MissingCodebook.of(W).nearest(X, k)
    for x, found, reported in zip(X, units.tolist(), distances, strict=True):
        seen = np.isfinite(x)
        measured = [math.dist(x[seen], w[seen]) for w in W]
        left = list(range(len(W)))
        for unit, distance in zip(found, reported, strict=True):
            limit = min(measured[other] for other in left) * (1 + 7 * ULP)
            assert unit == next(other for other in left if measured[other] <= limit)
            assert distance == pytest.approx(measured[unit], rel=7 * ULP, abs=0)
            left.remove(unit)


def test_a_unit_exactly_there_is_at_distance_0():
    """What is missing adds nothing, so a sample lies on every unit that has its values."""
    trained = TrainedMap.from_codebook("line:units=3", [[5.0, 1.0], [0.0, 2.0], [0.0, 9.0]], IGNORE)
    assert trained.distances([[0.0, NAN]]).tolist() == [[math.sqrt(2) * 5, 0.0, 0.0]]
    assert trained.bmu([[0.0, NAN]]).tolist() == [1]


@given(seed=SEEDS, trainer=st.sampled_from(["batch", "online", "minibatch:size=8"]))
def test_a_weight_is_so_many_copies_of_a_feature(seed, trainer):
    """With values missing too, weight 2 is the feature twice, 0 the feature dropped, and 1 for all no weights at all."""
    X, _, W = data(seed)
    X[:, 3] = np.where(np.isnan(X[:, :3]).all(axis=1), NAN, X[:, 3])
    X[:, 0] = np.where(np.isnan(X[:, :3]).all(axis=1), 1.0, X[:, 0])
    settings = {"topology": "hex:rows=3,columns=4", "trainer": trainer, "epochs": 2, "random_state": 0}
    for weights, columns in (([1, 2, 1, 0], [0, 1, 1, 2]), ([1, 1, 1, 1], [0, 1, 2, 3])):
        metric = f"weighted:metric={{name=euclidean,missing=ignore}},weights={weights}"
        first = Recipe(metric=metric, **settings).fit(X, initial_codebook=W)
        second = Recipe(metric=IGNORE, **settings).fit(X[:, columns], initial_codebook=W[:, columns])
        assert np.allclose(first.codebook[:, columns], second.codebook, rtol=0, atol=1e-10)
        assert np.allclose(first.distances(X), second.distances(X[:, columns]), rtol=1e-9)
        assert np.allclose(first.impute(X)[:, columns], second.impute(X[:, columns]), rtol=1e-9)


def test_weighted_features_without_a_value_count_for_nothing(iris):
    """A feature observed nowhere equals that feature dropped, and a row with none that weighs something is refused."""
    wider = np.insert(iris, 2, NAN, axis=1)
    settings = {"topology": "hex:rows=4", "epochs": 2, "random_state": 0}
    wide = Recipe(metric="weighted:metric={name=euclidean,missing=ignore},weights=[1,2,9,3,0.5]", **settings)
    narrow = Recipe(metric="weighted:metric={name=euclidean,missing=ignore},weights=[1,2,3,0.5]", **settings)
    first, second = wide.fit(wider), narrow.fit(iris)
    assert first.metric.unobserved == (2,)
    assert np.allclose(first.distances(wider), second.distances(iris), rtol=1e-9)
    empty = [[1.0, NAN, NAN], [NAN, NAN, 3.0]]
    with refused(
        SampleError,
        "X[1] has nothing observed: it has values only where metric 'weighted' measures none; leave the row out.",
    ):
        Recipe(metric="weighted:metric={name=euclidean,missing=ignore},weights=[1,2,0]", **settings).fit(empty)


# --- training --------------------------------------------------------------------------------------------------------


@given(seed=SEEDS, weighted=st.booleans(), rate=st.sampled_from([1.0, 0.5]))
def test_a_batch_update_has_a_denominator_for_each_feature(seed, weighted, rate):
    """M_jf is the mean over the samples that have feature f, weighted by their influence on unit j."""
    X, weight, W = data(seed)
    recipe = Recipe(
        topology="grid:rows=3,columns=4",
        metric=IGNORE,
        learning_rate=f"constant:value={rate}",
        radius="constant:value=1.5",
        epochs=1,
    )
    trained = recipe.fit(X, weight if weighted else None, initial_codebook=W)
    best = TrainedMap.from_codebook("grid:rows=3,columns=4", W, IGNORE).bmu(X)
    influence = np.exp(-(trained.lattice.distances_from(best) ** 2) / (2 * 1.5**2))
    counted = influence * (weight if weighted else np.ones(len(X)))[:, None]
    seen = np.isfinite(X)
    M = (counted.T @ np.where(seen, X, 0)) / (counted.T @ seen)
    # Influences are at least e^-6, so no denominator is small.
    assert np.allclose(trained.codebook, W + rate * (M - W), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [entry.key for entry in current().registry.entries("topology")])
def test_every_topology_fits_itself_to_samples_with_gaps(iris, name):
    """Sizes, and graphs built from the data, are found where values are missing too."""
    trained = Recipe(topology=name, metric=IGNORE, epochs=1, random_state=0).fit(iris)
    assert np.isfinite(trained.codebook).all()


@pytest.mark.parametrize("trainer", ["batch", "online", "minibatch", "converging:trainer=minibatch"])
def test_a_unit_that_no_value_of_a_feature_reaches_keeps_its_own(trainer):
    """Each feature of each unit is moved by values of that feature alone, and stays where there are none."""
    W = [[0.0, 7.0], [10.0, 8.0]]
    recipe = Recipe(
        topology="line:units=2", metric=IGNORE, neighbourhood="bubble", radius="constant:value=0", trainer=trainer,
        learning_rate="constant:value=1", epochs=1,
    )  # fmt: skip
    trained = recipe.fit([[1.0, NAN], [12.0, 5.0]], initial_codebook=W)
    assert trained.codebook.tolist() == [[1.0, 7.0], [12.0, 5.0]]


@pytest.mark.parametrize("trainer", TRAINERS)
@pytest.mark.parametrize("initialiser", ["pca", "sample", "uniform"])
@pytest.mark.parametrize("scale", [None, "standard", "minmax"])
def test_a_feature_observed_nowhere_equals_that_feature_dropped(iris, trainer, initialiser, scale):
    """A column without a value changes nothing of the others, in training or after; it is 0 in the codebook."""
    wider = np.insert(iris, 2, NAN, axis=1)
    recipe = Recipe(
        topology="hex:rows=4",
        metric=IGNORE,
        trainer=trainer,
        initialiser=initialiser,
        scale=scale,
        epochs=3,
        random_state=0,
    )
    first, second = recipe.fit(iris), recipe.fit(wider)
    # The principal components of matrices of another size are rounded otherwise.
    assert np.allclose(np.delete(second.codebook, 2, axis=1), first.codebook, rtol=0, atol=1e-9)
    assert (second.codebook[:, 2] == 0).all()
    assert np.allclose(second.distances(wider), first.distances(iris), rtol=0, atol=1e-9)
    assert second.metric == second.recipe.metric == Euclidean(missing="ignore", unobserved=(2,))
    filled = second.impute(wider)
    assert np.isnan(filled[:, 2]).all()
    assert np.allclose(np.delete(filled, 2, axis=1), first.impute(iris), rtol=0, atol=1e-9)


@pytest.mark.parametrize("trainer", TRAINERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_with_nothing_missing_nothing_changes(trainer, dtype):
    """On whole samples the map is that of the ordinary metric, to the bit."""
    X = load_iris().data.astype(dtype)
    whole, ignoring = (
        Recipe(metric=metric, trainer=trainer, epochs=3, random_state=0).fit(X) for metric in ("euclidean", IGNORE)
    )
    assert np.array_equal(ignoring.codebook, whole.codebook)
    assert ignoring.codebook.dtype == dtype
    assert ignoring.history == whole.history
    assert np.array_equal(ignoring.distances(X), whole.distances(X))


@pytest.mark.parametrize("trainer", TRAINERS)
@pytest.mark.parametrize("initialiser", ["pca", "sample"])
@pytest.mark.parametrize("scale", [None, "standard", "minmax"])
def test_constants_stay_constant(iris, trainer, initialiser, scale):
    """A feature whose every observed value is 1.1 is 1.1 in every unit, exactly."""
    X = iris.copy()
    X[:, 1] = np.where(np.isnan(X[:, 1]), NAN, 1.1)
    recipe = Recipe(metric=IGNORE, trainer=trainer, initialiser=initialiser, scale=scale, epochs=3, random_state=0)
    assert (recipe.fit(X).codebook_in_units[:, 1] == 1.1).all()


@given(seed=SEEDS, weighted=st.booleans(), metric=st.sampled_from([IGNORE, "euclidean"]))
def test_one_minibatch_of_everything_is_the_batch_update(seed, weighted, metric):
    """A mini-batch of all samples, gaps and weights included, is an epoch of the batch trainer."""
    X, weight, W = data(seed)
    X = X if metric == IGNORE else np.nan_to_num(X)
    settings = {
        "topology": "hex:rows=3,columns=4",
        "metric": metric,
        "learning_rate": "constant:value=0.7",
        "epochs": 3,
    }
    batch, mini = (
        Recipe(trainer=trainer, random_state=0, **settings).fit(X, weight if weighted else None, initial_codebook=W)
        for trainer in ("batch", "minibatch:size=40")
    )
    # Only the order of the sums differs.
    assert np.allclose(mini.codebook, batch.codebook, rtol=0, atol=1e-11)


@given(
    seed=SEEDS,
    scale=st.sampled_from([None, "standard", "minmax"]),
    initialiser=st.sampled_from(["pca", None]),
    trainer=st.sampled_from(["batch", "converging", "two_phase:rough=batch", "mst_retrain"]),
)
def test_weight_counts_rows(seed, scale, initialiser, trainer):
    """Weight k is k copies of the row with its gaps, weight 0 no row at all, in scaling, start, updates and errors."""
    X, weight, W = data(seed)
    recipe = Recipe(
        topology="hex:rows=3,columns=4", metric=IGNORE, trainer=trainer, scale=scale, epochs=2, random_state=0
    )
    copies = np.repeat(X, weight.astype(int), axis=0)
    start = None if initialiser else W
    first = recipe.fit(X, weight, initial_codebook=start)
    second = recipe.fit(copies, initial_codebook=start)
    assert np.allclose(first.codebook, second.codebook, rtol=0, atol=1e-9)
    assert first.history[-1]["quantisation_error"] == pytest.approx(second.history[-1]["quantisation_error"], rel=1e-9)
    assert first.quantisation_error(X, weight) == pytest.approx(second.quantisation_error(copies), rel=1e-9)


@given(seed=SEEDS)
def test_statistics_are_of_what_is_observed(seed):
    """Bounds, means and deviations are numpy's that pass over NaN, with weights as copies; components impute the mean."""
    X, weight, _ = data(seed)
    samples, copies = Samples.of(X, weight, missing=True), np.repeat(X, weight.astype(int), axis=0)
    seen = np.isfinite(copies).any(axis=0)
    assert samples.observed.tolist() == seen.tolist()
    some = copies[:, seen]
    for found, wanted in (
        (samples.bounds[0], np.nanmin),
        (samples.bounds[1], np.nanmax),
        (samples.mean, np.nanmean),
        (samples.deviations, np.nanstd),
    ):
        assert np.allclose(found[seen], wanted(some, axis=0), rtol=1e-12, atol=1e-12)
        assert (found[~seen] == 0).all()
    filled = np.where(np.isnan(copies), samples.mean, copies)
    deviations, _ = samples.principal_components(2)
    assert np.allclose(
        deviations, np.linalg.svd(filled - filled.mean(axis=0))[1][:2] / math.sqrt(len(filled)), atol=1e-12
    )


def test_threads_and_breaks_change_no_bit(tmp_path):
    """The map is the same for any number of threads, and after a checkpoint."""
    rng = np.random.default_rng(0)
    X = np.insert(with_gaps(rng.normal(size=(5_000, 3)), rng), 1, NAN, axis=1)
    recipe = Recipe(topology="hex:rows=3,columns=3", metric=IGNORE, epochs=3, random_state=0, n_jobs=1)
    whole = recipe.fit(X)
    assert np.array_equal(attrs.evolve(recipe, n_jobs=3).fit(X).codebook, whole.codebook)
    run = recipe.start(X)
    run.save_checkpoint(tmp_path / "state", next(run.states()))
    loaded, state = load_checkpoint(tmp_path / "state")
    assert loaded.metric == Euclidean(missing="ignore", unobserved=(1,))
    assert np.array_equal(loaded.fit(X, resume=state).codebook, whole.codebook)


# --- numbers of another program --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wine():
    """Wine in deviations from the mean, with the values missing that were in R."""
    X = load_wine().data
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    holes = X.copy()
    holes.flat[KOHONEN["missing"]] = NAN
    return X, holes


def test_online_maps_are_those_of_r_kohonen(wine):
    """Codebook, best-matching units and squared distances are kohonen's, to 1e-12: they were printed with 17 digits."""
    X, holes = wine
    recipe = Recipe(
        topology="grid:rows=4,columns=6,distance=chebyshev", metric=IGNORE, trainer="online", learning_rate="constant:value=0.2",
        radius="constant:value=2", epochs=3,
    )  # fmt: skip
    initial = X[KOHONEN["initial_rows_0based"]]
    trained = recipe.fit(holes, initial_codebook=initial, order=np.array(KOHONEN["order_0based"]))
    assert np.abs(trained.codebook - KOHONEN["codebook"]).max() < 1e-12
    assert trained.bmu(holes).tolist() == KOHONEN["bmu_0based"]
    assert np.allclose(trained.search(holes)[1][:, 0] ** 2, KOHONEN["squared_distance"], rtol=1e-12, atol=0)


def test_batch_maps_are_not_those_of_r_kohonen(wine):
    """Where every observed value is 1, kohonen's batch mode makes units between 0.0002 and 0.997 of it, and we make 1."""
    _, holes = wine
    ones = np.where(np.isnan(holes), NAN, 1.0)
    for trainer in ("batch", "online"):
        recipe = Recipe(topology="grid:rows=4,columns=6,distance=chebyshev", metric=IGNORE, trainer=trainer, epochs=10)
        assert (recipe.fit(ones, initial_codebook=np.ones((24, 13))).codebook == 1).all()
    low, high = KOHONEN["batch_of_constants"]["batch"]
    assert low < 0.001
    assert high < 0.999


# --- refusals --------------------------------------------------------------------------------------------------------


def refused(error, message):
    """Return a context that asserts a whole message."""
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def test_a_row_without_any_value_is_refused_by_number(iris):
    """A row of NaN has no nearest unit, in training or after."""
    X = iris.copy()
    X[17] = NAN
    message = "X[17] has nothing observed: every value of it is missing; leave the row out."
    with refused(SampleError, message):
        Recipe(metric=IGNORE).fit(X)
    trained = Recipe(metric=IGNORE, epochs=1).fit(iris)
    for ask in (trained.bmu, trained.distances, trained.impute, trained.quantisation_error):
        with refused(SampleError, message):
            ask(X)


def test_a_row_with_values_only_where_training_had_none_is_refused_by_number(iris):
    """What training knew nothing of says nothing about a sample."""
    wider = np.insert(iris, 0, NAN, axis=1)
    trained = Recipe(metric=IGNORE, epochs=1).fit(wider)
    wider[3] = [1.0, NAN, NAN, NAN, NAN]
    with refused(
        SampleError,
        "X[3] has nothing observed: all its values are in features that training had none of; leave the row out.",
    ):
        trained.bmu(wider)
    wider[3, 1] = 5.0
    assert trained.distances(wider)[3] == pytest.approx(2 * np.abs(trained.codebook[:, 1] - 5.0), rel=1e-12)


def test_infinite_values_are_never_missing(iris):
    """Infinities are refused by name, whatever is missing before them."""
    X = pd.DataFrame(iris, columns=["a", "b", "c", "d"])
    X.loc[20, "c"] = np.inf
    with refused(SampleError, "X[20, 2] (feature 'c') is infinite (inf); impute it or leave the row out first."):
        Recipe(metric=IGNORE).fit(X)


def test_without_ignoring_them_missing_values_are_refused_by_name():
    """The ordinary metric names the first cell; so does a map trained with it."""
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, None, 2.0]})
    message = "X[1, 1] (feature 'b') is NaN; impute it or leave the row out first."
    with refused(SampleError, message):
        SOM().fit(X)
    with refused(SampleError, message):
        SOM(topology="ring:units=3").fit(X.fillna(0.0)).predict(X)


@pytest.mark.parametrize("unobserved", [(1, 1), (-1,), (0.5,), (True,), 3])
def test_unobserved_features_are_different_numbers(unobserved):
    """The field takes what training would fill in, and nothing else."""
    with refused(
        ParameterError, f"Euclidean.unobserved must be a list of different feature numbers >= 0, got {unobserved!r}."
    ):
        Euclidean(missing="ignore", unobserved=unobserved)


def test_unobserved_features_need_ignoring():
    """A metric that needs every value has no features without one."""
    message = "Euclidean.unobserved needs missing='ignore', got [1] with missing='raise'."
    with refused(ParameterError, message):
        Euclidean(unobserved=(1,))
    metric = Euclidean(missing="ignore", unobserved=(0, 2))
    assert resolve("metric", str(metric)) == metric
    assert str(metric) == "euclidean:missing=ignore,unobserved=[0,2]"


# --- strangers -------------------------------------------------------------------------------------------------------


@final
@attrs.frozen(kw_only=True)
class Mean(Metric):
    """The root of the mean squared difference of what is observed, by a stranger."""

    name: ClassVar[str] = "mean_difference"
    batch_update: ClassVar = "mean"

    @property
    def accepts_missing(self):
        """Yes."""
        return True

    def pairwise(self, X, W):
        """Return all distances."""
        return np.sqrt(np.nanmean((X[:, None] - W[None]) ** 2, axis=2))


@final
@attrs.frozen(kw_only=True)
class Still(Trainer):
    """A stranger's trainer that knows nothing of missing values."""

    name: ClassVar[str] = "still"

    def run_epoch(self, task, state):
        """Leave everything as it is."""
        return state.after_epoch(task, state.codebook, radius=0, learning_rate=0, quantisation_error=0)


@pytest.mark.parametrize("trainer", ["batch", "online"])
def test_a_strangers_metric_trains_with_denominators_for_each_feature(iris, trainer):
    """A metric from elsewhere that takes NaN, here with our distances up to a factor, trains the same map as ours."""
    stranger, ours = (
        Recipe(topology="hex:rows=4,columns=4", metric=metric, trainer=trainer, epochs=3, random_state=0).fit(iris)
        for metric in (Mean(), IGNORE)
    )
    assert np.allclose(stranger.codebook, ours.codebook, rtol=0, atol=1e-12)
    assert np.allclose(stranger.distances(iris) * 2, ours.distances(iris), rtol=1e-12)
    assert np.array_equal(stranger.impute(iris), ours.impute(iris))


def test_a_trainer_that_takes_no_missing_values_says_so(iris):
    """A trainer has to declare that it takes NaN; else it is never given any."""
    message = "trainer 'still' takes no missing values, and X has some; use 'batch' or 'online', or impute them."
    with refused(RecipeError, message):
        Recipe(metric=IGNORE, trainer=Still()).fit(iris)
    Recipe(metric=IGNORE, trainer=Still()).fit(load_iris().data)


@pytest.mark.parametrize("wrapper", ["converging", "mst_retrain", "two_phase"])
def test_a_trainer_made_of_others_takes_what_all_of_them_take(iris, wrapper):
    """One within that takes no NaN is enough for it to be refused."""
    field = "fine" if wrapper == "two_phase" else "trainer"
    trainer = attrs.evolve(resolve("trainer", wrapper), **{field: Still()})
    message = f"trainer '{trainer}' takes no missing values, and X has some; use 'batch' or 'online', or impute them."
    with refused(RecipeError, message):
        Recipe(metric=IGNORE, trainer=trainer).fit(iris)


# --- the faces -------------------------------------------------------------------------------------------------------


def test_impute_fills_gaps_from_the_best_unit_and_leaves_the_rest(iris):
    """Missing cells come from the best unit in the units of the data, observed ones stay to the bit."""
    frame = pd.DataFrame(iris, columns=list("abcd"))
    trained = Recipe(metric=IGNORE, scale="standard", random_state=0).fit(frame)
    filled = trained.impute(frame[list("dcba")].assign(more=1.0))
    gaps = np.isnan(iris)
    assert np.array_equal(filled[~gaps], iris[~gaps])
    assert np.array_equal(filled[gaps], trained.codebook_in_units[trained.bmu(frame)][gaps])
    assert trained.impute(iris.astype(np.float32)).dtype == np.float32
    assert np.array_equal(trained.impute(filled), filled)
    mean = np.where(gaps, np.nanmean(iris, axis=0), iris)
    true = load_iris().data
    assert np.abs(filled - true)[gaps].mean() < 0.5 * np.abs(mean - true)[gaps].mean()


def test_every_container_says_missing_in_its_own_way():
    """NaN, None, pandas' NA and polars' null are one thing, and the columns' names are kept."""
    rows = [[1.0, None, 2], [0.5, 3.0, None], [None, 1.0, 4], [2.0, 2.0, 1]]
    array = np.array(rows, dtype=float)
    names = ["a", "b", "c"]
    extension = pd.DataFrame(rows, columns=names).astype({"a": "Float64", "b": "Float32", "c": "Int64"})
    frames = {
        "array": array,
        "float32": array.astype(np.float32),
        "lists": rows,
        "objects": np.array(rows, dtype=object),
        "pandas": pd.DataFrame(array, columns=names),
        "pandas NA": extension,
        "pandas pyarrow": extension.astype("float64[pyarrow]"),
        "polars": pl.DataFrame(rows, schema=names, orient="row", strict=False),
    }
    soms = {name: SOM(topology="ring:units=3", metric=IGNORE, random_state=0).fit(X) for name, X in frames.items()}
    for name, som in soms.items():
        assert np.allclose(som.codebook_, soms["array"].codebook_, rtol=0, atol=1e-6 if name == "float32" else 0), name
        assert np.array_equal(som.predict(frames[name]), soms["array"].predict(array)), name
        assert som.map_.feature_names == (tuple(names) if name.startswith("p") else None), name


def test_files_views_and_measures_take_missing_values(iris, tmp_path):
    """A saved map knows what it never saw; every measure and view of samples takes gaps."""
    wider = np.insert(iris, 4, NAN, axis=1)
    trained = Recipe(metric=IGNORE, epochs=2, random_state=0).fit(wider)
    trained.save(tmp_path / "map.somkit")
    loaded = somkit.load(tmp_path / "map.somkit")
    assert loaded.metric.unobserved == (4,)
    assert np.array_equal(loaded.impute(wider), trained.impute(wider), equal_nan=True)
    assert all(np.isfinite(value) for value in loaded.measures(wider).values())
    y = load_iris().target
    for view in ("hits", "labels", "u_matrix", "component_planes"):
        loaded.draw(view, X=wider, y=y).figure.canvas.draw()


def test_the_estimator_says_what_it_takes(iris):
    """The tags of SOM follow its metric, and so do the methods."""
    for metric, missing, sparse in (
        ("euclidean", False, True),
        (IGNORE, True, True),
        ("manhattan", False, False),
        ("?", False, False),
    ):
        tags = SOM(metric=metric).__sklearn_tags__().input_tags
        assert (tags.allow_nan, tags.sparse) == (missing, sparse)
    som = SOM(metric=IGNORE, random_state=0).fit(iris)
    assert som.transform(iris).shape == (150, len(som.lattice_))
    assert som.score(iris) == pytest.approx(-som.transform(iris).min(axis=1).mean(), rel=1e-12)


def test_partial_fit_says_which_features_come_too_late(iris):
    """The first chunk decides which features there are; one that comes later counts for nothing, with a warning."""
    chunks = [pd.DataFrame(np.insert(chunk, 1, NAN, axis=1), columns=list("abcde")) for chunk in (iris[:70], iris[70:])]
    som = SOM(topology="hex:rows=3,columns=3", metric=IGNORE, random_state=0)
    for chunk in chunks:
        som.partial_fit(chunk)
    chunks[0].loc[5, "b"] = 1e9
    with pytest.warns(DataWarning) as caught:
        som.partial_fit(chunks[0])
    (warning,) = caught
    assert str(warning.message) == (
        "feature(s) 'b' had no value when the map was set up and count for nothing in it; to use them, fit it anew on "
        "samples that have some."
    )
    assert np.abs(som.codebook_[:, [0, 2, 3, 4]]).max() < 10


def test_the_command_trains_on_empty_cells(tmp_path):
    """A CSV file with empty cells is trained on, predicted, measured and drawn; without the option it is refused."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(with_gaps(rng.normal(size=(60, 3)), rng), columns=["a", "b", "c"])
    frame["nothing"] = NAN
    table, out = tmp_path / "data.csv", tmp_path / "map.somkit"
    frame.to_csv(table, index=False)

    def run(*arguments):
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    first = int(np.argmax(frame.isna().any(axis=1)))
    column = int(np.argmax(frame.isna().to_numpy()[first]))
    done = run("fit", table, "--out", out)
    assert done.exit_code == 2
    assert (
        f"X[{first}, {column}] (feature '{frame.columns[column]}') is NaN; impute it or leave the row out first."
        in done.output
    )
    done = run("fit", table, "--out", out, "--metric", IGNORE, "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    for command in (
        ("predict", out, table),
        ("measure", out, table),
        ("draw", out, "hits", table, "--out", tmp_path / "hits.png"),
    ):
        assert run(*command).exit_code == 0, run(*command).output


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, object])
def test_what_is_masked_is_missing(dtype):
    """A masked cell is refused or passed over as NaN is, whatever number stands under the mask."""
    X = np.arange(24).reshape(8, 3).astype(dtype)
    masked = np.ma.masked_array(X, mask=np.zeros((8, 3), dtype=bool))
    assert np.array_equal(Samples.of(masked).rows(slice(None)), X)
    masked[2, 1] = np.ma.masked
    with pytest.raises(SampleError) as caught:
        Samples.of(masked)
    assert str(caught.value) == "X[2, 1] is NaN; impute it or leave the row out first."
    gaps = X.astype(np.float32 if dtype == np.float32 else np.float64)
    gaps[2, 1] = np.nan
    found = Samples.of(masked, missing=True).rows(slice(None))
    assert found.dtype == gaps.dtype
    assert np.array_equal(found, gaps, equal_nan=True)


def test_objects_are_read_while_another_thread_loads_pandas(monkeypatch):
    """A module that is only half loaded has no names yet."""
    monkeypatch.setitem(sys.modules, "pandas", ModuleType("pandas"))
    rows = Samples.of([[1, None]], missing=True).rows(slice(None))
    assert np.array_equal(rows, [[1.0, np.nan]], equal_nan=True)
