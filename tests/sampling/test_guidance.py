"""Guidance: the formula, what it leaves alone, and how files and training carry the guide."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

import protdiff
from protdiff.network import Denoiser
from protdiff.network.denoiser import guidance_weights
from protdiff.network.weights import WeightsError, load_weights, save_adapters, save_weights
from protdiff.sampling.guidance import guidance_of
from protdiff.sampling.plan import Request
from protdiff.sampling.sample import sample
from protdiff.sampling.settings import DEFAULT_GUIDANCE, SamplingSettings
from protdiff.training import Trainer, TrainingConfig

from ..conftest import TINY


@pytest.mark.parametrize("u", [0.5, 0.7, 0.95])
def test_the_estimate_is_extrapolated_from_the_guide(guided, u):
    lengths = [20, 14]
    x = torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u = torch.full((2,), u, dtype=torch.float64)
    flow, denoise = guided.bind(lengths)
    plain, weaker = denoise(x, u), guided.guide.bind(lengths, flow=flow)[1](x, u)
    assert not torch.equal(plain, weaker)
    guided_estimate = guided.bind(lengths, guidance=2.5)[1](x, u)
    weight = guidance_weights(flow, u, 2.5)
    assert torch.allclose(guided_estimate, weaker + weight * (plain - weaker), atol=1e-9)
    assert (guided_estimate[~flow.mask] == 0).all()


def test_a_walk_remembers_the_guided_estimate(guided):
    """Conditions correct the estimate in place; the next call must see what became of it."""
    denoiser = copy.deepcopy(guided)
    denoiser.network = Denoiser(replace(TINY, self_conditioning=True), guided.recipe).network
    for parameter in denoiser.network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    denoiser.requires_grad_(False)
    x = torch.randn(1, 40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    flow, denoise = denoiser.bind([20], remember=True, guidance=2.0)
    u = torch.tensor([0.4], dtype=torch.float64)
    first = denoise(x, u)
    first += 0.1
    later = denoise(x, u - 0.1)
    plain = denoiser.estimate(x, u - 0.1, [20], flow, None, first)
    weaker = denoiser.guide.estimate(x, u - 0.1, [20], flow)
    weight = guidance_weights(flow, u - 0.1, 2.0)
    assert torch.allclose(later, weaker + weight * (plain - weaker), atol=1e-9)


def test_guidance_acts_on_undecided_and_on_fine_modes(guided):
    flow = guided.recipe([20, 14])
    u = torch.tensor([0.8, 0.6], dtype=torch.float64)
    weight, alpha = guidance_weights(flow, u, 3.0)[..., 0], flow.kernel(u).alpha
    for row, n in enumerate([20, 14]):
        for mode in range(1, n):
            acts = alpha[row, mode] ** 2 < 0.4 or mode / n > 0.5  # momenta π n / N
            assert weight[row, mode] == (3 if acts else 1), (row, mode)
    assert (weight[:, 20:] == 1).all()
    assert len(weight[0, 1:10].unique()) == 2  # both happen among the slow modes


def test_the_guide_is_not_called_once_the_links_are_decided(guided, monkeypatch):
    flow, denoise = guided.bind([20], guidance=3.0)
    times = torch.linspace(0, 1, 101, dtype=torch.float64)
    first, called = float(times[flow.kernel(times).alpha[:, 20] ** 2 < 0.4][0]), []
    assert 0.2 < first < 0.6
    estimate = guided.guide.estimate

    def noted(x, u, *rest):
        called.append(float(u))
        return estimate(x, u, *rest)

    monkeypatch.setattr(guided.guide, "estimate", noted)
    x = torch.randn(1, 40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for u in times:
        found = denoise(x, u.expand(1))
        if u < first:
            assert torch.equal(found, guided.bind([20])[1](x, u.expand(1)))
    assert called == times[times >= first].tolist()


def test_without_guidance_the_guide_is_not_there(guided, tiny_denoiser):
    def coords(denoiser, **how):
        settings = SamplingSettings(steps=4, **how)
        return sample(denoiser, [Request(0, 24)], settings)[0].backbone.coords

    plain = coords(tiny_denoiser)
    assert np.array_equal(coords(guided, guidance=1), plain)
    assert np.array_equal(coords(guided), coords(guided, guidance=DEFAULT_GUIDANCE))
    assert np.abs(coords(guided) - plain).max() > 0.01


def test_which_guidance(guided, tiny_denoiser):
    assert guidance_of(guided) == DEFAULT_GUIDANCE and guidance_of(tiny_denoiser) == 1
    assert guidance_of(guided, SamplingSettings(guidance=2)) == 2
    assert guidance_of(tiny_denoiser, SamplingSettings(guidance=1.0)) == 1
    with pytest.raises(ValueError, match="`guidance` 2: these weights have no guide"):
        guidance_of(tiny_denoiser, SamplingSettings(guidance=2))
    for wrong in (0.5, 1e9, float("nan")):
        with pytest.raises(ValueError, match="must be 1"):
            SamplingSettings(guidance=wrong)


def test_a_file_holds_both(guided, guided_file, tiny_weights):
    loaded = load_weights(guided_file)
    assert loaded.guide.network.config == guided.guide.network.config
    tensors, expected = loaded.state_dict(), guided.state_dict()
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in tensors)
    assert load_weights(tiny_weights).guide is None
    [steered], [free] = (
        protdiff.generate(length=20, steps=3, weights=guided_file, **how)
        for how in ({}, {"guidance": 1})
    )
    assert np.abs(steered.coords - free.coords).max() > 0.01


def test_adapters_take_the_guide_of_their_base(guided, guided_file, tmp_path):
    from protdiff.network.adapters import adapter_tensors, add_adapters

    other = load_weights(guided_file)
    add_adapters(other.network, 2)
    save_adapters(tmp_path / "mine.safetensors", adapter_tensors(other.network), guided_file)
    assert load_weights(tmp_path / "mine.safetensors").guide is not None


def test_adapters_go_with_their_base_whatever_its_guide(guided, tmp_path):
    from protdiff.network.adapters import adapter_tensors, add_adapters

    alone, base = copy.deepcopy(guided), tmp_path / "base.safetensors"
    alone.guide = None
    save_weights(base, alone)
    other = load_weights(base)
    add_adapters(other.network, 2)
    save_adapters(tmp_path / "mine.safetensors", adapter_tensors(other.network), base)
    save_weights(base, guided)
    assert load_weights(tmp_path / "mine.safetensors").guide is not None
    guided = copy.deepcopy(guided)
    guided.network.head.weight.data += 1
    save_weights(base, guided)
    with pytest.raises(WeightsError, match="put them into the same folder"):
        load_weights(tmp_path / "mine.safetensors")


@pytest.mark.parametrize("flow", ["rg", "vp"])
def test_training_carries_the_guide_of_its_flow(flow, guided, guided_file, tiny_archive, tmp_path):
    sizes = dict(scalars=16, vectors=8, layers=2, heads=2, hidden=32, products=4, embedding=16)
    config = TrainingConfig(
        data=tiny_archive, out=tmp_path / "run", initial=str(guided_file), steps=2, beads=256,
        flow=flow, network=sizes,
    )  # fmt: skip
    trained = load_weights(Trainer(config).fit(report=lambda _: None))
    changed = trained.network.state_dict()["head.weight"]
    assert not torch.equal(changed, guided.network.state_dict()["head.weight"])
    if flow == "vp":
        assert trained.guide is None
        return
    tensors, expected = trained.guide.state_dict(), guided.guide.state_dict()
    assert all(torch.equal(tensors[name], expected[name]) for name in tensors)
