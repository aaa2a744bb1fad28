"""Identities of the noise predictor, on denoisers that fulfil them or fail by a known amount."""

import pytest
import torch

from protdiff.analysis.component_bands import component_bands
from protdiff.analysis.noise_identities import noise_identities, noise_moments
from protdiff.flow import (
    ChainFlow,
    denoiser_from_score,
    gaussian_oracle,
    score_function,
)
from protdiff.flow.reference_spectrum import real_spectrum


@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_a_score_that_is_a_factor_off(factor):
    """Slope 1/factor and Stein's identity factor, on draws of the law of the exact score.

    The law is not the Gaussian chain's of the flow, whose variances the weights are made of.
    """
    lengths = [24] * 3000
    flow = ChainFlow(spectrum=real_spectrum())(lengths)
    law = 0.4 * flow.variance
    exact = score_function(gaussian_oracle(flow, law), flow)
    denoise = denoiser_from_score(lambda x, u: factor * exact(x, u), flow)
    band, generator = component_bands(flow, lengths), torch.Generator().manual_seed(0)

    def normal():
        return torch.randn(*flow.mask.shape, 3, generator=generator, dtype=torch.float64)

    clean = (law.sqrt()[..., None] * normal()).masked_fill(~flow.mask[..., None], 0)
    moments = []
    for time in (0.2, 0.5, 0.8):
        u, epsilon = torch.full((len(lengths),), time), normal()
        noisy = flow.noise(clean, u, epsilon)
        moments.append(noise_moments(flow, noisy, epsilon, denoise(noisy, u), u, band))
    found = noise_identities(moments)
    for row in range(len(found.slope)):
        assert abs(found.slope[row] - 1 / factor) < 4 * found.slope_error[row]
        assert abs(found.stein[row] - factor) < 4 * found.stein_error[row]
        # A tenth off is seen in every band.
        assert found.slope_error[row] < 0.02 and found.stein_error[row] < 0.05


def test_a_band_without_modes_is_no_error():
    """Chains of 12 residues have no mode with a period over 32 residues."""
    flow = ChainFlow(spectrum=real_spectrum())([12, 12])
    zeros, u = torch.zeros(2, 24, 3, dtype=torch.float64), torch.tensor([0.5, 0.5])
    moments = noise_moments(flow, zeros, zeros, zeros, u, component_bands(flow, [12, 12]))
    found = noise_identities([moments])
    assert found.slope[4] == 1 and found.slope_error[4] == 0
