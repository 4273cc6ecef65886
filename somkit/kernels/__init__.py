"""The few loops that training spends its time in, behind one contract: arrays in, arrays out, nothing kept."""

from somkit.kernels.blocks import BLOCK_ROWS, TreeSum, map_blocks, one_blas_thread, usable_cores
from somkit.kernels.portable import accumulate, move, nearest, nearest_one, power_of_two

__all__ = [
    "BLOCK_ROWS",
    "TreeSum",
    "accumulate",
    "describe",
    "map_blocks",
    "move",
    "nearest",
    "nearest_one",
    "one_blas_thread",
    "power_of_two",
    "usable_cores",
]


def describe() -> str:
    """Say in plain words which kernels are in use."""
    return "portable numpy kernels"
