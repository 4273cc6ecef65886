"""The somkit command: what it does with good data, and the one sentence it has for bad data."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import somkit
from somkit.cli import main
from somkit.run import Run

SMALL = ("--topology", "hex:rows=3,columns=4", "--epochs", "4", "--random-state", "7", "--quiet")


def run(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def process(*arguments, **options):
    """Run the command as a program of its own."""
    command = [sys.executable, "-m", "somkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


def succeeds(*arguments):
    """Run the command, let it write nothing to stderr, and return what it wrote to stdout."""
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def fails(message, *arguments):
    """Run the command and compare its only sentence."""
    result = run(*arguments)
    assert result.stderr == f"somkit: {message}\n"
    assert (result.exit_code, result.stdout) == (2, "")


def flowers(rows=40):
    """Return two clouds on very different scales, with their names."""
    rng = np.random.default_rng(5)
    kind = np.arange(rows) % 2
    values = rng.normal(size=(rows, 3)) + 4 * kind[:, None]
    frame = pd.DataFrame(values * [1.0, 100.0, 0.01], columns=["height", "width", "depth"])
    return frame.assign(species=np.where(kind, "rose", "aster"))


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data():
    """Write the clouds to a CSV file."""
    flowers().to_csv("flowers.csv", index=False)
    return Path("flowers.csv")


@pytest.fixture
def trained(data):
    """Train a map of the clouds."""
    succeeds("fit", data, "--out", "flowers.somkit", "--label", "species", *SMALL)
    return Path("flowers.somkit")


# --- fit --------------------------------------------------------------------------------------------------------------


def test_fit_gives_the_same_map_for_every_kind_of_file(data):
    """CSV, TSV, zipped CSV and Parquet of the same table give the same file, bit for bit."""
    frame = flowers()
    frame.to_csv("flowers.tsv", index=False, sep="\t")
    frame.to_csv("flowers.csv.gz", index=False)
    frame.to_parquet("flowers.parquet")
    maps = set()
    for name in (data, "flowers.tsv", "flowers.csv.gz", "flowers.parquet"):
        succeeds("fit", name, "--out", "a.somkit", "--label", "species", *SMALL)
        maps.add(Path("a.somkit").read_bytes())
    assert len(maps) == 1


def test_fit_of_npy_equals_that_of_csv(data):
    """An .npy file gives the codebook of the same numbers with names."""
    np.save("flowers.npy", flowers().drop(columns="species").to_numpy())
    succeeds("fit", "flowers.npy", "--out", "npy.somkit", *SMALL)
    succeeds("fit", data, "--out", "csv.somkit", "--ignore", "species", *SMALL)
    assert np.array_equal(somkit.load("npy.somkit").codebook, somkit.load("csv.somkit").codebook)
    assert somkit.load("npy.somkit").feature_names is None


def test_fit_of_npy_calls_columns_by_number(data):
    """A column of an .npy file is left out by its number."""
    frame = flowers()
    np.save("five.npy", np.column_stack([frame.drop(columns="species"), frame["species"] == "rose"]).astype(float))
    succeeds("fit", "five.npy", "--out", "npy.somkit", "--label", "3", *SMALL)
    succeeds("fit", data, "--out", "csv.somkit", "--label", "species", *SMALL)
    assert np.array_equal(somkit.load("npy.somkit").codebook, somkit.load("csv.somkit").codebook)


def test_fit_leaves_out_label_and_ignored_columns(data):
    """Features are all columns but the label's and the ignored ones."""
    succeeds("fit", data, "--out", "a.somkit", "--label", "species", "--ignore", "width", "--ignore", "depth", *SMALL)
    assert somkit.load("a.somkit").feature_names == ("height",)


def test_fit_says_what_it_made(data):
    """Without --quiet a line on stdout names the map, and a bar on stderr counts the epochs."""
    result = run("fit", data, "--out", "a.somkit", "--label", "species", *SMALL[:-1])
    assert result.exit_code == 0
    assert re.fullmatch(r"a\.somkit: 12 units, 4 epochs, quantisation error 0\.\d+\n", result.stdout)
    assert "4/4" in result.stderr


def test_fit_scales_to_standard_unless_told_otherwise(data):
    """The command scales to mean 0 and standard deviation 1, the recipe file and then the option may differ."""
    Path("recipe.toml").write_text('scale = "minmax"\nepochs = 3\n[topology]\nname = "line"\nunits = 4\n')
    Path("raw.toml").write_text('scale = "none"\n')
    kinds = {}
    for name, options in {
        "default": (),
        "file": ("--recipe", "recipe.toml"),
        "raw file": ("--recipe", "raw.toml"),
        "option": ("--recipe", "recipe.toml", "--scale", "standard"),
    }.items():
        result = run("fit", data, "--out", "a.somkit", "--label", "species", "--quiet", *options)
        assert result.exit_code == 0
        scaling = somkit.load("a.somkit").scaling
        kinds[name] = None if scaling is None else scaling.kind
    assert kinds == {"default": "standard", "file": "minmax", "raw file": None, "option": "standard"}


@pytest.mark.usefixtures("data")
def test_fit_leaves_degrees_alone():
    """A metric with units of its own is not scaled for, and refuses to be, with exit code 2."""
    places = np.random.default_rng(0).uniform(30, 60, (40, 2))
    np.savetxt("places.csv", places, delimiter=",", header="latitude,longitude", comments="")
    fit = ("fit", "places.csv", "--out", "a.somkit", "--metric", "haversine", "--topology", "hex:rows=2,columns=3")
    assert run(*fit, "--quiet").exit_code == 0
    trained = somkit.load("a.somkit")
    assert trained.scaling is None
    assert trained.quantisation_error(places) > 100  # kilometres
    result = run(*fit, "--scale", "minmax")
    assert result.exit_code == 2
    assert "metric 'haversine' measures features in units of their own, which scale='minmax'" in result.stderr


