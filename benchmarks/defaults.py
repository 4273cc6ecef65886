"""How near somkit's defaults come to a small grid of tuned settings, beside MiniSom as it comes.

Needs somkit and MiniSom 2.3.6 in one environment: python benchmarks/defaults.py tests/data/defaults.json. Writes every
figure to the file, from which the tests take what they compare with, and prints the table of
docs/explanation/defaults.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from minisom import MiniSom
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from somkit import Recipe, TrainedMap

Array = np.ndarray[Any, Any]
Figures = dict[str, float]

ROWS, COLUMNS, EPOCHS = 8, 10, 20
TOPOLOGY = f"hex:rows={ROWS},columns={COLUMNS}"
STOPS, LENGTHS, RATES = (0.33, 0.5, 0.7, 1), (10, 20, 50), (0.2, 0.5, 0.9)
SEEDS = {"batch": range(1), "online": range(3), "minisom": range(5)}  # batch training has no chance in it
MEASURES = ("combined_error", "quantisation_error", "topographic_error", "trustworthiness")


def data_sets() -> dict[str, tuple[Array, Array]]:
    """Return the samples and classes of each set; the features of wine and breast cancer are standardised."""
    sets = {"iris": load_iris, "wine": load_wine, "digits": load_digits, "breast_cancer": load_breast_cancer}
    found = {name: load(return_X_y=True) for name, load in sets.items()}
    for name in ("wine", "breast_cancer"):
        found[name] = (StandardScaler().fit_transform(found[name][0]), found[name][1])
    return found


def figures(trained: TrainedMap, X: Array, y: Array) -> Figures:
    """Return what a map is worth by each measure, by purity, and by how many units hold samples."""
    found = {name: float(trained.measure(name, X)) for name in MEASURES}
    used = float(np.mean(trained.hits(X) > 0))
    return {**found, "purity": float(trained.measure("purity", X, y=y)), "used": used}


def median(rows: list[Figures]) -> Figures:
    """Return the median of each figure."""
    return {name: round(float(np.median([row[name] for row in rows])), 6) for name in rows[0]}


def by_somkit(X: Array, y: Array, trainer: str, **settings: Any) -> Figures:
    """Return the figures of a map of somkit, the median over the seeds."""
    recipe = {"topology": TOPOLOGY, "trainer": trainer, "epochs": EPOCHS, **settings}
    return median([figures(Recipe(random_state=seed, **recipe).fit(X), X, y) for seed in SEEDS[trainer]])


def by_minisom(X: Array, y: Array) -> Figures:
    """Return the figures of MiniSom's untuned map of the same hexagons, the median over the seeds."""
    rows = []
    for seed in SEEDS["minisom"]:
        som = MiniSom(COLUMNS, ROWS, X.shape[1], topology="hexagonal", random_seed=seed)
        som.random_weights_init(X)
        som.train(X, EPOCHS, random_order=True, use_epochs=True)
        # MiniSom moves every second row to the left, from the last row up: somkit's first row is its last.
        codebook = som.get_weights().transpose(1, 0, 2)[::-1].reshape(ROWS * COLUMNS, -1)
        trained = TrainedMap.from_codebook(TOPOLOGY, codebook)
        assert abs(trained.measure("topographic_error", X) - som.topographic_error(X)) < 1e-9
        rows.append(figures(trained, X, y))
    return median(rows)


def grid(trainer: str) -> Iterator[dict[str, Any]]:
    """Yield the tuned settings."""
    rates = RATES if trainer == "online" else (None,)
    for stop, epochs, rate in product(STOPS, LENGTHS, rates):
        settings: dict[str, Any] = {"radius": f"linear:stop={stop}", "epochs": epochs}
        yield settings if rate is None else {**settings, "learning_rate": f"linear:start={rate}"}


def study(name: str, X: Array, y: Array) -> list[dict[str, Any]]:
    """Return the figures of MiniSom, and of each trainer by default (no settings) and tuned, on one data set."""
    found = [{"data": name, "by": "minisom", "settings": {}, **by_minisom(X, y)}]
    for trainer in ("batch", "online"):
        for settings in ({}, *grid(trainer)):
            figure = by_somkit(X, y, trainer, **settings)
            found.append({"data": name, "by": trainer, "settings": settings, **figure})
    return found


def line(title: str, record: dict[str, Any]) -> str:
    """Return a row of the table."""
    combined, quantisation, topographic, trust, purity = (record[name] for name in (*MEASURES, "purity"))
    cells = f"{combined:#.3g} | {quantisation:#.3g} | {topographic:.3f} | {trust:.3f} | {purity:.3f}"
    settings = ", ".join(f"`{key}={value}`" for key, value in record["settings"].items())
    return f"| {record['data'].replace('_', ' ')} | {title} | {cells} | {settings} |".replace("|  |", "| |")


def table(records: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the rows of one data set: MiniSom, each default, and those of its grid with the least errors."""
    yield line("MiniSom", records[0])
    for trainer in ("batch", "online"):
        default, *tuned = (record for record in records if record["by"] == trainer)
        yield line(f"**`{trainer}`**", default)
        for measure in MEASURES[:2]:
            best = min(tuned, key=lambda record: record[measure])
            yield line(f"`{trainer}`, least {measure.split('_')[0]}", best)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    records: list[dict[str, Any]] = []
    for name, (X, y) in data_sets().items():
        found = study(name, X, y)
        records += found
        print(*table(found), sep="\n", flush=True)
    options.file.write_text("[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n", encoding="utf-8")
