"""Trainers that take a few samples at a time, and trainers made of other trainers."""

from __future__ import annotations

import copy
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, final

import attrs
import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from somkit import SOM, Recipe, Samples, Trainer, load
from somkit.errors import RecipeError
from somkit.kernels import OnlineCodebook
from somkit.plugins import current, use
from somkit.recipe import load_checkpoint
from somkit.registry import LOCAL, Entry, Registry
from somkit.standard import Batch, Converging, Euclidean, Graph, Minibatch, MstRetrain, Online, TwoPhase
from somkit.standard.topologies.from_data import codebook_tree

X = load_iris().data
SETTINGS = {"topology": "hex:rows=5,columns=7", "random_state": 0}
TUNED = json.loads((Path(__file__).parent / "data" / "defaults.json").read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("power", [-1000, -500, 500, 1000])
@pytest.mark.parametrize(
    "metric", ["euclidean", "euclidean:missing=ignore", "cosine", "mahalanobis", "haversine", "sparse"]
)
@pytest.mark.parametrize(
    "trainer",
    [
        "batch",
        "batch:centre=median",
        "minibatch:size=20",
        "online:order=replacement",
        "two_phase",
        "converging",
        "mst_retrain",
    ],
)
def test_weights_near_zero_and_infinity_train_as_others(trainer, metric, power):
    """All weights times one power of two are the same weights to the bit, also where their sums would overflow."""
    data = np.random.default_rng(0).normal(size=(50, 2 if metric == "haversine" else 4))
    weight = np.random.default_rng(1).integers(1, 4, 50).astype(float)
    if "missing" in metric:
        data[::7, 1] = np.nan
    if metric == "sparse":
        data, metric = csr_array(np.maximum(data, 0)), "euclidean"
        trainer = "batch" if "median" in trainer else trainer
    recipe = Recipe(topology="hex:rows=3,columns=3", metric=metric, trainer=trainer, epochs=3, random_state=0)
    trained, same = recipe.fit(data, weight), recipe.fit(data, np.ldexp(weight, power))
    assert np.array_equal(same.codebook, trained.codebook)
    assert same.history == trained.history
    assert same.quantisation_error(data, np.ldexp(weight, power)) == trained.quantisation_error(data, weight)


@pytest.mark.parametrize("power", [-1073, 1020])
@pytest.mark.parametrize("topology", ["hex", "lattice", "torus", "knn", "mst"])
def test_any_weights_make_a_map_of_automatic_size(topology, power):
    """The number of units goes by a total weight that may be infinite, and their places by the weights' proportions."""
    data = np.random.default_rng(0).normal(size=(60, 4))
    trained = Recipe(topology=topology, epochs=1, random_state=0).fit(data, np.full(60, np.ldexp(1.0, power)))
    assert 4 <= len(trained.lattice) <= 2_600
    assert np.isfinite(trained.codebook).all()


@pytest.mark.parametrize("power", [-500, 1020])
@pytest.mark.parametrize("measure", ["explained_variance", "distortion", "quantisation_error", "kruskal_shepard"])
def test_measures_that_are_means_take_weights_near_zero_and_infinity(measure, power):
    """A mean over samples or pairs is the same to the bit for weights times a power of two."""
    trained, weight = Recipe(**SETTINGS).fit(X), 1.0 + np.arange(len(X)) % 3
    wanted = trained.measure(measure, X, sample_weight=weight)
    assert trained.measure(measure, X, sample_weight=np.ldexp(weight, power)) == wanted


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


@pytest.mark.parametrize("size", [1, 7, 64])
def test_minibatches_weigh_the_same(size):
    """Samples of any weight are cut into mini-batches of equal weight, which together are the weight of every sample."""
    weight = np.random.default_rng(0).exponential(size=150) ** 2
    weight[:5] = 0
    batches = Minibatch(size=size)._batches(Samples.of(X, weight), np.random.default_rng(1))
    total = np.zeros(150)
    for rows, part in batches:
        np.add.at(total, rows, part)
    scale = weight.sum() / 145
    np.testing.assert_allclose(total * scale, weight, rtol=0, atol=1e-12 * weight.sum())
    sums = np.array([part.sum() for _, part in batches])
    wanted = np.full(-(-145 // size), size)
    wanted[-1] = 145 - size * (len(wanted) - 1)
    np.testing.assert_allclose(sums, wanted, rtol=1e-10)


def test_minibatches_of_few_and_of_many_rows_are_searched_on_large_maps():
    """Where weights differ mini-batches have few rows or many, also on a map so large that it is searched by tiles."""
    weight = np.random.default_rng(0).exponential(size=150) ** 2
    settings = {"trainer": "minibatch:size=3", "topology": "hex:rows=50,columns=50", "epochs": 1, "random_state": 0}
    assert np.isfinite(Recipe(**settings).fit(X, weight).codebook).all()


@pytest.mark.parametrize("trainer", ["online", "two_phase:rough=online", "converging:trainer=online"])
def test_weights_that_would_not_count_are_refused(trainer):
    """A trainer with a part that heeds no weights refuses those that differ, also chunk by chunk; equal ones it takes."""
    recipe = Recipe(trainer=trainer, **SETTINGS)
    message = re.escape(
        f"trainer '{recipe.trainer}' takes no sample weights, and these differ; use 'batch' or "
        f"'online:order=replacement', or leave sample_weight out."
    )
    uneven = np.arange(150.0)
    with pytest.raises(RecipeError, match=message):
        recipe.fit(X, uneven)
    som = SOM(trainer=trainer, topology="hex:rows=3,columns=3", epochs=2, random_state=0).partial_fit(
        X, None, np.ones(150)
    )
    with pytest.raises(RecipeError, match=message):
        som.partial_fit(X, None, uneven)


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
    trained = Recipe(topology=size, random_state=0, **{"epochs": MINISOM["epochs"], **settings}).fit(samples)
    theirs = {error: float(np.median(values)) for error, values in MINISOM["errors"][name][topology].items()}
    return trained, samples, theirs


@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
@pytest.mark.parametrize("name", WELL_KNOWN)
def test_the_default_recipe_quantises_more_coarsely_than_minisom_s(name, topology):
    """Untuned, the quantisation error is above that of MiniSom's untuned map of one size, by less than a third.

    A limit of 5 % was set before any figure was seen, and it is not met on any of the four data sets (measured: 7 to
    28 % above). Should it be met one day, the documentation has to say so.
    """
    trained, samples, theirs = _beside_minisom(name, topology)
    assert 1.05 < trained.quantisation_error(samples) / theirs["quantisation"] < 1.33


@pytest.mark.parametrize("name", WELL_KNOWN)
def test_a_narrower_last_radius_quantises_as_finely_as_minisom(name):
    """A last radius of a third of an edge and 50 epochs, as the documentation says, meet that limit of 5 %."""
    trained, samples, theirs = _beside_minisom(name, "hexagonal", radius="linear:stop=0.33", epochs=50)
    assert trained.quantisation_error(samples) <= 1.05 * theirs["quantisation"]


@pytest.fixture(scope="module")
def defaults():
    """Return the medians of quantisation and combined error of the defaults on each data set, by each trainer."""
    found = {}
    for name, (load_data, scaled) in WELL_KNOWN.items():
        samples = StandardScaler().fit_transform(load_data().data) if scaled else load_data().data
        for trainer, seeds in (("batch", range(1)), ("online", range(3))):
            size = f"hex:rows={MINISOM['rows']},columns={MINISOM['columns']}"
            maps = [Recipe(topology=size, trainer=trainer, random_state=seed).fit(samples) for seed in seeds]
            found[name, trainer] = {
                error: float(np.median([trained.measure(error, samples) for trained in maps]))
                for error in ("quantisation_error", "combined_error")
            }
    return found


@pytest.mark.parametrize("trainer", ["batch", "online"])
@pytest.mark.parametrize("name", WELL_KNOWN)
def test_no_tuning_gains_in_both_errors(name, trainer, defaults):
    """No setting of the grid lowers quantisation and combined error both by more than 5 %: tuning is a choice.

    A combined error within 5 % of the least in the grid was asked for first. It is not met by `batch` (8 to 19 % above)
    and by `online` on two of four sets only; where it is least the map is stiff, and its quantisation error high.
    """
    tuned = [r for r in TUNED if (r["data"], r["by"]) == (name, trainer) and r["settings"]]
    assert len(tuned) == {"batch": 12, "online": 36}[trainer]
    ours = defaults[name, trainer]
    gains = [min(ours[error] / record[error] for error in ours) for record in tuned]
    assert max(gains) <= 1.05  # measured: 1.03


@pytest.mark.parametrize("trainer", ["batch", "online"])
@pytest.mark.parametrize("name", WELL_KNOWN)
def test_the_defaults_combined_error_is_below_minisom_s(name, trainer, defaults):
    """Untuned, the combined error is at most 0.8 times that of MiniSom's untuned map (measured: 0.59 to 0.78)."""
    (theirs,) = (r["combined_error"] for r in TUNED if (r["data"], r["by"]) == (name, "minisom"))
    assert defaults[name, trainer]["combined_error"] <= 0.8 * theirs


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


# --- trainers within trainers ----------------------------------------------------------------------------------------


@final
@attrs.frozen(kw_only=True)
class Growing(Trainer):
    """A stranger's trainer: takes samples in a given order, adds a unit each epoch and ends at a size."""

    name: ClassVar[str] = "growing"
    takes_order: ClassVar[bool] = True
    changes_lattice: ClassVar[bool] = True
    taken: int = 3
    units: int = 99

    def order_length(self, n, progress):
        """Return the number of samples it takes."""
        del n, progress
        return self.taken

    def finished(self, task, state):
        """Tell whether the size is reached."""
        return state.epoch >= task.epochs or len(state.lattice) >= self.units

    def run_epoch(self, task, state):
        """Add the mean of the samples taken as a unit, at the end of a line."""
        rng, order = state.rng(), task.order_of(state.epoch)
        order = rng.integers(len(task.samples), size=self.taken) if order is None else order
        assert len(order) == self.taken
        codebook = np.vstack([state.codebook, task.samples.rows(order).mean(axis=0)])
        longer = attrs.evolve(state, lattice=Recipe(topology=f"line:units={len(codebook)}").topology.lattice())
        counted = {**state.records, "growing.taken": np.append(state.records.get("growing.taken", []), order)}
        return longer.after_epoch(
            task,
            codebook,
            radius=task.radius(task.progress(state.epoch)),
            learning_rate=0,
            quantisation_error=1,
            updates=3,
            rng=rng,
            records=counted,
        )


GROWING = {"topology": "line:units=3", "epochs": 8, "random_state": 0}
COMPOSED = {
    "two_phase": TwoPhase(rough=Growing(), fine=Batch(), boundary=0.5),
    "two_phase the other way round": TwoPhase(rough=Batch(), fine=Growing(), boundary=0.5),
    "mst_retrain": MstRetrain(trainer=Growing()),
    "converging": Converging(trainer=Growing(), tol=0),
    "converging of two phases": Converging(trainer=TwoPhase(rough=Growing(), boundary=0.5)),
    "two phases of trees": TwoPhase(
        rough=MstRetrain(trainer=Growing(), start=0.2), fine=MstRetrain(trainer=Batch(), start=0.6), boundary=0.5
    ),
    "wins": TwoPhase(rough=Online(record_wins=True), fine=Online(updates=40, record_wins=True), boundary=0.5),
}


@pytest.mark.parametrize("name", COMPOSED)
@pytest.mark.parametrize("ordered", [False, True])
def test_a_run_of_composed_trainers_is_resumed_wherever_it_stopped(name, ordered, tmp_path):
    """From a checkpoint in the middle of any phase the run ends in the same map, strangers' and growing ones included."""
    recipe = Recipe(trainer=COMPOSED[name], **GROWING)
    taken = sum(recipe.trainer.order_length(len(X), epoch / 7) for epoch in range(8))
    order = np.random.default_rng(1).integers(0, len(X), taken) if ordered else None
    run = recipe.start(X, order=order)
    states = list(run.states())
    assert len(states) == 8
    for state in states[:-1]:
        run.save_checkpoint(tmp_path / "checkpoint", state)
        _, kept = load_checkpoint_of(recipe, tmp_path / "checkpoint")
        resumed = recipe.start(X, order=order, resume=kept).last_state()
        assert np.array_equal(resumed.codebook, states[-1].codebook)
        assert np.array_equal(resumed.lattice.edges, states[-1].lattice.edges)
        assert resumed.history == states[-1].history
        assert {key: value.tolist() for key, value in resumed.records.items()} == {
            key: value.tolist() for key, value in states[-1].records.items()
        }
    if ordered and name != "wins":
        assert states[-1].records["growing.taken"].tolist() == order.tolist()
    if name == "wins":
        assert run.trained(states[-1]).wins.sum() == 4 * len(X) + 4 * 40


def load_checkpoint_of(recipe, path):
    """Read a checkpoint whose recipe may hold a trainer that is registered nowhere."""
    plugins = copy.copy(current())
    plugins.registry = Registry([*plugins.registry.entries(), Entry("trainer", "growing", LOCAL, Growing)])
    with use(plugins):
        loaded, state = load_checkpoint(path)
    assert loaded.trainer == recipe.trainer
    return loaded, state


@pytest.mark.parametrize(
    ("trainer", "order", "sentence"),
    [
        (
            "two_phase:rough=online,fine=batch,boundary=0.5",
            np.zeros(7, dtype=int),
            "order must hold 300 sample numbers, those of the 2 epochs that take them one by one, got 7.",
        ),
        (
            "converging:trainer={name=online,updates=9}",
            np.zeros(7, dtype=int),
            "order must hold epochs x updates = 4 x 9 = 36 sample numbers, got 7.",
        ),
        (
            "two_phase",
            np.zeros(7, dtype=int),
            "order has no meaning for trainer 'two_phase', which does not take them one by one; use trainer='online'.",
        ),
    ],
)
def test_an_order_of_another_length_is_refused(trainer, order, sentence):
    """An order has to have an entry for each sample that the trainers within take."""
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Recipe(trainer=trainer, epochs=4, **SETTINGS).fit(X, order=order)


def test_an_order_is_that_of_the_epochs_planned():
    """Beyond them there is none, and whoever asks is told."""
    run = Recipe(trainer="online", epochs=1, **SETTINGS).start(X, order=np.arange(len(X)))
    sentence = "order holds the samples of 1 epochs, and these are done; start anew to train on."
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        run.after(run.last_state()).one_epoch()


def test_a_wrapper_ends_where_the_trainer_within_does():
    """A trainer within that is finished ends training: the fine one of two, one on a tree, one that converges."""
    small = Growing(units=6)
    for trainer, epochs in (
        (Converging(trainer=small), 3),
        (TwoPhase(rough=Batch(), fine=small, boundary=0.5), 7),  # four rough epochs, then three of growing
        (TwoPhase(rough=small, fine=Batch(), boundary=0.5), 8),  # the rough phase goes on to its boundary
        (MstRetrain(trainer=small, start=0.5), 5),  # it is asked only once it has trained on the tree
    ):
        assert Recipe(trainer=trainer, **GROWING).start(X).last_state().epoch == epochs


def test_nothing_has_converged_while_a_phase_lies_ahead():
    """Errors of a rough trainer, or of the lattice before the tree, end no training, however still they stand."""
    settings = {**SETTINGS, "radius": "constant:value=1", "epochs": 40}
    for trainer in (
        Converging(trainer=TwoPhase(boundary=0.5), tol=1.0, patience=2),
        Converging(trainer=MstRetrain(), tol=1.0, patience=2),
        TwoPhase(fine=Converging(tol=1.0, patience=2), boundary=0.5),
        MstRetrain(trainer=Converging(tol=1.0, patience=2)),
    ):
        state = Recipe(trainer=trainer, **settings).start(X).last_state()
        assert state.epoch == 23  # twenty before, and three of the last phase
        tree = len(state.lattice.edges) == len(state.lattice) - 1
        assert tree == trainer.changes_lattice


def test_the_tree_is_taken_in_a_phase_that_begins_after_its_start():
    """Within two phases the tree is taken in the first epoch that its trainer has."""
    trainer = TwoPhase(rough=Batch(), fine=MstRetrain(start=0.1), boundary=0.75)
    states = list(Recipe(trainer=trainer, epochs=9, **SETTINGS).train(X))
    assert [len(state.lattice.edges) == 34 for state in states] == [False] * 6 + [True] * 3
    assert states[-1].records["mst_retrain.epoch"].tolist() == [6]


def uneven_path():
    """Return a path of 110 units whose edges all differ in length, and so do nearly all distances."""
    graph = nx.path_graph(110)
    lengths = np.random.default_rng(0).uniform(0.2, 0.5, 109)
    nx.set_edge_attributes(graph, dict(zip(graph.edges, lengths.tolist(), strict=True)), "length")
    return Graph.of(graph, weight="length")


@pytest.mark.parametrize("topology", ["grid:rows=3,columns=38", uneven_path()])
@pytest.mark.parametrize(("dtype", "least"), [(np.float32, 2.0**-50), (np.float64, 2.0**-500)])
def test_influences_too_weak_to_change_a_number_are_left_out(monkeypatch, dtype, least, topology):
    """Products with them would be subnormal, which takes some processors a hundred times as long."""
    felt, run, move = [], OnlineCodebook.run, OnlineCodebook.move

    def spy_on_run(self, X, order, rates, table, classes):
        felt.append(table.ravel())
        return run(self, X, order, rates, table, classes)

    def spy_on_move(self, x, factors):
        felt.append(factors)
        move(self, x, factors)

    monkeypatch.setattr(OnlineCodebook, "run", spy_on_run)
    monkeypatch.setattr(OnlineCodebook, "move", spy_on_move)
    recipe = Recipe(
        topology=topology,
        trainer="online",
        learning_rate="constant:value=1.0",
        radius="linear:start=10,stop=1",
        epochs=2,
    )
    codebook = recipe.fit(X.astype(dtype)).codebook
    found = np.concatenate(felt)
    assert np.isfinite(codebook).all()
    assert (found[found != 0] >= least).all()
    assert (found == 0).any()
