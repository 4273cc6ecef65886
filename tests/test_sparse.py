"""Sparse samples: the map of the dense ones, in the memory of what is stored."""

from __future__ import annotations

import math
import re
import sys
import tracemalloc
from types import ModuleType
from typing import ClassVar, final

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial.distance import cdist

import somkit
from somkit import SOM, Metric, Recipe, Samples, TrainedMap, resolve
from somkit.errors import SampleError, SampleTypeError
from somkit.kernels import nearest
from somkit.kernels.sparse import DENSE_NUMBERS, SparseCodebook
from somkit.recipe import load_checkpoint
from somkit.testing.law import ULP

SEEDS = st.integers(0, 2**32 - 1)
FORMATS = [
    make
    for name in ("csr", "csc", "coo")
    for make in (getattr(sparse, f"{name}_array"), getattr(sparse, f"{name}_matrix"))
]


def data(seed, n=60, d=5, density=0.4):
    """Return dense samples most of which is 0, and weights of whole numbers; two samples are empty."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((n, d)) < density, rng.normal(size=(n, d)), 0.0)
    X[[3, 7]] = 0
    weight = rng.integers(0, 4, n).astype(float)
    weight[0] += 1
    return X, weight


def refused(error, message):
    """Return a context that asserts a whole message."""
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# --- sparse is dense -------------------------------------------------------------------------------------------------


@given(
    seed=SEEDS,
    make=st.sampled_from(FORMATS),
    weighted=st.booleans(),
    trainer=st.sampled_from(["batch", "online:order=replacement", "minibatch:size=7"]),
)
def test_a_sparse_map_is_the_dense_one(seed, make, weighted, trainer):
    """Training, units, distances and errors are those of the dense array, to rounding, from the same codebook."""
    X, weight = data(seed)
    weight = weight if weighted else None
    W = np.random.default_rng(seed).normal(size=(12, 5))
    recipe = Recipe(topology="hex:rows=3,columns=4", trainer=trainer, epochs=3, random_state=0)
    first, second = recipe.fit(X, weight, initial_codebook=W), recipe.fit(make(X), weight, initial_codebook=W)
    # Sums are taken in another order and without a shift.
    assert np.allclose(second.codebook, first.codebook, rtol=0, atol=1e-12)
    assert np.array_equal(second.bmu(make(X), k=3), second.bmu(X, k=3))
    assert np.allclose(second.distances(make(X)), second.distances(X), rtol=1e-14, atol=0)
    assert second.quantisation_error(make(X), weight) == pytest.approx(second.quantisation_error(X, weight), rel=1e-13)
    assert second.history[-1]["quantisation_error"] == pytest.approx(first.history[-1]["quantisation_error"], rel=1e-12)


@pytest.mark.parametrize("metric", ["euclidean", "{name=euclidean,missing=ignore}", "cosine", "angular"])
@given(seed=SEEDS)
def test_weighted_features_of_sparse_rows_are_those_of_dense_ones(seed, metric):
    """With a weight for each feature too, a weight of 0 included, the map is the dense one."""
    X, _ = data(seed)
    trainer = "batch:centre=mean" if metric in {"cosine", "angular"} else "batch"
    recipe = Recipe(
        topology="hex:rows=3,columns=4",
        metric=f"weighted:metric={metric},weights=[1,2,0,0.5,3]",
        trainer=trainer,
        epochs=2,
    )
    W = np.random.default_rng(seed).normal(size=(12, 5))
    first, second = recipe.fit(X, initial_codebook=W), recipe.fit(sparse.csr_array(X), initial_codebook=W)
    assert np.allclose(second.codebook, first.codebook, rtol=0, atol=1e-12)
    assert np.array_equal(second.bmu(sparse.csr_array(X)), first.bmu(X))
    assert np.allclose(second.distances(sparse.csr_array(X)), first.distances(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("metric", ["cosine", "angular", "correlation"])
@given(
    seed=SEEDS, weighted=st.booleans(), name=st.sampled_from(["batch", "online:order=replacement", "minibatch:size=7"])
)
def test_directions_of_sparse_rows_are_those_of_dense_ones(metric, seed, weighted, name):
    """By direction too the map is the dense one, rows and units without a direction included."""
    X, weight = data(seed)
    weight = weight if weighted else None
    W = np.random.default_rng(seed).normal(size=(12, 5))
    W[5] = 0
    read = TrainedMap.from_codebook("hex:rows=3,columns=4", W, metric)
    for k in (1, 12):
        (units, distances), (wanted, measured) = read.search(sparse.csr_array(X), k), read.search(X, k)
        assert np.allclose(distances, measured, rtol=1e-13, atol=1e-15)
        apart = np.isin(np.arange(60), [3, 7], invert=True)  # an empty row is as far from all units but the empty one
        assert np.array_equal(units[apart], wanted[apart])
        assert (units[~apart, 0] == 5).all()
    if metric == "correlation":  # whose centre is no mean
        name = (
            "online:order=replacement" if name.startswith("minibatch") else name.replace("batch", "batch:centre=mean")
        )
    recipe = Recipe(topology="hex:rows=3,columns=4", metric=metric, trainer=name, epochs=3, random_state=0)
    first, second = (recipe.fit(samples, weight, initial_codebook=W) for samples in (X, sparse.csr_array(X)))
    assert np.allclose(second.codebook, first.codebook, rtol=0, atol=1e-10)


@pytest.mark.parametrize("metric", ["cosine", "angular", "correlation"])
@given(
    seed=SEEDS,
    d=st.sampled_from([1, 2, 7, 60, 300]),
    gap=st.sampled_from([None, 0.0, 1e-15, 1e-8]),
    offset=st.sampled_from([0.0, 1.0, 1e8]),
    scale=st.sampled_from([1.0, 1e150, 1e-300]),
)
def test_the_search_by_direction_is_a_direct_one(metric, seed, d, gap, offset, scale):
    """Near and far from the origin, for units like samples, opposite or flat ones, units and distances are pairwise's."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((20, d)) < 0.2, rng.normal(size=(20, d)), 0.0) + offset
    W = X[:9] * rng.choice([-1, 1, 1], size=(9, 1)) + (gap or 0) * rng.normal(size=(9, d))
    if gap is None:
        W = rng.normal(size=(9, d)) + rng.choice([0, offset])
    X, W, k = X * scale, W * scale, int(rng.integers(1, 10))
    part = resolve("metric", metric)
    wanted, margin = part.pairwise(X, W), (d + 4) * ULP
    units, distances = part.prepare_sparse(W).nearest(sparse.csr_array(X), k)
    for row, found in enumerate(units.tolist()):
        left = list(range(9))
        for unit in found:
            smallest = min(wanted[row, other] for other in left)
            assert wanted[row, unit] <= smallest * (1 + 2 * margin)
            if not any(
                smallest * (1 + margin / 2) < wanted[row, other] < smallest * (1 + 2 * margin) for other in left
            ):
                assert unit == next(other for other in left if wanted[row, other] <= smallest * (1 + margin))
            left.remove(unit)
    # As the law has it: within what rounding does to the largest.
    assert (np.abs(distances - np.take_along_axis(wanted, units, 1)) <= margin * distances.max(axis=1)[:, None]).all()


