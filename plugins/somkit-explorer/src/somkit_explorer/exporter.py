"""The exporter: one HTML page to explore a trained map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit import Exporter
from somkit.errors import OutputError, ParameterError
from somkit.validators import choice, flag, number, text
from somkit_explorer.contents import Found, Rows, check_labels, of_map, on_units, unit_radius
from somkit_explorer.page import render
from somkit_explorer.summary import Classes

if TYPE_CHECKING:
    from somkit import TrainedMap

COLOURS = 256
MEGABYTE = 1_000_000
LONGEST_SPELLING = 60  # letters; of a graph that lists its edges the name must do


@final
@attrs.frozen(kw_only=True)
class Explorer(Exporter):
    """One HTML page to explore a map offline: planes, U-matrix, hits, labels, clusters, and the rows on each unit.

    Without samples there are planes, the U-matrix and clusters; with them hits, means, standard deviations and the rows
    themselves; with labels the labels too. A page is a copy of the rows it carries: leave them out with ``rows=false``
    before it is sent to somebody who must not have them.

    Parameters
    ----------
    title : str
        The page's headline.
    rows : bool
        Whether the page carries the rows. Without them it has counts, means and deviations of each unit.
    megabytes : float >= 0.25
        How large the page may become. Rows that do not fit are left out, of every unit its share, and the page says so;
        counts, means, deviations and labels of the units are of all rows in any case.
    numbers : "float32" | "quantised"
        How the rows' values are carried: in four bytes, about seven digits, or in two, as one of 65 535 steps over the
        range of their feature. (A column for which four bytes are too few takes eight.)
    clusters : "ward" | "map" | "none"
        How units are joined to clusters, by Ward's rule in the space the map was trained in: any two clusters, those
        that are neighbours on the map, or not at all. With samples each unit is weighed by its own. They are those of
        `TrainedMap.cluster_units`. Time m^2 for ``ward``, little for ``map``.
    colours : "viridis" | "cividis"
        The colour map that the page begins with; both are perceptually uniform, also to colour-blind eyes.
    theme : "auto" | "light" | "dark"
        Light or dark to begin with; auto is what the reader's system prefers.

    Notes
    -----
    The page's content security policy allows its own script and style by their hashes and nothing else, no connection
    above all.

    References
    ----------
    somkit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "map.html"
    ...     Explorer(title="Three units").write(trained, path, X=[[0.1], [2.9]], y=["a", "b"])
    ...     path.read_text(encoding="utf-8").splitlines()[0]
    '<!DOCTYPE html>'
    """

    name: ClassVar[str] = "explorer"
    title: str = attrs.field(default="Self-organising map", validator=text())
    rows: bool = attrs.field(default=True, validator=flag())
    megabytes: float = attrs.field(default=32.0, validator=number(minimum=0.25))
    numbers: str = attrs.field(default="float32", validator=choice("float32", "quantised"))
    clusters: str = attrs.field(default="ward", validator=choice("ward", "map", "none"))
    colours: str = attrs.field(default="viridis", validator=choice("viridis", "cividis"))
    theme: str = attrs.field(default="auto", validator=choice("auto", "light", "dark"))

    def write(self, trained: TrainedMap, path: Path, X: Any = None, y: Any = None, sample_weight: Any = None) -> None:
        """Write the page.

        Raises
        ------
        SampleError
            If the samples do not fit the map, or there are labels but no samples.
        ParameterError
            If the units alone make a larger page than is allowed.
        OutputError
            If the file cannot be written.
        """
        html = self.page(trained, X, y, sample_weight)
        try:
            Path(path).write_text(html, encoding="utf-8", newline="\n")
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}."
            raise OutputError(message) from error

    def page(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> str:
        """Return the page as text; raises what `write` does."""
        check_labels(X, y)
        found = None if X is None else Found.of(trained, X, y, sample_weight)
        m = len(trained.lattice)
        weight = np.ones(m) if found is None else np.bincount(found.units, weights=found.samples.weight, minlength=m)
        packed = of_map(trained, self.clusters, weight)  # type: ignore[arg-type] # the validator has seen to it
        document = self._document(trained, found) | {"most_clusters": int(np.count_nonzero(weight))}
        if found is None:
            return self._fitting(render(document, packed))
        packed += on_units(trained, found)
        bare = self._fitting(render(document, packed))
        if not self.rows:
            return bare
        rows = Rows(found, self.numbers == "quantised")
        room = self.megabytes * MEGABYTE - len(bare.encode()) - 200 * (found.samples.features + 4)
        html, count = bare, min(len(rows), int(max(0.0, room) / rows.bytes_each))
        while count:
            kept = rows.kept(count)
            names = None if found.names is None else [found.names[row] for row in kept.tolist()]
            carried = rows.packed(kept, len(trained.lattice))
            html = render({**document, "carried": count}, packed, carried, names)
            excess = len(html.encode()) / (self.megabytes * MEGABYTE)
            if excess <= 1:
                return html
            count = int(0.95 * count / excess)  # columns of eight bytes, or names longer than most
        return bare

    def _fitting(self, html: str) -> str:
        size = len(html.encode()) / MEGABYTE
        if size > self.megabytes:
            message = (
                f"Explorer.megabytes is {self.megabytes:g}, but the units alone make a page of {size:.1f} megabytes; "
                f"allow more, as in 'explorer:megabytes={np.ceil(1.5 * size):.0f}'."
            )
            raise ParameterError(message)
        return html

    def _document(self, trained: TrainedMap, found: Found | None) -> dict[str, Any]:
        """Return what the page says in words."""
        lattice = trained.lattice
        labels = None if found is None else found.labels
        spelling = "" if trained.recipe is None else str(trained.recipe.topology)
        return {
            "title": self.title,
            "theme": self.theme,
            "colours": self.colours,
            "palettes": _palettes(),
            "units": len(lattice),
            "dimensions": lattice.positions.shape[1],
            "corners": 0 if lattice.cells is None else lattice.cells.shape[1],
            "radius": unit_radius(lattice),
            "nodes": [str(node) for node in lattice.nodes],
            "features": list(trained.feature_labels),
            "metric": str(trained.metric),
            "topology": spelling if len(spelling) <= LONGEST_SPELLING else spelling.partition(":")[0],
            "scaling": None if trained.scaling is None else trained.scaling.kind,
            "classes": list(labels.names) if isinstance(labels, Classes) else None,
            "quantities": labels is not None and not isinstance(labels, Classes),
            "rows": None if found is None else len(found.samples),
            "weighted": found is not None and found.samples.weight is not None,
            "carried": 0,
            "without_rows": not self.rows,
            "clusters": self.clusters,
            "quantised": self.numbers == "quantised",
        }


def _palettes() -> dict[str, list[str]]:
    """Return the two colour maps as 256 colours each."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    places = np.linspace(0, 1, COLOURS)
    return {name: [to_hex(colour) for colour in colormaps[name](places)] for name in ("viridis", "cividis")}
