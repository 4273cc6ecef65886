"""The recipe that somkit began with, against a literal transcription of its loop."""

import networkx as nx
import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris, load_wine

from somkit import SOM, TrainedMap
from somkit.standard import Online

UPDATES = 75_000
DATA = {150: load_iris, 178: load_wine, 1797: load_digits}


def transcribed(X, W, order):
    """Run the blog's loop as printed, from given weights and sample indices; return weights and winners."""
    W = W.copy()
    graph = nx.grid_2d_graph(m=int(np.ceil(np.sqrt(len(X)))), n=int(np.ceil(np.sqrt(len(X)))))
    c2i = {c: i for i, c in enumerate(graph.nodes())}
    i2c = {v: k for k, v in c2i.items()}
    winners = {i: [] for i in range(len(W))}

    def restraint(best, n, sigma=4):
        # The blog asks networkx for the shortest path; between immediate neighbours of an unweighted graph it is 1, as
        # the test of its first thousand updates, where networkx is asked, checks.
        dist = nx.shortest_path_length(graph, source=best, target=n) if step < 1000 else 1
        return np.exp(-(dist / (sigma**2)))

    for step, r_idx in enumerate(order):
        x = X[r_idx, :]
        dists = np.linalg.norm(x - W, axis=1)
        best_idx = np.argmin(dists)
        winners[best_idx].append(r_idx)
        a = np.exp(step * -(1 / 1000))
        W[best_idx, :] += a * (x - W[best_idx, :])
        for n in list(graph[i2c[best_idx]]):
            W[c2i[n], :] += restraint(i2c[best_idx], n) * a * (x - W[c2i[n], :])
    return W, winners


@pytest.mark.filterwarnings("ignore::somkit.errors.DataWarning")  # wine as it is: the blog does not scale
@pytest.mark.parametrize("n", list(DATA))
def test_classic_is_the_blogs_loop(n):
    """From the same weights and sample indices, codebook, wins, matches and labels are the blog's."""
    X, y = DATA[n](return_X_y=True)
    rng = np.random.default_rng(n)
    W0 = rng.random((int(np.ceil(np.sqrt(n))) ** 2, X.shape[1]))
    order = rng.integers(n, size=UPDATES)
    W, winners = transcribed(X, W0, order)

    trained = SOM.classic(n).fit(X, initial_codebook=W0, order=order).map_

    assert np.abs(trained.codebook - W).max() < 1e-12
    wins = trained.wins.toarray()
    assert wins.sum() == UPDATES
    for unit, won in winners.items():
        assert np.array_equal(wins[unit], np.bincount(won, minlength=n))
    matched = {unit: max(won, key=won.count) for unit, won in winners.items() if won}
    assert {unit: sample for unit, sample in enumerate(trained.matched) if sample >= 0} == matched
    labels = trained.label_units(y, method="wins")
    assert {unit: label for unit, label in enumerate(labels) if label is not None} == {
        unit: y[sample] for unit, sample in matched.items()
    }


def test_sample_0_keeps_its_label():
    """A unit matched to sample 0 is labelled, which the blog's ``if idx`` loses."""
    X = np.array([[0.0], [1.0]])
    recipe = SOM(topology="line:units=2", trainer=Online(record_wins=True), epochs=2, random_state=0).fit(X)
    assert set(recipe.map_.label_units(np.array(["first", "second"]), method="wins")) == {"first", "second"}


def test_ties_go_to_the_earliest_first_win():
    """Of samples that won a unit equally often, the one whose first win came earliest is matched, over epochs too."""
    X = np.array([[0.0], [0.1], [0.2]])
    som = SOM(topology="line:units=1", trainer="online:record_wins=true,updates=2", epochs=2)
    trained = som.fit(X, order=np.array([2, 1, 1, 2])).map_
    assert trained.matched.tolist() == [2]


def test_classic_has_a_unit_for_each_sample():
    """The grid's side is the root of n, rounded up, and progress shows 75 times."""
    som = SOM.classic(150)
    recipe = som.recipe()
    assert (recipe.topology.rows, recipe.topology.columns) == (13, 13)
    assert (recipe.epochs, recipe.trainer.updates, recipe.trainer.order) == (75, 1000, "replacement")


def test_wins_need_a_record():
    """A map without a record of wins says how to get one."""
    trained = TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]])
    with pytest.raises(ValueError, match="no record of its wins") as caught:
        _ = trained.wins
    assert str(caught.value) == "this map has no record of its wins; train it with trainer='online:record_wins=true'."
