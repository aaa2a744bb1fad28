"""Flow × network: exactness at the start, symmetries, batches (T8, T14, T15, T16)."""

import pytest
import torch
from e3nn import o3

from protdiff.flow import (
    ChainFlow,
    gaussian_oracle,
    ode_2m,
    sde_2m,
    to_coords,
    to_modes,
    uniform_times,
)
from protdiff.network import Denoiser

from ..conftest import TINY

#: Times at which a chain of 40 residues is seen as 40 beads with links (twice) and without, as
#: 24 beads, and (twice) as 16.
TIMES = (0.0, 0.2, 0.45, 0.6, 0.75, 1.0)


def state(flow, draw, u, seed=0):
    """Noisy components of Gaussian chains at time u."""
    total = flow.kernel(u).total.sqrt()
    return (total[..., None] * draw(*flow.mask.shape, 3, seed=seed)).masked_fill(
        ~flow.mask[..., None], 0
    )


def at(u, rows):
    return torch.full((rows,), u, dtype=torch.float64)


def test_the_times_cover_all_resolutions(make_denoiser, draw):
    denoiser, seen = make_denoiser(), []
    flow = denoiser.recipe([40])
    denoiser.network.register_forward_pre_hook(
        lambda _, inputs: seen.append((inputs[0].mask.shape[1], bool(inputs[0].links.any())))
    )
    for u in TIMES:
        denoiser(draw(1, 80, 3), at(u, 1), [40], flow)
    assert seen == [(40, True), (40, True), (40, False), (24, False), (16, False), (16, False)]


