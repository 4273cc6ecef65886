"""Trainers that take a few samples at a time, and trainers made of other trainers."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from somkit import SOM, Recipe, load
from somkit.recipe import load_checkpoint
from somkit.standard import Euclidean
from somkit.standard.topologies.from_data import codebook_tree

X = load_iris().data
SETTINGS = {"topology": "hex:rows=5,columns=7", "random_state": 0}
MINISOM = json.loads((Path(__file__).parent / "data" / "minisom_defaults.json").read_text(encoding="utf-8"))
WELL_KNOWN = {
    "iris": (load_iris, False),
    "wine": (load_wine, True),
    "digits": (load_digits, False),
    "breast_cancer": (load_breast_cancer, True),
}
SETTLED = "join:schedules=[linear,{name=constant,value=1}],boundaries=[0.05]"


def test_one_minibatch_of_everything_is_the_batch_update():
    """A mini-batch as large as the data, at rate 1, is an epoch of the batch trainer."""
    batch = Recipe(**SETTINGS).fit(X)
    mini = Recipe(trainer="minibatch:size=150", learning_rate="constant:value=1", **SETTINGS).fit(X)
    # Only the order of the sums differs.
    np.testing.assert_allclose(mini.codebook, batch.codebook, rtol=1e-10)


def test_equal_weights_change_nothing_in_minibatches():
    """Weights that are all k are as good as none, and a row of weight 0 as no row."""
    recipe = Recipe(trainer="minibatch", **SETTINGS)
    plain, initial = recipe.fit(X), recipe.start(X).state.codebook
    np.testing.assert_allclose(recipe.fit(X, np.full(len(X), 3.0)).codebook, plain.codebook, rtol=1e-10)
    weight = np.repeat([1.0, 0.0], 75)
    first = recipe.fit(X, weight, initial_codebook=initial)
    np.testing.assert_allclose(
        first.codebook, recipe.fit(X[:75], initial_codebook=initial).codebook, rtol=1e-10
    )  # the box that keeps the sums exact is another's


def test_two_equal_phases_are_one():
    """Rough and fine of one kind, at the same boundary of schedules, are that trainer alone, to the bit."""
    both = Recipe(trainer="two_phase:rough=batch,fine=batch", **SETTINGS).fit(X)
    assert np.array_equal(both.codebook, Recipe(**SETTINGS).fit(X).codebook)


@pytest.mark.parametrize(
    ("trainer", "schedule"),
    [
        ("two_phase:boundary=0", "constant:value=1.0"),
        ("two_phase:boundary=1", "linear:start=0.5,stop=0.01"),
        (
            "two_phase",
            "join:schedules=[{name=linear,start=0.5,stop=0.01},{name=constant,value=1.0}],boundaries=[0.25]",
        ),
        ("converging:trainer=online", "linear:start=0.5,stop=0.01"),
    ],
)
def test_composed_trainers_ask_theirs_for_the_learning_rate(trainer, schedule):
    """A learning rate that is left out is that of the trainers within, joined at the boundary."""
    assert str(Recipe(trainer=trainer, **SETTINGS).start(X).recipe.learning_rate) == schedule


@pytest.mark.parametrize("trainer", ["minibatch", "two_phase", "converging", "mst_retrain"])
def test_a_metric_without_a_centre_is_refused_within(trainer):
    """What the trainer within cannot do is refused when the recipe is built, by name."""
    named = "minibatch" if trainer in {"minibatch", "two_phase"} else "batch"
    with pytest.raises(ValueError, match=f"^trainer '{named}' has no update for metric 'manhattan'; use trainer='on"):
        Recipe(trainer=trainer, metric="manhattan")


def test_convergence_ends_training_early_and_a_resumed_run_at_the_same_epoch(tmp_path):
    """Training ends once nothing improves, `n_iter_` says when, and a checkpoint from before ends there too."""
    recipe = Recipe(trainer="converging", radius=SETTLED, epochs=500, **SETTINGS)
    run = recipe.start(X)
    states = list(run.states())
    som = SOM(trainer="converging", radius=SETTLED, epochs=500, **SETTINGS).fit(X)
    assert 25 < som.n_iter_ == states[-1].epoch < 500
    errors = [line["quantisation_error"] for line in som.history_][-4:]
    assert all(before - after <= 1e-4 * before for before, after in pairwise(errors))
    run.save_checkpoint(tmp_path / "checkpoint", states[-2])
    loaded, state = load_checkpoint(tmp_path / "checkpoint")
    resumed = loaded.fit(X, resume=state)
    assert len(resumed.history) == som.n_iter_
    assert np.array_equal(resumed.codebook, som.codebook_)


def test_a_radius_that_falls_to_the_end_never_counts_as_converged():
    """While the radius changes an error that stands still says nothing, so every epoch is run."""
    assert SOM(trainer="converging:tol=1", epochs=12, **SETTINGS).fit(X).n_iter_ == 12


def test_the_spanning_tree_is_networkx_s():
    """The tree is as long as networkx's, and the same where no two distances are equal."""
    W = np.random.default_rng(0).normal(size=(40, 3))
    distances = Euclidean().pairwise(W, W)
    graph = nx.from_numpy_array(distances)
    expected = sorted(tuple(sorted(edge)) for edge in nx.minimum_spanning_tree(graph).edges)
    assert [tuple(edge) for edge in codebook_tree(Euclidean(), W)[0].tolist()] == expected
    assert len(codebook_tree(Euclidean(), np.zeros((5, 2)))[0]) == 4


