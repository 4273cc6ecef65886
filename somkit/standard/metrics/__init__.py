"""Metrics: how far a sample x is from a unit's vector w; one file a family."""

from somkit.standard.metrics.directions import Angular, Correlation, CosineMetric
from somkit.standard.metrics.euclidean import Euclidean
from somkit.standard.metrics.mapped import Mahalanobis, Weighted
from somkit.standard.metrics.minkowski import Canberra, Chebyshev, Manhattan, Minkowski

__all__ = [
    "Angular",
    "Canberra",
    "Chebyshev",
    "Correlation",
    "CosineMetric",
    "Euclidean",
    "Mahalanobis",
    "Manhattan",
    "Minkowski",
    "Weighted",
]
