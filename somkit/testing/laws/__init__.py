"""The laws, kind by kind."""

from somkit.testing.law import Law
from somkit.testing.laws import common, curves, maps, metrics, readers, training

LAWS: tuple[Law, ...] = (
    *common.LAWS,
    *maps.LAWS,
    *metrics.LAWS,
    *curves.LAWS,
    *training.LAWS,
    *readers.LAWS,
)