def test_fit_takes_recipe_file_and_options_override_it(data):
    """Options beside a recipe replace its parts before the parts are checked against each other."""
    Path("recipe.toml").write_text('metric = "manhattan"\nepochs = 3\n[topology]\nname = "line"\nunits = 4\n')
    succeeds(
        "fit",
        data,
        "--out",
        "a.somkit",
        "--ignore",
        "species",
        "--recipe",
        "recipe.toml",
        "--trainer",
        "online",
        "--quiet",
    )
    recipe = somkit.load("a.somkit").recipe
    assert (str(recipe.metric), str(recipe.topology), str(recipe.trainer)) == ("manhattan", "line:units=4", "online")
    assert recipe.epochs == 3


def test_fit_result_does_not_depend_on_jobs(data):
    """One thread and two give the same file."""
    for jobs in (1, 2):
        succeeds("fit", data, "--out", f"{jobs}.somkit", "--label", "species", "--jobs", jobs, *SMALL)
    assert Path("1.somkit").read_bytes() == Path("2.somkit").read_bytes()


def test_fit_warns_in_one_plain_line_of_uneven_features(data):
    """A warning is a line for people."""
    result = run("fit", data, "--out", "a.somkit", "--label", "species", "--scale", "none", *SMALL)
    assert result.exit_code == 0
    assert re.fullmatch(
        r"somkit: warning: the standard deviation of feature 'width' is \d+ times the median one, so it alone decides "
        r"which unit is best; scale the data with scale='standard' unless that is what you want\.\n",
        result.stderr,
    )


@pytest.mark.parametrize("header", ["1.5,2", "1,1"])
def test_fit_warns_of_a_header_that_looks_like_a_sample(header):
    """A first line of numbers is still the header, but is not taken for one in silence."""
    Path("plain.csv").write_text(f"{header}\n3,4\n5,6\n7,9\n")
    result = run("fit", "plain.csv", "--out", "a.somkit", *SMALL)
    assert result.stderr == (
        "somkit: warning: the first line of plain.csv holds only numbers and is taken for the columns' names; if it is "
        "a sample, put a line of names above it.\n"
    )


def test_fit_warns_of_a_column_that_counts_the_rows():
    """The row numbers that pandas writes beside a table are not trained on in silence, and can be left out."""
    flowers().drop(columns="species").to_csv("counted.csv")
    result = run("fit", "counted.csv", "--out", "a.somkit", *SMALL)
    assert result.exit_code == 0
    assert result.stderr == (
        "somkit: warning: the first column of counted.csv has no name and counts the rows, yet the map is trained on "
        "it; leave it out with --ignore 'Unnamed: 0'.\n"
    )
    succeeds("fit", "counted.csv", "--out", "a.somkit", "--ignore", "Unnamed: 0", *SMALL)
    assert somkit.load("a.somkit").feature_names == ("height", "width", "depth")


def test_feature_may_be_shown_as_label(trained):
    """A column that the map was trained on can be the label of a picture or an export all the same."""
    flowers().round({"height": 0}).to_csv("round.csv", index=False)
    succeeds("export", trained, "csv", "round.csv", "--out", "map.csv", "--label", "height")
    with Path("map.csv").open() as file:
        labels = {row["label"] for row in csv.DictReader(file)} - {""}
    assert labels == set(map(str, map(int, labels)))


def test_text_in_a_feature_is_told_at_predict(trained):
    """A word where the map was trained on numbers is named."""
    frame = flowers().astype({"width": object})
    frame.loc[3, "width"] = "wide"
    frame.to_csv("word.csv", index=False)
    fails(
        "column 'width' of word.csv holds 'wide' in row 3, which is no number; this map was trained on numbers there.",
        "predict", trained, "word.csv",
    )  # fmt: skip


def test_fit_takes_counted_columns_for_names():
    """Columns called 0, 1, 2 are what pandas writes for a table without names."""
    pd.DataFrame(np.random.default_rng(0).normal(size=(9, 3))).to_csv("counted.csv", index=False)
    succeeds("fit", "counted.csv", "--out", "a.somkit", *SMALL)
    assert somkit.load("a.somkit").feature_names == ("0", "1", "2")


@pytest.mark.parametrize("trainer", ["batch", "online:record_wins=true"])
def test_resumed_run_ends_bit_identical(data, monkeypatch, trainer):
    """A run that was interrupted and resumed writes the same bytes as one that was not."""
    command = ("fit", data, "--label", "species", *SMALL, "--trainer", trainer, "--epochs", "6")
    succeeds(*command, "--out", "whole.somkit")
    save = Run.save_checkpoint

    def interrupted(self, path, state):
        if state.epoch == 4:
            raise KeyboardInterrupt
        save(self, path, state)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "save_checkpoint", interrupted)
        result = run(*command, "--out", "resumed.somkit", "--checkpoint", "c.somkit")
    assert (result.exit_code, result.stderr) == (
        130,
        (
            "somkit: interrupted after epoch 4 of 6; c.somkit holds epoch 3: give the same command with --resume "
            "to go on.\n"
        ),
    )
    assert not Path("resumed.somkit").exists()
    succeeds(*command, "--out", "resumed.somkit", "--checkpoint", "c.somkit", "--resume")
    assert Path("resumed.somkit").read_bytes() == Path("whole.somkit").read_bytes()


