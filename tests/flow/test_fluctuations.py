"""Fluctuation theorems: exact denoisers fulfil them, wrong ones do not (docs/theory.md 7)."""

import pytest
import torch

from protdiff.flow import Flow, gaussian_oracle, zoo
from protdiff.flow.fluctuations import crooks_slope, integral_theorem, trajectory_entropies
from protdiff.flow.thermodynamics import entropy_production

CHAINS = 150


@pytest.fixture(scope="module")
def slow_modes(chain64):
    """The first 15 modes of chain64: e^{-S} has a finite variance only where λ > c/2."""
    parts = (t[:, :15].expand(CHAINS, -1) for t in
             (chain64.momenta, chain64.variance, chain64.prior))  # fmt: skip
    return Flow(*parts, torch.ones(CHAINS, 15, dtype=bool), chain64.schedules["vp"])


def entropies(flow, factor, edges):
    """Of Gaussian chains, by a denoiser whose score is `factor` times the exact one."""
    generator = torch.Generator().manual_seed(0)
    exact = gaussian_oracle(flow)

    def noise():
        return torch.randn(*flow.mask.shape, 3, generator=generator, dtype=torch.float64)

    def denoise(x, u):
        alpha = flow.kernel(u).alpha[..., None]
        return (x + factor * (alpha * exact(x, u) - x)) / alpha

    clean = flow.variance.sqrt()[..., None] * noise()
    return trajectory_entropies(denoise, flow, clean, edges, noise, substeps=2)


def test_an_exact_denoiser_fulfils_both_theorems(slow_modes):
    """Whole trajectories in 12 steps: the steps are exact on Gaussian data, so there is no bias."""
    found = entropies(slow_modes, 1.0, [0, 0.2, 0.4, 0.6, 0.7, 0.8, 1])
    whole = found.data.sum(0)
    theorem = integral_theorem(whole, found.coarse.sum(0))
    assert abs(theorem.mean - 1) < 4 * theorem.error < 0.03
    assert abs(theorem.bias) < 1e-9 and theorem.effective > 500
    slope, error = crooks_slope(found.data, found.equilibrium)
    assert abs(slope - 1) < 4 * error and error < 0.1
    coarse, error = crooks_slope(found.coarse, found.coarse_equilibrium)
    assert abs(coarse - 1) < 4 * error and error < 0.1
    # The mean is the distance from the fixed point that is lost on the way.
    total = whole.sum(1)
    expected = float(entropy_production(slow_modes)[0].sum())
    assert abs(float(total.mean()) - expected) < 4 * float(total.std()) / CHAINS**0.5


@pytest.mark.parametrize("factor", [0.93, 1.07])
def test_a_wrong_score_fails_both(slow_modes, factor):
    """The test of the test: p of single small steps has ⟨p/q⟩ = 1 for these as well."""
    found = entropies(slow_modes, factor, [0, 0.2, 0.4, 0.6, 0.7, 0.8, 1])
    theorem = integral_theorem(found.data.sum(0), found.coarse.sum(0))
    assert theorem.mean - 1 > 8 * theorem.error
    slope, error = crooks_slope(found.data, found.equilibrium)
    assert abs(slope - 1) > 8 * error


def test_wrong_requests(slow_modes):
    clean = torch.zeros(CHAINS, 15, 3, dtype=torch.float64)
    with pytest.raises(ValueError, match="`substeps` 3: must be an even number"):
        trajectory_entropies(None, slow_modes, clean, [0, 1], None, substeps=3)
    with pytest.raises(ValueError, match="variance exploding"):
        trajectory_entropies(None, zoo.get("edm", length=8), clean, [0, 1], None)
