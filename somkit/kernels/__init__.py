"""The few loops in which somkit spends its time: one contract, compiled and in plain numpy.

Both implementations find exactly the same units: the lowest index among those whose distance, evaluated directly in
double precision, is within (d + 4) 2⁻⁵² of the smallest. ``SOMKIT_KERNELS=numpy`` forces the portable one; a name such
as ``avx2`` a lower instruction set than the machine's best. Everything is safe to call from many threads at a time, on
blocks of rows; an `OnlineCodebook` belongs to one thread.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from somkit.errors import ParameterError
from somkit.kernels import portable
from somkit.kernels.blocks import (
    BLOCK_ROWS,
    TreeSum,
    keep_freed_memory,
    map_blocks,
    one_blas_thread,
    usable_cores,
)
from somkit.kernels.frames import (
    CARRIED,
    Array,
    Classes,
    Displacements,
    Products,
    common_type,
    influences_from,
    plain,
    units_of,
)
from somkit.kernels.margins import tie
from somkit.kernels.portable import NO_WAY, distances_of_pairs
from somkit.kernels.ranking import power_of_two, rank

__all__ = [
    "BLOCK_ROWS",
    "CARRIED",
    "NO_WAY",
    "Classes",
    "Codebook",
    "Displacements",
    "OnlineCodebook",
    "Products",
    "TreeSum",
    "accumulate",
    "blocks_at_once",
    "carry",
    "describe",
    "distances_of_pairs",
    "hops",
    "implementations",
    "influences_from",
    "keep_freed_memory",
    "map_blocks",
    "nearest",
    "one_blas_thread",
    "online_block",
    "power_of_two",
    "prepare",
    "rank",
    "tie",
    "tiles_pay",
    "usable_cores",
]

try:
    from somkit.kernels import compiled
except ImportError:  # built without a compiler
    compiled = None  # type: ignore[assignment]  # the name must exist; `implementations` looks at it

NAMES = {"avx512": "AVX-512", "avx2": "AVX2 and FMA", "sse2": "SSE2", "neon": "NEON", "plain": "plain C"}


@dataclass(frozen=True)
class Implementation:
    """One implementation of the contract; ``options`` choose the instruction set of a compiled one."""

    name: str
    module: ModuleType
    options: tuple[Any, ...] = ()


def implementations() -> dict[str, Implementation]:
    """Every implementation that works here, the fastest first, by the name that ``SOMKIT_KERNELS`` accepts."""
    levels = () if compiled is None else compiled.LEVELS
    found = {level.name: Implementation(level.name, compiled, (level,)) for level in levels}
    return found | {"numpy": Implementation("numpy", portable)}


def _choose() -> Implementation:
    known, wanted = implementations(), os.environ.get("SOMKIT_KERNELS", "")
    if wanted and wanted not in known:
        message = f"SOMKIT_KERNELS={wanted!r} is not available here; it may be {', '.join(known)}."
        raise ParameterError(message)
    return known[wanted] if wanted else next(iter(known.values()))


_DEFAULT = _choose()


def describe() -> str:
    """Which kernels are in use, in plain words."""
    if _DEFAULT.module is portable:
        reason = "they were not built" if compiled is None else "SOMKIT_KERNELS asks for numpy"
        return f"numpy kernels (no compiled ones: {reason})"
    return f"compiled kernels for {NAMES[_DEFAULT.name]}"


@dataclass(frozen=True)
class Codebook:
    """A codebook prepared once for many searches; made by `prepare`, never changed, shared by threads."""

    prepared: Any
    W: Array
    implementation: Implementation
    alike: bool  # whether all units are equal, as after training on a constant

    def nearest(self, X: Array, k: int = 1, seeds: Array | None = None) -> tuple[Array, Array]:
        """Units (int64) and distances (float64) of the k nearest, each of shape (n, k). See `nearest`.

        ``seeds`` may hold for each row a unit that is likely near, such as its best one of the last epoch (-1: none
        is known); a tiled search starts there. Never changes a result.
        """
        dtype = common_type(X, self.W)
        if dtype != self.W.dtype:
            return prepare(self.W, dtype, self.implementation).nearest(X, k)
        if self.alike:
            return np.tile(np.arange(k), (len(X), 1)), np.tile(distances_of_pairs(X, self.W[:1])[:, None], k)
        found: tuple[Array, Array] = self.prepared.search(
            plain(X, dtype), k, None if seeds is None else plain(seeds, np.int64)
        )
        return found


def prepare(
    W: Array,
    dtype: Any = None,
    implementation: Implementation = _DEFAULT,
    *,
    last: Codebook | None = None,
    tiles: tuple[Array, Array] | None = None,
    prune: bool | None = None,
) -> Codebook:
    """Lay a codebook out for searching: once for each epoch, not for each block.

    Parameters
    ----------
    W : array of shape (m, d)
        Finite; m, d >= 1. Later changes to it are not seen.
    dtype : float32 or float64, optional
        Type of the search; default the type of ``W``. Pass float64 if the data is float64 and ``W`` float32.
    last : Codebook, optional
        The codebook of the last epoch: what was learned about its span is a good start for this one. Never changes a
        result.
    tiles : (permutation, offsets), optional
        A partition of the units into tiles that lie together on the map: tile t holds units
        ``permutation[offsets[t]:offsets[t + 1]]``. At most 64 in a tile, and neighbours in order near each other, is
        best. Never changes a result.
    prune : bool, optional
        Insist on, or forbid, searching by bounds; default where it was measured to win. Never changes a result.
    """
    W = np.array(W, dtype=dtype or common_type(W), order="C")
    before = None if last is None else last.prepared
    made = implementation.module.prepare(W, *implementation.options, last=before, prune=prune, tiles=tiles)
    return Codebook(made, W, implementation, np.array_equal(W[0], W[-1]) and bool((W[0] == W).all()))


def tiles_pay(m: int, d: int, implementation: Implementation = _DEFAULT) -> bool:
    """Whether it is worth making tiles for `prepare`, for a codebook of shape (m, d)."""
    return bool(implementation.module.tiles_pay(m, d))


def blocks_at_once(count: int, m: int, d: int, implementation: Implementation = _DEFAULT) -> int:
    """How many of ``count`` blocks of rows are best searched in one call among m units; never changes a result."""
    wanted: int = implementation.module.blocks_at_once(m, d)
    return max(1, min(count // (2 * usable_cores()), wanted))


def nearest(X: Array, W: Array, k: int = 1, implementation: Implementation = _DEFAULT) -> tuple[Array, Array]:
    """Nearest units of each row by Euclidean distance, exactly.

    Parameters
    ----------
    X : array of shape (n, d)
        Finite. Searched in float32 if ``X`` and ``W`` are, else in float64.
    W : array of shape (m, d)
    k : int
        1 <= k <= m.

    Returns
    -------
    units : int64 array of shape (n, k)
        From near to far; distances within (d + 4) 2⁻⁵² (relative) are ties, which go to the lowest index.
    distances : float64 array of shape (n, k)
        Evaluated directly in double precision.

    Examples
    --------
    >>> units, distances = nearest(np.array([[0.9, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]]))
    >>> int(units[0, 0]), round(float(distances[0, 0]), 6)
    (1, 0.1)
    """
    return prepare(W, common_type(X, W), implementation).nearest(X, k)


def accumulate(
    X: Array,
    weight: Array | None,
    units: Array,
    m: int,
    *,
    centre: Array | None = None,
    scale: Array | float | None = None,
    out: tuple[Array, Array] | None = None,
    implementation: Implementation = _DEFAULT,
) -> tuple[Array, Array]:
    """Weighted sums of rows per unit, and the sums of their weights, in double precision and in row order.

    Parameters
    ----------
    X : array of shape (n, d)
    weight : array of shape (n,), optional
    units : integer array of shape (n,)
        The unit to which each row belongs; 0 <= unit < m.
    centre, scale : array of shape (d,) or float, optional
        Add up (x - centre) scale instead of x.
    out : (sums, counts), optional
        C-contiguous float64 arrays of shapes (m, d) and (m,) to which to add; else new zeros.

    Returns
    -------
    sums : float64 array of shape (m, d)
    counts : float64 array of shape (m,)
    """
    d = X.shape[1]
    sums, counts = (np.zeros((m, d)), np.zeros(m)) if out is None else out
    if centre is not None or scale is not None:
        centre, scale = _for_each(0.0 if centre is None else centre, d), _for_each(1.0 if scale is None else scale, d)
    implementation.module.accumulate(
        plain(X, common_type(X)), None if weight is None else plain(weight, np.float64), plain(units, np.int64),
        centre, scale, sums, counts, *implementation.options,
    )  # fmt: skip
    return sums, counts


def carry(
    classes: Array,
    kept: Array,
    felt: Array,
    values: Array,
    n_jobs: int | None = None,
    implementation: Implementation = _DEFAULT,
) -> Array:
    """Carry values over a map whose distances are tabled, from tiles of `CARRIED` units to tiles.

    Parameters
    ----------
    classes : uint8 or uint16 array of shape (t, m, CARRIED)
        Which of the q distinct distances lies between two units, m = t CARRIED of them: ``classes[t, b, i]`` is that of
        unit t CARRIED + i as seen from unit b; q or more counts as the last.
    kept : bool array of shape (t, t)
        Whether anything is carried to a tile (rows) from a tile (columns).
    felt : array of shape (q,)
        The influence at each distance; q >= 1.
    values : array of shape (m, c)
        Rows of zeros are passed over.
    n_jobs : int >= 1, optional
        Threads; None uses every core. The result does not depend on it.

    Returns
    -------
    float64 array of shape (m, c)
        For each unit j the sum over the units b of kept tiles of the influence at their class times b's row of values.
    """
    found: Array = implementation.module.carry(
        plain(classes, classes.dtype), plain(kept, np.bool_), plain(felt, np.float64), plain(values, np.float64),
        n_jobs, *implementation.options,
    )  # fmt: skip
    return found


def _for_each(value: Array | float, d: int) -> Array:
    """Return a value as it is if there is one for each of d features, else repeat it."""
    if isinstance(value, np.ndarray) and value.shape == (d,):
        return plain(value, np.float64)
    return plain(np.broadcast_to(value, d), np.float64)


def hops(begin: Array, joined: Array, sources: Array, implementation: Implementation = _DEFAULT) -> Array:
    """Count edges from some units of a graph to all of them.

    Parameters
    ----------
    begin : int64 array of shape (m + 1,)
        Where in ``joined`` the neighbours of each unit begin, and the last ones end; m < 65 535.
    joined : int64 array of shape (2 e,)
    sources : int64 array of shape (k,)

    Returns
    -------
    uint16 array of shape (k, m)
        `NO_WAY` where there is none.
    """
    found = np.empty((len(sources), len(begin) - 1), dtype=np.uint16)
    implementation.module.hops(plain(begin, np.int64), plain(joined, np.int64), plain(sources, np.int64), found)
    return found


class OnlineCodebook:
    """A codebook under online training, kept in the layout of the kernel over many blocks of updates.

    Everything is computed in the type of ``W`` (float32 or float64), in the same order by every implementation, so
    their codebooks agree to the bit. Best units are exact, as in `nearest`.
    """

    def __init__(self, W: Array, implementation: Implementation = _DEFAULT) -> None:
        self._dtype, self._m = common_type(W), len(W)
        self._kernel = implementation.module.OnlineCodebook(plain(W, self._dtype), *implementation.options)

    def run(self, X: Array, order: Array, rates: Array, table: Array, classes: Classes) -> tuple[Array, Array]:
        """Make a block of updates: w_j += rates[t] table[t, class(b, j)] (x - w_j), x = X[order[t]], b its best unit.

        Parameters
        ----------
        X : array of shape (n, d)
        order : integer array of shape (updates,)
        rates : array of shape (updates,)
        table : array of shape (updates, q)
            The neighbourhood at each of the q distinct map distances, and 0 where a unit is not moved; multiplied by
            the rate in the type of ``W``. Distances out of reach of the whole block are best left out.
        classes : uint16 array of shape (m, m), Displacements or Products
            Which of the q distances lies between two units; q or more (0xFFFF): not moved. Number the
            distances from near to far: that makes a neighbourhood of limited reach cheap. With `Products` the
            influence on a unit is the product of two entries of the table, which must hold every class.

        Returns
        -------
        units : int64 array of shape (updates,)
            The best unit of each update, before its move.
        distances : float64 array of shape (updates,)
        """
        order = plain(order, np.int64)
        if len(order) and not (order.min() >= 0 and order.max() < len(X)):
            message = f"order must hold rows of X, 0 to {len(X) - 1}."
            raise IndexError(message)
        if X.dtype != self._dtype or not X.flags.c_contiguous:
            X, order = plain(X[order], self._dtype), np.arange(len(order))
        table = plain(table, self._dtype)
        classes = plain(classes, np.uint16) if isinstance(classes, np.ndarray) else classes
        if units_of(classes) != self._m:
            message = f"the classes are those of {units_of(classes)} units, the codebook has {self._m}"
            raise ValueError(message)
        if isinstance(classes, Products) and classes.count > table.shape[1]:
            message = f"the table must hold all {classes.count} classes, got {table.shape[1]}"
            raise ValueError(message)
        found: tuple[Array, Array] = self._kernel.run(
            plain(X, self._dtype), order, plain(rates, np.float64), table, classes
        )
        return found

    def nearest(self, x: Array) -> tuple[int, float]:
        """Return the best unit of one row, shape (d,), and its distance."""
        found: tuple[int, float] = self._kernel.nearest(plain(x, self._dtype))
        return found

    def move(self, x: Array, factors: Array) -> None:
        """Move every unit: w_j += factors[j] (x - w_j)."""
        self._kernel.move(plain(x, self._dtype), plain(factors, np.float64))

    def codebook(self) -> Array:
        """Return the vectors as they are now, a new array of shape (m, d)."""
        vectors: Array = self._kernel.codebook()
        return vectors


def online_block(
    X: Array,
    order: Array,
    W: Array,
    rates: Array,
    table: Array,
    classes: Classes,
    implementation: Implementation = _DEFAULT,
) -> tuple[Array, Array]:
    """One block of online updates, ``W`` changed in place. See `OnlineCodebook.run`."""
    book = OnlineCodebook(W, implementation)
    result = book.run(X, order, rates, table, classes)
    W[...] = book.codebook()
    return result
