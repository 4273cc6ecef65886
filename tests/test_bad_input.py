"""Bad input: one clear sentence each, asserted whole; nothing is lost, nothing is guessed."""

from datetime import date

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array

from somkit import SOM, Recipe, Samples, TrainedMap, load
from somkit.errors import RecipeError, SampleError, SomkitError

GOOD = np.random.default_rng(0).normal(size=(20, 3))


def changed(row, column, value, dtype=float):
    """Return good samples with one cell changed."""
    X = GOOD.astype(dtype)
    X[row, column] = value
    return X


SAMPLES = {
    "empty": (np.empty((0, 3)), "X has 0 sample(s) (shape=(0, 3)) while a minimum of 1 is required."),
    "no column": (np.empty((3, 0)), "X has 0 feature(s) (shape=(3, 0)) while a minimum of 1 is required."),
    "one row": (GOOD[:1], "X has 1 sample, and a map to be fitted needs at least 2 (got n_samples=1)."),
    "one dimension": (
        GOOD[:, 0],
        (
            "X must have shape (n_samples, n_features), got 1D of shape (20,). Reshape your data with X.reshape(-1, 1) if "
            "it has one feature or X.reshape(1, -1) if it is one sample."
        ),
    ),
    "NaN": (changed(17, 2, np.nan), "X[17, 2] is NaN; impute it or leave the row out first."),
    "infinite": (changed(3, 0, -np.inf), "X[3, 0] is infinite (inf); impute it or leave the row out first."),
    "NaN in a named column": (
        pd.DataFrame(changed(17, 2, np.nan), columns=["a", "b", "petal_width"]),
        "X[17, 2] (feature 'petal_width') is NaN; impute it or leave the row out first.",
    ),
    "masked": (
        np.ma.array(GOOD, mask=np.arange(60).reshape(20, 3) == 53),
        "X[17, 2] is NaN; impute it or leave the row out first.",
    ),
    "masked whole numbers": (
        np.ma.array(GOOD.astype(int), mask=np.arange(60).reshape(20, 3) == 53),
        "X[17, 2] is NaN; impute it or leave the row out first.",
    ),
    "the largest float64": (
        changed(17, 2, -np.finfo(np.float64).max),
        (
            "X[17, 2] is -1.79769e+308, and float64 measures distances between numbers up to 1.1e+301; if it stands for a "
            "missing value, impute it or leave the row out first, else divide the feature by a constant."
        ),
    ),
    "the largest float32": (
        changed(17, 2, np.finfo(np.float32).max, np.float32),
        (
            "X[17, 2] is 3.40282e+38, and float32 measures distances between numbers up to 8.5e+37; if it stands for a "
            "missing value, impute it or leave the row out first, else divide the feature by a constant."
        ),
    ),
    "text": (
        changed(1, 1, "setosa", object),
        (
            "X[1, 1] is 'setosa'; an argument must be a string of digits or a real number: encode or leave out columns of "
            "text."
        ),
    ),
    "dates": (
        np.array(["2020-01-01", "2020-01-02"], dtype="M8[D]")[:, None],
        "X holds dates or times (datetime64[D]), not numbers; turn them into numbers that mean something.",
    ),
    "dates of polars": (
        pl.DataFrame({"a": [1.0, 2.0], "day": [date(2020, 1, 1), date(2020, 1, 2)]}),
        "X holds dates or times (Date, feature 'day'), not numbers; turn them into numbers that mean something.",
    ),
    "a LazyFrame": (
        pl.LazyFrame({"a": [1.0, 2.0]}),
        "X is a LazyFrame of polars, which holds no rows yet; pass X.collect().",
    ),
    "ragged": ([[1.0, 2.0], [3.0]], "X is ragged: its rows have different lengths; give every row as many values."),
    "complex": (
        GOOD.astype(complex),
        "Complex data not supported: X has dtype complex128; give real numbers, such as X.real.",
    ),
}


@pytest.mark.parametrize("name", list(SAMPLES))
def test_bad_samples_are_refused(name):
    """Samples that cannot be used are refused in one sentence that says where."""
    X, message = SAMPLES[name]
    with pytest.raises(SomkitError) as caught:
        SOM().fit(X)
    assert str(caught.value) == message


