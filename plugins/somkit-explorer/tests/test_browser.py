"""The page in a real browser: pointer, keyboard, search, clusters, files, themes, hostile names, no network."""

import csv
import io
import re
import struct
from html import escape
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs
import networkx as nx
import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from somkit_explorer import Explorer, explore

from somkit import TrainedMap
from somkit.lattice import lattice_of_graph


@pytest.fixture
def garden(open_page, flowers, laid):
    """Return an open page of a small map of hexagons, with the map, the samples and their labels."""
    X, y = flowers()
    trained = laid(X)
    return open_page(Explorer(title="A garden").page(trained, X, y)), trained, X, y


def place_of(page, unit, rows=4, columns=6):
    """Return where a unit of the hexagons lies on the screen."""
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()
    root = 3**0.5
    width, height = columns + 0.5, (rows - 1) * root / 2 + 2 / root
    scale = min((box["width"] - 20) / width, (box["height"] - 20) / height)
    row, column = divmod(unit, columns)
    x, y = column + 0.5 + (row % 2) / 2, row * root / 2 + 1 / root
    left = box["x"] + (box["width"] - scale * width) / 2
    bottom = box["y"] + (box["height"] + scale * height) / 2
    return left + scale * x, bottom - scale * y


def settle(page):
    """Wait until what was asked for is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def hover(page, unit):
    """Point at a unit."""
    page.mouse.move(*place_of(page, unit))
    settle(page)


def click(page, unit, **how):
    """Click on a unit."""
    with_keys = how.get("keys", [])
    for key in with_keys:
        page.keyboard.down(key)
    page.mouse.click(*place_of(page, unit))
    for key in with_keys:
        page.keyboard.up(key)
    settle(page)


def choose(page, name):
    """Choose a picture."""
    page.get_by_role("radio", name=name, exact=True).check(force=True)  # its label is what is seen
    settle(page)


def downloaded(page, name):
    """Press a button and return the name and the bytes of the file that it saves."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def table_of(text):
    """Read CSV as a list of dicts."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def pixel(page, canvas, x=0.5, y=0.5):
    """Return the colour of a canvas at a share of its width and height."""
    return page.evaluate(
        "([id, x, y]) => { const c = document.getElementById(id);"
        " return [...c.getContext('2d').getImageData(x * c.width, y * c.height, 1, 1).data]; }",
        [canvas, x, y],
    )


def test_hovering_a_unit_tells_what_is_on_it(garden):
    """Its count, means ± standard deviations, commonest labels and member rows are those of the samples."""
    page, trained, X, y = garden
    units = trained.bmu(X)
    unit = int(np.bincount(units).argmax())
    here = units == unit
    hover(page, unit)
    assert page.locator("#subject").inner_text() == f"Unit {unit}, {trained.lattice.nodes[unit]}"
    assert page.locator("#tip").is_visible()
    details = page.locator("#details")
    assert details.locator(".big b").inner_text() == str(here.sum())
    names, counts = np.unique(y[here], return_counts=True)
    shown = details.locator(".shares .name").all_inner_texts()
    assert sorted(shown) == sorted(names)
    assert shown[0] == names[counts.argmax()]
    for place, feature in enumerate(X.columns):
        line = details.locator(".features tr").nth(place)
        mean, sd = (
            float(text.replace("\N{MINUS SIGN}", "-")) for text in line.locator("td").first.inner_text().split(" ± ")
        )
        assert line.locator("th").inner_text() == feature
        assert mean == pytest.approx(X[feature][here].mean(), abs=0.051)  # two digits of the deviation are shown
        assert sd == pytest.approx(X[feature][here].std(ddof=0), abs=0.051)
    rows = details.locator("[role=region] tbody tr")
    assert [int(row.split("\t")[0]) for row in rows.all_inner_texts()] == np.flatnonzero(here).tolist()
    page.mouse.move(2, 2)
    settle(page)
    assert page.locator("#subject").inner_text() == "The whole map"


def test_brushed_units_are_downloaded_as_csv(garden):
    """Dragging over units selects them; their rows come as CSV with number, name, unit, cluster, label and values."""
    page, trained, X, y = garden
    page.mouse.move(*np.subtract(place_of(page, 6), 4))
    page.mouse.down()
    page.mouse.move(*np.add(place_of(page, 2), 4), steps=6)
    page.mouse.up()
    settle(page)
    chosen = [1, 2, 6, 7]
    assert page.locator("#subject").inner_text() == "4 units"
    assert page.locator("#live").inner_text().startswith("4 units selected with")
    name, content = downloaded(page, "Download CSV")
    assert name == "rows.csv"
    rows = table_of(content.decode("utf-8"))
    units = trained.bmu(X)
    assert sorted(int(row["row"]) for row in rows) == np.flatnonzero(np.isin(units, chosen)).tolist()
    for row in rows:
        number = int(row["row"])
        assert (int(row["unit"]), row["name"], row["label"]) == (units[number], X.index[number], y[number])
        assert [float(row[feature]) for feature in X.columns] == X.iloc[
            number
        ].tolist()  # three decimals survive float32


def test_clicked_units_are_copied_as_csv(open_page, flowers, laid):
    """A click selects a unit, with Shift another one or none; Copy puts their rows on the clipboard."""
    X, y = flowers()
    trained = laid(X)
    page = open_page(Explorer().page(trained, X, y), settings={"permissions": ["clipboard-read", "clipboard-write"]})
    units = trained.bmu(X)
    first, second, third = np.argsort(-np.bincount(units, minlength=24), kind="stable")[:3].tolist()
    click(page, first)
    click(page, second, keys=["Shift"])
    click(page, third, keys=["Shift"])
    click(page, third, keys=["Shift"])
    page.get_by_role("button", name="Copy CSV").click()
    page.get_by_role("button", name="Copied").wait_for()
    rows = table_of(page.evaluate("navigator.clipboard.readText()"))
    assert sorted(int(row["row"]) for row in rows) == np.flatnonzero(np.isin(units, [first, second])).tolist()
    page.get_by_role("button", name="Clear").click()
    settle(page)
    assert not page.get_by_role("button", name="Copy CSV").is_visible()


def test_a_row_is_found_by_number_name_and_label(garden):
    """A row's number or name leads to its unit and puts it first; a label selects all units that have it."""
    page, trained, X, y = garden
    units = trained.bmu(X)
    query = page.get_by_role("searchbox", name="Search a row")
    query.fill("17")
    assert page.locator("#answers .answer").first.inner_text().startswith("Row 17: flower 17")
    query.press("Enter")
    settle(page)
    assert page.locator("#subject").inner_text().startswith(f"Unit {units[17]},")
    assert page.locator("tr.found td").first.inner_text() == "17"
    query.fill("FLOWER 42")
    query.press("Enter")
    settle(page)
    assert page.locator("#subject").inner_text().startswith(f"Unit {units[42]},")
    query.fill("green")
    page.get_by_role("button", name=re.compile("Select (all|the)")).click()
    settle(page)
    assert page.locator("#subject").inner_text() == f"{len(set(units[y == 'green']))} units"
    query.fill("nothing like it")
    assert page.locator("#answers").inner_text() == "No row has this number, name or label."
    query.press("Escape")
    assert page.locator("#answers").is_hidden()


