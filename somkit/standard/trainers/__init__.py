"""Trainers: all samples at once, or one at a time."""

from somkit.standard.trainers.batch import Batch
from somkit.standard.trainers.online import Online

__all__ = ["Batch", "Online"]
