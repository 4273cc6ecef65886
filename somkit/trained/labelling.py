"""Labels for units: from the samples that fall on them, or that won them in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from somkit.errors import ParameterError, SampleError
from somkit.kernels import BLOCK_ROWS
from somkit.samples import Samples

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from somkit.trained.trained import TrainedMap

Array = np.ndarray[Any, Any]


def label_units(
    trained: TrainedMap,
    y: Any,
    X: Any = None,
    method: Literal["majority", "nearest", "wins"] = "majority",
    *,
    sample_weight: Any = None,
) -> Array:
    """Return a label for each unit.

    Parameters
    ----------
    y : array of shape (n,)
        The label of each sample; None, NaN, NaT, NA or masked for one that has none.
    X : array of shape (n, d)
        The samples, for ``method="majority"`` and ``"nearest"``.
    method : "majority" | "nearest" | "wins"
        ``majority``: the label of the largest total weight among the samples that fall on the unit, the first in
        sorted order among equals. ``nearest``: the label of the labelled sample that is nearest to the unit, the
        first among equals, so that every unit has one. ``wins``:
        the label of the sample that won the unit most often in training, for
        maps trained with ``online:record_wins=true``; y is then of the samples trained on.
    sample_weight : array of shape (n,), optional
        For ``method="majority"``.

    Returns
    -------
    object array of shape (m,)
        None where no sample with a label fell.
    """
    labels = as_labels(y)
    if method == "wins":
        return _labels_by_wins(trained, labels)
    if method not in {"majority", "nearest"}:
        message = f"method must be 'majority', 'nearest' or 'wins', got {method!r}."
        raise ParameterError(message)
    if X is None:
        message = f"label_units needs X, the samples that y labels, for method={method!r}."
        raise SampleError(message)
    samples = trained.samples(X, sample_weight)
    if labels.shape != (len(samples),):
        message = f"y must hold one label for each of the {len(samples)} samples, got shape {labels.shape}."
        raise SampleError(message)
    weight = np.ones(len(samples)) if samples.weight is None else samples.weight
    given = np.array([not is_missing(label) for label in labels.tolist()])
    if method == "nearest":
        return _nearest_labels(trained, samples, np.flatnonzero(given & (weight > 0)), labels)
    return _majority(trained, trained.search(samples)[0][given, 0], labels[given].tolist(), weight[given])


def _majority(trained: TrainedMap, found: Array, labels: list[Any], weight: Array) -> Array:
    names = distinct_labels(labels)
    code = {name: number for number, name in enumerate(names)}
    counts = np.zeros((len(trained.lattice), len(names)))
    np.add.at(counts, (found, np.array([code[label] for label in labels], dtype=np.int64)), weight)
    units = np.full(len(trained.lattice), None, dtype=object)
    for unit in np.flatnonzero(counts.any(axis=1)):
        units[unit] = names[int(counts[unit].argmax())]
    return units


def _nearest_labels(trained: TrainedMap, samples: Samples, given: Array, labels: Array) -> Array:
    units = np.full(len(trained.lattice), None, dtype=object)
    least = np.full(len(units), np.inf)
    for start in range(0, len(given), BLOCK_ROWS):
        rows = given[start : start + BLOCK_ROWS]
        distance = np.asarray(trained.metric.pairwise(samples.rows(rows), trained.codebook))
        nearer = np.flatnonzero(distance.min(axis=0) < least)
        least[nearer] = distance.min(axis=0)[nearer]
        units[nearer] = labels[rows[distance.argmin(axis=0)[nearer]]].tolist()
    return units


def _labels_by_wins(trained: TrainedMap, labels: Array) -> Array:
    matched = trained.matched
    if labels.shape != (trained.n_samples,):
        message = f"y must hold the labels of the {trained.n_samples} samples trained on, got shape {labels.shape}."
        raise SampleError(message)
    units = np.full(len(trained.lattice), None, dtype=object)
    units[matched >= 0] = labels[matched[matched >= 0]].tolist()
    return units


def count_wins(trained: TrainedMap) -> csr_array:
    """Return how often each sample won each unit in training: sparse counts of shape (m, n)."""
    from scipy.sparse import csr_array

    shape = (len(trained.lattice), trained.n_samples)
    return csr_array((_won(trained, "count"), (_won(trained, "unit"), _won(trained, "sample"))), shape=shape)


def most_frequent_winners(trained: TrainedMap) -> Array:
    """Return the sample that won each unit most often, -1 where none did; the first to win it among equals."""
    unit, sample, first = _won(trained, "unit"), _won(trained, "sample"), _won(trained, "first")
    order = np.lexsort((first, -_won(trained, "count"), unit))
    hit, place = np.unique(unit[order], return_index=True)
    matched = np.full(len(trained.lattice), -1, dtype=np.int64)
    matched[hit] = sample[order][place]
    return matched


def _won(trained: TrainedMap, name: str) -> Array:
    if "wins.unit" not in trained.records:
        message = "this map has no record of its wins; train it with trainer='online:record_wins=true'."
        raise ParameterError(message)
    return trained.records[f"wins.{name}"]


def as_labels(y: Any) -> Array:
    """Return labels as an array, with None for what is masked, NaN where they are floats."""
    masked = np.ma.getmask(y)
    if not np.any(masked):
        return np.asarray(y)
    return np.asarray(np.where(masked, np.nan if y.dtype.kind == "f" else None, y.data))


def is_missing(label: Any) -> bool:
    """Tell whether a label stands for none: None, NaN, NaT or pandas' NA."""
    return label is None or type(label).__name__ in {"NAType", "NaTType"} or bool(label != label)  # noqa: PLR0124 - NaN


def distinct_labels(labels: list[Any]) -> list[Any]:
    """Return the different labels sorted, by type and text where they cannot be compared; missing ones are left out."""
    try:
        distinct = {label for label in labels if not is_missing(label)}
    except TypeError:
        message = "labels must be text, numbers or other hashable values."
        raise SampleError(message) from None
    try:
        return sorted(distinct)
    except TypeError:
        return sorted(distinct, key=lambda label: (type(label).__name__, str(label)))
