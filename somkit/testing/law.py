"""Law: one sentence that holds for every part of a kind, and the code that tries to break it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import attrs
import numpy as np
from hypothesis.strategies import SearchStrategy

from somkit.components import Component

ULP = 2.0**-52  # of 1; the ulp of other numbers is up to so much of them
Draw = Callable[[SearchStrategy[Any]], Any]
Check = Callable[[Any, Draw], None]


def _all(component: type[Component]) -> bool:
    del component
    return True


@final
@attrs.frozen
class Law:
    """A sentence about parts, and a function that draws a situation and asserts it.

    Parameters
    ----------
    name : str
        The name that a failure gives.
    sentence : str
        What holds.
    check : callable
        Takes a part and a function that draws from Hypothesis strategies; raises AssertionError where the law fails.
    kind : str or None
        The kind of parts it is about; None: all kinds.
    claim : str or None
        A law that not every part of its kind keeps is checked only for parts that claim it.
    applies : callable
        Whether it is about a class.
    examples : int
        At most so many situations are drawn, for laws that take long.
    """

    name: str
    sentence: str
    check: Check
    kind: str | None = None
    claim: str | None = None
    applies: Callable[[type[Component]], bool] = _all
    examples: int = 1_000


def law(
    kind: str | None = None,
    *,
    claim: str | None = None,
    applies: Callable[[type[Component]], bool] = _all,
    examples: int = 1_000,
) -> Callable[[Check], Law]:
    """Turn a function into a law: its name is the law's, the first line of its docstring the sentence."""

    def make(check: Check) -> Law:
        sentence = (check.__doc__ or "").strip().partition("\n")[0]
        return Law(check.__name__, sentence, check, kind, claim, applies, examples)

    return make


def close(found: Any, wanted: Any, tolerance: float, scale: float | None = None) -> bool:
    """Tell whether arrays agree within ``tolerance`` of ``scale``, by default the largest finite number wanted."""
    found, wanted = np.asarray(found, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    if found.shape != wanted.shape:
        return False
    finite = np.isfinite(wanted)
    size = np.abs(wanted[finite]).max(initial=0.0) if scale is None else scale
    same = found[~finite] == wanted[~finite]
    return bool(same.all() and (np.abs(found[finite] - wanted[finite]) <= tolerance * size).all())