def test_slider_cuts_ward_s_hierarchy(open_page):
    """For every number of clusters the table's clusters are those of scipy's Ward linkage of the units' vectors."""
    codebook = np.random.default_rng(3).normal(size=(24, 3))
    page = open_page(Explorer().page(TrainedMap.from_codebook("hex:rows=4,columns=6", codebook)))
    choose(page, "Clusters")
    page.locator("#table summary").click()
    for count in (2, 3, 7, 24):
        page.locator("#clusters").fill(str(count))
        settle(page)
        assert page.locator("#caption").inner_text() == f"{count} clusters"
        found = page.locator("#table-body tbody tr td:nth-child(3)").all_inner_texts()
        wanted = fcluster(linkage(codebook, "ward"), count, "maxclust")
        assert len(set(found)) == count
        assert len(set(zip(found, wanted, strict=True))) == count


def test_every_picture_has_its_legend(garden):
    """Plane, U-matrix and hits have a colour bar with its unit, labels and clusters a key that selects."""
    page, *_ = garden
    for name, caption, unit in (
        ("Plane", "length (cm)", "length (cm)"),
        ("U-matrix", "U-matrix", "mean distance to neighbours (euclidean)"),
        ("Hits", "Hits", "rows on a unit"),
    ):
        choose(page, name)
        assert page.locator("#caption").inner_text() == caption
        assert page.locator("#legend .unit").inner_text() == unit
        assert len(page.locator("#legend .ticks span").all()) > 1
    page.get_by_role("combobox", name="Feature").wait_for(state="hidden")
    choose(page, "Labels")
    keys = page.locator("#legend button")
    assert keys.all_inner_texts() == ["blue", "green", "red"]
    keys.nth(1).click()
    settle(page)
    assert "of green selected" in page.locator("#live").inner_text()


