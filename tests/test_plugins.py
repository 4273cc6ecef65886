"""Plugins: a stranger's is found wherever somkit's own are, and a broken one harms nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import attrs
import networkx as nx
import numpy as np
import pytest
from hypothesis import settings

import somkit
from somkit import SOM, Plugins, Recipe, Topology, resolve
from somkit.errors import AmbiguousComponent, MapFileWarning, PluginError, PluginWarning, UnknownComponent
from somkit.plugins import Plugin, PluginFailure, current
from somkit.testing import FakeDistribution, check_component, check_plugin, fake_distributions, fake_plugins, laws_of
from somkit.testing.strategies import normal

ACME = Path(__file__).parent / "distributions" / "acme-som"
X = normal(0, 30, 2)
KNOWN = "cylinder, graph, grid, hex, klein, knn, lattice, line, moebius, mst, ring, small_world, star, torus, tree"


@pytest.fixture(scope="module")
def acme(install_distribution):
    """Return a folder that a real distribution is installed in."""
    return install_distribution(ACME)


# --- a stranger's plugin, installed ----------------------------------------------------------------------------------


def test_an_installed_plugin_is_listed_with_its_distribution_and_parts(acme):
    """An installed plugin is loaded beside the standard one, with the distribution it came in and the parts it brings."""
    with fake_plugins(acme) as plugins:
        assert plugins.loaded[0] == Plugin(
            "acme", "acme-som", "2.0", ("topology wheel", "schedule warm_up", "visualiser sunburst")
        )
        assert [plugin.name for plugin in plugins.loaded[1:]] == ["standard"]
        assert (plugins.failures, plugins.blocked) == ((), ())


def test_its_parts_are_found_by_name_in_an_estimator(acme):
    """A stranger's parts are named in SOM as the standard ones are, bare or qualified, with their parameters."""
    with fake_plugins(acme):
        som = SOM(topology="wheel:units=7", learning_rate="acme/warm_up:peak=0.8,stop=0.1", trainer="online", epochs=3)
        som.set_params(topology__units=8, random_state=0).fit(X)
        assert som.get_params()["topology__units"] == 8
        assert som.lattice_.nodes == tuple(range(8))
        assert som.history_[0]["learning_rate"] == 0
        assert som.map_.recipe.topology == resolve("topology", {"name": "wheel", "units": 8})
        assert som.map_.draw("sunburst").lines[0].get_color() == "tab:orange"


def test_its_parts_come_back_with_a_saved_map(acme, tmp_path):
    """A map made of a stranger's parts is saved under qualified names and comes back whole."""
    with fake_plugins(acme):
        trained = Recipe(topology="wheel", radius="warm_up:peak=2,stop=0.5", random_state=0).fit(X)
        trained.save(tmp_path / "wheel.somkit")
        assert trained.to_record().document["recipe"]["topology"] == {"name": "acme/wheel", "units": 9}
        loaded = somkit.load(tmp_path / "wheel.somkit")
        assert loaded.recipe == trained.recipe
        assert np.array_equal(loaded.bmu(X), trained.bmu(X))
        assert loaded.provenance["plugins"]["acme"] == {"distribution": "acme-som", "version": "2.0"}


def test_a_map_can_be_read_without_the_plugin_that_made_it(acme, tmp_path):
    """Without its plugin a map still predicts and draws, and a warning says what to install to train on."""
    path = tmp_path / "wheel.somkit"
    with fake_plugins(acme):
        trained = Recipe(topology="wheel", radius="warm_up:peak=2,stop=0.5", random_state=0).fit(X)
        trained.save(path)
    with pytest.warns(MapFileWarning) as caught:
        loaded = somkit.load(path)
    wanted = (
        f"{path} can be read and drawn, but not trained on, for want of topology 'acme/wheel': install acme-som (it was "
        f"made with 2.0); radius 'acme/warm_up': install acme-som (it was made with 2.0)."
    )
    assert [str(warning.message) for warning in caught] == [wanted]
    assert loaded.recipe is None
    assert np.array_equal(loaded.bmu(X), trained.bmu(X))
    assert np.array_equal(loaded.lattice.distances_from([1]), trained.lattice.distances_from([1]))


