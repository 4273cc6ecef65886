"""The contracts: `Component` and the nine kinds of parts that a map is made of.

Every part is a frozen attrs class, ``@attrs.frozen(kw_only=True)``, abstract or final, with a ``name``, a docstring and
a default for every field. It holds no mutable state and no random generator. n samples, m units, d features throughout.
"""

from __future__ import annotations

from somkit.components.component import Component
from somkit.components.exporter import Exporter
from somkit.components.initialiser import Initialiser
from somkit.components.measure import Measure
from somkit.components.metric import MeanSpace, Metric
from somkit.components.neighbourhood import Neighbourhood
from somkit.components.schedule import Role, Schedule
from somkit.components.topology import Topology
from somkit.components.trainer import Trainer
from somkit.components.visualiser import Visualiser

__all__ = [
    "KINDS",
    "Component",
    "Exporter",
    "Initialiser",
    "MeanSpace",
    "Measure",
    "Metric",
    "Neighbourhood",
    "Role",
    "Schedule",
    "Topology",
    "Trainer",
    "Visualiser",
]

KINDS: dict[str, type[Component]] = {
    kind.kind: kind
    for kind in (Topology, Metric, Schedule, Neighbourhood, Initialiser, Trainer, Measure, Visualiser, Exporter)
}
