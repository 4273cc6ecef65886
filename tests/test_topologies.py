"""Topologies against networkx, scipy, scikit-learn and counting by hand; what they refuse; what their files need."""

import json
import math

import attrs
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import kneighbors_graph

from somkit import SOM, Recipe, Samples, TrainedMap, load, resolve
from somkit.errors import ParameterError, TopologyError
from somkit.lattice import Coordinates, Lattice
from somkit.plugins import current
from somkit.standard import (
    Bubble,
    Cylinder,
    Gaussian,
    Graph,
    Grid,
    Hex,
    Klein,
    Knn,
    LatticeTopology,
    Moebius,
    Mst,
    SmallWorld,
    Torus,
)
from somkit.standard.topologies import generators
from somkit.standard.topologies.from_data import landmarks

X = np.random.default_rng(0).normal(size=(400, 3)) * (3, 2, 1)


def distances(topology):
    """Return all map distances."""
    lattice = topology.lattice()
    return lattice.distances_from(range(len(lattice)))


def shortest_paths(graph, nodes):
    """Return the numbers of edges between all nodes, by networkx."""
    found = dict(nx.all_pairs_shortest_path_length(graph))
    return np.array([[found[first].get(second, np.inf) for second in nodes] for first in nodes])


# --- sizes ------------------------------------------------------------------------------------------------------------

SIZABLE = [
    entry.key
    for entry in current().registry.entries("topology")
    if entry.plugin == "standard"
    and any(
        "auto" in (value if isinstance(value, tuple) else (value,))
        for value in attrs.asdict(entry.component()).values()
    )
]


@pytest.mark.parametrize("name", SIZABLE)
def test_every_size_left_to_the_data_is_about_five_roots(name):
    """400 samples give about 100 units on every topology that can be resized, and the fitted recipe says how many."""
    started = Recipe(topology=name).start(X)
    assert 70 <= len(started.state.lattice) <= 140
    assert "auto" not in str(started.recipe.topology)
    assert len(started.recipe.topology.lattice()) == len(started.state.lattice)


def test_only_graphs_that_are_written_out_have_no_size_of_their_own():
    """Every topology but `graph`, whose nodes are given, can be left to the data."""
    names = {entry.key for entry in current().registry.entries("topology") if entry.plugin == "standard"}
    assert names - set(SIZABLE) == {"standard/graph"}


@pytest.mark.parametrize(
    ("spelling", "shape"),
    [
        ("lattice", (3, 5, 7)),
        ("lattice:shape=[auto,auto]", (8, 12)),
        ("lattice:shape=[auto,2,auto]", (6, 2, 8)),
        ("lattice:shape=[auto,auto,auto,auto],periodic=true", (3, 3, 3, 4)),
    ],
)
def test_sides_of_a_lattice_follow_the_data(spelling, shape):
    """Free axes are as long as the data are wide, the last the longest; periodic ones have at least 3 units."""
    found = resolve("topology", spelling).sized_for(Samples.of(X)).shape
    assert found == shape


# --- grids of any dimension ------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_a_lattice_is_networkxs_grid(shape, data):
    """Units, edges and steps are those of networkx's grid graph, periodic along the same axes."""
    periodic = [data.draw(st.booleans()) and side >= 3 for side in shape]
    lattice = LatticeTopology(shape=shape, periodic=periodic, distance="path").lattice()
    graph = nx.Graph()
    graph.add_nodes_from(np.ndindex(*shape))
    for node in np.ndindex(*shape):
        for axis, (side, wrap) in enumerate(zip(shape, periodic, strict=True)):
            there = list(node)
            there[axis] += 1
            if there[axis] < side or wrap:
                there[axis] %= side
                graph.add_edge(node, tuple(there))
    assert lattice.nodes == tuple(graph)
    assert np.array_equal(lattice.distances_from(range(len(lattice))), shortest_paths(graph, lattice.nodes))
    assert len(lattice.edges) == graph.number_of_edges()


@pytest.mark.parametrize("distance", ["plane", "path", "chebyshev"])
def test_a_lattice_of_two_axes_is_a_grid(distance):
    """A lattice of two axes is the grid of as many rows and columns, to the bit."""
    for periodic, word in ((False, "none"), (True, "both"), ((False, True), "columns")):
        ours = LatticeTopology(shape=(4, 5), periodic=periodic, distance=distance).lattice()
        grid = Grid(rows=4, columns=5, periodic=word, distance=distance).lattice()
        assert np.array_equal(ours.edges, grid.edges)
        assert np.array_equal(ours.positions, grid.positions)
        assert np.array_equal(ours.distances_from(range(20)), grid.distances_from(range(20)))


