"""Arrays as text that a page can carry: base64 of little-endian numbers, read back as typed arrays."""

from __future__ import annotations

import base64
from typing import Any, Self

import attrs
import numpy as np

Array = np.ndarray[Any, Any]

FAITHFUL = 1e-6  # of a column's range: where float32 is farther off than this, float64 is carried
LEVELS = 65_534  # steps of a quantised column; the code above them stands for a missing value
MISSING = 65_535
TYPES = {"<f4": "float32", "<f8": "float64", "<u4": "uint32", "<u2": "uint16"}


@attrs.frozen(eq=False)
class Packed:
    """An array as base64 text.

    Parameters
    ----------
    name : str
        By which the page knows it.
    numbers : array
        As it is carried: float32, float64, uint32 or uint16.
    offset, step : float
        What the numbers stand for: offset + step * number.
    """

    name: str
    numbers: Array
    offset: float = 0.0
    step: float = 1.0

    @property
    def type(self) -> str:
        """The type of the numbers, as JavaScript's typed arrays are called."""
        return TYPES[self.numbers.dtype.newbyteorder("<").str]

    @property
    def text(self) -> str:
        """The numbers, row by row, as base64."""
        little = self.numbers.astype(self.numbers.dtype.newbyteorder("<"), order="C", copy=False)
        return base64.b64encode(little.tobytes()).decode("ascii")

    @property
    def meaning(self) -> Array:
        """What the page makes of the numbers, float64; NaN where a value is missing."""
        values = self.offset + self.step * self.numbers.astype(np.float64)
        return np.where(self.numbers == MISSING, np.nan, values) if self.numbers.dtype == np.uint16 else values

    @classmethod
    def whole(cls, name: str, values: Any) -> Self:
        """Pack whole numbers from 0 to 2^32 - 1."""
        return cls(name, np.asarray(values).astype(np.uint32))

    @classmethod
    def real(cls, name: str, values: Any) -> Self:
        """Pack real numbers as float32, or as float64 where float32 would blur a column of them.

        Parameters
        ----------
        name : str
        values : array of shape (c, k)
            c columns, each a row of the array; or (k,), one column. NaN is a missing value.
        """
        numbers = np.asarray(values, dtype=np.float64)
        with np.errstate(over="ignore"):
            narrow = numbers.astype(np.float32)
        columns = np.atleast_2d(numbers)
        error = _reach(np.abs(np.atleast_2d(narrow).astype(np.float64) - columns))
        faithful = error <= FAITHFUL * (_reach(columns) - _reach(columns, lowest=True))
        return cls(name, narrow if (faithful | (error == 0)).all() else numbers)

    @classmethod
    def quantised(cls, name: str, values: Array) -> Self:
        """Pack a column in 65 535 steps over its range, two bytes each; off by at most 1 / 131 068 of the range."""
        columns = np.asarray(values, dtype=np.float64)
        low, high = _reach(columns[None], lowest=True)[0], _reach(columns[None])[0]
        step = (high - low) / LEVELS if high > low else 1.0
        codes = np.rint((columns - low) / step)
        return cls(name, np.where(np.isnan(codes), MISSING, codes).astype(np.uint16), float(low), float(step))


def _reach(columns: Array, *, lowest: bool = False) -> Array:
    """Return the largest (or smallest) value of each row that is not missing, 0 where all are."""
    known = ~np.isnan(columns)
    chosen = np.min(columns, axis=1, where=known, initial=np.inf) if lowest else None
    if chosen is None:
        chosen = np.max(columns, axis=1, where=known, initial=-np.inf)
    return np.where(known.any(axis=1), chosen, 0.0)
