"""The contract of neighbourhoods."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components.component import Component
from somkit.errors import RecipeError
from somkit.lattice import Influence
from somkit.validators import number

Array = np.ndarray[Any, Any]


@attrs.frozen(kw_only=True)
class Neighbourhood(Component):
    """How strongly a unit is moved when the best-matching unit is a map distance away.

    Parameters
    ----------
    reach : float >= 0 or "none"
        Units farther than this, in map distance, are not moved; a unit at exactly this distance is.

    Attributes
    ----------
    lowest : float
        The smallest influence it ever has. The batch trainer refuses negative ones: its weights would not be a mean's.
    falling : bool
        Whether the influence never rises with distance.
    product : "euclidean" | "manhattan" | "chebyshev" | None
        The norm for which h(|(a, b)|) = h(a) h(b); regular lattices that measure by it are then spread axis by axis.
    """

    kind: ClassVar[str] = "neighbourhood"
    lowest: ClassVar[float] = 0.0
    falling: ClassVar[bool] = True
    product: ClassVar[Literal["euclidean", "manhattan", "chebyshev"] | None] = None

    reach: float | str = attrs.field(default="none", validator=number(minimum=0, words=("none",)))

    @abstractmethod
    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence at finite distances for radii > 0, arrays of one shape; 1 at distance 0."""

    @final
    @property
    def longest_reach(self) -> float:
        """`reach` as a number, infinite for "none"."""
        return math.inf if isinstance(self.reach, str) else float(self.reach)

    @property
    def product_felt(self) -> str | None:
        """`product` where it still holds within `reach`: a limited reach is no product, but for a square's."""
        return self.product if math.isinf(self.longest_reach) or self.product == "chebyshev" else None

    @final
    def influences(self, distance: Any, radius: Any, least: float = 0.0) -> Array:
        """Return the influence that training uses, for distances and radii that broadcast.

        It is 0 at infinite distance, beyond `reach`, and where it would be subnormal or nearer 0 than ``least``: some
        processors take a hundred times as long over subnormal numbers, which say little. At radius 0 it is 1 at
        distance 0 and 0 elsewhere. The numbers are float32 where distances and radii are, else float64.
        """
        distance, radius = np.asarray(distance), np.asarray(radius)
        dtype = np.result_type(distance, radius, np.float32)
        finite, wide = np.isfinite(distance), radius > 0
        near = distance if finite.all() else np.where(finite, distance, 0)
        broad = radius if wide.all() else np.where(wide, radius, 1)
        near, broad = np.broadcast_arrays(near, broad)
        with np.errstate(over="ignore", under="ignore"):
            influence = np.asarray(self(near, broad), dtype=dtype)
        if influence.shape != near.shape or not np.isfinite(influence).all():
            message = f"neighbourhood '{self}' must return finite influences in the shape of its distances."
            raise RecipeError(message)
        least = max(least, np.finfo(dtype).smallest_normal)
        felt = (influence >= least) | (influence <= -least)
        beyond = ~finite | (distance > self.longest_reach)
        if beyond.any():
            felt &= ~beyond
        influence = influence * felt
        return influence if wide.all() else np.where(wide, influence, np.asarray(distance == 0, dtype=dtype))

    @final
    def at(self, radius: float) -> Influence:
        """Return the influence at one radius, for `Lattice.spread`."""
        function = lambda distance: self.influences(distance, radius)  # noqa: E731 - it closes over the radius
        return Influence(function, reach=self.longest_reach, product=self.product_felt if radius > 0 else None)