def test_resume_needs_no_recipe_and_may_be_repeated(data):
    """The checkpoint knows its recipe, drawn seed and all; resuming a finished run writes the map again."""
    command = ("fit", data, "--label", "species", "--quiet", "--checkpoint", "c.somkit")
    succeeds(*command, "--topology", "ring:units=5", "--epochs", "3", "--trainer", "online", "--out", "a.somkit")
    succeeds(*command, "--resume", "--out", "b.somkit")
    assert Path("a.somkit").read_bytes() == Path("b.somkit").read_bytes()


def test_finished_checkpoint_is_overwritten_by_a_new_run(data):
    """Only a checkpoint of a run that is not over is kept from being overwritten."""
    command = ("fit", data, "--label", "species", "--checkpoint", "c.somkit", "--out", "a.somkit", *SMALL)
    succeeds(*command)
    succeeds(*command, "--epochs", "5")
    assert somkit.load_checkpoint("c.somkit")[1].epoch == 5


def _unfinished(data):
    recipe = somkit.Recipe(topology="line:units=4", epochs=6, random_state=0, scale="standard")
    running = recipe.start(pd.read_csv(data).drop(columns="species"))
    running.save_checkpoint("c.somkit", running.one_epoch())


def test_unfinished_checkpoint_is_not_overwritten(data):
    """Forgetting --resume does not cost the work that the checkpoint holds."""
    _unfinished(data)
    fails(
        "c.somkit holds epoch 1 of 6 of another run; go on with it by --resume, or remove the file to start anew.",
        "fit", data, "--label", "species", "--out", "a.somkit", "--checkpoint", "c.somkit",
    )  # fmt: skip


def test_resume_refuses_another_recipe(data):
    """What is given beside --resume must be what the checkpoint was trained with."""
    _unfinished(data)
    fails(
        "c.somkit was trained with metric 'euclidean', not 'cosine'; give the same, or nothing.",
        "fit", data, "--label", "species", "--out", "a.somkit", "--checkpoint", "c.somkit", "--resume",
        "--metric", "cosine",
    )  # fmt: skip
    fails(
        "the state to resume has 4 units of another topology than the recipe's 5; resume it with its own recipe.",
        "fit", data, "--label", "species", "--out", "a.somkit", "--checkpoint", "c.somkit", "--resume",
        "--topology", "line:units=5",
    )  # fmt: skip


def test_resume_refuses_data_of_another_width(data):
    """A checkpoint goes on only with as many features as it began with."""
    _unfinished(data)
    fails(
        "X has 2 features, but the state to resume has 3; resume with the same data.",
        "fit", data, "--label", "species", "--ignore", "width", "--out", "a.somkit", "--checkpoint", "c.somkit",
        "--resume",
    )  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent to another process")