@pytest.fixture
def few():
    """Draw few examples: that the laws are run is the point, and the parts are simple."""
    settings.register_profile("before", settings.default)
    settings.register_profile("few", settings.default, max_examples=10)
    settings.load_profile("few")
    yield
    settings.load_profile("before")


@pytest.mark.usefixtures("few")
def test_its_parts_keep_the_laws(acme):
    """The kit runs every law on every part of an installed plugin."""
    with fake_plugins(acme):
        kept = check_plugin("acme")
    assert {"topology wheel: spellings_round_trip", "visualiser sunburst: drawn_where_it_was_asked"} <= set(kept)


def test_nothing_of_a_fake_distribution_is_left_behind(acme):
    """Once its block is left, a plugin is neither on the path, nor imported, nor known."""
    path = list(sys.path)
    with fake_plugins(acme):
        assert "acme_som" in sys.modules
    assert sys.path == path
    assert "acme_som" not in sys.modules
    with pytest.raises(UnknownComponent):
        resolve("topology", "wheel")


@contextmanager
def failing_plugins(*distributions):
    """Yield plugins some of which fail, and the list that their warnings are gathered in."""
    with pytest.warns(PluginWarning) as caught, fake_plugins(*distributions) as plugins:
        yield plugins, caught


# --- broken plugins --------------------------------------------------------------------------------------------------

HEAD = """
import attrs, networkx as nx
from somkit import Metric, Schedule, Topology, hookimpl

@attrs.frozen(kw_only=True)
class Star(Topology):
    "A hub and its leaves."
    name = "nova"
    def graph(self):
        return nx.star_graph(6)
"""
OFFER = """
@hookimpl
def somkit_topologies():
    return [Star]
"""
HOOKS = (
    "somkit_exporters, somkit_initialisers, somkit_measures, somkit_metrics, somkit_neighbourhoods, somkit_schedules, "
    "somkit_topologies, somkit_trainers, somkit_visualisers"
)


def plugin(source, name="odd", distribution="odd-som", version="1.0"):
    """Return a distribution of one plugin, its module as given."""
    module = distribution.replace("-", "_")
    return FakeDistribution(name=distribution, version=version, plugins={name: module}, modules={module: source})


def broken_class(body, decorator="@attrs.frozen(kw_only=True)"):
    """Return a module that offers a good topology and a bad one."""
    lines = "\n".join(f"    {line}" for line in body)
    return f"{HEAD}\n{decorator}\nclass Bad(Topology):\n{lines}\n{OFFER}".replace("[Star]", "[Star, Bad]")


