"""Adding up the samples of each unit, over all blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from somkit import kernels
from somkit.kernels import BLOCK_ROWS, TreeSum

Array = np.ndarray[Any, Any]
TOGETHER_FROM = 512  # units from which blocks are added to one sum (measured),
TOGETHER = 32 * BLOCK_ROWS  # of so many rows


class UnitSums:
    """Weighted sums of rows per unit over many blocks, the same whatever the number of threads.

    Any thread calls `blocks` for a few blocks of rows; what it returns goes to `add`, in the order of the blocks. A map
    of many units would have as much to do with an array of sums for each block as with its rows: there, many blocks are
    added to one array, row by row. Arrays are added along the binary tree of their numbers.
    """

    def __init__(self, m: int, centre: Array, scale: Array) -> None:
        self._m, self._centre, self._scale = m, centre, scale
        self._totals = TreeSum(), TreeSum()
        self._open: tuple[Array, Array] | None = None
        self._rows = 0

    def blocks(self, values: Array, weight: Array | None, units: Array, size: int) -> list[tuple[Any, ...]]:
        """Do what can be done for blocks of ``size`` rows by themselves: rows (n, d), weights (n,) and units (n,)."""
        if self._m >= TOGETHER_FROM:
            return [(values, weight, units)]
        parts = [slice(start, start + size) for start in range(0, len(values), size)]
        return [self._accumulate(*_part(part, values, weight, units), None) for part in parts]

    def add(self, block: tuple[Any, ...]) -> None:
        """Add one of what `blocks` returned for the next blocks."""
        if self._m < TOGETHER_FROM:
            self._close((block[0], block[1]))
            return
        start, end = 0, len(block[0])
        while start < end:
            part = slice(start, start + TOGETHER - self._rows)
            values, weight, units = _part(part, *block)
            self._open = self._accumulate(values, weight, units, self._open)
            self._rows += len(values)
            start += len(values)
            if self._rows == TOGETHER:
                self._close(self._open)
                self._open, self._rows = None, 0

    def result(self) -> tuple[Array, Array]:
        """Return the sums of rows, (m, d), and those of weights, (m,), of at least one block."""
        if self._open is not None:
            self._close(self._open)
            self._open = None
        sums, counts = (total.result() for total in self._totals)
        return sums, counts

    def _accumulate(
        self, values: Array, weight: Array | None, units: Array, out: tuple[Array, Array] | None
    ) -> tuple[Array, Array]:
        return kernels.accumulate(values, weight, units, self._m, centre=self._centre, scale=self._scale, out=out)

    def _close(self, arrays: tuple[Array, Array]) -> None:
        for total, array in zip(self._totals, arrays, strict=True):
            total.add(array)


def _part(part: slice, values: Array, weight: Array | None, units: Array) -> tuple[Array, Array | None, Array]:
    return values[part], None if weight is None else weight[part], units[part]
