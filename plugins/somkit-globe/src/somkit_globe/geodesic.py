"""Points spread over a sphere: an icosahedron, its faces divided and blown up."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

CORNERS = 30  # of a drawn cell: five or six sides in pieces


def icosahedron() -> tuple[Array, list[tuple[int, int, int]]]:
    """Return the 12 corners, on the unit sphere, two of them the poles, and the 20 faces."""
    ring = 2 * np.pi * np.arange(5) / 5
    height, radius = 1 / np.sqrt(5), 2 / np.sqrt(5)
    upper = np.column_stack([radius * np.cos(ring), radius * np.sin(ring), np.full(5, height)])
    turned = ring + np.pi / 5
    lower = np.column_stack([radius * np.cos(turned), radius * np.sin(turned), np.full(5, -height)])
    corners = np.concatenate([[[0.0, 0.0, 1.0]], upper, lower, [[0.0, 0.0, -1.0]]])
    faces = []
    for here in range(5):
        after = (here + 1) % 5
        faces += [(0, 1 + here, 1 + after), (1 + here, 6 + here, 1 + after)]
        faces += [(6 + here, 6 + after, 1 + after), (6 + here, 11, 6 + after)]
    return corners, faces


def geodesic(frequency: int) -> tuple[Array, Array]:
    """Return points on the unit sphere and the edges between them, from the north pole southwards.

    Parameters
    ----------
    frequency : int >= 1
        Into so many parts each side of the icosahedron is divided.

    Returns
    -------
    points : array of shape (10 frequency^2 + 2, 3)
    edges : array of shape (30 frequency^2, 2)

    Notes
    -----
    Each face is divided evenly in its plane and projected onto the sphere (class I): Sadourny, Arakawa & Mintz (1968),
    Integration of the nondivergent barotropic vorticity equation with an icosahedral-hexagonal grid for the sphere,
    Monthly Weather Review 96.
    """
    corners, faces = icosahedron()
    number: dict[tuple[tuple[int, int], ...], int] = {}
    joined: set[tuple[int, int]] = set()
    for face in faces:

        def unit(first: int, second: int, face: tuple[int, int, int] = face) -> int:
            # A point on a side is that of the neighbouring face too: it is known by its corners and their shares.
            shares = zip(face, (frequency - first - second, first, second), strict=True)
            return number.setdefault(tuple(sorted(share for share in shares if share[1])), len(number))

        for first, second in itertools.product(range(frequency), repeat=2):
            if first + second < frequency:
                triangle = sorted((unit(first, second), unit(first + 1, second), unit(first, second + 1)))
                joined |= set(itertools.combinations(triangle, 2))
    points = np.array([sum(share * corners[corner] for corner, share in shares) for shares in number])
    points /= np.linalg.norm(points, axis=1)[:, None]
    # Rounded, so that points of one latitude are not parted by the last bit.
    order = np.lexsort((np.round(np.arctan2(points[:, 1], points[:, 0]), 9), -np.round(points[:, 2], 9)))
    place = np.argsort(order)
    return points[order], np.unique(np.sort(place[np.array(sorted(joined))], axis=1), axis=0)


def cells(points: Array) -> list[Array]:
    """Return the corners, in order, of the part of the sphere that is nearest to each point; m arrays (k, 3)."""
    from scipy.spatial import SphericalVoronoi

    radius = float(np.linalg.norm(points[0]))
    diagram = SphericalVoronoi(points, radius)
    diagram.sort_vertices_of_regions()
    return [diagram.vertices[region] for region in diagram.regions]


def rounded(corners: Array, pieces: int) -> Array:
    """Return a cell's outline with each side, an arc, in so many pieces."""
    shares = np.arange(pieces)[:, None] / pieces
    ahead = np.roll(corners, -1, axis=0)
    outline = np.concatenate([(1 - shares) * one + shares * other for one, other in zip(corners, ahead, strict=True)])
    return np.asarray(outline * (np.linalg.norm(corners[0]) / np.linalg.norm(outline, axis=1))[:, None])