def test_units_of_four_axes_are_drawn_as_slices():
    """Of more than three axes slices lie side by side, none on another."""
    lattice = LatticeTopology(shape=(2, 3, 2, 2)).lattice()
    apart = np.linalg.norm(lattice.positions[:, None] - lattice.positions[None], axis=2)
    assert lattice.positions.shape == (24, 2)
    assert np.sort(apart, axis=1)[:, 1].min() == 1


# --- surfaces --------------------------------------------------------------------------------------------------------


def unrolled(surface, turns=(-2, -1, 0, 1, 2)):
    """Return every unit of a surface many times over, as its drawing is unrolled: positions and unit numbers."""
    rows, columns = surface.rows, surface.columns
    hexagons, twisted = surface.cells == "hex", surface.name in {"moebius", "klein"}
    closed = surface.name in {"torus", "klein"}
    places, units = [], []
    for turn in turns:
        for level in range(-rows, 2 * rows) if closed else range(rows):
            for column in range(columns):
                row = level % rows
                if twisted and turn % 2:
                    row = (-level if closed and hexagons else rows - 1 - level) % rows
                across = column + turn * columns + (level % 2 / 2 if hexagons else 0)
                places.append((across, level * (math.sqrt(3) / 2 if hexagons else 1)))
                units.append(row * columns + column)
    return np.array(places), np.array(units)


SURFACES = [
    surface(rows=rows, columns=columns, cells=cells)
    for cells in ("hex", "square")
    for surface, rows, columns in [
        (Cylinder, 4, 5),
        (Torus, 4, 5),
        (Torus, 6, 3),
        (Moebius, 5, 6),
        (Moebius, 3, 3),
        (Moebius, 1, 7),
        (Klein, 4, 5),
        (Klein, 6, 4),
    ]
] + [Moebius(rows=4, columns=3, cells="square"), Klein(rows=5, columns=3, cells="square")]


@pytest.mark.parametrize("surface", SURFACES, ids=str)
def test_a_surface_is_its_drawing_unrolled(surface):
    """Plane distances, edges and steps are those of the drawing laid out again and again, turned over where it twists."""
    places, units = unrolled(surface)
    m = surface.rows * surface.columns
    first = np.array([np.flatnonzero((units == unit) & _middle(places, surface))[0] for unit in range(m)])
    apart = np.linalg.norm(places[first][:, None] - places[None], axis=2)
    shortest = np.array([np.where(units == unit, apart, np.inf).min(axis=1) for unit in range(m)]).T
    # The drawing's positions are rounded, the lattice's whole numbers are not.
    assert np.allclose(distances(surface), shortest, rtol=0, atol=1e-12)
    graph = nx.Graph()
    graph.add_nodes_from(range(m))
    graph.add_edges_from(np.argwhere(np.abs(shortest - 1) < 1e-9))
    lattice = surface.lattice()
    assert sorted(map(tuple, lattice.edges.tolist())) == sorted(tuple(sorted(edge)) for edge in graph.edges)
    steps = distances(attrs.evolve(surface, distance="path"))
    assert np.array_equal(steps, shortest_paths(graph, range(m)))


def _middle(places, surface):
    """Tell which places are in the drawing itself, not in one of its copies."""
    height = surface.rows * (math.sqrt(3) / 2 if surface.cells == "hex" else 1)
    columns = (places[:, 0] > -0.1) & (places[:, 0] < surface.columns - 0.4 + 0.5 * (surface.cells == "hex"))
    return columns & (places[:, 1] > -0.1) & (places[:, 1] < height - 0.1)


@pytest.mark.parametrize(("surface", "borders"), [(Cylinder, 2), (Moebius, 1), (Torus, 0), (Klein, 0)])
@pytest.mark.parametrize(("cells", "inner"), [("square", 4), ("hex", 6)])
def test_borders_tell_surfaces_apart(surface, borders, cells, inner):
    """A cylinder has two borders, a Moebius strip has one, twice as long, and torus and Klein bottle have none."""
    rows = 5 if surface in {Cylinder, Moebius} else 6
    graph = surface(rows=rows, columns=8, cells=cells).graph()
    border = graph.subgraph([node for node, degree in graph.degree if degree < inner])
    assert nx.number_connected_components(border) == borders
    assert {degree for _, degree in border.degree} <= {2}