GOOD_ENOUGH = {
    "one column": GOOD[:, :1],
    "constant column": np.column_stack([GOOD, np.full(20, 0.1)]),
    "all rows equal": np.full((20, 3), 1e8 / 3),
    "far from the origin": GOOD + 1e8,
    "tiny": GOOD * 1e-200,
    "huge": GOOD * 1e155,
    "as large as float64 measures": np.sign(GOOD) * 2.0**1000,
    "as large as float32 measures": (np.sign(GOOD) * 8e37).astype(np.float32),
    "masked nowhere": np.ma.array(GOOD.astype(int)),
    "booleans": GOOD > 0,
    "two rows": GOOD[:2],
}


@pytest.mark.parametrize("trainer", ["batch", "online"])
@pytest.mark.parametrize("name", list(GOOD_ENOUGH))
def test_odd_samples_are_trained_on(name, trainer):
    """Odd but whole data train: the codebook is finite, inside the data's box, and a constant stays that constant."""
    X = GOOD_ENOUGH[name]
    codebook = SOM(trainer=trainer, epochs=5, random_state=0).fit(X).codebook_
    low, high = X.min(axis=0).astype(float), X.max(axis=0).astype(float)
    if trainer == "batch":
        slack = 4 * np.spacing(np.maximum(np.abs(low), np.abs(high)))  # 4 units in the last place
        assert ((codebook >= low - slack) & (codebook <= high + slack)).all()
    assert np.isfinite(codebook).all()
    constant = low == high
    assert (codebook[:, constant] == low[constant]).all()


PARTS = {
    "rows=0": ({"topology": "hex:rows=0"}, "Hex.rows must be an integer >= 1, got 0."),
    "rows=2.5": ({"topology": "hex:rows=2.5"}, "Hex.rows must be an integer >= 1, got 2.5."),
    "rows=true": ({"topology": "hex:rows=true"}, "Hex.rows must be an integer >= 1, got True."),
    "unknown part": (
        {"neighbourhood": "gausian"},
        (
            "unknown neighbourhood 'gausian'; did you mean 'gaussian'? Known: bubble, epanechnikov, exponential, gaussian, "
            "mexican_hat, triangle."
        ),
    ),
    "part of another kind": (
        {"metric": "hex"},
        (
            "unknown metric 'hex'. There is a topology of that name. Known: angular, braycurtis, canberra, "
            "chebyshev, correlation, cosine, euclidean, hamming, haversine, jaccard, layer, layers, mahalanobis, "
            "manhattan, minkowski, tanimoto, weighted."
        ),
    ),
    "misspelt parameter": (
        {"topology": "hex:cols=3"},
        (
            "topology 'hex' has no parameter 'cols'; did you mean 'columns'? Its parameters are rows, columns, offset, "
            "periodic, distance, shape, mask."
        ),
    ),
    "unreadable": ({"topology": "hex:rows"}, "cannot read 'hex:rows': key=value expected at character 9."),
    "no part at all": (
        {"topology": 7},
        "a topology must be given as text, a dict or an object of a part, or a networkx graph, got 7.",
    ),
    "a number for a schedule": (
        {"radius": 2},
        "a schedule must be given as text, a dict or an object, got 2; write 'constant:value=2'.",
    ),
    "dict without name": ({"topology": {"rows": 3}}, "a topology given as a dict needs a 'name', got {'rows': 3}."),
    "negative radius": (
        {"radius": "constant:value=-1"},
        "the radius must be finite and >= 0, got -1.0 from schedule 'constant:value=-1'; change its parameters.",
    ),
    "epochs=0": ({"epochs": 0}, "Recipe.epochs must be an integer >= 1, got 0."),
    "jobs=0": ({"n_jobs": 0}, "Recipe.n_jobs must be an integer >= 1, got 0."),
    "seed": ({"random_state": -1}, "Recipe.random_state must be an integer >= 0, got -1."),
    "scale": ({"scale": "robust"}, "Recipe.scale must be None, 'standard' or 'minmax', got 'robust'."),
    "directed graph": (
        {"topology": nx.DiGraph([(0, 1)])},
        "a map's graph must be undirected, got a directed one; convert it with graph.to_undirected().",
    ),
    "empty graph": ({"topology": nx.Graph()}, "a map's graph must have at least one node, got an empty one."),
    "short periodic columns": (
        {"topology": "grid:rows=3,columns=2,periodic=columns"},
        "Grid.columns must be an integer >= 3 where columns are periodic, got 2.",
    ),
    "odd periodic rows of hexagons": (
        {"topology": "hex:rows=5,columns=5,periodic=both"},
        "Hex.rows must be even where rows are periodic, so that the shifted rows meet, got 5.",
    ),
    "batch with manhattan": (
        {"metric": "manhattan"},
        (
            "trainer 'batch' has no update for metric 'manhattan'; use trainer='online', trainer='batch:centre=median' "
            "or 'batch:centre=mean' to take medians or means all the same, or a metric whose centre is a mean, such as "
            "'euclidean' or 'cosine'."
        ),
    ),
    "batch with a hat": (
        {"neighbourhood": "mexican_hat"},
        (
            "trainer 'batch' takes means, and neighbourhood 'mexican_hat' has negative influences; use trainer='online', or "
            "a neighbourhood such as 'gaussian'."
        ),
    ),
    "reach": ({"neighbourhood": "gaussian:reach=-1"}, "Gaussian.reach must be a finite number >= 0 or 'none', got -1."),
    "NaN in a field": (
        {"radius": {"name": "linear", "start": float("nan")}},
        "Linear.start must be a finite number, got nan.",
    ),
    "join without end": (
        {"radius": "join:schedules=[linear,linear]"},
        "Join.boundaries must be 1 rising number(s) in (0, 1), got ().",
    ),
}


