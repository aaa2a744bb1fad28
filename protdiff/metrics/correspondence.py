"""Which residue of a model is which residue of the reference."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..structure.constants import FILE_BREAK, LONGEST_NUMBER_JUMP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from Bio.Align import PairwiseAligner
    from jaxtyping import Bool, Int

    from ..structure.backbone import Backbone

__all__ = ["Aligner", "align_identity", "align_numbers", "align_sequences"]

#: What pairs the residues of a model with those of a reference, one chain each: indices of the
#: residues as an array (aligned, 2), model first, both columns increasing.
Aligner = Callable[["Backbone", "Backbone"], "Int[np.ndarray, 'aligned 2']"]


@cache
def _aligner() -> PairwiseAligner:
    from Bio.Align import PairwiseAligner, substitution_matrices

    aligner = PairwiseAligner(mode="global")
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    aligner.open_gap_score, aligner.extend_gap_score = -11, -1
    aligner.end_gap_score = 0  # tags and unobserved ends
    return aligner


def align_sequences(model: Backbone, reference: Backbone) -> Int[np.ndarray, "aligned 2"]:
    """Global alignment of two chains by sequence, with gaps where a chain is broken.

    BLOSUM62, 11 to open a gap and 1 to extend it, free gaps at the ends (Biopython). The sequence
    alone leaves open which of two equal letters on either side of a gap was observed. Two rules
    decide. First, a jump of the residue numbers stands for unobserved residues, which are aligned
    as unknown ones (X), unless fewer letters agree that way. Second, where a gap can be moved
    without a change of the paired letters, it is moved to a break or an end of the chain.

    Parameters
    ----------
    model, reference : Backbone
        One chain each.

    Returns
    -------
    ndarray of int, shape (aligned, 2)
        Pairs of residue indices, model first, both increasing.
    """
    if not len(model) or not len(reference):
        return np.empty((0, 2), dtype=int)
    letters, other = model.sequence, reference.sequence
    if letters == other:
        return np.stack([np.arange(len(letters))] * 2, -1)
    plain = _align(letters, np.arange(len(letters)), other, np.arange(len(other)))
    padded = _align(*_with_unobserved(model), *_with_unobserved(reference))
    best = max((padded, plain), key=lambda pairs: sum(letters[i] == other[j] for i, j in pairs))
    best = _move_gaps(best, 0, other, _broken_after(model))
    return _move_gaps(best, 1, letters, _broken_after(reference))


def align_identity(model: Backbone, reference: Backbone) -> Int[np.ndarray, "aligned 2"]:
    """Global alignment by equal letters, with no cost to open a gap.

    1 for equal letters, 0 for others, -1 for every residue in a gap: what a default
    `PairwiseAligner` of Biopython does, and the pairing behind lDDT in EigenFold's table. Residues
    beside unobserved stretches may be paired wrongly. Arguments and result as in
    `align_sequences`.
    """
    from Bio.Align import PairwiseAligner

    if not len(model) or not len(reference):
        return np.empty((0, 2), dtype=int)
    aligner = PairwiseAligner(mode="global", match_score=1, mismatch_score=0, gap_score=-1)
    columns = aligner.align(model.sequence, reference.sequence)[0].indices
    return columns[:, (columns >= 0).all(axis=0)].T


def align_numbers(model: Backbone, reference: Backbone) -> Int[np.ndarray, "aligned 2"]:
    """Pairs of residues of equal number and insertion code.

    Arguments and result as in `align_sequences`. Where a chain is out of order, the most pairs
    that increase in both chains are kept.
    """
    where = {}
    for j, key in enumerate(_number_keys(reference)):
        where.setdefault(key, j)  # of a number that comes twice, the first
    pairs = [(i, where.pop(key)) for i, key in enumerate(_number_keys(model)) if key in where]
    return np.array(_longest_increasing(pairs), dtype=int).reshape(-1, 2)


def _longest_increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Longest part of pairs (i, j), increasing in i, that increases in j too."""
    ends: list[int] = []  # for each length, the smallest j that a part of this length ends with
    last: list[tuple[int, int]] = []  # the pair that ends it
    before: dict[tuple[int, int], tuple[int, int] | None] = {}  # its predecessor
    for pair in pairs:
        place = bisect_left(ends, pair[1])
        before[pair] = last[place - 1] if place else None
        ends[place : place + 1], last[place : place + 1] = [pair[1]], [pair]
    out, pair = [], last[-1] if last else None
    while pair is not None:
        out.append(pair)
        pair = before[pair]
    return out[::-1]