def test_ctrl_c_ends_with_130_and_names_the_checkpoint(data):
    """Ctrl-C in training says in a sentence how to go on."""
    # Where tests run in the background, SIGINT is ignored unless a program asks for it.
    program = "import signal as s, somkit.cli; s.signal(s.SIGINT, s.default_int_handler); somkit.cli.main()"
    command = [sys.executable, "-c", program, "fit", str(data), "--label", "species", "--out", "a.somkit", "--quiet"]
    command += ["--trainer", "online", "--epochs", "1000000", "--checkpoint", "c.somkit"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        while not Path("c.somkit").exists() or somkit.load_checkpoint("c.somkit")[1].epoch < 2:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert re.fullmatch(
        r"somkit: interrupted after epoch \d+ of 1000000; c\.somkit holds epoch \d+: give the same command with "
        r"--resume to go on\.\n",
        errors,
    )
    assert not Path("a.somkit").exists()


# --- predict, measure, draw, dashboard, export ------------------------------------------------------------------------


def test_predict_applies_the_scaling_that_the_map_remembers(trained, data):
    """Units and distances are those of the samples scaled as the training data were."""
    X = flowers().drop(columns="species").to_numpy()
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    distances = np.linalg.norm(scaled[:, None] - somkit.load(trained).codebook, axis=2)
    rows = list(csv.DictReader(succeeds("predict", trained, data).splitlines()))
    assert [int(row["unit"]) for row in rows] == distances.argmin(axis=1).tolist()
    # Scaling here and there differs in the last digits.
    np.testing.assert_allclose([float(row["distance"]) for row in rows], distances.min(axis=1), rtol=1e-12)
    assert [row["node"] for row in rows] == [str(divmod(int(row["unit"]), 4)) for row in rows]


def test_predict_writes_the_same_to_a_file(trained, data):
    """--out holds what stdout would show."""
    shown = succeeds("predict", trained, data)
    assert succeeds("predict", trained, data, "--out", "units.csv") == ""
    assert Path("units.csv").read_text() == shown


def test_predict_finds_columns_by_name_and_else_by_position(trained, data):
    """Shuffled and added columns do no harm; a file without names is read by position."""
    expected = succeeds("predict", trained, data)
    frame = flowers()
    frame.assign(note="text")[["note", "depth", "species", "width", "height"]].to_csv("shuffled.csv", index=False)
    np.save("flowers.npy", frame.drop(columns="species").to_numpy())
    frame.to_parquet("flowers.parquet")
    for name in ("shuffled.csv", "flowers.npy", "flowers.parquet"):
        assert succeeds("predict", trained, name) == expected


def test_measure_lists_every_measure(trained, data):
    """Each registered measure stands in a line with its value and which way is better."""
    lines = succeeds("measure", trained, data, "--label", "species").splitlines()
    found = {line.split()[0]: float(line.split()[1]) for line in lines[2:]}
    expected = somkit.load(trained).measures(flowers(), flowers()["species"])
    assert found == pytest.approx(expected, rel=1e-5)  # shown with six digits
    assert lines[0].split() == ["measure", "value", "better"]


def test_measure_of_a_map_without_names_takes_the_label_out(data):
    """Where the map has no names, features are all columns but the label's, in their order."""
    np.save("flowers.npy", flowers().drop(columns="species").to_numpy())
    succeeds("fit", "flowers.npy", "--out", "npy.somkit", *SMALL)
    named = succeeds("measure", "npy.somkit", data, "topographic_error", "distortion", "--label", "species")
    assert named == succeeds("measure", "npy.somkit", "flowers.npy", "topographic_error", "distortion")


def test_measure_takes_the_measures_that_are_named(trained, data):
    """Measures named after DATA are measured alone, with their parameters, in that order."""
    lines = succeeds("measure", trained, data, "trustworthiness:k=3", "topographic_error").splitlines()
    expected = somkit.load(trained).measure("trustworthiness", flowers(), k=3)
    assert lines[2].split() == ["trustworthiness:k=3", f"{expected:.6g}", "higher"]
    assert lines[3].split()[0] == "topographic_error"
    assert len(lines) == 4


def test_measure_gives_intervals_on_request(trained, data):
    """--bootstrap adds both ends of the interval, the same for the same --random-state."""
    options = ("quantisation_error", "--bootstrap", 50, "--random-state", 3)
    lines = succeeds("measure", trained, data, *options).splitlines()
    found = somkit.load(trained).measure("quantisation_error", flowers(), bootstrap=50, rng=3)
    assert lines[0].split() == ["measure", "value", "low", "high", "better"]
    values = [f"{value:.6g}" for value in (found.value, found.low, found.high)]
    assert lines[2].split() == ["quantisation_error", *values, "lower"]


def test_measure_says_which_measures_have_no_value_and_why(trained):
    """A measure without a value is in no table by itself, and its reason is a line on stderr; named, it is refused."""
    flowers(8).to_csv("few.csv", index=False)
    result = run("measure", trained, "few.csv")
    assert result.exit_code == 0
    assert "trustworthiness" not in result.stdout
    reason = "measure 'trustworthiness' needs at least 11 samples, got 8; lower its k."
    assert f"somkit: left out: {reason}\n" in result.stderr
    fails(reason, "measure", trained, "few.csv", "trustworthiness")


def test_measure_of_labels_asks_for_their_column(trained, data):
    """A measure of labels that is named without --label is refused."""
    message = "measure 'purity' needs labels: give the column that holds them, --label COLUMN."
    fails(f"{message} See 'main measure --help'.", "measure", trained, data, "purity")


def test_measure_warns_once_of_a_draw(trained):
    """Several measures that look at a draw of many samples say so in one line."""
    flowers(2100).to_csv("many.csv", index=False)
    result = run("measure", trained, "many.csv", "trustworthiness", "kruskal_shepard")
    assert result.exit_code == 0
    assert result.stderr == (
        "somkit: warning: measures that look at all pairs of samples took 2000 of the 2100, drawn at random; "
        "max_samples=2100 takes all, in 1.1 times the time.\n"
    )


PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("view", ["u_matrix", "component_planes", "standard/hits", "labels"])
def test_draw_writes_a_picture(trained, data, view):
    """Each view ends as a PNG file."""
    assert succeeds("draw", trained, view, data, "--out", "view.png", "--label", "species") == ""
    assert Path("view.png").read_bytes().startswith(PNG)


def test_draw_needs_no_data_for_a_view_of_the_map(trained):
    """The U-matrix is drawn from the map alone."""
    succeeds("draw", trained, "u_matrix", "--out", "view.svg")
    assert "<svg" in Path("view.svg").read_text()


@pytest.mark.parametrize("options", [(), ("flowers.csv",), ("flowers.csv", "--label", "species")])
def test_dashboard_shows_what_the_data_allow(trained, options):
    """A dashboard is drawn of the map alone, with samples, and with labels."""
    assert succeeds("dashboard", trained, *options, "--out", "all.png") == ""
    assert Path("all.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("name", ["csv", "graphml", "som_pak:", "standard/csv"])
def test_export_writes_a_file(trained, data, name):
    """Each exporter is found by its spelling and given samples and labels."""
    assert succeeds("export", trained, name, data, "--out", "map.out", "--label", "species") == ""
    assert "rose" in Path("map.out").read_text()
    assert succeeds("export", trained, name, "--out", "map.out") == ""
    assert "rose" not in Path("map.out").read_text()


def test_labels_that_look_missing_are_labels(trained):
    """NA and None are names of classes like any other."""
    frame = flowers()
    frame["species"] = np.where(frame["species"] == "rose", "NA", "None")
    frame.to_csv("na.csv", index=False)
    succeeds("export", trained, "csv", "na.csv", "--out", "map.csv", "--label", "species")
    with Path("map.csv").open() as file:
        assert {row["label"] for row in csv.DictReader(file)} - {""} == {"NA", "None"}


# --- components, show, plugins, info ----------------------------------------------------------------------------------


def test_components_lists_the_whole_registry():
    """Every entry has a line with its kind and its qualified name."""
    lines = [line.split()[:2] for line in succeeds("components").splitlines()[2:]]
    entries = somkit.Plugins().registry.entries()
    assert lines == [[entry.kind, entry.key] for entry in entries]


def test_components_of_a_kind():
    """A kind narrows the list; a line ends with the first of the docstring."""
    lines = succeeds("components", "trainer").splitlines()
    assert [line.split()[1] for line in lines[2:]] == [
        "standard/batch",
        "standard/converging",
        "standard/minibatch",
        "standard/mst_retrain",
        "standard/online",
        "standard/two_phase",
    ]
    assert all(line.endswith(".") for line in lines[2:])


def test_show_tells_docstring_parameters_and_origin():
    """One part is shown with what it is, its defaults and where it comes from."""
    text = succeeds("show", "topology", "hex")
    assert text.startswith(f"topology standard/hex, from somkit {somkit.__version__}\n\nHexagons: ")
    assert re.search(r"\nparameter +default\n-+  -+\nrows +auto\ncolumns +auto\noffset +odd\n", text)


def test_show_every_part():
    """Every registered part can be shown."""
    for entry in somkit.Plugins().registry.entries():
        assert entry.key in succeeds("show", entry.kind, entry.key)


def test_info_tells_versions():
    """The lines of a bug report are there."""
    lines = dict(line.split(maxsplit=1) for line in succeeds("info").splitlines())
    assert lines["somkit"] == somkit.__version__
    assert lines["numpy"] == np.__version__
    assert list(lines)[:6] == ["somkit", "python", "numpy", "kernels", "cores", "plugins"]


def test_version_and_help():
    """--version tells the version, no command at all the help."""
    assert succeeds("--version") == f"somkit {somkit.__version__}\n"
    assert succeeds() == succeeds("--help")
    for name in main.commands:
        assert succeeds(name, "--help").startswith(f"Usage: main {name} ")


GOOD = """
import attrs, networkx as nx
from somkit import Topology, hookimpl

@attrs.frozen(kw_only=True)
class Wheel(Topology):
    "A hub and a ring of units round it."
    name = "wheel"
    units: int = 6
    def graph(self):
        return nx.wheel_graph(self.units)

@hookimpl
def somkit_topologies():
    return [Wheel]
"""
MISSPELT = "from somkit import hookimpl\n\n@hookimpl\ndef somkit_topologys():\n    return []\n"


@pytest.fixture
def fake_plugins(tmp_path):
    """Return an environment with four distributions beside the installed ones: good, failing, misspelt and blocked."""
    home = tmp_path / "site"
    sources = {"good": GOOD, "bad": "raise ImportError('no cupy here')", "misspelt": MISSPELT, "shy": "1 / 0"}
    for name, source in sources.items():
        folder = home / f"acme_{name}-2.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 2.0\n")
        (folder / "entry_points.txt").write_text(f"[somkit]\n{name} = acme_{name}\n")
        (home / f"acme_{name}.py").write_text(source)
    return {**os.environ, "PYTHONPATH": str(home), "SOMKIT_PLUGINS": "-shy"}


FAILURES = (
    "Plugin 'bad' (acme-bad 2.0) failed to load: ImportError: no cupy here.",
    "Plugin 'misspelt' (acme-misspelt 2.0) failed to register: there is no hook 'somkit_topologys'; the hooks are ",
)


def test_plugins_lists_loaded_failed_and_blocked_ones(fake_plugins):
    """Each plugin stands there once with what became of it, and failures are no failure of the command."""
    result = process("plugins", env=fake_plugins)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["good (acme-good 2.0): loaded", "  topology: wheel"]
    assert f"standard (somkit {somkit.__version__}): loaded" in lines
    assert lines[-3] == "bad (acme-bad 2.0): failed to load: ImportError: no cupy here"
    assert lines[-2].startswith("misspelt (acme-misspelt 2.0): failed to register: there is no hook")
    assert lines[-1] == "shy (acme-shy 2.0): blocked"


def test_broken_plugin_is_a_plain_line_on_stderr(fake_plugins):
    """A plugin that fails is named in one line, and the others work."""
    result = process("show", "topology", "wheel", env=fake_plugins)
    assert result.returncode == 0
    assert result.stdout.startswith("topology good/wheel, from acme-good 2.0\n")
    first, second = result.stderr.splitlines()
    assert first == f"somkit: warning: {FAILURES[0]}"
    assert second.startswith(f"somkit: warning: {FAILURES[1]}")


def test_no_plugins_leaves_strangers_alone(fake_plugins):
    """--no-plugins knows the standard parts and imports nobody else's."""
    result = process("--no-plugins", "components", "topology", env=fake_plugins)
    assert (result.returncode, result.stderr) == (0, "")
    assert "wheel" not in result.stdout
    assert "standard/hex" in result.stdout


def test_strangers_topology_trains_predicts_and_comes_back(fake_plugins, data):
    """A plugin's part is used by name, and its map still predicts when the plugin is not there."""
    options = ("--label", "species", "--topology", "wheel:units=5", "--epochs", "3", "--quiet")
    assert process("fit", data, "--out", "w.somkit", *options, env=fake_plugins).returncode == 0
    result = process("--no-plugins", "predict", "w.somkit", data, env=fake_plugins)
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 41
    assert result.stderr == (
        "somkit: warning: w.somkit can be read and drawn, but not trained on, for want of topology 'good/wheel': "
        "install acme-good (it was made with 2.0).\n"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["components"], ["plugins"], ["show", "visualiser", "hits"]])
