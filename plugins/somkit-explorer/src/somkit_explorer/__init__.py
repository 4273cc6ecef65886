"""somkit-explorer: a trained map as one HTML page that is explored offline.

``trained.export("explorer", "map.html", X=X, y=y)`` writes the page, `explore` shows it in a notebook.
"""

from somkit import Exporter, hookimpl
from somkit_explorer.exporter import Explorer
from somkit_explorer.notebook import Page, explore

__all__ = ["Explorer", "Page", "explore"]


@hookimpl
def somkit_exporters() -> list[type[Exporter]]:
    """Bring the explorer."""
    return [Explorer]
