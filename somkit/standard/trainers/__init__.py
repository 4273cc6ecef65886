"""Trainers: all samples at once, a few, or one at a time; and trainers made of these."""

from somkit.standard.trainers.batch import Batch
from somkit.standard.trainers.composed import Converging, TwoPhase
from somkit.standard.trainers.minibatch import Minibatch
from somkit.standard.trainers.mst_retrain import MstRetrain
from somkit.standard.trainers.online import Online

__all__ = ["Batch", "Converging", "Minibatch", "MstRetrain", "Online", "TwoPhase"]
