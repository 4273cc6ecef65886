"""Spreading a neighbourhood over the map: axis by axis is pair by pair."""

import numpy as np
import pytest

from somkit import Recipe, resolve
from somkit.kernels import influences_from
from somkit.lattice import Influence, Lattice

LATTICES = [
    "grid:rows=5,columns=7",
    "grid:rows=5,columns=7,periodic=both",
    "grid:rows=5,columns=4,distance=chebyshev,periodic=rows",
    "grid:rows=5,columns=4,distance=path",
    "hex:rows=6,columns=5",
    "hex:rows=6,columns=5,offset=even,periodic=both",
    "hex:rows=1,columns=5",
    "ring:units=9",
    "line:units=9",
]


@pytest.mark.parametrize("radius", [0.0, 0.3, 1.0, 4.0])
@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble", "exponential", "gaussian:reach=2", "bubble:reach=2"])
@pytest.mark.parametrize("topology", LATTICES)
def test_spreading_axis_by_axis_is_spreading_pair_by_pair(topology, neighbourhood, radius):
    """However the lattice spreads values, it is the sum over all pairs of units."""
    recipe = Recipe(topology=topology, neighbourhood=neighbourhood)
    lattice = recipe.topology.lattice()
    values = np.random.default_rng(0).normal(size=(len(lattice), 3))
    values[::3] = 0
    influences = recipe.neighbourhood.influences(lattice.distances_from(range(len(lattice))), radius)
    expected = np.einsum("bj,bc->jc", influences, values)
    # Products of two or three rounded factors, and sums in another order: a few units in the last place each.
    bound = 1e-14 * np.einsum("bj,bc->jc", influences, np.abs(values))
    assert (np.abs(lattice.spread(values, recipe.neighbourhood.at(radius)) - expected) <= bound).all()


@pytest.mark.parametrize("topology", ["grid:rows=150,columns=140", "grid:rows=2,columns=3000"])
def test_a_large_map_is_spread_in_pieces(topology):
    """Pieces that are shared out among threads are the whole product, and the same bits however many threads there are."""
    lattice, influence = Recipe(topology=topology).topology.lattice(), Recipe().neighbourhood.at(3.0)
    values = np.random.default_rng(1).normal(size=(len(lattice), 7))
    down, across = (np.unique(column) for column in lattice.positions.T[::-1])
    rows, columns = (influence(np.abs(axis[:, None] - axis)) for axis in (down, across))
    expected = np.einsum(
        "rsc,ts->rtc", np.einsum("qr,rsc->qsc", rows, values.reshape(len(down), len(across), 7)), columns
    )
    found = [lattice.spread(values, influence, n_jobs) for n_jobs in (1, 2, 3)]
    np.testing.assert_allclose(found[0], expected.reshape(-1, 7), rtol=0, atol=1e-12)  # sums in another order
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])


def test_a_lattice_that_is_no_grid_is_not_spread_by_axes():
    """Units scattered over a large box are spread pair by pair, with the same result."""
    from somkit.lattice import Coordinates

    points = np.random.default_rng(0).integers(0, 100, size=(20, 2)).astype(float)
    lattice = Lattice(range(20), points, [], rule=Coordinates(points))
    values = np.eye(20)
    gaussian = Influence(lambda distance: np.exp(-(distance**2) / 2), product="euclidean")
    assert np.array_equal(lattice.spread(values, gaussian), gaussian(lattice.distances_from(range(20))).T)


@pytest.mark.parametrize(
    ("topology", "neighbourhood", "by_axes"),
    [
        ("hex:rows=4,columns=4", "gaussian", True),
        ("grid:rows=4,columns=4,distance=chebyshev", "bubble:reach=2", True),
        ("grid:rows=4,columns=4,distance=path", "exponential", True),
        ("grid:rows=4,columns=4", "gaussian:reach=2", False),
        ("grid:rows=4,columns=4", "bubble", False),
        ("hex:rows=4,columns=4,distance=path", "gaussian", False),
    ],
)
def test_only_products_are_spread_by_axes(topology, neighbourhood, by_axes):
    """The short cut is taken exactly where the neighbourhood is a product along the lattice's norm."""
    recipe = Recipe(topology=topology, neighbourhood=neighbourhood)
    lattice, influence = recipe.topology.lattice(), recipe.neighbourhood.at(1.0)
    spread = None if influence.product is None else lattice.rule.spread(np.eye(16), influence)
    assert (spread is not None) == by_axes


@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble", "exponential", "bubble:reach=2"])
@pytest.mark.parametrize("topology", LATTICES)
def test_rows_and_columns_tell_what_units_feel(topology, neighbourhood):
    """Where a neighbourhood is a product along a lattice's norm, those of rows and columns give every unit's own."""
    recipe = Recipe(topology=topology, neighbourhood=neighbourhood)
    lattice, norm = recipe.topology.lattice(), recipe.neighbourhood.product_felt
    found = lattice.products(norm)
    assert (found is None) == (lattice.rule.name == "path" or lattice.rule.norm != norm)
    if found is None:
        return
    distinct, products = found
    expected = recipe.neighbourhood.influences(lattice.distances_from(range(len(lattice))), 1.5)
    felt = recipe.neighbourhood.influences(distinct, 1.5)
    for unit in range(len(lattice)):
        # Two rounded factors, of arguments up to 20 rounded themselves.
        np.testing.assert_allclose(influences_from(products, unit, felt), expected[unit], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_influence_is_subnormal(dtype):
    """Some processors take a hundred times as long over numbers that small."""
    distance, smallest = np.linspace(0, 60, 2000, dtype=dtype), np.finfo(dtype).smallest_normal
    raw = resolve("neighbourhood", "gaussian")(distance, dtype(1))
    assert ((raw > 0) & (raw < smallest)).any()
    felt = resolve("neighbourhood", "gaussian").influences(distance, dtype(1))
    assert np.array_equal(felt, np.where(raw < smallest, 0, raw))
    few = resolve("neighbourhood", "gaussian").influences(distance, dtype(1), 0.25)
    assert np.array_equal(few, np.where(raw < 0.25, 0, raw))
