"""The batch update, worked out by hand."""

import numpy as np

from somkit import Recipe


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