@pytest.mark.parametrize("name", list(PARTS))
def test_bad_parts_are_refused(name):
    """A recipe that cannot work is refused in one sentence that names the parameter, the value and the way out."""
    parameters, message = PARTS[name]
    with pytest.raises(SomkitError) as caught:
        SOM(**parameters).fit(GOOD)
    assert str(caught.value) == message


FIT = {
    "weights of the wrong shape": (
        {"sample_weight": [1.0]},
        "sample_weight must have shape (20,), one weight for each sample, got (1,).",
    ),
    "a negative weight": (
        {"sample_weight": [1.0] * 19 + [-1.0]},
        "sample_weight must be finite and >= 0, got -1.0 at sample 19.",
    ),
    "a masked weight": (
        {"sample_weight": np.ma.masked_less(np.arange(20.0), 2)},
        "sample_weight is masked at sample 0; give 0 for a sample that is not to count.",
    ),
    "no weight at all": (
        {"sample_weight": [0.0] * 20},
        "sample_weight is zero for every sample; at least one must count.",
    ),
    "a codebook of the wrong shape": (
        {"initial_codebook": np.zeros((3, 3))},
        "the codebook must have shape (6, 3), a row for each unit, got (3, 3).",
    ),
    "a complex codebook": (
        {"initial_codebook": np.full((6, 3), 1j)},
        "the codebook must hold real numbers, got complex ones.",
    ),
    "complex weights": (
        {"sample_weight": np.full(20, 1j)},
        "sample_weight must hold real numbers, got complex ones.",
    ),
    "a codebook with NaN": (
        {"initial_codebook": np.full((6, 3), np.nan)},
        "the codebook must be finite; it holds NaN or infinite values.",
    ),
    "an order for batch": (
        {"order": [0, 1]},
        "order has no meaning for trainer 'batch', which does not take them one by one; use trainer='online'.",
    ),
}


@pytest.mark.parametrize("name", list(FIT))
def test_bad_arguments_of_fit_are_refused(name):
    """Weights, codebooks and orders that do not fit are refused in one sentence."""
    arguments, message = FIT[name]
    with pytest.raises(SomkitError) as caught:
        SOM(topology="grid:rows=2,columns=3").fit(GOOD, **arguments)
    assert str(caught.value) == message