@pytest.mark.parametrize("surface", [Moebius, Klein])
@pytest.mark.parametrize("cells", ["square", "hex"])
def test_a_chart_of_a_twisted_surface_has_no_seam(surface, cells):
    """Neighbours across the seam lie as near in the chart that `pca` lays the map with as neighbours elsewhere."""
    rows = 5 if surface is Moebius else 6
    lattice = surface(rows=rows, columns=12, cells=cells).lattice()
    long = np.linalg.norm(lattice.chart[lattice.edges[:, 0]] - lattice.chart[lattice.edges[:, 1]], axis=1)
    column = np.array(lattice.nodes)[:, 1][lattice.edges]
    seam = np.abs(column[:, 0] - column[:, 1]) > 1
    assert seam.any()
    assert long[seam].max() <= long[~seam].max() * (1 + 1e-9)


def test_a_map_on_a_klein_bottle_comes_back(tmp_path):
    """A twisted map is trained, saved and read with the same distances."""
    trained = SOM(topology="klein:rows=4,columns=5", trainer="online", epochs=3, random_state=0).fit(X).map_
    trained.save(tmp_path / "klein.somkit")
    read = load(tmp_path / "klein.somkit")
    assert np.array_equal(read.lattice.distances_from(range(20)), trained.lattice.distances_from(range(20)))
    assert read.recipe == trained.recipe


def test_an_image_may_lie_more_than_once_round():
    """A twist whose shift goes round several times is the same as one that goes round less often."""
    points = np.arange(3)[:, None]
    near, far = (
        Lattice(range(3), np.zeros((3, 2)), [[0, 1]], rule=Coordinates(points, periods=(6,), twist=((1.0, shift),)))
        for shift in (3.0, 27.0)
    )
    assert near.distances_from(range(3)).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert np.array_equal(far.distances_from(range(3)), near.distances_from(range(3)))


@pytest.mark.parametrize(
    "spelling",
    [
        "lattice:shape=[3,4,5],periodic=[true,false,true]",
        "lattice:shape=[2,3,2,3],distance=chebyshev",
        "moebius:rows=5,columns=6",
        "klein:rows=4,columns=6",
        "hex:rows=7,columns=7,shape=hexagon",
        'hex:shape=mask,mask=["#....#","##...#","######"]',
        "small_world:units=20",
    ],
)
@pytest.mark.parametrize("neighbourhood", [Gaussian(), Bubble()])
def test_neighbourhoods_spread_pair_by_pair(spelling, neighbourhood):
    """However a neighbourhood is carried over a map, axis by axis or not, it is the sum over all pairs of units."""
    lattice = resolve("topology", spelling).lattice()
    m = len(lattice)
    influence = neighbourhood.at(1.3)
    held = np.random.default_rng(0).normal(size=(m, 2))
    wanted = influence(lattice.distances_from(range(m))).T @ held
    # m terms in another order
    assert np.allclose(lattice.spread(held, influence), wanted, rtol=0, atol=1e-13 * m)


# --- outlines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", ["odd", "even"])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_hexagon_of_hexagons(offset, steps):
    """A hexagon k steps wide has 3 k^2 + 3 k + 1 units, six of them corners with three neighbours."""
    side = 2 * steps + 1
    lattice = Hex(rows=side, columns=side, shape="hexagon", offset=offset).lattice()
    degrees = np.bincount(lattice.edges.ravel())
    assert len(lattice) == 3 * steps**2 + 3 * steps + 1
    assert (degrees == 3).sum() == 6
    assert (degrees == 6).sum() == 3 * steps**2 - 3 * steps + 1
    paths = Hex(rows=side, columns=side, shape="hexagon", offset=offset, distance="path")
    assert np.array_equal(distances(paths), shortest_paths(paths.graph(), list(paths.graph())))


def test_a_disc_is_round():
    """The units of a disc are those whose middles lie within it."""
    lattice = Hex(rows=21, columns=18, shape="disc").lattice()
    middle = (lattice.positions.min(axis=0) + lattice.positions.max(axis=0)) / 2
    radii = np.linalg.norm(lattice.positions - middle, axis=1)
    assert radii.max() < 9.3
    assert 0.95 < len(lattice) * (math.sqrt(3) / 2) / (math.pi * 9.1**2) < 1.05
    assert lattice.parts.max() == 0


def test_a_mask_is_drawn_as_it_is_written():
    """The first row of a mask is the top row of the drawing, and units keep the labels of their places."""
    lattice = Hex(shape="mask", mask=("..#", "###")).lattice()
    assert lattice.nodes == ((0, 0), (0, 1), (0, 2), (1, 2))
    assert lattice.positions[:, 1].argmax() == 3
    bay = Hex(shape="mask", mask=("#..#", "#..#", "####"))
    assert bay.lattice().distances_from([0])[0, -1] < 4
    assert attrs.evolve(bay, distance="path").lattice().distances_from([4])[0, -1] == 5