GRAPH = "def graph(self): return nx.path_graph(2)"
BROKEN = {
    "import": ("import absent_library", "load", "ModuleNotFoundError: No module named 'absent_library'"),
    "syntax": ("x = = 1", "load", "SyntaxError: invalid syntax (odd_som.py, line 1)"),
    "exit": ("import sys\nsys.exit(3)", "load", "SystemExit: 3"),
    "misspelt hook": (
        HEAD + OFFER.replace("topologies", "topologys"),
        "register",
        f"there is no hook 'somkit_topologys'; the hooks are {HOOKS}",
    ),
    "unmarked hook": (
        HEAD + OFFER.replace("@hookimpl\n", ""),
        "register",
        "'somkit_topologies' is not marked with @hookimpl",
    ),
    "unmarked among marked": (
        HEAD + OFFER + "def somkit_metrics():\n    return []\n",
        "register",
        "'somkit_metrics' is not marked with @hookimpl",
    ),
    "hook raises": (
        HEAD + OFFER.replace("return [Star]", "raise OSError('no licence')"),
        "list its parts in somkit_topologies",
        "OSError: no licence",
    ),
    "hook exits": (
        HEAD + OFFER.replace("return [Star]", "raise SystemExit"),
        "list its parts in somkit_topologies",
        "SystemExit: SystemExit",
    ),
    "no list": (
        HEAD + OFFER.replace("[Star]", "Star"),
        "list its parts in somkit_topologies",
        "TypeError: 'ABCMeta' object is not iterable",
    ),
    "instance": (
        HEAD + OFFER.replace("[Star]", "[Star()]"),
        "offer its parts",
        (
            "Star() is not a class of one of somkit's kinds (topology, metric, schedule, neighbourhood, initialiser, "
            "trainer, measure, visualiser, exporter)"
        ),
    ),
    "wrong kind": (
        HEAD + OFFER.replace("topologies", "metrics"),
        "offer its parts",
        "Star is a topology, not a metric",
    ),
    "twice": (HEAD + OFFER.replace("[Star]", "[Star, Star]"), "offer its parts", "it offers topology 'nova' twice"),
    "abstract": (broken_class(['"Bad."', 'name = "bad"']), "offer its parts", "Bad does not implement graph"),
    "undocumented": (
        broken_class(['name = "bad"', GRAPH]),
        "offer its parts",
        "Bad needs a docstring that says what it is",
    ),
    "not frozen": (
        broken_class(['"Bad."', 'name = "bad"', GRAPH], decorator=""),
        "offer its parts",
        "Bad must be decorated with @attrs.frozen(kw_only=True)",
    ),
    "no defaults": (
        broken_class(['"Bad."', 'name = "bad"', "units: int", "spokes: int", GRAPH]),
        "offer its parts",
        "Bad must have a default for units, spokes",
    ),
    "nameless": (
        broken_class(['"Bad."', GRAPH]),
        "offer its parts",
        "Bad.name must be lower_snake_case, got None",
    ),
    "ill-named": (
        broken_class(['"Bad."', 'name = "Bad-One"', GRAPH]),
        "offer its parts",
        "Bad.name must be lower_snake_case, got 'Bad-One'",
    ),
    "cannot be built": (
        broken_class(['"Bad."', 'name = "bad"', "width: float = float('nan')", GRAPH]),
        "offer its parts",
        "Bad() cannot be built and hashed: Bad.width must not be NaN.",
    ),
    "cannot be hashed": (
        broken_class(['"Bad."', 'name = "bad"', "sizes: dict = attrs.field(factory=dict)", GRAPH]),
        "offer its parts",
        "Bad() cannot be built and hashed: unhashable type: 'dict'",
    ),
}


