"""Measures: how well units stand for samples, and neighbours on the map for neighbours among the data."""

from somkit.standard.measures.clusters import CalinskiHarabasz, DaviesBouldin, Silhouette
from somkit.standard.measures.convergence import EmbeddingAccuracy, MapConvergence
from somkit.standard.measures.distances import CMeasure, KruskalShepard
from somkit.standard.measures.labels import ClassScatterIndex, Entropy, Purity
from somkit.standard.measures.neighbours import Continuity, NeighbourhoodPreservation, Trustworthiness
from somkit.standard.measures.quantisation import Distortion, ExplainedVariance, QuantisationError
from somkit.standard.measures.topographic import CombinedError, TopographicError
from somkit.standard.measures.topology import TopographicFunction, TopographicProduct

__all__ = [
    "CMeasure",
    "CalinskiHarabasz",
    "ClassScatterIndex",
    "CombinedError",
    "Continuity",
    "DaviesBouldin",
    "Distortion",
    "EmbeddingAccuracy",
    "Entropy",
    "ExplainedVariance",
    "KruskalShepard",
    "MapConvergence",
    "NeighbourhoodPreservation",
    "Purity",
    "QuantisationError",
    "Silhouette",
    "TopographicError",
    "TopographicFunction",
    "TopographicProduct",
    "Trustworthiness",
]