def test_a_mask_from_an_array_or_an_image(tmp_path):
    """Units stand where an array is not 0, or where an image is dark and not transparent."""
    from matplotlib.image import imsave

    array = np.array([[True, False, True], [True, True, True]])
    assert Hex.masked(array, offset="even") == Hex(shape="mask", mask=("#.#", "###"), offset="even")
    assert Hex.masked(np.ma.array(np.ones((2, 3)), mask=~array)).mask == ("#.#", "###")
    picture = np.ones((40, 60, 4))
    picture[20:, :30, :3] = 0  # the lower left quarter is black
    picture[:20, 30:] = 0  # the upper right one is black, but transparent
    imsave(tmp_path / "picture.png", picture)
    mask = Hex.masked(tmp_path / "picture.png", rows=4).mask
    assert mask in ((".....", ".....", "##...", "##..."), (".....", ".....", "###..", "###.."))
    trained = SOM(topology=Hex.masked(array), epochs=2, random_state=0).fit(X).map_
    assert len(trained.codebook) == 5


# --- trees, stars, small worlds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "graph"),
    [
        ("tree:branching=3,height=3", nx.balanced_tree(3, 3)),
        ("tree:branching=1,height=4", nx.path_graph(5)),
        ("star:arms=7", nx.star_graph(7)),
        ("small_world:units=30,rewiring=0", nx.circulant_graph(30, [1, 2])),
        ("small_world:units=30,seed=4,neighbours=6", nx.connected_watts_strogatz_graph(30, 6, 0.1, seed=4)),
    ],
)
def test_named_graphs_are_networkxs(spelling, graph):
    """Trees, stars and small worlds have the nodes and edges that networkx gives them."""
    found = resolve("topology", spelling).graph()
    assert list(found) == sorted(graph)
    assert {frozenset(edge) for edge in found.edges} == {frozenset(edge) for edge in graph.edges}


def test_arms_of_a_star_are_lines():
    """Units of an arm follow each other from the hub outwards, and arms meet nowhere else."""
    graph = resolve("topology", "star:arms=3,length=2").graph()
    assert sorted(tuple(sorted(edge)) for edge in graph.edges) == [(0, 1), (0, 3), (0, 5), (1, 2), (3, 4), (5, 6)]


# --- graphs by name and from files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "graph"),
    [
        ("graph:generator=watts_strogatz,n=20,k=4,p=0.3", lambda: nx.watts_strogatz_graph(20, 4, 0.3, seed=0)),
        ("graph:generator=watts_strogatz_graph,n=9,k=2,p=1,seed=5", lambda: nx.watts_strogatz_graph(9, 2, 1, seed=5)),
        ("graph:generator=barabasi_albert,n=15,m=2,seed=1", lambda: nx.barabasi_albert_graph(15, 2, seed=1)),
        ("graph:generator=grid_graph,dim=[2,3,4],periodic=true", lambda: nx.grid_graph((2, 3, 4), periodic=True)),
        ("graph:generator=karate_club,weight=weight", nx.karate_club_graph),
        ("graph:generator=complete_multipartite,subset_sizes=[2,3,4]", lambda: nx.complete_multipartite_graph(2, 3, 4)),
        ("graph:generator=circulant,n=9,offsets=[1,3]", lambda: nx.circulant_graph(9, [1, 3])),
    ],
)
def test_generators_by_name_are_networkxs(spelling, graph):
    """A generator is named with or without its "_graph", takes its own arguments, and is seeded."""
    topology, wanted = resolve("topology", spelling), graph()
    lattice = topology.lattice()
    assert lattice.nodes == tuple(wanted)
    named = {frozenset((lattice.nodes[first], lattice.nodes[second])) for first, second in lattice.edges.tolist()}
    assert named == {frozenset(edge) for edge in wanted.edges}
    assert Recipe.from_dict(Recipe(topology=topology).to_dict()).topology == topology
    assert resolve("topology", str(topology)) == topology


def test_arguments_of_a_generator_are_parameters_in_every_form():
    """As text, as a dict and in TOML, arguments stand beside the topology's own parameters, in order of their names."""
    topology = Graph.generated("watts_strogatz", n=20, k=4, p=0.5, seed=3)
    assert str(topology) == "graph:generator=watts_strogatz,seed=3,k=4,n=20,p=0.5"
    assert topology.to_dict() == {"name": "graph", "generator": "watts_strogatz", "seed": 3, "k": 4, "n": 20, "p": 0.5}
    som = SOM(topology=str(topology)).set_params(topology__n=30)
    assert len(som.recipe().topology.lattice()) == 30


