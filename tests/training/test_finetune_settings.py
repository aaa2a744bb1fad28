"""Defaults of fine-tuning, its schedule, and budgets that make no sense."""

import math

import pytest

from protdiff.training.finetune_settings import FinetuneSettings, for_one_sequence


def test_rate_rises_from_small_and_ends_at_zero():
    settings = FinetuneSettings(learning_rate=1.0)
    rates = [settings.rate(done / 1000) for done in range(1001)]
    assert rates[0] == pytest.approx(0.02) and rates[50] == pytest.approx(0.52)
    assert max(rates) == rates[100] == 1 and rates[-1] == 0
    assert rates[550] == pytest.approx(0.5)
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)


def test_share_done_is_of_steps_or_of_time():
    assert FinetuneSettings(steps=8, minutes=1).share_done(2, 1e9) == 0.25
    assert FinetuneSettings(minutes=2).share_done(10**9, 30) == 0.25


@pytest.mark.parametrize("minutes", [0, -1, math.nan, math.inf])
def test_a_budget_of_no_step_or_without_end_is_refused(minutes):
    with pytest.raises(ValueError, match=r"`minutes` .*: must be more than 0"):
        FinetuneSettings(minutes=minutes)
    assert FinetuneSettings(minutes=minutes, steps=1).share_done(1, 0) == 1


def test_other_nonsense_is_refused():
    with pytest.raises(ValueError, match="`steps` 0"):
        FinetuneSettings(steps=0)
    with pytest.raises(ValueError, match="at least 2"):
        FinetuneSettings(held_out_batches=1)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("rank", (0, -1)),
        ("learning_rate", (0.0, -1e-3, math.nan, math.inf)),
        ("keep", (-0.1, 1.0, math.nan)),
        ("full_share", (-0.1, 1.1, math.nan)),
        ("ema", (-0.1, 1.0, math.nan)),
        ("seed", (-1,)),
    ],
)
def test_numbers_out_of_range_are_refused(name, values):
    """With them nothing is learned, or what is learned is nonsense, and only the losses say so."""
    for value in values:
        with pytest.raises(ValueError, match=f"`{name}` {value}: must be"):
            FinetuneSettings(**{name: value})


def test_one_sequence_is_not_rehearsed():
    usual = FinetuneSettings()
    ensemble = for_one_sequence(usual)
    assert ensemble.keep == 0 and ensemble.full_share < usual.full_share
    assert ensemble.rate(0.1) > usual.rate(0.1)
    given = for_one_sequence(FinetuneSettings(keep=0.3, learning_rate=0.5))
    assert given.keep == 0.3 and given.rate(0.1) == 0.5


def test_all_weights_are_trained_at_a_smaller_rate_than_adapters():
    every = FinetuneSettings(rank=None)
    assert every.rate(0.1) < FinetuneSettings().rate(0.1)
    assert every.rate(0.1) < for_one_sequence(every).rate(0.1)
