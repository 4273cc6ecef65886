"""Visualisers: one file each, or one for those that share what they compute."""

from somkit.standard.views.activation import Activation
from somkit.standard.views.charts import DataSpace, Dendrogram, TrainingCurves
from somkit.standard.views.clusters import Clusters
from somkit.standard.views.component_planes import ComponentPlanes
from somkit.standard.views.density import PMatrix, Sdh, UStarMatrix
from somkit.standard.views.glyphs import Glyphs
from somkit.standard.views.hits import Hits
from somkit.standard.views.labels import Labels
from somkit.standard.views.missing import Missing
from somkit.standard.views.neighbour_graph import NeighbourGraph
from somkit.standard.views.pies import Pies
from somkit.standard.views.profiles import Profiles
from somkit.standard.views.quality import Quality
from somkit.standard.views.sky import Sky
from somkit.standard.views.starburst import Starburst
from somkit.standard.views.trajectory import Trajectory
from somkit.standard.views.u_matrix import UMatrix

__all__ = [
    "Activation",
    "Clusters",
    "ComponentPlanes",
    "DataSpace",
    "Dendrogram",
    "Glyphs",
    "Hits",
    "Labels",
    "Missing",
    "NeighbourGraph",
    "PMatrix",
    "Pies",
    "Profiles",
    "Quality",
    "Sdh",
    "Sky",
    "Starburst",
    "TrainingCurves",
    "Trajectory",
    "UMatrix",
    "UStarMatrix",
]
