"""Residues that were not observed: breaks of the chain and numbers say where they are missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .alignments import LONG, found, pairs_of, plain_pairs
from .helpers import LETTERS, changed, from_ca, straight


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
