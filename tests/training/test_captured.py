"""Training on an accelerator: the same batches, flow, loss and gradients without the host."""

import pytest
import torch
from protdiff.network import Denoiser
from protdiff.training.batches import assemble, device_batch, draw, packed
from protdiff.training.captured import DeviceSteps, FlowTable
from protdiff.training.dataset import DeviceChains, crops
from protdiff.training.loss import denoising_loss

from .test_training import TINY, chains, config, recipe  # noqa: F401


@pytest.fixture
def resident(chains):  # noqa: F811
    return DeviceChains.of(chains, "cpu")


def both(chains, resident, recipe, config, step):  # noqa: F811
    """The batch of a step made chain by chain, and from flat tensors."""
    drawn = draw(resident, recipe, config, step)
    rows = torch.from_numpy(packed(resident, drawn))
    lengths = drawn.lengths.tolist()
    rest = (torch.from_numpy(a) for a in (drawn.log_cutoff, drawn.rotations, drawn.told))
    parts = crops(chains, drawn.chains, drawn.starts, lengths)
    one = assemble(*parts, lengths, *rest, drawn.level)
    return one, device_batch(resident, rows, drawn.level, drawn.size)


def test_batches_and_losses_are_those_of_the_host(chains, resident, recipe, config):  # noqa: F811
    torch.manual_seed(0)
    denoiser = Denoiser(TINY, recipe)
    torch.nn.init.normal_(denoiser.network.head.weight)
    table = FlowTable(recipe, int(chains.lengths.min()), 512, "cpu")
    levels = set()
    for step in range(12):
        one, other = both(chains, resident, recipe, config, step)
        size, padded = one.clean.shape[1] // 2, other.clean.shape[1] // 2
        kept = [*range(size), *range(padded, padded + size)]
        torch.testing.assert_close(other.clean[:, kept], one.clean, atol=2e-5, rtol=0)
        assert torch.equal(other.conditions[:, :size], one.conditions)
        total = float(one.clean.square().sum())  # nothing lies in the padding
        assert float(other.clean.square().sum()) == pytest.approx(total, rel=1e-5)

        epsilon = torch.randn(one.clean.shape)
        wide = torch.zeros(other.clean.shape)
        wide[:, kept] = epsilon
        found = []
        for batch, flow, noise in (
            (one, recipe(one.lengths, size), epsilon),
            (other, table(other.lengths, padded), wide),
        ):
            denoiser.zero_grad()
            u = flow.schedule.time_of(batch.log_cutoff)
            loss, bands = denoising_loss(denoiser, flow, batch, noise, u, config.resolution)
            loss.backward()
            gradient = [p.grad.flatten() for p in denoiser.parameters() if p.grad is not None]
            found.append((loss.detach(), bands, torch.cat(gradient)))
        for a, b in zip(*found, strict=True):
            torch.testing.assert_close(b, a, rtol=2e-4, atol=2e-5 * float(a.abs().max()))
        levels.add(one.level)
    assert {"full", "16"} <= levels


def test_steps_add_gradients_and_repeat(chains, resident, recipe, config):  # noqa: F811
    torch.manual_seed(0)
    denoiser = Denoiser(TINY, recipe)
    steps = DeviceSteps(denoiser, resident, config)
    loss, bands, count = steps(0, 0, seed=5)
    once = [p.grad.clone() for p in denoiser.parameters() if p.grad is not None]
    again, same, _ = steps(0, 0, seed=5)
    twice = [p.grad for p in denoiser.parameters() if p.grad is not None]
    assert loss == again and torch.equal(bands, same) and count > 0
    assert any(bool(g.any()) for g in once)
    for a, b in zip(once, twice, strict=True):
        torch.testing.assert_close(2 * a, b)
    assert steps(0, 0, seed=6)[0] != loss
