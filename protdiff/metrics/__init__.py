"""Numbers of structures: similarity to a reference, quality without one, populations of designs."""

from ..structure.superposition import rmsd, superpose
from .comparison import SIMILARITY, Scores
from .quality import QUALITY, quality
from .scores import score
from .search import Search, search, tm_d0
from .similarity import drmsd, lddt

__all__ = [
    "QUALITY",
    "SIMILARITY",
    "Scores",
    "Search",
    "drmsd",
    "lddt",
    "quality",
    "rmsd",
    "score",
    "search",
    "superpose",
    "tm_d0",
]
