"""Networks that see how noisy every component is, and so take flows over any basis."""

from dataclasses import replace

import pytest
import torch

import protdiff
from protdiff.flow import BASES, gaussian_oracle
from protdiff.flow.flow_choice import FlowChoice
from protdiff.network import Denoiser, NetworkConfig
from protdiff.network.clocks import CLOCKS, LIMIT, bead_clocks, mean_clock, noise_to_signal
from protdiff.network.weights import load_weights, save_weights
from protdiff.sampling.plan import Request
from protdiff.sampling.sample import sample
from protdiff.sampling.settings import SamplingSettings

from ..conftest import TINY

CLOCKED = replace(TINY, component_clocks=True)
OTHER = ["haar", "identity"]


def clocked(basis, seed=0, **changes):
    """A denoiser with random weights, those of the clocks included."""
    torch.manual_seed(seed)
    recipe = FlowChoice("gud", basis=basis, **changes).recipe()
    denoiser = Denoiser(CLOCKED, recipe)
    for weight in (denoiser.network.head.weight, denoiser.network.clocks.weight):
        torch.nn.init.normal_(weight, std=0.3)
    return denoiser.eval().requires_grad_(False)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("u", [0.1, 0.5, 0.9])
def test_a_new_network_is_the_denoiser_of_the_gaussian_chain(basis, u):
    denoiser = Denoiser(CLOCKED, FlowChoice("gud", basis=basis, steepness=4).recipe())
    flow, denoise = denoiser.bind([40, 23])
    x = flow.prior_sample(torch.randn(2, 80, 3, dtype=torch.float64))
    times = torch.full((2,), u, dtype=torch.float64)
    assert torch.allclose(denoise(x, times), gaussian_oracle(flow)(x, times), atol=1e-12)


def test_a_residue_has_its_own_clock_in_the_basis_of_residues():
    flow = FlowChoice("gud", basis="identity", steepness=2).recipe()([30])
    ratio = noise_to_signal(flow, flow.kernel(torch.tensor([0.5])))
    clocks = bead_clocks(flow, ratio, [30], 30)
    assert clocks.shape == (1, 30, CLOCKS)
    assert torch.allclose(clocks[..., 0] * LIMIT, ratio[:, :30], atol=1e-12)
    assert (clocks[0, :, 0].diff() >= 0).all() and clocks[0, -1, 0] > clocks[0, 0, 0] + 0.2


@pytest.mark.parametrize("basis", ["cosine", "haar"])
def test_all_clocks_of_a_scalar_flow_are_equal(basis):
    """Where all components are equally noisy against the data, so is every octave at every bead."""
    flow = FlowChoice("vp", basis=basis, links=False).recipe()([30])
    for u in (0.3, 0.6):
        at = torch.tensor([u], dtype=torch.float64)
        ratio = noise_to_signal(flow, flow.kernel(at))
        clocks = bead_clocks(flow, ratio, [30], 30)[..., :-1]
        present = clocks[clocks != 0]  # 30 residues have no slower octaves
        assert len(present) > 100
        assert torch.allclose(present, ratio[0, 1] / LIMIT, atol=1e-12)
        assert torch.allclose(mean_clock(flow, ratio), flow.schedule.log_cutoff(at), atol=1e-12)


@pytest.mark.parametrize("basis", ["cosine", *OTHER])
def test_padding_and_company_change_nothing(basis):
    denoiser, lengths = clocked(basis), [40, 23]
    flow, denoise = denoiser.bind(lengths)
    generator = torch.Generator().manual_seed(0)
    x = flow.prior_sample(torch.randn(2, 80, 3, generator=generator, dtype=torch.float64))
    u = torch.tensor([0.4, 0.2], dtype=torch.float64)
    together = denoise(x, u)
    for row, n in enumerate(lengths):
        alone = denoiser.bind([n])[1]
        places = [*range(n), *range(40, 40 + n)]
        found = alone(x[row : row + 1, places], u[row : row + 1])
        assert torch.allclose(together[row, places], found[0], atol=2e-5)


@pytest.mark.parametrize("basis", OTHER)
def test_a_rotated_chain_gives_a_rotated_estimate(basis):
    flow, denoise = clocked(basis).bind([25])
    x = flow.prior_sample(torch.randn(1, 50, 3, dtype=torch.float64))
    turn, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))
    turn = turn * torch.det(turn)  # no mirror image
    u = torch.tensor([0.3], dtype=torch.float64)
    assert torch.allclose(denoise(x @ turn, u), denoise(x, u) @ turn, atol=2e-4)


def test_one_network_serves_every_steepness():
    """It sees the noise of every component, not the schedule: equal noise, equal estimates."""
    denoiser = clocked("cosine", links=False, steepness=0)
    other = replace(denoiser.recipe, schedule="vp")
    x, u = torch.randn(1, 60, 3, dtype=torch.float64), torch.tensor([0.5], dtype=torch.float64)
    estimates = [denoiser.bind([30], flow=flow)[1](x, u) for flow in (None, other([30]))]
    assert torch.allclose(*estimates, atol=1e-10)
    steep = replace(denoiser.recipe, steepness=3.0)
    assert not torch.allclose(denoiser.bind([30], flow=steep([30]))[1](x, u), estimates[0])


@pytest.mark.parametrize("basis", OTHER)
def test_samples_over_other_bases(basis, tmp_path):
    """From weights in a file, as commands draw them; conditions are refused."""
    save_weights(tmp_path / "w.safetensors", clocked(basis))
    denoiser = load_weights(tmp_path / "w.safetensors")
    assert denoiser.recipe.basis == basis
    settings = SamplingSettings(steps=3)
    [item] = sample(denoiser, [Request(0, 20)], settings)
    assert item.backbone.coords.shape == (20, 4, 3)
    bound = Request(0, 20, condition=protdiff.conditioning.RadiusOfGyration(9.0))
    with pytest.raises(ValueError, match=f"over '{basis}', and conditions act on cosine modes"):
        sample(denoiser, [bound], settings)


@pytest.mark.parametrize("basis", OTHER)
def test_without_clocks_other_bases_are_refused(basis):
    with pytest.raises(ValueError, match="set `component_clocks`"):
        Denoiser(NetworkConfig(layers=1), FlowChoice("gud", basis=basis).recipe())
