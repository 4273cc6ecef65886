"""What both implementations share: a codebook centred and scaled for searching, and map displacements."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

Array = np.ndarray[Any, Any]
HUGE_NORM = 2.0**80
SAFE_SUMS = 2.0**-900, 2.0**1000


def common_type(*arrays: Array) -> np.dtype[Any]:
    """Return float32 if every array is float32, else float64."""
    return np.dtype(np.float32 if all(a.dtype == np.float32 for a in arrays) else np.float64)


def plain(array: Array, dtype: DTypeLike) -> Array:
    """Return the array itself if it is C-contiguous, aligned, in native order and of that type, else such a copy."""
    return np.require(array, dtype, ["C", "A"])


@dataclass(frozen=True)
class Frame:
    """A codebook W shifted to its mean and scaled by a power of two: (W - centre) scale, largest entry in [1/2, 1).

    ``fragile`` says that no such scaling exists and rounded scores must not be trusted.
    """

    W: Array
    centred: Array
    half: Array
    centre: Array
    scale: float
    fragile: bool

    @classmethod
    def of(cls, W: Array) -> Frame:
        """Centre and scale a codebook, in double precision."""
        with np.errstate(all="ignore"):
            wide = W.astype(np.float64)
            exponent = int(np.frexp(np.abs(wide).max())[1])
            centre = np.ldexp(np.ldexp(wide, -exponent).mean(axis=0), exponent)
            offsets = wide - centre
            reach = float(np.abs(offsets).max())
            fragile = not (reach == 0 or 2.0**-1000 < reach < 2.0**1000)
            scale = 1.0 if fragile or reach == 0 else float(np.ldexp(1.0, -int(np.frexp(reach)[1])))
            offsets *= scale
            return cls(W, offsets.astype(W.dtype), 0.5 * sum_of_squares(offsets), centre, scale, fragile)

    def exact(self) -> Array:
        """Return the centred and scaled codebook in double precision."""
        return np.subtract(self.W, self.centre, dtype=np.float64) * self.scale


def sum_of_squares(gaps: Array) -> Array:
    """Return row sums of squares in one fixed order: eight interleaved sums, added as a tree."""
    squares = gaps * gaps
    part = np.zeros((len(gaps), 8))
    for f in range(0, gaps.shape[1], 8):
        some = squares[:, f : f + 8]
        part[:, : some.shape[1]] += some
    half = part[:, :4] + part[:, 4:]
    return (half[:, 0] + half[:, 2]) + (half[:, 1] + half[:, 3])


@dataclass(frozen=True)
class Displacements:
    """Map distances of a regular lattice by displacement.

    The class of unit (r, c) as seen from (R, C) is ``lut[R % parities, r - R + rows - 1, c - C + columns - 1]``.

    Parameters
    ----------
    lut : uint16 array of shape (parities, 2 rows - 1, 2 columns - 1)
        One table, or two for lattices (hexagonal ones) whose even and odd rows see different displacements. Class
        0xFFFF is never moved.
    """

    lut: Array

    def __post_init__(self) -> None:
        if self.lut.ndim != 3 or self.lut.shape[0] not in (1, 2) or not all(s % 2 for s in self.lut.shape[1:]):
            message = f"lut must have shape (1 or 2, 2 rows - 1, 2 columns - 1), got {self.lut.shape}."
            raise ValueError(message)
        object.__setattr__(self, "lut", plain(self.lut, np.uint16))

    @property
    def rows(self) -> int:
        """Rows of the lattice."""
        return (int(self.lut.shape[1]) + 1) // 2

    @property
    def columns(self) -> int:
        """Columns of the lattice."""
        return (int(self.lut.shape[2]) + 1) // 2

    @cached_property
    def nearest_class(self) -> Array:
        """The smallest class in each row of the table: rows beyond the reach of an update are passed over by it."""
        return plain(self.lut.min(axis=2), np.uint16)

    @cached_property
    def dense(self) -> Array:
        """Classes between all units, (m, m)."""
        return np.stack([self.seen_from(unit) for unit in range(self.rows * self.columns)])

    def seen_from(self, unit: int) -> Array:
        """Return the classes of all units, as seen from one."""
        row, column = divmod(unit, self.columns)
        table = self.lut[row % len(self.lut), self.rows - 1 - row :, self.columns - 1 - column :]
        return table[: self.rows, : self.columns].reshape(-1)


Classes = Array | Displacements
