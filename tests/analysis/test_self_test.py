"""The checks of an installation: they pass on a sound one and detect a broken one."""

import pytest
import torch

from protdiff.analysis.self_test import CheckResult, check_equivariance, check_sampler
from protdiff.flow.zoo import recipe
from protdiff.network import Denoiser

from ..conftest import TINY


def test_a_sound_network_passes(tiny_denoiser):
    assert check_equivariance(tiny_denoiser).passed
    assert check_sampler(tiny_denoiser).passed


def test_a_network_that_prefers_a_direction_fails(tiny_denoiser):
    class Tilted:
        def bind(self, lengths):
            flow, denoise = tiny_denoiser.bind(lengths)
            return flow, lambda x, u: denoise(x, u) + torch.tensor([0.1, 0, 0])

    assert not check_equivariance(Tilted()).passed


def test_nan_fails():
    assert not CheckResult(float("nan"), 1.0).passed


@pytest.mark.parametrize("flow", ["rg", "rg-harmonic", "ddpm"])
def test_the_check_takes_no_prior_for_an_error_of_the_sampler(flow):
    """The shipped prior is not quite the law at time 1; a step from that law is exact."""
    assert check_sampler(Denoiser(TINY, recipe(flow))).error < 1e-12
