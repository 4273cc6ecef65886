"""Train maps with R kohonen and MiniSom on lattices that somkit's own must agree with; write lattices.json beside this.

Run it as ``python tests/data/make_lattices.py`` with R, its package kohonen 3.0.11, scikit-learn and MiniSom 2.3.6.
The tests read the file and need none of these.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from minisom import MiniSom
from sklearn.datasets import load_wine

HERE = Path(__file__).resolve().parent
X = load_wine().data
X = (X - X.mean(axis=0)) / X.std(axis=0)

# columns, rows, decay of learning rate and radius, metric
ONLINE = [
    (6, 4, "asymptotic", "euclidean"),
    (6, 4, "linear", "manhattan"),
    (5, 7, "linear", "euclidean"),
    (4, 5, "asymptotic", "manhattan"),
]
DECAYS = {
    "asymptotic": ("asymptotic_decay", "asymptotic_decay"),
    "linear": ("linear_decay_to_zero", "linear_decay_to_one"),
}
UPDATES = 1780


def kohonen() -> dict[str, object]:
    """Return the batch maps."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savetxt(folder / "wine.csv", X, fmt="%.17g", delimiter=",")
        subprocess.run(["Rscript", HERE / "kohonen_lattices.R", folder / "wine.csv", folder], check=True)
        for path in sorted(folder.glob("*_facts.txt")):
            run = path.name.removesuffix("_facts.txt")
            lattice, columns, rows, toroidal, neighbourhood, start, stop, epochs, version, *units = (
                path.read_text().split()
            )
            codebook = np.loadtxt(folder / f"{run}_codebook.csv", delimiter=",")
            distances = np.loadtxt(folder / f"{run}_distances.csv", delimiter=",")
            found[run] = {
                "source": f"R kohonen {version}, mode batch",
                "lattice": lattice,
                "columns": int(columns),
                "rows": int(rows),
                "toroidal": toroidal == "TRUE",
                "neighbourhood": neighbourhood,
                "radius": [float(start), float(stop)],
                "epochs": int(epochs),
                "distances_from_unit_0": distances[0].tolist(),
                "sum_of_distances": float(distances.sum()),
                "codebook": codebook.tolist(),
                "bmu": [int(unit) for unit in units],
            }
    return found


def minisom() -> list[object]:
    """Return the online maps on hexagons, units as somkit numbers them: row by row, x along a row."""
    found = []
    for columns, rows, decay, metric in ONLINE:
        rate, radius = DECAYS[decay]
        som = MiniSom(
            columns,
            rows,
            X.shape[1],
            sigma=2,
            learning_rate=0.5,
            decay_function=rate,
            sigma_decay_function=radius,
            topology="hexagonal",
            activation_distance=metric,
        )
        # MiniSom's weights are [x, y]; its start is that of unit y * columns + x in rows spread evenly over the samples;
        # MiniSom has no door for it.
        m = columns * rows
        start = X[np.arange(m) * 177 // (m - 1)].reshape(rows, columns, -1)
        som._weights = start.transpose(1, 0, 2).copy()
        som.train(X, UPDATES, random_order=False)
        weights = som.get_weights().transpose(1, 0, 2).reshape(m, -1)
        found.append(
            {
                "source": "MiniSom 2.3.6, sequential online training, gaussian, hexagonal",
                "columns": columns,
                "rows": rows,
                "decay": decay,
                "metric": metric,
                "updates": UPDATES,
                "euclidean_quantisation_error": float(som.quantization_error(X)),
                "codebook": weights.tolist(),
            }
        )
    return found


if __name__ == "__main__":
    document = {
        "data": "sklearn.datasets.load_wine, z-scored with ddof=0",
        "start": "unit i of m starts at sample floor(i * 177 / (m - 1))",
        "kohonen": kohonen(),
        "minisom": minisom(),
    }
    (HERE / "lattices.json").write_text(json.dumps(document, indent=None, separators=(",", ":")) + "\n")
