"""The batch update, worked out by hand."""

import numpy as np
import pytest

from somkit import Recipe, kernels
from somkit.standard.trainers import adding


def test_the_rate_is_the_share_of_the_way():
    """Units go the learning rate's share of the way to their weighted means; one that nothing reaches stays."""
    X = np.array([[0.0], [0.5], [3.0]])
    W = np.array([[0.0], [4.0], [100.0]])
    recipe = Recipe(
        topology="line:units=3",
        neighbourhood="bubble:reach=0",
        learning_rate="constant:value=0.25",
        radius="constant:value=1",
        epochs=1,
    )
    trained = recipe.fit(X, sample_weight=[1.0, 3.0, 1.0], initial_codebook=W)
    # The first unit's mean is (0 + 3 * 0.5) / 4 = 0.375, the second's 3; every number here is exact in binary.
    assert trained.codebook.ravel().tolist() == [0.25 * 0.375, 0.75 * 4 + 0.25 * 3, 100.0]
    assert trained.history[0]["quantisation_error"] == (0 + 3 * 0.5 + 1) / 5


@pytest.mark.parametrize("side", [4, 26])
def test_blocks_that_are_searched_in_one_call_are_summed_one_by_one(monkeypatch, side):
    """However many they are, which goes by the cores of a machine, the map is the same to the bit."""
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(6 * 2_048 + 5, 3)), rng.integers(0, 4, 6 * 2_048 + 5).astype(float)
    recipe = Recipe(topology=f"grid:rows={side},columns={side}", epochs=3, random_state=0)
    monkeypatch.setattr(adding, "TOGETHER", 3 * 2_048)
    found = []
    for count in (1, 2, 5):
        monkeypatch.setattr(kernels, "blocks_at_once", lambda *_, count=count: count)
        found.append(recipe.fit(X, weight))
    assert all(np.array_equal(one.codebook, found[0].codebook) for one in found)
    assert all(one.history == found[0].history for one in found)
