"""The page as text: what it carries, how it is escaped, how large it is, and what is refused. No browser is needed."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from somkit_explorer import Explorer, explore
from somkit_explorer.packing import Packed
from somkit_explorer.summary import moments

from somkit import TrainedMap
from somkit.cli import main
from somkit.clustering import merge_units
from somkit.errors import OutputError, ParameterError, SampleError
from somkit.samples import Samples
from somkit.testing import check_plugin

TYPES = {"float32": "<f4", "float64": "<f8", "uint32": "<u4", "uint16": "<u2"}


class Parsed(HTMLParser):
    """A page as a browser reads it: tags with their attributes, and the text of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], {}
        self.inside = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Keep a tag, and know whether text is inside it."""
        self.tags.append((tag, dict(attributes)))
        self.inside = len(self.tags) - 1 if tag in {"script", "style"} else None

    def handle_endtag(self, tag):
        """Know that text is inside no tag that is kept."""
        del tag
        self.inside = None

    def handle_data(self, data):
        """Keep the text of scripts and styles."""
        if self.inside is not None:
            self.texts[self.inside] = self.texts.get(self.inside, "") + data

    def all(self, tag):
        """Return the attributes and the text of every tag of a name."""
        found = [(place, attributes) for place, (name, attributes) in enumerate(self.tags) if name == tag]
        return [(attributes, self.texts.get(place, "")) for place, attributes in found]

    def array(self, name):
        """Return an array that the page carries, as its script reads it; None if it carries none of that name."""
        for attributes, text in self.all("script"):
            if attributes.get("id") == f"somkit-{name}":
                numbers = np.frombuffer(base64.b64decode(text), dtype=TYPES[attributes["data-type"]])
                if attributes["data-type"] != "uint16":
                    return numbers
                return float(attributes["data-offset"]) + float(attributes["data-step"]) * numbers.astype(float)
        return None

    def words(self, name="document"):
        """Return the JSON that the page carries."""
        (text,) = [text for attributes, text in self.all("script") if attributes.get("id") == f"somkit-{name}"]
        return json.loads(text)


def test_explorer_keeps_the_laws():
    """The exporter keeps every law of the conformance kit."""
    assert check_plugin("explorer")


def test_page_is_one_file_that_asks_for_nothing(flowers, laid):
    """There is one script that runs and one style, known by their hashes; no handler, no address, no inline style."""
    X, y = flowers()
    page = Parsed(Explorer().page(laid(X), X, y))
    ((policy, _),) = [tag for tag in page.all("meta") if tag[0].get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy["content"].split(";"))
    assert rules.pop("script-src") == f"'{_hash([text for given, text in page.all('script') if 'type' not in given])}'"
    assert rules.pop("style-src") == f"'{_hash([text for _, text in page.all('style')])}'"
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "connect-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    for tag, attributes in page.tags:
        assert tag not in {"iframe", "object", "embed", "img", "base"}
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "src"}]
        assert attributes.get("href", "#") in {"#map", "data:,", "#"}


def _hash(texts):
    (text,) = texts
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_script_has_no_way_to_make_markup_of_text():
    """The script uses none of the doors through which text becomes markup or code, and knows no address."""
    from somkit_explorer.page import script

    text = script()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|</script", text)
    assert set(re.findall(r"\w+://[\w./]+", text)) == {"http://www.w3.org/2000/svg"}  # the name of SVG, never fetched
    assert not re.search(r"\bfetch\b|XMLHttpRequest|WebSocket|sendBeacon|EventSource|import\(|importScripts", text)


def test_hostile_names_are_carried_as_text(flowers, laid, hostile):
    """Labels, names of features, of rows and the title come back as they were, and add no tag to the page."""
    X, _ = flowers(n=len(hostile) * 3, d=len(hostile))
    X.index = [f"{hostile[row % len(hostile)]}{row}" for row in range(len(X))]
    tame = [tag for tag, _ in Parsed(Explorer().page(laid(X), X, np.arange(len(X)) % 3)).tags]
    X.columns = list(hostile)
    y = np.array(hostile * 3, dtype=object)
    page = Parsed(Explorer(title=hostile[0]).page(laid(X), X, y))
    assert [tag for tag, _ in page.tags] == tame
    assert page.words()["classes"] == sorted(hostile)
    assert page.words()["features"] == list(hostile)
    assert page.words()["title"] == hostile[0]
    assert sorted(page.words("row-names")) == sorted(X.index)


def test_rows_come_back(flowers, laid):
    """Every row is carried once, on its unit, with its values to float32, its label and its name."""
    X, y = flowers()
    trained = laid(X)
    page = Parsed(Explorer().page(trained, X, y))
    ids, offsets = page.array("row-ids"), page.array("row-offsets")
    assert sorted(ids) == list(range(len(X)))
    units = np.repeat(np.arange(24), np.diff(offsets))
    assert units.tolist() == trained.bmu(X)[ids].tolist()
    for number, name in enumerate(X.columns):
        assert np.array_equal(page.array(f"row-column-{number}"), X[name].to_numpy(dtype=np.float32)[ids])
    assert [page.words()["classes"][code] for code in page.array("row-classes")] == y[ids].tolist()
    assert page.words("row-names") == [X.index[row] for row in ids]
    assert np.array_equal(page.array("count"), np.bincount(trained.bmu(X), minlength=24))


def test_values_are_in_the_units_of_the_data(flowers):
    """A map with a scaling shows its planes and rows as the data had them."""
    from somkit import SOM

    X, _ = flowers()
    trained = SOM(topology="grid:rows=3,columns=3", scale="standard", epochs=2, random_state=0).fit(X).map_
    page = Parsed(Explorer().page(trained, X))
    assert np.allclose(page.array("codebook").reshape(3, 9).T, trained.codebook_in_units, rtol=1e-6)  # float32
    assert np.allclose(np.sort(page.array("row-column-0")), np.sort(X.iloc[:, 0]), rtol=1e-6)
    assert page.words()["scaling"] == "standard"


def test_missing_labels_are_no_class(flowers, laid):
    """None and NaN are no labels: their rows count, and have none."""
    X, y = flowers()
    labels = y.astype(object)
    labels[:5] = [None, float("nan"), pd.NA, pd.NaT, None]
    page = Parsed(Explorer().page(laid(X), X, labels))
    assert page.words()["classes"] == ["blue", "green", "red"]
    assert (page.array("row-classes") == 2**32 - 1).sum() == 5
    assert page.array("class-weights").sum() == 55
    assert page.array("count").sum() == 60


def test_masked_labels_are_no_class(flowers, laid):
    """What numpy masks is no label, as None is."""
    X, y = flowers()
    masked = np.ma.array(np.asarray(y), mask=np.arange(60) < 5)
    page = Parsed(Explorer().page(laid(X), X, masked))
    assert page.words()["classes"] == ["blue", "green", "red"]
    assert (page.array("row-classes") == 2**32 - 1).sum() == 5


def test_labels_of_many_floats_are_quantities(flowers, laid):
    """More than 20 different floats are averaged on each unit, not counted."""
    X, _ = flowers()
    y = np.linspace(0, 1, 60)
    trained = laid(X)
    page = Parsed(Explorer().page(trained, X, y))
    units = trained.bmu(X)
    wanted = [y[units == unit].mean() if (units == unit).any() else np.nan for unit in range(24)]
    assert np.allclose(page.array("y-mean"), wanted, rtol=1e-6, equal_nan=True)  # float32
    assert page.words()["classes"] is None


@given(
    st.lists(st.floats(-1e30, 1e30) | st.just(float("nan")), min_size=1, max_size=20),
    st.sampled_from([Packed.real, Packed.quantised]),
)
def test_packed_numbers_are_near(values, pack):
    """float32, or float64 where it would blur, is off by 1e-6 of a column's range; two bytes by half a step of it."""
    found = pack("x", np.array(values)).meaning
    known = ~np.isnan(values)
    assert np.array_equal(np.isnan(found), ~known)
    if known.any():
        span = np.ptp(np.array(values)[known])
        # Adding the offset to a step rounds once more, by 2^-53 of the largest value.
        tolerance = (1e-6 if pack == Packed.real else 0.5001 / 65_534) * span + 2**-52 * np.abs(values)[known].max()
        assert np.abs(found - values)[known].max() <= tolerance


