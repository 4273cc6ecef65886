"""somkit: self-organising maps on any graph, with every part a plugin."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from somkit.clusterer import SOMClusterer
    from somkit.components import (
        Component,
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
    from somkit.engine import State, Task
    from somkit.hookspecs import hookimpl
    from somkit.lattice import Lattice
    from somkit.plugins import Plugins, register, use
    from somkit.recipe import Recipe, load, load_checkpoint
    from somkit.registry import Registry
    from somkit.run import Run
    from somkit.samples import Samples
    from somkit.som import SOM
    from somkit.spelling import resolve
    from somkit.supervised import SOMClassifier, SOMRegressor
    from somkit.trained import TrainedMap

_HOMES = {
    "somkit.clusterer": ("SOMClusterer",),
    "somkit.components": (
        "Component",
        "Exporter",
        "Initialiser",
        "Measure",
        "Metric",
        "Neighbourhood",
        "Schedule",
        "Topology",
        "Trainer",
        "Visualiser",
    ),
    "somkit.engine": ("State", "Task"),
    "somkit.hookspecs": ("hookimpl",),
    "somkit.lattice": ("Lattice",),
    "somkit.plugins": ("Plugins", "register", "use"),
    "somkit.recipe": ("Recipe", "load", "load_checkpoint"),
    "somkit.registry": ("Registry",),
    "somkit.run": ("Run",),
    "somkit.samples": ("Samples",),
    "somkit.som": ("SOM",),
    "somkit.spelling": ("resolve",),
    "somkit.supervised": ("SOMClassifier", "SOMRegressor"),
    "somkit.trained": ("TrainedMap",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "SOM",
    "Component",
    "Exporter",
    "Initialiser",
    "Lattice",
    "Measure",
    "Metric",
    "Neighbourhood",
    "Plugins",
    "Recipe",
    "Registry",
    "Run",
    "SOMClassifier",
    "SOMClusterer",
    "SOMRegressor",
    "Samples",
    "Schedule",
    "State",
    "Task",
    "Topology",
    "TrainedMap",
    "Trainer",
    "Visualiser",
    "hookimpl",
    "load",
    "load_checkpoint",
    "register",
    "resolve",
    "use",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``import somkit`` stays light."""
    if name == "__version__":
        from importlib.metadata import version

        return version("somkit")
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    message = f"module 'somkit' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*globals(), *_HOME])
