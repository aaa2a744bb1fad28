"""benchmarks/images.py: its methods against closed forms, its patches and measures."""

import argparse
import json
from math import log, pi

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from protdiff.flow import ancestral, gaussian_oracle

from .conftest import ROOT

NAMES = ("rgdm", "ddpm", "white", "rg", "vp")


@pytest.fixture(scope="module")
def flows():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import image_flows

        yield image_flows


@pytest.fixture(scope="module")
def patches():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import image_patches

        yield image_patches


@pytest.fixture(scope="module")
def variance(flows):
    """A spectrum like that of photographs: steeper than RGDM's prior."""
    return 2 / (flows.momenta() ** 2 + 0.02) ** 1.5


@pytest.fixture(scope="module")
def methods(flows, variance):
    return flows.methods(variance)


@pytest.fixture
def zero():
    """A network that returns zero."""
    return lambda images, level: torch.zeros_like(images[:, 0])


def test_the_transform_is_the_orthonormal_cosine_transform(flows):
    images = torch.randn(3, 32, 32, dtype=torch.float64)
    modes = flows.to_modes(images)
    expected = dctn(images.numpy(), axes=(1, 2), norm="ortho").reshape(3, -1)
    assert np.allclose(modes, expected, atol=1e-12)
    assert torch.allclose(flows.to_images(modes), images, atol=1e-12)
    waves = torch.cos(3 * pi / 32 * (torch.arange(32) + 0.5)).double().expand(1, 32, 32)
    strongest = int(flows.to_modes(waves).abs().argmax())
    assert float(flows.momenta()[strongest]) == pytest.approx(3 * pi / 32)


@pytest.mark.parametrize("steps", [200, 1000])
def test_rgdm_has_the_published_schedule_and_projection(flows, methods, steps):
    """T steps as the paper's code has them, from DDPM's end points, for CIFAR-10."""
    betas = np.linspace(1e-4, 0.02, 1000)
    signal = np.cumprod(1 - betas)
    first, last = (signal / (1 - signal))[[0, -1]]
    tau = 2 * (steps - 1) / log(first / last)
    squared = flows.momenta() ** 2 + (0.05 * pi) ** 2
    inside = []
    for t in (0, 1, steps // 3, steps // 2, steps - 1):
        cutoff = (0.15 * pi) ** 2 * first * np.exp(-2 * t / tau)
        r = cutoff / squared
        keep = r >= (0.15 * pi) ** 2 * last / (2 * (0.05 * pi) ** 2)
        kernel = methods["rgdm"].flow.kernel(torch.tensor([t / (steps - 1)], dtype=torch.float64))
        assert torch.allclose(kernel.alpha[0][keep] ** 2, (r / (1 + r))[keep], rtol=1e-9)
        noise = (0.15 * pi) ** 2 / squared / (1 + r)
        assert torch.allclose(kernel.sigma[0][keep] ** 2, noise[keep], rtol=1e-9)
        assert (kernel.alpha[0][~keep] < 1e-6).all()
        inside.append(int(keep.sum()))
    assert inside[0] == 1024 and inside[-1] == 4 and inside == sorted(inside, reverse=True)


@pytest.mark.parametrize("name", ["rgdm", "white", "rg"])
def test_rgdm_adds_white_noise_to_images(methods, name):
    """σ/α is one number for all modes that it has not projected out."""
    u = torch.linspace(0, 1, 7, dtype=torch.float64)
    kernel = methods[name].rows(7).kernel(u)
    white = methods["white"].rows(7).kernel(u)
    level = kernel.sigma / kernel.alpha
    kept = kernel.alpha > 1e-6
    assert torch.allclose(level[kept], (white.sigma / white.alpha)[kept], rtol=1e-9)
    assert float(level[0, 0]) == pytest.approx(9999**-0.5)


def test_preconditioned_rg_is_preconditioned_white_noise(flows, methods):
    """Network, target and weights do not depend on the number by which RG scales a mode."""
    u = torch.linspace(0, 1, 7, dtype=torch.float64)
    found = []
    for name in ("rg", "white"):
        flow = methods[name].rows(7)
        alpha, rule = flow.kernel(u).alpha, flows.exact_rule(flow, u)
        found.append([*(factor * alpha for factor in rule.inputs), rule.skip * alpha, *rule[2:]])
    for rg, white in zip(*found, strict=True):
        assert torch.allclose(rg, white, rtol=1e-9)


@pytest.mark.parametrize("name", ["rgdm", "ddpm", "white"])
def test_the_loss_of_a_network_that_returns_zero(flows, methods, zero, name):
    """λ_t of RGDM makes it the prior's mean variance at all times; DDPM's is 1."""
    method = methods[name]
    signs = torch.randint(2, (5, 1024)).double() * 2 - 1
    expected = float(method.flow.prior.mean())
    for u in (0.0, 0.4, 0.8, 1.0):
        times = torch.full((5,), u, dtype=torch.float64)
        loss = flows.loss(method, zero, torch.randn(5, 1024).double(), times, signs)
        assert float(loss) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ["rg", "vp"])
