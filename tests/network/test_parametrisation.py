"""What networks predict: RGDM's, the noise of the shell; all others, corrections of the chain."""

import torch

from protdiff.flow.zoo import get, recipe
from protdiff.network import Denoiser
from protdiff.network.parametrisation import coefficients, seen_and_predicted

from ..conftest import TINY

U = torch.tensor([0.55], dtype=torch.float64)


def test_the_noise_of_the_shell_gives_the_clean_chain():
    """(x - σ ε)/α is the clean chain; untouched modes are their own estimate, the others 0."""
    flow = get("rgdm-shell", length=300)
    u = (torch.tensor([50.0]).double() + 0.5) / flow.schedule.steps
    kernel = flow.kernel(u)
    seen, predicted = seen_and_predicted(flow, kernel)
    assert 0 < predicted.sum() < seen.sum() < flow.mask.sum()
    skip, out = coefficients(flow, kernel)
    clean, epsilon = torch.randn(2, 1, 600, 3, dtype=torch.float64)
    noisy = flow.noise(clean, u, epsilon)
    estimate = skip[..., None] * noisy + out[..., None] * epsilon
    assert torch.allclose(estimate[predicted], clean[predicted], atol=1e-9)
    assert torch.allclose(estimate[seen & ~predicted], clean[seen & ~predicted], atol=1e-3)
    assert (estimate[~seen] == 0).all()


def test_the_network_sees_no_mode_that_is_integrated_out():
    torch.manual_seed(0)
    denoiser = Denoiser(TINY, recipe("rgdm-shell"))
    torch.nn.init.normal_(denoiser.network.head.weight, std=0.3)
    flow, denoise = denoiser.bind([64])
    seen, predicted = seen_and_predicted(flow, flow.kernel(U))
    x = flow.prior_sample(torch.randn(1, 128, 3, dtype=torch.float64))
    other = torch.where(seen[..., None], x, x + 5 * torch.randn_like(x))
    with torch.no_grad():
        correction, found = denoiser(x, U, [64], flow)
        assert torch.equal(found, predicted) and (correction[~predicted] == 0).all()
        assert torch.equal(denoise(x, U), denoise(other, U))
        assert correction[predicted].abs().min() > 0


def test_other_flows_correct_the_gaussian_chain():
    flow = get("rg", length=30)
    kernel = flow.kernel(U)
    assert coefficients(flow, kernel) == (kernel.c_skip, kernel.c_out)
    seen, predicted = seen_and_predicted(flow, kernel)
    assert torch.equal(seen, predicted)