@pytest.mark.parametrize("prior", ["measured", "calibrated", "rgdm"])
@pytest.mark.parametrize("u", TIMES)
def test_an_untrained_denoiser_is_exact_for_gaussian_chains(make_denoiser, draw, u, prior):
    lengths = [40, 12, 33]
    flow, denoise = make_denoiser(head=False, prior=prior).bind(lengths)
    x = state(flow, draw, at(u, 3))
    exact = gaussian_oracle(flow)(x, at(u, 3))
    assert torch.allclose(denoise(x, at(u, 3)), exact, rtol=1e-10, atol=0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("u", TIMES)
def test_rotations_and_reflections(make_denoiser, draw, rotation, u, dtype, tolerance):
    lengths, turn = [40, 21], rotation()
    flow, denoise = make_denoiser(dtype=dtype).bind(lengths)
    x, u = state(flow, draw, at(u, 2)), at(u, 2)
    plain = denoise(x, u)
    scale = plain.abs().amax((0, 2))[None, :, None].clamp_min(1e-3)  # modes differ 1000-fold
    error = (denoise(x @ turn.T, u) - plain @ turn.T).abs() / scale
    assert error.max() < tolerance
    if u[0] < 1:
        mirror = (denoise(-x, u) + plain).abs() / flow.variance.sqrt()[..., None]
        assert mirror[flow.mask].max() > 1e-6  # see the next test for the size of it


def test_a_mirrored_chain_is_not_denoised_to_the_mirror_image(make_denoiser, draw):
    denoiser, lengths = make_denoiser(), [40, 21]
    flow, u = denoiser.recipe(lengths), at(0.3, 2)
    x = state(flow, draw, u)
    plain, active = denoiser(x, u, lengths, flow)
    mirrored, _ = denoiser(-x, u, lengths, flow)
    assert (plain + mirrored)[active].square().mean() > 0.01 * plain[active].square().mean()


@pytest.mark.parametrize("shift", range(5))
def test_a_padded_batch_equals_item_by_item(make_denoiser, draw, tiny, shift):
    """Every chain at a time, and so at a resolution, of its own."""
    lengths, size = [40, 8, 21, 33, 30], 40
    denoiser = make_denoiser()
    conditions = draw(5, size, tiny.conditions, seed=5).float()
    flow, denoise = denoiser.bind(lengths, conditions)
    u = torch.tensor(TIMES[:5], dtype=torch.float64).roll(shift)
    x = state(flow, draw, u)
    together = denoise(x, u)
    assert (together[~flow.mask] == 0).all()
    for row, n in enumerate(lengths):
        _, alone = denoiser.bind([n], conditions[row : row + 1, :n])
        item = x[row].view(2, size, 3)[:, :n].flatten(0, 1)[None]
        padded = together[row].view(2, size, 3)[:, :n].flatten(0, 1)
        assert torch.allclose(alone(item, u[row : row + 1])[0], padded, rtol=0, atol=1e-6), n
    _, plain = denoiser.bind(lengths)
    change = (plain(x, u) - together).abs().amax((1, 2))
    assert (change > 1e-5).all()  # the network and its conditions do act


@pytest.mark.parametrize("u", TIMES)
def test_masked_components_are_neither_read_nor_written(make_denoiser, draw, u):
    """The centroid, the padding, and components above the cut-off's reach."""
    denoiser, lengths = make_denoiser(), [40, 21]
    flow, u = denoiser.recipe(lengths), at(u, 2)
    x = state(flow, draw, u)
    output, active = denoiser(x, u, lengths, flow)
    assert (output[~active] == 0).all() and not active[~flow.mask].any()
    dirty = x.masked_fill(~active[..., None], 17.0)
    assert torch.equal(denoiser(dirty, u, lengths, flow)[0], output)
    _, denoise = denoiser.bind(lengths)
    moved = x.masked_fill(~flow.mask[..., None], 17.0)
    assert torch.equal(denoise(moved, u), denoise(x, u))


def test_translations(make_denoiser, draw):
    """Moving all coordinates changes mode 0 alone, and that is dropped."""
    n, u = 40, at(0.1, 1)
    flow, denoise = make_denoiser().bind([n])
    x = state(flow, draw, u)
    moved = x.clone()
    coords = to_coords(x[:, :n], [n]) + torch.tensor([11.0, -7.0, 100.0])
    moved[:, :n] = to_modes(coords, [n])
    # Rounding of coordinates of 100 Å: 1e-14 relative.
    assert torch.allclose(denoise(moved, u), denoise(x, u), rtol=0, atol=1e-9)


def test_active_modes_are_a_prefix_that_grows_as_time_falls(make_denoiser, draw):
    denoiser, n = make_denoiser(), 60
    flow, counts = denoiser.recipe([n]), []
    for u in torch.linspace(1, 0, 12, dtype=torch.float64):
        _, active = denoiser(draw(1, 2 * n, 3), u[None], [n], flow)
        modes = active[0, 1:n]
        assert (modes.long().diff() <= 0).all()
        assert modes.all() or not active[0, n:].any()  # links come last
        counts.append(int(active.sum()))
    assert counts == sorted(counts) and counts[0] <= 1 and counts[-1] == 2 * (n - 1)


def test_single_precision_agrees_with_double(make_denoiser, draw):
    (flow, single), (_, double) = (
        make_denoiser(dtype=dtype).bind([40, 21]) for dtype in (torch.float32, torch.float64)
    )
    for u in TIMES:
        x = state(flow, draw, at(u, 2))
        error = (single(x, at(u, 2)) - double(x, at(u, 2))).abs() / flow.variance.sqrt()[..., None]
        assert error[flow.mask].max() < 1e-4  # some tens of rounding errors of 6e-8


def test_bf16_is_near_single_precision_and_equivariant(make_denoiser, draw):
    """Geometry stays exact: turned noise gives turned estimates to rounding of the products."""
    plain, short = (make_denoiser(dtype=torch.float32) for _ in "12")
    short.network.use_bf16()
    (flow, exact), (_, rounded) = (d.bind([40, 21]) for d in (plain, short))
    turn = o3.rand_matrix().double()
    for u in TIMES:
        x = state(flow, draw, at(u, 2))
        wide = flow.variance.sqrt()[..., None]
        there = exact(x, at(u, 2)), rounded(x, at(u, 2))
        error = ((there[1] - there[0]) / wide)[flow.mask].abs()
        assert 0 < error.max() < 0.05
        back = rounded(x @ turn.T, at(u, 2)) @ turn
        assert ((back - there[1]) / wide)[flow.mask].abs().max() < 0.05


def noise_source(draw, rows, size, turn=None):
    """Fixed noise for `rows` of a batch of four chains, cut to `size` beads."""
    calls = iter(range(100))

    def noise():
        numbers = draw(4, 2, 40, 3, seed=next(calls))[rows, :, :size].flatten(1, 2)
        return numbers if turn is None else numbers @ turn.T

    return noise


@pytest.mark.parametrize("sampler", [sde_2m, ode_2m])
def test_sampling_a_padded_batch_equals_item_by_item(make_denoiser, draw, sampler):
    lengths, denoiser = [40, 8, 21, 33], make_denoiser()
    flow, denoise = denoiser.bind(lengths)
    times = uniform_times(8)
    together = sampler(denoise, flow, times, noise_source(draw, slice(None), 40))
    assert together.isfinite().all() and (together[~flow.mask] == 0).all()
    for row, n in enumerate(lengths):
        flow, denoise = denoiser.bind([n])
        alone = sampler(denoise, flow, times, noise_source(draw, slice(row, row + 1), n))
        padded = together[row].view(2, 40, 3)[:, :n].flatten(0, 1)
        assert torch.allclose(alone[0], padded, rtol=0, atol=1e-6), n


@pytest.mark.parametrize("sampler", [sde_2m, ode_2m])
def test_sampling_with_rotated_noise_rotates_the_sample(make_denoiser, draw, rotation, sampler):
    lengths, turn = [40, 8, 21, 33], rotation(3)
    flow, denoise = make_denoiser(dtype=torch.float32).bind(lengths)
    plain, turned = (
        sampler(denoise, flow, uniform_times(8), noise_source(draw, slice(None), 40, r))
        for r in (None, turn)
    )
    # float32 network, relative to the size of the chain (T15).
    assert (turned - plain @ turn.T).abs().max() < 1e-4 * plain.abs().max()
    mirrored = sampler(
        denoise, flow, uniform_times(8),
        noise_source(draw, slice(None), 40, -torch.eye(3, dtype=torch.float64)),
    )  # fmt: skip
    assert (mirrored + plain).abs().max() > 1e-2 * plain.abs().max()


def test_vp_schedule_runs_through_network_and_sampler():
    torch.manual_seed(0)
    denoiser = Denoiser(TINY, ChainFlow(schedule="vp"))
    torch.nn.init.normal_(denoiser.network.head.weight, std=0.3)
    flow, denoise = denoiser.bind([12, 20])
    generator = torch.Generator().manual_seed(0)
    sample = sde_2m(
        denoise, flow, uniform_times(6),
        lambda: torch.randn(2, 40, 3, generator=generator, dtype=torch.float64),
    )  # fmt: skip
    assert sample.isfinite().all()
    assert not sample[0, 12:20].any() and sample[1, 12:20].any()  # the padding of the shorter chain