def test_columns_that_float32_would_blur_are_carried_whole():
    """Seconds since 1970 differ in digits that float32 has not, so they are carried as float64; whole numbers fit."""
    seconds = 1.7e9 + np.arange(100) / 10
    assert Packed.real("x", seconds).type == "float64"
    assert Packed.real("x", [1e300, 0]).type == "float64"
    assert Packed.real("x", np.arange(1_000.0)).type == "float32"


@given(st.integers(1, 40), st.integers(1, 3), st.integers(1, 5), st.integers(0, 99), st.booleans(), st.booleans())
def test_moments_are_those_of_the_rows(n, d, m, seed, weighted, missing):
    """Weights, means and standard deviations unit by unit are numpy's own, also far from 0, also of what is not NaN."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 1e6
    if missing:
        X[rng.random(X.shape) < 0.3] = np.nan
    weight = rng.uniform(0.5, 2, n) if weighted else None
    units = rng.integers(0, m, n)
    found = moments(Samples(X, weight), units, np.full((m, d), 1e6))
    for unit in range(m):
        for feature in range(d):
            here = (units == unit) & ~np.isnan(X[:, feature])
            values, w = X[here, feature], np.ones(here.sum()) if weight is None else weight[here]
            assert found.seen[unit, feature] == pytest.approx(w.sum())
            if not here.any():
                assert np.isnan([found.mean[unit, feature], found.sd[unit, feature]]).all()
                continue
            mean = np.average(values, weights=w)
            assert found.mean[unit, feature] == pytest.approx(mean)
            # The deviations are of order 1, the values 1e6 with sixteen digits: ten are left.
            deviation = np.average((values - mean) ** 2, weights=w) ** 0.5
            assert found.sd[unit, feature] == pytest.approx(deviation, abs=1e-7)


@pytest.mark.parametrize("clusters", ["ward", "map"])
def test_clusters_are_those_of_the_map_itself(flowers, laid, clusters):
    """The hierarchy that a page carries is that of the units weighed by their samples, and by nothing without any."""
    X, _ = flowers()
    trained, weight = laid(X), np.arange(len(X)) % 4
    connectivity = "map" if clusters == "map" else None
    for samples, hits in (((), np.ones(24)), ((X, None, weight), trained.hits(X, weight))):
        carried = Parsed(Explorer(clusters=clusters).page(trained, *samples))
        wanted = merge_units(trained.codebook, trained.lattice, hits, connectivity)
        assert np.array_equal(carried.array("merges").reshape(-1, 2), wanted)
        assert carried.words()["most_clusters"] == np.count_nonzero(hits)
    assert Parsed(Explorer(clusters="none").page(trained)).array("merges") is None


@pytest.mark.parametrize("clusters", ["ward", "map"])
def test_clusters_of_places_are_those_on_the_globe(clusters):
    """Units on both sides of the date line are merged first: the page's hierarchy is that of `cluster_units`."""
    places = np.array([[0.0, 179.0], [0.0, -179.0], [0.0, 10.0], [0.0, 30.0], [0.0, -100.0]])
    trained = TrainedMap.from_codebook("line:units=5", places, "haversine")
    merges = Parsed(Explorer(clusters=clusters).page(trained)).array("merges").reshape(-1, 2)
    assert merges[:2].tolist() == [[0, 1], [2, 3]]
    connectivity = "map" if clusters == "map" else None
    for count in (2, 3, 4):
        found = np.arange(5)
        for step, pair in enumerate(merges[: 5 - count].astype(int)):
            found[np.isin(found, pair)] = 5 + step
        wanted = trained.cluster_units(n_clusters=count, connectivity=connectivity)
        assert np.array_equal(found[:, None] == found, wanted[:, None] == wanted)


