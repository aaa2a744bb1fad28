"""Training on an accelerator: the same batches, flow, loss and gradients without the host."""

import math
from dataclasses import replace

import pytest
import torch

from protdiff.network import Denoiser
from protdiff.training.batch_draws import draw
from protdiff.training.batches import assemble, device_batch, packed
from protdiff.training.chains import DeviceChains, crops
from protdiff.training.cuda_graphs import BatchKind, DeviceSteps, FlowTable
from protdiff.training.losses import denoising_loss

from ..conftest import TINY
from .pretended import DEVICE, NotAlone, PretendedDevice


@pytest.fixture
def resident(chains):
    return DeviceChains.of(chains, "cpu")


def both(chains, resident, recipe, config, step):
    """The batch of a step made chain by chain, and from flat tensors."""
    drawn = draw(resident, recipe, config, step)
    rows = torch.from_numpy(packed(resident, drawn))
    lengths = drawn.lengths.tolist()
    rest = (torch.from_numpy(a) for a in (drawn.log_cutoff, drawn.rotations, drawn.shown))
    parts = crops(chains, drawn.chains, drawn.starts, lengths)
    on_host = assemble(parts, lengths, *rest, drawn.level, recipe.basis)
    return on_host, device_batch(resident, rows, drawn.level, drawn.size, recipe.basis)


def test_batches_and_losses_are_those_of_the_host(chains, resident, recipe, config):
    torch.manual_seed(0)
    denoiser = Denoiser(TINY, recipe)
    torch.nn.init.normal_(denoiser.network.head.weight)
    table = FlowTable(recipe, int(chains.lengths.min()), 512, "cpu")
    levels = set()
    for step in range(12):
        batch, other = both(chains, resident, recipe, config, step)
        size, padded = batch.clean.shape[1] // 2, other.clean.shape[1] // 2
        kept = [*range(size), *range(padded, padded + size)]
        torch.testing.assert_close(other.clean[:, kept], batch.clean, atol=2e-5, rtol=0)
        assert torch.equal(other.conditions[:, :size], batch.conditions)
        total = float(batch.clean.square().sum())  # nothing lies in the padding
        assert float(other.clean.square().sum()) == pytest.approx(total, rel=1e-5)

        epsilon = torch.randn(batch.clean.shape)
        wide = torch.zeros(other.clean.shape)
        wide[:, kept] = epsilon
        results = []
        for some, flow, noise in (
            (batch, recipe(batch.lengths, size), epsilon),
            (other, table(other.lengths, padded), wide),
        ):
            denoiser.zero_grad()
            u = flow.schedule.time_of(some.log_cutoff)
            loss, bands = denoising_loss(denoiser, flow, some, noise, u, config.weighting)
            loss.backward()
            gradient = [p.grad.flatten() for p in denoiser.parameters() if p.grad is not None]
            results.append((loss.detach(), bands, torch.cat(gradient)))
        for a, b in zip(*results, strict=True):
            torch.testing.assert_close(b, a, rtol=2e-4, atol=2e-5 * float(a.abs().max()))
        levels.add(batch.level)
    assert {"full", "16"} <= levels


def test_steps_add_gradients_and_repeat(chains, resident, recipe, config):
    torch.manual_seed(0)
    denoiser = Denoiser(TINY, recipe)
    steps = DeviceSteps(denoiser, resident, config)
    loss, bands, count = steps(0, 0, seed=5)
    once = [p.grad.clone() for p in denoiser.parameters() if p.grad is not None]
    repeated, same, _ = steps(0, 0, seed=5)
    twice = [p.grad for p in denoiser.parameters() if p.grad is not None]
    assert loss == repeated and torch.equal(bands, same) and count > 0
    assert any(bool(g.any()) for g in once)
    for a, b in zip(once, twice, strict=True):
        torch.testing.assert_close(2 * a, b)
    assert steps(0, 0, seed=6)[0] != loss


@pytest.fixture
def device(monkeypatch):
    """The pretended device, entered; tensors of lists are made here and sent."""
    plain = torch.tensor

    def tensor(data, *, device=None, **options):
        here = plain(data, **options)
        return here if device is None else here.to(device)

    monkeypatch.setattr(torch, "tensor", tensor)
    with PretendedDevice() as pretended:
        yield pretended


def test_the_pretended_device_tells(device):
    there, here = torch.ones(3).to(DEVICE), torch.ones(3)
    assert (there + 1).sum().item() == 6 and (there * there).device.type == DEVICE
    with pytest.raises(NotAlone, match="not there"):
        there + here
    for waits in (lambda: there.sum().item(), lambda: there.cpu(), lambda: there[there > 0],
                  lambda: torch.tensor([1.0], device=DEVICE)):  # fmt: skip
        with device.alone(), pytest.raises(NotAlone):
            waits()


def test_no_step_waits_for_the_device(chains, recipe, config, device):
    """What a CUDA graph must not do: read a number, or take a tensor from the host."""
    seeing = replace(TINY, self_conditioning=True, pair_atoms=True)
    torch.manual_seed(0)
    denoiser = Denoiser(seeing, recipe).to(DEVICE)
    torch.nn.init.normal_(denoiser.network.head.weight)
    for parameter in denoiser.parameters():
        parameter.grad = torch.zeros_like(parameter)
    resident = DeviceChains.of(chains, DEVICE)
    config = config.model_copy(update={"overlap_weight": 1.0, "hydrogen_bond_weight": 1.0})
    steps = DeviceSteps(denoiser, resident, config)
    steps.flows = FlowTable(recipe, 40, 208, DEVICE)  # so long that beads attend in blocks
    few = (draw(resident, recipe, config, step) for step in range(20))
    kinds = {drawn.level == "full": drawn for drawn in few}
    for drawn, size in ((kinds[True], None), (kinds[True], 208), (kinds[False], None)):
        rows = torch.from_numpy(packed(resident, drawn)).to(DEVICE)
        for self_conditioned in (False, True):
            kind = BatchKind(drawn.level, size or drawn.size, len(rows), self_conditioned)
            with device.alone():
                loss, _ = steps.gradient(rows, kind)
            assert math.isfinite(loss.item())


def test_crops_shorter_than_every_chain(chains, recipe, config):
    resident = DeviceChains.of(chains.select(min_length=60), "cpu")
    steps = DeviceSteps(Denoiser(TINY, recipe), resident, config)
    drawn = (draw(resident, recipe, config, step) for step in range(40))
    step = next(k for k, choice in enumerate(drawn) if choice.lengths.min() < 60)
    assert math.isfinite(steps(step, 0, seed=0)[0])
