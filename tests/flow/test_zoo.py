"""Named flows: known by name, finite everywhere, refused when wrong."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import protdiff
from protdiff.flow import SAMPLERS, gaussian_oracle, rgdm, uniform_times
from protdiff.flow.zoo import FLOWS, get, recipe


def test_by_name_from_the_package():
    flow = protdiff.flow.zoo.get("rgdm", length=128)
    assert flow.mask.sum() == 127
    assert float(flow.schedule.first) == rgdm.initial_cutoff(128)
    # One published step lowers ln Λ by 1/τ_RG.
    steps = torch.tensor([0.0, 1 / rgdm.steps(128)], dtype=torch.float64)
    first, second = (flow.schedule.log_cutoff(u[None]) for u in steps)
    assert float(first - second) == pytest.approx(1 / rgdm.decay_time(), rel=1e-12)
    t, u = 40, torch.tensor([40 / rgdm.steps(128)], dtype=torch.float64)
    expected = rgdm.alpha_bar(t, flow.momenta[:, 1:128], 128)
    assert torch.allclose(flow.kernel(u).alpha[:, 1:128] ** 2, expected, rtol=1e-9)


@pytest.mark.parametrize("name", FLOWS)
def test_both_ends(name):
    """Data are resolved at u = 0; at u = 1 the slowest mode has lost nearly all of its signal."""
    flow = get(name, length=100)
    zero, one = (flow.kernel(torch.full((1,), u)) for u in (0.0, 1.0))
    trace = flow.mask[:, :100]
    # Noise in Å rms per residue and coordinate; RGDM as published keeps SNR 9999 at its finest.
    noise = (zero.sigma / zero.alpha)[:, :100][trace].square().sum() / 100
    assert noise.sqrt() < 0.05
    share = (one.alpha**2 * flow.variance / (one.alpha**2 * flow.variance + one.sigma**2))[
        flow.mask
    ]
    assert share.max() < 0.0031


@pytest.mark.parametrize("name", FLOWS)
def test_the_network_clock_runs_backwards(name):
    schedule = get(name, length=64).schedule
    u = torch.linspace(0, 1, 11, dtype=torch.float64)
    clock = torch.stack([schedule.log_cutoff(t[None]) for t in u])
    assert (clock.diff(dim=0) < 0).all()
    back = torch.stack([schedule.time_of(c) for c in clock])
    assert torch.allclose(back.flatten(), u, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(list(FLOWS)),
    length=st.integers(8, 200) | st.sampled_from([500, 1000, 2048]),
    steps=st.integers(1, 30) | st.sampled_from([100, 500]),
    method=st.sampled_from(list(SAMPLERS)),
)
def test_every_flow_is_finite_in_single_precision(name, length, steps, method):
    """float32 states and draws, any number of steps; close to float64 with the same draws."""
    if length * steps > 100_000:
        steps = 20
    flow, results = get(name, length=length), []
    for dtype in (torch.float32, torch.float64):
        generator = torch.Generator().manual_seed(length + steps)

        def noise(generator=generator, dtype=dtype):
            shape = (*flow.mask.shape, 3)
            draw = torch.randn(shape, generator=generator, dtype=torch.float32)
            return draw.to(dtype)

        def denoise(x, u, dtype=dtype):
            return gaussian_oracle(flow)(x, u).to(dtype)

        results.append(SAMPLERS[method](denoise, flow, uniform_times(steps), noise))
    single, double = results
    assert single.isfinite().all()
    scale = flow.variance.sqrt()[..., None]
    assert ((single - double).abs() / scale)[flow.mask].max() < 1e-4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get("rgmd"), "unknown flow 'rgmd': did you mean 'rgdm'"),
        (lambda: get("?"), "choose from rg, rgdm"),
        (lambda: get("rg", length=2), "a chain of 2 residues"),
        (lambda: recipe("rg", regulator="heet"), "unknown regulator 'heet': choose from lognormal"),
        (lambda: recipe("rg", basis="fourier"), "unknown basis"),
        (lambda: recipe("vp", profile="sine"), "unknown profile"),
        (lambda: recipe("rg", prior="flat"), "unknown prior"),
    ],
)
def test_wrong_requests(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert message in str(error.value)
