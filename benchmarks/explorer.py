"""How long the explorer's page takes: to be written, to its first picture, and to answer; in headless Chromium.

    python benchmarks/explorer.py [--units 10000] [--rows 200000] [--features 20] [--rounds 3] [--json]

It needs somkit, somkit-explorer (or this checkout), playwright, and a Chromium, whose path SOMKIT_CHROMIUM may give.
Times in the browser are from the start of the navigation, or from an input to the frame that shows what it did.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "plugins" / "somkit-explorer" / "src"))

FLAGS = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
ANSWER = """async (act) => {
    const frame = () => new Promise((done) => { requestAnimationFrame(() => { setTimeout(done); }); });
    await frame();
    const start = performance.now();
    Function("place", act)((id, x, y, type) => {
        const node = document.getElementById(id);
        const box = node.getBoundingClientRect();
        const where = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, pointerId: 1 };
        node.dispatchEvent(new PointerEvent(type, where));
    });
    await frame();
    return performance.now() - start;
}"""
ACTIONS = {
    "hover a unit": [
        f"place('map', {0.2 + 0.6 * step / 29:.3f}, {0.3 + 0.4 * step / 29:.3f}, 'pointermove')" for step in range(30)
    ],
    "choose a plane": [f"document.querySelectorAll('.plane')[{plane}].click()" for plane in (1, 2, 3)],
    "show the U-matrix": ["document.querySelector('#views [value=u-matrix]').click()"],
    "cut another number of clusters": [
        f"const s = document.getElementById('clusters'); s.value = {count}; s.dispatchEvent(new Event('input'))"
        for count in (5, 9, 17, 30)
    ],
    "search a row": [
        f"const q = document.getElementById('query'); q.value = '{row}'; q.dispatchEvent(new Event('input'))"
        for row in (77, 1234)
    ],
    "select the units of a class": [
        "document.querySelector('#views [value=labels]').click()",
        "document.querySelector('#legend button').click()",
    ],
}


def written(units: int, rows: int, features: int, path: Path) -> dict[str, Any]:
    """Train a map, write its page, and return how long that took and how large it is."""
    from somkit_explorer import Explorer

    from somkit import SOM

    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(8, features))
    group = rng.integers(0, 8, rows)
    X = (centres[group] + rng.normal(size=(rows, features))).astype(np.float32)
    side = math.isqrt(units)
    som = SOM(topology=f"hex:rows={side},columns={units // side}", epochs=5, random_state=0)
    trained = som.fit(X[: min(rows, 5 * units)]).map_
    names = np.array([f"group {number}" for number in range(8)])[group]
    found: dict[str, Any] = {}
    for clusters in ("ward", "map", "none"):
        start = time.perf_counter()
        trained.export(Explorer(clusters=clusters, megabytes=1000), path, X=X, y=names)
        found[f"write the page, clusters={clusters}, s"] = time.perf_counter() - start
    trained.export(Explorer(megabytes=1000), path, X=X, y=names)
    return found | {"size, MB": path.stat().st_size / 1e6}


def opened(path: Path) -> dict[str, float]:
    """Open the page in a new browser and return what took how long, in milliseconds."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("SOMKIT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *root])
        # The harness puts functions into the page, which the page's own policy would forbid.
        page = browser.new_context(viewport={"width": 1400, "height": 950}, bypass_csp=True).new_page()
        page.goto(path.as_uri())
        page.wait_for_function("performance.getEntriesByName('somkit-rows').length")
        page.wait_for_timeout(1500)
        found = {
            name: page.evaluate(f"performance.getEntriesByName('{entry}')[0].startTime")
            for name, entry in (
                ("first paint of the page", "first-contentful-paint"),
                ("first picture of the map", "somkit-first-picture"),
                ("rows ready", "somkit-rows"),
            )
        }
        for name, acts in ACTIONS.items():
            found[name] = max(page.evaluate(ANSWER, act) for act in acts)
        browser.close()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("units", 10_000), ("rows", 200_000), ("features", 20), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true", help="print the figures once more as JSON, in the last line")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.html"
        figures = written(asked.units, asked.rows, asked.features, path)
        rounds = [opened(path) for _ in range(asked.rounds)]
    print(f"{asked.units} units, {asked.rows} rows x {asked.features} features")
    for name, value in figures.items():
        print(f"{name:40} {value:9.2f}")
    print(f"{'in the browser, ms':40} {'median':>9} {'slowest':>9}")
    for name in rounds[0]:
        times = [measured[name] for measured in rounds]
        figures[f"{name}, ms"] = statistics.median(times)
        print(f"{name:40} {statistics.median(times):9.0f} {max(times):9.0f}")
    if asked.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