def test_small_multiples_are_linked(garden):
    """Pointing at a plane points at the unit everywhere; a click makes it the large picture, arrow keys the next."""
    page, *_ = garden
    planes = page.get_by_role("radiogroup", name="All planes").get_by_role("radio")
    assert planes.count() == 3
    planes.nth(1).scroll_into_view_if_needed()
    page.wait_for_timeout(200)  # drawn when it comes into view
    box = planes.nth(1).locator(".picture").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    assert page.locator("#subject").inner_text().startswith("Unit ")
    planes.nth(1).click()
    settle(page)
    assert page.locator("#caption").inner_text() == "width (cm)"
    page.keyboard.press("ArrowRight")
    settle(page)
    assert page.locator("#caption").inner_text() == "other 0"
    assert planes.nth(2).get_attribute("aria-checked") == "true"
    assert [plane.get_attribute("tabindex") for plane in planes.all()] == ["-1", "-1", "0"]


def test_pictures_are_saved(garden):
    """PNG is a picture of the size that was composed, SVG is well-formed with every unit, title and legend."""
    page, *_ = garden
    choose(page, "Plane")
    name, content = downloaded(page, "Save PNG")
    assert name == "length-cm.png"
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert width == 1800
    assert height > 600
    name, content = downloaded(page, "Save SVG")
    assert name == "length-cm.svg"
    root = ET.fromstring(content)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "length (cm)"
    assert texts[-1] == "length (cm)"
    outlines = "".join(path.get("d") for path in root.iter("{http://www.w3.org/2000/svg}path"))
    assert outlines.count("Z") >= 24