ORDERS = {
    "too short": ([0, 1], "order must hold epochs x updates = 20 x 20 = 400 sample numbers, got 2."),
    "out of range": ([0, 20], "order must hold sample numbers from 0 to 19, got 20."),
    "fractions": ([0.5], "order must be a one-dimensional array of integers, got float64 of shape (1,)."),
}


@pytest.mark.parametrize("name", list(ORDERS))
def test_bad_orders_are_refused(name):
    """An order that does not name epochs x updates samples is refused."""
    order, message = ORDERS[name]
    with pytest.raises(SomkitError) as caught:
        SOM(trainer="online").fit(GOOD, order=order)
    assert str(caught.value) == message


def test_weights_have_no_place_in_an_order():
    """An online trainer that takes every sample equally often refuses weights and says what takes them."""
    with pytest.raises(SomkitError) as caught:
        SOM(trainer="online").fit(GOOD, sample_weight=np.arange(20))
    assert str(caught.value) == (
        "trainer 'online' takes no sample weights, and these differ; use 'batch' or 'online:order=replacement', or "
        "leave sample_weight out."
    )


def test_a_diverging_map_is_stopped():
    """A learning rate that throws the codebook to infinity ends in one sentence, not in NaN."""
    with pytest.raises(SomkitError) as caught, np.errstate(all="ignore"):
        SOM(topology="ring:units=4", trainer="online", learning_rate="constant:value=1e200", epochs=3).fit(GOOD)
    assert str(caught.value).startswith("trainer 'online' diverged in epoch 0: the codebook is no longer finite; lower")


@pytest.fixture
def trained():
    """Return a small map of three features."""
    return TrainedMap.from_codebook("line:units=4", np.arange(12.0).reshape(4, 3), feature_names=("a", "b", "c"))


def test_the_wrong_width_is_refused_at_predict(trained):
    """X with other columns than the map was trained on is refused; more columns of a DataFrame are passed over."""
    with pytest.raises(SomkitError) as caught:
        trained.bmu(np.zeros((2, 4)))
    assert str(caught.value) == "X has 4 feature(s), but this map was trained on 3; give it the same columns."
    with pytest.raises(SomkitError) as caught:
        trained.bmu(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    assert str(caught.value) == "X lacks the column(s) 'c' that this map was trained on."
    frame = pd.DataFrame({"label": ["x"], "c": [5.0], "b": [4.0], "a": [3.0]})
    assert trained.bmu(frame).tolist() == [1]


@pytest.mark.parametrize("k", [0, 5, 1.5, True])
def test_k_is_between_1_and_the_number_of_units(trained, k):
    """Asking for no unit, or for more than there are, is refused."""
    with pytest.raises(SomkitError) as caught:
        trained.bmu(np.zeros((1, 3)), k=k)
    assert str(caught.value) == f"k must be an integer from 1 to the number of units, 4, got {k!r}."


def test_a_measure_that_needs_data_says_so(trained):
    """A measure without samples is refused in one sentence."""
    with pytest.raises(SomkitError) as caught:
        trained.measure("quantisation_error")
    assert str(caught.value) == "X is needed here: the samples, of shape (n_samples, n_features)."


def test_recipes_refuse_what_they_do_not_know(tmp_path):
    """A recipe file with an unknown key, or that is no TOML, or is not there, is refused in one sentence."""
    path = tmp_path / "recipe.toml"
    path.write_text("epoch = 3\n", encoding="utf-8")
    with pytest.raises(SomkitError) as caught:
        Recipe.from_toml(path)
    assert str(caught.value) == (
        "a recipe has no 'epoch'; did you mean 'epochs'? It may have topology, metric, neighbourhood, learning_rate, "
        "radius, initialiser, trainer, epochs, scale, n_jobs, random_state."
    )
    path.write_text("epochs = \n", encoding="utf-8")
    with pytest.raises(SomkitError, match="is not a TOML file"):
        Recipe.from_toml(path)
    with pytest.raises(SomkitError) as caught:
        Recipe.from_toml(tmp_path / "none.toml")
    assert str(caught.value) == f"{tmp_path / 'none.toml'} cannot be read: No such file or directory."


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"not a map at all"])
def test_foreign_files_are_refused(tmp_path, content):
    """A file that is no map is refused, whatever it holds."""
    path = tmp_path / "foreign.somkit"
    path.write_bytes(content)
    with pytest.raises(SomkitError, match="is not a somkit map file"):
        load(path)


