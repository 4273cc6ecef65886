"""The page inside a notebook."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from somkit.errors import OutputError
from somkit_explorer.exporter import Explorer

if TYPE_CHECKING:
    from somkit import TrainedMap


@attrs.frozen(eq=False)
class Page:
    """A page that notebooks show in place: in a frame of its own, from which it cannot reach the notebook.

    Parameters
    ----------
    html : str
        The whole page.
    height : int > 0
        Of the frame, in pixels.
    """

    html: str = attrs.field(repr=False)
    height: int = 760

    def _repr_html_(self) -> str:
        """Return the frame, which Jupyter and its kin show."""
        return (
            '<iframe sandbox="allow-scripts allow-downloads" allow="clipboard-write" title="Map explorer" '
            f'width="100%" height="{int(self.height)}" frameborder="0" srcdoc="{escape(self.html)}"></iframe>'
        )

    def save(self, path: str | Path) -> None:
        """Write the page to a file."""
        try:
            Path(path).write_text(self.html, encoding="utf-8", newline="\n")
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}."
            raise OutputError(message) from error


def explore(
    trained: TrainedMap,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    *,
    height: int = 760,
    megabytes: float = 8.0,
    **fields: Any,
) -> Page:
    """Show a map in a notebook, to be explored in place.

    Parameters
    ----------
    trained : TrainedMap
    X, y, sample_weight : arrays, optional
        The samples, their labels and their weights.
    height : int > 0
        Of the frame, in pixels.
    megabytes : float >= 0.25
        How large the page may become; a notebook keeps all of it in its file.
    **fields
        The other parameters of `Explorer`.

    Returns
    -------
    Page
        Shown by the notebook where it is the last value of a cell; ``save(path)`` writes it to a file.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> page = explore(TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]]), title="Three units")
    >>> "Three units" in page.html, page
    (True, Page(height=760))
    """
    part = Explorer(megabytes=megabytes, **fields)
    return Page(part.page(trained, X, y, sample_weight), height)
