"""SOMClassifier, SOMRegressor and SOMClusterer."""

import re

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import StratifiedKFold, cross_val_score

from somkit import SOMClassifier, SOMClusterer, SOMRegressor
from somkit.errors import ParameterError, SampleError


@pytest.fixture(scope="module")
def iris():
    """Iris."""
    return load_iris(return_X_y=True)


def test_digits_are_read():
    """Raw digits and default parameters: at least 96 in 100 right in five-fold cross-validation."""
    X, y = load_digits(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    assert cross_val_score(SOMClassifier(random_state=0), X, y, cv=folds).mean() >= 0.96


def test_refining_helps():
    """The supervised steps do better on the samples they were taken on than the map as it was trained."""
    X, y = load_digits(return_X_y=True)
    plain, refined = (SOMClassifier(refine=steps, random_state=0).fit(X, y) for steps in (0, 20))
    assert np.array_equal(plain.prototypes_, plain.codebook_)
    assert np.array_equal(plain.codebook_, refined.codebook_)
    assert refined.score(X, y) > 0.99 > plain.score(X, y)


def test_without_refining_a_pure_unit_gives_its_class(iris):
    """A unit's class is the majority of its samples, and predict takes the most probable class."""
    X, y = iris
    model = SOMClassifier(refine=0, random_state=0).fit(X, y)
    assert model.unit_classes_.tolist() == model.map_.label_units(y, X).tolist()
    probability = model.predict_proba(X)
    assert np.allclose(probability.sum(axis=1), 1, atol=1e-15)
    assert np.array_equal(model.classes_[probability.argmax(axis=1)], model.predict(X))
    near = model.map_.distances(X)
    near[:, [unit is None for unit in model.unit_classes_]] = np.inf
    sure = probability.max(axis=1) > 0.99
    assert sure.sum() > 100
    assert np.array_equal(model.predict(X)[sure], model.unit_classes_[near.argmin(axis=1)][sure].astype(int))


@pytest.mark.parametrize("mark", [None, np.nan, -1])
def test_unlabelled_rows_train_the_map_alone(iris, mark):
    """Rows marked as unlabelled shape the map as any other, and are of no class."""
    X, y = iris
    hidden = y.astype(object)
    hidden[np.arange(150) % 10 != 0] = mark
    model = SOMClassifier(unlabelled=-1, random_state=0).fit(X, hidden)
    assert np.array_equal(model.codebook_, SOMClassifier(random_state=0).fit(X, y).codebook_)
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.score(X, y) > 0.85
    assert sum(unit is not None for unit in model.unit_classes_) <= 15


def test_unlabelled_marks_of_other_types(iris):
    """Names with None among them, and numbers with NaN, are read as they are; -1 is a class unless it is the mark."""
    X, y = iris
    names = np.array(["a", "b", "c"], dtype=object)[y]
    names[::2] = None
    assert SOMClassifier(random_state=0).fit(X, names).predict(X[:1]).tolist() == ["a"]
    assert SOMClassifier(random_state=0).fit(X, pd.Series(names)).classes_.tolist() == ["a", "b", "c"]
    numbers = np.where(np.arange(150) % 2, y, np.nan)
    assert SOMClassifier(random_state=0).fit(X, numbers).classes_.tolist() == [0, 1, 2]
    assert SOMClassifier(random_state=0).fit(X, y - 1).classes_.tolist() == [-1, 0, 1]


def test_masked_classes_and_values_are_not_known(iris):
    """A masked class is unlabelled; a masked value is one once NaN says so, and is refused as NaN is otherwise."""
    X, y = iris
    masked = np.ma.masked_equal(y, 0)
    assert SOMClassifier(random_state=0).fit(X, masked).classes_.tolist() == [1, 2]
    gaps = np.where(y == 0, np.nan, y)
    expected = SOMRegressor(unlabelled=np.nan, random_state=0).fit(X, gaps).unit_values_
    for values in (masked, masked.astype(float)):
        assert np.array_equal(SOMRegressor(unlabelled=np.nan, random_state=0).fit(X, values).unit_values_, expected)
        with pytest.raises(SampleError) as caught:
            SOMRegressor().fit(X, values)
        assert str(caught.value) == (
            "Input y contains NaN; write unlabelled=numpy.nan where it stands for a value that is not known."
        )


def test_dates_are_no_values(iris):
    """A regressor refuses dates as samples are refused: their numbers depend on how they are kept."""
    X, _ = iris
    with pytest.raises(SampleError) as caught:
        SOMRegressor().fit(X, np.arange(150).astype("M8[D]"))
    assert str(caught.value) == (
        "y holds dates or times (datetime64[D]), not numbers; turn them into numbers that mean something."
    )


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (pd.Series([True, False, None], dtype="boolean"), [False, True]),
        (pd.Series([0, 1, pd.NA], dtype="Int64"), [0, 1]),
        (pd.Series(["a", "b", pd.NA], dtype="string"), ["a", "b"]),
        (pd.Series(["a", "b", None], dtype="category"), ["a", "b"]),
        (pd.Categorical(["a", "b", None]), ["a", "b"]),
        (np.array([True, False, None], dtype=object), [False, True]),
        (np.array(["a", "b", "a"]), ["a", "b"]),
    ],
)
@pytest.mark.parametrize("mark", [None, np.nan, pd.NA])
def test_classes_keep_their_type(labels, classes, mark):
    """Classes are predicted as they were given: text as text, truth as truth, and no mark is no class."""
    X = [[0.0], [5.0], [9.0]]
    model = SOMClassifier(topology="line:units=3", unlabelled=mark, random_state=0).fit(X, labels)
    assert model.classes_.tolist() == classes
    assert model.predict(X[:2]).tolist() == list(labels[:2])
    assert isinstance(model.predict(X[:1]).tolist()[0], bool) == isinstance(classes[0], bool)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-15)


