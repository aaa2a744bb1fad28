"""Alignment of two structures by their shapes alone, in the manner of TM-align.

Zhang & Skolnick, Nucleic Acids Research 33, 2302 (2005): several first guesses, each improved
by turns of superposition and dynamic programming (biotite's) on the TM-score of all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from ..structure.secondary_structure import psea
from ..structure.superposition import superpose
from .search import search, tm_d0

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from biotite.sequence import Alphabet
    from jaxtyping import Float, Int
    from torch import Tensor

    from ..structure.backbone import Backbone

__all__ = ["MIN_RESIDUES", "align_structures", "align_tmalign", "load_tmtools", "tmalign"]

#: Residues that each chain of a structural alignment needs.
MIN_RESIDUES = 5
#: Costs of opening a gap that are tried in turn, in units of a perfectly superposed pair; a longer
#: gap costs no more.
GAP_COSTS = (0.6, 0.0)
#: Cost of a gap in first guesses that are based on secondary structure.
LETTER_GAP_COST = 1.0
#: Superpositions and alignments that follow one another, at most.
MAX_ROUNDS = 20
#: Residues between the fragments from which the search for a superposition starts.
STRIDE = 40
#: Length of, and distance between, the fragments that are superposed for a first guess.
FRAGMENT, SPACING = 20, 8
#: Pairs of fragments, most alike first, whose superposition is tried on the whole chain.
FRAGMENT_PAIRS = 200
#: First guesses of a kind that are followed up.
GUESSES = 4
#: Square of the distance (Å²) under which a pair counts when chains are threaded without gaps.
THREADING_SQUARE = 64
#: The dynamic programming counts in integers: this many to the unit.
SCORE_UNIT = 10_000


class Motion(NamedTuple):
    """Rotation and translation (Å): ``x @ rotation + translation``."""

    rotation: Float[Tensor, "3 3"]
    translation: Float[Tensor, "3"]


class Round(NamedTuple):
    """TM-score of an alignment, its pairs that are close, and the alignment that follows it."""

    tm: float
    pairs: Int[np.ndarray, "aligned 2"]
    following: Int[np.ndarray, "following 2"]


@dataclass(frozen=True)
class TracePair:
    """CA traces of model (x) and reference (y), Å, and what follows from their lengths."""

    x: Float[Tensor, "n 3"]
    y: Float[Tensor, "m 3"]

    @cached_property
    def shorter(self) -> int:
        """Residues of the shorter chain, by which TM-scores count."""
        return min(len(self.x), len(self.y))

    @cached_property
    def scale(self) -> float:
        """Distance (Å) at which a pair counts half, as TM-align takes it for its alignments."""
        return tm_d0(self.shorter) + 0.8 if self.shorter > 19 else 0.968

    def closeness(self, squares: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """TM-score of pairs by their squared distance."""
        return (squares / self.scale**2 + 1).reciprocal()

    def pair_scores(self, motion: Motion) -> Float[np.ndarray, "n m"]:
        """TM-score of every pair after a rigid motion of x."""
        squares = torch.cdist(self.x @ motion.rotation + motion.translation, self.y).square_()
        return self.closeness(squares).numpy()


def align_structures(model: Backbone, reference: Backbone) -> Int[np.ndarray, "aligned 2"]:
    """Pairs of residues of the largest TM-score found, whatever the sequences.

    Parameters
    ----------
    model, reference : Backbone
        One chain each; only the CA are used.

    Returns
    -------
    ndarray of int, shape (aligned, 2)
        Pairs of residue indices, model first, both increasing; none further apart than
        TM-align's d8. No pairs if a chain has fewer than 5 residues.
    """
    nothing = np.empty((0, 2), dtype=int)
    if min(len(model), len(reference)) < MIN_RESIDUES:
        return nothing
    traces = TracePair(torch.tensor(model.ca).double(), torch.tensor(reference.ca).double())
    seen: set[tuple[bytes, float]] = set()
    best = Round(-np.inf, nothing, nothing)
    for guess in first_guesses(traces):
        result = improve(next_round(guess, GAP_COSTS[0], traces), traces, seen)
        best = max(best, result, key=tm_of_round)
    return best.pairs


def first_guesses(traces: TracePair) -> Iterator[Int[np.ndarray, "aligned 2"]]:
    """Alignments to start from: threading without gaps, secondary structure, fragments."""
    yield from threadings(traces)
    letters = [np.array(list(psea(points.numpy()))) for points in (traces.x, traces.y)]
    same = (letters[0][:, None] == letters[1]).astype(float)
    yield align_scores(same, LETTER_GAP_COST)
    guesses = list(fragment_motions(traces))
    for motion in guesses:
        yield align_scores(traces.pair_scores(motion), GAP_COSTS[0])
    if guesses:
        yield align_scores(traces.pair_scores(guesses[0]) + 0.5 * same, LETTER_GAP_COST)


def tm_of_round(result: Round) -> float:
    """What rounds are compared by."""
    return result.tm


def next_round(pairs: Int[np.ndarray, "aligned 2"], gap_cost: float, traces: TracePair) -> Round:
    """Superpose an alignment for the largest TM-score, then align what lies close."""
    if len(pairs) < 3:
        return Round(-1.0, pairs, pairs)
    i, j = pairs.T
    result = search(traces.x[i], traces.y[j], traces.shorter, stride=STRIDE)
    moved = traces.x @ result.rotation + result.translation
    d8 = 1.5 * traces.shorter**0.3 + 3.5
    close = ((moved[i] - traces.y[j]).norm(dim=1) < d8).numpy()
    scores = traces.pair_scores(Motion(result.rotation, result.translation))
    return Round(result.tm, pairs[close], align_scores(scores, gap_cost))


def improve(best: Round, traces: TracePair, seen: set[tuple[bytes, float]]) -> Round:
    """The best of the rounds that follow a first one, with and without a cost of gaps.

    `seen` holds the alignments that were followed before, from any guess: they are not followed
    twice.
    """
    for gap_cost in GAP_COSTS:
        pairs = best.following
        for _ in range(MAX_ROUNDS):
            if (pairs.tobytes(), gap_cost) in seen:
                break
            seen.add((pairs.tobytes(), gap_cost))
            result = next_round(pairs, gap_cost, traces)
            best, pairs = max(best, result, key=tm_of_round), result.following
    return best


def threadings(traces: TracePair) -> Iterator[Int[np.ndarray, "aligned 2"]]:
    """The best alignments without gaps, at least half of the shorter chain long."""
    x, y = traces.x, traces.y
    overlap = max(MIN_RESIDUES, traces.shorter // 2)
    shifts = torch.arange(overlap - len(y), len(x) - overlap + 1)
    i = shifts[:, None] + torch.arange(len(y))
    mask = (i >= 0) & (i < len(x))
    a, b = x[i.clamp(0, len(x) - 1)], y.expand(len(shifts), -1, -1)
    close, squares = mask, torch.zeros_like(a[..., 0])
    for _ in range(3):
        rotation, translation = superpose(a, b, close)
        squares = (a @ rotation + translation[:, None] - b).square().sum(-1)
        close = mask & (squares < THREADING_SQUARE)
        close = torch.where(close.sum(1, keepdim=True) >= 3, close, mask)
    scores = (traces.closeness(squares) * mask).sum(1)
    for k in scores.topk(min(GUESSES, len(shifts))).indices.tolist():
        rows = mask[k].nonzero()[:, 0].numpy()
        yield np.stack([i[k].numpy()[rows], rows], -1)


def fragment_motions(traces: TracePair) -> Iterator[Motion]:
    """Motions that superpose a piece of x on a piece of y and bring most of the rest close."""
    x, y = traces.x, traces.y
    size = min(FRAGMENT, traces.shorter // 2)
    a, b = (
        points[torch.arange(0, len(points) - size + 1, SPACING)[:, None] + torch.arange(size)]
        for points in (x, y)
    )
    count = len(a), len(b)
    a, b = a.repeat_interleave(count[1], 0), b.repeat(count[0], 1, 1)
    rotation, translation = superpose(a, b)
    squares = (a @ rotation + translation[:, None] - b).square().sum(-1).mean(-1)
    alike = squares.topk(min(FRAGMENT_PAIRS, len(squares)), largest=False).indices
    moved = (x @ rotation[alike] + translation[alike][:, None]).float()
    closest = torch.cdist(moved, y.float().expand(len(alike), -1, -1)).min(2).values
    scores = traces.closeness(closest.square()).sum(1)
    for k in alike[scores.topk(min(GUESSES, len(scores))).indices].tolist():
        yield Motion(rotation[k], translation[k])


@cache
def _positions(size: int) -> Alphabet:
    from biotite.sequence import Alphabet

    return Alphabet(range(size))


def align_scores(scores: Float[np.ndarray, "n m"], gap_cost: float) -> Int[np.ndarray, "aligned 2"]:
    """Global alignment that maximises the sum of a score per pair of positions.

    Parameters
    ----------
    scores : ndarray, shape (N, M)
    gap_cost : float
        Cost of a gap of any length inside; gaps at the ends are free.

    Returns
    -------
    ndarray of int, shape (aligned, 2)
    """
    from biotite.sequence import GeneralSequence
    from biotite.sequence.align import (
        SubstitutionMatrix,
        align_optimal,  # pyright: ignore[reportAttributeAccessIssue]  # compiled
    )

    first, second = (_positions(size) for size in scores.shape)
    table = SubstitutionMatrix(first, second, np.rint(scores * SCORE_UNIT).astype(np.int32))
    sequences = []
    for alphabet, size in zip((first, second), scores.shape, strict=True):
        sequence = GeneralSequence(alphabet)
        sequence.code = np.arange(size)
        sequences.append(sequence)
    penalty = (-round(gap_cost * SCORE_UNIT), 0) if gap_cost else 0
    trace = align_optimal(
        *sequences, table, gap_penalty=penalty, terminal_penalty=False, max_number=1
    )[0].trace
    return trace[(trace >= 0).all(axis=1)].astype(np.int64)


def tmalign(model: Backbone, reference: Backbone) -> Any:
    """TM-align itself, through the optional package tmtools.

    Returns
    -------
    tmtools.TM_result
        What ``tmtools.tm_align`` returns.

    Raises
    ------
    ValueError
        If tmtools is not installed.
    """
    return load_tmtools().tm_align(model.ca, reference.ca, model.sequence, reference.sequence)


def load_tmtools() -> ModuleType:
    """The optional package tmtools; ValueError if it is not installed."""
    try:
        import tmtools
    except ImportError:
        raise ValueError(
            '`alignment` "tmalign" needs tmtools (GPL-3): pip install tmtools; or use "structure"'
        ) from None
    return tmtools


def align_tmalign(model: Backbone, reference: Backbone) -> Int[np.ndarray, "aligned 2"]:
    """Pairs of residues as TM-align finds them; arguments and result of `align_structures`."""
    if min(len(model), len(reference)) < MIN_RESIDUES:
        return np.empty((0, 2), dtype=int)
    result = tmalign(model, reference)
    columns = np.array(
        [[a != "-", b != "-"] for a, b in zip(result.seqxA, result.seqyA, strict=True)]
    )
    return (columns.cumsum(axis=0) - 1)[columns.all(axis=1)]