def test_the_keyboard_alone_is_enough(garden):
    """Tab reaches every control; arrows go from unit to unit and say what is there; Space selects, Escape clears."""
    page, trained, X, _ = garden
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.name || document.activeElement.className"
            )
        )
        if reached[-1] == "map":
            break
    assert {"theme", "view", "borders", "colours", "query", "save-png", "save-svg"} <= set(reached)
    live = page.locator("#live")
    assert live.inner_text().startswith("Unit 0, (0, 0); ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    settle(page)
    unit = int(re.match(r"Unit (\d+)", live.inner_text())[1])
    assert unit in {7, 8}
    assert f"; {(trained.bmu(X) == unit).sum()} row" in live.inner_text()
    page.keyboard.press("Space")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    settle(page)
    assert live.inner_text().startswith("2 units selected")
    page.keyboard.press("Escape")
    settle(page)
    assert live.inner_text() == "Nothing is selected."
    page.get_by_role("radio", name="Labels").focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert page.locator("#caption").inner_text() == "Hits"


def test_every_control_has_a_name(garden):
    """Each button, field and picture that can be reached says what it is to those who do not see it."""
    page, *_ = garden
    page.locator("#table summary").click()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, [tabindex], [role=region]")].filter((node) => {
            const label = node.labels?.length ? [...node.labels].map((one) => one.textContent).join("") : "";
            return !(node.getAttribute("aria-label") || label || node.textContent).trim();
        }).map((node) => node.outerHTML)"""
    )
    assert nameless == []


def test_table_says_what_the_picture_shows(garden):
    """The table has every unit with its node, rows, label, cluster and value, and selects as the map does."""
    page, trained, X, y = garden
    choose(page, "Plane")
    page.locator("#table summary").click()
    settle(page)
    heads = page.locator("#table-body thead th").all_inner_texts()
    assert heads == ["unit", "node", "rows", "commonest label", "cluster", "length (cm)", "selected"]
    lines = page.locator("#table-body tbody tr")
    assert lines.count() == 24
    counts, labels = np.bincount(trained.bmu(X), minlength=24), trained.label_units(y, X)
    for unit in range(24):
        cells = lines.nth(unit).inner_text().split("\t")
        assert cells[:4] == [
            str(unit),
            str(trained.lattice.nodes[unit]),
            str(counts[unit]),
            labels[unit] or "\N{EN DASH}",
        ]
    page.get_by_role("checkbox", name="Select unit 5", exact=True).check()
    settle(page)
    assert page.locator("#subject").inner_text().startswith("Unit 5,")
    click(page, 9)
    assert not page.get_by_role("checkbox", name="Select unit 5", exact=True).is_checked()
    assert page.get_by_role("checkbox", name="Select unit 9", exact=True).is_checked()


@pytest.mark.parametrize("prefers", ["light", "dark"])
def test_dark_and_light(open_page, flowers, laid, prefers):
    """The page follows the system's preference, canvas included, and the button turns it round."""
    X, y = flowers()
    page = open_page(Explorer().page(laid(X), X, y), settings={"color_scheme": prefers})

    def lightness():
        settle(page)
        colour = page.evaluate(
            "getComputedStyle(document.body).color + getComputedStyle(document.documentElement).backgroundColor"
        )
        ink, paper = np.array(re.findall(r"\d+", colour), dtype=float).reshape(2, 3).mean(axis=1)
        return ink, paper, np.mean(pixel(page, "legend-probe")[:3])

    page.evaluate("document.querySelector('#legend .key canvas').id = 'legend-probe'")
    before = lightness()
    page.get_by_role("button", name=re.compile("Use (dark|light) colours")).click()
    settle(page)
    page.evaluate("document.querySelector('#legend .key canvas').id = 'legend-probe'")
    after = lightness()
    dark, light = (before, after) if prefers == "dark" else (after, before)
    assert (light[0] < 60, light[1] > 200) == (True, True)
    assert (dark[0] > 200, dark[1] < 60) == (True, True)
    assert (dark[2] < 100, light[2] > 200) == (True, True)  # the swatch of empty units


def test_hostile_names_are_shown_and_never_run(open_page, flowers, laid, hostile):
    """Markup, templates and formulas in labels, names and titles are text wherever they appear, also in files."""
    X, _ = flowers(n=len(hostile) * 4, d=len(hostile))
    X.index = [f"{hostile[row % len(hostile)]}{row}" for row in range(len(X))]
    X.columns = list(hostile)
    y = np.array(hostile * 4, dtype=object)
    graph = nx.relabel_nodes(nx.path_graph(24), {node: f"{hostile[node % len(hostile)]}{node}" for node in range(24)})
    page = open_page(Explorer(title=hostile[0]).page(laid(X, graph), X, y))
    assert page.locator("h1").inner_text() == hostile[0]
    assert page.title() == hostile[0]
    legend = page.locator("#legend button .name").evaluate_all("(nodes) => nodes.map((node) => node.textContent)")
    assert set(legend) <= set(hostile)
    for view in ("Plane", "Hits", "Clusters", "Labels"):
        choose(page, view)
    page.locator("#table summary").click()
    page.get_by_role("searchbox").fill("e")
    page.get_by_role("button", name=re.compile("Select (all|the)")).click()
    settle(page)
    _, content = downloaded(page, "Download CSV")
    rows = table_of(content.decode("utf-8"))
    for row in rows:
        number = int(row["row"])
        assert row["label"] == _defused(y[number])
        assert row["name"] == _defused(X.index[number])
    assert set(map(_defused, hostile)) <= set(rows[0])
    _, svg = downloaded(page, "Save SVG")
    ET.fromstring(svg)
    assert page.evaluate("document.hacked") is None
    assert page.locator("img").count() == 0


