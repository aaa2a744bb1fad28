"""Alignments with known answers, properties of random ones, and Biopython itself."""

import numpy as np
import pytest
from Bio.Align import PairwiseAligner
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.metrics.correspondence import align_identity, align_numbers, align_sequences

from .alignments import ALIGNMENTS, LONG, found, pairs_of, plain_pairs
from .helpers import KRINGLE, changed, example, from_ca, straight


def identical(pairs, model, reference):
    return sum(model.sequence[i] == reference.sequence[j] for i, j in pairs)


def longest_common_subsequence(one, two):
    table = np.zeros((len(one) + 1, len(two) + 1), dtype=int)
    for i, a in enumerate(one):
        for j, b in enumerate(two):
            best = max(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = max(best, table[i, j] + (a == b))
    return table[-1, -1]


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_identical_chains(align):
    kringle = example(KRINGLE)
    assert found(kringle, kringle, align) == pairs_of((0, 0, len(kringle)))


def test_identical_sequences_whatever_the_numbers():
    model = straight(LONG)
    reference = straight(LONG, [10], residue_numbers=np.r_[5:16, 40:59])
    assert found(model, reference) == pairs_of((0, 0, 30))


def test_tag_on_the_model():
    tag = "MGSSHHHHHHSSG"
    model, reference = straight(tag + LONG), straight(LONG)
    assert found(model, reference) == pairs_of((len(tag), 0, 30))
    assert found(reference, model) == pairs_of((0, len(tag), 30))


def test_both_ends_overhang():
    model, reference = straight(LONG[:25]), straight(LONG[7:])
    assert found(model, reference) == pairs_of((7, 0, 18))
    model, reference = straight("S" * 40 + "MKTAYIAK"), straight("MKTAYIAK" + "E" * 40)
    assert found(model, reference) == pairs_of((40, 0, 8))


def test_unknown_residues():
    model = straight(LONG)
    reference = straight(LONG[2:10] + "XX" + LONG[12:])
    assert found(model, reference) == pairs_of((2, 0, 28))


def test_point_mutations():
    reference = straight(LONG)
    model = straight("GG" + LONG.replace("F", "W"))
    assert found(model, reference) == pairs_of((2, 0, 30))


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_empty_chains(align):
    empty, one = straight(""), straight("ACDE")
    for model, reference in ((empty, one), (one, empty), (empty, empty)):
        assert align(model, reference).shape == (0, 2)


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_single_residues(align):
    assert found(straight("A"), straight("A"), align) == [(0, 0)]


def test_numbers_and_insertion_codes():
    reference = straight(
        "ACDEFG",
        residue_numbers=[-1, 5, 60, 60, 60, 61],
        insertion_codes=["", "", "", "A", "B", ""],
    )
    model = straight(
        "WWWWWW",
        residue_numbers=[5, 6, 60, 60, 61, 61],
        insertion_codes=["", "", "A", "B", "", "A"],
    )
    assert found(model, reference, align_numbers) == [(0, 1), (2, 3), (3, 4), (4, 5)]
    assert found(reference, model, align_numbers) == [(1, 0), (3, 2), (4, 3), (5, 4)]
    far = changed(model, residue_numbers=model.residue_numbers + 1000)
    assert found(far, reference, align_numbers) == []
    kringle = example(KRINGLE)  # has insertion codes and numbers below zero
    part = kringle[::3]
    assert found(part, kringle, align_numbers) == [(k, 3 * k) for k in range(len(part))]


def test_repeated_numbers_pair_no_residue_twice():
    """Two copies in one chain, as some files have them: the first counts."""
    twice = straight("ACDACD", [2], residue_numbers=[1, 2, 3, 1, 2, 3])
    assert found(twice, straight("ACD"), align_numbers) == pairs_of((0, 0, 3))
    assert found(straight("ACD"), twice, align_numbers) == pairs_of((0, 0, 3))
    assert found(twice, twice, align_numbers)[:3] == pairs_of((0, 0, 3))


def test_one_number_out_of_order_costs_one_pair():
    model = straight("EACD", residue_numbers=[9, 1, 2, 3])
    reference = straight("ACDE", residue_numbers=[1, 2, 3, 9])
    assert found(model, reference, align_numbers) == pairs_of((1, 0, 3))


sequences = st.text("ACDG", min_size=1, max_size=25)


@given(sequences, sequences)
@settings(deadline=None, max_examples=60)
def test_identity_equals_the_default_aligner(one, two):
    columns = PairwiseAligner().align(one, two)[0].indices
    expected = columns[:, (columns >= 0).all(axis=0)].T
    pairs = align_identity(straight(one), straight(two))
    np.testing.assert_array_equal(pairs, expected)


def most_matches(one, two):
    """Largest number of equal pairs less residues in gaps, of any alignment."""
    table = -np.add.outer(np.arange(len(one) + 1), np.arange(len(two) + 1))
    for i, a in enumerate(one):
        for j, b in enumerate(two):
            gap = max(table[i, j + 1], table[i + 1, j]) - 1
            table[i + 1, j + 1] = max(gap, table[i, j] + (a == b))
    return table[-1, -1]


@given(sequences, sequences)
@settings(deadline=None, max_examples=60)
def test_identity_makes_the_most_of_equal_letters(one, two):
    one, two = straight(one), straight(two)
    pairs = align_identity(one, two)
    score = identical(pairs, one, two) - (len(one) + len(two) - 2 * len(pairs))
    assert score == most_matches(one.sequence, two.sequence)


def random_part(draw, letters, length):
    """A chain with residues missing here and there, broken or not, numbered or renumbered."""
    kept = np.array(draw(st.lists(st.booleans(), min_size=length, max_size=length)))
    kept |= np.array(draw(st.lists(st.booleans(), min_size=length, max_size=length)))
    index = np.flatnonzero(kept)
    sequence = "".join(letters[k] for k in index)
    whole = straight(letters)
    numbers = index + 1 if draw(st.booleans()) else np.arange(len(index))
    ca = whole.ca[index] if draw(st.booleans()) else whole.ca[: len(index)]
    return from_ca(ca, sequence, residue_numbers=numbers)


@st.composite
def pairs_of_chains(draw):
    """Two parts of one random chain, or of two."""
    letters = draw(st.text("ACDEGK", min_size=1, max_size=30))
    other = draw(st.sampled_from([letters, letters[::-1]]))
    return random_part(draw, letters, len(letters)), random_part(draw, other, len(other))


@given(pairs_of_chains())
@settings(deadline=None, max_examples=100)
def test_properties_of_random_alignments(chains):
    model, reference = chains
    for align in ALIGNMENTS:
        pairs = align(model, reference)
        assert (np.diff(pairs, axis=0) > 0).all()
        assert (pairs >= 0).all() and (pairs < [len(model), len(reference)]).all()
    if not len(model) or not len(reference):
        return
    pairs = align_sequences(model, reference)
    plain = plain_pairs(model, reference)
    # Numbers are believed only if no fewer letters agree, and gaps slide over equal letters.
    number = identical(pairs, model, reference)
    assert number >= identical(plain, model, reference)
    assert number <= longest_common_subsequence(model.sequence, reference.sequence)