@pytest.mark.parametrize("far", [1.0, 1e160])
def test_units_on_every_sample_predict_elsewhere_too(far):
    """Where every sample lies on its unit the shares have no width: the nearest unit takes all, near or far."""
    X = np.repeat([[0.0], [1.0]], 5, axis=0)
    exact = {"topology": "line:units=2", "radius": "constant:value=0", "random_state": 0}
    asked = [[-far], [0.0], [1.0]]
    model = SOMClassifier(**exact).fit(X, X[:, 0].astype(int))
    assert model.predict(asked).tolist() == [0, 0, 1]
    assert np.isfinite(model.predict_proba(asked)).all()
    values = SOMRegressor(**exact).fit(X, X[:, 0]).predict(asked)
    assert np.isfinite(values).all()
    assert values[1] < 0.02  # five samples against a ridge of 0.1: 0.1 / 5.1 of half the difference


def test_weights_are_copies(iris):
    """A sample of weight k is k copies of it, for classes and values."""
    X, y = iris
    copies = np.random.default_rng(0).integers(0, 4, 150)
    size = {"topology": "hex:rows=4,columns=5"}
    # Sums of other lengths round otherwise, and each step of refining sharpens what rounding left, up to 1e10 in all.
    for model, allowed in (
        (SOMClassifier(**size, refine=0), 1e-13),
        (SOMRegressor(**size), 1e-13),
        (SOMClassifier(**size), 1e-5),
    ):
        weighed = clone(model).fit(X, y, copies)
        copied = clone(model).fit(np.repeat(X, copies, axis=0), np.repeat(y, copies))
        one, other = (
            (each.predict_proba if hasattr(each, "classes_") else each.predict)(X) for each in (weighed, copied)
        )
        np.testing.assert_allclose(one, other, rtol=0, atol=allowed)


