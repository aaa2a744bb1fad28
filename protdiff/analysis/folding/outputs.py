"""Which files of structure predictors are the models of a sequence, and which is the best.

Names that are understood, for a sequence NAME (test_outputs.py has them all):

- ColabFold: NAME_unrelaxed_rank_001_alphafold2_ptm_model_1_seed_000.pdb, NAME_relaxed_rank_001_…
- Boltz: boltz_results_NAME/predictions/NAME/NAME_model_0.cif or .pdb, ordered by confidence
- Chai: NAME/pred.model_idx_0.cif, ordered by the aggregate_score in NAME/scores.model_idx_0.npz
- ESMFold: NAME.pdb
- OpenFold: predictions/NAME_model_1_ptm_relaxed.pdb, …_unrelaxed.pdb
- AlphaFold: NAME/ranked_0.pdb
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._system.arrays import read_arrays
from ...metrics.confidence.layouts import chai_scores
from ...structure.io.paths import beginnings, find_files, stem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["Best", "best_model", "models_by_name", "safe_name", "structure_files"]

#: Ranks in the names of files; the lowest is the best. Boltz and AlphaFold count from 0, ColabFold
#: from 1.
RANK = re.compile(r"_rank_(\d+)(?:_|$)|(?:^|_)ranked_(\d+)$|_model_(\d+)$")
#: Models of Chai, whose numbers are no ranks.
CHAI = re.compile(r"^pred\.model_idx_\d+$")
#: A model that was relaxed after the prediction, and one that was not.
RELAXED = re.compile(r"_(un)?relaxed(?:_|$)")
#: A rank that is worse than all others.
NO_RANK = float("inf")


class Best(NamedTuple):
    """The best model of a sequence, and how many others there were if no ranks tell them apart."""

    path: Path
    guessed: int = 0


def structure_files(folder: Path) -> list[Path]:
    """Structure files in a folder and in those below it; none if there is no such folder."""
    try:
        return find_files([str(folder)], "pattern") if folder.is_dir() else []
    except ValueError:
        return []


def models_by_name(
    files: Iterable[Path], names: Collection[str], top: Path
) -> dict[str, list[Path]]:
    """Files by the sequence that they are models of.

    A file belongs to the longest name that its own name begins with, else to that of the nearest
    folder, up to `top`, that is called so. ColabFold and esm-fold take whole titles of records for
    names; ColabFold writes characters that are unusual in file names as underscores.
    """
    known = {safe_name(name): name for name in names}
    found: dict[str, list[Path]] = {}
    for path in files:
        name = next((known[name] for name in _names_of(path, top) if name in known), None)
        if name is not None:
            found.setdefault(name, []).append(path)
    return found


def safe_name(name: str) -> str:
    """A name with underscores for all but letters, digits, dots and minus signs.

    Examples
    --------
    >>> safe_name("a+b_1 number=1")
    'a_b_1_number_1'
    """
    return re.sub(r"[^\w.-]", "_", name)


def _names_of(path: Path, top: Path) -> Iterator[str]:
    """Names that the sequence of a model may have, best first."""
    yield from beginnings(safe_name(stem(path)))
    for folder in path.parents:
        if folder == top:
            break
        yield from beginnings(safe_name(folder.name))


def best_model(paths: Collection[Path]) -> Best:
    """The best of the models of one sequence.

    By rank; of equal ranks the relaxed one; then the first by name. Names alone do not tell what
    the best is where a program gives no ranks.
    """
    ordered = sorted(paths, key=lambda path: (*_rank(path), str(path)))
    best = ordered[0]
    alike = sum(_rank(path) == _rank(best) for path in ordered)
    return Best(best, alike - 1)


def _rank(path: Path) -> tuple[float, int]:
    """Rank of a model, and 0 if it was relaxed, 1 if nothing says so, 2 if not."""
    name = stem(path)
    relaxed = RELAXED.search(name)
    order = 1 if relaxed is None else 2 if relaxed[1] else 0
    if CHAI.search(name):
        return -aggregate_score(chai_scores(path)), order
    rank = RANK.search(name)
    return float(next(filter(None, rank.groups()))) if rank else NO_RANK, order


def aggregate_score(path: Path) -> float:
    """Score by which Chai ranks a model; minus infinity if the file does not have it."""
    try:
        scores = read_arrays(path, ["aggregate_score"])
        return float(np.ravel(scores["aggregate_score"])[0])
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile):
        return -NO_RANK
