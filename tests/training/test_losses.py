"""The losses: exact answers for known networks, and bands of the flow."""

from dataclasses import replace

import torch

from protdiff.flow import Flow, chain_momenta
from protdiff.network import Denoiser
from protdiff.network.parametrisation import active_modes
from protdiff.structure.constants import BANDS, band_index
from protdiff.training.batches import make_batch
from protdiff.training.finetune_settings import FinetuneSettings
from protdiff.training.losses import band_of, distillation_loss
from protdiff.training.objective import batch_loss, earlier_call, noise_of

from ..conftest import TINY


def test_bands_are_those_of_the_shared_table(recipe):
    """Modes whose period is an edge, as mode 11 of 22 residues, among them."""
    lengths = range(2, 513)
    parts = chain_momenta(lengths)
    momenta, mask = (torch.cat([part, part], 1) for part in parts)
    ones, schedule = torch.ones_like(momenta), recipe([8]).schedule
    flow = Flow(momenta=momenta, variance=ones, prior=ones, mask=mask, schedule=schedule)
    bands = band_of(flow, cosine=True)
    size = flow.momenta.shape[1] // 2
    for row, n in enumerate(lengths):
        assert bands[row, 1:n].tolist() == band_index(n).tolist(), n
    assert (bands[:, size:] == len(BANDS)).all()


def test_bands_of_other_bases_are_those_of_the_rounded_periods(recipe):
    flow = replace(recipe, basis="laplacian")([22, 50])
    bands = band_of(flow, cosine=False)[:, :50]
    periods = 2 * torch.pi / flow.momenta[:, :50]
    edges = torch.tensor(list(BANDS.values())[:-1])
    assert torch.equal(bands, (periods[..., None] > edges).sum(-1))
    assert bands[1, 1] == len(BANDS) - 1 and bands[1, 49] == 0


def test_loss_of_the_gaussian_chain_is_its_own_reference(chains, recipe, config):
    denoiser = Denoiser(TINY, recipe)
    loss, bands = batch_loss(denoiser, make_batch(chains, recipe, config, 0), config, 0)
    assert torch.equal(bands[:, 0], bands[:, 1])  # a zero output: exactly the Gaussian chain
    assert 0.2 < loss.item() < 3  # the target has about unit variance


def test_exact_data_give_no_loss(chains, recipe, config, monkeypatch):
    batch = make_batch(chains, recipe, config, 0)

    class Exact(torch.nn.Module):
        """Network that knows the answer."""

        self_conditioning = False

        def read(self, conditions, lengths):
            return conditions

        def forward(self, noisy, u, lengths, flow, conditions, previous, beads):
            k = flow.kernel(u)
            target = (batch.clean - k.c_skip[..., None] * noisy) / k.c_out[..., None]
            active = active_modes(k.alpha, flow.mask)
            return (target * active[..., None]).float(), active

    exact = Exact()
    exact.recipe = recipe
    loss, bands = batch_loss(exact, batch, config, 0)
    assert loss.item() < 1e-8 and bands[:, 0].sum() < 1e-6 * bands[:, 1].sum()


def test_padding_does_not_change_the_loss(chains, recipe, config):
    """A flow of more padded beads weighs the same components."""
    short, padded = recipe([40], 40), recipe([40], 64)
    assert isinstance(short, Flow)
    assert torch.equal(short.variance[0, 1:40], padded.variance[0, 1:40])
    assert padded.mask.sum() == short.mask.sum()


def test_distillation_is_zero_for_the_same_network_only(chains, tiny_denoiser):
    config = FinetuneSettings(beads=256).training()
    batch = make_batch(chains, tiny_denoiser.recipe, config, 1)
    flow, epsilon, u = noise_of(tiny_denoiser, batch, 0)
    same = distillation_loss(tiny_denoiser, tiny_denoiser, flow, batch, epsilon, u, 0.03)
    assert same == 0
    gaussian = type(tiny_denoiser)(tiny_denoiser.network.config, tiny_denoiser.recipe)
    assert distillation_loss(gaussian, tiny_denoiser, flow, batch, epsilon, u, 0.03) > 1e-3


def test_rehearsal_reaches_what_the_network_makes_of_an_earlier_estimate(chains, tiny_denoiser):
    """Networks that differ in that alone differ in the loss once they are shown one."""
    config = FinetuneSettings(beads=256).training()
    batch = make_batch(chains, tiny_denoiser.recipe, config, 1)
    flow, epsilon, u = noise_of(tiny_denoiser, batch, 0)
    sizes = replace(tiny_denoiser.network.config, self_conditioning=True)
    base, other = (type(tiny_denoiser)(sizes, tiny_denoiser.recipe) for _ in "12")
    for denoiser in (base, other):
        denoiser.load_state_dict(tiny_denoiser.state_dict(), strict=False)
    torch.nn.init.normal_(other.network.previous_scalars.weight)
    calls = None, earlier_call(u, epsilon)
    losses = [distillation_loss(other, base, flow, batch, epsilon, u, 0.03, c) for c in calls]
    assert losses[0] == 0 and losses[1] > 1e-3