@pytest.mark.parametrize(("source", "stage", "error"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_left_out_whole_and_does_no_harm(source, stage, error, acme):
    """A plugin that fails at any stage is recorded with the reason, warned of once, and none of its parts is offered."""
    failure = PluginFailure("odd", "odd-som", "1.0", stage, error)
    sentence = f"Plugin 'odd' (odd-som 1.0) failed to {stage}: {error.rstrip('.')}."
    with failing_plugins(acme, plugin(source)) as (plugins, caught):
        assert [str(warning.message) for warning in caught] == [sentence]
        assert plugins.failures == (failure,)
        assert str(failure) == sentence
        assert [plugin.name for plugin in plugins.loaded] == ["acme", "standard"]
        assert {entry.plugin for entry in plugins.registry.entries()} == {"acme", "standard"}
        assert Recipe(topology="wheel", random_state=0, epochs=1).fit(X).codebook.shape == (9, 2)
        with pytest.raises(UnknownComponent) as unknown:
            resolve("topology", "nova")
    assert str(unknown.value) == f"unknown topology 'nova'. Known: {KNOWN}, wheel. {sentence}"


@pytest.mark.parametrize(("source", "stage", "error"), BROKEN.values(), ids=BROKEN)
def test_a_strict_loader_raises_what_is_wrong(source, stage, error):
    """With ``strict=True`` the first plugin that fails raises PluginError, caused by the plugin's own error."""
    with (
        fake_distributions(plugin(source)),
        pytest.raises(PluginError) as caught,
    ):
        Plugins(strict=True)
    assert str(caught.value) == f"Plugin 'odd' (odd-som 1.0) failed to {stage}: {error.rstrip('.')}."
    assert caught.value.__cause__ is not None


def test_a_hook_that_asks_for_arguments_is_refused():
    """A hook implementation with arguments that the hook does not have is refused at registration."""
    source = HEAD + OFFER.replace("()", "(registry)")
    with failing_plugins(plugin(source)) as (plugins, _):
        assert [(failure.stage, failure.plugin) for failure in plugins.failures] == [("register", "odd")]
        assert "registry" in plugins.failures[0].error
        assert [plugin.name for plugin in plugins.loaded] == ["standard"]


def test_a_plugin_without_a_module_is_left_out():
    """An entry point that leads nowhere is recorded like any other failure."""
    distribution = FakeDistribution(name="odd-som", plugins={"odd": "odd_som:missing"}, modules={"odd_som": ""})
    with failing_plugins(distribution) as (plugins, _):
        assert plugins.failures == (
            PluginFailure(
                "odd", "odd-som", "1.0", "load", "AttributeError: module 'odd_som' has no attribute 'missing'"
            ),
        )


def test_one_broken_plugin_does_not_hide_another():
    """Every broken plugin is named, in the order of their names, and each is warned of once."""
    one = plugin("import absent_one", "one", "one-som")
    two = plugin("import absent_two", "two", "two-som")
    with failing_plugins(two, one) as (plugins, caught):
        assert [failure.plugin for failure in plugins.failures] == ["one", "two"]
    assert [str(warning.message) for warning in caught] == [str(failure) for failure in plugins.failures]


# --- clashes ---------------------------------------------------------------------------------------------------------

RIVAL = HEAD.replace('"nova"', '"hex"') + OFFER


def test_a_part_of_the_same_name_shadows_nobody():
    """Two parts of one name are both kept; the bare name is refused, naming both, and either qualified name is taken."""
    with fake_plugins(plugin(RIVAL, "acme", "acme-som", "2.0")) as plugins:
        assert plugins.failures == ()
        with pytest.raises(AmbiguousComponent) as caught:
            SOM(topology="hex").fit(X)
        assert resolve("topology", "acme/hex").lattice().diameter == 2
        assert resolve("topology", "standard/hex:rows=3").rows == 3
        assert Recipe().topology == resolve("topology", "standard/hex")
        theirs = plugins.registry.find("topology", "acme/hex").component
        law = next(law for law in laws_of(theirs) if law.name == "spellings_round_trip")
        assert check_component(theirs, laws=[law]) == ("spellings_round_trip",)
    version = somkit.__version__
    assert str(caught.value) == (
        f"topology 'hex' is provided by two plugins; write 'acme/hex' (acme-som 2.0) or 'standard/hex' (somkit {version})."
    )


def test_three_parts_of_one_name_are_all_named():
    """The message of a clash lists every provider."""
    others = [plugin(RIVAL, name, f"{name}-som") for name in ("acme", "beta")]
    with fake_plugins(*others), pytest.raises(AmbiguousComponent) as caught:
        resolve("topology", "hex")
    assert str(caught.value) == (
        f"topology 'hex' is provided by three plugins; write 'acme/hex' (acme-som 1.0), 'beta/hex' (beta-som 1.0) or "
        f"'standard/hex' (somkit {somkit.__version__})."
    )


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_plugins_of_one_name_the_first_distribution_by_name_is_kept(order):
    """Whatever the order on the path, the second distribution by name fails, and both are named."""
    first = plugin(HEAD + OFFER, "acme", "a-som", "1.0")
    second = plugin(HEAD.replace('"nova"', '"comet"') + OFFER, "acme", "b-som", "2.0")
    with failing_plugins(*[first, second][::order]) as (plugins, caught):
        assert (plugins.loaded[0].name, plugins.loaded[0].distribution) == ("acme", "a-som")
        assert resolve("topology", "acme/nova").name == "nova"
    assert [str(warning.message) for warning in caught] == [
        "Plugin 'acme' (b-som 2.0) failed to load: the name is taken by a-som 1.0."
    ]


def test_a_strangers_standard_plugin_is_refused():
    """The plugin name "standard" is somkit's, however early the other distribution's name sorts."""
    with failing_plugins(plugin(HEAD + OFFER, "standard", "a-som")) as (plugins, caught):
        assert [plugin.distribution for plugin in plugins.loaded] == ["somkit"]
    assert [str(warning.message) for warning in caught] == [
        f"Plugin 'standard' (a-som 1.0) failed to load: the name is taken by somkit {somkit.__version__}."
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("local", "the name 'local' is somkit's own"),
        ("Acme", "a plugin's name is made of a-z, 0-9, - and _"),
    ],
)
def test_names_that_no_plugin_may_have_are_refused(name, reason):
    """A plugin may not be called "local", nor anything that could not be spelt."""
    with failing_plugins(plugin(HEAD + OFFER, name)) as (plugins, caught):
        assert name not in {plugin.name for plugin in plugins.loaded}
    assert [str(warning.message) for warning in caught] == [f"Plugin {name!r} (odd-som 1.0) failed to load: {reason}."]


# --- choosing plugins ------------------------------------------------------------------------------------------------


def test_a_blocked_plugin_is_never_imported():
    """A blocked plugin is listed as blocked, and its module is not even imported."""
    with fake_plugins(plugin("raise SystemExit"), blocked=["odd"]) as plugins:
        assert plugins.blocked == (Plugin("odd", "odd-som", "1.0"),)
        assert plugins.failures == ()
        assert "odd_som" not in sys.modules


@pytest.mark.parametrize(
    ("variable", "loaded", "blocked"),
    [
        ("", ["acme", "beta", "standard"], []),
        ("standard", ["standard"], ["acme", "beta"]),
        ("standard, acme", ["acme", "standard"], ["beta"]),
        ("-acme", ["beta", "standard"], ["acme"]),
        ("-acme,-beta", ["standard"], ["acme", "beta"]),
        ("standard,acme,-acme", ["standard"], ["acme", "beta"]),
    ],
)
def test_the_environment_chooses_plugins(variable, loaded, blocked, monkeypatch):
    """SOMKIT_PLUGINS names the only plugins to load, or with a minus those not to load; the others are not imported."""
    monkeypatch.setenv("SOMKIT_PLUGINS", variable)
    distributions = [plugin(HEAD + OFFER, name, f"{name}-som") for name in ("acme", "beta")]
    with fake_plugins(*distributions) as plugins:
        assert [plugin.name for plugin in plugins.loaded] == loaded
        assert [plugin.name for plugin in plugins.blocked] == blocked
        for name in blocked:
            assert f"{name}_som" not in sys.modules


def test_what_is_said_in_code_goes_before_the_environment(monkeypatch):
    """``only`` replaces what SOMKIT_PLUGINS would load, and what it blocks stays blocked."""
    monkeypatch.setenv("SOMKIT_PLUGINS", "standard,-beta")
    distributions = [plugin(HEAD + OFFER, name, f"{name}-som") for name in ("acme", "beta")]
    with fake_plugins(*distributions, only=["acme", "beta"]) as plugins:
        assert [plugin.name for plugin in plugins.loaded] == ["acme"]


def test_the_kit_says_why_a_plugin_cannot_be_checked():
    """Checking a plugin that is absent, blocked, broken or empty fails with the reason."""
    reasons = {}
    with failing_plugins(plugin("import absent_library"), plugin("", "empty", "e-som")):
        for name in ("absent", "odd", "empty"):
            with pytest.raises(AssertionError) as caught:
                check_plugin(name)
            reasons[name] = str(caught.value)
    with fake_plugins(plugin("", "shut", "s-som"), blocked=["shut"]), pytest.raises(AssertionError) as caught:
        check_plugin("shut")
    assert {**reasons, "shut": str(caught.value)} == {
        "absent": "Plugin 'absent' is not installed.",
        "odd": "Plugin 'odd' (odd-som 1.0) failed to load: ModuleNotFoundError: No module named 'absent_library'.",
        "empty": "Plugin 'empty' brings no parts.",
        "shut": "Plugin 'shut' is blocked.",
    }


# --- in the running process ------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Ladder(Topology):
    """Two rows of units."""

    name = "ladder"
    rungs: int = attrs.field(default=3, validator=somkit.validators.integer(minimum=1))

    def graph(self):
        """Return the ladder."""
        return nx.ladder_graph(self.rungs)


@pytest.fixture
def own():
    """Use plugins of this test's own, so that nothing registered in it is left behind."""
    with somkit.use(Plugins(only=["standard"])) as plugins:
        yield plugins


@pytest.mark.usefixtures("own")
def test_a_registered_part_is_found_by_name():
    """A class registered in the process is found by its name, bare or as local/name, and is returned unchanged."""
    assert somkit.register(Ladder) is Ladder
    assert SOM(topology="ladder:rungs=4", random_state=0).fit(X).codebook_.shape == (8, 2)
    assert resolve("topology", "local/ladder") == Ladder()
    assert current().registry.spell(Ladder(rungs=2)) == "local/ladder:rungs=2"


@pytest.mark.usefixtures("own")
def test_registering_again_replaces_the_class():
    """A notebook cell that is run twice registers its class anew."""

    def define(rungs):
        body = {"__doc__": "Two rows.", "name": "ladder", "graph": lambda self: nx.ladder_graph(rungs)}
        return somkit.register(attrs.frozen(kw_only=True)(type("Ladder", (Topology,), body)))

    define(2)
    newer = define(3)
    assert type(resolve("topology", "ladder")) is newer


@pytest.mark.usefixtures("own")
def test_a_class_that_breaks_the_rules_cannot_be_registered():
    """Registering checks a class as the loader would, and says what is wrong."""

    class Bare(Topology):
        """Not decorated."""

        name = "bare"

        def graph(self):
            return nx.path_graph(2)

    with pytest.raises(PluginError) as caught:
        somkit.register(Bare)
    assert str(caught.value) == "Bare must be decorated with @attrs.frozen(kw_only=True)"


@pytest.mark.usefixtures("own")
def test_an_object_of_an_unregistered_class_trains_a_map(tmp_path):
    """A part given as an object needs no registering; its map is saved as local/name and read with a warning."""
    path = tmp_path / "ladder.somkit"
    som = SOM(topology=Ladder(), random_state=0).fit(X)
    som.map_.save(path)
    assert som.map_.to_record().document["recipe"]["topology"] == {"name": "local/ladder", "rungs": 3}
    with pytest.warns(MapFileWarning) as caught:
        loaded = somkit.load(path)
    wanted = (
        f"{path} can be read and drawn, but not trained on, for want of topology 'local/ladder': register its class with "
        f"somkit.register before loading."
    )
    assert [str(warning.message) for warning in caught] == [wanted]
    assert loaded.recipe is None
    assert np.array_equal(loaded.bmu(X), som.predict(X))


@pytest.mark.usefixtures("own")
def test_a_map_of_a_local_part_comes_back_whole_once_it_is_registered(tmp_path):
    """With its class registered, a map of a local part is loaded without a warning."""
    SOM(topology=Ladder(rungs=2), random_state=0).fit(X).map_.save(tmp_path / "ladder.somkit")
    somkit.register(Ladder)
    assert somkit.load(tmp_path / "ladder.somkit").recipe.topology == Ladder(rungs=2)


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_lists_a_strangers_plugin_and_what_is_wrong_with_another(acme):
    """``somkit plugins`` names a loaded plugin and the reason why another was left out; ``components`` lists its parts."""
    with fake_distributions(plugin("import absent_library")) as folder:
        plugins = _command(acme, folder, "plugins")
        parts = _command(acme, folder, "components", "topology")
    assert (plugins.returncode, parts.returncode) == (0, 0), plugins.stderr + parts.stderr
    assert "acme-som 2.0" in plugins.stdout
    assert "ModuleNotFoundError: No module named 'absent_library'" in plugins.stdout
    assert "acme/wheel" in parts.stdout


def _command(acme, folder, *words):
    """Run the command in a process of its own, where both folders are on the path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(acme), str(folder)])}
    command = [sys.executable, "-m", "somkit", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
