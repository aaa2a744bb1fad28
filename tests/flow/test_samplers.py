"""What every sampler keeps: exact single steps, masks, batches, symmetries (T14, T15, T16)."""

import itertools

import pytest
import torch

from protdiff.flow import (
    SAMPLERS,
    VP,
    ChainFlow,
    Flow,
    ancestral,
    ddim,
    gaussian_oracle,
    matched,
    ode_2m,
    sde_2m,
    to_coords,
    uniform_times,
)
from protdiff.flow.reference_spectrum import real_spectrum

EVERY = pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
RECIPE = ChainFlow(spectrum=real_spectrum())


def recorded_noise(shape, seed, dtype=torch.float64, change=lambda x: x):
    """Noise source that can be repeated, with every draw changed the same way."""
    generator = torch.Generator().manual_seed(seed)
    return lambda: change(torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype))


def draw(sampler, flow, noise, steps=12, **options):
    return sampler(gaussian_oracle(flow), flow, uniform_times(steps), noise, **options)


@pytest.mark.parametrize("variance", ["posterior", "analytic"])
def test_one_ancestral_step_is_the_exact_posterior(chain64, variance):
    """q(x_s | x_u, x_0) by conditioning the joint Gaussian (docs/theory.md 3.1)."""
    flow = chain64.flow(VP(-3, 2), 3)
    times = torch.tensor([0.8, 0.3], dtype=torch.float64)
    at_u, at_s = (flow.kernel(t.expand(3)) for t in times)
    ratio = at_u.alpha / at_s.alpha
    added = at_u.sigma**2 - ratio**2 * at_s.sigma**2  # variance the noise gains from s to u
    width = 1 / (1 / at_s.sigma**2 + ratio**2 / added)
    from_state, from_clean = width * ratio / added, width * at_s.alpha / at_s.sigma**2
    if variance == "analytic":  # x_0 is drawn from its own posterior
        posterior = 1 / (at_u.alpha**2 / at_u.sigma**2 + 1 / flow.variance)
        width = width + from_clean**2 * posterior

    unit = torch.zeros(3, 63, 3, dtype=torch.float64)
    start, clean, noise = unit.clone(), unit.clone(), unit.clone()
    start[0], clean[1], noise[2] = 1, 1, 1  # one row per coefficient
    draws, seen = iter([start / flow.prior.sqrt()[..., None], noise]), {}
    ancestral(
        lambda x, u: clean,
        flow,
        times,
        lambda: next(draws),
        variance=variance,
        callback=lambda i, u, x, c: seen.update(x=x),
    )
    found = seen["x"][..., 0]
    for value, expected in zip(found, (from_state, from_clean, width.sqrt()), strict=True):
        assert torch.allclose(value, expected[0], rtol=1e-10)


@EVERY
def test_calls_and_result(sampler):
    flow, seen, noises = RECIPE([20]), [], itertools.count()
    source = recorded_noise((1, 40, 3), 0)

    def noise():
        next(noises)
        return source()

    clean = draw(sampler, flow, noise, callback=lambda *call: seen.append(call))
    assert [index for index, *_ in seen] == list(range(12))
    assert [u for _, u, *_ in seen] == pytest.approx(torch.linspace(1, 0, 12).tolist())
    assert torch.equal(seen[-1][3].masked_fill(~flow.mask[..., None], 0), clean)
    assert next(noises) == (12 if sampler in (ancestral, matched, sde_2m, SAMPLERS["rgdm"]) else 1)
    assert (clean[~flow.mask] == 0).all() and (seen[-1][2][~flow.mask] == 0).all()


@EVERY
def test_components_that_do_not_exist_stay_zero_whatever_the_denoiser_says(sampler):
    flow = RECIPE([20, 11])
    clean = sampler(
        lambda x, u: torch.ones_like(x), flow, uniform_times(3), recorded_noise((2, 40, 3), 0)
    )
    assert (clean[~flow.mask] == 0).all() and (clean[flow.mask] == 1).all()


def test_second_order_needs_a_previous_step(chain64):
    """After a halt (h = 0, w = 0) a step is of first order, however the estimates differ."""
    flow = chain64.flow(VP(-4, 4))
    estimates = [torch.full((1, 63, 3), v, dtype=torch.float64) for v in (1.0, 5.0, 9.0, 9.0)]
    times = torch.tensor([0.6, 0.6, 0.3], dtype=torch.float64)
    last = []
    for sampler in (ode_2m, ddim):
        answers, states = iter(estimates), []
        sampler(
            lambda x, u, a=answers: next(a), flow, times, recorded_noise((1, 63, 3), 0),
            callback=lambda i, u, x, c, s=states: s.append(x),
        )  # fmt: skip
        last.append(states[-1])
    assert torch.equal(*last)


def test_at_least_one_step_and_a_known_variance():
    with pytest.raises(ValueError, match="at least 1"):
        uniform_times(0)
    assert uniform_times(1).tolist() == [1.0]
    flow = RECIPE([20])
    with pytest.raises(ValueError, match="other"):
        draw(ancestral, flow, recorded_noise((1, 40, 3), 0), variance="other")


