"""Speed of the kernels: search in GFLOP/s beside the two-thread matrix-product peak, online training in µs per update.

    python benchmarks/kernels.py [implementation ...] [--json] [--quick]

Everything of one case is measured in turns, several rounds, and the best round counts: other work on the machine can
only slow a round down. The peak is measured in the same rounds. Training the codebooks is not timed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from somkit import Samples, kernels

Array = np.ndarray[Any, Any]
Row = dict[str, Any]

CASES = {  # samples, side of the map, features
    "A1": (100_000, 50, 10), "A2": (20_000, 30, 64), "A3": (10_000, 30, 784),
    "C1": (200_000, 50, 10), "C2": (20_000, 50, 784), "D1": (50_000, 200, 16),
}  # fmt: skip
ONLINE = {"B1": (10_000, 20, 10, 50_000), "B2": (150, 13, 4, 75_000)}  # and updates
ROUNDS, PRODUCT = 5, 2048
TABLE_ROWS = 512
POOL = ThreadPoolExecutor(2)


def mixture(n: int, d: int) -> Array:
    """Thirty Gaussian clusters."""
    rng = np.random.default_rng(0)
    centres, widths = 1.5 * rng.normal(size=(30, d)), rng.uniform(0.3, 1.0, size=(30, 1))
    cluster = rng.integers(30, size=n)
    return (centres[cluster] + rng.normal(size=(n, d)) * widths[cluster]).astype(np.float32)


def search(book: kernels.Codebook, X: Array, seeds: Array | None = None) -> Array:
    """Return the best units, blocks shared out to two threads."""
    rows = Samples.of(X[:1]).block_rows

    def block(i: int) -> Array:
        return book.nearest(X[i : i + rows], 1, None if seeds is None else seeds[i : i + rows])[0][:, 0]

    return np.concatenate(list(POOL.map(block, range(0, len(X), rows))))


def trained(X: Array, side: int) -> Iterator[Array]:
    """Yield the codebooks of a short batch training, from the plane of the principal components on."""
    mean, (_, scale, axes) = X.mean(axis=0), np.linalg.svd(X[:3000] - X.mean(axis=0), full_matrices=False)
    at = np.linspace(-2, 2, side)
    plane = at[:, None, None] * scale[0] * axes[0] + at[:, None] * scale[1] * axes[1]
    W = (mean + plane.reshape(side * side, -1) / np.sqrt(3000)).astype(np.float32)
    for radius in (side / 4, side / 8, 3.0, 1.5, 1.0, 1.0):
        units = search(kernels.prepare(W), X)
        sums, counts = kernels.accumulate(X, None, units, side * side)
        h = np.exp(-((np.arange(side)[:, None] - np.arange(side)) ** 2) / (2 * radius**2))
        spread = (h @ sums.reshape(side, -1)).reshape(side, side, -1).transpose(1, 0, 2).reshape(side, -1)
        spread = (h @ spread).reshape(side, side, -1).transpose(1, 0, 2)
        W = (spread / (h @ counts.reshape(side, side) @ h.T)[..., None]).reshape(side * side, -1).astype(np.float32)
        yield W


def tiles(side: int, edge: int = 8) -> tuple[Array, Array]:
    """Return square tiles, numbered along a Z-shaped curve."""
    r, c = np.divmod(np.arange(side * side), side)
    curve = sum((((c // edge) >> b) & 1) << 2 * b | (((r // edge) >> b) & 1) << 2 * b + 1 for b in range(12))
    order = np.lexsort((c, r, curve))
    return order, np.append(np.unique(curve[order], return_index=True)[1], side * side)


def best(jobs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the best time of each job, run in turns."""
    times = dict.fromkeys(jobs, np.inf)
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            times[name] = min(times[name], time.perf_counter() - start)
    return times


def product() -> Callable[[], object]:
    """Return a job of two threads, each a matrix product of 2 n³ operations."""
    A = np.random.default_rng(0).normal(size=(PRODUCT, PRODUCT)).astype(np.float32)
    out = [A.copy(), A.copy()]
    return lambda: list(POOL.map(lambda o: np.matmul(A, A, out=o), out))


