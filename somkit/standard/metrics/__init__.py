"""Metrics: how far a sample x is from a unit's vector w; one file a family."""

from somkit.standard.metrics.directions import Angular, Correlation, CosineMetric
from somkit.standard.metrics.euclidean import Euclidean
from somkit.standard.metrics.haversine import Haversine
from somkit.standard.metrics.layers import Layer, Layers
from somkit.standard.metrics.mapped import Mahalanobis, Weighted
from somkit.standard.metrics.minkowski import Canberra, Chebyshev, Manhattan, Minkowski
from somkit.standard.metrics.shares import Braycurtis, Hamming, Jaccard, Tanimoto

__all__ = [
    "Angular",
    "Braycurtis",
    "Canberra",
    "Chebyshev",
    "Correlation",
    "CosineMetric",
    "Euclidean",
    "Hamming",
    "Haversine",
    "Jaccard",
    "Layer",
    "Layers",
    "Mahalanobis",
    "Manhattan",
    "Minkowski",
    "Tanimoto",
    "Weighted",
]
