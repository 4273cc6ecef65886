"""The kernels against direct evaluation in double precision, every implementation and instruction set that works here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from somkit import kernels
from somkit.kernels import frames, margins, patches

IMPLEMENTATIONS = list(kernels.implementations().values())
every_implementation = pytest.mark.parametrize("implementation", IMPLEMENTATIONS, ids=lambda i: i.name)


@pytest.fixture(autouse=True, scope="module")
def one_blas_thread():
    """Hold BLAS to one thread, as the callers of the kernels do."""
    with kernels.one_blas_thread():
        yield


def direct(X, W, k=1):
    """Apply the rule, word for word: distances one by one, ties within (d + 4) 2^-52 to the lowest unit."""
    units, distances = np.empty((len(X), k), np.int64), np.empty((len(X), k))
    wide = W.astype(np.float64)
    for i, x in enumerate(X.astype(np.float64)):
        gaps = x - wide
        scale = np.abs(gaps).max(axis=1, keepdims=True)
        scale = np.exp2(np.frexp(np.where(scale == 0, 1, scale))[1] - 1.0)
        values = np.sqrt(((gaps / scale) ** 2).sum(axis=1)) * scale[:, 0]
        for rank in range(k):
            unit = int(np.flatnonzero(values <= np.nanmin(values) * (1 + (X.shape[1] + 4) * 2.0**-52))[0])
            units[i, rank], distances[i, rank] = unit, values[unit]
            values[unit] = np.nan
    return units, distances


def check(implementation, X, W, k=1):
    """Search by scores, by low rank and by tiles, with and without seeds, and compare with the rule."""
    expected_units, expected = direct(X, W, k)
    rng = np.random.default_rng(0)
    offsets = np.unique(np.append(rng.integers(0, len(W), size=len(W) // 20), [0, len(W)]))
    for tiles in (None, (rng.permutation(len(W)), offsets)):
        book = kernels.prepare(W, np.result_type(X, W).newbyteorder("="), implementation, prune=True, tiles=tiles)
        for seeds in (None, rng.integers(-1, len(W), size=len(X))):
            compare(*book.nearest(X, k, seeds), expected_units, expected, X.shape[1])
    compare(*kernels.nearest(X, W, k, implementation=implementation), expected_units, expected, X.shape[1])


def compare(units, distances, expected_units, expected, d):
    """Assert the same units, and the same distances to rounding."""
    np.testing.assert_array_equal(units, expected_units)
    np.testing.assert_allclose(distances, expected, rtol=(d + 4) * 2.0**-52)  # two roundings of one sum
    assert units.dtype == np.int64
    assert distances.dtype == np.float64


SHAPES = [(1, 1, 1), (7, 1, 3), (50, 2, 1), (100, 63, 5), (33, 65, 8), (130, 200, 10), (64, 128, 64), (40, 150, 65),
          (30, 90, 130), (9, 300, 200), (2049, 17, 3)]  # fmt: skip


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_finds_the_nearest_units_of_any_shape(implementation, dtype, shape):
    """Sizes around every block boundary, k = 1, 2 and 3."""
    n, m, d = shape
    rng = np.random.default_rng(n + m + d)
    X, W = rng.normal(size=(n, d)).astype(dtype), rng.normal(size=(m, d)).astype(dtype)
    for k in (1, 2, 3):
        if k <= m:
            check(implementation, X, W, k)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rank", [3, 40, 300])
def test_a_search_of_low_rank_is_exact(implementation, dtype, rank):
    """Smooth codebooks in many features, a basis carried on, and one that fits badly."""
    rng = np.random.default_rng(rank)
    base = rng.normal(size=(rank, 300))
    W = (rng.normal(size=(220, rank)) @ base / rank + 3).astype(dtype)
    W[100:110] = W[:10]
    X = np.concatenate([W[::7], W[:50] + 0.1 * rng.normal(size=(50, 300)), rng.normal(size=(60, 300))]).astype(dtype)
    first = kernels.prepare(W, implementation=implementation, prune=True)
    for last in (None, first, kernels.prepare(W[::-1] ** 2, implementation=implementation, prune=True)):
        book = kernels.prepare(W, implementation=implementation, last=last, prune=True)
        for k in (1, 2):
            compare(*book.nearest(X, k), *direct(X, W, k), 300)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_search_by_tiles_is_exact(implementation, dtype):
    """A large smooth map in tiles of many sizes, in and out of order, with and without seeds."""
    rng = np.random.default_rng(10)
    r, c = np.divmod(np.arange(60 * 50), 50)
    W = np.stack([r, c, np.sin(r / 9) * c, np.cos(c / 7), r * c / 50], axis=1).astype(dtype)
    X = np.concatenate([W[::97] + 0.3 * rng.normal(size=(31, 5)), W[::111], 40 * rng.normal(size=(30, 5))]).astype(
        dtype
    )
    near = np.lexsort((c % 8, r % 8, c // 8, r // 8))
    for tiles in (
        (near, np.arange(0, 3001, 60)),
        (near, np.array([0, 1, 1, 200, 3000])),
        (np.arange(3000), np.array([0, 3000])),
    ):
        book = kernels.prepare(W, implementation=implementation, tiles=tiles, prune=True)
        for k in (1, 2):
            units, distances = direct(X, W, k)
            compare(*book.nearest(X, k), units, distances, 5)
            compare(*book.nearest(X, k, units[:, -1]), units, distances, 5)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("noise", [0, 1e-6, 1e-3, 0.3])
def test_a_search_by_tiles_along_few_axes_is_exact(implementation, dtype, noise):
    """A bent map in many features, axes of its own, carried on and of another map; samples in, near and off its span."""
    rng = np.random.default_rng(20)
    r, c = np.divmod(np.arange(30 * 40), 40)
    flat = np.stack([r, c, np.sin(r / 9) * c, np.cos(c / 7), r * c / 50], axis=1)
    W = (flat @ rng.normal(size=(5, 40)) + noise * rng.normal(size=(1200, 40)) + 100).astype(dtype)
    W[600:620] = W[:20]
    off = 300 * np.linalg.svd(W - W.mean(axis=0), full_matrices=False)[2][-1]
    near = rng.normal(size=(40, 40))
    X = np.concatenate([W[::37], W[:40] + near, W[:40] + 30 * near, W[:20] + off]).astype(dtype)
    tiles = np.lexsort((c % 8, r % 8, c // 8, r // 8)), np.arange(0, 1201, 48)
    first = kernels.prepare(W, implementation=implementation, tiles=tiles, prune=True)
    other = kernels.prepare(W[::-1] ** 2, implementation=implementation, tiles=tiles, prune=True)
    for last in (None, first, other):
        book = kernels.prepare(W, implementation=implementation, last=last, tiles=tiles, prune=True)
        for k in (1, 2):
            units, distances = direct(X, W, k)
            compare(*book.nearest(X, k), units, distances, 40)
            compare(*book.nearest(X, k, rng.integers(-1, 1200, size=len(X))), units, distances, 40)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [3, 24])
def test_a_search_by_tiles_tells_near_ties_apart(implementation, dtype, d):
    """Tiles that lie far apart, each of units that differ in their last seven bits: few tiles, near ties in each."""
    rng = np.random.default_rng(25)
    W = np.repeat(10 * rng.normal(size=(12, d)), 60, axis=0).astype(dtype)
    W *= (1 + np.finfo(dtype).eps * rng.integers(-64, 65, size=W.shape)).astype(dtype)
    X = (W[::9] + 0.01 * rng.normal(size=(80, d))).astype(dtype)
    units, distances = direct(X, W)
    tiles = np.arange(720), np.arange(0, 721, 60)
    book = kernels.prepare(W, implementation=implementation, tiles=tiles, prune=True)
    for seeds in (None, np.full(80, -1), rng.integers(720, size=80), units[:, 0]):
        compare(*book.nearest(X, 1, seeds), units, distances, d)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [3, 24])
def test_a_search_by_tiles_is_exact_where_boxes_are_rounded(implementation, dtype, d):
    """Two crowds as far apart as the type can tell them from points, and samples among them."""
    rng = np.random.default_rng(21)
    crowd, step = 1000 * np.sign(rng.normal(size=d)), 2000 * np.finfo(dtype).eps
    along = np.cumsum(rng.normal(size=(400, 2)), axis=0) @ rng.normal(size=(2, d))
    W = (np.concatenate([crowd + step * along, step * along - crowd])).astype(dtype)
    X = W[::3] + (step * rng.normal(size=(267, d))).astype(dtype)
    tiles = np.arange(800), np.arange(0, 801, 20)
    book = kernels.prepare(W, implementation=implementation, tiles=tiles, prune=True)
    for k in (1, 2):
        units, distances = direct(X, W, k)
        compare(*book.nearest(X, k), units, distances, d)
        compare(*book.nearest(X, k, rng.integers(-1, 800, size=len(X))), units, distances, d)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [3, 24])
def test_a_search_by_tiles_is_exact_where_places_overflow(implementation, dtype, d):
    """Units as far apart as numbers go, samples on them, and seeds that are near but not nearest."""
    rng = np.random.default_rng(22)
    half = rng.uniform(-0.5, 0.5, size=(150, 2)) @ np.sign(rng.normal(size=(2, d))) * np.finfo(dtype).max
    W = np.concatenate([half, half]).astype(dtype)
    W[150:, 0] = 0
    W[:150, 0] = 1
    book = kernels.prepare(W, implementation=implementation, tiles=(np.arange(300), np.arange(0, 301, 20)), prune=True)
    units, distances = book.nearest(W[150:], 1, np.arange(150))
    np.testing.assert_array_equal(units[:, 0], np.arange(150, 300))
    assert not distances.any()


@every_implementation
@pytest.mark.parametrize("d", [1, 3, 24])
def test_a_search_by_tiles_is_exact_among_the_smallest_numbers(implementation, d):
    """Units and samples that are small multiples of the smallest number there is."""
    rng = np.random.default_rng(23)
    tiny = np.finfo(np.float64).smallest_subnormal
    W, X = (tiny * rng.integers(0, high, size=(n, d)) for n, high in ((160, 300), (60, 400)))
    W = W[np.argsort(W[:, 0])]
    book = kernels.prepare(W, implementation=implementation, tiles=(np.arange(160), np.arange(0, 161, 8)), prune=True)
    for k in (1, 2):
        units, distances = direct(X, W, k)
        compare(*book.nearest(X, k), units, distances, d)
        compare(*book.nearest(X, k, rng.integers(0, 160, size=len(X))), units, distances, d)


@every_implementation
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("d", [2, 9, 70])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ties_go_to_the_lowest_unit(implementation, dtype, d, k):
    """Small integers give exact ties, copies of units and samples on units in plenty."""
    rng = np.random.default_rng(0)
    W = rng.integers(0, 2 if d > 2 else 4, size=(150, d)).astype(dtype)
    X = np.concatenate([W[::-1], rng.integers(0, 4, size=(60, d))]).astype(dtype)
    check(implementation, X, W, k)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_near_ties_are_told_apart(implementation, dtype):
    """Units that differ in their last bits only are beyond rounded scores, not beyond the rule."""
    rng = np.random.default_rng(1)
    W = np.repeat(rng.normal(size=(10, 30)), 20, axis=0).astype(dtype)
    W *= (1 + np.finfo(dtype).eps * rng.integers(-4, 5, size=W.shape)).astype(dtype)
    check(implementation, rng.normal(size=(50, 30)).astype(dtype), W, 2)


@every_implementation
@pytest.mark.parametrize(
    ("dtype", "scale", "offset"),
    [(np.float64, 1, 1e8), (np.float64, 1e150, 0), (np.float64, 1e-150, 0), (np.float64, 1e-150, 1e-142),
     (np.float64, 1e-160, 0), (np.float64, 1e-305, 0), (np.float64, 1e153, 0), (np.float64, 1e300, 0), (np.float32, 1, 1e4),
     (np.float32, 1e3, 1e8), (np.float32, 1e37, 0), (np.float32, 1e38, 0), (np.float32, 1e-38, 0), (np.float32, 1e-42, 0)],
)  # fmt: skip
@pytest.mark.parametrize("d", [3, 70])
def test_far_from_the_origin_and_hugely_scaled(implementation, dtype, scale, offset, d):
    """Neither offset nor scale costs exactness."""
    rng = np.random.default_rng(2)
    X = (np.clip(rng.normal(size=(60, d)), -3, 3) * scale + offset).astype(dtype)
    W = (np.clip(rng.normal(size=(90, d)), -3, 3) * scale + offset).astype(dtype)
    check(implementation, X, W, 2)


@every_implementation
@pytest.mark.parametrize("k", [1, 2, 5])
def test_units_that_are_all_alike_but_perhaps_one(implementation, k):
    """Every row has the lowest units, and the one that differs takes its place among them where it is nearer."""
    X, W = np.array([[0.0, 1.0], [2.0, 0.5], [-0.0, 3.0]]), np.tile([0.0, 1.0], (40, 1))
    W[1] *= -1.0, 1.0
    check(implementation, X, W, k)
    W[20] = X[1]
    check(implementation, X, W, k)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants_and_outliers(implementation, dtype):
    """A constant codebook, constant data, one mad unit, mad samples."""
    rng = np.random.default_rng(3)
    X, W = rng.normal(size=(40, 5)).astype(dtype), rng.normal(size=(80, 5)).astype(dtype)
    check(implementation, X, np.ones_like(W), 2)
    check(implementation, np.ones_like(X), W, 2)
    check(implementation, np.ones_like(X), np.ones_like(W), 2)
    mad = W.copy()
    mad[7] = 1e15
    check(implementation, X, mad, 2)
    mad = X.copy()
    mad[::7] *= np.array(1e14, dtype)
    mad[3] = np.finfo(dtype).max / 8
    check(implementation, mad, W, 2)
    near = np.repeat(W[:8], 10, axis=0) * (1 + np.finfo(dtype).eps * rng.integers(0, 9, size=W.shape)).astype(dtype)
    check(implementation, X * np.array(1000, dtype), near, 2)


@every_implementation
@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 2.0**-75), (np.float64, 2.0**-538)], ids=str)
@pytest.mark.parametrize("d", [4, 70])
def test_squares_that_underflow_singly_do_not_mislead(implementation, dtype, scale, d):
    """Gaps around the root of the least number: squares vanish or double, so that sums of them rank units wrongly."""
    rng = np.random.default_rng(11)
    X, W = ((rng.normal(size=(n, d)) * scale).astype(dtype) for n in (60, 100))
    check(implementation, X, W, 2)
    book = kernels.OnlineCodebook(W, implementation)
    np.testing.assert_array_equal([book.nearest(x)[0] for x in X], direct(X, W)[0][:, 0])


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [2, 70])
def test_rows_beyond_any_score_are_searched_directly(implementation, dtype, d):
    """Centred and scaled to the codebook such rows are infinite, and their scores no numbers."""
    signs = np.array([[1, 1], [-1, -1]] + [[1, -1], [-1, 1]] * 60)
    W = np.tile(np.ldexp(signs, -20), d // 2).astype(dtype)
    X = np.tile(np.array([[1, -1], [1, 1]]) * (np.finfo(dtype).max / 64), d // 2).astype(dtype)
    assert kernels.nearest(X, W, implementation=implementation)[0].ravel().tolist() == [0, 0]
    check(implementation, X, W, 2)


@every_implementation
@pytest.mark.parametrize("far", [30, 1000])
@pytest.mark.parametrize("d", [3, 30, 300])
def test_rows_far_from_a_codebook_of_near_ties(implementation, d, far):
    """The error of a score grows with the length of the row, beyond what tells the units of a tight codebook apart."""
    rng = np.random.default_rng(12)
    W = np.repeat(rng.normal(size=(11, d)), 20, axis=0)
    W = (W * (1 + 2e-7 * rng.normal(size=W.shape))).astype(np.float32)
    X = (far * rng.normal(size=(60, d))).astype(np.float32)
    X[::2] = far * W[:210:7]
    check(implementation, X, W, 2)


@every_implementation
def test_any_layout_of_memory_and_mixed_types(implementation):
    """Strided, reversed, Fortran-ordered, read-only and byte-swapped input; mixed types search in float64."""
    rng = np.random.default_rng(4)
    X, W = rng.normal(size=(80, 12)).astype(np.float32), rng.normal(size=(90, 12)).astype(np.float32)
    check(implementation, X[::2, ::-3], W[::-1, ::-3])
    check(implementation, np.asfortranarray(X), np.asfortranarray(W))
    check(implementation, X.astype(">f4"), W.astype(">f8"))
    check(implementation, X.astype(np.float64), W)
    check(implementation, X, W + 1e-12)
    X.flags.writeable = W.flags.writeable = False
    check(implementation, X, W)
    book = kernels.prepare(W, implementation=implementation)
    np.testing.assert_array_equal(book.nearest(X + 1e-12)[0], direct(X + 1e-12, W)[0])
    assert book.nearest(X[:0])[0].shape == (0, 1)


values = st.sampled_from([0.0, 1.0, -1.0, 1 + 2**-23, 1 - 2**-24, 0.1, 3.0, 1e4, 1e-4, 1e10, -1e10, 2.0**-126])


@every_implementation
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_values(implementation, data):
    """Awkward values in awkward mixtures, against the rule."""
    n, m, d, k = (data.draw(st.integers(1, top)) for top in (8, 40, 9, 3))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    pool = np.array(data.draw(st.lists(values, min_size=1, max_size=6)), dtype)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    check(implementation, rng.choice(pool, size=(n, d)), rng.choice(pool, size=(m, d)), min(k, m))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [3, 10, 65, 300])
def test_all_implementations_agree_to_the_bit(dtype, d):
    """Units and distances are the same bits, whatever computes them."""
    rng = np.random.default_rng(5)
    W = (0.3 * rng.normal(size=(400, d)) + 5).astype(dtype)
    X = (rng.normal(size=(500, d)) + 5).astype(dtype)
    results = [kernels.nearest(X, W, 2, implementation=i) for i in IMPLEMENTATIONS]
    for units, distances in results[1:]:
        np.testing.assert_array_equal(units, results[0][0])
        np.testing.assert_array_equal(distances, results[0][1])


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_accumulates(implementation, dtype, weighted):
    """Weighted, shifted and scaled sums equal a loop; blocks added to `out` are the whole, to the bit; empty ones change nothing."""
    rng = np.random.default_rng(6)
    X, units = rng.normal(size=(300, 7)).astype(dtype), rng.integers(0, 20, size=300)
    weight = rng.uniform(size=300) if weighted else None
    v = np.ones(300) if weight is None else weight
    for centre, scale in ((None, None), (rng.normal(size=7), 3.0), (None, rng.uniform(size=7))):
        expected = np.zeros((25, 7))
        shifted = (X.astype(np.float64) - (0 if centre is None else centre)) * (1 if scale is None else scale)
        np.add.at(expected, units, v[:, None] * shifted)
        sums, counts = kernels.accumulate(
            X, weight, units, 25, centre=centre, scale=scale, implementation=implementation
        )
        np.testing.assert_allclose(sums, expected, rtol=1e-13, atol=1e-13)  # another order of summation
        np.testing.assert_allclose(counts, np.bincount(units, v, 25), rtol=1e-13)
        parts = kernels.accumulate(
            X[:190], v[:190], units[:190], 25, centre=centre, scale=scale, implementation=implementation
        )
        kernels.accumulate(X[190:], v[190:], units[190:], 25, centre=centre, scale=scale, out=parts,
                           implementation=implementation)  # fmt: skip
        np.testing.assert_array_equal(parts[0], sums)  # row by row, so to the bit
        np.testing.assert_array_equal(parts[1], counts)
    before = sums.copy()
    kernels.accumulate(X[:0], None, units[:0], 25, out=(sums, counts), implementation=implementation)
    np.testing.assert_array_equal(sums, before)


def square(rows, columns, hexagonal=False):
    """Displacements and the dense classes they stand for."""
    shift = 0.5 if hexagonal else 0.0
    r, c = np.divmod(np.arange(rows * columns), columns)
    x, y = c + shift * (r % 2), r * (np.sqrt(0.75) if hexagonal else 1.0)
    exact = np.round((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2, 6)
    distances, dense = np.unique(exact, return_inverse=True)
    dense = dense.reshape(exact.shape).astype(np.uint16)
    lut = np.full((2 if hexagonal else 1, 2 * rows - 1, 2 * columns - 1), 0xFFFF, np.uint16)
    for unit in range(rows * columns):
        lut[r[unit] % len(lut), r - r[unit] + rows - 1, c - c[unit] + columns - 1] = dense[unit]
    return kernels.Displacements(lut), dense, np.sqrt(distances)


def literal_online(X, order, W, rates, table, dense):
    """Follow the definition, one update at a time."""
    W, units, distances = W.copy(), [], []
    for t, i in enumerate(order):
        (unit,), (distance,) = (a[0] for a in direct(X[i : i + 1], W))
        factors = np.append(W.dtype.type(rates[t]) * table[t].astype(W.dtype), W.dtype.type(0))[
            np.minimum(dense[unit], table.shape[1])
        ]
        moved = factors != 0
        W[moved] += factors[moved, None] * (X[i] - W[moved])
        units.append(unit)
        distances.append(distance)
    return W, np.array(units), np.array(distances)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("rows", "columns", "hexagonal", "d", "reach"),
    [(1, 1, False, 1, 9), (5, 7, False, 4, 99), (6, 5, True, 10, 99), (6, 5, True, 3, 1), (2, 70, False, 9, 2), (9, 8, False, 17, 1.5),
     (9, 120, True, 2, 2)],
)  # fmt: skip
def test_online_equals_the_definition(implementation, dtype, rows, columns, hexagonal, d, reach):
    """Displacements and dense classes, all and few units moved: best units and codebook as the definition says."""
    rng = np.random.default_rng(7)
    displacements, dense, distances = square(rows, columns, hexagonal)
    X, W0 = rng.normal(size=(40, d)).astype(dtype), rng.normal(size=(rows * columns, d)).astype(dtype)
    W0[0] = X[0]
    order, rates = rng.integers(0, 40, size=150), np.linspace(0.5, 0.01, 150)
    table = np.exp(-((distances / np.linspace(3, 0.5, 150)[:, None]) ** 2) / 2)
    table[:, distances > reach] = 0
    table[:, 1:2] *= -1  # a neighbourhood may push away
    expected, units, apart = literal_online(X, order, W0, rates, table, dense)
    for classes in (displacements, dense):
        W = W0.copy()
        found, measured = kernels.online_block(X, order, W, rates, table, classes, implementation=implementation)
        np.testing.assert_array_equal(found, units)
        np.testing.assert_allclose(measured, apart, rtol=1e-12)
        np.testing.assert_array_equal(W, expected)
    short = table[:, : max(1, int((distances <= reach).sum()))]
    book = kernels.OnlineCodebook(W0, implementation)
    short[::3, -1:] = table[::3, short.shape[1] - 1 : short.shape[1]] = 0  # a reach that comes and goes
    expected = literal_online(X, order, W0, rates, table, dense)[0]
    for part in (slice(0, 60), slice(60, 61), slice(61, 150)):
        book.run(np.asfortranarray(X.astype(np.float64)), order[part], rates[part], short[part], displacements)
    np.testing.assert_array_equal(book.codebook(), expected)
    narrow, wide = W0.copy(), W0.copy()
    kernels.online_block(X, order, narrow, rates, table.astype(np.float32), dense, implementation=implementation)
    kernels.online_block(
        X, order, wide, rates, table.astype(np.float32).astype(float), dense, implementation=implementation
    )
    np.testing.assert_array_equal(narrow, wide)


@every_implementation
@pytest.mark.parametrize(("rows", "columns"), [(6, 7), (15, 70)])
def test_a_reach_that_shrinks_leaves_nothing_behind(implementation, rows, columns):
    """An update of small reach after one of large reach moves only the units that it reaches."""
    rng = np.random.default_rng(13)
    displacements, dense, distances = square(rows, columns)
    X, W0 = rng.normal(size=(10, 3)), rng.normal(size=(rows * columns, 3))
    order, rates, table = rng.integers(0, 10, size=12), np.full(12, 0.4), np.zeros((12, len(distances)))
    for t, reach in enumerate([99, 2, 0, 1, 99, 1, 3, -1, 2, 5, 0, 1]):
        table[t, distances <= reach] = 0.5
    expected, units, _ = literal_online(X, order, W0, rates, table, dense)
    for classes in (displacements, dense):
        W = W0.copy()
        found, _ = kernels.online_block(X, order, W, rates, table, classes, implementation=implementation)
        np.testing.assert_array_equal(found, units)
        np.testing.assert_array_equal(W, expected)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "columns", "parities"), [(1, 1, 1), (1, 40, 1), (13, 13, 1), (7, 5, 2), (9, 70, 2)])
def test_products_of_rows_and_columns_equal_the_definition(implementation, dtype, rows, columns, parities):
    """Influences that are products move units as their products written out, rows out of reach included."""
    rng = np.random.default_rng(3)
    down = np.abs(np.arange(1 - rows, rows))
    shift = 0.5 * (np.arange(parities)[None, :] - np.arange(parities)[:, None])
    across = np.abs(np.arange(1 - columns, columns) + shift[:, :, None])
    distances, which = np.unique(np.concatenate([down, across.ravel()]), return_inverse=True)
    products = kernels.Products(which[: len(down)], which[len(down) :].reshape(across.shape))
    X, W0 = rng.normal(size=(40, 3)).astype(dtype), rng.normal(size=(rows * columns, 3)).astype(dtype)
    order, rates = rng.integers(0, 40, size=90), np.linspace(0.5, 0.01, 90)
    table = np.exp(-((distances / np.linspace(3, 0.4, 90)[:, None]) ** 2) / 2).astype(dtype)
    table[table < 1e-3] = 0
    r, c = np.divmod(np.arange(rows * columns), columns)
    expected, units = W0.copy(), []
    for t, i in enumerate(order):
        units.append(int(direct(X[i : i + 1], expected)[0][0, 0]))
        R, C = divmod(units[-1], columns)
        beside = across[R % parities, r % parities, c - C + columns - 1]
        felt = table[t, np.searchsorted(distances, np.abs(r - R))] * table[t, np.searchsorted(distances, beside)]
        expected += (dtype(rates[t]) * felt)[:, None] * (X[i] - expected)
    found, _ = kernels.online_block(X, order, W0, rates, table, products, implementation=implementation)
    np.testing.assert_array_equal(found, units)
    np.testing.assert_array_equal(W0, expected)


def test_products_need_a_table_of_every_class():
    """A table too short for its products is refused, and so are classes of another map."""
    with pytest.raises(ValueError, match="with p 1 or 2, got"):
        kernels.Products(np.zeros(3), np.zeros((3, 3, 5)))
    book = kernels.OnlineCodebook(np.zeros((4, 2)))
    products = kernels.Products(np.array([1, 0, 1]), np.array([[[1, 0, 1]]]))
    with pytest.raises(ValueError, match="the table must hold all 2 classes, got 1"):
        book.run(np.zeros((1, 2)), [0], [0.5], np.ones((1, 1)), products)
    with pytest.raises(ValueError, match="the classes are those of 4 units, the codebook has 3"):
        kernels.OnlineCodebook(np.zeros((3, 2))).run(np.zeros((1, 2)), [0], [0.5], np.ones((1, 2)), products)


@every_implementation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_online_steps_equal_a_block(implementation, dtype):
    """Searching and moving one by one, with factors given, is the same as a block."""
    rng = np.random.default_rng(8)
    _, dense, distances = square(4, 9)
    X, W0 = rng.normal(size=(30, 6)).astype(dtype), rng.normal(size=(36, 6)).astype(dtype)
    order, rates, table = rng.integers(0, 30, size=50), np.full(50, 0.3), np.tile(np.exp(-distances), (50, 1))
    W = W0.copy()
    kernels.online_block(X, order, W, rates, table, dense, implementation=implementation)
    book = kernels.OnlineCodebook(W0, implementation)
    for t, i in enumerate(order):
        unit, distance = book.nearest(X[i])
        assert distance == pytest.approx(
            float(np.linalg.norm(X[i].astype(np.float64) - book.codebook()[unit])), rel=1e-12
        )
        book.move(X[i], dtype(rates[t]) * table[t].astype(dtype)[dense[unit]])
    np.testing.assert_array_equal(book.codebook(), W)


@every_implementation
@pytest.mark.parametrize(
    ("dtype", "scale", "offset"),
    [(np.float64, 1, 1e8), (np.float64, 1e150, 0), (np.float64, 1e-150, 0), (np.float64, 1e-305, 0), (np.float32, 1, 1e4),
     (np.float32, 1e37, 0), (np.float32, 1e-38, 0), (np.float32, 1e-42, 0)],
)  # fmt: skip
def test_online_search_is_exact_at_any_scale(implementation, dtype, scale, offset):
    """Copies of units, offsets, and squares that under- or overflow."""
    rng = np.random.default_rng(9)
    W = np.repeat((rng.normal(size=(30, 5)) * scale + offset), 3, axis=0).astype(dtype)
    X = np.concatenate([W[::5], (rng.normal(size=(40, 5)) * scale + offset).astype(dtype)])
    book = kernels.OnlineCodebook(W, implementation)
    units, distances = direct(X, W)
    found = [book.nearest(x) for x in X]
    np.testing.assert_array_equal([u for u, _ in found], units[:, 0])
    np.testing.assert_allclose([a for _, a in found], distances[:, 0], rtol=1e-14)


@every_implementation
def test_refuses_what_would_read_elsewhere(implementation):
    """Rows and units outside their arrays are errors, not crashes."""
    X, W = np.zeros((5, 2)), np.zeros((4, 2))
    with pytest.raises(IndexError):
        kernels.online_block(X, np.array([5]), W, np.ones(1), np.ones((1, 1)), np.zeros((4, 4), np.uint16),
                             implementation=implementation)  # fmt: skip
    for classes in (square(3, 3)[0], square(40, 40)[0], np.zeros((9, 9), np.uint16)):
        with pytest.raises(ValueError, match=r"the classes are those of \d+ units, the codebook has 4"):
            kernels.online_block(X, np.array([0]), W, np.ones(1), np.ones((1, 1)), classes,
                                 implementation=implementation)  # fmt: skip
    with pytest.raises(ValueError, match="tiles must be"):
        kernels.prepare(
            np.eye(4), implementation=implementation, tiles=(np.zeros(4, int), np.array([0, 4])), prune=True
        )
    with pytest.raises(IndexError):
        kernels.accumulate(X, None, np.full(5, 4), 4, implementation=implementation)


def described(**environment):
    """Run `describe` in an interpreter of its own."""
    code = "from somkit import kernels; print(kernels.describe())"
    return subprocess.run([sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True,
                          check=False)  # fmt: skip


def test_the_environment_chooses():
    """SOMKIT_KERNELS names an implementation, and `describe` says which one is used."""
    assert "numpy kernels" in described(SOMKIT_KERNELS="numpy").stdout
    assert "SOMKIT_KERNELS='nothing' is not available here" in described(SOMKIT_KERNELS="nothing").stderr


def test_the_proofs_speak_of_the_constants_in_the_loops():
    """Every number on which a proof or a layout rests is the same in C and in Python."""
    compiled = pytest.importorskip("somkit.kernels.compiled", reason="built without a compiler", exc_type=ImportError)
    sources = Path(kernels.__file__).parent
    text = "".join((sources / name).read_text("utf-8") for name in ("_compiled.c", "_lanes.h"))
    defined = dict(re.findall(r"#define (\w+) +(\S+)", text))
    found = {name: float.fromhex(defined[name]) for name in ("HUGE_NORM", "SAFE_LOW", "SAFE_HIGH")}
    assert int(defined["DEPTH"]) == compiled.DEPTH
    assert float(defined["HUGE_SCORE"]) == compiled.HUGE_SCORE
    assert found["HUGE_NORM"] == frames.HUGE_NORM
    assert (found["SAFE_LOW"], found["SAFE_HIGH"]) == frames.SAFE_SUMS
    assert f"GROUP ((int)({compiled.GROUP_BYTES} / sizeof(REAL)))" in text
    assert "tie = 1 + (double)(d + 4) * 0x1p-52;" in text
    assert margins.tie(6) == (6 + 4) * 2.0**-52


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [5, 40])
@pytest.mark.parametrize("scale", [1, 1e-30])
def test_boxes_enclose_their_units(dtype, d, scale):
    """Edges are never within the places of the units of a tile, nor the last side nearer the span than these."""
    tiled = pytest.importorskip("somkit.kernels.tiled", reason="built without a compiler", exc_type=ImportError)
    rng = np.random.default_rng(24)
    bent = rng.normal(size=(300, 4)) @ rng.normal(size=(4, d)) + 0.001 * rng.normal(size=(300, d))
    W = (scale * (bent + 5)).astype(dtype)
    tiling = tiled.Tiling.of(300, W.dtype, 8, rng.permutation(300), np.arange(0, 301, 20))
    boxes = tiled.Boxes.of(W, tiling, None)
    A, v = (array.astype(np.longdouble) for array in (boxes.directions, W[tiling.permutation]))
    v -= boxes.centre.astype(np.longdouble)
    along = v @ A
    rest = v - along @ A.T
    sides = along if A.shape[1] == d else np.column_stack([along, np.sqrt((rest**2).sum(axis=1))])
    assert sides.shape[1] == (5 if d == 5 else A.shape[1] + 1)
    assert np.all(np.minimum.reduceat(sides, tiling.cuts) >= boxes.low.T)
    assert np.all(np.maximum.reduceat(sides, tiling.cuts) <= boxes.high.T)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 2, 5, 40])
@pytest.mark.parametrize("scale", [1, 1e-30])
def test_the_patch_of_the_nearest_unit_is_kept(dtype, d, scale):
    """However good the unit that is known, and wherever in its patch the nearest one lies."""
    rng = np.random.default_rng(26)
    bent = rng.normal(size=(300, 4)) @ rng.normal(size=(4, d)) + 0.001 * rng.normal(size=(300, d))
    W = (scale * (bent[np.argsort(bent[:, 0])] + 5)).astype(dtype)
    frame = frames.Frame.of(W)
    tiled = patches.Patches.of(frame, np.arange(300), np.arange(0, 301, 20))
    x, rows = np.ones((900, d + 1), dtype), np.arange(900)
    x[:, :d] = frame.centred[rows % 300] + 0.01 * (rows // 300)[:, None] * rng.normal(size=(900, d))
    squares = (x[:, :d].astype(np.longdouble) ** 2).sum(axis=1)
    apart = ((x[:, None, :d].astype(np.longdouble) - frame.exact) ** 2).sum(axis=2)
    known = ((apart.min(axis=1) - squares) / 2).astype(dtype)
    kept = np.empty((len(tiled.members), 900), bool)
    tiled.keep(x, squares.astype(np.float64), known, kept)
    assert kept[apart.argmin(axis=1) // 20, rows].all()
    assert not kept.all()


def test_patches_of_rows_are_looked_up_in_parts(monkeypatch):
    """How many rows and pairs of rows and patches are looked at together changes nothing that is found."""
    rng, plain = np.random.default_rng(30), kernels.implementations()["numpy"]
    W = np.sort(rng.normal(size=(700, 1)), axis=0) + 0.001 * rng.normal(size=(700, 3))
    X = rng.normal(size=(3000, 1)) + 0.001 * rng.normal(size=(3000, 3))
    tiles = np.arange(700), np.arange(0, 701, 50)
    whole = kernels.prepare(W, None, plain, tiles=tiles, prune=True).nearest(X)
    monkeypatch.setattr(patches, "PAIRS", 100)
    monkeypatch.setattr(patches, "NUMBERS", 2000)
    found = kernels.prepare(W, None, plain, tiles=tiles, prune=True)
    proposed = []
    propose = patches.Patches.propose
    monkeypatch.setattr(patches.Patches, "propose", lambda *given: proposed.append(propose(*given)) or proposed[-1])
    for expected, got in zip(whole, found.nearest(X), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert len(proposed) == 1
    assert proposed[0] is not None
    np.testing.assert_array_equal(whole[0], kernels.nearest(X, W, 1, plain)[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("q", [1, 9, 63])
def test_residuals_of_a_basis_are_bounded(dtype, q):
    """The distance of each unit from the span, and what is left along it, are at most what a search assumes of them."""
    compiled = pytest.importorskip("somkit.kernels.compiled", reason="built without a compiler", exc_type=ImportError)
    rng = np.random.default_rng(14)
    W = (rng.normal(size=(80, min(q, 20))) @ rng.normal(size=(min(q, 20), 120)) + 1).astype(dtype)
    frame, block = frames.Frame.of(W), compiled.LEVELS[0].block(W.dtype)
    orthonormal, places = compiled.spanning(frame, q, None), compiled.places(len(W), block)
    for Q in (orthonormal, 3 * orthonormal, rng.normal(size=(120, q)).astype(dtype)):
        low = compiled.LowRank.of(frame, Q, places, block)
        t = (frame.exact @ Q.astype(np.float64)).astype(dtype).astype(np.longdouble)
        left = frame.exact.astype(np.longdouble) - t @ Q.T.astype(np.longdouble)
        r = low.slacks[places >= 0][np.argsort(places[places >= 0])]
        assert np.all(np.sqrt((left**2).sum(axis=1)) <= r)
        along = np.sqrt(((left @ Q.astype(np.longdouble)) ** 2).sum(axis=1)).max()
        assert low.margin.slope >= 2 * along


@every_implementation
@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
@settings(max_examples=30)
def test_edges_are_counted_as_networkx_counts_them(implementation, m, ends):
    """The number of edges between two units is networkx's shortest path, and NO_WAY where there is none."""
    graph = nx.Graph()
    graph.add_nodes_from(range(m))
    graph.add_edges_from((first % m, second % m) for first, second in ends if first % m != second % m)
    neighbours = [sorted(graph[unit]) for unit in range(m)]
    begin = np.cumsum([0, *map(len, neighbours)])
    joined = np.array([unit for row in neighbours for unit in row], dtype=np.int64)
    expected = np.full((m, m), kernels.NO_WAY)
    for source, found in nx.all_pairs_shortest_path_length(graph):
        for target, count in found.items():
            expected[source, target] = count
    assert np.array_equal(kernels.hops(begin, joined, np.arange(m), implementation), expected)


