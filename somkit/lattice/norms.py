"""What `Coordinates` measures by: norms of differences, arcs of great circles, and maps that close with a twist."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

GREAT_CIRCLE = "great_circle"
NORMS = ("euclidean", "chebyshev", "manhattan", "hexagonal", GREAT_CIRCLE)


def norm_of(norm: str, deltas: list[Array], weights: tuple[float, ...]) -> Array:
    """Return the norm of differences given axis by axis, each >= 0."""
    if norm == "euclidean":
        return np.sqrt(sum((delta * delta * weight for delta, weight in zip(deltas, weights, strict=True)), 0.0))
    if norm == "chebyshev":
        return np.asarray(np.maximum.reduce(deltas))
    if norm == "manhattan":
        return np.asarray(sum(deltas[1:], deltas[0]))
    # Hexagons in double-width coordinates (row, 2 column + shift): a diagonal step changes both, by one each.
    return np.maximum(deltas[0], (deltas[0] + deltas[1]) / 2)


def great_circle(first: Array, second: Array) -> Array:
    """Return the arcs between points on a sphere about the origin, (k, p) and (m, p) -> (k, m).

    Notes
    -----
    The angle is 2 atan2(|u - v|, |u + v|), which is accurate near 0 and near pi alike: Kahan (2006), How futile are
    mindless assessments of roundoff in floating-point computation?, section 12.
    """
    radius = np.sqrt((second[:1] ** 2).sum())
    apart, together = np.zeros((2, len(first), len(second)))
    for one, other in zip(first.T, second.T, strict=True):
        apart += (one[:, None] - other[None, :]) ** 2
        together += (one[:, None] + other[None, :]) ** 2
    return np.asarray(2 * radius * np.arctan2(np.sqrt(apart), np.sqrt(together)))


def wrapped_norm(
    norm: str, first: Array, second: Array, weights: tuple[float, ...], periods: tuple[float, ...]
) -> Array:
    """Return the norms of all differences, the short way round on periodic axes; (k, p) and (m, p) -> (k, m)."""
    deltas = []
    for one, other, period in zip(first.T, second.T, periods, strict=True):
        delta = np.abs(one[:, None] - other[None, :])
        if period:
            delta = delta % period  # an image may lie more than once round away
            delta = np.minimum(delta, period - delta)
        deltas.append(delta)
    return norm_of(norm, deltas, weights)


def twisted_axes(
    points: Array, weights: tuple[float, ...], periods: tuple[float, ...], twist: tuple[tuple[float, float], ...]
) -> list[tuple[float, Array]]:
    """Chart a surface that closes with a twist, so that a point and its image have the same coordinates.

    The axis that is gone half round becomes a circle, at angle a. What is odd in the mirrored axis, the axis itself or
    the sine of a periodic one, is turned by half of a, as the width of a Moebius strip is. No chart, an empty list,
    where the image is of another kind.
    """
    round_axes = [axis for axis, (sign, shift) in enumerate(twist) if sign > 0 and shift and 2 * shift == periods[axis]]
    if len(round_axes) != 1:
        return []
    along = round_axes[0]
    angle = 4 * np.pi * points[:, along] / periods[along]
    turned = np.column_stack([np.cos(angle / 2), np.sin(angle / 2)])
    axes = [(periods[along] / 2 * np.sqrt(weights[along]), np.column_stack([np.cos(angle), np.sin(angle)]))]
    for axis, (sign, shift) in enumerate(twist):
        if axis == along:
            continue
        root, period, column = np.sqrt(weights[axis]), periods[axis], points[:, axis]
        if sign > 0:
            axes.append((np.ptp(column) * root, column[:, None]))
        elif period:
            other = 2 * np.pi * (column - shift / 2) / period
            axes.append((period * root, np.column_stack([np.cos(other), np.sin(other)[:, None] * turned])))
        else:
            axes.append((np.ptp(column) * root, (column - shift / 2)[:, None] * turned))
    return axes