def test_light_commands_import_no_heavy_library(arguments):
    """Help and lists load neither matplotlib nor scikit-learn, scipy, pandas or networkx."""
    program = f"""
    import sys
    from somkit.cli import main
    try:
        main({arguments!r})
    except SystemExit as end:
        assert end.code == 0
    heavy = {{"matplotlib", "sklearn", "scipy", "pandas", "networkx"}} & set(sys.modules)
    assert not heavy, heavy
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_closed_pipe_is_quiet():
    """A reader that has seen enough is no error to talk about."""
    command = f"for i in 1 2 3; do {sys.executable} -m somkit components; done | head -1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, timeout=120)
    assert result.stdout.startswith("kind ")
    assert result.stderr == ""


# --- bad input --------------------------------------------------------------------------------------------------------

FIT = ("fit", "bad", "--out", "a.somkit")
NO_NUMBER = "which is no number; leave it out with --ignore"
BAD_TABLES = {
    "empty": ("", "bad.csv is empty."),
    "header only": ("a,b\n", "bad.csv has 0 row(s) of data; at least 2 are needed to train a map."),
    "one row": ("a,b\n1,2\n", "bad.csv has 1 row(s) of data; at least 2 are needed to train a map."),
    "nan": ("a,b\n1,2\n3,\n", "X[1, 1] (feature 'b') is NaN; impute it or leave the row out first."),
    "short row": ("a,b\n1,2\n3\n", "X[1, 1] (feature 'b') is NaN; impute it or leave the row out first."),
    "inf": ("a,b\n1,2\n-inf,4\n", "X[1, 0] (feature 'a') is infinite (inf); impute it or leave the row out first."),
    "text": (
        "a,b c\n1,x\n3,y\n",
        f"column 'b c' of bad.csv holds 'x' in row 0, {NO_NUMBER} 'b c', or say --label 'b c' if it holds the classes.",
    ),
    "one word": (
        "a,b\n1,2\n3,many\n",
        f"column 'b' of bad.csv holds 'many' in row 1, {NO_NUMBER} b, or say --label b if it holds the classes.",
    ),
    "semicolons": (
        "a;b\n1;2\n3;4\n",
        (
            "column 'a;b' of bad.csv holds '1;2' in row 0, which is no number; its columns seem to be separated by "
            "';', but a .csv file needs commas."
        ),
    ),
    "ragged": ("a,b\n1,2\n3,4,5\n", "bad.csv is ragged: line 3 has 3 values, where 2 are expected."),
    "ragged from the start": ("a,b\n1,2,3\n4,5,6\n", "bad.csv is ragged: line 2 has 3 values, where 2 are expected."),
    "latin": (b"a,b\n1,\xe9\n", "bad.csv is not text in UTF-8; save it in that encoding."),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_table_is_told_in_a_sentence(name):
    """A table that cannot be trained on is refused, and nothing is written."""
    content, message = BAD_TABLES[name]
    Path("bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    fails(message, "fit", "bad.csv", "--out", "a.somkit")
    assert not Path("a.somkit").exists()


def test_other_bad_files_are_told_in_a_sentence():
    """Files that are not what their suffix says, or hold no numbers, are refused."""
    for name in ("bad.npy", "bad.parquet", "bad.csv.gz", "bad.xls"):
        Path(name).write_text("hello")
    np.save("objects.npy", np.array([[{}]]), allow_pickle=True)
    np.save("words.npy", np.array([["a"], ["b"]]))
    np.save("complex.npy", np.ones((3, 2), complex))
    np.save("flat.npy", np.arange(4.0))
    np.save("nan.npy", np.array([[0.0, 1.0], [np.nan, 2.0]]))
    Path("folder.csv").mkdir()
    damaged = "{} is not an .npy file of numbers, or it is damaged."
    for name, message in {
        "bad.npy": damaged.format("bad.npy"),
        "objects.npy": damaged.format("objects.npy"),
        "words.npy": "words.npy must hold one array of real numbers, but it holds values of type <U1.",
        "complex.npy": "complex.npy must hold one array of real numbers, but it holds values of type complex128.",
        "flat.npy": "flat.npy must hold an array of shape (n_samples, n_features), got shape (4,).",
        "nan.npy": "X[1, 0] is NaN; impute it or leave the row out first.",
        "bad.csv.gz": "bad.csv.gz cannot be read as a table: Not a gzipped file (b'he').",
        "bad.xls": "bad.xls is of a kind that somkit does not read; it reads .csv, .csv.gz, .tsv, .tsv.gz, .parquet "
        "and .npy files.",
        "missing.csv": "missing.csv does not exist.",
        "folder.csv": "folder.csv is a folder, not a file.",
    }.items():
        fails(message, "fit", name, "--out", "a.somkit")
    result = run("fit", "bad.parquet", "--out", "a.somkit")
    assert result.exit_code == 2
    assert result.stderr.startswith("somkit: bad.parquet is not a Parquet file, or it is damaged: ")


def test_parquet_without_pyarrow_names_the_install_command(monkeypatch):
    """The optional package that is missing is named as pip wants it."""
    Path("data.parquet").write_text("")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    fails(
        "reading data.parquet needs pyarrow; install it with: pip install 'somkit[parquet]'",
        "fit", "data.parquet", "--out", "a.somkit",
    )  # fmt: skip


BAD_OPTIONS = {
    "rows 0": (["--topology", "hex:rows=0"], "Hex.rows must be an integer >= 1, got 0."),
    "unknown part": (
        ["--topology", "hexagon"],
        "unknown topology 'hexagon'; did you mean 'hex'? Known: cylinder, graph, grid, hex, klein, knn, lattice, line, moebius, mst, ring, small_world, star, torus, tree.",
    ),
    "misspelt parameter": (
        ["--topology", "hex:cols=3"],
        (
            "topology 'hex' has no parameter 'cols'; did you mean 'columns'? Its parameters are rows, columns, offset, "
            "periodic, distance, shape, mask."
        ),
    ),
    "negative radius": (
        ["--radius", "constant:value=-1"],
        "the radius must be finite and >= 0, got -1.0 from schedule 'constant:value=-1'; change its parameters.",
    ),
    "bare number": (
        ["--radius", "3"],
        "a schedule must be given as text, a dict or an object, got 3.0; write 'constant:value=3.0'.",
    ),
    "epochs 0": (["--epochs", "0"], "Recipe.epochs must be an integer >= 1, got 0."),
    "epochs in words": (
        ["--epochs", "few"],
        "invalid value for '--epochs': 'few' is not a valid integer. See 'main fit --help'.",
    ),
    "jobs 0": (["--jobs", "0"], "Recipe.n_jobs must be an integer >= 1, got 0."),
    "metric of another trainer": (
        ["--metric", "manhattan"],
        (
            "trainer 'batch' has no update for metric 'manhattan'; use trainer='online', trainer='batch:centre=median' "
            "or 'batch:centre=mean' to take medians or means all the same, or a metric whose centre is a mean, such as "
            "'euclidean' or 'cosine'."
        ),
    ),
    "misspelt option": (["--epoch", "3"], "there is no option --epoch; did you mean --epochs? See 'main fit --help'."),
    "unknown column": (
        ["--ignore", "witdh"],
        "flowers.csv has no column 'witdh'; did you mean 'width'? Its columns are height, width, depth, species.",
    ),
    "every column ignored": (
        ["--ignore", "width", "--ignore", "height", "--ignore", "depth"],
        "flowers.csv has no column to train on, once the label and the ignored columns are left out.",
    ),
    "resume from nothing": (["--resume"], "--resume needs --checkpoint, the file to go on with."),
    "resume from a missing file": (
        ["--resume", "--checkpoint", "c.somkit"],
        "c.somkit does not exist, so there is nothing to go on with; leave out --resume to start anew.",
    ),
    "checkpoint over the data": (
        ["--checkpoint", "flowers.csv"],
        "flowers.csv would be overwritten, but it is read from; give another name with --out.",
    ),
    "folder as output": (["--out", "."], ". cannot be written: it is a folder; give the name of a file."),
    "output in no folder": (["--out", "no/a.somkit"], "no/a.somkit cannot be written: there is no folder no."),
    "output over the data": (
        ["--out", "flowers.csv"],
        "flowers.csv would be overwritten, but it is read from; give another name with --out.",
    ),
    "missing recipe": (["--recipe", "no.toml"], "no.toml cannot be read: No such file or directory."),
    "bad recipe": (
        ["--recipe", "bad.toml"],
        "bad.toml is not a TOML file: Invalid value (at line 1, column 10).",
    ),
    "misspelt recipe": (
        ["--recipe", "misspelt.toml"],
        (
            "a recipe has no 'epoch'; did you mean 'epochs'? It may have topology, metric, neighbourhood, "
            "learning_rate, radius, initialiser, trainer, epochs, scale, n_jobs, random_state."
        ),
    ),
}


@pytest.mark.parametrize("name", BAD_OPTIONS)
def test_bad_option_is_told_in_a_sentence(data, name):
    """What cannot be done is said before anything is written."""
    Path("bad.toml").write_text("epochs = few\n")
    Path("misspelt.toml").write_text("epoch = 3\n")
    options, message = BAD_OPTIONS[name]
    fails(message, "fit", data, "--out", "a.somkit", "--label", "species", "--quiet", *options)
    assert not Path("a.somkit").exists()


def test_missing_label_is_told_with_its_row(data):
    """A row without a label is named."""
    frame = flowers()
    frame.loc[5, "species"] = None
    frame.to_csv(data, index=False)
    fails(
        "row 5 of flowers.csv has no label in column 'species'; give it one, or leave the row out.",
        "fit", data, "--out", "a.somkit", "--label", "species",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fti"], "there is no command 'fti'; did you mean 'fit'? The commands are {commands}."),
        (["fit"], "missing argument 'DATA'. See 'main fit --help'."),
        (["fit", "x.csv"], "missing option '--out'. See 'main fit --help'."),
        (["info", "more"], "got unexpected extra argument (more). See 'main info --help'."),
        (
            ["components", "topologies"],
            "there is no kind 'topologies'; did you mean 'topology'? The kinds are {kinds}.",
        ),
        (["show", "metric", "euclid"], "unknown metric 'euclid'; did you mean 'euclidean'? Known: {metrics}."),
        (["--plugins"], "there is no option --plugins; did you mean --no-plugins? See 'main --help'."),
    ],
)
def test_misuse_is_told_in_a_sentence(arguments, message):
    """A misspelt or incomplete command gets one line with the way out."""
    registry = somkit.Plugins().registry
    fails(
        message.format(
            commands=", ".join(main.commands),
            kinds="topology, metric, schedule, neighbourhood, initialiser, trainer, measure, visualiser, exporter",
            metrics=", ".join(sorted({entry.name for entry in registry.entries("metric")})),
        ),
        *arguments,
    )


def test_bad_map_file_is_told_in_a_sentence(trained, data):
    """Missing, foreign and truncated files and folders are not map files."""
    whole = trained.read_bytes()
    Path("short.somkit").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile("foreign.somkit", "w") as archive:
        archive.writestr("hello.txt", "hello")
    Path("folder").mkdir()
    for name, message in {
        "no.somkit": "no.somkit does not exist.",
        "folder": "folder is a folder, not a file.",
        "flowers.csv": "flowers.csv is not a somkit map file, or it is damaged: File is not a zip file.",
        "short.somkit": "short.somkit is not a somkit map file, or it is damaged: File is not a zip file.",
        "foreign.somkit": "foreign.somkit is not a somkit map file: it holds no document.json.",
    }.items():
        fails(message, "predict", name, data)
        fails(message, "draw", name, "u_matrix", "--out", "a.png")


def test_checkpoint_is_no_map(trained, data):
    """A checkpoint given as a map, and a map as a checkpoint, are told apart."""
    _unfinished(data)
    fails("c.somkit holds a checkpoint, not a map.", "measure", "c.somkit", data)
    fails(
        "flowers.somkit holds a map, not a checkpoint.",
        "fit", data, "--out", "a.somkit", "--checkpoint", trained,
    )  # fmt: skip


def test_wrong_width_is_told_in_a_sentence(trained):
    """Data without the map's columns are refused, by name or by number."""
    flowers().drop(columns=["width", "depth"]).to_csv("narrow.csv", index=False)
    np.save("narrow.npy", np.zeros((3, 2)))
    fails(
        "narrow.csv lacks the column(s) 'width', 'depth' that this map was trained on.",
        "predict",
        trained,
        "narrow.csv",
    )
    fails(
        "X has 2 feature(s), but this map was trained on 3; give it the same columns.", "predict", trained, "narrow.npy"
    )