@pytest.mark.parametrize("initialiser", ["pca", "sample", "uniform"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, bool])
def test_every_start_and_number_type(initialiser, dtype):
    """With the same seed and any initialiser the map and its automatic size are those of the dense array."""
    X = (data(1, n=300)[0] * 3).astype(dtype)
    recipe = Recipe(initialiser=initialiser, epochs=3, random_state=0)
    first, second = recipe.fit(X), recipe.fit(sparse.csr_array(X))
    assert second.lattice.nodes == first.lattice.nodes
    assert second.codebook.dtype == first.codebook.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert np.allclose(second.codebook, first.codebook, rtol=0, atol=1e-6 if dtype == np.float32 else 1e-10)


@given(seed=SEEDS)
def test_weight_counts_rows(seed):
    """Weight k is k copies of the row, weight 0 no row at all, in the start, the updates and the error."""
    X, weight = data(seed)
    recipe = Recipe(topology="grid:rows=3,columns=4", epochs=2, random_state=0)
    first = recipe.fit(sparse.csr_array(X), weight)
    second = recipe.fit(sparse.csr_array(np.repeat(X, weight.astype(int), axis=0)))
    assert np.allclose(first.codebook, second.codebook, rtol=0, atol=1e-9)
    assert first.history[-1]["quantisation_error"] == pytest.approx(second.history[-1]["quantisation_error"], rel=1e-9)


