"""Temperatures by scale."""

import pytest
import torch

from protdiff.sampling.settings import SamplingSettings
from protdiff.sampling.temperature import temperatures


def test_temperatures_of_the_scales(tiny_denoiser):
    """1 for the fold, T^6 for the finest mode, T^16 for links; all equal at 1 and above."""
    flow = tiny_denoiser.recipe([40])
    cold = temperatures(flow, [0.0])[0, :, 0]
    assert cold[1] == 1 and cold[12] == 1 > cold[14]  # momenta 0.08, 0.94 and 1.1
    assert (cold[1:40].diff() <= 0).all()
    assert cold[39] == pytest.approx(0.8**6, rel=0.15)
    assert cold[40:] == pytest.approx([0.8**16] * 40)
    for temperature in (1.0, 1.7):
        warm = temperatures(flow, [0.0], SamplingSettings(temperature=temperature))
        assert (warm == temperature).all()


def test_a_fold_that_is_given_is_colder(tiny_denoiser):
    flow = tiny_denoiser.recipe([40, 40])
    free, given = temperatures(flow, [0.0, 2.0])[..., 0]
    assert given[:13] == pytest.approx([0.8**2] * 13)
    assert (given <= free).all() and torch.equal(given[30:], free[30:])
