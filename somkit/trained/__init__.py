"""TrainedMap: what training leaves, and everything that can be asked of it."""

from __future__ import annotations

from somkit.trained.checks import check_codebook, check_features, check_limits
from somkit.trained.labelling import as_labels, distinct_labels, is_missing
from somkit.trained.trained import TrainedMap

__all__ = [
    "TrainedMap",
    "as_labels",
    "check_codebook",
    "check_features",
    "check_limits",
    "distinct_labels",
    "is_missing",
]
