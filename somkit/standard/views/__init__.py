"""Visualisers: one file each."""

from somkit.standard.views.component_planes import ComponentPlanes
from somkit.standard.views.hits import Hits
from somkit.standard.views.labels import Labels
from somkit.standard.views.u_matrix import UMatrix

__all__ = ["ComponentPlanes", "Hits", "Labels", "UMatrix"]
