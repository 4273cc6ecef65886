"""The contract of pictures."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs

from somkit.components.component import Component

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap


@attrs.frozen(kw_only=True)
class Visualiser(Component):
    """One picture of a map.

    Attributes
    ----------
    needs : "map" | "samples" | "labels"
        What it cannot be drawn without: the map alone, samples ``X``, or samples and their labels ``y``.
    projection : str or None
        matplotlib's name of the projection it draws on, ``"3d"`` for instance.
    """

    kind: ClassVar[str] = "visualiser"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "map"
    projection: ClassVar[str | None] = None

    @final
    def has_enough(self, X: Any = None, y: Any = None) -> bool:
        """Tell whether it can be drawn from what there is beside the map: samples, and their labels."""
        return self.needs == "map" or (X is not None and (self.needs == "samples" or y is not None))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return the width and height, in inches, of a figure that suits the picture when none is given."""
        del trained
        return 6.4, 4.8

    @abstractmethod
    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw on ``ax`` and return it; several panels go into ``ax.inset_axes``; nothing of pyplot is touched."""
