"""One batch of samples: noise, samplers, calls."""

import numpy as np
import pytest
import torch

import protdiff
from protdiff.flow import SAMPLERS
from protdiff.sampling.plan import Request
from protdiff.sampling.sample import network_calls, noise_source, sample
from protdiff.sampling.settings import SAMPLER_NAMES, SamplingSettings

from ..conftest import TINY


def test_streams_of_seeds_and_samples_do_not_meet():
    # A list as entropy would give sample 3 of seed 5 to sample 0 of this seed.
    noises = [
        noise_source([Request(index, 8)], 8, seed)()
        for seed, index in ((5, 3), (5 + 3 * 2**32, 0), (3, 5), (5, 0))
    ]
    for i, one in enumerate(noises):
        assert all(not torch.equal(one, other) for other in noises[:i])


def test_calls_are_the_steps(tiny_denoiser):
    calls = []
    settings = SamplingSettings(steps=7)
    made = sample(tiny_denoiser, [Request(0, 16)], settings, callback=lambda *a: calls.append(a))
    assert len(calls) == made[0].calls == 7


def test_every_sampler_is_reached(tiny_weights):
    """Names of the settings are those of the samplers, and each draws something else."""
    assert set(SAMPLER_NAMES) == {*SAMPLERS, "multistep"}
    options = {
        "ode_2m": {},
        "ddim": {},
        "ancestral": {},
        "sde_2m": {},
        "matched": {},
        "heun": {},
        "rgdm": {},
    }
    drawn = [
        protdiff.generate(length=16, steps=6, sampler=name, weights=tiny_weights, **more)[0].ca
        for name, more in options.items()
    ]
    for i, a in enumerate(drawn):
        assert all(np.abs(a - b).max() > 1e-3 for b in drawn[:i])


def test_diffusion_joins_ode_and_sde(tiny_weights):
    """The ends of the family are the samplers of that name, to the byte."""
    draw = {"length": 16, "steps": 6, "weights": tiny_weights}
    for diffusion, name in ((0.0, "ode_2m"), (1.0, "sde_2m")):
        [a] = protdiff.generate(sampler="multistep", diffusion=diffusion, **draw)
        [b] = protdiff.generate(sampler=name, **draw)
        assert np.array_equal(a.coords, b.coords)
    [between] = protdiff.generate(sampler="multistep", diffusion=0.5, **draw)
    assert np.abs(between.coords - b.coords).max() > 0.01


def test_churn_on_a_variance_exploding_flow(tiny_weights, tmp_path):
    """S_churn of EDM reaches Heun's sampler: 0 is none of it, 40 changes the sample."""
    from protdiff.flow.zoo import recipe
    from protdiff.network import Denoiser
    from protdiff.network.weights import save_weights

    torch.manual_seed(0)
    denoiser = Denoiser(TINY, recipe("edm"))
    torch.nn.init.normal_(denoiser.network.head.weight, std=0.1)
    path = tmp_path / "edm.safetensors"
    save_weights(path, denoiser)
    draw = {"length": 12, "steps": 8, "weights": path, "sampler": "heun"}
    [plain], [none], [some] = (
        protdiff.generate(**draw, **churn) for churn in ({}, {"churn": 0.0}, {"churn": 40.0})
    )
    assert np.array_equal(plain.coords, none.coords)
    assert np.abs(plain.coords - some.coords).max() > 1e-3
    with pytest.raises(ValueError, match="variance-exploding flows alone"):
        protdiff.generate(length=12, sampler="heun", churn=40.0, weights=tiny_weights)


def test_atoms_of_a_flow_without_links_are_refused():
    """Without link vectors N, C and O would all lie on the line between CA atoms."""
    from protdiff.flow.zoo import recipe
    from protdiff.network import Denoiser

    with pytest.raises(ValueError, match="`weights`: their flow has no link vectors"):
        sample(Denoiser(TINY, recipe("rgdm")), [Request(0, 12)], SamplingSettings(steps=2))


def test_calls_are_counted(tiny_denoiser):
    """Heun's rule calls the network twice a step; the plan says as many as are made."""
    for sampler in ("matched", "heun"):
        settings, seen = SamplingSettings(steps=5, sampler=sampler), []
        [made] = sample(tiny_denoiser, [Request(0, 12)], settings, advance=seen.append)
        assert made.calls == len(seen) == network_calls(settings)


@pytest.mark.parametrize("value", [1e5, float("nan")])
def test_a_sampler_that_diverges_is_said(tiny_denoiser, monkeypatch, value):
    """Nothing of it may reach a file."""
    from protdiff.flow import SAMPLERS

    def diverged(denoise, flow, times, noise, **options):
        return torch.full((1, 24, 3), value, dtype=torch.float64)

    monkeypatch.setitem(SAMPLERS, "heun", diverged)
    with pytest.raises(ValueError, match="`sampler` heun: has diverged"):
        sample(tiny_denoiser, [Request(0, 12)], SamplingSettings(steps=4, sampler="heun"))