def _defused(text):
    return f"'{text}" if text.startswith(("=", "@", "+", "-")) else text


def test_policy_stops_what_would_get_in(garden, open_page):
    """Text is not made markup, scripts that are put in do not run, and there is no connection to anywhere."""
    page, *_ = garden
    tried = page.evaluate(
        """async () => {
            const tries = {
                markup: () => { document.body.innerHTML = "<p>"; },
                script: () => {
                    const script = document.createElement("script");
                    script.text = "document.hacked = 1";
                    document.body.append(script);
                },
                network: () => fetch("data:text/plain,x"),
            };
            const failed = [];
            for (const [name, attempt] of Object.entries(tries)) {
                try { await attempt(); } catch { failed.push(name); }
            }
            return failed;
        }"""
    )
    assert tried == ["markup", "script", "network"]
    assert page.evaluate("document.hacked") is None
    assert open_page.wrong  # the browser says so
    assert all(
        "Content Security Policy" in text or "TrustedHTML" in text or "TrustedScript" in text
        for text in open_page.wrong
    )
    open_page.wrong.clear()


@pytest.mark.parametrize(
    ("topology", "units"),
    [
        ("grid:rows=4,columns=6", 24),
        ("hex:rows=4,columns=6,periodic=both", 24),
        ("ring:units=12", 12),
        ("line:units=1", 1),
        (nx.karate_club_graph(), 34),
        (nx.disjoint_union(nx.path_graph(3), nx.empty_graph(2)), 5),
    ],
    ids=["grid", "torus", "ring", "one unit", "karate club", "in parts"],
)
def test_any_lattice_is_shown(open_page, flowers, laid, topology, units):
    """Every picture of every kind of lattice is drawn, and each can be pointed at."""
    X, y = flowers()
    page = open_page(Explorer().page(laid(X, topology, units), X, y))
    for picture in page.locator("#views input").all():
        picture.check(force=True)
        settle(page)
    if units > 1:
        page.locator("#borders").check()
    page.locator("#map").focus()
    page.keyboard.press("End")
    settle(page)
    assert page.locator("#subject").inner_text().startswith(f"Unit {units - 1}")
    drawn = page.evaluate(
        """() => {
            const base = document.getElementById("base");
            return base.getContext("2d").getImageData(0, 0, base.width, base.height).data.some((value) => value);
        }"""
    )
    assert drawn


def test_units_in_space_can_be_turned(open_page, flowers, laid, ball):
    """Sliders and dragging turn a map whose units lie in space; what is nearest is what is pointed at."""
    X, y = flowers()
    page = open_page(Explorer().page(laid(X, ball, 12), X, y))
    before = page.locator("#base").screenshot()
    page.get_by_role("slider", name="Turn").fill("75")
    settle(page)
    turned = page.locator("#base").screenshot()
    assert turned != before
    page.get_by_role("radio", name="Drag to turn").check(force=True)
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 240, steps=4)
    page.mouse.up()
    settle(page)
    assert page.locator("#base").screenshot() != turned
    assert page.locator("#turn").input_value() == "105"


