"""Where to draw the units of a graph that does not say: by its map distances, deterministically, part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from somkit.errors import TopologyError

if TYPE_CHECKING:
    from somkit.lattice.lattice import Lattice
    from somkit.lattice.rules import Array

LANDMARKS = 64
POLISHED_UNITS = 400  # stress majorisation costs m^2 a step
STEPS = 200
GAP = 1.0  # between parts, in median edge lengths


def lay_out(lattice: Lattice) -> Array:
    """Return (m, 2) positions: landmark multidimensional scaling, polished by stress majorisation on small maps.

    Parts without a way between them stand in a row, the largest first.

    Notes
    -----
    de Silva & Tenenbaum (2004), Sparse multidimensional scaling using landmark points, Stanford technical report;
    Gansner, Koren & North (2005), Graph drawing by stress majorization, doi:10.1007/978-3-540-31843-9_25.
    """
    positions = np.zeros((len(lattice), 2))
    numbers, sizes = np.unique(lattice.parts, return_counts=True)
    left = 0.0
    for number in numbers[np.argsort(-sizes, kind="stable")]:
        members = np.flatnonzero(lattice.parts == number)
        placed = _lay_out_part(lattice, members)
        placed[:, 0] += left - placed[:, 0].min()
        placed[:, 1] -= (placed[:, 1].max() + placed[:, 1].min()) / 2
        left = placed[:, 0].max() + GAP * lattice.spacing
        positions[members] = placed
    return positions


def _lay_out_part(lattice: Lattice, members: Array) -> Array:
    if len(members) == 1:
        return np.zeros((1, 2))
    to_landmarks = _landmark_distances(lattice, members)
    placed = _scale(*to_landmarks)
    if len(members) <= POLISHED_UNITS:
        distances = lattice.distances_from(members)[:, members]
        placed = _majorise(placed, distances)
    return _turn(placed)


def _landmark_distances(lattice: Lattice, members: Array) -> tuple[Array, Array]:
    """Choose landmarks farthest first, and return their positions in ``members`` and (k, part) distances."""
    chosen = [0]
    rows = [lattice.distances_from(members[:1])[0, members]]
    nearest = rows[0]
    while len(chosen) < min(LANDMARKS, len(members)):
        farthest = int(np.argmax(nearest))
        if nearest[farthest] == 0:
            break
        chosen.append(farthest)
        rows.append(lattice.distances_from(members[farthest : farthest + 1])[0, members])
        nearest = np.minimum(nearest, rows[-1])
    return np.array(chosen), np.array(rows)


def _scale(chosen: Array, rows: Array) -> Array:
    squared = rows[:, chosen] ** 2
    means = squared.mean(axis=0)
    gram = -0.5 * (squared - means[None, :] - means[:, None] + means.mean())
    values, vectors = np.linalg.eigh(gram)
    values, vectors = values[::-1][:2], vectors[:, ::-1][:, :2]
    if len(values) < 2:
        values, vectors = np.pad(values, (0, 1)), np.pad(vectors, ((0, 0), (0, 1)))
    roots = np.sqrt(np.maximum(values, 0))
    inverse = np.divide(vectors, roots, out=np.zeros_like(vectors), where=roots > 1e-6 * max(roots[0], 1e-300))
    return np.asarray(-0.5 * (rows**2 - means[:, None]).T @ inverse)


def _majorise(placed: Array, distances: Array) -> Array:
    """Reduce the stress: the sum over pairs of (drawn distance - map distance)^2 / map distance^2."""
    count = len(placed)
    np.fill_diagonal(distances := distances.copy(), 1.0)
    weights = distances**-2
    np.fill_diagonal(weights, 0.0)
    drawn = np.linalg.norm(placed[:, None] - placed[None], axis=2)
    np.fill_diagonal(drawn, 1.0)
    if np.abs(drawn - distances).max() < 1e-9 * distances.max():
        return placed
    if drawn.min() < 1e-3 * distances.min():
        # Units that fall on one point would never part; a fixed nudge, small beside an edge, lets them.
        placed = placed + np.random.default_rng(0).normal(size=placed.shape) * 1e-2 * distances.min()
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.inv(laplacian + 1.0 / count) - 1.0 / count
    for _ in range(STEPS):
        drawn = np.linalg.norm(placed[:, None] - placed[None], axis=2)
        ratio = np.divide(weights * distances, drawn, out=np.zeros_like(drawn), where=drawn > 0)
        moved = inverse @ (np.diag(ratio.sum(axis=1)) - ratio) @ placed
        still = np.abs(moved - placed).max() < 1e-4 * distances.max()
        placed = moved
        if still:
            break
    return placed


def _turn(placed: Array) -> Array:
    """Turn the part so that it is widest from left to right, and the same way round every time."""
    placed = placed - placed.mean(axis=0)
    _, _, axes = np.linalg.svd(placed, full_matrices=False)
    turned = placed @ axes.T
    if not np.isfinite(turned).all():
        message = "the graph could not be laid out; give every node an attribute 'pos' of two numbers."
        raise TopologyError(message)
    for axis in range(2):
        heaviest = np.argmax(np.abs(turned[:, axis]))
        if turned[heaviest, axis] < 0:
            turned[:, axis] *= -1
    return np.asarray(turned)
