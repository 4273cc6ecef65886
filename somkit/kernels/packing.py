"""How units lie in the memory of the compiled kernels: side by side, as many as the loops take at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from somkit.kernels.frames import Array

CACHE_LINE = 64  # bytes; loading a vector that begins in one and ends in the next takes twice as long
DEPTH = 64  # products in one running sum, as in _compiled.c


@dataclass(frozen=True)
class Level:
    """One instruction set: its number and name, and how many units its loops keep in registers."""

    number: int
    name: str
    narrow: tuple[int, int]
    wide: tuple[int, int]

    def block(self, dtype: np.dtype[Any]) -> int:
        """Return the number of units whose scores the search keeps in registers."""
        return (self.wide if dtype == np.float64 else self.narrow)[0]

    def lanes(self, dtype: np.dtype[Any]) -> int:
        """Return how many numbers are in a vector."""
        return (self.wide if dtype == np.float64 else self.narrow)[1]


def depth(d: int) -> int:
    """Return how many roundings a term of a score passes, less one, in the loops of _search.h."""
    return min(d, DEPTH) + -(-d // DEPTH)


def places(m: int, block: int) -> Array:
    """Return the unit at each place of a packed codebook, -1 for none.

    Each block is rotated by a few units more than the last, so that units below each other on a map of, say, 64 columns
    do not meet in one lane: a lane that holds two near-ties has to be searched again.
    """
    rows = np.arange(-(-m // block))[:, None]
    units = rows * block + (np.arange(block) + 7 * rows) % block
    return np.where(units < m, units, -1).reshape(-1)


def lined_up(values: Array, dtype: Any = None) -> Array:
    """Return a contiguous copy, of another type if one is given, whose memory begins with a cache line."""
    dtype = values.dtype if dtype is None else np.dtype(dtype)
    size = values.size * dtype.itemsize
    memory = np.empty(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    found: Array = memory[start : start + size].view(dtype).reshape(values.shape)
    found[...] = values
    return found


def packed(values: Array, units: Array, block: int, empty: float = 0.0) -> Array:
    """Lay (m, d) out as (blocks, d, block): the units of a block side by side, ``empty`` where there is none."""
    taken = values[np.maximum(units, 0)]
    taken[units < 0] = empty
    return lined_up(taken.reshape(-1, block, values.shape[1]).transpose(0, 2, 1))
