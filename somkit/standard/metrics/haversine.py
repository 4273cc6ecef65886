"""The metric of places on Earth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import MeanSpace, Metric
from somkit.errors import SampleError
from somkit.validators import number

if TYPE_CHECKING:
    from somkit.samples import Samples

Array = np.ndarray[Any, Any]

HALF_TURN = 180.0
ROUNDING = 1e-15  # of an angle in radians
NOWHERE = 1e-12  # of a mean of unit vectors that cancel out


def _in_space(places: Array) -> Array:
    """Return latitudes and longitudes as points of the unit sphere, (n, 3)."""
    a, b = np.radians(places).T
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=1)


def _on_ground(points: Array) -> Array:
    """Return the latitudes and longitudes that points of any length lie above, (n, 2); NaN near the centre of Earth."""
    x, y, z = points.T
    places = np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)]).T
    return np.where(np.linalg.norm(points, axis=1, keepdims=True) > NOWHERE, places, np.nan)


def _northwards(places: Array) -> Array:
    """Return the direction to the north at each place, (n, 3)."""
    a, b = np.radians(places).T
    return np.stack([-np.sin(a) * np.cos(b), -np.sin(a) * np.sin(b), np.cos(a)], axis=1)


@final
@attrs.frozen(kw_only=True)
class Haversine(Metric):
    """The way over the ground between two places, latitude and longitude in degrees; in kilometres.

    Samples have these two features, in this order: latitudes from -90 to 90, longitudes from -180 to 360.

    Parameters
    ----------
    radius : float > 0, default 6371.0088
        Of the sphere; the default is Earth's mean radius in kilometres. 1 gives the angle in radians.

    Notes
    -----
    Formula: 2 r asin(sqrt(sin^2((a - b) / 2) + cos a cos b sin^2((l - m) / 2))) for latitudes a, b and
    longitudes l, m.

    Units move along great circles, so also over the meridian where longitudes jump, and over the poles; their
    longitudes stay from -180 to 360. The batch trainer takes the mean place, below the mean of the points in space,
    (cos a cos l, cos a sin l, sin a). Where these cancel out, as those of two places opposite each other, there is no
    mean place, and a unit stays. Means and medians that are asked for are of latitudes and of longitudes, so there the
    samples' longitudes must not span more than 180 degrees: for places round the Pacific write them from 0 to 360.

    References
    ----------
    Mardia & Jupp (2000), Directional Statistics, section 9.2.1, doi:10.1002/9780470316979.

    Sinnott (1984), Virtues of the haversine, Sky and Telescope 68 (2), 159.

    Examples
    --------
    Paris to New York:

    >>> Haversine().pairwise(np.array([[48.8566, 2.3522]]), np.array([[40.7128, -74.006]])).round()
    array([[5837.]])
    """

    name: ClassVar[str] = "haversine"
    batch_update: ClassVar[Literal["mean", "normalised_mean"] | None] = "normalised_mean"
    radius: float = attrs.field(default=6371.0088, validator=number(above=0))

    @property
    def features(self) -> int | None:
        """Two."""
        return 2

    @property
    def accepts_scale(self) -> bool:
        """No: degrees are degrees."""
        return False

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return those of latitude and longitude."""
        del features
        return np.array([-90.0, -180.0]), np.array([90.0, 360.0])

    def directed(self, features: int) -> tuple[Array, ...]:
        """Return none: numbers of degrees have no direction."""
        del features
        return ()

    def mean_spaces(self, features: int) -> tuple[MeanSpace, ...]:
        """Return the space around Earth."""
        return (MeanSpace(columns=np.arange(features), into=_in_space, back=_on_ground, dimensions=3),)

    def check_means(self, samples: Samples) -> None:
        """Refuse longitudes more than half round the globe apart: their mean may lie on its other side."""
        low, high = (float(bound[1]) for bound in samples.bounds)
        if high - low > HALF_TURN:
            message = (
                f"means of longitudes from {low:g} to {high:g} may lie on the other side of the globe; write them from "
                f"0 to 360 if that brings them within 180 degrees, or use trainer='batch', whose means are on the "
                f"globe, or 'online'."
            )
            raise SampleError(message)

    def towards(self, W: Array, targets: Array, factors: Any) -> Array:
        """Move along great circles; from the far side of the globe, along the meridian."""
        places = W.astype(np.float64)
        u, v = _in_space(places), _in_space(np.broadcast_to(targets, places.shape).astype(np.float64))
        angle = 2 * np.arctan2(np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1))[:, None]
        along = (v - u) - u * np.sum(u * (v - u), axis=1, keepdims=True)
        length = np.linalg.norm(along, axis=1, keepdims=True)
        lost = length < ROUNDING  # at the target, or opposite it, where every direction is as good
        along = np.where(lost, _northwards(places), along / np.where(lost, 1.0, length))
        way = angle * factors
        moved = _on_ground(np.cos(way) * u + np.sin(way) * along)
        moved[:, 1] += 2 * HALF_TURN * np.rint((places[:, 1] - moved[:, 1]) / (2 * HALF_TURN))  # no jump on the way
        moved[moved[:, 1] > 2 * HALF_TURN, 1] -= 2 * HALF_TURN
        moved[moved[:, 1] < -HALF_TURN, 1] += 2 * HALF_TURN
        return np.where(np.abs(way) < ROUNDING, places, moved).astype(W.dtype)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        a, b = X[:, None, 0].astype(np.float64), W[None, :, 0].astype(np.float64)
        turn = X[:, None, 1].astype(np.float64) - W[None, :, 1]
        narrow = np.cos(np.radians(a)) * np.cos(np.radians(b))
        half = np.sin(np.radians(a - b) / 2) ** 2 + narrow * np.sin(np.radians(turn) / 2) ** 2
        return np.asarray(2 * self.radius * np.arcsin(np.sqrt(np.clip(half, 0, 1))))
