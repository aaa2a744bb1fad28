"""Chains in windows: the law on a chain of springs (T12b), and what the pieces have in common."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import RadiusOfGyration
from protdiff.flow import ChainFlow, cosine_modes, zoo
from protdiff.flow.conditional import conditional_mean, observation_precision
from protdiff.flow.windows import time_in_window, window_state
from protdiff.network import Denoiser, NetworkConfig
from protdiff.network.weights import load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.frame_choice import FrameChoice
from protdiff.sampling.interior import _coarse_pass, _grids, calls_with_windows, coarse_end
from protdiff.sampling.interior_plan import InteriorPlan
from protdiff.sampling.plan import Texts, plan_requests
from protdiff.sampling.settings import SamplingSettings

FOUR = SamplingSettings(steps=4)
SMALL = NetworkConfig(scalars=8, vectors=4, layers=1, heads=2, hidden=8, products=2, embedding=8)
#: Variance (Å²) with which known residues are observed.
NOISE = 1e-6


def springs(length):
    """A chain of springs, of which the prior of the shipped weights' flow is the law."""
    flow = zoo.get("rg-harmonic", length=length)
    return replace(flow, variance=flow.prior)


def law_of_plan(plan, coarse=True, knows=True):
    """CA positions over independent numbers, as the plan draws a chain of springs.

    The coarse pass and every window draw from their exact laws. Without `coarse`, windows start
    from noise of their own, and without `knows`, nothing is known of other windows.
    """
    n = plan.length
    end = coarse_end(Denoiser(SMALL, zoo.recipe()), n, plan.window)
    whole = springs(n)
    kernel = whole.kernel(torch.tensor([end], dtype=torch.float64))
    state = torch.diag(kernel.total[0].sqrt() * whole.mask[0])
    estimate = cosine_modes(n).mT @ (kernel.c_skip[0, :, None] * state)[:n]
    positions, there = torch.zeros(n, 2 * n, dtype=torch.float64), torch.zeros(n, dtype=torch.bool)
    for start, stop, [(first, last)] in plan.windows():
        size, flow = stop - start, springs(stop - start)
        time = time_in_window(whole, end, flow)
        kernel = flow.kernel(torch.tensor([time], dtype=torch.float64))
        spread = (flow.variance * kernel.sigma**2 / kernel.total)[0, 1:size]
        mean = (kernel.c_skip[0, :, None] * window_state(state, start, stop))[1:size]
        if not coarse:
            spread, mean = flow.variance[0, 1:size], 0 * mean
        mean = torch.nn.functional.pad(mean, (0, positions.shape[1] - 2 * n))
        covariance, modes = torch.diag(spread), cosine_modes(size)[1:].mT
        inside, known = slice(start, stop), there[start:stop] & knows
        if known.any():
            values, rows = positions[inside][known], modes[known]
            noise = torch.full((len(rows),), NOISE, dtype=torch.float64)
            precision = observation_precision(spread, rows, noise, torch.ones_like(rows[:, :1]))
            mean = conditional_mean(mean, spread, rows, values, precision)
            seen = rows * spread
            covariance = covariance - seen.mT @ precision @ seen
        values, vectors = torch.linalg.eigh(covariance)
        made = modes @ torch.cat([mean, vectors * values.clamp(min=0).sqrt()], 1)
        positions = torch.nn.functional.pad(positions, (0, made.shape[1] - positions.shape[1]))
        if known.any():
            shift = (positions[inside] - made)[known].mean(0)
        else:
            shift = torch.zeros_like(made[0])
            shift[: 2 * n] = estimate[inside].mean(0)
        positions[first:last] = (made + shift)[first - start : last - start]
        there[first:last] = True
    return positions


