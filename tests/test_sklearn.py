"""SOM as a scikit-learn estimator."""

import json
import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from somkit import SOM, Recipe
from somkit.errors import DataWarning, SampleError
from somkit.standard import Grid, Hex

CHECKS = """
import json, sys, warnings
import somkit
warnings.simplefilter("ignore")
from sklearn.utils.estimator_checks import check_estimator
results = check_estimator(getattr(somkit, sys.argv[1])(), on_fail=None, on_skip=None)
print(json.dumps([(check["check_name"], check["status"], str(check["exception"])) for check in results]))
"""


@pytest.fixture(scope="module")
def X():
    """Iris."""
    return load_iris().data


@pytest.mark.parametrize("name", ["SOM", "SOMClassifier", "SOMRegressor", "SOMClusterer"])
def test_check_estimator_finds_nothing(name):
    """Every check of scikit-learn passes, none expected to fail, none skipped."""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    command = [sys.executable, "-c", CHECKS, name]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    results = json.loads(out.stdout)
    assert len(results) > 40
    assert [result for result in results if result[1] != "passed"] == []


def test_pipelines_and_data_frames(X):
    """A SOM stands in a pipeline and names its outputs."""
    pipeline = make_pipeline(StandardScaler(), SOM(topology="hex:rows=3,columns=4", random_state=0))
    pipeline.set_output(transform="pandas")
    frame = pipeline.fit_transform(pd.DataFrame(X, columns=list("abcd")))
    assert list(frame.columns) == [f"som{unit}" for unit in range(12)]
    assert np.array_equal(frame.to_numpy().argmin(axis=1), pipeline.predict(pd.DataFrame(X, columns=list("abcd"))))


def test_numpy_pandas_and_polars_give_the_same_map(X):
    """The container makes no difference but for the names."""
    frames = [X, pd.DataFrame(X, columns=list("abcd")), pl.DataFrame(X, schema=list("abcd"))]
    soms = [SOM(topology="hex:rows=3,columns=4", random_state=0).fit(frame) for frame in frames]
    for som, frame in zip(soms, frames, strict=True):
        assert np.array_equal(som.codebook_, soms[0].codebook_)
        assert np.array_equal(som.predict(frame), soms[0].predict(X))
    assert soms[0].map_.feature_names is None
    assert soms[1].map_.feature_names == soms[2].map_.feature_names == tuple("abcd")
    assert list(soms[1].feature_names_in_) == list("abcd")


@pytest.mark.parametrize("topology", ["grid:columns=4", Grid(columns=4), {"name": "grid", "columns": 4}])
def test_fields_of_parts_are_parameters(topology):
    """``topology__rows`` is set and read whether the topology was given as text, object or dict."""
    som = SOM(topology=topology).set_params(topology__rows=7, trainer="online", trainer__updates=5)
    assert som.topology == Grid(rows=7, columns=4)
    assert som.get_params()["topology__rows"] == 7
    assert som.get_params()["trainer__updates"] == 5
    assert clone(som).get_params()["topology__rows"] == 7


def test_junk_parameters_wait_for_fit(X):
    """Neither get_params nor set_params raises on junk; fit says in one sentence what is wrong."""
    som = SOM(topology="no such!").set_params(topology__rows=3, radius__speed=2)
    assert som.get_params()["topology"] == {"name": "no such!", "rows": 3}
    som.set_params(topology="hex")
    with pytest.raises(ValueError, match="has no parameter") as caught:
        som.fit(X)
    assert str(caught.value) == ("schedule 'linear' has no parameter 'speed'. Its parameters are start, stop.")


def test_grid_search_over_fields_and_parts(X):
    """GridSearchCV chooses among rows and trainers."""
    search = GridSearchCV(
        SOM(topology="grid:columns=4", epochs=4, random_state=0),
        {"topology__rows": [2, 5], "trainer": ["batch", "online"]},
        cv=2,
    ).fit(X)
    assert search.best_params_["topology__rows"] == 5
    assert search.best_score_ < 0


def test_graphs_are_parameters_like_any_other(X):
    """A networkx graph is cloned and fitted as it is."""
    som = clone(SOM(topology=nx.karate_club_graph(), epochs=2)).fit(X)
    assert som.lattice_.nodes == tuple(range(34))
    assert som.transform(X).shape == (150, 34)


