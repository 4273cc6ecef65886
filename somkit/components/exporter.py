"""The contract of exporters."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from somkit.components.component import Component

if TYPE_CHECKING:
    from pathlib import Path

    from somkit.trained import TrainedMap


@attrs.frozen(kw_only=True)
class Exporter(Component):
    """A map written to a file for other programs and other people."""

    kind: ClassVar[str] = "exporter"

    @abstractmethod
    def write(self, trained: TrainedMap, path: Path, X: Any = None, y: Any = None, sample_weight: Any = None) -> None:
        """Write the map to ``path``."""
