"""Labelled data sets that clusterings are compared on: from scikit-learn, R, Orange and palmerpenguins.

R's need Rscript with MASS, cluster and kohonen, the last two the packages Orange3 and palmerpenguins. What is not there
is left out.
"""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_blobs,
    make_classification,
    make_moons,
)

Array = np.ndarray[Any, Any]
Labelled = tuple[Array, Array]

R_SETS = {
    "crabs": "library(MASS); X <- crabs[, 4:8]; y <- paste(crabs$sp, crabs$sex)",
    "glass": "library(MASS); X <- fgl[, 1:9]; y <- fgl$type",
    "biopsy": "library(MASS); X <- biopsy[, 2:10]; y <- biopsy$class",
    "pima": "library(MASS); all <- rbind(Pima.tr, Pima.te); X <- all[, 1:7]; y <- all$type",
    "synth": "library(MASS); all <- rbind(synth.tr, synth.te); X <- all[, 1:2]; y <- all$yc",
    "ruspini": "library(cluster); X <- ruspini; y <- rep(1:4, c(20, 23, 17, 15))",
    "yeast": "library(kohonen); data(yeast); X <- cbind(yeast$alpha, yeast$cdc15); y <- yeast$class",
}


def standard(X: Array) -> Array:
    """Scale every feature to mean 0 and standard deviation 1."""
    return np.asarray((X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1))


def judged() -> dict[str, Labelled]:
    """Return the sets that a figure is promised for, and that nothing may be chosen by."""
    wine = load_wine(return_X_y=True)
    return {"wine": wine, "wine, standardised": _scaled(wine), "digits": load_digits(return_X_y=True)}


def known() -> dict[str, Labelled]:
    """Return the other sets that somkit's clusters were compared on first."""
    iris, cancer = load_iris(return_X_y=True), load_breast_cancer(return_X_y=True)
    stretched, y = make_blobs(600, centers=4, n_features=2, random_state=170)
    return {
        "iris": iris,
        "iris, standardised": _scaled(iris),
        "breast cancer, standardised": _scaled(cancer),
        "five blobs": make_blobs(500, centers=5, n_features=8, cluster_std=3.0, random_state=3),
        "stretched blobs": (stretched @ np.array([[0.6, -0.64], [-0.41, 0.85]]), y),
        "uneven blobs": make_blobs([400, 100, 50], n_features=5, cluster_std=[3.5, 1.5, 1.0], random_state=1),
    }


def further() -> dict[str, Labelled]:
    """Return sets that nobody had looked at when the ways to cluster were first compared."""
    r = {name: _from_r(code) for name, code in R_SETS.items()}
    sets = {
        "breast cancer": load_breast_cancer(return_X_y=True),
        "crabs": r["crabs"],
        "glass, standardised": _scaled(r["glass"]),
        "biopsy": r["biopsy"],
        "pima, standardised": _scaled(r["pima"]),
        "synth": r["synth"],
        "ruspini": r["ruspini"],
        "yeast": r["yeast"],
        "penguins, standardised": _scaled(_penguins()),
        "zoo": _from_orange("datasets/zoo.tab"),
        "brown": _from_orange("datasets/brown-selected.tab"),
        "ionosphere": _from_orange("tests/datasets/ionosphere.tab"),
        "moons": make_moons(500, noise=0.1, random_state=11),
        "ten blobs": make_blobs(600, centers=10, n_features=4, cluster_std=2.0, random_state=12),
        "wide blobs": make_blobs(400, centers=6, n_features=50, cluster_std=6.0, random_state=13),
        "varied blobs": make_blobs(500, cluster_std=[1.0, 2.5, 0.5], random_state=170),
        "many and few": make_blobs([250, 120, 60, 30, 20], n_features=6, cluster_std=2.5, random_state=14),
        "classes A": make_classification(
            500, 8, n_informative=5, n_redundant=2, n_classes=4, class_sep=2, random_state=15
        ),
        "classes B": make_classification(
            400, 20, n_informative=8, n_redundant=0, n_classes=3, n_clusters_per_class=1, class_sep=2, random_state=16
        ),
        "small blobs": make_blobs(90, centers=3, n_features=3, cluster_std=2.5, random_state=17),
    }
    return {name: found for name, found in sets.items() if found is not None}


def _scaled(found: Labelled | None) -> Labelled | None:
    return None if found is None else (standard(found[0]), found[1])


def _from_r(code: str) -> Labelled | None:
    """Return what R's code leaves in X and y."""
    program = f"{code}; write.csv(data.frame(X, y = as.integer(factor(y))), row.names = FALSE)"
    try:
        text = subprocess.run(["Rscript", "-e", program], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return _whole(pd.read_csv(StringIO(text)))


def _penguins() -> Labelled | None:
    where = _folder("palmerpenguins")
    if where is None:
        return None
    table = pd.read_csv(where / "data/penguins.csv")
    return _whole(table[["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "species"]])


def _from_orange(name: str) -> Labelled | None:
    """Return a table of Orange's, the class last: two rows of roles below the names, gaps at the feature's mean."""
    where = _folder("Orange")
    if where is None:
        return None
    table = pd.read_csv(where / name, sep="\t", skiprows=[1, 2], na_values="?").drop(
        columns=["name", "gene"], errors="ignore"
    )
    return _whole(table.fillna(table.mean(numeric_only=True)))


def _whole(table: pd.DataFrame) -> Labelled:
    """Return features and classes, the last column, of the rows that miss nothing."""
    table = table.dropna()
    return table.iloc[:, :-1].to_numpy(dtype=float), table.iloc[:, -1].factorize()[0]


def _folder(package: str) -> Path | None:
    found = find_spec(package)
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) if places else None