def _number_keys(chain: Backbone) -> Iterator[tuple[int, str]]:
    return zip(chain.residue_numbers.tolist(), chain.insertion_codes.tolist(), strict=True)


def _align(
    letters: str,
    index: Int[np.ndarray, "letters"],
    other: str,
    other_index: Int[np.ndarray, "others"],
) -> Int[np.ndarray, "aligned 2"]:
    """Pairs of indices of one optimal alignment; letters of index -1 are left out."""
    columns = _aligner().align(letters, other)[0].indices
    i, j = columns[:, (columns >= 0).all(axis=0)]
    pairs = np.stack([index[i], other_index[j]], -1)
    return pairs[(pairs >= 0).all(axis=1)]


def _with_unobserved(chain: Backbone) -> tuple[str, Int[np.ndarray, "letters"]]:
    """Sequence with an X for every number that is jumped over, and residue indices (X: -1)."""
    letters, index = [], []
    jumps = np.diff(chain.residue_numbers, prepend=chain.residue_numbers[:1]) - 1
    for k, (letter, jump) in enumerate(zip(chain.sequence, jumps.tolist(), strict=True)):
        if 0 < jump <= LONGEST_NUMBER_JUMP:
            letters.append("X" * jump)
            index += [-1] * jump
        letters.append(letter)
        index.append(k)
    return "".join(letters), np.array(index)


def _broken_after(chain: Backbone) -> Bool[np.ndarray, "residues"]:
    """Whether the chain is broken after each residue; it is after the last one."""
    distance = np.linalg.norm(np.diff(chain.ca, axis=0), axis=1)
    return np.append(distance > FILE_BREAK, True)


def _move_gaps(
    pairs: Int[np.ndarray, "aligned 2"],
    side: int,
    other: str,
    broken_after: Bool[np.ndarray, "residues"],
) -> Int[np.ndarray, "aligned 2"]:
    """Move the gaps in one chain, the column `side` of the pairs, to its breaks.

    `other` is the sequence of the other chain, which has residues in the gap.
    """
    pairs = pairs.copy()
    steps = np.diff(pairs, axis=0)
    gaps = np.flatnonzero((steps[:, side] == 1) & (steps[:, 1 - side] > 1))
    for t in gaps.tolist():
        if broken_after[pairs[t, side]]:
            continue
        size = int(pairs[t + 1, 1 - side] - pairs[t, 1 - side] - 1)
        for direction in (1, -1):
            rows = _rows_to_break(pairs, t, side, other, broken_after, direction * size)
            if rows:
                pairs[rows, 1 - side] -= direction * size
                break
    return pairs


def _rows_to_break(
    pairs: Int[np.ndarray, "aligned 2"],
    t: int,
    side: int,
    other: str,
    broken_after: Bool[np.ndarray, "residues"],
    shift: int,
) -> list[int]:
    """Rows of `pairs` between the gap after row t and the next break in a direction.

    Their partners can be shifted by -`shift` without a change of letters. Empty if a letter
    would change, or another gap comes, before the break. A positive shift looks towards the end
    of the chain, a negative one towards its beginning.
    """
    direction = 1 if shift > 0 else -1
    rows, k = [], t + 1 if shift > 0 else t
    while 0 <= k < len(pairs):
        partner, here = pairs[k, 1 - side], pairs[k, side]
        if other[partner] != other[partner - shift]:
            break
        if rows and abs(pairs[k] - pairs[rows[-1]]).max() > 1:
            break
        rows.append(k)
        if k in (0, len(pairs) - 1) or broken_after[here if shift > 0 else here - 1]:
            return rows
        k += direction
    return []
