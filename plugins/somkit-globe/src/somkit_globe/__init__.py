"""Maps on a sphere, for somkit: a topology and a view, found by name as soon as this is installed."""

from __future__ import annotations

from somkit import Topology, Visualiser, hookimpl
from somkit_globe.topology import Globe
from somkit_globe.view import GlobeView

__all__ = ["Globe", "GlobeView"]


@hookimpl
def somkit_topologies() -> list[type[Topology]]:
    """Offer the sphere."""
    return [Globe]


@hookimpl
def somkit_visualisers() -> list[type[Visualiser]]:
    """Offer the view of it in space."""
    return [GlobeView]
