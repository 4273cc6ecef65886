"""Spreading a neighbourhood over the map: axis by axis is pair by pair."""

import networkx as nx
import numpy as np
import pytest

from somkit import Recipe, resolve
from somkit.kernels import influences_from
from somkit.lattice import Influence, Lattice, spreading

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
    values = np.random.default_rng(0).normal(size=(len(lattice), 2 * spreading.COLUMNS + 3))  # many: some at a time
    values[::3] = 0
    influences = recipe.neighbourhood.influences(lattice.distances_from(range(len(lattice))), radius)
    expected = np.einsum("bj,bc->jc", influences, values)
    # Products of two or three rounded factors, and sums in another order: a few units in the last place each.
    bound = 1e-14 * np.einsum("bj,bc->jc", influences, np.abs(values))
    influence = recipe.neighbourhood.at(radius)
    found = [lattice.spread(values, influence, n_jobs) for n_jobs in (1, 2)]
    assert (np.abs(found[0] - expected) <= bound).all()
    np.testing.assert_array_equal(found[1], found[0])
    assert (np.abs(lattice.spread(values[:, :3], influence) - expected[:, :3]) <= bound[:, :3]).all()


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


def graph_lattice(units, radius=None):
    """Return the lattice of units in the plane joined where they are near, or else of a path."""
    if radius is None:
        graph = nx.path_graph(units)
        nx.set_node_attributes(graph, {unit: (unit, 0) for unit in graph}, "pos")
    else:
        graph = nx.random_geometric_graph(units, radius, seed=5)
    return resolve("topology", graph).lattice()


@pytest.mark.parametrize("shape", [(130,), (700, 0.06), (2_100,), (2_100, 0.03)])
@pytest.mark.parametrize("neighbourhood", ["gaussian", "exponential", "bubble", "mexican_hat"])
def test_what_is_left_out_on_a_graph_is_below_rounding(shape, neighbourhood):
    """Of what every unit gets of every feature, nothing that rounding keeps is left out, however near 0 it all is."""
    lattice, m = graph_lattice(*shape), shape[0]
    distances, rng = lattice.distances_from(range(m)), np.random.default_rng(3)
    for radius, held in [(0.5, 1), (2.0, m // 50 + 1), (1.0, m // 2), (100.0, m)]:
        values = np.zeros((m, 4))
        holders = rng.permutation(m)[:held]
        values[holders, :3] = rng.normal(size=(held, 3)) * [1.0, 1e-30, 1e30]
        values[holders[0], 3] = 1.0  # of one feature only one unit holds anything
        influence = resolve("neighbourhood", neighbourhood).at(radius)
        felt = influence(distances)
        found = [lattice.spread(values, influence, n_jobs) for n_jobs in (1, 2)]
        # rounding of held terms, and of what is near the smallest numbers there are
        bound = 1e-15 * held * (np.abs(felt.T) @ np.abs(values)) + 1e-300
        assert (np.abs(found[0] - felt.T @ values) <= bound).all()
        assert np.array_equal(*found)


@pytest.mark.parametrize("neighbourhood", ["gaussian", "exponential"])
def test_what_is_left_out_is_what_the_docs_say(neighbourhood):
    """Less than 2^-60 of the sum of the sizes of what arrives at a unit of a feature comes from the tiles left out."""
    lattice, rng = graph_lattice(2_100), np.random.default_rng(4)
    tiled, left_out = lattice._tiled, 0
    for radius in (0.5, 1.0, 3.0, 8.0):
        felt = resolve("neighbourhood", neighbourhood).at(radius)(tiled.distances)
        held = np.zeros((tiled.classes.shape[1], 2))
        held[:2_100] = np.exp(rng.normal(scale=10, size=(2_100, 2)))
        kept, tiles = tiled._kept(felt, held), len(tiled.near)
        sizes = np.abs(felt)[tiled.classes]
        by_tile = np.einsum("tsbi,sbc->tsic", sizes.reshape(tiles, tiles, 64, 64), held.reshape(tiles, 64, 2))
        lost = np.where(kept[:, :, None, None], 0, by_tile).sum(axis=1)
        assert (lost <= 2.0**-60 * by_tile.sum(axis=1)).all()
        left_out += np.count_nonzero(lost)
    assert left_out


def test_units_out_of_reach_are_passed_over(monkeypatch):
    """Under a narrow neighbourhood most of a large graph is not looked at."""
    lattice, shares = graph_lattice(2_100), []
    carry = spreading.carry
    monkeypatch.setattr(spreading, "carry", lambda *given: shares.append(given[1].mean()) or carry(*given))
    for neighbourhood in ("gaussian", "bubble"):
        lattice.spread(np.ones((2_100, 2)), resolve("neighbourhood", neighbourhood).at(1.0))
    assert max(shares) < 0.1


@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
def test_parts_of_a_large_graph_hear_nothing_of_each_other(neighbourhood):
    """Where there is no way, nothing arrives: not even from the part with the longest way."""
    graph = nx.disjoint_union_all([nx.path_graph(40), nx.path_graph(2_100), nx.path_graph(300)])
    nx.set_node_attributes(graph, {unit: (unit, 0) for unit in graph}, "pos")
    lattice = resolve("topology", graph).lattice()
    values = np.ones((2_440, 1))
    values[40:2_140] = 0
    found = lattice.spread(values, resolve("neighbourhood", neighbourhood).at(2.0))
    assert (found[40:2_140] == 0).all()
    assert (found[:40] > 0).all()
    assert (found[2_140:] > 0).all()


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
