"""Labels and hits of units."""

import numpy as np
import pandas as pd
import pytest

from somkit import TrainedMap

X = [[0.0], [0.1], [0.2], [2.0], [2.1]]


@pytest.fixture
def trained():
    """Return three units in a line."""
    return TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [2.0]])


def test_the_majority_labels_a_unit(trained):
    """The commonest label wins, the first in sorted order among equals; a unit without samples has none."""
    assert trained.label_units(["b", "a", "b", "d", "c"], X).tolist() == ["b", None, "c"]


def test_weights_are_counted(trained):
    """A label's samples count by their weight, in labels and in hits."""
    labels = trained.label_units(["b", "a", "b", "d", "c"], X, sample_weight=[1, 3, 1, 2, 1])
    assert labels.tolist() == ["a", None, "d"]
    assert trained.hits(X, [1, 3, 1, 2, 1]).tolist() == [5, 0, 3]


def test_samples_without_a_label_do_not_count(trained):
    """None is no label: a unit with none but such samples stays without one, and labels of any kind mix."""
    assert trained.label_units([None, 1, None, None, None], X).tolist() == [1, None, None]
    assert trained.label_units([None, 1, "a", "b", 2.5], X).tolist() == [1, None, 2.5]
    assert trained.label_units([np.nan, 1.0, np.nan, np.nan, np.nan], X).tolist() == [1.0, None, None]
    assert trained.label_units(np.array([pd.NA, 1, pd.NaT, pd.NA, 3], dtype=object), X).tolist() == [1, None, 3]


def test_masked_labels_are_none(trained):
    """What numpy masks is no label, of text, of numbers and of quantities, in labels of units and in measures."""
    for labels in (np.array(["b", "a", "b", "d", "c"]), np.array([2, 1, 2, 4, 3]), np.array([2.0, 1.0, 2.0, 4.0, 3.0])):
        masked = np.ma.array(labels, mask=[True, False, True, False, False])
        gaps = [None, labels[1], None, labels[3], labels[4]]
        assert trained.label_units(masked, X).tolist() == trained.label_units(gaps, X).tolist()
        assert trained.measure("purity", X, masked) == trained.measure("purity", X, gaps)
        bare = np.ma.array(labels)
        assert trained.label_units(bare, X).tolist() == trained.label_units(labels, X).tolist()


def test_the_nearest_sample_labels_a_unit(trained):
    """Every unit has the label of the nearest sample that has one and counts, whether any fell on it or not."""
    labels = ["b", "a", "c", "d", "e"]
    assert trained.label_units(labels, X, "nearest").tolist() == ["b", "c", "d"]
    weight = [0, 1, 1, 1, 1]
    assert trained.label_units([*labels[:3], None, "e"], X, "nearest", sample_weight=weight).tolist() == ["a", "c", "e"]


def test_labels_must_fit_the_samples(trained):
    """Labels of another number, and an unknown method, are refused in one sentence."""
    with pytest.raises(ValueError, match="one label") as caught:
        trained.label_units(["a"], X)
    assert str(caught.value) == "y must hold one label for each of the 5 samples, got shape (1,)."
    with pytest.raises(ValueError, match="method") as caught:
        trained.label_units(np.zeros(5), X, method="median")
    assert str(caught.value) == "method must be 'majority', 'nearest' or 'wins', got 'median'."
    with pytest.raises(ValueError, match="needs X") as caught:
        trained.label_units(np.zeros(5))
    assert str(caught.value) == "label_units needs X, the samples that y labels, for method='majority'."


def test_purity_of_pure_units_is_one_whatever_the_weights():
    """Where no unit has two classes purity is 1 to the bit, though the sums of these weights round otherwise."""
    X, y = np.arange(9.0)[:, None], [*"abc"] * 3
    trained = TrainedMap.from_codebook("line:units=9", X)
    weight = [3.4, 2.55, 2.04, 1.08, 1.23, 0.17, 0.31, 0.07, 0.7]
    assert trained.measure("purity", X, y=y, sample_weight=weight) == 1
