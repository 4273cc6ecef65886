"""Tiles of units for the numpy kernels: each a patch of the map, in a box along directions of its own.

A patch is nearly flat and small, so a sample can be told to be far from all its units by a few products with the whole
patch. What is left is looked at unit by unit, in small products that are made side by side.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from somkit.kernels import margins
from somkit.kernels.frames import Array, Frame, tile_cuts

SIZE = 64  # units of a patch, at most; a multiple of GROUP
GROUP = 8  # units that are told apart only where the best of them is good enough
TOGETHER = 128  # rows that are compared with one patch in one product (measured)
DIRECTIONS = 2  # of a patch: a map is mostly a surface
STEPS = 3  # of subspace iteration towards its principal axes
ROWS, NUMBERS = 2**14, 2**20  # rows at a time, at most, and numbers by which their patches are told apart (measured)
CELLS, PAIRS = 2**24, 2**17  # pairs of rows and patches at a time, at most, and those that are looked at together
WORTH = 0.4  # share of the patches up to which looking at these alone pays (measured)


class Scratch(threading.local):
    """Arrays of a thread that are used again and again: getting them from the system each time would take longer."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, np.dtype[Any]], Array] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return the array of that name, of any content."""
        size, held = math.prod(shape), self._held.get((name, dtype))
        if held is None or held.size < size:
            held = self._held[name, dtype] = np.empty(size, dtype)
        return held[:size].reshape(shape)


SCRATCH = Scratch()