@pytest.mark.skipif(kernels.compiled is None, reason="only the compiled kernels read the arrays by themselves")
def test_a_graph_that_leads_outside_is_refused():
    """Neighbours and sources outside the map are refused before anything is read there."""
    for begin, joined, sources in (([0, 1, 1], [2], [0]), ([0, 2, 1], [1], [0]), ([0, 1, 1], [1], [5])):
        with pytest.raises(IndexError, match="outside the map"):
            kernels.hops(*(np.array(values, dtype=np.int64) for values in (begin, joined, sources)))


@pytest.mark.skipif("avx2" not in kernels.implementations(), reason="the widths of bases depend on the instruction set")
def test_bases_are_as_wide_as_they_need_be():
    """A basis is narrow until it leaves many units to be measured."""
    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.normal(size=(400, 3)), axis=0) @ rng.normal(size=(3, 300))
    X = (smooth[rng.integers(400, size=600)] + rng.normal(size=(600, 300))).astype(np.float32)
    implementation, widths, books = kernels.implementations()["avx2"], [], []
    for scatter in (0.0, 0.0, 3.0, 3.0, 3.0):
        W = (smooth + scatter * np.random.default_rng(1).normal(size=smooth.shape)).astype(np.float32)
        books.append(kernels.prepare(W, implementation=implementation, last=books[-1] if books else None, prune=True))
        widths.append(books[-1].prepared.basis.shape[1])
        np.testing.assert_array_equal(books[-1].nearest(X)[0], direct(X, W)[0])
    narrow, wide = widths[0], widths[-1]
    assert narrow < wide
    assert widths == [narrow, narrow, narrow, wide, wide]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 5), d=st.integers(1, 70) | st.integers(1, 3_000))
