"""Neighbourhoods: how strongly a unit at map distance d from the best-matching unit is moved, for radius r."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Neighbourhood

LONG = 1e4  # (d/r)^2 beyond which exp(-(d/r)^2 / 2) is 0 in double precision, many times over


@final
@attrs.frozen(kw_only=True)
class Gaussian(Neighbourhood):
    """A bell: exp(-d^2 / 2 r^2).

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, section 3.2, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> round(float(Gaussian()(2.0, 1.0)), 4)
    0.1353
    """

    name: ClassVar[str] = "gaussian"
    product: ClassVar[Literal["euclidean", "manhattan", "chebyshev"] | None] = "euclidean"

    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence."""
        return np.exp(np.square(distance / radius) * -0.5)


@final
@attrs.frozen(kw_only=True)
class Bubble(Neighbourhood):
    """All within the radius alike: 1 where d <= r, else 0.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> float(Bubble()(1.0, 1.0)), float(Bubble()(1.1, 1.0))
    (1.0, 0.0)
    """

    name: ClassVar[str] = "bubble"
    product: ClassVar[Literal["euclidean", "manhattan", "chebyshev"] | None] = "chebyshev"

    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence."""
        return np.asarray(distance <= radius, dtype=np.float64)


@final
@attrs.frozen(kw_only=True)
class Triangle(Neighbourhood):
    """A straight slope: max(0, 1 - d / r).

    References
    ----------
    Vettigli (2018), MiniSom: minimalistic and NumPy-based implementation of the Self Organizing Map,
    https://github.com/JustGlowing/minisom.

    Examples
    --------
    >>> float(Triangle()(1.0, 4.0))
    0.75
    """

    name: ClassVar[str] = "triangle"

    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence."""
        return np.maximum(0.0, 1 - distance / radius)


@final
@attrs.frozen(kw_only=True)
class Epanechnikov(Neighbourhood):
    """A parabola: max(0, 1 - d^2 / r^2).

    References
    ----------
    Epanechnikov (1969), Non-parametric estimation of a multivariate probability density, doi:10.1137/1114019.

    Examples
    --------
    >>> float(Epanechnikov()(1.0, 2.0))
    0.75
    """

    name: ClassVar[str] = "epanechnikov"

    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence."""
        return np.maximum(0.0, 1 - (distance / radius) ** 2)


@final
@attrs.frozen(kw_only=True)
class MexicanHat(Neighbourhood):
    """Near units are drawn in and those in a ring round them pushed away: (1 - d^2 / r^2) exp(-d^2 / 2 r^2).

    It is negative beyond d = r, lowest at d = r sqrt(3), so only online trainers take it.

    References
    ----------
    Kohonen (1982), Self-organized formation of topologically correct feature maps, doi:10.1007/BF00337288.

    Examples
    --------
    >>> float(MexicanHat()(1.0, 1.0))
    0.0
    """

    name: ClassVar[str] = "mexican_hat"
    lowest: ClassVar[float] = float(-2 * np.exp(-1.5))
    falling: ClassVar[bool] = False

    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence."""
        squared = np.minimum((distance / radius) ** 2, LONG)
        return (1 - squared) * np.exp(-squared / 2)


@final
@attrs.frozen(kw_only=True)
class ExponentialNeighbourhood(Neighbourhood):
    """A decay whose length is the radius squared: exp(-d / r^2).

    It is the restraint of the recipe that somkit began with, `somkit.SOM.classic`; mind the square.

    References
    ----------
    somkit: docs/explanation/the-blog.md tells where the recipe comes from.

    Examples
    --------
    >>> round(float(ExponentialNeighbourhood()(1.0, 4.0)), 4)
    0.9394
    """

    name: ClassVar[str] = "exponential"
    product: ClassVar[Literal["euclidean", "manhattan", "chebyshev"] | None] = "manhattan"

    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence."""
        return np.exp(-(distance / radius / radius))