def test_flat_cells_of_units_in_space_can_be_left(open_page, ball):
    """A lattice that lies in space and has flat cells begins as a flat map, and can be seen in space."""
    lattice = lattice_of_graph(ball)
    angles = 2 * np.pi * np.arange(6) / 6
    centres = np.column_stack([np.arange(12) % 4, np.arange(12) // 4])
    cells = centres[:, None] + 0.5 * np.column_stack([np.cos(angles), np.sin(angles)])
    trained = attrs.evolve(
        TrainedMap.from_codebook(ball, np.random.default_rng(0).normal(size=(12, 2))),
        lattice=attrs.evolve(lattice, cells=cells),
    )
    page = open_page(Explorer().page(trained))
    flat = page.locator("#base").screenshot()
    assert page.get_by_role("slider", name="Turn").is_hidden()
    page.get_by_role("radio", name="In space").check(force=True)
    settle(page)
    assert page.get_by_role("slider", name="Turn").is_visible()
    assert page.locator("#base").screenshot() != flat
    page.get_by_role("radio", name="Flat map").check(force=True)
    settle(page)
    assert page.locator("#base").screenshot() == flat


def test_narrow_windows_have_no_sideways_scrolling(open_page, flowers, laid):
    """On a telephone the page is as wide as the screen, and the map is on it."""
    X, y = flowers(d=8)
    page = open_page(Explorer().page(laid(X), X, y), settings={"viewport": {"width": 360, "height": 740}})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("#base").bounding_box()["width"] > 250


def test_page_says_what_it_leaves_out(open_page, flowers, laid):
    """Rows that were left out are announced at the top, and a search for one of them says so."""
    X, y = flowers(n=20_000)
    X = X.reset_index(drop=True)
    page = open_page(Explorer(megabytes=0.3).page(laid(X), X, y))
    notice = page.locator("#notice").inner_text()
    carried = int(re.match(r"This page carries ([\d,]+) of 20,000 rows", notice)[1].replace(",", ""))
    assert 500 < carried < 20_000
    assert page.locator(".big b").inner_text() == "20,000"
    page.get_by_role("searchbox").fill("no such row")
    assert page.locator("#answers").inner_text() == f"Not among the {carried:,} rows that this page carries."
    page = open_page(Explorer(rows=False).page(laid(X), X, y))
    assert page.locator("#notice").inner_text().startswith("This page carries no rows")
    assert page.get_by_role("searchbox").is_hidden()


def test_quantities_weights_and_two_byte_rows(open_page, flowers, laid):
    """Labels that are quantities have a colour bar; weights are counted beside rows; rounded rows are announced."""
    X, _ = flowers()
    trained = laid(X)
    y, weight = np.linspace(0, 1, 60), np.full(60, 0.5)
    page = open_page(Explorer(numbers="quantised").page(trained, X, y, weight))
    assert page.locator("#legend .unit").inner_text() == "mean label of the rows on a unit"
    assert "weight 30" in page.locator(".big").inner_text()
    assert "65,535 steps" in page.locator("#foot").inner_text()
    unit = int(np.bincount(trained.bmu(X)).argmax())
    click(page, unit)
    _, content = downloaded(page, "Download CSV")
    for row in table_of(content.decode("utf-8")):
        number = int(row["row"])
        span = np.ptp(X.to_numpy(), axis=0)
        assert np.abs(np.array([float(row[name]) for name in X.columns]) - X.iloc[number]).max() <= span.max() / 65_534
        assert float(row["label"]) == pytest.approx(y[number], abs=1 / 65_534)


def test_notebook_frame_works(open_page, flowers, laid):
    """In the sandboxed frame that notebooks show, the page lives: it is hovered, selected and saved from."""
    X, y = flowers()
    frame_html = explore(laid(X), X, y, title="In a notebook")._repr_html_()
    page = open_page(f"<!DOCTYPE html><title>{escape('notebook')}</title>{frame_html}")
    frame = page.frame_locator("iframe")
    frame.locator("#caption").wait_for()
    assert frame.locator("h1").inner_text() == "In a notebook"
    frame.locator("#legend button").first.click()
    with page.expect_download() as waiting:
        frame.get_by_role("button", name="Download CSV").click()
    assert table_of(Path(waiting.value.path()).read_text(encoding="utf-8"))