def search_case(name: str, chosen: list[kernels.Implementation], share: int) -> Iterator[Row]:
    """Yield one search case: by scores, and by bounds (low rank or tiles, with the seeds of the epoch before)."""
    n, side, d = CASES[name]
    n //= share
    X = mixture(n, d)
    *_, before, W = trained(X, side)
    seeds, part = search(kernels.prepare(before), X), tiles(side) if d <= 64 else None
    jobs: dict[str, Callable[[], object]] = {"peak": product()}
    for one in chosen:
        scores = kernels.prepare(W, implementation=one, prune=False)
        last = kernels.prepare(before, implementation=one, tiles=part, prune=True)
        bounds = kernels.prepare(W, implementation=one, last=last, tiles=part, prune=True)
        jobs[f"{one.name} scores"] = lambda book=scores: search(book, X)
        if one.name != "numpy" or part is not None:  # numpy's kernels have bounds for tiles only
            jobs[f"{one.name} bounds"] = lambda book=bounds: search(book, X, seeds)
        jobs[f"{one.name} prepare"] = lambda i=one, last=last: kernels.prepare(W, implementation=i, last=last)
    times = best(jobs)
    peak = 4 * PRODUCT**3 / times.pop("peak") / 1e9
    for job, seconds in times.items():
        row = {"case": name, "job": job, "seconds": seconds, "peak": peak}
        yield row if "prepare" in job else {**row, "gflops": 2 * n * side * side * d / seconds / 1e9}


def online_case(name: str, chosen: list[kernels.Implementation], share: int) -> Iterator[Row]:
    """Yield one online case: gaussian over the whole map, and of reach 2; the table of influences is timed too."""
    n, side, d, updates = ONLINE[name]
    updates //= share
    X, steps = mixture(n, d), np.arange(-(side - 1), side)
    squares, classes = np.unique(steps[:, None] ** 2 + steps**2, return_inverse=True)
    lattice = kernels.Displacements(classes.reshape(1, 2 * side - 1, -1).astype(np.uint16))
    rng = np.random.default_rng(1)
    W, order = X[rng.integers(n, size=side * side)], rng.integers(n, size=updates)
    radius, rates = np.linspace(side / 4, 1, updates)[:, None], np.linspace(0.5, 0.01, updates)
    distances = np.sqrt(squares).astype(np.float32)

    def train(one: kernels.Implementation, q: int, count: int) -> None:
        book = kernels.OnlineCodebook(W, one)
        for i in range(0, count, TABLE_ROWS):
            rows = slice(i, min(i + TABLE_ROWS, count))
            table = np.exp(-((distances[:q] / radius[rows].astype(np.float32)) ** 2) / 2)
            table[table < 2.0**-50] = 0  # as the trainer does
            book.run(X, order[rows], rates[rows], table, lattice)

    counts = {one.name: min(updates, 500) if one.name == "numpy" else updates for one in chosen}
    reaches = {"dense": len(squares), "reach 2": int((squares <= 4).sum())}
    jobs = {
        f"{one.name} {label}": lambda one=one, q=q: train(one, q, counts[one.name])
        for one in chosen
        for label, q in reaches.items()
    }
    for job, seconds in best(jobs).items():
        yield {"case": name, "job": job, "seconds": seconds, "us_per_update": seconds / counts[job.split()[0]] * 1e6}


def told(row: Row) -> str:
    """Say a row in a line."""
    if "us_per_update" in row:
        return f"{row['case']} {row['job']:16s} {row['us_per_update']:9.3f} µs/update, table included"
    line = f"{row['case']} {row['job']:16s} {row['seconds'] * 1e3:9.2f} ms"
    if "gflops" not in row:
        return line
    return f"{line} {row['gflops']:8.1f} GFLOP/s {row['gflops'] / row['peak']:6.0%} of {row['peak']:.0f}"


def main() -> None:
    """Measure and print."""
    known = kernels.implementations()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("implementations", nargs="*", help=f"of {', '.join(known)}; default the fastest, and numpy")
    parser.add_argument("--json", action="store_true", help="print the rows once more as JSON, in the last line")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    asked = parser.parse_args()
    names = asked.implementations or list(dict.fromkeys([next(iter(known)), "numpy"]))
    chosen, share, rows = [known[name] for name in names], 10 if asked.quick else 1, []
    print(kernels.describe())
    with threadpool_limits(1):
        for case, measure in [*((c, search_case) for c in CASES), *((c, online_case) for c in ONLINE)]:
            for row in measure(case, chosen, share):
                print(told(row), flush=True)
                rows.append(row)
    if asked.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
