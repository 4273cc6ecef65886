"""SOMClassifier and SOMRegressor: a map trained on all samples, and what it learns from those with a class or value."""

from somkit.supervised.classifier import SOMClassifier
from somkit.supervised.regressor import SOMRegressor

__all__ = ["SOMClassifier", "SOMRegressor"]