def test_every_generator_that_needs_nothing_can_be_a_map_or_says_why():
    """Whatever generator is named, a lattice comes of it or somkit's own error."""
    made = 0
    for name in generators.generators():
        try:
            made += len(Graph.generated(name).lattice()) > 0
        except (ParameterError, TopologyError):
            continue
    assert made > 25  # the named graphs: Petersen's, Tutte's, ...


UNSAFE = {
    "system": "Graph.generator must name a graph generator of networkx, got 'system'",
    "os.system": "Graph.generator must name a graph generator of networkx, got 'os.system'",
    "read_gpickle": "Graph.generator must name a graph generator of networkx, got 'read_gpickle'",
    "__import__": "Graph.generator must name a graph generator of networkx, got '__import__'",
    "read_graphml": "Graph.generator must name a graph generator of networkx, got 'read_graphml'",
}


@pytest.mark.parametrize("name", list(UNSAFE))
def test_nothing_but_generators_can_be_called(name):
    """Other functions, networkx's among them, cannot be named."""
    with pytest.raises(ParameterError) as caught:
        resolve("topology", {"name": "graph", "generator": name, "command": "true"})
    assert str(caught.value).startswith(UNSAFE[name])


def test_nothing_is_called_before_a_map_is_trained(tmp_path, monkeypatch):
    """Building a topology, and reading a map or its recipe, calls no generator: a file costs what it holds."""
    trained = SOM(topology="graph:generator=petersen", epochs=2, random_state=0).fit(X).map_
    trained.save(tmp_path / "map.somkit")

    def never(*_):
        raise AssertionError

    monkeypatch.setattr("somkit.standard.topologies.graph.generate", never)
    assert len(load(tmp_path / "map.somkit").bmu(X)) == 400
    resolve("topology", "graph:generator=complete,n=1000000000")


@pytest.fixture
def roads():
    """Return a small graph with lengths and places."""
    graph = nx.Graph()
    for node, place in {"home": (0.0, 0.0), "mill": (2.0, 0.0), "inn": (2.0, 1.0)}.items():
        graph.add_node(node, x=place[0], y=place[1])
    graph.add_edge("home", "mill", length=2.0)
    graph.add_edge("mill", "inn", length=1.5)
    return graph


WRITERS = {
    "roads.graphml": nx.write_graphml,
    "links.json": lambda graph, path: path.write_text(
        json.dumps(nx.node_link_data(graph, edges="links")), encoding="utf-8"
    ),
    "edges.json": lambda graph, path: path.write_text(
        json.dumps(nx.node_link_data(graph, edges="edges")), encoding="utf-8"
    ),
    "roads.edgelist": nx.write_edgelist,
    "roads.csv": lambda _, path: path.write_text("# from, to, km\nhome, mill, 2\nmill, inn, 1.5\n", encoding="utf-8"),
    "roads.tsv": lambda _, path: path.write_text("home\tmill\t2\nmill\tinn\t1.5\n", encoding="utf-8"),
    "roads.txt": lambda _, path: path.write_text("home mill 2\nmill inn 1.5\n", encoding="utf-8"),
}


@pytest.mark.parametrize("name", list(WRITERS))
def test_graphs_are_read_from_files(roads, tmp_path, monkeypatch, name):
    """GraphML, node-link JSON and edge lists come to the same map, which comes back when its file is gone."""
    monkeypatch.chdir(tmp_path)
    WRITERS[name](roads, tmp_path / name)
    trained = SOM(topology=f"graph:file={name},weight=length", epochs=2, random_state=0).fit(X).map_
    assert trained.lattice.nodes == ("home", "mill", "inn")
    assert trained.lattice.distances_from([0]).tolist() == [[0, 2, 3.5]]
    if name.endswith(("graphml", "json")):
        assert trained.lattice.positions.tolist() == [[0, 0], [2, 0], [2, 1]]
    trained.save("map.somkit")
    (tmp_path / name).unlink()
    assert load("map.somkit").lattice.distances_from([0]).tolist() == [[0, 2, 3.5]]


def test_whole_numbers_in_an_edge_list_are_numbers(tmp_path):
    """Labels that are all whole numbers become numbers, and edges without a third column are counted."""
    (tmp_path / "ring.edges").write_text("1 2\n2 3\n3 1\n", encoding="utf-8")
    assert Graph(file=str(tmp_path / "ring.edges")).lattice().nodes == (1, 2, 3)