def test_long_rows_are_summed_as_short_ones_are(seed, n, d):
    """Squares are added to eight sums in turn, and these as a tree, however long the rows are."""
    gaps = np.random.default_rng(seed).normal(size=(n, d))
    eight = np.zeros((n, 8))
    for feature in range(d):
        eight[:, feature % 8] += gaps[:, feature] * gaps[:, feature]
    four = eight[:, :4] + eight[:, 4:]
    assert np.array_equal(frames.sum_of_squares(gaps), (four[:, 0] + four[:, 2]) + (four[:, 1] + four[:, 3]))


@every_implementation
@given(
    seed=st.integers(0, 2**32 - 1), tiles=st.integers(1, 9), columns=st.integers(1, 50) | st.integers(120, 135),
    q=st.integers(1, 9), dtype=st.sampled_from([np.uint8, np.uint16]),
)  # fmt: skip
def test_values_are_carried_by_classes(implementation, seed, tiles, columns, q, dtype):
    """Each unit gets every value times the influence at its class; classes beyond the table count as its last."""
    rng = np.random.default_rng(seed)
    m = tiles * kernels.CARRIED
    classes = rng.choice([*range(12), np.iinfo(dtype).max], (tiles, m, kernels.CARRIED)).astype(dtype)
    kept, felt, values = rng.random((tiles, tiles)) < 0.7, rng.normal(size=q), rng.normal(size=(m, columns))
    values[rng.random(m) < rng.random()] = 0
    between = felt[np.minimum(classes, q - 1)] * np.repeat(kept, kernels.CARRIED, axis=1)[:, :, None]
    expected = np.einsum("tbi,bc->tic", between, values).reshape(m, columns)
    found = [kernels.carry(classes, kept, felt, values, n_jobs, implementation) for n_jobs in (1, 2)]
    assert np.allclose(found[0], expected, rtol=0, atol=1e-13 * m)
    assert np.array_equal(*found)


