"""networkx's graph generators by name, and nothing else of it: what a spelling or a file may have called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from somkit.errors import ParameterError, TopologyError
from somkit.validators import did_you_mean

if TYPE_CHECKING:
    import networkx as nx

HOME = "networkx.generators."
SUFFIX = "_graph"
# Not for spellings: they say how networkx works, not which graph; and the seed is a field of the topology.
WITHHELD = ("backend", "backend_kwargs", "create_using", "seed")
GRAPHS = ("G", "B", "tree")  # parameters that are graphs, which no spelling can give
MOST = 1 << 20  # units, the limit of looking for a size


@cache
def generators() -> dict[str, Callable[..., Any]]:
    """Return the generators by name: every public function of ``networkx.generators`` that starts from no graph."""
    import networkx as nx

    found: dict[str, Callable[..., Any]] = {}
    for name, function in vars(nx).items():
        home = str(getattr(function, "__module__", ""))
        if not home.startswith(HOME) or not inspect.isroutine(function) or name.startswith("_"):
            continue
        if not set(inspect.signature(function).parameters) & set(GRAPHS):
            found[name] = function
    return found


def find_generator(name: str) -> Callable[..., Any]:
    """Return a generator by its name, with or without its ``_graph``."""
    known = generators()
    function = known.get(name) or known.get(name + SUFFIX)
    if function is None:
        short = sorted({known_name.removesuffix(SUFFIX) for known_name in known})
        message = f"Graph.generator must name a graph generator of networkx, got {name!r}{did_you_mean(name, short)}"
        raise ParameterError(message)
    return function


def check_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    """Raise if a generator does not take these arguments, or lacks one."""
    signature = inspect.signature(find_generator(name))
    known = [parameter for parameter in signature.parameters if parameter not in WITHHELD]
    for argument in arguments:
        if argument not in known:
            takes = ", ".join(known) or "nothing"
            message = (
                f"generator {name!r} has no argument {argument!r}{did_you_mean(argument, known)} It takes {takes}."
            )
            raise ParameterError(message)
    missing = [
        parameter
        for parameter in known
        if parameter not in arguments and signature.parameters[parameter].default is inspect.Parameter.empty
    ]
    if missing:
        message = f"generator {name!r} needs {', '.join(missing)}; write graph:generator={name},{missing[0]}=..."
        raise ParameterError(message)


def generate(name: str, arguments: Mapping[str, Any], seed: int) -> nx.Graph:
    """Return the graph that a generator makes of its arguments; the same for the same seed.

    Raises
    ------
    TopologyError
        If networkx refuses the arguments, or what it returns is no graph, or a directed one.
    """
    import networkx as nx

    function = find_generator(name)
    parameters = inspect.signature(function).parameters
    starred = next((key for key in arguments if parameters[key].kind is inspect.Parameter.VAR_POSITIONAL), None)
    named = {key: value for key, value in arguments.items() if key != starred}
    if "seed" in parameters:
        named["seed"] = seed
    said = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    try:
        graph = function(*arguments[starred], **named) if starred else function(**named)
    except Exception as error:
        reason = str(error).rstrip(".")
        message = f"networkx's generator {name!r} cannot make a graph of {said or 'nothing'}: {reason}."
        raise TopologyError(message) from error
    if not isinstance(graph, nx.Graph):
        message = f"networkx's generator {name!r} returned {type(graph).__name__}, not a graph; take another one."
        raise TopologyError(message)
    if graph.is_directed():
        call = ", ".join(f"{key}={value!r}" for key, value in named.items())
        message = (
            f"networkx's generator {name!r} makes a directed graph, and a map's is undirected; if a way back is as "
            f"long as the way there, pass topology=networkx.{function.__name__}({call}).to_undirected()."
        )
        raise TopologyError(message)
    return graph


def sized_argument(name: str, arguments: Mapping[str, Any], seed: int, wanted: int) -> dict[str, Any]:
    """Return the arguments with the one that is "auto" as the number that brings the graph nearest to so many units.

    Numbers of units are looked for by doubling, then by halving what lies between.
    """
    argument = next(key for key, value in arguments.items() if value == "auto")

    def units(value: int) -> int:
        try:
            return len(generate(name, {**arguments, argument: value}, seed))
        except TopologyError:
            return 0  # too small for its other arguments

    low, high = 0, 1
    while units(high) < wanted:
        low, high = high, 2 * high
        if high > MOST:
            message = f"no {argument} brings generator {name!r} to {wanted} units; give it a number."
            raise TopologyError(message)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if units(middle) < wanted else (low, middle)
    fewer = units(low) if low else 0
    nearest = low if fewer and wanted - fewer < units(high) - wanted else high
    return {**arguments, argument: nearest}