def test_weights_are_copies_in_clusters_and_several_targets(iris):
    """A sample of weight k is k copies of it for clusters too, and for targets that are known for some samples each."""
    X, y = iris
    copies = np.random.default_rng(1).integers(0, 4, 150)
    again = np.repeat(np.arange(150), copies)
    size = {"topology": "hex:rows=4,columns=5"}
    for clusterer in ("ward", "kmeans", "watershed"):
        model = SOMClusterer(n_clusters=3, clusterer=clusterer, **size)
        weighed, copied = clone(model).fit(X, sample_weight=copies), clone(model).fit(X[again])
        assert adjusted_rand_score(weighed.predict(X), copied.predict(X)) == 1
    targets = np.column_stack([X[:, 3], y.astype(float), X[:, 2]])
    targets[::3, 0] = targets[1::4, 1] = np.nan
    model = SOMRegressor(unlabelled=np.nan, **size)
    weighed = clone(model).fit(X[:, :2], targets, copies).predict(X[:, :2])
    copied = clone(model).fit(X[again, :2], targets[again]).predict(X[:, :2])
    np.testing.assert_allclose(weighed, copied, rtol=0, atol=1e-12)  # sums of other lengths round otherwise


@pytest.mark.parametrize(
    "parts", [{"metric": "cosine"}, {"metric": "manhattan", "trainer": "online"}, {"scale": "minmax"}]
)
def test_parts_of_every_kind(iris, parts):
    """Metrics, trainers, scaling and graphs are those of SOM."""
    X, y = iris
    model = SOMClassifier(topology=nx.karate_club_graph(), random_state=0, **parts)
    assert model.fit(X, y).score(X, y) > 0.9
    assert SOMRegressor(topology=nx.karate_club_graph(), random_state=0, **parts).fit(X, y).score(X, y) > 0.85
    assert clone(model).set_params(topology="ring", topology__units=12).fit(X, y).prototypes_.shape == (12, 4)


def test_sparse_and_missing(iris):
    """Sparse samples give what dense ones do, and samples with gaps are classified and regressed."""
    X, y = iris
    X = np.where(X < 1, 0, X)
    for model in (
        SOMClassifier(initialiser="sample", random_state=0),
        SOMRegressor(initialiser="sample", random_state=0),
    ):
        dense, sparse = clone(model).fit(X, y), clone(model).fit(csr_array(X), y)
        assert np.allclose(dense.predict(X), sparse.predict(csr_array(X)), atol=1e-6)
        gaps = np.where(np.random.default_rng(0).random(X.shape) < 0.1, np.nan, X)
        assert clone(model).set_params(metric="euclidean:missing=ignore").fit(gaps, y).score(gaps, y) > 0.85


def test_what_a_classifier_refuses(iris):
    """Labels that are all missing, and a refinement that is no number of steps, are named."""
    X, y = iris
    with pytest.raises(SampleError) as caught:
        SOMClassifier(unlabelled=0).fit(X, np.zeros(150))
    assert str(caught.value) == (
        "y must hold a class for at least one sample of positive weight, got none but unlabelled ones."
    )
    with pytest.raises(SampleError) as caught:
        SOMClassifier().fit(X, csr_array(np.eye(3, dtype=int)[y]))
    assert str(caught.value) == "y is sparse, and labels are taken as they are; pass y.toarray()."
    with pytest.raises(ParameterError) as caught:
        SOMClassifier(refine=-1).fit(X, y)
    assert str(caught.value) == "refine must be an integer >= 0, got -1."


def test_labels_of_several_kinds_are_refused(iris):
    """Text beside numbers has no order, and the sentence names the types and the way out."""
    X, y = iris
    mixed = y.astype(object)
    mixed[:50] = "setosa"
    with pytest.raises(SampleError) as caught:
        SOMClassifier().fit(X, mixed)
    assert str(caught.value) == (
        "y must hold classes that are all numbers or all text, got types int, str; write each as text."
    )


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (SOMRegressor(unlabelled="none"), "unlabelled must be a number, NaN or None, got 'none'."),
        (SOMClusterer(refine=20), "refine must be True or False, got 20."),
        (
            SOMClusterer(clusterer=5),
            "clusterer must be 'ward', 'kmeans', 'hdbscan', 'watershed' or a scikit-learn clusterer, got 5.",
        ),
    ],
)
def test_what_is_wrong_is_said_before_training(iris, monkeypatch, model, message):
    """A parameter that no map can have is refused before any map is trained."""
    monkeypatch.setattr(type(model), "_train", lambda *_: pytest.fail("trained"))
    with pytest.raises(ParameterError) as caught:
        model.fit(*iris)
    assert str(caught.value) == message


