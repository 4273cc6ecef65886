"""The conformance kit: the laws that every part keeps, ready to be run on your own.

Needs Hypothesis: ``pip install 'somkit[testing]'``. A plugin's test file may be as short as this::

    from somkit.testing import check_plugin

    def test_my_plugin_keeps_the_laws():
        assert check_plugin("acme")
"""

from somkit.errors import MissingDependency

try:
    from somkit.testing.fakes import FakeDistribution, fake_distributions, fake_plugins
    from somkit.testing.kit import check_component, check_plugin, laws_of
    from somkit.testing.law import Law
    from somkit.testing.strategies import codebooks, components, graphs, lattices, matrices, samples, trained_maps
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "hypothesis":
        raise
    message = "somkit.testing needs hypothesis; install it with: pip install 'somkit[testing]'"
    raise MissingDependency(message) from error

__all__ = [
    "FakeDistribution",
    "Law",
    "check_component",
    "check_plugin",
    "codebooks",
    "components",
    "fake_distributions",
    "fake_plugins",
    "graphs",
    "lattices",
    "laws_of",
    "matrices",
    "samples",
    "trained_maps",
]
