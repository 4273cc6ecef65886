"""Initialisers: the codebook that training starts from."""

from __future__ import annotations

from typing import Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Initialiser
from somkit.errors import ParameterError
from somkit.lattice import Lattice
from somkit.samples import Samples
from somkit.validators import number

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Uniform(Initialiser):
    """Numbers drawn evenly from [low, high), whatever the data are; 0 for a feature that no sample has a value of.

    Parameters
    ----------
    low, high : float, default 0 and 1

    References
    ----------
    Kohonen (1982), Self-organized formation of topologically correct feature maps, doi:10.1007/BF00337288.
    """

    name: ClassVar[str] = "uniform"
    low: float = attrs.field(default=0.0, validator=number())
    high: float = attrs.field(default=1.0, validator=number())

    def __attrs_post_init__(self) -> None:
        """Refuse a range that is upside down."""
        Initialiser.__attrs_post_init__(self)
        if self.high <= self.low:
            message = f"Uniform.high must be greater than low ({self.low}), got {self.high}."
            raise ParameterError(message)

    def initialise(self, samples: Samples, lattice: Lattice, rng: np.random.Generator) -> Array:
        """Draw the codebook."""
        codebook = np.zeros((len(lattice), samples.features))
        drawn = rng.random((len(lattice), np.count_nonzero(samples.observed)))
        codebook[:, samples.observed] = self.low + (self.high - self.low) * drawn
        return codebook


@final
@attrs.frozen(kw_only=True)
class Sample(Initialiser):
    """Samples drawn in proportion to their weight; none comes twice before all have come.

    A missing value becomes its feature's mean.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.
    """

    name: ClassVar[str] = "sample"
    draws_samples: ClassVar[bool] = True

    def initialise(self, samples: Samples, lattice: Lattice, rng: np.random.Generator) -> Array:
        """Draw the codebook."""
        n, m = len(samples), len(lattice)
        share = None if samples.weight is None else samples.weight / samples.total_weight
        available = n if share is None else int(np.count_nonzero(share))
        chosen: list[int] = []
        while len(chosen) < m:
            size = min(m - len(chosen), available)
            chosen += rng.choice(n, size=size, replace=False, p=share).tolist()
        return samples.filled_rows(np.array(chosen))


@final
@attrs.frozen(kw_only=True)
class Pca(Initialiser):
    """The map laid flat into the data along their principal components, spread as the data are.

    The map's longest axis follows the first component, and so on; each axis gets the standard deviation that the data
    have along its component. A periodic axis is laid as a circle on the next two components; a general graph is laid by
    its positions. Weighted, deterministic.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, section 3.7, doi:10.1007/978-3-642-56927-2.
    """

    name: ClassVar[str] = "pca"

    def initialise(self, samples: Samples, lattice: Lattice, rng: np.random.Generator) -> Array:
        """Lay the map out."""
        del rng
        chart = lattice.chart
        deviations, components = samples.principal_components(chart.shape[1])
        used = len(deviations)
        codebook = samples.mean + (chart[:, :used] * deviations) @ components
        low, high = samples.bounds
        return np.where(low == high, low, codebook)