@pytest.mark.parametrize("model", [SOMClassifier(), SOMRegressor()])
def test_too_few_labels_are_noticed_before_training(iris, monkeypatch, model):
    """A y that is shorter than X does not wait for the map."""
    monkeypatch.setattr(type(model), "_train", lambda *_: pytest.fail("trained"))
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[150, 100\]"):
        model.fit(iris[0], iris[1][:100])


def test_several_targets(iris):
    """Targets together are predicted as each by itself, in the shape that y had."""
    X = iris[0]
    model = SOMRegressor(random_state=0)
    both = clone(model).fit(X[:, :2], X[:, 2:])
    assert both.predict(X[:, :2]).shape == (150, 2)
    for column in (0, 1):
        alone = clone(model).fit(X[:, :2], X[:, 2 + column])
        assert np.allclose(alone.predict(X[:, :2]), both.predict(X[:, :2])[:, column], atol=1e-12)
        assert alone.score(X[:, :2], X[:, 2 + column]) > 0.8


def test_several_outputs_of_classes_are_each_by_itself(iris):
    """Outputs together, of any kinds, have the classes, probabilities and units that each has alone on the same map."""
    X, y = iris
    weight = np.random.default_rng(0).integers(0, 3, 150)
    columns = [y, np.array(["red", "green"])[(X[:, 0] > 6).astype(int)], X[:, 1] > 3]
    both = pd.DataFrame({str(number): column for number, column in enumerate(columns)})
    model = SOMClassifier(random_state=0).fit(X, both, weight)
    assert [classes.tolist() for classes in model.classes_] == [[0, 1, 2], ["green", "red"], [False, True]]
    assert model.unit_classes_.shape == (len(model.lattice_), 3)
    assert model.prototypes_.shape == (3, *model.codebook_.shape)
    found, probabilities = model.predict(X), model.predict_proba(X)
    assert found.dtype == object
    for number, column in enumerate(columns):
        alone = clone(model).fit(X, column, weight)
        assert np.array_equal(alone.codebook_, model.codebook_)
        assert np.array_equal(alone.prototypes_, model.prototypes_[number])
        assert np.array_equal(alone.unit_classes_, model.unit_classes_[:, number])
        assert np.array_equal(alone.predict_proba(X), probabilities[number])
        assert alone.predict(X).tolist() == found[:, number].tolist()
        assert alone.score(X, column) > 0.85


