"""Densities: where on the map, or around its vectors in the data, the samples lie."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Visualiser
from somkit.standard.views._canvas import needed
from somkit.standard.views._paint import Words, map_size, paint_whole, whole
from somkit.validators import integer, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

PARETO = 0.2013  # share of the samples in the most informative sphere, Ultsch's p_u
MOST_MEASURED = 2000  # samples between which distances are taken to find the radius


@final
@attrs.frozen(kw_only=True)
class Sdh(Visualiser):
    """Smoothed data histogram: each sample counts for its nearest units, the nearer the more; clusters are islands.

    Parameters
    ----------
    smoothing : int >= 1
        So many nearest units share a sample; all of them on a map with fewer. 1: the hits.

    Notes
    -----
    Of s units that share a sample the k-th nearest has the share (s - k + 1) / (s + (s - 1) + ... + 1).

    References
    ----------
    Pampalk, Rauber and Merkl (2002), Using smoothed data histograms for cluster visualization in self-organizing maps,
    ICANN 2002, Springer.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> trained.draw("sdh", X=[[0.1]], smoothing=2).collections[0].get_array().round(2).tolist()
    [0.67, 0.33, 0.0]
    """

    name: ClassVar[str] = "sdh"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"
    smoothing: int = attrs.field(default=8, validator=integer(minimum=1))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the histogram.

        Raises
        ------
        SampleError
            If there are no samples.
        """
        del y
        if X is None:
            raise needed(self.name, "X", "the samples to count")
        values = shared_counts(trained, X, sample_weight, self.smoothing)
        bar = "samples, shared among units" if sample_weight is None else "weight of samples, shared among units"
        note = f"each sample counts for its {min(self.smoothing, len(values))} nearest units"
        return paint_whole(ax, trained, values, Words("Smoothed data histogram", bar, note))


@final
@attrs.frozen(kw_only=True)
class PMatrix(Visualiser):
    """P-matrix: how many samples lie around the vector of each unit, in the data and not on the map.

    Parameters
    ----------
    radius : float > 0 or "auto"
        Of the sphere around each vector, in the map's metric on the features as trained on; "auto": the Pareto
        radius, within which the median sample has 20.13 % of the samples, itself included.

    Notes
    -----
    Formula: p_i = #{samples x: d(x, w_i) <= radius}.

    The Pareto radius is taken between at most 2,000 samples, evenly spaced in X, with gaps filled by the mean of the
    feature. Where it is 0, as most samples are the same, only samples equal to the vector count.

    References
    ----------
    Ultsch (2003), Maps for the visualization of high-dimensional data spaces, Proceedings of WSOM'03, 225-230.

    Ultsch (2005), Pareto density estimation: a density estimation for knowledge discovery,
    doi:10.1007/3-540-26981-9_12.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> trained.draw("p_matrix", X=[[0.0], [0.5], [1.0]], radius=0.5).collections[0].get_array().tolist()
    [2.0, 2.0, 0.0]
    """

    name: ClassVar[str] = "p_matrix"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"
    radius: float | str = attrs.field(default="auto", validator=number(above=0, words=("auto",)))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the density.

        Raises
        ------
        SampleError
            If there are no samples.
        """
        del y
        if X is None:
            raise needed(self.name, "X", "the samples to count")
        radius = pareto_radius(trained, X) if self.radius == "auto" else float(self.radius)
        values = density(trained, X, sample_weight, radius)
        what = "samples" if sample_weight is None else "weight of samples"
        words = Words("P-matrix", f"{what} within {radius:.3g} of the unit's vector", "light: dense in the data")
        return paint_whole(ax, trained, values, words, whole=sample_weight is None)


@final
@attrs.frozen(kw_only=True)
class UStarMatrix(Visualiser):
    """U*-matrix: the U-matrix, lowered where the data are dense and raised where they are thin.

    Parameters
    ----------
    radius : float > 0 or "auto"
        As in the view "p_matrix".

    Notes
    -----
    With the U-matrix u and the P-matrix p, u*_i = u_i (1 + (p_i - mean p) / (mean p - max p)): 0 at the densest unit,
    u_i at one of mean density; u_i everywhere where all are as dense.

    References
    ----------
    Ultsch (2003), U*-matrix: a tool to visualize clusters in high dimensional data, technical report 36, Department of
    Mathematics and Computer Science, University of Marburg.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [1.0], [3.0]])
    >>> ax = trained.draw("u_star_matrix", X=[[0.0], [0.1], [1.0]], radius=0.5)
    >>> ax.collections[0].get_array().tolist()
    [0.0, 1.5, 4.0]
    """

    name: ClassVar[str] = "u_star_matrix"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "samples"
    radius: float | str = attrs.field(default="auto", validator=number(above=0, words=("auto",)))

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return a size with the shape of the map and room for the colour bar."""
        return map_size(trained)

    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw the matrix.

        Raises
        ------
        SampleError
            If there are no samples.
        """
        del y
        if X is None:
            raise needed(self.name, "X", "the samples that say where the data are dense")
        radius = pareto_radius(trained, X) if self.radius == "auto" else float(self.radius)
        dense = density(trained, X, sample_weight, radius)
        mean, most = float(dense.mean()), float(dense.max())
        factor = 1 + (dense - mean) / (mean - most) if most > mean else np.ones(len(dense))
        note = "light ridges part dark clusters, thin places are raised"
        words = Words("U*-matrix", "mean distance to neighbours, by density", note, "no neighbour")
        return paint_whole(ax, trained, trained.neighbour_distances * factor, words)


def shared_counts(trained: TrainedMap, X: Any, sample_weight: Any, smoothing: int) -> Array:
    """Return the samples, or their weight, on each unit where so many nearest units share each; shape (m,)."""
    samples, m = trained.samples(X, sample_weight), len(trained.lattice)
    shared = min(smoothing, m)
    units = trained.search(samples, shared)[0]
    share = np.arange(shared, 0, -1) / (shared * (shared + 1) / 2)
    weight = np.ones(len(samples)) if samples.weight is None else samples.weight
    return np.bincount(units.ravel(), weights=np.outer(weight, share).ravel(), minlength=m)


def pareto_radius(trained: TrainedMap, X: Any) -> float:
    """Return the radius within which the median sample has 20.13 % of the samples, itself included."""
    samples = trained.samples(X)
    n = min(len(samples), MOST_MEASURED)
    rows = whole(samples, np.linspace(0, len(samples) - 1, n).astype(np.int64))
    place = max(math.ceil(PARETO * n), 1) - 1
    return float(np.median(np.partition(np.asarray(trained.metric.pairwise(rows, rows)), place, axis=1)[:, place]))


def density(trained: TrainedMap, X: Any, sample_weight: Any, radius: float) -> Array:
    """Return the number, or weight, of the samples within the radius of each unit's vector, shape (m,)."""

    def counted(block: Array, weight: Array | None) -> Array:
        near = np.asarray(trained.metric.pairwise(block, trained.codebook)) <= radius
        return np.asarray(near.sum(axis=0) if weight is None else weight @ near, dtype=np.float64)

    return np.asarray(sum(trained.samples(X, sample_weight).map(counted)))
