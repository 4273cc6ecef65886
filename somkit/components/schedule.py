"""The contract of schedules."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components.component import Component
from somkit.errors import RecipeError
from somkit.lattice import Lattice

Array = np.ndarray[Any, Any]
Role = Literal["learning_rate", "radius"]


@attrs.frozen(kw_only=True)
class Schedule(Component):
    """How the learning rate or the radius changes while a map is trained."""

    kind: ClassVar[str] = "schedule"

    @abstractmethod
    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress in [0, 1], a scalar or an array: finite, in the same shape."""

    def for_role(self, role: Role, lattice: Lattice) -> Schedule:
        """Return the schedule with every field that was left out filled in for its role on this lattice."""
        del role, lattice
        return self

    @final
    def values(self, progress: Any, role: Role) -> Array:
        """Return what the trainer uses: finite values >= 0 as float64, or raise naming the schedule."""
        values = np.asarray(self(np.asarray(progress, dtype=np.float64)), dtype=np.float64)
        if values.shape != np.shape(progress):
            message = f"schedule '{self}' returned shape {values.shape} for progress of shape {np.shape(progress)}."
            raise RecipeError(message)
        wrong = ~np.isfinite(values) | (values < 0)
        if wrong.any():
            first = values[wrong].flat[0]
            label = role.replace("_", " ")
            message = f"the {label} must be finite and >= 0, got {first} from schedule '{self}'; change its parameters."
            raise RecipeError(message)
        return values