@given(seed=SEEDS, offset=st.sampled_from([0.0, 1e3]))
def test_statistics_are_those_of_the_dense_array(seed, offset):
    """Bounds, means, deviations and components are found without filling X, centred by formula."""
    X, weight = data(seed)
    X[:, 2] += offset
    X[:, 4] = 7.0
    dense, found = Samples.of(X, weight), Samples.of(sparse.coo_array(X), weight, sparse=True)
    assert np.array_equal(found.bounds, dense.bounds)
    assert np.allclose(found.mean, dense.mean, rtol=0, atol=1e-15 * max(offset, 10))
    assert np.allclose(found.deviations, dense.deviations, rtol=1e-10, atol=1e-14)
    assert (found.mean[4], found.deviations[4]) == (7.0, 0.0)
    # The covariance is a difference of squares up to offset^2.
    assert np.allclose(
        found.principal_components(2)[0], dense.principal_components(2)[0], rtol=0, atol=1e-9 + 1e-14 * offset**2
    )


def test_components_of_wide_samples_are_centred_without_a_shift():
    """Beyond 2 000 features components are those of the centred dense array, shares that add up to 1 included."""
    rng = np.random.default_rng(0)
    X = np.where(rng.random((300, 2_500)) < 0.01, rng.random((300, 2_500)), 0)
    X[:, :20] += rng.random((300, 1)) * rng.random(20) * 3
    X /= X.sum(axis=1, keepdims=True)
    deviations, components = Samples.of(sparse.csr_array(X), sparse=True).principal_components(2)
    _, values, vectors = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    assert np.allclose(deviations, values[:2] / math.sqrt(300), rtol=1e-4)
    assert abs(components[0] @ vectors[0]) > 0.999
    constant = Samples.of(sparse.csr_array(np.tile(X[:1], (5, 1))), sparse=True)
    assert constant.principal_components(2)[0].tolist() == [0, 0]


@pytest.mark.parametrize("scale", [1.0, 1e150, 1e-150, 1e-200])
@pytest.mark.parametrize("offset", [0.0, 1e8])
@given(seed=SEEDS, k=st.integers(1, 4), whole=st.booleans())
def test_the_search_is_a_direct_one_near_and_far_large_and_small(offset, scale, seed, k, whole):
    """The kernel's units are those of correctly rounded distances, lowest first among ties, whatever the scale."""
    rng = np.random.default_rng(seed)
    draw = (lambda shape: rng.integers(-2, 3, shape).astype(float)) if whole else (lambda shape: rng.normal(size=shape))
    W, X = (draw((9, 3)) + offset) * scale, (draw((20, 3)) + offset) * scale
    X[rng.random(X.shape) < 0.3] = 0
    units, distances = SparseCodebook.of(W).nearest(sparse.csr_array(X), k)
    for x, found, reported in zip(X, units.tolist(), distances, strict=True):
        measured = [math.dist(x, w) for w in W]
        left = list(range(len(W)))
        for unit, distance in zip(found, reported, strict=True):
            smallest = min(measured[other] for other in left)
            assert measured[unit] <= smallest * (1 + 8 * ULP)
            if not any(smallest * (1 + 6 * ULP) < measured[other] < smallest * (1 + 8 * ULP) for other in left):
                assert unit == next(other for other in left if measured[other] <= smallest * (1 + 7 * ULP))
            assert distance == pytest.approx(measured[unit], rel=7 * ULP, abs=0)
            left.remove(unit)