@dataclass(frozen=True)
class Patches:
    """A codebook in tiles, each in a box about one of its units; made by `of`, shared by threads.

    ``sides`` (1 + q, tiles, d + 1) times a row (x, 1) is twice the score of the unit in the middle, and where the row
    is along the sides of the box; ``reach`` (1 + q, tiles, 1) is how far units are from the span of the sides, and from
    the middle along each. ``members`` (tiles, units, d + 1) times a row are the scores of all units, whose numbers are
    in ``unit_of`` (tiles, units). ``blur`` and ``widest`` say how far all that may be wrong, as proven in margins.py.
    """

    sides: Array
    reach: Array
    members: Array
    unit_of: Array
    m: int
    blur: float
    widest: float

    @classmethod
    def of(cls, frame: Frame, permutation: Array, offsets: Array) -> Self:
        """Lay a codebook out; one that has an extent (`Frame.fragile` is False, and not all units coincide)."""
        (m, d), dtype = frame.W.shape, frame.W.dtype
        cuts = tile_cuts(m, SIZE, permutation, offsets)
        places, ends = cuts[:, None] + np.arange(SIZE), np.append(cuts[1:], m)[:, None]
        unit_of = permutation[np.minimum(places, ends - 1)]
        members = np.empty((*unit_of.shape, d + 1), dtype)
        members[..., :d] = -frame.centred[unit_of]
        members[..., d] = frame.half[unit_of]
        members[places >= ends] = np.append(np.zeros(d), np.inf)  # no unit
        vectors = frame.exact[unit_of]
        offset = vectors - vectors.mean(axis=1, keepdims=True)
        middle = np.arange(len(cuts)), np.einsum("tjf,tjf->tj", offset, offset).argmin(axis=1)
        sides, reach, defect = _boxes(vectors, vectors[middle])
        sides[0, :, :d] = 2 * members[middle][:, :d]
        sides[0, :, d] = 2 * frame.half[unit_of[middle]]
        widest = float(np.sqrt(2 * frame.half.max())) * margins.SLACK
        reach = np.nextafter((reach + 2.0**-30 * widest).astype(dtype), dtype.type(np.inf))
        return cls(sides.astype(dtype), reach, members, unit_of, m, margins.patches(d, defect, dtype), widest)

    @property
    def step(self) -> int:
        """How many rows are best looked at together."""
        return max(32, min(ROWS, CELLS // len(self.members)))

    def propose(self, x: Array, squares: Array, tolerance: Array, known: Array | None) -> Array | None:
        """Return the pairs (row m + unit) that may be nearest, sorted; None if too many patches have to be looked at.

        ``x`` (n, d + 1) holds rows that can be trusted, each with a 1, ``squares`` and ``tolerance`` are theirs, and
        ``known`` is the score of some unit for each, if any are known.
        """
        kept = SCRATCH.array("kept", (len(self.members), len(x)), np.dtype(bool))
        step = max(32, NUMBERS // self.reach.size)
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            self.keep(x[part], squares[part], None if known is None else known[part], kept[:, part])
        return None if np.count_nonzero(kept) > WORTH * kept.size else self._within(x, tolerance, kept)

    def keep(self, x: Array, squares: Array, known: Array | None, kept: Array) -> None:
        """Tell which patches (tiles, n) may hold a unit that is nearest."""
        shape = kept.shape
        near = SCRATCH.array("near", (len(self.sides), *shape), x.dtype)
        distances = SCRATCH.array("far", shape, x.dtype)
        np.matmul(self.sides.reshape(-1, x.shape[1]), x.T, out=near.reshape(-1, len(x)))
        lowest, blur = near[0].min(axis=0), self.blur * (np.sqrt(squares) + self.widest) ** 2
        if known is not None:
            np.minimum(lowest, 2 * known, out=lowest)
        limits = (squares + lowest + blur).astype(x.dtype)
        left = near[0]  # becomes the distance from the span
        left += (squares - blur).astype(x.dtype)
        for along in near[1:]:
            np.multiply(along, along, out=distances)
            left -= distances
        np.clip(left, 0, np.inf, out=left)  # several times as fast as maximum, which has no fast loop for one number
        np.sqrt(left, out=left)
        np.abs(near[1:], out=near[1:])
        near -= self.reach
        np.clip(near, 0, np.inf, out=near)
        np.multiply(near, near, out=near)
        for beyond in near[1:]:
            left += beyond
        np.less_equal(left, limits, out=kept)

    def _within(self, x: Array, tolerance: Array, kept: Array) -> Array:
        """Return the sorted pairs whose scores are within the tolerance of the lowest of their rows."""
        n = len(x)
        if np.count_nonzero(kept) > PAIRS and n > 1:
            parts = [(start, slice(start, start + -(-n // 2))) for start in (0, -(-n // 2))]
            return np.concatenate([self._within(x[p], tolerance[p], kept[:, p]) + start * self.m for start, p in parts])
        rows, patches, empty = _batches(kept)
        shape, groups = (GROUP, SIZE // GROUP, len(rows)), SIZE // GROUP
        some, best = SCRATCH.array("scores", shape, x.dtype), SCRATCH.array("best", shape[1:], x.dtype)
        batches = x.take(rows, axis=0).reshape(len(patches), TOGETHER, -1).transpose(0, 2, 1)
        scores = some.reshape(SIZE, len(patches), TOGETHER).transpose(1, 0, 2)
        np.matmul(self.members.take(patches, axis=0), batches, out=scores)
        np.minimum.reduce(some, axis=0, out=best)
        lowest = best.min(axis=0)
        lowest[empty] = np.inf
        limits = np.full(n, np.inf, x.dtype)
        np.minimum.at(limits, rows, lowest)
        limits = np.nextafter((limits + tolerance).astype(x.dtype), x.dtype.type(np.inf))
        places = np.flatnonzero(lowest <= limits.take(rows))
        rows = rows.take(places)
        group, hit = _where(best.take(places, axis=1) <= limits.take(rows))
        rows, places = rows.take(hit), places.take(hit)
        cells = group * len(lowest) + places
        member, found = _where(some.reshape(GROUP, -1).take(cells, axis=1) <= limits.take(rows))
        patch = patches.take(places.take(found) // TOGETHER)
        units = self.unit_of[patch, member * groups + group.take(found)]
        return np.sort(rows.take(found) * self.m + units)


def _batches(kept: Array) -> tuple[Array, Array, Array]:
    """Return for each place of each batch its row, the patch of each batch, and which places are empty."""
    n, at = kept.shape[1], np.flatnonzero(kept)
    starts = np.arange(len(kept) + 1) * n
    counts = np.diff(np.searchsorted(at, starts))
    batches = -(-counts // TOGETHER)
    shift = (np.cumsum(batches) - batches) * TOGETHER - (np.cumsum(counts) - counts)
    patches = np.repeat(np.arange(len(counts)), batches)
    rows, empty = np.zeros(len(patches) * TOGETHER, np.int64), np.ones(len(patches) * TOGETHER, bool)
    places = np.arange(len(at)) + np.repeat(shift, counts)
    rows[places], empty[places] = at - np.repeat(starts[:-1], counts), False
    return rows, patches, empty


def _where(mask: Array) -> tuple[Array, Array]:
    """Return what `np.nonzero` does, sooner where little is true."""
    return np.divmod(np.flatnonzero(mask), mask.shape[1])


def _boxes(vectors: Array, middle: Array) -> tuple[Array, Array, float]:
    """Return sides and reach, all of `Patches` but the score, and by how much directions may miss being orthonormal.

    ``vectors`` (tiles, units, d) and ``middle`` (tiles, d) are those of a codebook in double precision.
    """
    count, size, d = vectors.shape
    e = vectors - middle[:, None]
    across = e.transpose(0, 2, 1)
    P = across @ np.random.default_rng(0).normal(size=(size, min(DIRECTIONS, d)))
    for _ in range(STEPS):
        P = across @ (e @ np.linalg.qr(P)[0])
    P = np.linalg.qr(P)[0]
    q, along = P.shape[2], e @ P
    rest = e - along @ P.transpose(0, 2, 1)
    sides, reach = np.zeros((1 + q, count, d + 1)), np.empty((1 + q, count, 1))
    sides[1:, :, :d] = P.transpose(2, 0, 1)
    sides[1:, :, d] = -np.einsum("tfq,tf->qt", P, middle)
    reach[1:, :, 0] = np.abs(along).max(axis=1).T
    reach[0, :, 0] = np.sqrt(np.einsum("tjf,tjf->tj", rest, rest).max(axis=1))
    return sides, reach, float(np.abs(P.transpose(0, 2, 1) @ P - np.eye(q)).max()) * q