def test_partial_fit_goes_on_with_the_schedule(X):
    """Each call is an epoch at the next progress, with a falling learning rate, which stays at its end."""
    som = SOM(topology="hex:rows=3,columns=3", epochs=3)
    for _ in range(5):
        som.partial_fit(X)
    assert [line["progress"] for line in som.history_] == [0, 0.5, 1, 1, 1]
    assert [line["learning_rate"] for line in som.history_] == [0.5, 0.255, 0.01, 0.01, 0.01]
    assert som.n_iter_ == 5
    with pytest.raises(ValueError, match="features"):
        som.partial_fit(X[:, :2])


def test_fit_always_starts_anew(X):
    """A second fit forgets the first."""
    som = SOM(topology="hex:rows=3,columns=3", epochs=3, random_state=0)
    first = som.fit(X).codebook_
    som.partial_fit(X)
    assert np.array_equal(som.fit(X).codebook_, first)


def test_score_is_minus_the_quantisation_error(X):
    """The score is the negative mean distance to the best-matching unit."""
    som = SOM(topology="hex:rows=3,columns=3", epochs=3, random_state=0).fit(X)
    assert som.score(X) == pytest.approx(-som.transform(X).min(axis=1).mean(), rel=1e-12)
    assert np.array_equal(som.fit_predict(X), som.predict(X))


def test_random_states_of_every_kind(X):
    """An int, a RandomState and a Generator all seed the map; None draws a seed that the recipe then holds."""
    for state in (3, np.random.RandomState(3), np.random.default_rng(3)):
        SOM(topology="ring:units=5", initialiser="sample", random_state=state, epochs=2).fit(X)
    som = SOM(topology="ring:units=5", initialiser="sample", epochs=2).fit(X)
    again = som.map_.recipe.fit(X)
    assert np.array_equal(again.codebook, som.codebook_)
    assert isinstance(som.map_.recipe, Recipe)


def test_scaling_is_remembered(X):
    """With ``scale`` the codebook is in scaled units, and every X is scaled on the way in."""
    som = SOM(topology="hex:rows=3,columns=3", scale="standard", random_state=0).fit(X)
    by_hand = SOM(topology="hex:rows=3,columns=3", random_state=0).fit((X - X.mean(0)) / X.std(0))
    assert np.allclose(som.codebook_, by_hand.codebook_, atol=1e-12)
    assert np.allclose(som.map_.codebook_in_units, by_hand.codebook_ * X.std(0) + X.mean(0), atol=1e-12)
    assert np.array_equal(som.predict(X), by_hand.predict((X - X.mean(0)) / X.std(0)))


def test_a_drowning_feature_is_named():
    """One feature whose spread is over 30 times the median one is named, once."""
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)) * [1, 1, 1000], columns=["a", "b", "salary"])
    with pytest.warns(DataWarning) as caught:
        SOM(topology="ring:units=5").fit(X)
    spread = X.std(ddof=0)
    (warning,) = caught
    assert str(warning.message) == (
        f"the standard deviation of feature 'salary' is {spread.max() / spread.median():.0f} times the median one, so "
        f"it alone decides which unit is best; scale the data with scale='standard' unless that is what you want."
    )


def test_one_sample_is_no_map(X):
    """A single sample cannot be fitted, and can be read."""
    with pytest.raises(SampleError) as caught:
        SOM().fit(X[:1])
    assert str(caught.value) == "X has 1 sample, and a map to be fitted needs at least 2 (got n_samples=1)."
    assert SOM(topology=Hex(rows=2, columns=2)).fit(X).predict(X[:1]).shape == (1,)


def test_float32_stays_float32(X):
    """The codebook has X's floating dtype; integers become float64."""
    assert SOM(topology="ring:units=5").fit(X.astype(np.float32)).codebook_.dtype == np.float32
    assert SOM(topology="ring:units=5").fit((X * 10).astype(int)).codebook_.dtype == np.float64


def test_a_pickled_som_holds_no_samples(X):
    """A fitted SOM pickles to about the size of its map, whatever it was trained on, and goes on from there."""
    import pickle

    som = SOM(topology="grid:rows=30,columns=30", epochs=3, random_state=0).fit(np.tile(X, (200, 1)))
    data = pickle.dumps(som)
    assert len(data) < 10 * som.codebook_.nbytes
    again = pickle.loads(data).partial_fit(X)
    assert np.array_equal(again.codebook_, som.partial_fit(X).codebook_)
