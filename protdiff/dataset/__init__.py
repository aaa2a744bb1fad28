"""Sets of chains: the format, its readers, and how structures become one."""

from .archive import is_dataset, read_chains
from .store import UNIT, Chain, ChainSet

__all__ = ["UNIT", "Chain", "ChainSet", "is_dataset", "read_chains"]