def test_the_target_of_preconditioned_networks_has_unit_variance(flows, methods, zero, name):
    method = methods[name]
    u = torch.rand(4).double()
    rows, (clean, epsilon) = method.rows(4), torch.randint(2, (2, 4, 1024)).double() * 2 - 1
    clean = clean * rows.variance.sqrt()
    losses = [flows.loss(method, zero, clean, u, sign * epsilon) for sign in (1, -1)]
    # Products of signal and noise are gone in the mean of both signs.
    assert float(sum(losses) / 2) == pytest.approx(float(method.rule(rows, u).weight.mean()))


@pytest.mark.parametrize("name", NAMES)
def test_the_best_output_on_gaussian_data_gives_the_exact_estimate(flows, methods, name):
    method, u = methods[name], torch.linspace(0, 1, 6).double()
    flow = method.rows(6)
    x, kernel, rule = torch.randn(6, 1024).double(), flow.kernel(u), method.rule(flow, u)
    noise = kernel.sigma**2 / kernel.total * x  # E[σε | x]
    best = {
        "rgdm": (flow.prior.sum(1) / (rule.weight * kernel.sigma**2).sum(1)).sqrt()[:, None]
        * noise,
        "ddpm": noise / kernel.sigma,
        "white": noise / kernel.sigma,
    }.get(name, torch.zeros_like(x))
    inside = kernel.alpha > 1e-6
    expected = gaussian_oracle(flow)(x[..., None], u)[..., 0].masked_fill(~inside, 0)
    assert torch.allclose(rule.skip * x + rule.gain * best, expected, rtol=1e-8, atol=1e-8)
    seen = torch.stack([flows.to_images(factor * x) for factor in rule.inputs], 1)
    assert seen.shape[1] == method.channels


