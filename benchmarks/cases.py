"""The cases: what is trained or searched, by which programs, and what somkit promises. Standard library only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Cut:
    """Reduced work for a slow program; its time is scaled up in proportion and flagged ``~``."""

    n: int | None = None
    epochs: int | None = None
    updates: int | None = None


FULL = Cut()


@dataclass(frozen=True)
class Case:
    """One piece of work, the same for every program: data, starting codebook, radii, epochs.

    ``kind`` is batch, online, search or epochs (each epoch timed by itself); ``runs`` maps programs to their cuts;
    ``goals`` maps programs to the least ratio, their time / somkit's, that somkit promises.
    """

    name: str
    kind: str
    data: str
    n: int
    d: int
    side: int
    about: str = ""
    epochs: int = 10
    updates: int = 0
    radius: tuple[float, float] | None = None
    mapped: bool = False
    runs: dict[str, Cut] = field(default_factory=dict)
    goals: dict[str, float] = field(default_factory=dict)

    @property
    def radii(self) -> tuple[float, float]:
        """First and last radius."""
        return self.radius or (max(1.0, self.side / 4), 1.0)

    def quick(self) -> Case:
        """Return the case at a size that only shows that everything runs."""
        n = self.n if self.data == "iris" else max(1000, self.n // 50)
        return replace(
            self,
            n=min(n, 20_000),
            side=min(self.side, 20),
            epochs=min(self.epochs, 3),
            updates=min(self.updates, 3000),
            radius=self.radius and (min(self.radius[0], 3.0), 1.0),
            runs={program: _quick_cut(cut) for program, cut in self.runs.items()},
        )

    def document(self) -> dict[str, Any]:
        """Return the case as JSON can hold it."""
        return asdict(self)


def _quick_cut(cut: Cut) -> Cut:
    return FULL if cut == FULL else Cut(n=cut.n and 500, epochs=cut.epochs and 2, updates=cut.updates and 1000)


def case_from(document: dict[str, Any]) -> Case:
    """Return the case of its document."""
    runs = {program: Cut(**cut) for program, cut in document["runs"].items()}
    return Case(**{**document, "runs": runs})


OURS = {"somkit": FULL, "somkit-numpy": FULL}

CASES = [
    Case(
        "A1", "batch", "mixture", 100_000, 10, 50, "batch, narrow data",
        runs={**OURS, "xpysom": FULL, "intrasom": Cut(epochs=2), "minisom": Cut(n=4000, epochs=2),
              "kohonen": Cut(n=20_000, epochs=2)},
        goals={"xpysom": 40},
    ),
    Case(
        "A2", "batch", "mixture", 20_000, 64, 30, "batch, middling data",
        runs={**OURS, "xpysom": FULL, "intrasom": FULL, "minisom": Cut(n=4000, epochs=2), "kohonen": Cut(epochs=2)},
        goals={"xpysom": 5},
    ),
    Case(
        "A3", "batch", "mixture", 10_000, 784, 30, "batch, wide data",
        runs={**OURS, "xpysom": FULL, "intrasom": FULL, "minisom": Cut(n=500, epochs=2),
              "kohonen": Cut(n=2000, epochs=2)},
        goals={"intrasom": 5, "xpysom": 12},
    ),
    Case(
        "B1", "online", "mixture", 10_000, 10, 20, "online, gaussian over the whole map", updates=100_000,
        runs={"somkit": FULL, "somkit-numpy": Cut(updates=10_000), "kohonen": FULL, "minisom": FULL},
        goals={"kohonen": 12, "minisom": 60},
    ),
    Case(
        "B2", "online", "iris", 150, 4, 13, "online, iris", updates=75_000,
        runs={"somkit": FULL, "somkit-numpy": Cut(updates=7500), "kohonen": FULL, "minisom": FULL},
        goals={"kohonen": 10, "minisom": 100},
    ),
    Case(
        "C1", "search", "mixture", 200_000, 10, 50, "search only, narrow data",
        runs={**OURS, "faiss": FULL, "torch": FULL, "xpysom": FULL},
        goals={"faiss": 0.8},
    ),
    Case(
        "C2", "search", "mixture", 50_000, 784, 50, "search only, wide data, trained map",
        runs={**OURS, "faiss": FULL, "torch": FULL, "xpysom": Cut(n=5000)},
        goals={"torch": 2},
    ),
    Case(
        "D1", "batch", "mixture", 50_000, 16, 200, "batch, large map", epochs=5,
        runs={**OURS, "xpysom": Cut(n=2000, epochs=2)},
        goals={"xpysom": 80},
    ),
    Case(
        "E1", "epochs", "mixture", 50_000, 16, 100, "batch on a random geometric graph, epochs after the first",
        epochs=6, radius=(3.0, 1.0),
        runs={"somkit": FULL, "somkit-graph": FULL, "somkit-graph-wide": FULL},
    ),
    Case(
        "P1-batch", "batch", "mixture", 100_000, 10, 50, "A1 with a stranger's schedule and neighbourhood",
        runs={"somkit": FULL, "somkit-plugin": FULL, "somkit-plugin-plain": FULL},
    ),
    Case(
        "P1-online", "online", "mixture", 10_000, 10, 20, "B1 with a stranger's schedules and neighbourhood",
        updates=100_000, runs={"somkit": FULL, "somkit-plugin": FULL, "somkit-plugin-plain": FULL},
    ),
    Case(
        "A1-covtype", "batch", "covtype", 100_000, 54, 50, "batch, generated after covtype",
        runs={"somkit": FULL, "xpysom": Cut(n=20_000, epochs=2), "intrasom": Cut(epochs=2)}, goals={"xpysom": 40},
    ),
    Case(
        "A1-cytometry", "batch", "cytometry", 100_000, 20, 50, "batch, generated after cytometry",
        runs={"somkit": FULL, "xpysom": Cut(n=20_000, epochs=2), "intrasom": Cut(epochs=2)}, goals={"xpysom": 40},
    ),
    Case(
        "A2-digits", "batch", "digits", 100_000, 64, 30, "batch, digits tiled with noise",
        runs={"somkit": FULL, "xpysom": Cut(epochs=2), "intrasom": Cut(epochs=2)}, goals={"xpysom": 5},
    ),
    Case(
        "A3-digits", "batch", "digits28", 10_000, 784, 30, "batch, digits enlarged to 28 x 28",
        runs={"somkit": FULL, "xpysom": FULL, "intrasom": FULL}, goals={"intrasom": 5, "xpysom": 12},
    ),
    Case(
        "B1-digits", "online", "digits", 100_000, 64, 20, "online, digits tiled with noise", updates=100_000,
        runs={"somkit": FULL, "kohonen": FULL, "minisom": Cut(updates=20_000)},
        goals={"kohonen": 12, "minisom": 60},
    ),
    Case(
        "C1-cytometry", "search", "cytometry", 200_000, 20, 50, "search only, generated after cytometry",
        runs={"somkit": FULL, "faiss": FULL, "torch": FULL}, goals={"faiss": 0.8},
    ),
    Case(
        "C2-digits", "search", "digits28", 50_000, 784, 50, "search only, digits enlarged to 28 x 28",
        runs={"somkit": FULL, "faiss": FULL, "torch": FULL}, goals={"torch": 2},
    ),
    Case(
        "D1-covtype", "batch", "covtype", 50_000, 54, 200, "batch, large map, generated after covtype", epochs=5,
        runs={"somkit": FULL, "xpysom": Cut(n=2000, epochs=2)}, goals={"xpysom": 80},
    ),
    Case(
        "M1", "batch", "cytometry", 10_000_000, 20, 10, "ten million rows from a file: memory, and time linear in n",
        radius=(2.5, 1.0), mapped=True,
        runs={"somkit": FULL, "somkit@3/10": Cut(n=3_000_000), "somkit@1/10": Cut(n=1_000_000),
              "xpysom": Cut(n=100_000, epochs=2)},
    ),
]  # fmt: skip

THREADED = ("A1", "A3", "B1", "D1")  # the cases whose codebooks are compared for 1, 2, 4 and 8 threads


def curves() -> dict[str, list[Case]]:
    """Return the scaling curves: S1 in samples, S2 in units, S3 in features; XPySom on little work, scaled up."""

    def point(curve: str, n: int, side: int, d: int) -> Case:
        rows = max(500, min(n, 20_000_000 // (side * side * max(1, d // 10))))
        runs = {"somkit": FULL, "xpysom": Cut(n=rows, epochs=2)}
        return Case(f"{curve}-{n}-{side * side}-{d}", "batch", "mixture", n, d, side, epochs=4, runs=runs)

    return {
        "S1": [point("S1", n, 30, 10) for n in (10_000, 30_000, 100_000, 300_000, 1_000_000)],
        "S2": [point("S2", 20_000, side, 10) for side in (10, 20, 50, 100, 200)],
        "S3": [point("S3", 20_000, 30, d) for d in (3, 10, 30, 100, 300, 1000)],
    }
