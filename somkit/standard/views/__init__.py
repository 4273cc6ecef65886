"""Visualisers: one file each."""

from typing import Any, ClassVar, final

import attrs

from somkit.components import Visualiser


@final
@attrs.frozen(kw_only=True)
class UMatrix(Visualiser):
    """To be drawn."""

    name: ClassVar[str] = "u_matrix"

    def draw(self, trained: Any, ax: Any, X: Any = None, y: Any = None, sample_weight: Any = None) -> Any:
        """Draw."""
        return ax


@final
@attrs.frozen(kw_only=True)
class Hits(Visualiser):
    """To be drawn."""

    name: ClassVar[str] = "hits"

    def draw(self, trained: Any, ax: Any, X: Any = None, y: Any = None, sample_weight: Any = None) -> Any:
        """Draw."""
        return ax


@final
@attrs.frozen(kw_only=True)
class Labels(Visualiser):
    """To be drawn."""

    name: ClassVar[str] = "labels"

    def draw(self, trained: Any, ax: Any, X: Any = None, y: Any = None, sample_weight: Any = None) -> Any:
        """Draw."""
        return ax


@final
@attrs.frozen(kw_only=True)
class ComponentPlanes(Visualiser):
    """To be drawn."""

    name: ClassVar[str] = "component_planes"

    def draw(self, trained: Any, ax: Any, X: Any = None, y: Any = None, sample_weight: Any = None) -> Any:
        """Draw."""
        return ax
