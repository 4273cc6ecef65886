"""The contract of initialisers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import attrs
import numpy as np

from somkit.components.component import Component
from somkit.lattice import Lattice
from somkit.samples import Samples

Array = np.ndarray[Any, Any]


@attrs.frozen(kw_only=True)
class Initialiser(Component):
    """The codebook that training starts from.

    Attributes
    ----------
    draws_samples : bool
        Whether every vector is a sample's, as metrics of categories need it.
    """

    kind: ClassVar[str] = "initialiser"
    draws_samples: ClassVar[bool] = False

    @abstractmethod
    def initialise(self, samples: Samples, lattice: Lattice, rng: np.random.Generator) -> Array:
        """Return a finite codebook of shape (m, d); values outside a metric's `limits` are moved to them.

        Where the metric takes missing values the samples may hold NaN: `Samples.filled_rows` has none, and neither have
        `mean`, `bounds` and `principal_components`.
        """
