"""somkit on one case: reads a task as JSON, prints the times as JSON, leaves the codebook or the units in a file."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import attrs
import numpy as np
from arbiter import data_file
from cases import Case, Cut, case_from
from measuring import Peak, anonymous_bytes, answer, median, task, timed

import somkit
from somkit import kernels
from somkit.components import Neighbourhood, Schedule

Array = np.ndarray[Any, Any]


@attrs.frozen(kw_only=True)
class StrangersSchedule(Schedule):
    """A straight line, written by somebody else in numpy."""

    name: ClassVar[str] = "strangers"
    start: float
    stop: float

    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress."""
        return self.start + (self.stop - self.start) * progress


@attrs.frozen(kw_only=True)
class StrangersPlainBell(Neighbourhood):
    """A bell, written by somebody else in numpy, who does not say that it is a product along the axes."""

    name: ClassVar[str] = "strangers_plain"

    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence."""
        return np.exp(-0.5 * np.square(distance / radius))


@attrs.frozen(kw_only=True)
class StrangersBell(StrangersPlainBell):
    """The same bell by somebody who does say so."""

    name: ClassVar[str] = "strangers_product"
    product: ClassVar[Any] = "euclidean"


def recipe_for(case: Case, cut: Cut, program: str, topology: Any, n_jobs: int | None) -> somkit.Recipe:
    """Return the recipe of a case."""
    epochs, online = cut.epochs or case.epochs, case.kind == "online"
    start, stop = case.radii
    parts: dict[str, Any] = {"neighbourhood": "gaussian", "radius": f"linear:start={start},stop={stop}"}
    if online:
        parts["learning_rate"] = "linear:start=0.5,stop=0.01"
        parts["trainer"] = f"online:updates={(cut.updates or case.updates) // epochs}"
    if program.startswith("somkit-plugin"):
        parts["neighbourhood"] = StrangersPlainBell() if program.endswith("plain") else StrangersBell()
        parts["radius"] = StrangersSchedule(start=start, stop=stop)
        if online:
            parts["learning_rate"] = StrangersSchedule(start=0.5, stop=0.01)
    return somkit.Recipe(topology=topology, epochs=epochs, n_jobs=n_jobs, random_state=0, **parts)


def grid(side: int) -> str:
    """Return the topology of a square map."""
    return f"grid:rows={side},columns={side}"


def geometric_graph(units: int) -> Any:
    """Return a connected random geometric graph of mean degree 10: stray pieces are joined by their shortest link."""
    import networkx as nx
    from scipy.spatial import cKDTree

    at = np.random.default_rng(0).random((units, 2))
    graph = nx.Graph()
    graph.add_nodes_from((unit, {"pos": tuple(place)}) for unit, place in enumerate(at.tolist()))
    graph.add_edges_from(cKDTree(at).query_pairs(np.sqrt(10 / (np.pi * units))))
    largest, *strays = sorted(nx.connected_components(graph), key=len, reverse=True)
    joined = set(largest)
    for stray in strays:
        inside, outside = np.array(sorted(joined)), np.array(sorted(stray))
        gap, near = cKDTree(at[inside]).query(at[outside])
        graph.add_edge(int(outside[gap.argmin()]), int(inside[near[gap.argmin()]]))
        joined |= stray
    return graph


def epoch_by_epoch(case: Case, program: str, X: Array, W: Array) -> tuple[Array, dict[str, Any]]:
    """Time each epoch by itself: the mean of those after the first, the first, and the lattice before it."""
    start = time.perf_counter()
    topology: Any = grid(case.side)
    if program != "somkit":
        graph = geometric_graph(case.side**2)
        start = time.perf_counter()
        topology = somkit.resolve("topology", graph)
        topology.lattice()
    built = time.perf_counter() - start
    if program == "somkit-graph-wide":
        case = replace(case, radius=(case.side / 4, 1.0))
    run = recipe_for(case, Cut(), program, topology, None).start(X, initial_codebook=W)
    state, epochs = run.state, []
    for _ in range(case.epochs):
        start = time.perf_counter()
        state = run.after(state).one_epoch()
        epochs.append(time.perf_counter() - start)
    found = {"times": [float(np.mean(epochs[1:]))], "first_epoch": epochs[0], "building": built, "epochs": epochs}
    return state.codebook, found


def work_of(case: Case, cut: Cut, program: str, work: Path, n_jobs: int | None) -> tuple[Array, dict[str, Any]]:
    """Do the work and return what is to be judged, and the times."""
    X = np.load(data_file(case, work), mmap_mode="r")[: cut.n]
    X = X if case.mapped else np.array(X)
    W = np.load(work / f"{case.name}-start.npy")
    if case.kind == "epochs":
        return epoch_by_epoch(case, program, X, W)
    if case.kind == "search":
        trained = somkit.TrainedMap.from_codebook(grid(case.side), W)
        found, times = timed(lambda: trained, lambda subject: subject.bmu(X))
    else:
        recipe = recipe_for(case, cut, program, grid(case.side), n_jobs)
        fitted, times = timed(lambda: recipe, lambda subject: subject.fit(X, initial_codebook=W))
        found = fitted.codebook
    return found, {"times": times}


def main() -> None:
    """Answer the task."""
    asked = task()
    case, cut, work = case_from(asked["case"]), Cut(**asked["cut"]), Path(asked["work"])
    before = anonymous_bytes()
    with Peak() as peak:
        found, values = work_of(case, cut, asked["program"].split("@")[0], work, asked.get("n_jobs"))
    np.save(work / asked["file"], found)
    answer(
        seconds=median(values["times"]),
        sha256=hashlib.sha256(np.ascontiguousarray(found).tobytes()).hexdigest(),
        anonymous_before=before,
        anonymous_peak=peak.bytes,
        kernels=kernels.describe(),
        **values,
    )


if __name__ == "__main__":
    main()