def errors(plan, **options):
    """KL of the law of a plan to that of the whole chain, and the error of its bonds at seams."""
    n = plan.length
    positions, variance = law_of_plan(plan, **options), springs(n).variance[0, 1:n]
    modes = cosine_modes(n)[1:] @ positions / variance.sqrt()[:, None]
    ratio = modes @ modes.mT
    kl = 1.5 * float(ratio.trace() - (n - 1) - torch.logdet(ratio))
    exact = (cosine_modes(n)[1:].mT.diff(dim=0).square() * variance).sum(1)
    bonds = (positions.diff(dim=0).square().sum(1) / exact).sqrt()
    seams = sorted({end for window in plan.windows() for end in window.new[0]} - {0, n})
    return kl, float((bonds[torch.tensor(seams) - 1] - 1).abs().max())


@pytest.mark.parametrize(
    ("length", "window", "nats"), [(600, 256, 2.7e-4), (200, 96, 1.7e-3), (600, 128, 8.8e-3)]
)
def test_a_chain_of_springs_has_its_law(length, window, nats):
    """What docs/howto/extend.md prints; bonds at seams to 0.3 %."""
    kl, seams = errors(InteriorPlan(length, window))
    assert kl == pytest.approx(nats, rel=0.05)
    assert seams < 0.003


def test_smallest_windows_are_off_by_little():
    """What the least size of a window rests on."""
    for length, window in ((256, 64), (1000, 127)):
        assert errors(InteriorPlan(length, window))[0] < 0.1


def test_without_the_coarse_pass_or_the_neighbours_the_law_is_another():
    """The test of the test."""
    plan = InteriorPlan(200, 96)
    assert errors(plan, coarse=False)[0] > 0.8
    kl, seams = errors(plan, knows=False)
    assert kl > 2 and seams > 0.5


def test_the_coarse_pass_ends_where_a_window_shows_no_more(tiny_denoiser):
    flow = tiny_denoiser.recipe([400])
    end = coarse_end(tiny_denoiser, 400, 100)
    before, after = (tiny_denoiser.beads(u, [400], flow)[0] for u in (end, end - 1e-6))
    assert before == 96 and after == 128
    for denoiser in (
        Denoiser(SMALL, ChainFlow(schedule="vp")),
        Denoiser(replace(SMALL, decimate=False), ChainFlow()),
    ):
        with pytest.raises(ValueError, match="`window`: needs weights of an RG flow"):
            coarse_end(denoiser, 400, 100)


@pytest.mark.parametrize("sampler", ["matched", "sde_2m", "ancestral", "rgdm"])
def test_the_coarse_pass_leaves_the_noise_of_its_last_time(sampler):
    """Windows go on from a state whose variance is that of the flow; rgdm's has less, by far."""
    denoiser = Denoiser(SMALL, zoo.recipe())  # a new network adds nothing to the Gaussian estimate
    requests = plan_requests(40, 0, length=100, window=64)
    settings = SamplingSettings(steps=30, sampler=sampler, temperature=1.0)
    if sampler == "rgdm":
        with pytest.raises(ValueError, match="`sampler` rgdm: adds no noise in its last step"):
            calls_with_windows(denoiser, requests[0], settings)
        return
    grid, _ = _grids(denoiser, InteriorPlan(100, 64), settings)
    state = _coarse_pass(denoiser, requests, settings, 0, grid, None).state
    total = denoiser.recipe([100]).kernel(grid[-1:]).total[0]
    ratio = (state.square().mean((0, 2)) / total)[1:100]
    # The mean of 99 modes of 40 chains is uncertain by 1.3 %, and the sampler is off by 2 %.
    assert ratio.mean() == pytest.approx(1, abs=0.06)


def drawn(denoiser, requests, **options):
    batches = draw(denoiser, requests, FOUR, **options)
    return {sample.request.index: sample for batch in batches for sample in batch}


