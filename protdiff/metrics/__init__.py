"""Numbers of structures: similarity to a reference, quality without one, populations of designs."""

from ..structure.superposition import rmsd, superpose
from .comparison import SIMILARITY, Scores
from .confidence.predicted import CONFIDENCE, Confidence, model_confidence
from .quality import QUALITY, quality
from .scores import score
from .search import Search, search, tm_d0
from .self_consistency import SELF_CONSISTENCY, SelfConsistency, self_consistency
from .similarity import drmsd, lddt

__all__ = [
    "CONFIDENCE",
    "QUALITY",
    "SELF_CONSISTENCY",
    "SIMILARITY",
    "Confidence",
    "Scores",
    "Search",
    "SelfConsistency",
    "drmsd",
    "lddt",
    "model_confidence",
    "quality",
    "rmsd",
    "score",
    "search",
    "self_consistency",
    "superpose",
    "tm_d0",
]
