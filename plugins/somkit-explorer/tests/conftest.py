"""A browser for the tests that need one, and a map to show in it."""

import os
import shutil

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from somkit import TrainedMap

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What a label may hold: markup, an end of the script, a template, formulas, blanks, another alphabet, nothing much.
HOSTILE = (
    "</script><img src=x onerror=document.hacked=1>",
    "<!--<script>document.hacked=2",
    "{{ 7 * 7 }}${7*7}",
    '=HYPERLINK("http://example.org";"x")',
    "@SUM(1)",
    'a "quoted", cell\nin two lines',
    "Ελληνικά 🌺 \u2028 \x00",
)


@pytest.fixture(scope="session")
def browser():
    """Return a headless Chromium, or skip the test where there is none."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright drives the browser: pip install playwright"
    )
    found = os.environ.get("SOMKIT_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.skip("no Chromium is installed: apt-get install chromium, or set SOMKIT_CHROMIUM to its path")
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=[*QUIET, *root])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Return a function that writes a page, opens it and returns it; whatever goes wrong in it fails the test."""
    contexts, wrong = [], []

    def opened(text, *, settings=None):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(text, encoding="utf-8", newline="\n")
        context = browser.new_context(
            **{"viewport": {"width": 1300, "height": 900}, "accept_downloads": True} | (settings or {})
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: request.url in allowed or wrong.append(f"request: {request.url}"))
        allowed = {path.as_uri(), "about:srcdoc"}
        page.goto(path.as_uri())
        page.wait_for_function(
            "() => performance.getEntriesByName('somkit-rows').length || window.frames.length", timeout=20_000
        )
        return page

    opened.wrong = wrong
    yield opened
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def hostile():
    """Return labels that a page must show and never run."""
    return HOSTILE


@pytest.fixture
def flowers():
    """Return a function that makes a DataFrame of three groups of rows with names, and their labels."""

    def made(n=60, d=3, seed=0):
        rng = np.random.default_rng(seed)
        group = np.arange(n) % 3
        X = np.round(rng.normal(size=(n, d)) + 4 * group[:, None], 3)
        names = [f"flower {row}" for row in range(n)]
        columns = ["length (cm)", "width (cm)", *(f"other {column}" for column in range(d - 2))][:d]
        return pd.DataFrame(X, columns=columns, index=names), np.array(["red", "green", "blue"])[group]

    return made


@pytest.fixture
def laid():
    """Return a function that lays a small map into data, without training: hexagons, or what is asked for."""

    def made(X, topology="hex:rows=4,columns=6", units=24):
        values = np.asarray(X, dtype=float)
        steps = np.linspace(0, 1, units)[:, None]
        codebook = values.min(axis=0) + steps * np.ptp(values, axis=0)
        names = tuple(X.columns) if hasattr(X, "columns") else None
        return TrainedMap.from_codebook(topology, codebook, feature_names=names)

    return made


@pytest.fixture
def ball():
    """Return a graph whose twelve nodes lie in space, on an icosahedron."""
    golden = (1 + 5**0.5) / 2
    corners = [(0.0, a, b) for a in (-1.0, 1.0) for b in (-golden, golden)]
    corners = [corner[turn:] + corner[:turn] for corner in corners for turn in range(3)]
    graph = nx.Graph()
    for node, corner in enumerate(corners):
        graph.add_node(node, pos=corner)
    near = [
        (a, b)
        for a in range(12)
        for b in range(a)
        if np.isclose(np.subtract(corners[a], corners[b]) @ np.subtract(corners[a], corners[b]), 4)
    ]
    graph.add_edges_from(near)
    return graph
