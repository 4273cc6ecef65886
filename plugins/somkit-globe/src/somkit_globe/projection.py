"""The sphere as a flat map: equal areas stay equal."""

from __future__ import annotations

from typing import Any

import numpy as np

from somkit_globe.geodesic import CORNERS, Array, rounded

A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796


def equal_earth(longitude: Any, latitude: Any) -> Array:
    """Return the place on a flat map of a unit sphere, angles in radians; the last axis is (x, y).

    Longitudes beyond 180 degrees lie beyond the map's edge, so that what crosses it stays in one piece.

    Notes
    -----
    Šavrič, Patterson & Jenny (2018), The Equal Earth map projection, doi:10.1080/13658816.2018.1504949.

    Examples
    --------
    >>> equal_earth(0.0, 0.0).tolist()
    [0.0, 0.0]
    """
    angle = np.arcsin(np.sqrt(3) / 2 * np.sin(latitude))
    even = angle * angle
    sixth = even**3
    width = 3 * (A1 + 3 * A2 * even + sixth * (7 * A3 + 9 * A4 * even))
    x = 2 * np.sqrt(3) * np.asarray(longitude) * np.cos(angle) / width
    y = angle * (A1 + A2 * even + sixth * (A3 + A4 * even))
    return np.stack(np.broadcast_arrays(x, y), axis=-1)


def _angles(points: Array) -> tuple[Array, Array]:
    return np.arctan2(points[:, 1], points[:, 0]), np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1]))


def flat_cells(points: Array, cells: list[Array]) -> Array:
    """Return the outlines of the cells on the flat map, (m, 30, 2), in the units of the sphere's radius."""
    radius = float(np.linalg.norm(points[0]))
    return radius * np.array([_flat(point, corners) for point, corners in zip(points, cells, strict=True)])


def _flat(point: Array, corners: Array) -> Array:
    if np.hypot(*point[:2]) < 1e-9 * abs(point[2]):
        return _cap(np.sign(point[2]), corners)
    longitude, latitude = _angles(rounded(corners, CORNERS // len(corners)))
    middle = np.round(np.arctan2(point[1], point[0]), 9)  # so that the edge of the map has one side
    around = (longitude - middle + np.pi) % (2 * np.pi) - np.pi
    return equal_earth(middle + around, latitude)


def _cap(pole: float, corners: Array) -> Array:
    """Return the cell about a pole, which is as wide as the map there."""
    longitude, latitude = _angles(rounded(corners, (CORNERS - 5) // len(corners)))
    order = np.argsort(longitude)
    longitude, latitude = longitude[order], latitude[order]
    edge = np.interp(np.pi, [longitude[-1], longitude[0] + 2 * np.pi], [latitude[-1], latitude[0]])
    longitude = np.concatenate([[-np.pi], longitude, [np.pi, np.pi, 0.0, -np.pi]])
    latitude = np.concatenate([[edge], latitude, [edge], np.full(3, pole * np.pi / 2)])
    return equal_earth(longitude, latitude)
