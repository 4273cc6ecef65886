"""Carrying values over a map: along its axes, and between all units whose distances are tabled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, final

import attrs
import numpy as np

from somkit.kernels import CARRIED, carry, map_blocks

if TYPE_CHECKING:
    from somkit.lattice.lattice import Influence

Array = np.ndarray[Any, Any]
MANY_PRODUCTS = 2**24  # products of numbers that are worth starting a thread for (measured),
PIECES = 4  # in so many pieces
COLUMNS = 112  # of values that are carried through all axes at a time: they stay in the caches (measured)
NEGLIGIBLE = 2.0**-60  # share of what a unit gets that may be left out: far below what rounding does to it
SAFE = 2.0**-1000  # sizes that have lost nothing to underflow


def multiplied(matrix: Array, stack: Array, n_jobs: int | None) -> Array:
    """Return matrix @ stack, of shape (b, s, c); a large one in pieces that do not depend on the number of threads."""
    if stack.size * len(matrix) < MANY_PRODUCTS:
        return matrix @ stack
    found = np.empty_like(stack)
    axis = 0 if len(stack) >= PIECES else 2
    cuts = np.linspace(0, stack.shape[axis], PIECES + 1).astype(int)

    def multiply(number: int) -> None:
        piece = (slice(None),) * axis + (slice(cuts[number], cuts[number + 1]),)
        np.matmul(matrix, stack[piece], out=found[piece])

    for _ in map_blocks(multiply, PIECES, n_jobs):
        pass
    return found


def along_axes(matrices: Sequence[Array], dense: Array, n_jobs: int | None) -> Array:
    """Multiply dense values, (*axes, c), by a matrix along each axis; many columns some at a time, through all axes."""
    if dense.shape[-1] < 2 * COLUMNS:
        for axis, matrix in enumerate(matrices):
            before, size = math.prod(dense.shape[:axis]), dense.shape[axis]
            dense = multiplied(matrix, dense.reshape(before, size, -1), n_jobs).reshape(dense.shape)
        return dense
    found = np.empty_like(dense)

    def multiply(number: int) -> None:
        piece = (..., slice(number * COLUMNS, (number + 1) * COLUMNS))
        found[piece] = along_axes(matrices, np.ascontiguousarray(dense[piece]), 1)

    for _ in map_blocks(multiply, -(-dense.shape[-1] // COLUMNS), n_jobs):
        pass
    return found


@final
@attrs.frozen(eq=False)
class TiledClasses:
    """Which of few distances lies between two units, for tiles of units that lie together.

    Parameters
    ----------
    order : array of shape (m,)
        The units, tile after tile.
    distances : array of shape (q,)
        The distances, from near to far.
    classes : uint8 or uint16 array of shape (t, t CARRIED, CARRIED)
        As `carry` takes them; the last tile is filled up with the last unit.
    near, far : arrays of shape (t, t)
        The lowest and the highest class between the units of two tiles.
    """

    order: Array
    distances: Array
    classes: Array
    near: Array
    far: Array

    @classmethod
    def of(cls, order: Array, distances: Array, seen_from: Callable[[Array], Array]) -> TiledClasses:
        """Table what some units see, a tile of them at a time: ``seen_from(units)`` are their classes, (k, m)."""
        units = np.append(order, np.repeat(order[-1:], -len(order) % CARRIED))
        tiles = len(units) // CARRIED
        classes = np.empty((tiles, len(units), CARRIED), np.uint8 if len(distances) <= 256 else np.uint16)
        near, far = np.empty((2, tiles, tiles), np.uint16)

        def look(number: int) -> None:
            sources = slice(number * CARRIED, (number + 1) * CARRIED)
            seen = seen_from(units[sources])[:, units].reshape(-1, tiles, CARRIED).transpose(1, 0, 2)
            classes[:, sources] = seen
            near[:, number], far[:, number] = seen.min(axis=(1, 2)), seen.max(axis=(1, 2))

        for _ in map_blocks(look, tiles):
            pass
        return cls(order, distances, classes, near, far)

    def spread(self, values: Array, influence: Influence, n_jobs: int | None = None) -> Array:
        """Carry values from all units to all, as `Lattice.spread` does."""
        felt, m = influence(self.distances), len(self.order)
        held = np.zeros((self.classes.shape[1], values.shape[1]))
        held[:m] = values[self.order]
        found = np.empty(values.shape)
        found[self.order] = carry(self.classes, self._kept(felt, held), felt, held, n_jobs)[:m]
        return found

    def _kept(self, felt: Array, held: Array) -> Array:
        """Tell from which tiles (columns) a tile (rows) gets what can matter to any number of its units.

        Of sum_b |felt[b, j] values[b, c]|, L or more arrives at every unit j of a tile, and at most U comes from one
        other tile. Left out are those of the t tiles from which U <= `NEGLIGIBLE` L / t for every column c.
        """
        sizes, tiles = np.abs(felt), len(self.near)
        least, most = np.minimum.accumulate(sizes), np.maximum.accumulate(sizes[::-1])[::-1][self.near]
        whole = np.abs(held).reshape(tiles, CARRIED, -1).sum(axis=1)
        whole = whole[:, whole.any(axis=0)]
        with np.errstate(all="ignore"):
            shares = whole / whole.sum(axis=0)
            arriving = np.einsum("ts,sc->tc", least[self.far], shares).min(axis=1)  # not by BLAS: the same bits always
            limit = NEGLIGIBLE / tiles * arriving[:, None]
            negligible = (most * shares.max(axis=1) <= limit) & (limit >= SAFE)
        return np.asarray(~(negligible | (most == 0)))