def test_values_are_carried_only_where_all_arrays_agree():
    """Arrays of other shapes than the kernels count on are refused, before anything is read beyond their ends."""
    classes, kept, values = np.zeros((2, 128, 64), np.uint8), np.ones((2, 2), bool), np.ones((128, 3))
    for implementation in kernels.implementations().values():
        for wrong in [(classes[:, :64], kept, values), (classes, kept[:, :1], values), (classes, kept, values[:64])]:
            with pytest.raises((ValueError, IndexError)):
                kernels.carry(wrong[0], wrong[1], np.ones(1), wrong[2], 1, implementation)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (130, 7), (1_000, 20)])
def test_what_vectors_are_loaded_from_begins_with_a_cache_line(shape, dtype):
    """No vector of a codebook lies across two cache lines: that alone takes a search a third longer."""
    if kernels.compiled is None:
        pytest.skip("there are no vectors in numpy's kernels")
    W, tiles = np.random.default_rng(0).normal(size=shape).astype(dtype), (np.arange(shape[0]), np.array([0, shape[0]]))
    tiled, plain = (kernels.compiled.prepare(W, prune=tiled, tiles=tiles) for tiled in (True, False))
    arrays = [tiled.packed, tiled.edges, tiled.outer_edges, tiled.columns, tiled.tiling.start, plain.packed, plain.half]
    assert [array.ctypes.data % 64 for array in arrays] == [0] * 7
