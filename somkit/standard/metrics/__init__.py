"""Metrics: how far a sample x is from a unit's vector w."""

from somkit.standard.metrics.cosine import CosineMetric
from somkit.standard.metrics.euclidean import Euclidean
from somkit.standard.metrics.minkowski import Chebyshev, Manhattan, Minkowski

__all__ = ["Chebyshev", "CosineMetric", "Euclidean", "Manhattan", "Minkowski"]
