"""Alignment of two structures without a look at their sequences, in the manner of TM-align.

Zhang & Skolnick, Nucleic Acids Research 33, 2302 (2005): several first guesses, each improved
by turns of superposition and dynamic programming (biotite's) on the TM-score of all pairs.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import torch

from ..structure.secondary_structure import psea
from ..structure.superposition import superpose
from .search import search, tm_d0

__all__ = ["align_structures", "align_tmalign", "load_tmtools", "tmalign"]

#: Cost of opening a gap, in units of a perfectly superposed pair; a longer gap costs no more.
GAPS = (0.6, 0.0)
ROUNDS = 20
#: Residues between the fragments from which the search for a superposition starts.
STRIDE = 40
#: Residues that a structural alignment needs.
SHORTEST = 5
#: Length of, and distance between, the fragments that are superposed for a first guess.
FRAGMENT, SPACING = 20, 8
#: First guesses of a kind that are followed up.
KEPT = 4
SCALE = 10_000  # the dynamic programming counts in integers


def align_structures(model, reference):
    """Pairs of residues of the largest TM-score found.

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
    if min(len(model), len(reference)) < SHORTEST:
        return np.empty((0, 2), dtype=int)
    x, y = (torch.tensor(chain.ca).double() for chain in (model, reference))
    shortest = min(len(x), len(y))
    scale = tm_d0(shortest) + 0.8 if shortest > 19 else 0.968
    seen, best = {}, None
    for guess in first_guesses(x, y, scale):
        found = improve(one_round(guess, GAPS[0], x, y, scale), x, y, scale, seen)
        best = found if best is None else max(best, found, key=best_tm)
    return best.pairs


def first_guesses(x, y, scale):
    """Alignments to start from: threading without gaps, secondary structure, fragments."""
    yield from threadings(x, y, scale)
    letters = [np.array(list(psea(points.numpy()))) for points in (x, y)]
    same = (letters[0][:, None] == letters[1]).astype(float)
    by_letters = align_scores(same, 1.0)
    yield by_letters
    guesses = list(fragments(x, y, scale))
    yield from (align_scores(near(motion, x, y, scale), 0.6) for motion in guesses)
    if guesses:
        yield align_scores(near(guesses[0], x, y, scale) + 0.5 * same, 1.0)


class Round(NamedTuple):
    """TM-score of an alignment, its pairs that are close, and the next alignment."""

    tm: float
    pairs: np.ndarray
    following: np.ndarray


def best_tm(one):
    return one.tm


def one_round(pairs, gap, x, y, scale):
    """Superpose an alignment for the best TM-score, then align what lies close; a `Round`.

    The TM-score counts by the length of the shorter chain.
    """
    if len(pairs) < 3:
        return Round(-1.0, pairs, pairs)
    shortest = min(len(x), len(y))
    i, j = pairs.T
    found = search(x[i], y[j], shortest, stride=STRIDE)
    moved = x @ found.rotation + found.translation
    close = ((moved[i] - y[j]).norm(dim=1) < 1.5 * shortest**0.3 + 3.5).numpy()
    scores = near((found.rotation, found.translation), x, y, scale)
    return Round(found.tm, pairs[close], align_scores(scores, gap))


def improve(best, x, y, scale, seen):
    """Rounds from a first one, with and without a cost of gaps, until an alignment comes back.

    `seen` holds the alignments met before: nothing new can come of them.
    """
    for gap in GAPS:
        pairs = best.following
        for _ in range(ROUNDS):
            if (pairs.tobytes(), gap) in seen:
                break
            seen[pairs.tobytes(), gap] = True
            found = one_round(pairs, gap, x, y, scale)
            best, pairs = max(best, found, key=best_tm), found.following
    return best


def near(motion, x, y, scale):
    """TM-score of every pair after a rigid motion of x; ndarray (N, M)."""
    rotation, translation = motion
    squares = torch.cdist(x @ rotation + translation, y).square_()
    return (squares / scale**2 + 1).reciprocal_().numpy()