def test_text_for_a_map_without_names_is_told_with_a_way_out(data):
    """Where columns cannot be found by name, a column of text has to go."""
    np.save("flowers.npy", flowers().drop(columns="species").to_numpy())
    succeeds("fit", "flowers.npy", "--out", "npy.somkit", *SMALL)
    fails(
        "column 'species' of flowers.csv holds 'aster' in row 0, which is no number; this map was trained on columns "
        "without names, so leave it out of the file, or say --label species.",
        "measure", "npy.somkit", data,
    )  # fmt: skip


def test_bad_use_of_a_map_is_told_in_a_sentence(trained, data):
    """Views, formats, outputs and labels that do not exist are refused before anything is drawn."""
    fails(
        "a.doc is no name of a picture; let it end in .png, .jpg, .svg or .pdf.",
        "draw", trained, "hits", data, "--out", "a.doc",
    )  # fmt: skip
    fails(
        "--label names a column of DATA, but no DATA is given. See 'main draw --help'.",
        "draw", trained, "hits", "--label", "species", "--out", "a.png",
    )  # fmt: skip
    fails(
        "view 'hits' needs DATA, the samples to show.",
        "draw", trained, "hits", "--out", "a.png",
    )  # fmt: skip
    fails(
        "view 'labels' needs DATA, and --label with the column of classes.",
        "draw", trained, "labels:method=wins", data, "--out", "a.png",
    )  # fmt: skip
    fails(
        f"{trained} would be overwritten, but it is read from; give another name with --out.",
        "export", trained, "csv", "--out", trained,
    )  # fmt: skip
    for arguments, start in {
        ("draw", trained, "hit", "--out", "a.png"): "unknown visualiser 'hit'; did you mean 'hits'? Known: ",
        ("export", trained, "cvs", "--out", "a.csv"): "unknown exporter 'cvs'; did you mean 'csv'? Known: ",
    }.items():
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"somkit: {start}")


