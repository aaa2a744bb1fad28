"""Training on flows over other bases than cosine modes."""

from dataclasses import replace

import pytest
import torch

from protdiff.flow import to_coords
from protdiff.network import Denoiser
from protdiff.training.batch_draws import draw
from protdiff.training.batches import device_batch, make_batch, packed
from protdiff.training.chains import DeviceChains
from protdiff.training.config import TrainingConfig
from protdiff.training.objective import batch_loss
from protdiff.training.trainer import Trainer

from .conftest import SIZES

BASES = ["haar", "identity"]


@pytest.fixture(params=BASES)
def settings(request, config):
    flow = {"name": "gud", "basis": request.param, "steepness": 2.0}
    values = config.recorded() | {"flow": flow, "network": SIZES | {"component_clocks": True}}
    return TrainingConfig(data=config.data, out=config.out, **values)


def test_batches_hold_the_same_chains_in_every_basis(settings, chains):
    recipe = settings.flow.recipe()
    batch, cosine = (
        make_batch(chains, some, settings, 3) for some in (recipe, replace(recipe, basis="cosine"))
    )
    size = batch.clean.shape[1] // 2
    ca, expected = (
        to_coords(item.clean[:, :size], item.lengths, basis)
        for item, basis in ((batch, recipe.basis), (cosine, "cosine"))
    )
    assert torch.allclose(ca, expected, atol=1e-4)
    assert torch.equal(batch.clean[:, size:], cosine.clean[:, size:])


def test_loss_of_the_gaussian_chain_is_its_own_reference(settings, chains):
    denoiser = Denoiser(settings.network, settings.flow.recipe())
    batch = make_batch(chains, denoiser.recipe, settings, 0)
    loss, bands = batch_loss(denoiser, batch, settings, 0)
    assert torch.equal(bands[:, 0], bands[:, 1]) and 0.1 < loss.item() < 3


def test_an_accelerator_has_the_batches_of_the_host(settings, chains):
    recipe, resident = settings.flow.recipe(), DeviceChains.of(chains, "cpu")
    for step in range(3):
        drawn = draw(resident, recipe, settings, step)
        rows = torch.from_numpy(packed(resident, drawn))
        batch = device_batch(resident, rows, drawn.level, drawn.size, recipe.basis)
        size = drawn.size
        ca = to_coords(batch.clean[:, :size], batch.lengths.tolist(), recipe.basis)
        cosine = device_batch(resident, rows, drawn.level, drawn.size)
        expected = to_coords(cosine.clean[:, :size], cosine.lengths.tolist())
        assert torch.allclose(ca, expected, atol=2e-4)


@pytest.mark.parametrize("settings", ["identity"], indirect=True)
def test_a_run_learns_and_goes_on(settings, quick):
    settings = settings.model_copy(update={"steps": 2})
    run = Trainer(settings)
    path = run.fit(report=lambda text: None)
    assert path.is_file() and run.denoiser.network.clocks.weight.abs().sum() > 0
    again = Trainer(settings.model_copy(update={"steps": 3}))
    again.fit(report=lambda text: None)
    assert again.step == 3
