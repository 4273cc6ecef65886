"""One peer on one case: reads a task as JSON, prints the times as JSON, leaves the codebook or the units in a file.

Runs in the peers' environment. A peer's setup is not timed; its starting codebook is put where it keeps its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from arbiter import data_file
from cases import Case, Cut, case_from
from measuring import AGAIN, SHORT, Peak, anonymous_bytes, answer, median, task, timed

Array = np.ndarray[Any, Any]
Job = tuple[Callable[[], Any], Callable[[Any], Any], Callable[[Any, Any], Any]]  # make, run, what is to be judged


class Work:
    """A case as the peers want it."""

    def __init__(self, case: Case, cut: Cut, folder: Path) -> None:
        self.case, self.folder, self.side, self.d = case, folder, case.side, case.d
        self.X = np.array(np.load(data_file(case, folder), mmap_mode="r")[: cut.n])
        self.W = np.load(folder / f"{case.name}-start.npy")
        self.epochs, self.updates = cut.epochs or case.epochs, cut.updates or case.updates
        self.start, self.stop = case.radii
        self.radii = np.linspace(self.start, self.stop, self.epochs)
        self.cube = self.W.reshape(self.side, self.side, self.d)


def xpysom(work: Work) -> Job:
    """XPySom on numpy: batch training, float32."""
    from xpysom import XPySom

    def make() -> Any:
        som = XPySom(
            work.side, work.side, work.d, sigma=work.start, sigmaN=work.stop, learning_rate=1.0, learning_rateN=1.0,
            decay_function="linear", std_coeff=1.0, random_seed=0, xp=np,
        )  # fmt: skip
        som._weights = work.cube.astype(np.float32).copy()  # noqa: SLF001 - it has no door for a codebook
        return som

    if work.case.kind == "search":
        units = lambda _, found: np.array([row * work.side + column for row, column in found])  # noqa: E731
        return make, lambda som: som.winner(work.X), units
    return make, lambda som: som.train(work.X, work.epochs), lambda som, _: som._weights  # noqa: SLF001 - likewise


def intrasom(work: Work) -> Job:
    """Run IntraSOM, the planar rectangular map, in its faster mode."""
    from intrasom import SOMFactory

    def make() -> Any:
        som = SOMFactory.build(
            work.X, mapsize=(work.side, work.side), mapshape="planar", lattice="rect", normalization=None,
            initialization="random", faster=True,
        )  # fmt: skip
        som.codebook.matrix = work.W.astype(np.float32).copy()
        som.bootstrap, som.actual_train = False, "Fine"
        return som

    def run(som: Any) -> Any:
        return som._batchtrain(work.epochs, work.start, work.stop, shared_memory=False)  # noqa: SLF001 - `train` picks its own radii

    return make, run, lambda som, _: som.codebook.matrix


def minisom(work: Work) -> Job:
    """MiniSom: float64; offline batch training with our radii, or online with its linear decays."""
    from minisom import MiniSom

    X = work.X.astype(np.float64)
    batch = work.case.kind == "batch"

    def make() -> Any:
        decay = (lambda rate, _step, _steps: rate) if batch else "linear_decay_to_zero"
        som = MiniSom(
            work.side, work.side, work.d, sigma=work.start, learning_rate=1.0 if batch else 0.5, decay_function=decay,
            sigma_decay_function="linear_decay_to_one", random_seed=0,
        )  # fmt: skip
        if batch:
            som._sigma_decay_function = lambda _radius, step, _steps: work.radii[min(step, work.epochs - 1)]  # noqa: SLF001
        som._weights = work.cube.astype(np.float64).copy()  # noqa: SLF001 - it has no door for a codebook
        return som

    def run(som: Any) -> Any:
        return som.train_batch_offline(X, work.epochs) if batch else som.train_random(X, work.updates)

    return make, run, lambda som, _: som._weights  # noqa: SLF001 - as it was given


def faiss(work: Work) -> Job:
    """Search with faiss' flat L2 index, the fastest search there is; float32 without a second look, so not exact."""
    import faiss as library

    index = library.IndexFlatL2(work.d)
    index.add(np.ascontiguousarray(work.W))
    return (lambda: index), (lambda subject: subject.search(work.X, 1)), lambda _, found: found[1][:, 0]


def torch(work: Work) -> Job:
    """PyTorch's cdist (MKL) and argmin, in blocks of 4096 samples."""
    import torch as library

    X, W = library.from_numpy(work.X), library.from_numpy(work.W)

    def run(_: Any) -> Any:
        with library.inference_mode():
            return library.cat([library.cdist(block, W).argmin(dim=1) for block in X.split(4096)])

    return dict, run, lambda _, found: found.numpy()


def kohonen(work: Work) -> tuple[list[float], Array]:
    """R's kohonen, in a process of R's own: online, or batch on every core."""
    work.X.astype("<f8").tofile(work.folder / "kohonen-x.bin")
    work.W.astype("<f8").tofile(work.folder / "kohonen-w.bin")
    batch = work.case.kind == "batch"
    rounds = work.epochs if batch else max(1, round(work.updates / len(work.X)))
    numbers = [len(work.X), work.d, work.side, rounds, work.start, work.stop, SHORT, AGAIN]
    script = Path(__file__).with_name("kohonen.R")
    command = ["Rscript", script, work.folder, "pbatch" if batch else "online", *map(str, numbers)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        raise RuntimeError(" ".join(said.stderr.split())[-300:])
    times = json.loads(said.stdout.splitlines()[-1])
    return times, np.fromfile(work.folder / "kohonen-out.bin").reshape(work.side**2, work.d)


PEERS: dict[str, Callable[[Work], Job]] = {
    "xpysom": xpysom, "intrasom": intrasom, "minisom": minisom, "faiss": faiss, "torch": torch,
}  # fmt: skip


def main() -> None:
    """Answer the task."""
    asked = task()
    folder = Path(asked["work"])
    work = Work(case_from(asked["case"]), Cut(**asked["cut"]), folder)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        if asked["program"] == "kohonen":
            times, found = kohonen(work)
            memory = None, None
        else:
            make, run, result = PEERS[asked["program"]](work)
            before = anonymous_bytes()
            with Peak() as peak:
                last, times = timed(make, lambda som: (som, run(som)))
            found, memory = result(*last), (before, peak.bytes)
    np.save(folder / asked["file"], found)
    answer(seconds=median(times), times=times, anonymous_before=memory[0], anonymous_peak=memory[1])


if __name__ == "__main__":
    main()