def test_unwritable_output_is_told_in_a_sentence(trained, data, monkeypatch):
    """A place that may not be written to is refused before any work is done."""
    monkeypatch.setattr("somkit.cli.files.os.access", lambda _, mode: mode != os.W_OK)
    fails("a.somkit cannot be written: permission denied.", "fit", data, "--out", "a.somkit", "--label", "species")
    fails("a.csv cannot be written: permission denied.", "predict", trained, data, "--out", "a.csv")


def test_failure_of_the_system_is_told_in_a_sentence(trained, data, monkeypatch):
    """An error of the operating system that nobody foresaw is a sentence too."""

    def full(*_):
        raise OSError(28, "No space left on device", "a.csv")

    monkeypatch.setattr("somkit.cli.maps._write_rows", full)
    fails("a.csv: No space left on device.", "predict", trained, data, "--out", "a.csv")


def test_what_does_not_fit_into_memory_is_told_in_a_sentence(trained, data, monkeypatch):
    """A map or a table too large for the machine is no fault of the program."""

    def large(*_):
        raise MemoryError("Unable to allocate 7.28 TiB")

    monkeypatch.setattr("somkit.cli.maps._write_rows", large)
    sentence = (
        "there is not enough memory (Unable to allocate 7.28 TiB); take a map of fewer units, or fewer rows of data."
    )
    fails(sentence, "predict", trained, data, "--out", "a.csv")


def test_ctrl_c_elsewhere_ends_with_130(trained, data, monkeypatch):
    """Ctrl-C outside of training ends in a word."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("somkit.cli.maps.read_map", interrupt)
    result = run("predict", trained, data)
    assert result.exit_code == 130
    assert result.stderr.strip() == "somkit: interrupted."


def test_program_ends_like_the_function(data):
    """The installed program has the same sentence and exit code, and no traceback."""
    result = process("fit", data, "--out", "a.somkit", "--topology", "hex:rows=0", "--label", "species")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "somkit: Hex.rows must be an integer >= 1, got 0.\n"
