"""The hooks that a plugin may implement, and the markers to do it with.

Every hook takes no argument and returns classes; somkit calls it once, when plugins are discovered, and never while a
map is trained. A plugin is any module or object named by an entry point in the group ``somkit``.

Examples
--------
A plugin module that brings one topology:

>>> import attrs, networkx as nx
>>> from somkit import Topology, hookimpl
>>> @attrs.frozen(kw_only=True)
... class Star(Topology):
...     "A hub and its leaves."
...     name = "star"
...     leaves: int = 6
...     def graph(self):
...         return nx.star_graph(self.leaves)
>>> @hookimpl
... def somkit_topologies():
...     return [Star]
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

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

GROUP = "somkit"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def somkit_topologies() -> Iterable[type[Topology]]:
    """Return topology classes.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_topologies():
    ...     return [Star]
    """
    raise NotImplementedError


@hookspec
def somkit_metrics() -> Iterable[type[Metric]]:
    """Return metric classes.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_metrics():
    ...     return [GreatCircle]
    """
    raise NotImplementedError


@hookspec
def somkit_schedules() -> Iterable[type[Schedule]]:
    """Return schedule classes, for learning rates and radii alike.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_schedules():
    ...     return [WarmUp]
    """
    raise NotImplementedError


@hookspec
def somkit_neighbourhoods() -> Iterable[type[Neighbourhood]]:
    """Return neighbourhood classes.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_neighbourhoods():
    ...     return [Cauchy]
    """
    raise NotImplementedError


@hookspec
def somkit_initialisers() -> Iterable[type[Initialiser]]:
    """Return initialiser classes.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_initialisers():
    ...     return [FarthestFirst]
    """
    raise NotImplementedError


@hookspec
def somkit_trainers() -> Iterable[type[Trainer]]:
    """Return trainer classes.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_trainers():
    ...     return [Growing]
    """
    raise NotImplementedError


@hookspec
def somkit_measures() -> Iterable[type[Measure]]:
    """Return measure classes.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_measures():
    ...     return [DeadUnits]
    """
    raise NotImplementedError


@hookspec
def somkit_visualisers() -> Iterable[type[Visualiser]]:
    """Return visualiser classes.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_visualisers():
    ...     return [Starburst]
    """
    raise NotImplementedError


@hookspec
def somkit_exporters() -> Iterable[type[Exporter]]:
    """Return exporter classes.

    Examples
    --------
    >>> @hookimpl
    ... def somkit_exporters():
    ...     return [Spreadsheet]
    """
    raise NotImplementedError


HOOKS: dict[str, str] = {
    "topology": "somkit_topologies",
    "metric": "somkit_metrics",
    "schedule": "somkit_schedules",
    "neighbourhood": "somkit_neighbourhoods",
    "initialiser": "somkit_initialisers",
    "trainer": "somkit_trainers",
    "measure": "somkit_measures",
    "visualiser": "somkit_visualisers",
    "exporter": "somkit_exporters",
}
