"""What both implementations share: a codebook centred and scaled for searching, and map displacements."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

Array = np.ndarray[Any, Any]
HUGE_NORM = 2.0**80
SAFE_SUMS = 2.0**-900, 2.0**1000
CARRIED = 64  # units of a tile that values are carried to and from, as in _compiled.c
LONG = 64  # features from which rows are summed the other way round (measured)


def common_type(*arrays: Array) -> np.dtype[Any]:
    """Return float32 if every array is float32, else float64."""
    return np.dtype(np.float32 if all(a.dtype == np.float32 for a in arrays) else np.float64)


def plain(array: Array, dtype: DTypeLike) -> Array:
    """Return the array itself if it is C-contiguous, aligned, in native order and of that type, else such a copy."""
    array = np.asarray(array)
    if array.dtype == dtype and array.dtype.isnative and array.flags.c_contiguous and array.flags.aligned:
        return array
    return np.require(array, dtype, ["C", "A"])


@dataclass(frozen=True)
class Frame:
    """A codebook W shifted to its mean and scaled by a power of two: (W - centre) scale, largest entry in [1/2, 1).

    ``exact`` is in double precision, ``centred`` in the type of W.

    ``fragile`` says that no such scaling exists and rounded scores must not be trusted.
    """

    W: Array
    exact: Array
    centred: Array
    half: Array
    centre: Array
    scale: float
    fragile: bool

    @classmethod
    def of(cls, W: Array) -> Frame:
        """Centre and scale a codebook, in double precision."""
        with np.errstate(all="ignore"):
            offsets = W.astype(np.float64)
            lift = 2.0 ** -max(0, int(np.frexp(_largest(W))[1]) - 900) if W.dtype == np.float64 else 1.0
            centre = (W * lift).mean(axis=0) / lift if lift < 1 else offsets.mean(axis=0)  # no sum may overflow
            offsets -= centre
            reach = _largest(offsets)
            fragile = not (reach == 0 or 2.0**-1000 < reach < 2.0**1000)
            scale = 1.0 if fragile or reach == 0 else float(np.ldexp(1.0, -int(np.frexp(reach)[1])))
            offsets *= scale
            return cls(W, offsets, offsets.astype(W.dtype), 0.5 * sum_of_squares(offsets), centre, scale, fragile)


def _largest(array: Array) -> float:
    return max(float(array.max()), -float(array.min()))


def tile_cuts(m: int, size: int, permutation: Array, offsets: Array) -> Array:
    """Return where tiles of at most ``size`` units begin in a partition of m units."""
    if (
        len(offsets) < 2
        or offsets[0] != 0
        or offsets[-1] != m
        or np.any(np.diff(offsets) < 0)
        or not np.array_equal(np.sort(permutation), np.arange(m))
    ):
        message = "tiles must be (permutation of the units, offsets from 0 to their number)."
        raise ValueError(message)
    return np.concatenate([np.arange(a, b, size) for a, b in pairwise(offsets)])


def sum_of_squares(gaps: Array) -> Array:
    """Return row sums of squares in one fixed order: eight interleaved sums, added as a tree."""
    part = _eight_sums_of_long(gaps).T if gaps.shape[1] >= LONG else _eight_sums(gaps)
    half = part[:4] + part[4:]
    return np.asarray((half[0] + half[2]) + (half[1] + half[3]))


def _eight_sums(gaps: Array) -> Array:
    squares, part = np.square(gaps.T, order="C"), np.zeros((8, len(gaps)))
    for f in range(0, len(squares), 8):
        some = squares[f : f + 8]
        part[: len(some)] += some
    return part


def _eight_sums_of_long(gaps: Array) -> Array:
    """Do the same, to the bit, faster where rows are long."""
    whole = gaps.shape[1] // 8 * 8
    eights = gaps[:, :whole].reshape(len(gaps), whole // 8, 8)
    part = np.asarray(np.einsum("npe,npe->ne", eights, eights))
    rest = gaps[:, whole:]
    part[:, : rest.shape[1]] += rest * rest
    return part


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


@dataclass(frozen=True)
class Products:
    """Map distances of a regular lattice along its rows and its columns, for influences that are products of the two.

    The influence of unit (R, C) on (r, c) is that at class ``down[r - R + rows - 1]`` times that at class
    ``across[R % parities, r % parities, c - C + columns - 1]``.

    Parameters
    ----------
    down : uint16 array of shape (2 rows - 1,)
    across : uint16 array of shape (parities, parities, 2 columns - 1)
        Parities are 1, or 2 for lattices (hexagonal ones) whose even and odd rows are shifted.
    """

    down: Array
    across: Array

    def __post_init__(self) -> None:
        down, across = self.down.shape, self.across.shape
        square = len(across) == 3 and across[:2] in {(1, 1), (2, 2)}
        if not (len(down) == 1 and square and down[0] % 2 and across[2] % 2):
            message = (
                f"Products need shapes (2 rows - 1,) and (p, p, 2 columns - 1) with p 1 or 2, got {down} and {across}."
            )
            raise ValueError(message)
        object.__setattr__(self, "down", plain(self.down, np.uint16))
        object.__setattr__(self, "across", plain(self.across, np.uint16))

    @property
    def rows(self) -> int:
        """Rows of the lattice."""
        return (len(self.down) + 1) // 2

    @property
    def columns(self) -> int:
        """Columns of the lattice."""
        return (int(self.across.shape[2]) + 1) // 2

    @cached_property
    def count(self) -> int:
        """How many classes there are."""
        return int(max(self.down.max(), self.across.max())) + 1


Classes = Array | Displacements | Products


def units_of(classes: Classes) -> int:
    """Return how many units classes are those of."""
    return len(classes) if isinstance(classes, np.ndarray) else classes.rows * classes.columns


def influences_from(classes: Classes, unit: int, influence: Array) -> Array:
    """Return what every unit feels of one, (m,), from the influence at each class, (q,); 0 from class q on."""
    if isinstance(classes, Products):
        (row, column), parities = divmod(unit, classes.columns), len(classes.across)
        down = influence[classes.down[classes.rows - 1 - row :][: classes.rows]]
        across = classes.across[row % parities, :, classes.columns - 1 - column :][:, : classes.columns]
        every = influence[across[np.arange(classes.rows) % parities]]
        return np.asarray(down[:, None] * every).reshape(-1)
    seen = classes.seen_from(unit) if isinstance(classes, Displacements) else classes[unit]
    return np.append(influence, influence.dtype.type(0))[np.minimum(seen, len(influence))]
