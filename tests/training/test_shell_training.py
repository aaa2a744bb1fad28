"""RGDM's training: its loss in closed form, its times, and a run."""

import pytest
import torch

from protdiff.flow import rgdm
from protdiff.network import Denoiser
from protdiff.network.parametrisation import seen_and_predicted
from protdiff.network.weights import load_weights
from protdiff.training.batches import make_batch
from protdiff.training.component_weights import Weighting, chain_loss, component_weight
from protdiff.training.config import TrainingConfig
from protdiff.training.losses import UNTOUCHED_NOISE, untouched_noise
from protdiff.training.objective import batch_loss, noise_of
from protdiff.training.trainer import Trainer

from .conftest import SIZES


@pytest.fixture
def shell(config):
    values = config.recorded() | {"flow": "rgdm-shell", "loss": "shell", "network": SIZES}
    return TrainingConfig(data=config.data, out=config.out, **values | {"steps": 2})


def test_the_loss_is_the_mean_squared_error_of_scaled_coloured_noise(shell, chains):
    """A zero output leaves (N + 3)/(M + 3) Σ_shell |σ ε|² / (3N), as the paper's code has it."""
    recipe = shell.flow.recipe()
    denoiser, batch = Denoiser(shell.network, recipe), make_batch(chains, recipe, shell, 0)
    loss, _ = batch_loss(denoiser, batch, shell, 0)
    flow, epsilon, u = noise_of(denoiser, batch, 0)
    kernel = flow.kernel(u)
    _, predicted = seen_and_predicted(flow, kernel)
    expected = []
    for row, n in enumerate(batch.lengths):
        shell_modes = predicted[row].nonzero()[:, 0]
        inside = len(shell_modes) + (1 in shell_modes)
        noise = kernel.sigma[row, shell_modes, None] * epsilon[row, shell_modes]
        total = noise.square().sum() * (n + 3) / (inside + 3)
        expected.append(float(total / (3 * (n - 1))))
    assert loss.item() == pytest.approx(sum(expected) / len(expected), rel=1e-4)


def test_the_scale_makes_shells_of_all_sizes_count_alike(shell):
    """E loss with white noise of equal variance: M (N+3)/(M+3)/N, near 1 from a few modes on."""
    flow = shell.flow.recipe()([100, 100])
    u = (torch.tensor([10.0, 60.0]).double() + 0.5) / rgdm.steps(100)
    _, predicted = seen_and_predicted(flow, flow.kernel(u))
    weight = component_weight(flow, u, predicted, Weighting("shell"))
    relative = (weight / flow.kernel(u).sigma.square()).masked_fill(~predicted, 0).sum(1)
    inside = predicted.sum(1) + predicted[:, 1]
    assert torch.allclose(relative, predicted.sum(1) * 103 / (inside + 3).double())
    one = chain_loss(torch.ones_like(weight), weight * 0 + 1.0 * predicted, "shell", inside)
    assert float(one) <= 1


def test_untouched_modes_have_a_little_noise(shell):
    flow = shell.flow.recipe()([80])
    u = (torch.tensor([5.0]).double() + 0.5) / rgdm.steps(80)
    kernel = flow.kernel(u)
    seen, predicted = seen_and_predicted(flow, kernel)
    added = untouched_noise(flow, kernel, torch.ones(1, 160, 3))
    untouched = seen & ~predicted
    expected = (UNTOUCHED_NOISE * flow.prior[untouched]).sqrt().float()
    assert torch.allclose(added[untouched], expected[:, None].expand(-1, 3))
    assert (added[~untouched] == 0).all() and untouched.sum() > 20


def test_every_step_is_drawn_alike(shell, chains):
    counts = torch.zeros(3)
    for step in range(60):
        batch = make_batch(chains, shell.flow.recipe(), shell, step)
        flow = shell.flow.recipe()(batch.lengths)
        u = flow.schedule.time_of(batch.log_cutoff)
        counts += torch.histc((flow.schedule.step(u) + 0.5) / flow.schedule.steps, 3, 0, 1)
    assert (counts / counts.sum() - 1 / 3).abs().max() < 0.06


def test_a_run(shell, quick):
    path = Trainer(shell).fit(lambda _: None)
    assert load_weights(path).recipe.schedule == "shell"


@pytest.mark.parametrize(
    "changes",
    [{"loss": "resolution"}, {"flow": "rgdm"}, {"network": SIZES | {"self_conditioning": True}}],
)
def test_what_does_not_go_together(shell, changes):
    with pytest.raises(ValueError, match="rgdm-shell"):
        TrainingConfig(data=".", out=".", **shell.recorded() | changes)