def threadings(x, y, scale):
    """The best alignments without gaps, at least half of the shorter chain long."""
    overlap = max(5, min(len(x), len(y)) // 2)
    shifts = torch.arange(overlap - len(y), len(x) - overlap + 1)
    i = shifts[:, None] + torch.arange(len(y))
    mask = (i >= 0) & (i < len(x))
    a, b = x[i.clamp(0, len(x) - 1)], y.expand(len(shifts), -1, -1)
    close = mask
    for _ in range(3):
        rotation, translation = superpose(a, b, close)
        squares = (a @ rotation + translation[:, None] - b).square().sum(-1)
        close = mask & (squares < 64)
        close = torch.where(close.sum(1, keepdim=True) >= 3, close, mask)
    scores = ((squares / scale**2 + 1).reciprocal() * mask).sum(1)
    for k in scores.topk(min(KEPT, len(shifts))).indices.tolist():
        rows = mask[k].nonzero()[:, 0].numpy()
        yield np.stack([i[k].numpy()[rows], rows], -1)


def fragments(x, y, scale):
    """Rigid motions that superpose a piece of x on a piece of y and bring most else close."""
    size = min(FRAGMENT, min(len(x), len(y)) // 2)
    pieces = [
        torch.arange(0, len(points) - size + 1, SPACING)[:, None] + torch.arange(size)
        for points in (x, y)
    ]
    a, b = x[pieces[0]], y[pieces[1]]
    count = len(a), len(b)
    a, b = a.repeat_interleave(count[1], 0), b.repeat(count[0], 1, 1)
    rotation, translation = superpose(a, b)
    squares = (a @ rotation + translation[:, None] - b).square().sum(-1).mean(-1)
    alike = squares.topk(min(ALIKE, len(squares)), largest=False).indices
    moved = (x @ rotation[alike] + translation[alike][:, None]).float()
    closest = torch.cdist(moved, y.float().expand(len(alike), -1, -1)).min(2).values
    scores = (closest.square() / scale**2 + 1).reciprocal().sum(1)
    for k in alike[scores.topk(min(KEPT, len(scores))).indices].tolist():
        yield rotation[k], translation[k]


#: Pairs of fragments, most alike first, whose superposition is tried on the whole chain.
ALIKE = 200


@cache
def _positions(size):
    from biotite.sequence import Alphabet

    return Alphabet(range(size))


def align_scores(scores, gap):
    """Global alignment that maximises the sum of a score per pair of positions.

    Parameters
    ----------
    scores : ndarray, shape (N, M)
    gap : float
        Cost of a gap of any length inside; free at the ends.

    Returns
    -------
    ndarray of int, shape (aligned, 2)
    """
    from biotite.sequence import GeneralSequence
    from biotite.sequence.align import SubstitutionMatrix, align_optimal

    alphabets = [_positions(size) for size in scores.shape]
    table = SubstitutionMatrix(*alphabets, np.rint(scores * SCALE).astype(np.int32))
    sequences = []
    for alphabet, size in zip(alphabets, scores.shape, strict=True):
        sequence = GeneralSequence(alphabet)
        sequence.code = np.arange(size)
        sequences.append(sequence)
    penalty = (-round(gap * SCALE), 0) if gap else 0
    trace = align_optimal(
        *sequences, table, gap_penalty=penalty, terminal_penalty=False, max_number=1
    )[0].trace
    return trace[(trace >= 0).all(axis=1)].astype(np.int64)


def tmalign(model, reference):
    """TM-align itself, through the optional package tmtools.

    Returns
    -------
    object
        What ``tmtools.tm_align`` returns.

    Raises
    ------
    ValueError
        If tmtools is not installed.
    """
    return load_tmtools().tm_align(model.ca, reference.ca, model.sequence, reference.sequence)


def load_tmtools():
    """The optional package tmtools; ValueError if it is not installed."""
    try:
        import tmtools
    except ImportError:
        raise ValueError(
            'alignment "tmalign" needs tmtools (GPL-3): pip install tmtools; '
            'or use the alignment "structure"'
        ) from None
    return tmtools


def align_tmalign(model, reference):
    """Pairs of residues as TM-align finds them; arguments and result of `align_structures`."""
    if min(len(model), len(reference)) < SHORTEST:
        return np.empty((0, 2), dtype=int)
    found = tmalign(model, reference)
    columns = np.array(
        [[a != "-", b != "-"] for a, b in zip(found.seqxA, found.seqyA, strict=True)]
    )
    return (columns.cumsum(axis=0) - 1)[columns.all(axis=1)]