def test_an_exported_map_is_a_topology(tmp_path):
    """A map exported as GraphML, read as a topology, has the same units, edges and places."""
    trained = TrainedMap.from_codebook("hex:rows=3,columns=4", np.zeros((12, 2)))
    trained.export("graphml", tmp_path / "map.graphml")
    read = Graph(file=str(tmp_path / "map.graphml")).lattice()
    assert np.array_equal(read.edges, trained.lattice.edges)
    assert np.allclose(read.positions, trained.lattice.positions)


# --- graphs from data ------------------------------------------------------------------------------------------------


def _edges_of(graph):
    return {tuple(sorted(map(int, edge))) for edge in graph.edges}


def test_nearest_neighbours_are_scikit_learns():
    """`knn` joins the landmarks as scikit-learn's graph of nearest neighbours does, and joins parts where nearest."""
    topology = Knn(units=60, neighbours=3).sized_for(Samples.of(X))
    W = landmarks(Samples.of(X), 60, 0)
    wanted = nx.from_scipy_sparse_array(kneighbors_graph(W, 3))
    apart = np.linalg.norm(W[:, None] - W[None], axis=2)
    tree = nx.minimum_spanning_tree(nx.from_numpy_array(apart))
    parts = {node: number for number, part in enumerate(nx.connected_components(wanted)) for node in part}
    bridges = {edge for edge in _edges_of(tree) if parts[edge[0]] != parts[edge[1]]}
    assert set(topology.edges) == _edges_of(wanted) | bridges
    assert topology.lattice().parts.max() == 0


def test_separate_clouds_are_joined():
    """Clouds that no nearest neighbours join are joined all the same, so that every unit can move every other."""
    clouds = np.concatenate([X[:50], X[:50] + 100])
    topology = Knn(units=40, neighbours=2).sized_for(Samples.of(clouds))
    assert np.isfinite(distances(topology)).all()


def test_the_spanning_tree_is_networkxs():
    """`mst` is the minimum spanning tree of the landmarks, as networkx finds it."""
    topology = Mst(units=50, seed=2).sized_for(Samples.of(X))
    W = landmarks(Samples.of(X), 50, 2)
    apart = np.linalg.norm(W[:, None] - W[None], axis=2)
    assert set(topology.edges) == _edges_of(nx.minimum_spanning_tree(nx.from_numpy_array(apart)))


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
def test_the_spanning_tree_of_a_trained_map(metric):
    """`Mst.of` is the minimum spanning tree of a codebook in the metric it was trained with, on the map's own units."""
    trained = (
        SOM(topology="hex:rows=5,columns=6", metric=metric, trainer="online", epochs=3, random_state=0).fit(X).map_
    )
    graph = Mst.of(trained, lengths=True)
    apart = trained.metric.pairwise(trained.codebook, trained.codebook)
    wanted = nx.minimum_spanning_tree(nx.from_numpy_array(np.triu(apart, 1)))
    assert graph.nodes == trained.lattice.nodes
    assert set(graph.edges) == _edges_of(wanted)
    assert sum(graph.lengths) == pytest.approx(wanted.size("weight"), rel=1e-12)
    again = SOM(topology=Mst.of(trained), metric=metric, trainer="online", epochs=2, random_state=0)
    assert len(again.fit(X, initial_codebook=trained.codebook).lattice_.edges) == 29


def test_units_with_the_same_vector_have_no_length_between_them():
    """Units with one vector are joined by an edge of the tree, but not by one as long as they are apart."""
    trained = TrainedMap.from_codebook("line:units=3", [[1.0], [1.0], [4.0]])
    assert Mst.of(trained).edges == ((0, 1), (0, 2))
    with pytest.raises(ParameterError) as caught:
        Mst.of(trained, lengths=True)
    assert str(caught.value) == ("units 0 and 1 have the same vector, so no edge between them can have a length > 0.")


@pytest.mark.parametrize("name", ["knn", "mst"])
def test_a_graph_from_data_is_kept_with_its_map(name, tmp_path):
    """The fitted recipe holds the graph, so the file brings it back; an estimator fitted again builds another."""
    som = SOM(topology=f"{name}:units=20", scale="standard", random_state=0).fit(X)
    som.map_.save(tmp_path / "map.somkit")
    read = load(tmp_path / "map.somkit")
    assert read.recipe == som.map_.recipe
    assert np.array_equal(read.recipe.topology.lattice().edges, som.lattice_.edges)
    assert np.array_equal(Recipe.from_dict(som.map_.recipe.to_dict()).topology.lattice().edges, som.lattice_.edges)
    before = som.lattice_.edges
    assert not np.array_equal(som.fit(X[::-1] ** 3).lattice_.edges, before)


