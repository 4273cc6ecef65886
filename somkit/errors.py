"""Everything that somkit raises or warns about; each message is one sentence that names the value and the way out."""


class SomkitError(Exception):
    """Base of every error that somkit raises on purpose."""


class ParameterError(SomkitError, ValueError):
    """A parameter of a part, a recipe or a command is not allowed, or a spelling cannot be read."""


class UnknownComponent(SomkitError, ValueError):
    """No loaded plugin provides a part of that name."""


class AmbiguousComponent(SomkitError, ValueError):
    """Several plugins provide a part of that name, so it has to be qualified by its plugin's."""


class RecipeError(SomkitError, ValueError):
    """Parts that cannot work together, or a part that broke its contract while training."""


class TopologyError(SomkitError, ValueError):
    """A graph that cannot be a map."""


class SampleError(SomkitError, ValueError):
    """Samples, weights, orders or codebooks that cannot be used."""


class SampleTypeError(SampleError, TypeError):
    """Samples that are not real numbers."""


class MeasureError(SomkitError, ValueError):
    """A measure that has no value for this map or these samples."""


class MapFileError(SomkitError, ValueError):
    """A map file or checkpoint that cannot be read or written."""


class OutputError(SomkitError, ValueError):
    """A file that cannot be written."""


class PluginError(SomkitError):
    """A plugin that could not be loaded, raised by ``Plugins(strict=True)``, or a class that cannot be registered."""


class MissingDependency(SomkitError, ImportError):
    """An optional package is needed and not installed."""


class SomkitWarning(UserWarning):
    """Base of every warning that somkit gives."""


class PluginWarning(SomkitWarning):
    """A plugin was left out; the others work."""


class DataWarning(SomkitWarning):
    """The data would train a map that is probably not what was meant, or a measure took a draw of them."""


class MapFileWarning(SomkitWarning):
    """A map file holds less than the map, or was made with a part that is not installed."""
