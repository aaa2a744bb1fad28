"""Paired changes of a loss, and the choice of the weights to keep."""

import math

import numpy as np
import pytest

from protdiff.training.loss_change import LossChange, last_good, loss_change

BEFORE = (1.0, 2.0, 3.0, 4.0)


def test_a_change_within_its_error_reads_so():
    """The first steps change little: one decimal made -0.1 ± 0.0 % of this."""
    assert str(LossChange(-0.00054, 0.00047)) == "-0.05 ± 0.05 %"


def test_equal_draws_have_no_change_and_no_error():
    assert loss_change(BEFORE, BEFORE) == (0, 0)


def test_mean_and_standard_error_by_hand():
    # Differences -0.1, 0.1, -0.3, -0.1: mean -0.1, deviations 0, 0.2, -0.2, 0.
    change = loss_change(BEFORE, (0.9, 2.1, 2.7, 3.9))
    assert change.mean == pytest.approx(-0.1 / 2.5)
    assert change.error == pytest.approx(math.sqrt(0.08 / 3) / 2 / 2.5)
    assert str(change) == "-4.00 ± 3.27 %"


def test_pairing_removes_what_the_draws_have_in_common():
    """A fall of 1 % stands out from the noise although the draws differ by half of their mean."""
    rng = np.random.default_rng(0)
    before = 1 + 0.5 * rng.normal(size=48)
    change = loss_change(before, before - 0.01 + 0.005 * rng.normal(size=48))
    assert change.falls() and not change.rises() and change.error < 0.001


@pytest.mark.parametrize(
    ("change", "falls", "rises"),
    [
        (LossChange(-0.02, 0.005), True, False),
        (LossChange(-0.02, 0.02), False, False),
        (LossChange(0.005, 0.001), False, False),  # significant, but not worth going back for
        (LossChange(0.03, 0.02), False, False),
        (LossChange(0.03, 0.005), False, True),
        (LossChange(5.0, 4.0), False, True),  # few draws are no excuse for such a rise
        (LossChange(math.nan, math.nan), False, True),
        (LossChange(math.inf, math.nan), False, True),
    ],
)
def test_what_counts_as_fall_and_rise(change, falls, rises):
    assert (change.falls(), change.rises()) == (falls, rises)


@pytest.mark.parametrize(
    ("shifts", "kept"),
    [
        ((0, -0.1, -0.2), 2),  # it falls to the end
        ((0, 0.004, 0.008), 2),  # flat: the last, which changed the samples most
        ((0, -0.1, -0.2, 0.3), 2),  # it learned, and then learned by heart
        ((0, 0.3, 0.4), 0),  # worse from the first check on: the original weights
        ((0, -0.1, math.nan), 1),
        ((0, math.nan, math.inf), 0),
        ((math.nan, math.nan), 0),
    ],
)
def test_the_last_good_weights_are_kept(shifts, kept):
    assert last_good([[loss + shift for loss in BEFORE] for shift in shifts]) == kept


def test_a_rise_within_noise_is_no_reason_to_go_back():
    noisy = [loss + d for loss, d in zip(BEFORE, (0.4, -0.4, 0.3, -0.2), strict=True)]
    assert last_good([BEFORE, noisy]) == 1