@pytest.mark.parametrize("name", ["knn:units=12,neighbours=3", "mst:units=12"])
def test_graphs_from_few_or_weighted_samples(name):
    """Fewer samples than units, equal samples and weights of 0 give a connected graph all the same."""
    weight = np.r_[np.zeros(395), np.ones(5)]
    for data, weights in ((X[:5], None), (np.ones((30, 2)), None), (X, weight)):
        topology = resolve("topology", name).sized_for(Samples.of(data, weights))
        lattice = topology.lattice()
        assert len(lattice) == 12
        assert lattice.parts.max() == 0
    seen = landmarks(Samples.of(X, weight), 12, 0)
    assert {tuple(row) for row in seen.tolist()} == {tuple(row) for row in X[395:].tolist()}


# --- what is refused -------------------------------------------------------------------------------------------------

REFUSED = {
    "lattice:shape=[]": "LatticeTopology.shape must be 1 to 8 integers >= 1 or 'auto', got ().",
    "lattice:shape=[2,0]": "LatticeTopology.shape must be 1 to 8 integers >= 1 or 'auto', got (2, 0).",
    "lattice:shape=[2,3],periodic=[true]": (
        "LatticeTopology.periodic must be true, false, or a list of 2 of these, got (True,)."
    ),
    "lattice:shape=[2,3],periodic=true": "LatticeTopology.shape must be >= 3 along periodic axes, got 2.",
    "torus:rows=5,columns=4": "Torus.rows must be even where rows are periodic, so that the shifted rows meet, got 5.",
    "moebius:rows=4": "Moebius.rows must be odd where cells are hexagons, so that the shifted rows meet, got 4.",
    "klein:rows=5": "Klein.rows must be even and >= 4 where cells are hexagons, so that the shifted rows meet, got 5.",
    "hex:rows=4,shape=hexagon": "Hex.rows must be odd where shape is 'hexagon', got 4.",
    "hex:columns=4,shape=hexagon": "Hex.columns must be odd where shape is 'hexagon', got 4.",
    "hex:rows=5,columns=7,shape=hexagon": "Hex.columns must equal rows (5) where shape is 'hexagon', got 7.",
    "hex:shape=disc,periodic=both": "Hex.periodic must be 'none' where shape is 'disc', got 'both'.",
    "hex:shape=mask": (
        "Hex.mask must be rows of '#' and '.' of one length, with a '#' among them, for shape 'mask', and empty for "
        "others, got ()."
    ),
    "hex:shape=mask,mask=##": (
        "Hex.mask must be rows of '#' and '.' of one length, with a '#' among them, for shape 'mask', and empty for "
        "others, got '##'."
    ),
    'hex:shape=mask,mask=["##"],rows=3': "Hex.rows must be 'auto' or 1, as in the mask, got 3.",
    "small_world:neighbours=5": "SmallWorld.neighbours must be even, as many on either side, got 5.",
    "small_world:units=6,neighbours=6": "SmallWorld.neighbours must be fewer than units (6), got 6.",
    "knn:units=4,neighbours=4": "Knn.neighbours must be fewer than units (4), got 4.",
    "knn:edges=none": "Knn.edges must be 'auto', for what the data say, or what they said, got 'none'.",
    "graph:generator=watts_strogats": (
        "Graph.generator must name a graph generator of networkx, got 'watts_strogats'; did you mean 'watts_strogatz'?"
    ),
    "graph:generator=watts_strogatz,n=9,k=2": (
        "generator 'watts_strogatz' needs p; write graph:generator=watts_strogatz,p=..."
    ),
    "graph:generator=path,n=9,create_using=DiGraph": "generator 'path' has no argument 'create_using'. It takes n.",
    "graph:generator=path,n=9,backend=other": "generator 'path' has no argument 'backend'. It takes n.",
    "graph:nods=3": "topology 'graph' has no parameter 'nods' without a generator; did you mean 'nodes'?",
    "graph:generator=path,n=4,file=a.json": "Graph takes one of nodes and edges, generator, and file, got more than one of them.",
    "graph:weight=length": "Graph.weight is for a generator or a file; give lengths, or use Graph.of(graph, weight=...).",
    "graph:file=3": "Graph.file must be text, got 3.",
}


@pytest.mark.parametrize("spelling", list(REFUSED))
def test_what_cannot_be_a_map_is_refused(spelling):
    """Each topology refuses what it cannot be, when it is built, in one sentence."""
    with pytest.raises(ParameterError) as caught:
        resolve("topology", spelling)
    assert str(caught.value) == REFUSED[spelling]


