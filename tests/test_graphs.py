"""Literally any graph is a map."""

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from somkit import SOM, Recipe, load, resolve
from somkit.errors import ParameterError, TopologyError
from somkit.lattice import lattice_of_graph
from somkit.standard import Graph, Grid


def geometric():
    """Return a random geometric graph whose edges carry their length."""
    graph = nx.random_geometric_graph(40, 0.3, seed=1)
    pos = nx.get_node_attributes(graph, "pos")
    for first, second in graph.edges:
        graph.edges[first, second]["length"] = math.dist(pos[first], pos[second])
    return Graph.of(graph, weight="length")


GRAPHS = {
    "karate club": nx.karate_club_graph,
    "3-D grid": lambda: nx.grid_graph((3, 3, 3)),
    "balanced tree": lambda: nx.balanced_tree(3, 3),
    "weighted random geometric graph": geometric,
    "two disjoint rings": lambda: nx.disjoint_union(nx.cycle_graph(8), nx.cycle_graph(5)),
    "single node": lambda: nx.empty_graph(1),
}


@pytest.fixture(scope="module")
def X():
    """Three clouds in four dimensions."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(centre, 0.3, size=(40, 4)) for centre in (0, 2, 4)])


@pytest.mark.parametrize("trainer", ["batch", "online"])
@pytest.mark.parametrize("name", list(GRAPHS))
def test_any_graph_trains_measures_draws_and_comes_back(X, tmp_path, name, trainer):
    """Every graph is trained on by both trainers, measured, drawn, saved, and loaded as it was."""
    graph = GRAPHS[name]()
    trained = SOM(topology=graph, trainer=trainer, epochs=5, random_state=0).fit(X).map_
    measures = trained.measures(X)
    assert 0 <= measures["topographic_error"] <= 1
    assert 0 < measures["quantisation_error"] < 5
    if len(trained.lattice) > 1:
        assert trained.history[-1]["quantisation_error"] < trained.history[0]["quantisation_error"]
    y = np.repeat(["a", "b", "c"], 40)
    for view in ("u_matrix", "hits", "labels", "component_planes"):
        assert trained.draw(view, X=X, y=y).figure is not None
    trained.save(tmp_path / "map.somkit")
    again = load(tmp_path / "map.somkit")
    assert again.lattice.nodes == trained.lattice.nodes
    assert np.array_equal(again.bmu(X), trained.bmu(X))
    assert np.array_equal(again.lattice.distances_from([0]), trained.lattice.distances_from([0]))
    assert again.recipe == trained.recipe


@st.composite
def graphs(draw):
    """Draw graphs with loops, parallel edges, parts and odd labels."""
    count = draw(st.integers(1, 12))
    labels = draw(st.permutations([("a", 1), "b", 3, 4.5, True, frozenset({1}), "c", "d", (2, (3, 4)), 7, "e", -1]))[
        :count
    ]
    graph = nx.MultiGraph()
    graph.add_nodes_from(labels)
    ends = st.sampled_from(labels)
    for first, second, length in draw(st.lists(st.tuples(ends, ends, st.integers(1, 9)), max_size=25)):
        graph.add_edge(first, second, length=length / 4)
    return graph


@given(graphs(), st.sampled_from([None, "length"]))
def test_map_distance_is_networkx_shortest_path(graph, weight):
    """Distances along any graph equal networkx's, counted or added up, infinite between parts."""
    lattice = lattice_of_graph(graph, weight)
    assert lattice.nodes == tuple(graph)
    expected = np.full((len(graph), len(graph)), np.inf)
    position = {node: unit for unit, node in enumerate(graph)}
    for source, found in nx.all_pairs_dijkstra_path_length(graph, weight=weight):
        for target, length in found.items():
            expected[position[source], position[target]] = length if weight else round(length)
    # Lengths are quarters, so sums are exact whatever their order.
    assert np.array_equal(lattice.distances_from(range(len(graph))), expected)
    assert lattice.diameter == expected[np.isfinite(expected)].max()


def test_parts_do_not_move_each_other(X):
    """Units in different parts of a graph never move each other."""
    graph = nx.disjoint_union(nx.cycle_graph(4), nx.cycle_graph(4))
    W0 = np.concatenate([np.zeros((4, 4)), np.full((4, 4), 100.0)])
    for trainer in ("batch", "online"):
        trained = Recipe(topology=graph, trainer=trainer, epochs=3).fit(X, initial_codebook=W0)
        assert (trained.codebook[:4] != 0).all()
        assert (trained.codebook[4:] == 100).all()


def test_networkx_weight_is_not_a_length_unless_asked_for():
    """Edges are counted by default, whatever attributes they carry: the karate club's weights are contacts."""
    graph = nx.karate_club_graph()
    counted = SOM(topology=graph).recipe().topology.lattice()
    assert set(counted.lengths) == {1.0}
    assert Graph.of(graph, weight="weight").lattice().lengths.max() == 7