def test_rows_that_do_not_fit_are_left_out_evenly(flowers, laid):
    """The page is not larger than allowed; every unit keeps its share of rows, and the units' numbers are of all."""
    X, y = flowers(n=30_000)
    trained = laid(X)
    whole = Explorer().page(trained, X, y)
    bare = Explorer(rows=False).page(trained, X, y)
    limit = (len(bare) + (len(whole) - len(bare)) / 3) / 1e6  # room for a third of them
    text = Explorer(megabytes=limit).page(trained, X, y)
    page = Parsed(text)
    carried = page.words()["carried"]
    assert len(text.encode()) <= 1e6 * limit
    assert 8000 < carried < 10_000
    counts, kept = np.bincount(trained.bmu(X), minlength=24), np.diff(page.array("row-offsets"))
    assert np.abs(kept - counts * carried / 30_000).max() < 1
    assert np.array_equal(page.array("count"), counts)
    assert page.words()["rows"] == 30_000
    half = Parsed(Explorer(megabytes=limit, numbers="quantised").page(trained, X, y)).words()["carried"]
    assert half > 1.2 * carried
    assert Parsed(bare).array("row-ids") is None


def test_columns_of_eight_bytes_are_counted_too(laid):
    """Where columns take eight bytes, fewer rows are carried, and the page is still not larger than allowed."""
    X = 1.7e9 + np.arange(60_000).reshape(30_000, 2) / 10
    page = Explorer(megabytes=0.3).page(laid(X), X)
    assert len(page.encode()) <= 300_000
    assert 5000 < Parsed(page).words()["carried"] < 10_000


