"""The standard plugin: hook implementations and nothing else."""

from somkit import standard
from somkit.components import (
    Exporter,
    Initialiser,
    Measure,
    Metric,
    Neighbourhood,
    Schedule,
    Topology,
    Trainer,
    Visualiser,
)
from somkit.hookspecs import hookimpl


@hookimpl
def somkit_topologies() -> list[type[Topology]]:
    """Grids, surfaces, trees, graphs from data, and any graph."""
    return [
        standard.Grid,
        standard.Hex,
        standard.LatticeTopology,
        standard.Line,
        standard.Ring,
        standard.Cylinder,
        standard.Torus,
        standard.Moebius,
        standard.Klein,
        standard.Tree,
        standard.Star,
        standard.SmallWorld,
        standard.Graph,
        standard.Knn,
        standard.Mst,
    ]


@hookimpl
def somkit_metrics() -> list[type[Metric]]:
    """Minkowski's family, directions, shares, places, weighted or whitened features, and layers."""
    return [
        standard.Euclidean,
        standard.Manhattan,
        standard.Chebyshev,
        standard.Minkowski,
        standard.Canberra,
        standard.CosineMetric,
        standard.Angular,
        standard.Correlation,
        standard.Braycurtis,
        standard.Jaccard,
        standard.Tanimoto,
        standard.Hamming,
        standard.Haversine,
        standard.Mahalanobis,
        standard.Weighted,
        standard.Layer,
        standard.Layers,
    ]


@hookimpl
def somkit_schedules() -> list[type[Schedule]]:
    """Ways down, and a way to join them."""
    return [
        standard.Constant,
        standard.Linear,
        standard.Power,
        standard.CosineSchedule,
        standard.ExponentialSchedule,
        standard.Asymptotic,
        standard.Join,
    ]


@hookimpl
def somkit_neighbourhoods() -> list[type[Neighbourhood]]:
    """Bells, bubbles and a hat."""
    return [
        standard.Gaussian,
        standard.Bubble,
        standard.Triangle,
        standard.Epanechnikov,
        standard.MexicanHat,
        standard.ExponentialNeighbourhood,
    ]


@hookimpl
def somkit_initialisers() -> list[type[Initialiser]]:
    """Where training starts."""
    return [standard.Pca, standard.Sample, standard.Uniform]


@hookimpl
def somkit_trainers() -> list[type[Trainer]]:
    """All samples at once, a few, or one at a time; and trainers made of these."""
    return [
        standard.Batch,
        standard.Online,
        standard.Minibatch,
        standard.TwoPhase,
        standard.Converging,
        standard.MstRetrain,
    ]


@hookimpl
def somkit_measures() -> list[type[Measure]]:
    """How well units stand for samples, and neighbours for neighbours."""
    return [
        standard.QuantisationError,
        standard.ExplainedVariance,
        standard.Distortion,
        standard.TopographicError,
        standard.CombinedError,
        standard.TopographicProduct,
        standard.TopographicFunction,
        standard.Trustworthiness,
        standard.Continuity,
        standard.NeighbourhoodPreservation,
        standard.KruskalShepard,
        standard.CMeasure,
        standard.EmbeddingAccuracy,
        standard.MapConvergence,
        standard.Purity,
        standard.Entropy,
        standard.ClassScatterIndex,
        standard.Silhouette,
        standard.DaviesBouldin,
        standard.CalinskiHarabasz,
    ]


@hookimpl
def somkit_visualisers() -> list[type[Visualiser]]:
    """Pictures with matplotlib."""
    return [
        standard.UMatrix,
        standard.Hits,
        standard.Labels,
        standard.ComponentPlanes,
        standard.Pies,
        standard.Clusters,
        standard.Profiles,
        standard.Glyphs,
        standard.NeighbourGraph,
        standard.Starburst,
        standard.Sdh,
        standard.Sky,
        standard.PMatrix,
        standard.UStarMatrix,
        standard.Quality,
        standard.Activation,
        standard.Trajectory,
        standard.Missing,
        standard.DataSpace,
        standard.Dendrogram,
        standard.TrainingCurves,
    ]


@hookimpl
def somkit_exporters() -> list[type[Exporter]]:
    """Files for other programs."""
    return [standard.Csv, standard.Graphml, standard.SomPak]
