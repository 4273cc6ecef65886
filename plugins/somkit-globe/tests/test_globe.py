"""The sphere: its geometry by numbers from elsewhere, its maps, and the laws of somkit's conformance kit."""

import math

import numpy as np
import pytest
from hypothesis import settings
from scipy.spatial import SphericalVoronoi
from sklearn.metrics.pairwise import haversine_distances
from somkit_globe import Globe, GlobeView

import somkit
from somkit import SOM, Recipe
from somkit.errors import ParameterError, SampleError
from somkit.testing import check_component, check_plugin

X = np.random.default_rng(0).normal(size=(60, 3))


@pytest.fixture
def few():
    """Draw few examples: spheres differ in one number alone."""
    settings.register_profile("before", settings.default)
    settings.register_profile("few", settings.default, max_examples=4)
    settings.load_profile("few")
    yield
    settings.load_profile("before")


@pytest.mark.usefixtures("few")
def test_the_installed_plugin_keeps_every_law():
    """The topology and the view, as they are installed, keep the laws of their kinds."""
    kept = check_plugin("globe")
    assert {"topology globe: distances_are_a_metric", "visualiser globe: drawn_where_it_was_asked"} <= set(kept)


@pytest.mark.usefixtures("few")
def test_a_law_can_be_run_on_one_part():
    """The kit takes a single sphere too."""
    assert "lattice_survives_a_file" in check_component(Globe(frequency=2))


@pytest.mark.parametrize("frequency", [1, 2, 3, 7])
def test_it_is_a_sphere_of_hexagons_and_twelve_pentagons(frequency):
    """There are 10 f^2 + 2 units and 30 f^2 edges; twelve units have five neighbours and the others six."""
    lattice = Globe(frequency=frequency).lattice()
    degrees = np.bincount(lattice.edges.ravel())
    assert (len(lattice), len(lattice.edges)) == (10 * frequency**2 + 2, 30 * frequency**2)
    assert (degrees == 5).sum() == 12
    assert (degrees == 6).sum() == len(lattice) - 12
    assert lattice.parts.max() == 0


def test_distances_are_arcs_of_great_circles():
    """Distances are the haversine formula's, for a sphere on which the median edge has length 1."""
    lattice = Globe(frequency=6).lattice()
    points = lattice.positions / np.linalg.norm(lattice.positions, axis=1)[:, None]
    angles = np.column_stack([np.arcsin(points[:, 2]), np.arctan2(points[:, 1], points[:, 0])])
    radius = np.linalg.norm(lattice.positions[0])
    found = lattice.distances_from(range(len(lattice)))
    # near the antipodes the haversine formula keeps only half of its digits
    assert np.allclose(found, radius * haversine_distances(angles), rtol=0, atol=1e-6 * radius)
    assert found[0, -1] == lattice.diameter == pytest.approx(math.pi * radius, rel=1e-15)
    assert lattice.spacing == pytest.approx(1, rel=1e-15)
    assert np.allclose(found[tuple(lattice.edges.T)], lattice.lengths, rtol=1e-13)


def test_units_are_spread_evenly():
    """The longest edge is less than 1.5 times the shortest, however fine the sphere is."""
    for frequency in (2, 5, 12):
        lengths = Globe(frequency=frequency).lattice().lengths
        assert lengths.max() < 1.5 * lengths.min()


def test_flat_cells_keep_their_areas():
    """Each cell has on the flat map the area that it has on the sphere, and together they cover it once."""
    lattice = Globe(frequency=6).lattice()
    x, y = np.moveaxis(lattice.cells, 2, 0)
    flat = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    radius = np.linalg.norm(lattice.positions[0])
    curved = SphericalVoronoi(lattice.positions, radius).calculate_areas()
    # sides are drawn as five or six straight pieces
    assert np.allclose(flat, curved, rtol=0.02)
    assert flat.sum() == pytest.approx(4 * math.pi * radius**2, rel=2e-3)


def test_a_size_left_to_the_data_is_near_that_of_other_maps():
    """About 5 sqrt(n) units, but no fewer than an icosahedron's and no more than about 2 500."""
    sized = {n: Recipe(topology="globe").start(np.zeros((n, 1))).recipe.topology.frequency for n in (1, 60, 10_000)}
    assert sized == {1: 1, 60: 2, 10_000: 7}
    with pytest.raises(ParameterError) as caught:
        Globe().lattice()
    assert str(caught.value) == (
        "Globe.frequency is 'auto', which needs data to become a number; give an integer, or fit the map."
    )


def test_a_map_is_read_without_the_plugin(tmp_path):
    """Without the plugin a map is still searched and drawn flat, with the distances it was trained by."""
    trained = SOM(topology="globe:frequency=2", epochs=3, random_state=0).fit(X).map_
    trained.save(tmp_path / "globe.somkit")
    alone = somkit.Plugins(only=["standard"])
    with somkit.use(alone):
        with pytest.warns(somkit.errors.MapFileWarning, match="install somkit-globe"):
            read = somkit.load(tmp_path / "globe.somkit")
        assert read.draw("u_matrix").collections[0].get_array().shape == (42,)
    assert np.array_equal(read.bmu(X), trained.bmu(X))
    units = range(42)
    assert np.array_equal(read.lattice.distances_from(units), trained.lattice.distances_from(units))


@pytest.mark.parametrize("trainer", ["batch", "online"])
def test_neighbours_on_the_sphere_are_neighbours_in_the_data(trainer):
    """Points on a sphere unfold: a trained globe has few torn neighbourhoods, fewer than the grid that must be cut."""
    rng = np.random.default_rng(1)
    points = rng.normal(size=(800, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    globe, grid = (
        SOM(topology=name, trainer=trainer, random_state=0).fit(points).map_.measure("topographic_error", points)
        for name in ("globe:frequency=4", "hex:rows=13,columns=12")
    )
    assert globe < grid
    assert globe < 0.1


@pytest.mark.parametrize("show", ["distances", "hits", "1", "x1"])
def test_what_the_globe_is_coloured_by(show):
    """The view shows neighbours' distances, hits, or a feature by its number or its name."""
    trained = SOM(topology="globe:frequency=2", epochs=3, random_state=0).fit(X).map_
    ax = trained.draw("globe", X=X, show=show)
    values = {"hits": trained.hits(X), "1": trained.codebook[:, 1], "x1": trained.codebook[:, 1]}
    shown = ax.collections[0].get_array()
    assert shown.shape == (42,)
    if show in values:
        assert np.array_equal(shown, values[show])
    assert (ax.elev, ax.azim) == (20, 0)


def test_what_cannot_be_drawn_is_refused():
    """Hits without samples, an unknown feature and flat axes are refused in one sentence each."""
    from matplotlib.figure import Figure

    trained = SOM(topology="globe:frequency=1", epochs=2, random_state=0).fit(X).map_
    with pytest.raises(SampleError) as caught:
        trained.draw("globe", show="hits")
    assert str(caught.value) == (
        "view 'globe:show=hits' needs X, the samples to count; draw it with trained.draw(..., X=X)."
    )
    with pytest.raises(ParameterError) as caught:
        trained.draw(GlobeView(show="x9"))
    assert str(caught.value) == "GlobeView.show must be 'distances', 'hits' or one of x0, x1, x2, got 'x9'."
    with pytest.raises(ParameterError) as caught:
        trained.draw("globe", ax=Figure().add_subplot())
    assert str(caught.value) == "view 'globe' draws in space; give it axes made with projection='3d', or none."
