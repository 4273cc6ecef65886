"""Maps trained by other programs, to rounding."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine

from somkit import Recipe, TrainedMap

DATA = Path(__file__).parent / "data"
KOHONEN = json.loads((DATA / "kohonen_batch.json").read_text(encoding="utf-8"))
MINISOM = json.loads((DATA / "minisom_online.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wine():
    """Wine, each feature brought to mean 0 and standard deviation 1."""
    X = load_wine().data
    return (X - X.mean(axis=0)) / X.std(axis=0)


def kohonen_topology(run):
    """Spell the lattice of an R kohonen map."""
    periodic = "both" if run["periodic"] else "none"
    kind = "grid:distance=chebyshev" if run["lattice"] == "rect" else "hex:offset=even"
    return f"{kind},rows={run['rows']},columns={run['columns']},periodic={periodic}"


@pytest.mark.parametrize("name", list(KOHONEN))
def test_batch_maps_are_those_of_r_kohonen(wine, name):
    """Codebook within 1e-9 and every best-matching unit equal, their radius rule e/E met by scaling its stop."""
    run = KOHONEN[name]
    epochs, start, stop = run["epochs"], run["radius"]["start"], run["radius"]["stop"]
    last = start - (start - stop) * (epochs - 1) / epochs
    recipe = Recipe(topology=kohonen_topology(run), radius=f"linear:start={start},stop={last}", epochs=epochs)
    trained = recipe.fit(wine, initial_codebook=wine[run["initial_rows_0based"]])
    # kohonen's own figures were printed with 15 digits: map distances agree to those.
    assert np.allclose(trained.lattice.distances_from(range(len(trained.lattice))), run["unit_distances"], atol=1e-14)
    assert np.abs(trained.codebook - np.array(run["codebook"])).max() < 1e-9
    assert np.array_equal(trained.bmu(wine), run["bmu_0based"])
    assert abs(trained.measure("quantisation_error", wine) - run["quantisation_error"]) < 1e-9


@pytest.mark.parametrize("run", MINISOM["runs"], ids=lambda run: f"{run['decay']}-{run['metric']}")
def test_online_maps_are_those_of_minisom(wine, run):
    """Quantisation error within 1e-9 and sum of squared weights within 1e-7, their decay rule t/T met by scaling."""
    steps = 1780
    share = (steps - 1) / steps
    if run["decay"] == "asymptotic":
        rate, radius = f"asymptotic:start=0.5,rate={2 * share}", f"asymptotic:start=2,rate={2 * share}"
    else:
        rate, radius = f"linear:start=0.5,stop={0.5 - 0.5 * share}", f"linear:start=2,stop={2 - share}"
    recipe = Recipe(
        topology="grid:rows=6,columns=4",
        metric=run["metric"],
        learning_rate=rate,
        radius=radius,
        trainer="online:order=sequential",
        epochs=10,
    )
    trained = recipe.fit(wine, initial_codebook=wine[MINISOM["initial_rows_0based"]])
    read = TrainedMap.from_codebook("grid:rows=6,columns=4", trained.codebook)  # MiniSom's error is always Euclidean
    assert abs(read.measure("quantisation_error", wine) - run["euclidean_quantisation_error"]) < 1e-9
    assert abs((trained.codebook**2).sum() - run["sum_of_squared_weights"]) < 1e-7


LATTICES = json.loads((DATA / "lattices.json").read_text(encoding="utf-8"))  # made by data/make_lattices.py


def spread_rows(m):
    """Return the samples that the m units of those runs start from."""
    return np.arange(m) * 177 // (m - 1)


@pytest.mark.parametrize("name", list(LATTICES["kohonen"]))
def test_batch_maps_are_those_of_r_kohonen_on_other_lattices(wine, name):
    """On tori of rectangles and hexagons, with bells and bubbles, codebooks agree within 1e-9 and every unit is equal."""
    run = LATTICES["kohonen"][name]
    epochs, (start, stop) = run["epochs"], run["radius"]
    last = start - (start - stop) * (epochs - 1) / epochs
    kind = "grid:distance=chebyshev" if run["lattice"] == "rectangular" else "hex:offset=even"
    periodic = "both" if run["toroidal"] else "none"
    recipe = Recipe(
        topology=f"{kind},rows={run['rows']},columns={run['columns']},periodic={periodic}",
        neighbourhood=run["neighbourhood"],
        radius=f"linear:start={start},stop={last}",
        epochs=epochs,
    )
    m = len(run["codebook"])
    trained = recipe.fit(wine, initial_codebook=wine[spread_rows(m)])
    distances = trained.lattice.distances_from(range(m))
    assert np.allclose(distances[0], run["distances_from_unit_0"], rtol=0, atol=1e-13)
    assert abs(distances.sum() - run["sum_of_distances"]) < 1e-9
    assert np.abs(trained.codebook - np.array(run["codebook"])).max() < 1e-9
    assert np.array_equal(trained.bmu(wine), run["bmu"])


def test_a_torus_by_name_is_kohonens():
    """``torus`` has the distances of kohonen's toroidal grid of hexagons, whose shifted rows are the others."""
    run = LATTICES["kohonen"]["hex_torus_7x4"]
    distances = Recipe(topology="torus:rows=4,columns=7").topology.lattice().distances_from(range(28))
    assert abs(distances.sum() - run["sum_of_distances"]) < 1e-9
    assert np.allclose(np.sort(distances[0]), np.sort(run["distances_from_unit_0"]), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "run", LATTICES["minisom"], ids=lambda run: f"{run['columns']}x{run['rows']}-{run['decay']}-{run['metric']}"
)
def test_online_maps_are_those_of_minisom_on_hexagons(wine, run):
    """On hexagons, even and odd numbers of rows, the codebook agrees within 1e-9 and the quantisation error too."""
    steps, m = run["updates"], len(run["codebook"])
    share = (steps - 1) / steps
    if run["decay"] == "asymptotic":
        rate, radius = f"asymptotic:start=0.5,rate={2 * share}", f"asymptotic:start=2,rate={2 * share}"
    else:
        rate, radius = f"linear:start=0.5,stop={0.5 - 0.5 * share}", f"linear:start=2,stop={2 - share}"
    offset = "even" if run["rows"] % 2 == 0 else "odd"  # MiniSom shifts its last row left, and every other before it
    topology = f"hex:rows={run['rows']},columns={run['columns']},offset={offset}"
    recipe = Recipe(
        topology=topology,
        metric=run["metric"],
        learning_rate=rate,
        radius=radius,
        trainer="online:order=sequential",
        epochs=10,
    )
    trained = recipe.fit(wine, initial_codebook=wine[spread_rows(m)])
    assert np.abs(trained.codebook - np.array(run["codebook"])).max() < 1e-9
    read = TrainedMap.from_codebook(topology, trained.codebook)  # MiniSom's error is always Euclidean
    assert abs(read.measure("quantisation_error", wine) - run["euclidean_quantisation_error"]) < 1e-9