def test_pieces_make_one_chain(tiny_weights):
    """Every residue has all atoms, and seams are as good as other bonds."""
    denoiser = load_weights(tiny_weights)
    requests = plan_requests(2, 3, length=150, window=64)
    calls = []
    samples = drawn(denoiser, requests, seed=3, advance=calls.append)
    assert sum(calls) == sum(sample.calls for sample in samples.values())
    plan = InteriorPlan(150, 64)
    seams = np.array(sorted({end for w in plan.windows() for end in w.new[0]} - {0, 150})) - 1
    for request in requests:
        sample = samples[request.index]
        assert sample.request is request
        assert sample.calls == calls_with_windows(denoiser, request, FOUR)
        coords = sample.backbone.coords
        assert coords.shape == (150, 4, 3) and np.isfinite(coords).all()
        np.testing.assert_allclose(coords[:, 1].mean(0), 0, atol=1e-9)
        bonds = np.linalg.norm(np.diff(coords[:, 1], axis=0), axis=1)
        assert bonds[seams].max() <= bonds.max() < 6
        peptide = np.linalg.norm(coords[1:, 0] - coords[:-1, 2], axis=1)
        assert peptide[seams].max() < 1.1 * np.delete(peptide, seams).max()
    first, second = (samples[i].backbone.ca for i in (0, 1))
    assert np.abs(first - second).max() > 1


def test_a_sample_depends_on_neither_company_nor_processes(tiny_weights):
    denoiser = load_weights(tiny_weights)
    requests = plan_requests(3, 5, length=[100, 40, 110], window=64)
    assert [request.window for request in requests] == [64, None, 64]
    together = drawn(denoiser, requests, seed=5)
    [alone] = drawn(denoiser, requests[:1], seed=5).values()
    # Å: rounding of float32 grows on the way, from coordinates of some 50 Å.
    np.testing.assert_allclose(together[0].backbone.coords, alone.backbone.coords, atol=0.01)
    plain = drawn(denoiser, plan_requests(2, 5, length=[100, 40]), seed=5)
    np.testing.assert_allclose(
        together[1].backbone.coords, plain[1].backbone.coords, atol=0.01
    )  # fmt: skip
    several = drawn(denoiser, requests, seed=5, jobs=2)
    for index, sample in together.items():
        np.testing.assert_allclose(
            several[index].backbone.coords, sample.backbone.coords, atol=0.01
        )  # fmt: skip


def test_the_coarse_pass_is_that_of_the_whole_chain(tiny_weights):
    """Chains of one seed, in one pass and in windows, have the same fold."""
    options = {"num": 3, "weights": tiny_weights, "steps": 12, "seed": 1}
    whole = protdiff.generate(length=120, **options)
    parts = protdiff.generate(length=120, window=64, **options)
    table = [[protdiff.score(a, b).tm for b in whole] for a in parts]
    for row, scores in enumerate(table):
        assert scores[row] > 0.4 > max(scores[:row] + scores[row + 1 :])


def test_texts_are_cut_with_the_chain(tiny_weights):
    sequence = ("ACDEFGHIKLMNPQRSTVWY" * 5)[:100]
    texts = Texts([sequence], structure="H" * 50 + "E" * 50)
    requests = plan_requests(1, 0, texts=texts, window=64)
    denoiser = load_weights(tiny_weights)
    [typed] = drawn(denoiser, requests).values()
    assert typed.backbone.sequence == sequence
    [plain] = drawn(denoiser, plan_requests(1, 0, length=100, window=64)).values()
    assert np.abs(typed.backbone.ca - plain.backbone.ca).max() > 0.1


def test_what_windows_do_not_do_is_said(tiny_weights):
    requests = plan_requests(1, 0, length=100, window=64)
    with pytest.raises(ValueError, match="`trajectory`: has no frames of chains in windows"):
        drawn(load_weights(tiny_weights), requests, frames=FrameChoice(1))
    with pytest.raises(ValueError, match="`window`: goes with no condition"):
        protdiff.generate(length=100, window=64, condition=RadiusOfGyration(12.0))
    with pytest.raises(ValueError, match="60 residues go through the network at once"):
        protdiff.generate(length=range(40, 61), window=64)
    for window in (64.0, "64"):
        with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
            protdiff.generate(length=100, window=window)
    with pytest.raises(ValueError, match="between 8 and 2048 residues, or up to 4096 with"):
        protdiff.generate(length=3000)
