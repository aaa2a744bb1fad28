"""Which residue of a model is which residue of the reference."""

from bisect import bisect_left
from functools import cache

import numpy as np

__all__ = ["align_identity", "align_numbers", "align_sequences"]

#: CA-CA distance (Å) over which two neighbours in a file are not neighbours in the chain.
BREAK = 4.5
#: Largest jump of the residue number that may stand for residues that were not observed.
LONGEST_JUMP = 60


@cache
def _aligner():
    from Bio.Align import PairwiseAligner, substitution_matrices

    aligner = PairwiseAligner(mode="global")
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    aligner.open_gap_score, aligner.extend_gap_score = -11, -1
    aligner.end_gap_score = 0  # tags and unobserved ends
    return aligner


def align_sequences(model, reference):
    """Global alignment of two chains by sequence, with gaps where a chain is broken.

    BLOSUM62, 11 to open a gap and 1 to extend it, free gaps at the ends (Biopython). A sequence
    alone does not tell which of two equal letters on either side of a gap was observed. Two
    things do. Residue numbers that jump stand for unobserved residues; they are aligned as
    unknown ones (X), unless fewer letters agree that way. And where a gap can slide without a
    change in the letters that are paired, it slides to where the chain is broken, or ends.

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
    one, two = model.sequence, reference.sequence
    if one == two:
        return np.stack([np.arange(len(one))] * 2, -1)
    plain = _align(one, np.arange(len(one)), two, np.arange(len(two)))
    padded = _align(*_with_unobserved(model), *_with_unobserved(reference))
    best = max((padded, plain), key=lambda pairs: sum(one[i] == two[j] for i, j in pairs))
    for side, chain in enumerate((model, reference)):
        best = _slide(best, side, one if side else two, _broken(chain))
    return best


def align_identity(model, reference):
    """Pairs by letters alone, no cost to open a gap; arguments and result as above.

    1 for equal letters, 0 for others, -1 for every residue in a gap: what a default
    `PairwiseAligner` does, and the pairing behind lDDT in EigenFold's table. It may scatter
    residues next to unobserved stretches.
    """
    from Bio.Align import PairwiseAligner

    if not len(model) or not len(reference):
        return np.empty((0, 2), dtype=int)
    aligner = PairwiseAligner(mode="global", match_score=1, mismatch_score=0, gap_score=-1)
    columns = aligner.align(model.sequence, reference.sequence)[0].indices
    return columns[:, (columns >= 0).all(axis=0)].T


def align_numbers(model, reference):
    """Pairs of residues of equal number and insertion code; arguments and result as above."""
    where = {}
    for j, key in enumerate(_keys(reference)):
        where.setdefault(key, j)  # of a number that comes twice, the first
    found = [(i, where.pop(key)) for i, key in enumerate(_keys(model)) if key in where]
    return np.array(_longest_increasing(found), dtype=int).reshape(-1, 2)


def _longest_increasing(pairs):
    """Longest part of pairs (i, j), increasing in i, that increases in j too."""
    ends, last, before = [], [], {}  # smallest last j of each length, its pair, predecessors
    for pair in pairs:
        place = bisect_left(ends, pair[1])
        before[pair] = last[place - 1] if place else None
        ends[place : place + 1], last[place : place + 1] = [pair[1]], [pair]
    out, pair = [], last[-1] if last else None
    while pair is not None:
        out.append(pair)
        pair = before[pair]
    return out[::-1]


def _keys(chain):
    return zip(chain.residue_numbers.tolist(), chain.insertion_codes.tolist(), strict=True)


def _align(one, index_one, two, index_two):
    """Pairs of indices of one optimal alignment; letters of index -1 are left out."""
    columns = _aligner().align(one, two)[0].indices
    i, j = columns[:, (columns >= 0).all(axis=0)]
    pairs = np.stack([index_one[i], index_two[j]], -1)
    return pairs[(pairs >= 0).all(axis=1)]


def _with_unobserved(chain):
    """Sequence with an X for every number that is jumped over, and residue indices (X: -1)."""
    letters, index = [], []
    jumps = np.diff(chain.residue_numbers, prepend=chain.residue_numbers[:1]) - 1
    for k, (letter, jump) in enumerate(zip(chain.sequence, jumps.tolist(), strict=True)):
        if 0 < jump <= LONGEST_JUMP:
            letters.append("X" * jump)
            index += [-1] * jump
        letters.append(letter)
        index.append(k)
    return "".join(letters), np.array(index)


def _broken(chain):
    """Whether the chain is broken after each residue; the last one counts; bool (L,)."""
    distance = np.linalg.norm(np.diff(chain.ca, axis=0), axis=1)
    return np.append(distance > BREAK, True)


def _slide(pairs, side, other, broken):
    """Move gaps in the chain `side` to its breaks.

    `other` is the sequence of the other chain, which has residues in the gap.
    """
    pairs = pairs.copy()
    steps = np.diff(pairs, axis=0)
    gaps = np.flatnonzero((steps[:, side] == 1) & (steps[:, 1 - side] > 1))
    for t in gaps.tolist():
        if broken[pairs[t, side]]:
            continue
        size = pairs[t + 1, 1 - side] - pairs[t, 1 - side] - 1
        for direction in (1, -1):
            moved = []
            k = t + 1 if direction == 1 else t
            while 0 <= k < len(pairs):
                a, here = pairs[k, 1 - side], pairs[k, side]
                if other[a] != other[a - direction * size]:
                    break
                if moved and abs(pairs[k] - pairs[moved[-1]]).max() > 1:
                    break
                moved.append(k)
                end = k in (0, len(pairs) - 1)
                if end or broken[here if direction == 1 else here - 1]:
                    pairs[moved, 1 - side] -= direction * size
                    moved = None
                    break
                k += direction
            if moved is None:
                break
    return pairs
