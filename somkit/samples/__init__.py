"""Samples: what a map is trained on or asked about."""

from somkit.samples.limits import check_within, describe_limits
from somkit.samples.reading import check_weight, describe_cell, feature_names_of, nothing_observed
from somkit.samples.samples import Samples
from somkit.samples.scaling import Scaling

__all__ = [
    "Samples",
    "Scaling",
    "check_weight",
    "check_within",
    "describe_cell",
    "describe_limits",
    "feature_names_of",
    "nothing_observed",
]