@pytest.mark.parametrize("name", ["rgdm", "ddpm"])
def test_the_published_sampler_is_the_packages_with_noise_in_its_last_step(flows, methods, name):
    method = methods[name]
    flow = method.rows(3)
    times = torch.linspace(1, 0, 9, dtype=torch.float64)
    drawn = torch.randn(9, 3, 1024, 1).double()

    def source(last):
        queue = iter([*drawn[:8], last])
        return lambda: next(queue)

    oracle = gaussian_oracle(flow)
    ours = flows.published_sampler(oracle, flow, times, source(0 * drawn[8]))
    package = ancestral(oracle, flow, times, source(drawn[8]), variance="beta")
    assert torch.allclose(ours, package, rtol=1e-6, atol=1e-9)
    with_noise = flows.published_sampler(oracle, flow, times, source(drawn[8]))
    assert not torch.allclose(with_noise, package, rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_times_are_equal_steps_of_the_noise_level(methods, name):
    times = methods[name].times(6)
    assert torch.allclose(methods[name].level(times), torch.linspace(1, 0, 6).double(), atol=1e-6)


# Patches and measures


def test_no_pixel_is_in_training_and_test(patches):
    board = np.kron(np.indices((2, 3)).sum(0) % 2, np.ones((128, 128)))
    wide = np.pad(board, ((0, 50), (0, 90)), constant_values=7)  # what is over is left out
    train, test = patches.patches([wide])
    assert train.shape == (3 * 83, 32, 32) and len(test) == len(train)  # 49 + 25 + 9 of a tile
    assert (train == 0).all() and (test == 1).all()


def test_coarse_patches_are_means(patches):
    tile = np.arange(128.0)[:, None] * np.ones(128)
    found = patches.patches_of_tile(tile)
    assert np.allclose(found[0], np.arange(32)[:, None])
    assert np.allclose(found[49], np.arange(32)[:, None] * 2 + 0.5)
    assert np.allclose(found[-1][:, 0], (np.arange(10, 42) * 3) + 1)


def test_wavelets_keep_the_energy(patches):
    images = np.random.default_rng(0).standard_normal((4, 32, 32))
    coarse = images.reshape(4, 2, 16, 2, 16).mean((2, 4))
    detail = images - np.kron(coarse, np.ones((1, 16, 16)))
    found = sum(float(np.square(level).sum()) for level in patches.haar(images))
    assert found == pytest.approx(float(np.square(detail).sum()))


def test_kurtosis_of_stripes_and_of_noise(patches):
    stripes = np.resize([1.0, -1.0], (1, 32, 32))  # ±2 across, 0 down
    assert patches.kurtosis(stripes) == pytest.approx(2)
    noise = np.random.default_rng(0).standard_normal((400, 32, 32))
    assert patches.kurtosis(noise) == pytest.approx(3, abs=0.05)


def test_measures_of_the_reference_and_of_twice_its_contrast(patches):
    rng = np.random.default_rng(0)
    images = rng.standard_normal((300, 32, 32)) * np.exp(rng.standard_normal((300, 1, 1)))
    reference = patches.Reference(images)
    same = reference.measure(images)
    assert same["texture"] == pytest.approx(0, abs=1e-8) and same["spectrum"] == 0
    assert same["kurtosis"] > 6  # ⟨s⁴⟩/⟨s²⟩² of the contrasts makes it more than 3
    twice = reference.measure(2 * images)
    assert twice["spectrum"] == pytest.approx(log(4)) and twice["texture"] > 1


# Runs


@pytest.fixture
def training(flows, methods, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import image_training

        yield image_training


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(training, methods, tmp_path):
    modes = torch.randn(40, 1024).double()
    data = training.Data(modes, modes.mean(0), np.empty(0), np.empty(0))
    whole = training.Run(methods["rgdm"], 1)
    for _ in range(3):
        whole.advance(data, 3)
    part = training.Run(methods["rgdm"], 1)
    part.advance(data, 3)
    part.save(tmp_path / "run.pt")
    rest = training.Run(methods["rgdm"], 1)
    rest.load(tmp_path / "run.pt")
    while rest.step < 3:
        rest.advance(data, 3)
    for name in training.PARTS[:2]:
        pairs = zip(
            getattr(whole, name).parameters(), getattr(rest, name).parameters(), strict=True
        )
        assert all(torch.equal(one, two) for one, two in pairs)
    assert any(value.abs().sum() for value in rest.network.leave.parameters())


def test_other_minutes_than_those_begun_are_refused(training, monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import images

    monkeypatch.setattr(images, "FOLDER", tmp_path)
    (tmp_path / "plan.json").write_text(json.dumps({"minutes": 6, "steps": 10}))
    parser = argparse.ArgumentParser()
    assert images.plan(6, parser)["steps"] == 10
    with pytest.raises(SystemExit) as stop:
        images.plan(2, parser)
    assert stop.value.code == 2
    assert "--minutes 2: runs of 6 minutes were begun" in capsys.readouterr().err
