"""Train MiniSom as it comes on well-known data sets; write minisom_defaults.json beside this.

Run it as ``python tests/data/make_minisom_defaults.py`` with scikit-learn and MiniSom 2.3.6. The tests read the file
and need neither. Everything but the size, the number of epochs and the seed is MiniSom's own default; each figure is
given for five seeds. Rectangular is MiniSom's default; hexagonal is somkit's.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from minisom import MiniSom
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

ROWS, COLUMNS, EPOCHS, SEEDS = 8, 10, 20, range(5)
DATA = {
    "iris": load_iris().data,
    "wine": StandardScaler().fit_transform(load_wine().data),
    "digits": load_digits().data,
    "breast_cancer": StandardScaler().fit_transform(load_breast_cancer().data),
}


def errors(X: np.ndarray, topology: str, seed: int) -> tuple[float, float]:
    """Return the quantisation and the topographic error of one map, as MiniSom measures them."""
    som = MiniSom(COLUMNS, ROWS, X.shape[1], topology=topology, random_seed=seed)
    som.random_weights_init(X)
    som.train(X, EPOCHS, random_order=True, use_epochs=True)
    return float(som.quantization_error(X)), float(som.topographic_error(X))


if __name__ == "__main__":
    found = {"rows": ROWS, "columns": COLUMNS, "epochs": EPOCHS, "errors": {}}
    for name, X in DATA.items():
        for topology in ("rectangular", "hexagonal"):
            pairs = [errors(X, topology, seed) for seed in SEEDS]
            found["errors"].setdefault(name, {})[topology] = {
                "quantisation": [round(pair[0], 6) for pair in pairs],
                "topographic": [round(pair[1], 6) for pair in pairs],
            }
    Path(__file__).with_name("minisom_defaults.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
