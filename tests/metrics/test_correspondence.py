"""Alignments with known answers, properties of random ones, and Biopython itself."""

import numpy as np
import pytest
from Bio.Align import PairwiseAligner, substitution_matrices
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.metrics.correspondence import align_identity, align_numbers, align_sequences

from .helpers import KRINGLE, LETTERS, changed, example, from_ca, straight

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


def identical(pairs, model, reference):
    return sum(model.sequence[i] == reference.sequence[j] for i, j in pairs)


def longest_common_subsequence(one, two):
    table = np.zeros((len(one) + 1, len(two) + 1), dtype=int)
    for i, a in enumerate(one):
        for j, b in enumerate(two):
            best = max(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = max(best, table[i, j] + (a == b))
    return table[-1, -1]


def plain_pairs(model, reference):
    """BLOSUM62, gaps of 11 and 1, free ends, without a look at numbers and coordinates."""
    aligner = PairwiseAligner(mode="global")
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    aligner.open_gap_score, aligner.extend_gap_score, aligner.end_gap_score = -11, -1, 0
    columns = aligner.align(model.sequence, reference.sequence)[0].indices
    return list(map(tuple, columns[:, (columns >= 0).all(axis=0)].T.tolist()))


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


@pytest.mark.parametrize("side", ["model", "reference"])
def test_missing_loop(side):
    whole = straight(LONG)
    part = straight(LONG[:11] + LONG[17:], [10])
    expected = pairs_of((0, 0, 11), (17, 11, 13))
    if side == "reference":
        assert found(whole, part) == expected
    else:
        assert found(part, whole) == [(j, i) for i, j in expected]


# One of the repeated residues was not observed: before, between or after the others.
@pytest.mark.parametrize("copies", [2, 3, 4])
@pytest.mark.parametrize("side", ["model", "reference"])
def test_break_tells_which_of_equal_letters_is_missing(copies, side):
    left, right = "MKTAYIAKQRQISFV", "WHFSRQLEERLDLIT"
    whole = straight(left + "G" * copies + right)
    for before in range(copies):  # residues G that come before the break
        start = len(left) + before
        part = straight(left + "G" * (copies - 1) + right, [start - 1])
        expected = pairs_of((0, 0, start), (start + 1, start, len(part) - start))
        if side == "reference":
            assert found(whole, part) == expected
        else:
            assert found(part, whole) == [(j, i) for i, j in expected]


def test_break_in_a_repeat_of_two_letters():
    left, right = "MKTAYIAKQRQISFV", "WHFSRQLEERLDLIT"
    whole = straight(left + "GSGSGS" + right)
    for before in range(5):  # residues of GSGS before the two that are missing
        start = len(left) + before
        part = straight(left + "GSGS" + right, [start - 1])
        expected = pairs_of((0, 0, start), (start + 2, start, len(part) - start))
        assert found(whole, part) == expected


@pytest.mark.parametrize("before, after, start", [(4.45, 4.55, 16), (4.55, 4.45, 15)])
def test_distance_over_which_a_chain_is_broken(before, after, start):
    """4.5 Å; `before` and `after` the only G that was observed of two."""
    left, right = "MKTAYIAKQRQISFV", "WHFSRQLEERLDLIT"
    whole, part = straight(left + "GG" + right), straight(left + "G" + right)
    ca = part.ca.copy()
    ca[15:, 0] += before - 3.8
    ca[16:, 0] += after - 3.8
    expected = pairs_of((0, 0, start), (start + 1, start, 31 - start))
    assert found(whole, from_ca(ca, part.sequence)) == expected


@given(st.text("GA", min_size=2, max_size=10), st.data())
@settings(deadline=None, max_examples=60)
def test_break_in_any_repeat(middle, data):
    """Unique flanks leave one gap in a repetitive stretch; only the break says where."""
    left, right = "MKTCYIFKQRQISFV", "WHFSRQLEERLDLIT"
    start = data.draw(st.integers(0, len(middle) - 1))
    stop = data.draw(st.integers(start + 1, len(middle)))
    whole = straight(left + middle + right)
    kept = np.r_[: 15 + start, 15 + stop : len(whole)]
    part = changed(whole[kept], residue_numbers=np.arange(len(kept)))
    expected = [(int(i), k) for k, i in enumerate(kept)]
    assert found(whole, part) == expected
    assert found(part, whole) == [(j, i) for i, j in expected]


def test_jump_of_numbers_tells_which_letter_was_observed():
    """The first residue of the reference could be any of three K; its number says which."""
    model = straight("SMKMMLDKKQIRAIFLFEFK")
    numbers = np.r_[330, 333:348]
    reference = straight("K" + "LDKKQIRAIFLFEFK", [0], residue_numbers=numbers)
    assert found(model, reference) == pairs_of((2, 0, 1), (5, 1, 15))


def test_jump_of_numbers_at_the_end():
    model = straight("LDKKQIRAIFLFEFKMMKMS")
    numbers = np.r_[1:16, 18]
    reference = straight("LDKKQIRAIFLFEFK" + "K", [14], residue_numbers=numbers)
    assert found(model, reference) == pairs_of((0, 0, 15), (17, 15, 1))


@pytest.mark.parametrize("jump", [5, 60, 61])
def test_numbers_of_many_missing_residues(jump):
    """A gap of any length up to 60 residues costs nothing when the numbers say so."""
    rng = np.random.default_rng(0)
    loop = "".join(rng.choice(list(LETTERS), jump))
    model = straight(LONG[:8] + loop + LONG[8:16])
    numbers = np.r_[1:9, 9 + jump : 17 + jump]
    reference = straight(LONG[:16], [7], residue_numbers=numbers)
    expected = pairs_of((0, 0, 8), (8 + jump, 8, 8))
    if jump <= 60:
        assert found(model, reference) == expected
    else:  # the gap would cost more than the letters on the other side are worth
        assert found(model, reference) == plain_pairs(model, reference) != expected


def test_last_residue_after_a_false_gap_slides_back():
    """The number jumps, but the chain goes on without a break, and its letter fits there too."""
    model = straight("LDKKQIRAIFLFEFK" + "MMSK" + "MS")
    numbers = np.r_[1:15, 19]
    whole = straight("LDKKQIRAIFLFEFK", residue_numbers=numbers)
    assert found(model, whole) == pairs_of((0, 0, 15))
    broken = straight("LDKKQIRAIFLFEFK", [13], residue_numbers=numbers)
    assert found(model, broken) == pairs_of((0, 0, 14), (18, 14, 1))


def test_first_residue_before_a_false_gap_slides_on():
    model = straight("SM" + "KSMM" + "KLDIQIRAIFLFEFM")
    numbers = np.r_[3, 8:22]
    whole = straight("KLDIQIRAIFLFEFM", residue_numbers=numbers)
    assert found(model, whole) == pairs_of((6, 0, 15))
    broken = straight("KLDIQIRAIFLFEFM", [0], residue_numbers=numbers)
    assert found(model, broken) == pairs_of((2, 0, 1), (7, 1, 14))


@pytest.mark.parametrize("jump", [100, 700, -500])
def test_numbers_that_jump_by_hundreds_mean_nothing(jump):
    numbers = np.arange(30)
    numbers[12:] += jump
    model, reference = straight(LONG), straight(LONG[1:29], residue_numbers=numbers[1:29])
    assert found(model, reference) == pairs_of((1, 0, 28))
    assert found(reference, model) == pairs_of((0, 1, 28))


def test_wrong_jumps_are_not_believed():
    """Numbers of another protein: fewer letters would agree with them than without."""
    numbers = np.arange(28)
    numbers[14:] += 6
    model, reference = straight(LONG), straight(LONG[1:29], residue_numbers=numbers)
    assert found(model, reference) == pairs_of((1, 0, 28))


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


@given(st.text(LETTERS, min_size=12, max_size=40), st.integers(1, 8), st.data())
@settings(deadline=None, max_examples=60)
def test_one_missing_stretch_is_found_by_its_numbers(letters, size, data):
    """Paired along the diagonal all letters agree; unobserved ones cost less than two gaps."""
    start = data.draw(st.integers(1, len(letters) - size - 1))
    kept = np.r_[:start, start + size : len(letters)]
    whole = straight(letters)
    part = whole[kept]
    expected = [(int(i), k) for k, i in enumerate(kept)]
    assert found(whole, part) == expected
    assert found(part, whole) == [(j, i) for i, j in expected]