def test_units_that_do_not_fit_are_refused(flowers, laid):
    """A limit that the units alone exceed is refused, with one that they do not."""
    X, _ = flowers(d=10)
    with pytest.raises(ParameterError) as error:
        Explorer(megabytes=0.25, clusters="none").page(laid(X, "line:units=5000", 5000))
    assert str(error.value) == (
        "Explorer.megabytes is 0.25, but the units alone make a page of 0.8 megabytes; allow more, as in "
        "'explorer:megabytes=2'."
    )


def test_labels_without_samples_are_refused(flowers, laid, tmp_path):
    """Labels need the samples that they are of, one each."""
    X, y = flowers()
    with pytest.raises(SampleError, match=r"^exporter 'explorer' needs X, the samples that y labels; give both, or "):
        laid(X).export("explorer", tmp_path / "map.html", y=y)
    with pytest.raises(SampleError, match=r"^y must hold one label for each of the 60 samples, got shape \(59,\)\.$"):
        laid(X).export("explorer", tmp_path / "map.html", X=X, y=y[1:])
    assert not list(tmp_path.iterdir())


def test_a_title_is_text():
    """A title that is no text is refused."""
    with pytest.raises(ParameterError, match=r"^Explorer\.title must be text, got 3\.$"):
        Explorer(title=3)


def test_a_file_that_cannot_be_written_is_named(flowers, laid, tmp_path):
    """A folder that is not there is an error of somkit's, from the exporter as from the notebook's page."""
    X, _ = flowers()
    path = tmp_path / "nowhere" / "map.html"
    message = rf"^{re.escape(str(path))} cannot be written: No such file or directory\.$"
    with pytest.raises(OutputError, match=message):
        laid(X).export("explorer", path)
    with pytest.raises(OutputError, match=message):
        explore(laid(X)).save(path)


def test_notebook_shows_the_page_in_a_frame_of_its_own(flowers, laid, tmp_path):
    """The frame is sandboxed without its parent's origin, and holds the page as it would be saved."""
    X, y = flowers()
    page = explore(laid(X), X, y, title="a & b", height=500)
    ((frame, _),) = Parsed(page._repr_html_()).all("iframe")
    assert frame["sandbox"] == "allow-scripts allow-downloads"
    assert frame["height"] == "500"
    assert frame["srcdoc"] == page.html
    page.save(tmp_path / "map.html")
    assert (tmp_path / "map.html").read_text(encoding="utf-8") == page.html


def test_command_writes_the_page(flowers, laid, tmp_path):
    """``somkit export MAP explorer DATA --out FILE`` writes it, with the exporter's fields in its spelling."""
    X, y = flowers()
    laid(X).save(tmp_path / "map.somkit")
    X.assign(colour=y).to_csv(tmp_path / "data.csv", index=False)
    spelling = 'explorer:title="From the command line"'
    command = ["export", str(tmp_path / "map.somkit"), spelling, str(tmp_path / "data.csv")]
    with pytest.raises(SystemExit) as leaving:
        main([*command, "--label", "colour", "--out", str(tmp_path / "map.html")], prog_name="somkit")
    assert not leaving.value.code
    page = Parsed((tmp_path / "map.html").read_text(encoding="utf-8"))
    assert page.words()["title"] == "From the command line"
    assert page.words()["classes"] == ["blue", "green", "red"]
    assert page.words()["carried"] == 60


def test_the_same_map_makes_the_same_page(flowers, laid):
    """Nothing in a page depends on when or where it was made."""
    X, y = flowers()
    assert Explorer().page(laid(X), X, y) == Explorer().page(laid(X), X, y)
