"""TM-scores between many structures: how diverse a set is, and how near to known ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from .._system.processes import mapped
from .._system.torch_settings import one_thread
from .rough_tm import rough_tm
from .search import search
from .structural import MIN_RESIDUES, align_structures, tmalign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jaxtyping import Float, Int

    from ..structure.backbone import Backbone
    from .population import Structures

__all__ = [
    "CANDIDATES", "StructuralAlignment", "candidates", "nearest_known", "pairwise_tm", "tm_of_pair",
    "tm_of_pairs",
]  # fmt: skip

#: Alignments without a look at the sequences: this package's, and TM-align itself.
StructuralAlignment = Literal["structure", "tmalign"]

#: Known structures that are aligned with a design: those of the most similar descriptors.
CANDIDATES = 100
#: Of these, those of the largest rough TM-score have a whole alignment.
ALIGNED = 10
#: Lengths of these known structures relative to the design's, from and to.
LENGTH_RATIOS = 0.6, 1.67
#: Structures, and pairs, that a process must have to be worth its start.
LEAST_ROWS, LEAST_PAIRS = 4, 20


def tm_of_pair(
    first: Backbone, second: Backbone, alignment: StructuralAlignment = "structure"
) -> tuple[float, float]:
    """TM-score after structural alignment, by the length of each of the two chains.

    Parameters
    ----------
    first, second : Backbone
        One chain each.
    alignment : {"structure", "tmalign"}

    Returns
    -------
    by_first, by_second : float
        NaN for chains of fewer than 5 residues.
    """
    if min(len(first), len(second)) < MIN_RESIDUES:
        return np.nan, np.nan
    if alignment == "tmalign":
        result = tmalign(first, second)
        return result.tm_norm_chain1, result.tm_norm_chain2
    i, j = align_structures(first, second).T
    x, y = torch.tensor(first.ca[i]), torch.tensor(second.ca[j])
    return search(x, y, len(first)).tm, search(x, y, len(second)).tm


def pairwise_tm(
    backbones: Sequence[Backbone],
    alignment: StructuralAlignment = "structure",
    jobs: int = 1,
    advance: Callable[[int], object] | None = None,
) -> Float[np.ndarray, "structures structures"]:
    """Symmetric matrix of TM-scores, the mean of the two normalisations; ones on the diagonal.

    Parameters
    ----------
    backbones : list of Backbone
    alignment : {"structure", "tmalign"}
    jobs : int
        Processes; 0 for one per core.
    advance : callable, optional
        Called with the number of pairs done since the last call.
    """
    n = len(backbones)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    tm = np.eye(n)
    tasks = [(backbones[i], backbones[j]) for i, j in pairs]
    for (i, j), scores in zip(pairs, tm_of_pairs(tasks, alignment, jobs, advance), strict=True):
        tm[i, j] = tm[j, i] = np.mean(scores)
    return tm


def nearest_known(
    structures: Structures,
    known: Structures,
    alignment: StructuralAlignment = "structure",
    jobs: int = 1,
    advance: Callable[[int], object] | None = None,
    chosen: Sequence[Int[np.ndarray, "candidates"]] | None = None,
) -> tuple[Float[np.ndarray, "structures"], Int[np.ndarray, "structures"]]:
    """Largest TM-score of each structure to a set of known ones.

    TM-scores count by the length of the structure itself. Only the `CANDIDATES` known structures
    of similar length and nearest descriptor are looked at, and of these the `ALIGNED` with the
    largest `rough_tm` are aligned, so the result is a lower bound. Designs and the real chains that
    they are compared with are treated alike. TM-align, which is fast, aligns all candidates.

    Parameters
    ----------
    structures, known : Structures
        Entries of the descriptor that are missing somewhere are left out.
    alignment, jobs, advance
        As in `pairwise_tm`.
    chosen : list of ndarray of int, optional
        What `candidates` gives, if it is there already.

    Returns
    -------
    tm : ndarray, shape (n,)
        NaN where no known structure has a similar length.
    nearest : ndarray of int, shape (n,)
        Index of the known structure; -1 if none has a similar length.
    """
    chosen = candidates(structures, known) if chosen is None else chosen
    tasks = [
        (backbone, [known.backbones[k] for k in ks])
        for backbone, ks in zip(structures.backbones, chosen, strict=True)
    ]
    tm, nearest = np.full(len(chosen), np.nan), np.full(len(chosen), -1)
    with mapped(partial(_nearest_of, alignment=alignment), tasks, jobs, LEAST_ROWS) as results:
        for row, (largest, place) in enumerate(results):
            if place >= 0:
                tm[row], nearest[row] = largest, chosen[row][place]
            if advance is not None:
                advance(len(chosen[row]))
    return tm, nearest


@one_thread()
def _nearest_of(
    task: tuple[Backbone, Sequence[Backbone]], alignment: StructuralAlignment
) -> tuple[float, int]:
    """Largest TM-score of a structure to some others, and the place of that one; -1 for none."""
    backbone, others = task
    places = list(range(len(others)))
    if alignment == "structure" and len(places) > ALIGNED:
        rough = np.nan_to_num([rough_tm(backbone, other) for other in others])
        places = np.argsort(-rough, kind="stable")[:ALIGNED].tolist()
    values = np.array([tm_of_pair(backbone, others[k], alignment)[0] for k in places])
    if not np.isfinite(values).any():
        return np.nan, -1
    return float(np.nanmax(values)), places[int(np.nanargmax(values))]


def candidates(structures: Structures, known: Structures) -> list[Int[np.ndarray, "candidates"]]:
    """For each structure the known ones that are aligned with it, most similar first."""
    vectors, known_vectors = structures.population.descriptors, known.population.descriptors
    used = np.isfinite(vectors).all(0) & np.isfinite(known_vectors).all(0)
    scale = known_vectors[:, used].std(0).clip(min=1e-6)
    lengths, chosen = known.population.lengths, []
    for length, vector in zip(structures.population.lengths, vectors, strict=True):
        ratio = lengths / length
        fits = np.flatnonzero((ratio >= LENGTH_RATIOS[0]) & (ratio <= LENGTH_RATIOS[1]))
        gap = np.square((known_vectors[fits][:, used] - vector[used]) / scale).sum(1)
        chosen.append(fits[gap.argsort(kind="stable")[:CANDIDATES]])
    return chosen


def tm_of_pairs(
    tasks: Sequence[tuple[Backbone, Backbone]],
    alignment: StructuralAlignment,
    jobs: int,
    advance: Callable[[int], object] | None,
) -> Iterator[tuple[float, float]]:
    """`tm_of_pair` of every task, in order."""
    with mapped(partial(_tm_of_task, alignment=alignment), tasks, jobs, LEAST_PAIRS) as results:
        for result in results:
            if advance is not None:
                advance(1)
            yield result


@one_thread()
def _tm_of_task(
    pair: tuple[Backbone, Backbone], alignment: StructuralAlignment
) -> tuple[float, float]:
    return tm_of_pair(*pair, alignment=alignment)
