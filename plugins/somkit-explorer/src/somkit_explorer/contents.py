"""What a page carries of a map and its samples, before it is written as text."""

from __future__ import annotations

import json
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from somkit.clustering import merge_units
from somkit.errors import SampleError
from somkit.samples import Samples
from somkit_explorer.packing import Packed
from somkit_explorer.summary import Classes, labels_of, moments

if TYPE_CHECKING:
    from somkit import TrainedMap
    from somkit.lattice import Lattice

Array = np.ndarray[Any, Any]

NO_CLASS = 2**32 - 1
BASE64 = 4 / 3
ROWS_READ = 65_536  # rows that are copied at once


@attrs.frozen(eq=False)
class Found:
    """The samples of a map and the unit that each fell on.

    Parameters
    ----------
    samples : Samples
        In the units of the data.
    units : array of shape (n,)
    labels : Classes, array of shape (n,), or None
        Names of classes, quantities, or nothing.
    names : sequence of str, or None
        What the rows are called, where a DataFrame's index says so.
    """

    samples: Samples
    units: Array
    labels: Classes | Array | None
    names: Any

    @classmethod
    def of(cls, trained: TrainedMap, X: Any, y: Any, sample_weight: Any) -> Found:
        """Check the samples at the map's front door, and find their units."""
        samples = trained.samples(X, sample_weight)
        units = trained.search(samples)[0][:, 0]
        labels = None if y is None else labels_of(y, len(samples))
        return cls(samples.scaled(None), units, labels, row_names(X))

    @cached_property
    def order(self) -> Array:
        """The rows sorted by unit, in their own order on each."""
        return np.argsort(self.units, kind="stable")


def row_names(X: Any) -> Any:
    """Return the index of a pandas DataFrame as text; None for anything else, and where it only counts the rows."""
    pandas = sys.modules.get("pandas")  # a DataFrame cannot exist before pandas is loaded
    if pandas is None or not isinstance(X, pandas.DataFrame) or X.index.equals(pandas.RangeIndex(len(X))):
        return None
    return [str(name) for name in X.index]


def of_map(trained: TrainedMap, clusters: Literal["ward", "map", "none"], weight: Array) -> list[Packed]:
    """Return what is known of the units; their weights, (m,), enter into the clusters alone."""
    lattice = trained.lattice
    packed = [
        Packed.real("positions", lattice.positions.T),
        Packed.whole("edges", lattice.edges),
        Packed.real("codebook", trained.codebook_in_units.T),
        Packed.real("u-matrix", trained.neighbour_distances),
    ]
    if lattice.cells is not None:
        packed.append(Packed("cells", np.asarray(lattice.cells, dtype=np.float32)))
    if clusters != "none" and len(lattice) > 1:
        connectivity = "map" if clusters == "map" else None
        points = trained.metric.points(trained.codebook)
        packed.append(Packed.whole("merges", merge_units(points, lattice, weight, connectivity)))
    return packed


def on_units(trained: TrainedMap, found: Found) -> list[Packed]:
    """Return what all the samples say of the units: counts, means, deviations and labels."""
    m, samples = len(trained.lattice), found.samples
    around = np.asarray(trained.codebook_in_units, dtype=np.float64)
    known = moments(samples, found.units, around)
    weight = np.bincount(found.units, weights=samples.weight, minlength=m)
    packed = [
        Packed.whole("count", np.bincount(found.units, minlength=m)),
        Packed.real("weight", weight),
        Packed.real("mean", known.mean.T),
        Packed.real("sd", known.sd.T),
    ]
    if not np.allclose(known.seen, weight[:, None]):  # some values are missing
        packed.append(Packed.real("seen", known.seen.T))
    if isinstance(found.labels, Classes):
        offsets, codes, weights = found.labels.on_units(found.units, samples.weight, m)
        packed += [
            Packed.whole("class-offsets", offsets),
            Packed.whole("class-codes", codes),
            Packed.real("class-weights", weights),
        ]
    elif found.labels is not None:
        column = Samples(found.labels[:, None], samples.weight)
        of_labels = moments(column, found.units, np.full((m, 1), np.nanmean(found.labels)))
        packed += [Packed.real("y-mean", of_labels.mean[:, 0]), Packed.real("y-sd", of_labels.sd[:, 0])]
    return packed


@attrs.frozen(eq=False)
class Rows:
    """The rows that a page may carry, of which it takes as many as there is room for.

    Parameters
    ----------
    found : Found
    quantised : bool
        Whether a number takes two bytes instead of four.
    """

    found: Found
    quantised: bool

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.found.samples)

    @property
    def bytes_each(self) -> float:
        """How long a row is in the page, in bytes, where no column needs float64."""
        labels = self.found.labels
        numbers = self.found.samples.features + (labels is not None and not isinstance(labels, Classes))
        whole = 1 + isinstance(labels, Classes)
        names = 0.0 if self.found.names is None else len(json.dumps(self.found.names)) / len(self)
        return BASE64 * (numbers * (2 if self.quantised else 4) + 4 * whole) + 1.2 * names  # "<" takes six letters

    def kept(self, count: int) -> Array:
        """Return so many rows, sorted by unit: all units keep their share, and the choice is always the same."""
        n = len(self)
        return self.found.order if count >= n else self.found.order[np.arange(count, dtype=np.int64) * n // count]

    def packed(self, kept: Array, m: int) -> list[Packed]:
        """Return the rows: where those of each unit begin, which they are, their labels, and their values by column."""
        found = self.found
        packed = [
            Packed.whole("row-offsets", np.searchsorted(found.units[kept], np.arange(m + 1))),
            Packed.whole("row-ids", kept),
        ]
        pack = Packed.quantised if self.quantised else Packed.real
        if isinstance(found.labels, Classes):
            codes = found.labels.codes[kept]
            packed.append(Packed.whole("row-classes", np.where(codes < 0, NO_CLASS, codes)))
        elif found.labels is not None:
            packed.append(pack("row-y", found.labels[kept]))
        columns = np.empty((found.samples.features, len(kept)), dtype=found.samples.dtype)
        for start in range(0, len(kept), ROWS_READ):
            part = slice(start, start + ROWS_READ)
            columns[:, part] = found.samples.rows(kept[part]).T
        return packed + [pack(f"row-column-{number}", column) for number, column in enumerate(columns)]


def unit_radius(lattice: Lattice) -> float:
    """Return the radius of the circles that units without cells are drawn as, in the lattice's own length."""
    positions = lattice.positions
    span = float(np.ptp(positions, axis=0).max())
    if span == 0:
        return 0.5
    from scipy.spatial import cKDTree

    nearest = cKDTree(positions).query(positions, k=2)[0][:, 1]
    share = 0.42 if positions.shape[1] == 2 else 0.25  # in space, units behind should be seen between those in front
    return max(share * float(np.quantile(nearest, 0.25)), span / 150)


def check_labels(X: Any, y: Any) -> None:
    """Raise if there are labels of samples that are not there."""
    if X is None and y is not None:
        message = "exporter 'explorer' needs X, the samples that y labels; give both, or neither."
        raise SampleError(message)