@pytest.mark.parametrize("scale", [None, "standard", "minmax"])
@pytest.mark.parametrize("power", [-200, 155, 200])
def test_the_map_does_not_depend_on_the_unit_of_measurement(power, scale):
    """Data in tiny or huge units give the same map in those units, with nothing lost on the way."""
    factor = 2.0 ** (power * 3)  # a power of two, so that multiplying by it rounds nothing
    plain = SOM(topology="hex:rows=4,columns=5", scale=scale, random_state=0).fit(GOOD)
    scaled = SOM(topology="hex:rows=4,columns=5", scale=scale, random_state=0).fit(GOOD * factor)
    assert np.array_equal(scaled.predict(GOOD * factor), plain.predict(GOOD))
    assert np.allclose(scaled.map_.codebook_in_units / factor, plain.map_.codebook_in_units, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_what_differs_by_less_than_can_be_divided_by_is_not_scaled(scale):
    """One over such a spread is infinite."""
    smallest = np.finfo(np.float64).smallest_subnormal
    trained = Recipe(topology="line:units=2", scale=scale, radius="constant:value=0").fit([[0.0], [smallest]])
    assert np.sort(trained.codebook_in_units, axis=0).tolist() == [[0.0], [smallest]]


def test_a_sparse_sample_that_is_too_large_to_measure_is_named():
    """It is named as one in a dense X is."""
    with pytest.raises(SampleError) as caught:
        SOM().fit(csr_array(([1.0, 1e38], ([0, 4], [1, 0])), shape=(5, 2), dtype=np.float32))
    assert str(caught.value) == (
        "X[4, 0] is 1e+38, and float32 measures distances between numbers up to 8.5e+37; if it stands for a missing "
        "value, impute it or leave the row out first, else divide the feature by a constant."
    )


def test_rows_of_wide_samples_are_named_by_their_numbers():
    """Wide samples are read in smaller blocks; a cell that a metric refuses is named by its row of X all the same."""
    wrong, bare = np.ones((1_200, 300)), np.ones((1_200, 300))
    wrong[1_100, 7] = -3
    bare[1_100, 1:] = np.nan
    weights = ",".join(["0"] + ["1"] * 299)
    for X, metric, said in [
        (wrong, "jaccard", "X[1100, 7] is -3, but metric 'jaccard' measures numbers"),
        (
            bare,
            f"weighted:metric={{name=euclidean,missing=ignore}},weights=[{weights}]",
            "X[1100] has nothing observed",
        ),
        (bare, "layers:missing=ignore,layers=[{columns=[0,1],metric=manhattan}]", "X[1100, 1] is NaN, and metric"),
    ]:
        with pytest.raises(SampleError) as caught:
            Recipe(topology="line:units=2", metric=metric, trainer="online").fit(X)
        assert str(caught.value).startswith(said)


def test_masked_cells_are_missing_values():
    """What lies under a mask is not seen, where a metric takes missing values."""
    hidden = GOOD > 1
    recipe = Recipe(topology="line:units=3", metric="euclidean:missing=ignore", random_state=0)
    expected = recipe.fit(np.where(hidden, np.nan, GOOD)).codebook
    assert np.array_equal(recipe.fit(np.ma.array(np.where(hidden, 99.0, GOOD), mask=hidden)).codebook, expected)


def test_a_run_without_end_is_started_at_once():
    """Who stops by hand may plan any number of epochs; their schedules are not all worked out beforehand."""
    states = Recipe(topology="line:units=2", epochs=10**15, random_state=0).train(GOOD)
    assert next(states).epoch == 1


def test_a_recipe_not_started_has_no_task():
    """A recipe whose learning rate is still the trainer's own says how to come by a task."""
    with pytest.raises(RecipeError) as caught:
        Recipe().task(Samples.of(GOOD))
    assert str(caught.value) == (
        "a recipe's learning rate is known only when it has been started; take the task of Recipe.start(X)."
    )