def test_several_outputs_keep_a_type_in_common(iris):
    """Outputs of numbers are predicted as numbers, of text as text, so that scikit-learn's scores take them."""
    X, y = iris
    marks = np.column_stack([y == 0, y == 2]).astype(int)
    model = SOMClassifier(random_state=0).fit(X, marks)
    assert model.predict(X).dtype == marks.dtype
    assert model.score(X, marks) > 0.9  # the share of samples that are right in every output
    words = np.column_stack([np.array(["a", "b", "c"])[y], np.array(["long", "short"])[y // 2]])
    assert SOMClassifier(random_state=0).fit(X, words).predict(X).dtype.kind == "U"
    with pytest.warns(DataConversionWarning):
        assert SOMClassifier(random_state=0).fit(X, y[:, None]).predict(X).shape == (150,)


@pytest.mark.parametrize("mark", [None, np.nan, -1])
def test_each_output_has_unlabelled_samples_of_its_own(iris, mark):
    """A sample without a class in one output counts in the others; an output that has none is named."""
    X, y = iris
    labels = np.column_stack([y, y // 2]).astype(object)
    labels[::2, 0] = labels[::3, 1] = mark
    model = SOMClassifier(unlabelled=-1, random_state=0).fit(X, labels)
    assert [classes.tolist() for classes in model.classes_] == [[0, 1, 2], [0, 1]]
    for column in (0, 1):
        alone = clone(model).fit(X, labels[:, column])
        assert np.array_equal(model.predict(X)[:, column], alone.predict(X))
    labels[:, 1] = mark
    with pytest.raises(SampleError) as caught:
        model.fit(X, labels)
    assert str(caught.value) == (
        "y[:, 1] must hold a class for at least one sample of positive weight, got none but unlabelled ones."
    )


def test_a_constant_stays_constant(iris):
    """A target that is one value everywhere is that value everywhere."""
    assert np.allclose(SOMRegressor(random_state=0).fit(iris[0], np.full(150, 7.25)).predict(iris[0]), 7.25, atol=1e-12)


def test_unlabelled_targets(iris):
    """NaN targets are refused unless they are declared; then each target uses the rows that have it."""
    X = iris[0]
    y = X[:, 2:].copy()
    y[::2, 0] = np.nan
    sentence = "Input y contains NaN; write unlabelled=numpy.nan where it stands for a value that is not known."
    with pytest.raises(SampleError, match=f"^{re.escape(sentence)}$"):
        SOMRegressor().fit(X[:, :2], y)
    model = SOMRegressor(unlabelled=np.nan, random_state=0).fit(X[:, :2], y)
    full = SOMRegressor(random_state=0).fit(X[:, :2], X[:, 2:])
    assert np.array_equal(model.codebook_, full.codebook_)
    assert np.allclose(model.predict(X[:, :2])[:, 1], full.predict(X[:, :2])[:, 1], atol=1e-12)
    assert model.score(X[:, :2], X[:, 2:]) > 0.8
    y[:, 0] = np.nan
    with pytest.raises(SampleError) as caught:
        SOMRegressor(unlabelled=np.nan).fit(X[:, :2], y)
    assert str(caught.value) == (
        "y must hold a value for at least one sample of positive weight, got none but unlabelled ones."
    )


@pytest.mark.parametrize("clusterer", ["ward", "kmeans"])
def test_clusters_of_samples_are_those_of_their_units(iris, clusterer):
    """A sample's cluster is its unit's, in fit and in predict, numbered without a gap."""
    model = SOMClusterer(n_clusters=3, clusterer=clusterer, random_state=0)
    labels = model.fit_predict(iris[0])
    assert np.unique(labels).tolist() == [0, 1, 2]
    assert np.array_equal(model.predict(iris[0]), labels)
    assert np.array_equal(model.unit_labels_[model.map_.bmu(iris[0])], labels)
    units = model.map_.cluster_units(clusterer, 3, X=iris[0])
    assert adjusted_rand_score(model.unit_labels_, units) == 1


def test_clusters_found_by_others(iris):
    """HDBSCAN and any scikit-learn clusterer find the number of clusters themselves, and -1 is noise."""
    noise = SOMClusterer(clusterer=DBSCAN(eps=1e-6, min_samples=1000)).fit(iris[0])
    assert set(noise.labels_) == {-1}
    mixture = SOMClusterer(clusterer=GaussianMixture(3, random_state=0), random_state=0).fit(iris[0])
    assert np.unique(mixture.labels_).tolist() == [0, 1, 2]
    found = SOMClusterer(clusterer="hdbscan", random_state=0).fit(iris[0])
    assert set(found.labels_) - {-1} == set(range(found.labels_.max() + 1))


def test_clusters_without_samples_come_last():
    """Along the map a cluster of empty units has a number, after those that samples have."""
    X = np.repeat([[0.0], [9.0]], 20, axis=0) + np.linspace(0, 0.1, 40)[:, None]
    model = SOMClusterer(n_clusters=6, connectivity="map", topology="line:units=12", random_state=0).fit(X)
    used = set(model.labels_)
    assert used == set(range(len(used)))
    assert set(model.unit_labels_) == set(range(6))


def test_wine_is_clustered():
    """Standardised wine falls into its three cultivars."""
    X, y = load_wine(return_X_y=True)
    assert adjusted_rand_score(y, SOMClusterer(n_clusters=3, scale="standard", random_state=0).fit_predict(X)) > 0.75