def test_positions_of_a_graph_are_kept():
    """A graph whose nodes have ``pos`` is drawn there."""
    graph = nx.path_graph(3)
    nx.set_node_attributes(graph, {0: (0.0, 1.0), 1: (2.0, 3.0), 2: (4.0, 5.0)}, "pos")
    assert Graph.of(graph).lattice().positions.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_layout_is_deterministic_and_parts_do_not_overlap():
    """A graph without positions is laid out the same way every time, its parts side by side."""
    graph = nx.disjoint_union(nx.star_graph(6), nx.path_graph(3))
    first, second = lattice_of_graph(graph).positions, lattice_of_graph(graph).positions
    assert np.array_equal(first, second)
    assert first[:7, 0].max() < first[7:, 0].min()
    apart = np.linalg.norm(first[:, None] - first[None], axis=2)[np.triu_indices(10, 1)]
    assert apart.min() > 0.1


def test_a_path_is_laid_out_straight():
    """Where map distances fit the plane, the layout keeps them."""
    positions = lattice_of_graph(nx.path_graph(5)).positions
    assert np.allclose(np.diff(np.sort(positions[:, 0])), 1, atol=1e-2)
    assert np.allclose(positions[:, 1], 0, atol=1e-2)


REFUSED = {
    "directed": (
        nx.DiGraph([(0, 1)]),
        None,
        "a map's graph must be undirected, got a directed one; convert it with graph.to_undirected().",
    ),
    "empty": (nx.Graph(), None, "a map's graph must have at least one node, got an empty one."),
    "length missing": (
        nx.path_graph(2),
        "length",
        "edge (0, 1) has no attribute 'length' to take its length from.",
    ),
    "length by another name": (
        nx.Graph([(0, 1, {"weight": 2.0})]),
        "length",
        "edge (0, 1) has no attribute 'length' to take its length from. It has 'weight'.",
    ),
    "length negative": (
        nx.Graph([(0, 1, {"length": -1})]),
        "length",
        "edge (0, 1) must have a finite 'length' > 0, got -1.",
    ),
    "length text": (
        nx.Graph([(0, 1, {"length": "far"})]),
        "length",
        "edge (0, 1) must have a finite 'length' > 0, got 'far'.",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_graphs_that_are_no_maps_are_refused(name):
    """A graph that cannot be a map is refused in one sentence."""
    graph, weight, message = REFUSED[name]
    with pytest.raises(TopologyError) as caught:
        Graph.of(graph, weight=weight)
    assert str(caught.value) == message


def test_the_large_lattices_diameter_is_that_of_all_pairs():
    """The shortcut that finds a regular lattice's diameter agrees with looking at every pair."""
    for spelling in ("grid:rows=5,columns=7", "hex:rows=6,columns=5", "hex:rows=5,columns=4,distance=path"):
        for periodic in ("none", "columns", "both"):
            if periodic == "both" and "rows=5" in spelling:
                continue
            lattice = Recipe(topology=f"{spelling},periodic={periodic}").topology.lattice()
            assert lattice.diameter == lattice.distances_from(range(len(lattice))).max()
    assert Grid(rows=200, columns=200).lattice().diameter == math.hypot(199, 199)


BROKEN = {
    "no node": ({"nodes": ()}, "Graph.nodes must be one label or more, all different and none of them None."),
    "a node twice": (
        {"nodes": ("a", "a")},
        "Graph.nodes must be one label or more, all different and none of them None.",
    ),
    "a loop": (
        {"nodes": (1, 2), "edges": ((0, 0),)},
        "Graph.edges must be different pairs of two different units from 0 to 1.",
    ),
    "an edge twice": (
        {"nodes": (1, 2), "edges": ((0, 1), (1, 0))},
        "Graph.edges must be different pairs of two different units from 0 to 1.",
    ),
    "lengths for other edges": (
        {"nodes": (1, 2), "edges": ((0, 1),), "lengths": (1.0, 2.0)},
        "Graph.lengths must be empty, or hold a finite number > 0 for each edge.",
    ),
    "positions for other nodes": (
        {"nodes": (1, 2), "positions": ((0.0, 0.0),)},
        "Graph.positions must be empty, or hold two or three numbers for each node.",
    ),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_what_is_no_graph_is_refused(name):
    """A graph written out by hand is checked when it is built."""
    fields, message = BROKEN[name]
    with pytest.raises(ParameterError) as caught:
        Graph(**fields)
    assert str(caught.value) == message


def test_edges_written_out_are_put_in_order():
    """Edges may be given either way round and in any order, their lengths with them."""
    graph = Graph(nodes=("a", "b", "c"), edges=((2, 1), (1, 0)), lengths=(5.0, 2.0))
    assert (graph.edges, graph.lengths) == (((0, 1), (1, 2)), (2.0, 5.0))


def test_a_node_called_0_0_is_not_spelt_as_one_called_0():
    """A field is left out of a spelling only if it is its default, types of labels included."""
    graph = Graph(nodes=(0.0,))
    for form in (str(graph), graph.to_dict()):
        (node,) = resolve("topology", form).nodes
        assert isinstance(node, float)