def test_wide_rows_are_found_without_being_made_dense(monkeypatch):
    """In wide data distances come from the products, as near the truth as direct ones, and no row is made dense."""
    rng = np.random.default_rng(0)
    X = sparse.random_array((500, 5_000), density=0.002, rng=rng, format="csr")
    W = rng.random((30, 5_000)) / 100
    wanted = cdist(X.toarray(), W)
    monkeypatch.setattr(
        SparseCodebook, "_measured", lambda *arguments: pytest.fail("made dense") if len(arguments[2]) else np.empty(0)
    )
    units, distances = SparseCodebook.of(W).nearest(X)
    assert np.array_equal(units[:, 0], wanted.argmin(axis=1))
    assert np.allclose(distances[:, 0], wanted.min(axis=1), rtol=5_004 * ULP, atol=0)


@given(seed=SEEDS, gap=st.sampled_from([0.0, 1e-17, 1e-15, 1e-14, 1e-13, 1e-12, 1e-9]), k=st.integers(1, 3))
def test_units_that_are_all_but_the_same_are_told_apart_as_dense_ones_are(seed, gap, k):
    """Where units differ by rounding, a little more or not at all, the same one is found as among dense samples."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((40, 200)) < 0.05, rng.random((40, 200)), 0.0)
    W = np.repeat(rng.random((3, 200)) / 10, 4, axis=0)
    W += gap * rng.normal(size=W.shape)
    wanted, distances = nearest(X, W, k)
    units, found = SparseCodebook.of(W).nearest(sparse.csr_array(X), k)
    assert np.array_equal(units, wanted)
    assert np.allclose(found, distances, rtol=204 * ULP, atol=0)


def test_duplicates_order_and_zeros_do_not_matter():
    """Cells stored twice add up, columns come in any order, zeros may be stored; X itself is left as it was."""
    X = sparse.csr_array(
        (np.array([1.0, 2.0, 3.0, 0.0, 4.0]), np.array([2, 0, 2, 1, 1]), np.array([0, 3, 4, 5])), shape=(3, 3)
    )
    before = [part.copy() for part in (X.data, X.indices, X.indptr)]
    trained = TrainedMap.from_codebook("line:units=2", [[2.0, 0.0, 4.0], [0.0, 4.0, 0.0]])
    assert trained.distances(X).tolist() == trained.distances([[2.0, 0, 4], [0, 0, 0], [0, 4, 0]]).tolist()
    assert trained.bmu(X).tolist() == [0, 1, 1]
    for part, was in zip((X.data, X.indices, X.indptr), before, strict=True):
        assert np.array_equal(part, was)
        assert part.flags.writeable


# --- memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trainer", ["batch", "online:updates=20", "minibatch:size=5000", "minibatch:size=2000"])
def test_the_whole_is_never_made_dense(trainer, monkeypatch):
    """A map of 20 000 samples of 4 000 features, 640 MB if dense, is trained and read in a tenth of that."""
    X = sparse.random_array((20_000, 4_000), density=0.001, rng=np.random.default_rng(0), format="csr")
    made = []
    toarray = sparse.csr_array.toarray
    monkeypatch.setattr(
        sparse.csr_array, "toarray", lambda self, *a, **k: made.append(math.prod(self.shape)) or toarray(self, *a, **k)
    )
    tracemalloc.start()
    try:
        trained = Recipe(topology="hex:rows=5,columns=5", trainer=trainer, epochs=2, random_state=0, n_jobs=1).fit(X)
        trained.bmu(X)
        trained.measure("topographic_error", X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64e6
    assert max(made, default=0) <= DENSE_NUMBERS


@pytest.mark.parametrize("metric", ["cosine", "angular", "correlation"])
def test_directions_of_wide_rows_are_found_without_making_them_dense(metric, monkeypatch):
    """Means are taken off by formula: rows are made dense only where the angle to a unit is obtuse, a few at a time."""
    X = sparse.random_array((5_000, 4_000), density=0.005, rng=np.random.default_rng(0), format="csr")
    W = np.random.default_rng(1).random((20, 4_000))
    wanted = TrainedMap.from_codebook("line:units=20", W, metric).bmu(X[:500].toarray())
    opposite = TrainedMap.from_codebook("line:units=20", -W, metric)
    made = []
    toarray = sparse.csr_array.toarray
    monkeypatch.setattr(
        sparse.csr_array, "toarray", lambda self, *a, **k: made.append(self.shape[0]) or toarray(self, *a, **k)
    )
    assert np.array_equal(TrainedMap.from_codebook("line:units=20", W, metric).bmu(X)[:500], wanted)
    assert not made
    distances = opposite.search(X[:2_000])[1]
    assert max(made, default=0) <= DENSE_NUMBERS // 4_000
    np.testing.assert_allclose(distances, opposite.search(X[:2_000].toarray())[1], rtol=1e-12)


@pytest.mark.parametrize("name", ["knn", "mst"])
def test_graphs_of_sparse_data_make_no_more_dense_than_their_landmarks(name, monkeypatch):
    """A graph is built from samples of which only the landmarks, one a unit, are made dense."""
    X = sparse.random_array((3_000, 2_000), density=0.005, rng=np.random.default_rng(0), format="csr")
    made = []
    toarray = sparse.csr_array.toarray
    monkeypatch.setattr(
        sparse.csr_array, "toarray", lambda self, *a, **k: made.append(self.shape[0]) or toarray(self, *a, **k)
    )
    lattice = resolve("topology", f"{name}:units=30").sized_for(Samples.of(X, sparse=True)).lattice()
    assert len(lattice) == 30
    assert max(made) == 30


# --- faces and refusals ----------------------------------------------------------------------------------------------


def test_threads_files_and_breaks_change_nothing(tmp_path):
    """The map is the same to the bit for any number of threads, after a checkpoint, and out of its file."""
    X = sparse.random_array((7_000, 40), density=0.1, rng=np.random.default_rng(0), format="csr")
    recipe = Recipe(topology="hex:rows=4,columns=4", epochs=3, random_state=0, n_jobs=1)
    whole = recipe.fit(X)
    assert np.array_equal(attrs.evolve(recipe, n_jobs=3).fit(X).codebook, whole.codebook)
    run = recipe.start(X)
    run.save_checkpoint(tmp_path / "state", next(run.states()))
    loaded, state = load_checkpoint(tmp_path / "state")
    assert np.array_equal(loaded.fit(X.tocsc(), resume=state).codebook, whole.codebook)
    with refused(
        SampleError, "X or sample_weight is not what the checkpoint was trained on; resume with the same data."
    ):
        loaded.fit(X * 2, resume=state)
    whole.save(tmp_path / "map.somkit")
    assert np.array_equal(somkit.load(tmp_path / "map.somkit").bmu(X), whole.bmu(X))


def test_the_estimator_takes_sparse_samples():
    """Every method of SOM does what it does with the dense array."""
    X = data(0)[0]
    som, dense = (
        SOM(topology="hex:rows=3,columns=3", random_state=0).fit(make(X)) for make in (sparse.csr_matrix, np.asarray)
    )
    assert np.array_equal(som.predict(sparse.csc_array(X)), dense.predict(X))
    assert np.allclose(som.transform(sparse.csr_array(X)), dense.transform(X), rtol=0, atol=1e-12)
    assert som.score(sparse.csr_array(X)) == pytest.approx(dense.score(X), rel=1e-12)
    som.partial_fit(sparse.csr_array(X[:20])).partial_fit(X[20:])
    assert som.n_iter_ == 22


def test_a_map_that_knows_missing_values_takes_sparse_samples():
    """Zeros that are not stored are values; a feature that training had none of weighs nothing."""
    X = np.insert(data(0)[0], 1, np.nan, axis=1)
    trained = Recipe(topology="hex:rows=3,columns=3", metric="euclidean:missing=ignore", epochs=2).fit(X)
    full = np.where(np.isnan(X), 5.0, X)
    assert np.allclose(trained.distances(sparse.csr_array(full)), trained.distances(X), rtol=1e-12)
    assert np.array_equal(trained.bmu(sparse.csr_array(full)), trained.bmu(X))


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_scaling_is_refused(scale):
    """A shift would fill X: the ways out are named; a map that scales takes sparse samples in no other way."""
    X = data(0)[0]
    with refused(
        SampleError,
        f"scale={scale!r} shifts every value, which would fill the sparse X; use scale=None and divide it beforehand, by "
        f"scikit-learn's MaxAbsScaler or StandardScaler(with_mean=False).",
    ):
        Recipe(scale=scale).fit(sparse.csr_array(X))
    trained = Recipe(scale=scale, epochs=1).fit(X)
    with refused(
        SampleError, f"this map scales its samples ({scale!r}), which would fill a sparse X; pass X.toarray() in parts."
    ):
        trained.bmu(sparse.csr_array(X))


def test_what_a_sparse_matrix_must_not_hold():
    """NaN, infinities and complex numbers are refused by cell, and metrics that take no sparse samples say so."""
    X = sparse.csr_array(data(0)[0])
    for value, name in ((np.nan, "NaN"), (-np.inf, "infinite (inf)")):
        bad = X.copy()
        bad.data[40] = value
        row, column = (int(index[40]) for index in bad.nonzero())
        for metric in ("euclidean", "euclidean:missing=ignore"):
            with refused(SampleError, f"X[{row}, {column}] is {name}; impute it or leave the row out first."):
                Recipe(metric=metric).fit(bad)
    with refused(SampleError, "Complex data not supported: X has dtype complex128; give real numbers, such as X.real."):
        Recipe().fit(X * 1j)
    with refused(
        SampleTypeError, "X is sparse, which the metric does not take; use metric='euclidean', or pass X.toarray()."
    ):
        Recipe(metric="manhattan", trainer="online").fit(X)
    with refused(SampleError, "X has 0 sample(s) (shape=(0, 5)) while a minimum of 1 is required."):
        Recipe().fit(X[:0])
    trained = Recipe(topology="ring:units=3", epochs=1).fit(X)
    with refused(SampleError, "a sparse X has no missing values to impute: what it does not store is 0."):
        trained.impute(X)


@final
@attrs.frozen(kw_only=True)
class Largest(Metric):
    """The largest difference, by a stranger who only says that sparse samples are welcome."""

    name: ClassVar[str] = "largest"
    batch_update: ClassVar = "mean"

    @property
    def accepts_sparse(self):
        """Yes."""
        return True

    def pairwise(self, X, W):
        """Return all distances between arrays, which is what it must be given."""
        assert isinstance(X, np.ndarray)
        return cdist(X, W, "chebyshev")


@pytest.mark.parametrize("trainer", ["batch", "online"])
def test_a_strangers_metric_takes_sparse_samples_by_saying_so(trainer):
    """Without more than `pairwise` a metric is given a few rows at a time, made dense."""
    X = data(0)[0]
    recipe = Recipe(topology="hex:rows=3,columns=3", metric=Largest(), trainer=trainer, epochs=3, random_state=0)
    first, second = recipe.fit(X), recipe.fit(sparse.csr_array(X))
    assert np.allclose(second.codebook, first.codebook, rtol=0, atol=1e-12)
    assert np.array_equal(second.bmu(sparse.csr_array(X)), first.bmu(X))
    assert np.array_equal(second.distances(sparse.csr_array(X)), second.distances(X))


def test_dense_samples_are_known_while_another_thread_loads_scipy(monkeypatch):
    """A module that is only half loaded has no names yet; the first fit without a compiler met it in another thread."""
    monkeypatch.setitem(sys.modules, "scipy.sparse", ModuleType("scipy.sparse"))
    assert Samples.of(np.eye(3)).rows(slice(None)).tolist() == np.eye(3).tolist()
