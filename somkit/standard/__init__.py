"""The parts that ship with somkit, registered through the same hooks as anybody's."""

from somkit.standard.exporters import Csv, Graphml, SomPak
from somkit.standard.initialisers import Pca, Sample, Uniform
from somkit.standard.measures import QuantisationError, TopographicError
from somkit.standard.metrics import Chebyshev, CosineMetric, Euclidean, Manhattan, Minkowski
from somkit.standard.neighbourhoods import (
    Bubble,
    Epanechnikov,
    ExponentialNeighbourhood,
    Gaussian,
    MexicanHat,
    Triangle,
)
from somkit.standard.schedules import (
    Asymptotic,
    Constant,
    CosineSchedule,
    ExponentialSchedule,
    Join,
    Linear,
    Power,
)
from somkit.standard.topologies import Graph, Grid, Hex, Line, Ring
from somkit.standard.trainers import Batch, Online
from somkit.standard.views import ComponentPlanes, Hits, Labels, UMatrix

__all__ = [
    "Asymptotic",
    "Batch",
    "Bubble",
    "Chebyshev",
    "ComponentPlanes",
    "Constant",
    "CosineMetric",
    "CosineSchedule",
    "Csv",
    "Epanechnikov",
    "Euclidean",
    "ExponentialNeighbourhood",
    "ExponentialSchedule",
    "Gaussian",
    "Graph",
    "Graphml",
    "Grid",
    "Hex",
    "Hits",
    "Join",
    "Labels",
    "Line",
    "Linear",
    "Manhattan",
    "MexicanHat",
    "Minkowski",
    "Online",
    "Pca",
    "Power",
    "QuantisationError",
    "Ring",
    "Sample",
    "SomPak",
    "TopographicError",
    "Triangle",
    "UMatrix",
    "Uniform",
]
