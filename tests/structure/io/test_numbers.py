"""Numbers as programs write them when they are unknown or do not fit."""

import numpy as np
import pytest
from biotite.structure.io.pdb.hybrid36 import encode_hybrid36
from hypothesis import given
from hypothesis import strategies as st

from protdiff.structure.io.numbers import UNKNOWN_NUMBER, real_numbers, residue_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5), ("-2", -2), ("1e2", 100), ("20.1(3)", 20.1), ("-7.693(12)", -7.693),
        ("", 7), ("******", np.nan), ("nan", np.nan), ("-NaN", np.nan), ("?", np.nan),
        (".", np.nan), ("---", np.nan), ("n/a", np.nan), ("N.A", np.inf), ("abc", np.inf),
        ("1.0 2", np.inf), ("1.2.3", np.inf), ("(3)", np.inf), ("inf", np.inf),
    ],
)  # fmt: skip
def test_real_numbers(text, value):
    texts = np.array(["1", text, "2"])
    np.testing.assert_equal(real_numbers(texts, blank=7).tolist(), [1, value, 2])


def numbers_of(texts, codes=None, chains=None):
    codes = np.array([""] * len(texts) if codes is None else codes)
    chains = np.array(["A"] * len(texts) if chains is None else chains)
    numbers, codes = residue_numbers(np.array(texts), codes, chains)
    return numbers.tolist(), codes.tolist()


HYBRID36 = st.integers(10000, 10000 + 26 * 36**3 - 1)


@given(st.integers(0, 8), st.integers(1, 60))
def test_hybrid_36_counts_on(before, length):
    values = range(9999 - before, 9999 - before + length)
    texts = [encode_hybrid36(value, 4).strip() for value in values]
    assert numbers_of(texts)[0] == list(values)


@given(HYBRID36)
def test_hybrid_36_alone(value):
    assert numbers_of([encode_hybrid36(value, 4)])[0] == [value]


@given(st.integers(9000, 9999), st.integers(1000, 2000))
def test_hexadecimal_numbers_count_on(first, length):
    # VMD: decimal to 9999, hexadecimal to 65535.
    values = range(first, min(first + length, 65536))
    texts = [str(value) if value <= 9999 else f"{value:x}" for value in values]
    assert numbers_of(texts)[0] == list(values)
    assert numbers_of([text.upper() for text in texts])[0] == list(values)


@given(st.integers(1000, 9999), st.integers(0, 9))
def test_a_fifth_digit_is_no_insertion_code(number, digit):
    assert numbers_of([str(number)], [str(digit)]) == ([10 * number + digit], [""])


def test_decimal_numbers_stay_as_they_are():
    # Begun anew after 9999, in any order, with gaps, and with codes.
    texts = ["9998", "9999", "0", "1", "2710", "-5", "0000", "100", "100"]
    codes = ["", "", "", "", "", "", "", "A", "1"]
    assert numbers_of(texts, codes) == ([9998, 9999, 0, 1, 2710, -5, 0, 100, 100], codes)
    chains = ["A", "B"]  # 2710 follows 9999 in another chain
    assert numbers_of(["9999", "2710"], chains=chains)[0] == [9999, 2710]


def test_a_code_within_the_number():
    assert numbers_of(["99", "100A", "100B"]) == ([99, 100, 100], ["", "A", "B"])
    assert numbers_of(["100A"], ["B"]) == ([UNKNOWN_NUMBER], ["B"])


@pytest.mark.parametrize("text", ["", "****", "1.5", "x", "27-1", "9" * 30])
def test_what_is_no_number_is_unknown(text):
    assert numbers_of(["7", text, "8"])[0] == [7, UNKNOWN_NUMBER, 8]