LATER = {
    "graph:generator=path,n=0": "a map's graph must have at least one node, got an empty one.",
    "graph:generator=random_regular,n=5,d=3": (
        "networkx's generator 'random_regular' cannot make a graph of d=3, n=5: n * d must be even."
    ),
    "graph:generator=gn,n=5,seed=2": (
        "networkx's generator 'gn' makes a directed graph, and a map's is undirected; if a way back is as long as the way "
        "there, pass topology=networkx.gn_graph(n=5, seed=2).to_undirected()."
    ),
    "graph:generator=partial_duplication,N=4,n=9,p=0,q=0": (
        "networkx's generator 'partial_duplication' cannot make a graph of N=4, n=9, p=0, q=0: partial duplication graph "
        "must have n <= N."
    ),
    "graph:generator=random_powerlaw_tree_sequence,n=5,tries=10000": (
        "networkx's generator 'random_powerlaw_tree_sequence' returned list, not a graph; take another one."
    ),
    "graph:generator=path,n=auto": (
        "argument 'n' of generator 'path' is 'auto', which needs data to become a number; give an integer, or fit the map."
    ),
    "graph:file=none.json": "none.json cannot be read: No such file or directory.",
    "graph:file=roads.shp": (
        "roads.shp must end in .graphml, .xml, .json, .edgelist, .edges, .txt, .csv, .tsv, so that its format is known."
    ),
    "knn:units=5": "Knn.edges is 'auto': the graph is built from the data; fit the map.",
    "mst": "Mst.units is 'auto', which needs data to become a number; give an integer, or fit the map.",
    "small_world": "SmallWorld.units is 'auto', which needs data to become a number; give an integer, or fit the map.",
}


@pytest.mark.parametrize("spelling", list(LATER))
def test_what_turns_out_to_be_no_map_is_refused(spelling):
    """What shows only when the lattice is wanted is refused in one sentence too."""
    with pytest.raises((ParameterError, TopologyError)) as caught:
        resolve("topology", spelling).lattice()
    assert str(caught.value) == LATER[spelling]


def test_files_that_are_no_graphs_are_refused(tmp_path):
    """A file that is not of its format is named, with what its reader said."""
    (tmp_path / "a.txt").write_text("1 2\n2 3 0.5\n", encoding="utf-8")
    with pytest.raises(TopologyError) as caught:
        Graph(file=str(tmp_path / "a.txt")).lattice()
    assert str(caught.value) == (
        f"{tmp_path / 'a.txt'} is not an edge list: Failed to convert edge data (['0.5']) to dictionary."
    )
    for name, kind in {"a.json": "node-link JSON", "a.graphml": "GraphML", "a.csv": "an edge list"}.items():
        (tmp_path / name).write_text("{broken, b, c", encoding="utf-8")
        with pytest.raises(TopologyError, match=rf"a\.\w+ is not {kind}: "):
            Graph(file=str(tmp_path / name)).lattice()


@pytest.mark.parametrize("name", ["a.graphml", "a.json"])
def test_files_of_directed_graphs_are_refused(tmp_path, name):
    """A file whose edges lead one way is named, with what to do if they may lead both."""
    graph = nx.DiGraph([("a", "b"), ("b", "c")])
    if name.endswith("json"):
        (tmp_path / name).write_text(json.dumps(nx.node_link_data(graph, edges="edges")), encoding="utf-8")
    else:
        nx.write_graphml(graph, tmp_path / name)
    with pytest.raises(TopologyError) as caught:
        Graph(file=tmp_path / name).lattice()
    assert str(caught.value) == (
        f"{tmp_path / name} holds a directed graph, and a map's is undirected; if a way back is as long as the way there, "
        f"read it with networkx and pass topology=graph.to_undirected()."
    )


def test_rules_of_distance_that_do_not_fit_are_refused():
    """A twist needs a pair for each axis."""
    with pytest.raises(TopologyError) as caught:
        Coordinates([[0, 0], [1, 0]], twist=((-1.0, 1.0),))
    assert str(caught.value) == "Coordinates.twist must be empty, or hold a sign and a shift for each of 2 axes."
    with pytest.raises(ParameterError) as caught:
        Hex.masked(np.zeros(3))
    assert str(caught.value) == "Hex.masked needs an array of shape (rows, columns), got one of shape (3,)."
    for holds, dtype in (([[1.0, np.nan]], "float64"), ([["#", "."]], "<U1"), ([[1, None]], "object")):
        with pytest.raises(ParameterError) as caught:
            Hex.masked(holds)
        assert str(caught.value) == (
            f"Hex.masked needs an array of numbers or truth values without NaN, got one of {dtype}."
        )
    with pytest.raises(ParameterError, match="cannot be read as an image"):
        Hex.masked(__file__)
    assert SmallWorld(units=6, rewiring=1.0).lattice().parts.max() == 0
