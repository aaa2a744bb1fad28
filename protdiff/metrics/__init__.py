"""Numbers of structures: similarity to a reference, quality without one, populations of designs."""

from ..structure.superposition import rmsd, superpose
from .comparison import SIMILARITY, Scores
from .quality import QUALITY, quality
from .scores import score
from .search import Search, search, tm_d0
from .self_consistency import SELF_CONSISTENCY, SelfConsistency, self_consistency
from .similarity import drmsd, lddt

__all__ = [
    "QUALITY",
    "SELF_CONSISTENCY",
    "SIMILARITY",
    "Scores",
    "Search",
    "SelfConsistency",
    "drmsd",
    "lddt",
    "quality",
    "rmsd",
    "score",
    "search",
    "self_consistency",
    "superpose",
    "tm_d0",
]