def test_the_tree_is_saved_and_drawn(tmp_path):
    """After retraining the map is a tree on the same nodes, comes back from its file as one, and is drawn."""
    from matplotlib.figure import Figure

    trained = Recipe(trainer="mst_retrain", **SETTINGS).fit(X)
    graph = nx.Graph(trained.lattice.edges.tolist())
    assert nx.is_tree(graph)
    assert trained.lattice.nodes == Recipe(**SETTINGS).start(X).state.lattice.nodes
    trained.save(tmp_path / "tree.somkit")
    again = load(tmp_path / "tree.somkit")
    assert np.array_equal(again.lattice.edges, trained.lattice.edges)
    assert np.array_equal(again.bmu(X), trained.bmu(X))
    again.draw("u_matrix", ax=Figure().subplots())


def test_the_tree_is_taken_once_or_every_epoch():
    """The lattice changes before the epoch at ``start``, and later only if it is asked for."""
    once = [state.lattice for state in Recipe(trainer="mst_retrain", epochs=9, **SETTINGS).train(X)]
    assert [len(lattice.edges) == 34 for lattice in once] == [False] * 4 + [True] * 5
    assert once[4] is once[8]
    often = [s.lattice for s in Recipe(trainer="mst_retrain:every_epoch=true", epochs=9, **SETTINGS).train(X)]
    assert not np.array_equal(often[4].edges, often[8].edges)


@pytest.mark.parametrize("trainer", ["minibatch", "two_phase", "mst_retrain"])
@pytest.mark.parametrize(
    ("data", "scale"),
    [(load_iris, None), (load_digits, None), (load_wine, "standard"), (load_breast_cancer, "standard")],
)
def test_defaults_do_on_well_known_data(data, scale, trainer):
    """Untuned, a trainer's quantisation error is within what the batch trainer's map of that size has.

    Half as much again is allowed for `minibatch`, whose last radius is felt by every mini-batch (measured: 1.42 times
    on iris, 1.28 on wine, 1.08 on cancer and 1.06 on digits).
    """
    samples = data().data
    settings = {"topology": "hex:rows=8,columns=10", "random_state": 0, "scale": scale}
    batch = Recipe(**settings).fit(samples).quantisation_error(samples)
    found = Recipe(trainer=trainer, **settings).fit(samples).quantisation_error(samples)
    assert found < batch * (1.5 if trainer == "minibatch" else 1.02)


def _beside_minisom(name, topology, **settings):
    """Return a map of the size that MiniSom had and its samples, and the medians of MiniSom's errors."""
    load_data, scaled = WELL_KNOWN[name]
    samples = StandardScaler().fit_transform(load_data().data) if scaled else load_data().data
    kind = {"rectangular": "grid", "hexagonal": "hex"}[topology]
    size = f"{kind}:rows={MINISOM['rows']},columns={MINISOM['columns']}"
    trained = Recipe(topology=size, random_state=0, epochs=MINISOM["epochs"], **settings).fit(samples)
    theirs = {error: float(np.median(values)) for error, values in MINISOM["errors"][name][topology].items()}
    return trained, samples, theirs


@pytest.mark.xfail(
    reason="our last radius, half an edge, smooths more than MiniSom's third of one: 7 to 28 % above it", strict=True
)
@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
@pytest.mark.parametrize("name", WELL_KNOWN)
def test_the_default_recipe_quantises_as_finely_as_minisom_s(name, topology):
    """Untuned, the quantisation error would be within 5 % of what MiniSom's untuned map of one size has.

    The limit was set before any figure was seen, and it is not met on any of the four data sets.
    """
    trained, samples, theirs = _beside_minisom(name, topology)
    assert trained.quantisation_error(samples) <= 1.05 * theirs["quantisation"]


@pytest.mark.parametrize("name", WELL_KNOWN)
def test_the_default_recipe_keeps_the_order_that_minisom_s_does(name):
    """Untuned, the topographic error is at most 0.05 above that of MiniSom's untuned map of one size.

    The limit was set before any figure was seen. Hexagons only: on a grid MiniSom counts diagonals as edges.
    """
    trained, samples, theirs = _beside_minisom(name, "hexagonal")
    assert trained.measure("topographic_error", samples) <= theirs["topographic"] + 0.05


@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
@pytest.mark.parametrize("name", WELL_KNOWN)
def test_with_minisom_s_radius_the_quantisation_error_is_minisom_s(name, topology):
    """With the radius that MiniSom has, the quantisation error is within the 5 % that the default recipe misses.

    This comparison was added once that had been seen, to tell whether the radius is the reason (measured: 0.94 to 1.03
    times MiniSom's).
    """
    trained, samples, theirs = _beside_minisom(name, topology, radius="asymptotic:start=1,rate=2")
    assert trained.quantisation_error(samples) <= 1.05 * theirs["quantisation"]


def test_partial_fit_goes_on_with_the_schedule():
    """Chunk by chunk the history's progress runs from 0 to 1 over the planned epochs, then stays there."""
    for trainer in ("minibatch", "two_phase", "converging", "mst_retrain"):
        som = SOM(trainer=trainer, epochs=4, **SETTINGS)
        for chunk in np.array_split(np.random.default_rng(0).permutation(X), 6):
            som.partial_fit(chunk)
        assert [line["progress"] for line in som.history_] == [0, 1 / 3, 2 / 3, 1, 1, 1]
