"""SOM: the scikit-learn estimator, a thin face over Recipe and TrainedMap."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import validate_data

from somkit.estimator import MapEstimator
from somkit.run import Run
from somkit.spelling import resolve

Array = np.ndarray[Any, Any]


class SOM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, MapEstimator):  # type: ignore[misc]  # untyped bases
    """Self-organising map, as a scikit-learn estimator.

    Parameters
    ----------
    topology : str, dict, Topology or networkx.Graph, default "hex"
        Any undirected graph is a map: ``"grid:rows=10,columns=12"``, ``nx.karate_club_graph()``.
    metric : str, dict or Metric, default "euclidean"
    neighbourhood : str, dict or Neighbourhood, default "gaussian"
    learning_rate : str, dict, Schedule or None, default None
        None: the trainer's own, 1 for ``batch``, ``linear`` for ``online`` and for `partial_fit`.
    radius : str, dict or Schedule, default "linear"
        In map distance; where its start or stop is left out, from a quarter of the map's diameter, at least one edge,
        to half an edge; edges are 1 long on regular lattices and wherever they are counted.
    initialiser : str, dict or Initialiser, default "pca"
    trainer : str, dict or Trainer, default "batch"
    epochs : int >= 1, default 20
    scale : None | "standard" | "minmax", default None
        Scale each feature to mean 0 and standard deviation 1, or to [0, 1], here and in `predict`.
    n_jobs : int >= 1 or None, default None
        Threads; None uses every core. The result does not depend on it.
    random_state : int, RandomState or None, default None
    verbose : int, default 0
        Show a progress bar if > 0.

    Attributes
    ----------
    map_ : TrainedMap
        The map itself: measures, pictures, files.
    codebook_ : array of shape (m, d)
        In scaled units where ``scale`` is set.
    lattice_ : Lattice
    history_ : list of dict
        An entry an epoch.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
    feature_names_in_ : array of shape (d,)
        Only for DataFrames.

    Notes
    -----
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from somkit import SOM
    >>> X = load_iris().data
    >>> som = SOM(topology="hex:rows=5,columns=7", random_state=0).fit(X)
    >>> som.codebook_.shape
    (35, 4)
    """

    @classmethod
    def classic(cls, n_samples: int, random_state: Any = None, verbose: int = 0) -> SOM:
        """Return the recipe that somkit began with: a unit a sample, 75 000 updates, immediate neighbours only.

        A square grid of side ceil(sqrt(n)), weights uniform in [0, 1), learning rate exp(-s / 1000) at update s, the
        best unit moved by the rate and its neighbours by exp(-1/16) of it, samples drawn with replacement, every
        win recorded.

        Parameters
        ----------
        n_samples : int >= 1
            Number of samples it will be fitted to.

        Examples
        --------
        >>> SOM.classic(150).topology
        Grid(rows=13, columns=13, periodic='none', distance='path')
        """
        side = int(np.ceil(np.sqrt(n_samples)))
        return cls(
            topology=resolve("topology", f"standard/grid:rows={side},columns={side},distance=path"),
            neighbourhood="standard/exponential:reach=1",
            learning_rate="standard/exponential:start=1,rate=74.999",
            radius="standard/constant:value=4",
            initialiser="standard/uniform",
            trainer="standard/online:updates=1000,order=replacement,record_wins=true",
            epochs=75,
            random_state=random_state,
            verbose=verbose,
        )

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        initial_codebook: Any = None,
        order: Any = None,
    ) -> Self:
        """Train a map, always from the start.

        Parameters
        ----------
        X : array of shape (n, d)
            Samples: array, memmap, DataFrame (pandas, polars) or scipy sparse matrix; n >= 2. Finite, but for NaN where
            the metric takes missing values, as ``"euclidean:missing=ignore"`` does.
        y : ignored
        sample_weight : array of shape (n,), optional
            A sample of weight k counts as k copies of it, one of weight 0 as none.
        initial_codebook : array of shape (m, d), optional
            In the units of X; by default the initialiser's.
        order : integer array, optional
            For online trainers: the samples to take, one after the other, epochs x updates of them.

        Returns
        -------
        SOM
            Itself.
        """
        del y
        return self._train(X, sample_weight, initial_codebook, order)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch on some samples, at the next progress; past the planned epochs progress stays 1.

        The first call sets up the map, its size, its scaling and which features are observed at all, from its samples.
        ``learning_rate=None`` means ``linear`` here for every trainer, so that a chunk does not erase the ones before
        it.
        """
        del y
        first = not hasattr(self, "_state")
        recipe = self.recipe() if first else None
        samples = (self.map_ if recipe is None else recipe).metric.read(X, sample_weight)
        validate_data(self, X, skip_check_array=True, reset=first)
        if recipe is not None:
            run = recipe.start(samples, incremental=True)
        else:
            run = Run.continued(self.map_, self._state, samples.X, sample_weight)
        return self._keep(run, run.one_epoch())

    def predict(self, X: Any) -> Array:
        """Return the best-matching unit of each sample, shape (n,)."""
        return self._fitted().bmu(self._checked(X))

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Array:
        """Train a map and return the best-matching unit of each sample, shape (n,)."""
        return self.fit(X, y, sample_weight).predict(X)

    def transform(self, X: Any) -> Array:
        """Return the distance from each sample to each unit, shape (n, m)."""
        return self._fitted().distances(self._checked(X))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return minus the quantisation error, so that higher is better.

        A search over map sizes by this score always prefers the largest map.
        """
        del y
        return -self._fitted().quantisation_error(self._checked(X), sample_weight)

    @property
    def _n_features_out(self) -> int:
        return len(self.lattice_)
