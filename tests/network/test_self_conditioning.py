"""A network that is shown its earlier estimate: symmetries, batches, what is remembered."""

from dataclasses import replace

import pytest
import torch

from protdiff.network import Denoiser
from protdiff.network.weights import save_weights
from protdiff.training.config import TrainingConfig
from protdiff.training.trainer import Trainer

from ..conftest import TINY
from .test_denoiser import TIMES, at, state

LENGTHS = [40, 12, 33]


@pytest.fixture
def make(recipe):
    """Denoiser with self-conditioning, all of its weights random."""

    def make(start=False, dtype=torch.float64):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            denoiser = Denoiser(replace(TINY, self_conditioning=True), recipe)
            torch.nn.init.normal_(denoiser.network.head.weight)
            for name, parameter in denoiser.named_parameters():
                if ".previous" in name and not start:
                    torch.nn.init.normal_(parameter, std=0.5)
        return denoiser.to(dtype).requires_grad_(False)

    return make


def pair(denoiser, draw, u, lengths=LENGTHS):
    """Flow, noisy components, times and an earlier estimate."""
    flow, u = denoiser.recipe(lengths), at(u, len(lengths))
    return flow, state(flow, draw, u), u, state(flow, draw, at(0.0, len(lengths)), seed=1)


@pytest.mark.parametrize("u", TIMES[:-1])
def test_rotations_turn_estimate_and_earlier_estimate_alike(make, draw, rotation, u):
    denoiser, turn = make(), rotation()
    flow, x, u, before = pair(denoiser, draw, u)
    plain = denoiser.estimate(x, u, LENGTHS, flow, None, before)
    turned = denoiser.estimate(x @ turn.T, u, LENGTHS, flow, None, before @ turn.T)
    scale = plain.abs().amax((0, 2))[None, :, None].clamp_min(1e-3)
    assert ((turned - plain @ turn.T).abs() / scale).max() < 1e-10
    alone = denoiser.estimate(x, u, LENGTHS, flow)
    assert (alone - plain).abs().amax((1, 2)).min() > 1e-4  # it does act, on every chain


@pytest.mark.parametrize("u", TIMES[:-1])
def test_a_padded_batch_equals_item_by_item(make, draw, u):
    denoiser = make()
    flow, x, u, before = pair(denoiser, draw, u)
    before = before.masked_fill(~flow.mask[..., None], 17.0)  # padding is never read
    together = denoiser.estimate(x, u, LENGTHS, flow, None, before)
    for row, n in enumerate(LENGTHS):
        alone_x, earlier, padded = (
            t[row].view(2, 40, 3)[:, :n].flatten(0, 1)[None] for t in (x, before, together)
        )
        alone = denoiser.estimate(alone_x, u[:1], [n], denoiser.recipe([n]), None, earlier)
        assert torch.allclose(alone, padded, rtol=0, atol=1e-6), n


@pytest.mark.parametrize("u", TIMES)
def test_before_training_the_earlier_estimate_changes_nothing(make, draw, u):
    denoiser = make(start=True)
    flow, x, u, before = pair(denoiser, draw, u)
    plain = denoiser.estimate(x, u, LENGTHS, flow)
    assert torch.equal(denoiser.estimate(x, u, LENGTHS, flow, None, before), plain)


def test_a_walk_remembers_its_last_estimate_and_a_new_walk_does_not(make, draw):
    denoiser = make()
    flow, x, u, _ = pair(denoiser, draw, 0.45)
    _, denoise = denoiser.bind(LENGTHS, remember=True)
    _, forgetful = denoiser.bind(LENGTHS)
    first = denoise(x, u)
    assert torch.equal(first, forgetful(x, u))
    later = denoise(x, u - 0.1)
    assert torch.equal(later, denoiser.estimate(x, u - 0.1, LENGTHS, flow, None, first))
    assert not torch.equal(later, forgetful(x, u - 0.1))
    assert torch.equal(denoise(x, u), first)  # more noise than before: a walk of its own
    _, another = denoiser.bind(LENGTHS, remember=True)
    assert torch.equal(another(x, u), first)


def test_training_goes_on_from_weights_without_it(tiny_denoiser, tiny_archive, tmp_path, recipe):
    path = tmp_path / "plain.safetensors"
    save_weights(path, tiny_denoiser)
    sizes = dict(scalars=16, vectors=8, layers=2, heads=2, hidden=32, products=4, embedding=16)
    config = TrainingConfig(
        data=tiny_archive, out=tmp_path / "run", initial=str(path), steps=1,
        network=sizes | {"self_conditioning": True},
    )  # fmt: skip
    denoiser = Trainer(config).denoiser
    fresh = [p for name, p in denoiser.named_parameters() if ".previous" in name]
    assert sum(p.numel() > 0 for p in fresh) == 4 and not any(p.any() for p in fresh)
    trained = denoiser.state_dict()
    assert all(torch.equal(trained[name], t) for name, t in tiny_denoiser.state_dict().items())
