"""Data sets of chains: the format on disk, reading it, and building it from structures."""

from .archive import is_dataset, read_chains
from .store import UNIT, Chain, ChainSet

__all__ = ["UNIT", "Chain", "ChainSet", "is_dataset", "read_chains"]