@EVERY
def test_temperature_scales_the_variance_of_gaussian_chains(sampler):
    flow = RECIPE([20])
    cold, warm = (
        draw(sampler, flow, recorded_noise((1, 40, 3), 0), temperature=t) for t in (0.25, 1.0)
    )
    assert torch.allclose(cold, warm / 2, rtol=1e-12)


@EVERY
def test_modes_that_do_not_move_keep_their_value(sampler, chain64):
    """Clipped schedules: h = 0 (docs/theory.md 3.2). A grid may even stand still for some steps."""
    flow = chain64.flow(VP(-4, 4))
    moving = torch.tensor([1, 0.6, 0.3], dtype=torch.float64)
    halting = torch.tensor([1, 0.6, 0.6, 0.6, 0.3], dtype=torch.float64)
    normal = torch.randn(3, 1, 63, 3, dtype=torch.float64)
    zero = torch.zeros_like(normal[0])
    options = {"variance": "posterior"} if sampler is ancestral else {}
    results = []
    for times, draws in (
        (moving, [normal[0], normal[1], normal[2]]),
        (halting, [normal[0], normal[1], zero + 7, zero + 7, normal[2]]),
    ):
        source = iter(draws)
        states = []
        sampler(
            gaussian_oracle(flow), flow, times, lambda s=source: next(s),
            callback=lambda i, u, x, c, s=states: s.append(x), **options,
        )  # fmt: skip
        results.append(states)
    assert torch.allclose(results[0][1], results[1][3], rtol=1e-12)
    assert all(x.isfinite().all() for x in results[1])


@EVERY
@pytest.mark.parametrize("length", [8, 13, 40, 200, 1000])
def test_finite_at_all_lengths(sampler, length):
    flow = RECIPE([length])
    for steps in (2, 10):
        clean = draw(sampler, flow, recorded_noise((1, 2 * length, 3), 0, torch.float32), steps)
        assert clean.isfinite().all() and (clean[flow.mask] != 0).all()


@EVERY
def test_a_padded_batch_equals_item_by_item(sampler):
    lengths, size = [8, 30, 21], 30
    fixed = torch.randn(12, 3, 2, size, 3, dtype=torch.float64)

    def source(rows, n):
        draws = iter(fixed[:, rows, :, :n].flatten(2, 3))
        return lambda: next(draws)

    together = draw(sampler, RECIPE(lengths), source(slice(None), size))
    for row, n in enumerate(lengths):
        alone = draw(sampler, RECIPE([n]), source(slice(row, row + 1), n))
        padded = together[row].view(2, size, 3)[:, :n].flatten(0, 1)
        assert torch.allclose(padded, alone[0], rtol=0, atol=1e-10)


@EVERY
def test_single_precision_noise(sampler):
    flow = RECIPE([100])
    single, double = (
        draw(sampler, flow, recorded_noise((1, 200, 3), 1, dtype))
        for dtype in (torch.float32, torch.float64)
    )
    # Coefficients are float64, so only the rounding of the draws is left: 6e-8 relative.
    error = (single - double).abs() / flow.variance.sqrt()[..., None]
    assert error[flow.mask].max() < 1e-5


@EVERY
def test_rotated_noise_gives_rotated_samples(sampler):
    flow = RECIPE([30])
    turn, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))
    plain, turned = (
        draw(sampler, flow, recorded_noise((1, 60, 3), 2, change=change))
        for change in (lambda x: x, lambda x: x @ turn)
    )
    assert torch.allclose(plain @ turn, turned, rtol=0, atol=1e-9)  # Heun amplifies the rounding


def mean_dihedrals(ca):
    """Mean sine of the dihedral angles of consecutive beads: positive for right-handed turns."""
    bonds = ca[:, 1:] - ca[:, :-1]
    normals = torch.linalg.cross(bonds[:, :-1], bonds[:, 1:])
    normals = normals / normals.norm(dim=-1, keepdim=True)
    axes = bonds[:, 1:-1] / bonds[:, 1:-1].norm(dim=-1, keepdim=True)
    turn = torch.linalg.cross(normals[:, :-1], normals[:, 1:])
    return (turn * axes).sum(-1).mean(-1)


def test_gaussian_chains_have_no_hand():
    """Reflection-symmetric data: mirrored noise, mirrored sample; half of them of each hand."""
    count, n = 600, 30
    base = RECIPE([n])
    rows = torch.zeros(count, dtype=torch.long)
    flow = Flow(*(getattr(base, f)[rows] for f in ("momenta", "variance", "prior", "mask")),
                schedule=base[rows].schedule)  # fmt: skip
    mirror = torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
    hands = []
    for change in (lambda x: x, lambda x: x * mirror):
        clean = draw(sde_2m, flow, recorded_noise((count, 2 * n, 3), 3, change=change))
        hands.append(mean_dihedrals(to_coords(clean[:, :n], [n] * count)))
    assert torch.allclose(hands[0], -hands[1], atol=1e-9)
    right = float((hands[0] > 0).double().mean())
    assert abs(right - 0.5) < 4 * 0.5 / count**0.5  # four standard deviations
    helix = 100 / 180 * torch.pi * torch.arange(n, dtype=torch.float64)
    helix = torch.stack([2.3 * helix.cos(), 2.3 * helix.sin(), 1.5 * torch.arange(n)], 1)[None]
    assert mean_dihedrals(helix) > 0.5  # the sign convention: α helices are right-handed
