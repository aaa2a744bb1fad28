"""Alignments as lists of pairs, for the tests of the correspondence of residues."""

from Bio.Align import PairwiseAligner, substitution_matrices

from protdiff.metrics.correspondence import align_identity, align_numbers, align_sequences

ALIGNMENTS = (align_sequences, align_identity, align_numbers)
#: 30 residues in which no letter follows itself.
LONG = "MKTAYIAKQRQISFVKSHFSRQLEERLGLI"


def pairs_of(*ranges):
    """Pairs of ((model start, reference start, count), …) as a list of tuples."""
    return [(i + k, j + k) for i, j, count in ranges for k in range(count)]


def found(model, reference, align=align_sequences):
    pairs = align(model, reference)
    assert pairs.shape == (len(pairs), 2) and pairs.dtype.kind == "i"
    return list(map(tuple, pairs.tolist()))


def plain_pairs(model, reference):
    """BLOSUM62, gaps of 11 and 1, free ends, without a look at numbers and coordinates."""
    aligner = PairwiseAligner(mode="global")
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    aligner.open_gap_score, aligner.extend_gap_score, aligner.end_gap_score = -11, -1, 0
    columns = aligner.align(model.sequence, reference.sequence)[0].indices
    return list(map(tuple, columns[:, (columns >= 0).all(axis=0)].T.tolist()))
