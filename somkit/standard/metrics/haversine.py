"""The metric of places on Earth."""

from __future__ import annotations

from typing import Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Metric
from somkit.validators import number

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Haversine(Metric):
    """The way over the ground between two places, latitude and longitude in degrees; in kilometres.

    2 r asin(sqrt(sin^2((a - b) / 2) + cos a cos b sin^2((l - m) / 2))) for latitudes a, b and longitudes l, m.
    Samples have these two features, in this order: latitudes from -90 to 90, longitudes from -180 to 360.

    Parameters
    ----------
    radius : float > 0, default 6371.0088
        Of the sphere; the default is Earth's mean radius in kilometres. 1 gives the angle in radians.

    Notes
    -----
    Formula: 2 r asin(sqrt(sin^2((a - b) / 2) + cos a cos b sin^2((l - m) / 2))).

    Units move in latitude and longitude, so a map does not cross the meridian where longitudes jump, nor a pole; for
    places all round the globe use points in space, (cos a cos l, cos a sin l, sin a), and ``angular``.

    References
    ----------
    Sinnott (1984), Virtues of the haversine, Sky and Telescope 68 (2), 159.

    Examples
    --------
    Paris to New York:

    >>> Haversine().pairwise(np.array([[48.8566, 2.3522]]), np.array([[40.7128, -74.006]])).round()
    array([[5837.]])
    """

    name: ClassVar[str] = "haversine"
    radius: float = attrs.field(default=6371.0088, validator=number(above=0))

    @property
    def features(self) -> int | None:
        """Two."""
        return 2

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return those of latitude and longitude."""
        del features
        return np.array([-90.0, -180.0]), np.array([90.0, 360.0])

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        a, b = X[:, None, 0].astype(np.float64), W[None, :, 0].astype(np.float64)
        turn = X[:, None, 1].astype(np.float64) - W[None, :, 1]
        narrow = np.cos(np.radians(a)) * np.cos(np.radians(b))
        half = np.sin(np.radians(a - b) / 2) ** 2 + narrow * np.sin(np.radians(turn) / 2) ** 2
        return np.asarray(2 * self.radius * np.arcsin(np.sqrt(np.clip(half, 0, 1))))
