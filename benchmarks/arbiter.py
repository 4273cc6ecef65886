"""The arbiter: makes the data and the starting codebooks that all programs share, and judges what they return.

Runs in somkit's environment, for its scikit-learn, and reads one task as JSON: {"do": "prepare" | "judge", ...}.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case, case_from
from measuring import answer, task

Array = np.ndarray[Any, Any]

JUDGED = 20_000  # samples on which quality is measured: the first ones
CHUNK = 500_000  # rows made at a time


def _mixture(n: int, d: int, rng: np.random.Generator) -> Iterator[Array]:
    """Thirty Gaussian clusters."""
    centres, widths = 1.5 * rng.normal(size=(30, d)), rng.uniform(0.3, 1.0, size=(30, 1))
    cluster = rng.integers(30, size=n)
    yield centres[cluster] + rng.normal(size=(n, d)) * widths[cluster]


def _cytometry(n: int, d: int, rng: np.random.Generator) -> Iterator[Array]:
    """Generate after mass cytometry: few large and many rare populations, markers on or off, arcsinh(x / 5)."""
    share = rng.dirichlet(np.full(25, 0.5))
    level = np.where(rng.random((25, d)) < 0.35, rng.uniform(20, 400, (25, d)), rng.uniform(0, 4, (25, d)))
    for start in range(0, n, CHUNK):
        rows = min(CHUNK, n - start)
        mean = level[rng.choice(25, size=rows, p=share)].astype(np.float32)
        counts = mean * np.exp(0.4 * rng.standard_normal((rows, d), dtype=np.float32))
        counts += np.abs(rng.standard_normal((rows, d), dtype=np.float32))
        yield np.arcsinh(counts / 5)


def _covtype(n: int, d: int, rng: np.random.Generator) -> Iterator[Array]:
    """Generate after covtype: 10 skewed, correlated measurements, standardised, and one-hot groups of 4 and 40."""
    hidden = rng.normal(size=(n, 4))
    measured = np.exp(0.5 * (hidden @ rng.normal(size=(4, 10)) + 0.5 * rng.normal(size=(n, 10))))
    measured = (measured - measured.mean(axis=0)) / measured.std(axis=0)
    columns = [measured]
    for kinds in (4, d - 14):
        liking = hidden @ rng.normal(size=(4, kinds)) + rng.gumbel(size=(n, kinds)) - np.linspace(0, 3, kinds)
        columns.append(np.eye(kinds)[liking.argmax(axis=1)])
    yield np.hstack(columns)


def _digits(n: int, side: int, rng: np.random.Generator) -> Iterator[Array]:
    """Scikit-learn's 1797 handwritten digits, repeated with noise; enlarged bilinearly if ``side`` is above 8."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    images = load_digits().images / 16
    images = zoom(images, (1, side / 8, side / 8), order=1).reshape(len(images), -1)
    chosen = np.concatenate([rng.permutation(len(images)) for _ in range(-(-n // len(images)))])[:n]
    yield images[chosen] + rng.normal(scale=0.05, size=(n, images.shape[1]))


def _iris() -> Iterator[Array]:
    from sklearn.datasets import load_iris

    X = load_iris().data
    yield (X - X.mean(axis=0)) / X.std(axis=0)


def generate(case: Case) -> Iterator[Array]:
    """Yield the samples of a case in blocks."""
    rng = np.random.default_rng(0)
    makers = {
        "mixture": lambda: _mixture(case.n, case.d, rng),
        "cytometry": lambda: _cytometry(case.n, case.d, rng),
        "covtype": lambda: _covtype(case.n, case.d, rng),
        "digits": lambda: _digits(case.n, 8, rng),
        "digits28": lambda: _digits(case.n, 28, rng),
        "iris": _iris,
    }
    return makers[case.data]()


def plane(X: Array, side: int) -> Array:
    """Lay the map out in the plane of the two principal components, two standard deviations either way."""
    Y = X[:JUDGED].astype(np.float64)
    variances, axes = np.linalg.eigh(np.cov(Y, rowvar=False))
    first, second = (2 * np.sqrt(variances[-k]) * axes[:, -k] for k in (1, 2))
    at = np.linspace(-1, 1, side)
    return (Y.mean(axis=0) + at[:, None, None] * first + at[:, None] * second).reshape(side * side, -1)


def prepare(case: Case, work: Path) -> None:
    """Write the samples and the codebook that every program starts from, or searches, where not yet there."""
    samples, codebook = data_file(case, work), work / f"{case.name}-start.npy"
    if not samples.exists():
        shape = (case.n, case.d)
        X, row = np.lib.format.open_memmap(samples, "w+", np.float32, shape), 0
        for block in generate(case):
            X[row : row + len(block)] = block
            row += len(block)
        X.flush()
    X = np.load(samples, mmap_mode="r")
    W = plane(X, case.side).astype(np.float32)
    if case.kind == "search":
        from somkit import Recipe

        start, stop = case.radii
        recipe = Recipe(
            topology=f"grid:rows={case.side},columns={case.side}",
            radius=f"linear:start={start},stop={stop}",
            epochs=case.epochs,
            random_state=0,
        )
        W = recipe.fit(np.array(X[:JUDGED]), initial_codebook=W).codebook
    np.save(codebook, W)


def data_file(case: Case, work: Path) -> Path:
    """Return where a case's samples are."""
    return work / f"{case.data}-{case.n}x{case.d}.npy"


def exact(X: Array, W: Array) -> tuple[Array, Array]:
    """Return the two nearest units, (n, 2), and the distance of the first; candidates in float32, judged in float64."""
    W64 = W.astype(np.float64)
    middle = W64.mean(axis=0)
    Wc = (W64 - middle).astype(np.float32)
    half = 0.5 * np.einsum("ij,ij->i", W64 - middle, W64 - middle).astype(np.float32)
    k, units, distances = min(8, len(W)), [], []
    rows = max(1, 20_000_000 // max(len(W), 8 * X.shape[1]))
    for start in range(0, len(X), rows):
        x = X[start : start + rows].astype(np.float64)
        scores = half - (x - middle).astype(np.float32) @ Wc.T
        found = np.sort(np.argpartition(scores, k - 1, axis=1)[:, :k], axis=1)
        squared = ((x[:, None, :] - W64[found]) ** 2).sum(axis=2)
        order = np.argsort(squared, axis=1, kind="stable")[:, :2]
        units.append(np.take_along_axis(found, order, axis=1))
        distances.append(np.sqrt(np.take_along_axis(squared, order[:, :1], axis=1)[:, 0]))
    return np.concatenate(units), np.concatenate(distances)


def judge_codebook(X: Array, W: Array, side: int) -> dict[str, float]:
    """Return quantisation error and topographic error; diagonal units count as adjacent, as in most programs."""
    if not np.isfinite(W).all():
        return {}
    units, distances = exact(X, W)
    apart = np.maximum(*(abs(np.subtract(*part.T)) for part in np.divmod(units, side)))
    return {"quantisation_error": float(distances.mean()), "topographic_error": float((apart > 1).mean())}


def judge_units(X: Array, W: Array, units: Array) -> dict[str, float]:
    """Return the share of samples for which a search named a unit farther than the nearest, ties within 1e-12 apart."""
    _, nearest = exact(X, W)
    found = np.linalg.norm(X.astype(np.float64) - W[units].astype(np.float64), axis=1)
    return {"wrong_units": float((found > nearest * (1 + 1e-12)).mean())}


def judge(case: Case, work: Path, file: str) -> dict[str, float]:
    """Judge what a program has left in a file."""
    X, left = np.load(data_file(case, work), mmap_mode="r")[:JUDGED], np.load(work / file)
    if case.kind == "search":
        W = np.load(work / f"{case.name}-start.npy")
        return judge_units(X[: len(left)], W, left[: len(X)].astype(np.int64).ravel())
    return judge_codebook(X, left.reshape(-1, case.d), case.side)


if __name__ == "__main__":
    asked = task()
    the_case, folder = case_from(asked["case"]), Path(asked["work"])
    if asked["do"] == "prepare":
        prepare(the_case, folder)
        answer()
    else:
        answer(**judge(the_case, folder, asked["file"]))
