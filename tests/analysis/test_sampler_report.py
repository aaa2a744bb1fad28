"""Errors of start, steps and score: on denoisers whose error is known (docs/theory.md 3.4)."""

import pytest
import torch

from protdiff.analysis.component_bands import component_bands
from protdiff.analysis.sampler_report import _recalibration, report_sampler
from protdiff.dataset import read_chains
from protdiff.flow import matched, sampling_times
from protdiff.flow.sampler_error import sampler_error
from protdiff.network.weights import load_weights


@pytest.fixture(scope="module")
def real_backbones(tiny_archive):
    chains = [c.backbone() for c in read_chains(tiny_archive, "train")]
    return [c for c in chains if 55 < len(c) <= 64][:6]


@pytest.fixture
def denoiser(tiny_weights):
    return load_weights(tiny_weights)


def test_closed_forms_and_bands(denoiser, real_backbones):
    report = report_sampler(denoiser, real_backbones, calls=(6, 20), points=5)
    assert report.bands == ["<4", "4-8", "8-16", "16-32", ">32", "links"]
    lengths = sorted(len(b) for b in real_backbones)
    flow = denoiser.recipe([lengths[len(lengths) // 2]])
    for calls in (6, 20):
        error = sampler_error(matched, flow, sampling_times(flow, calls))
        assert sum(report.steps[calls]) == pytest.approx(float(error.sum()), rel=1e-9)
    assert sum(report.steps[20]) < sum(report.steps[6]) / 10
    assert max(report.start) < 1e-9  # the Gaussian chain starts from its own prior
    assert report.chains == len(real_backbones) and report.residues == sum(lengths)


def test_the_gaussian_chain_learns_nothing(denoiser, real_backbones):
    """A network that returns zero: no gain over the Gaussian chain, exactly."""
    torch.nn.init.zeros_(denoiser.network.head.weight)
    report = report_sampler(denoiser, real_backbones, calls=(6,), points=5)
    assert max(map(abs, report.learned)) < 1e-9


def test_recalibration_detects_a_wrong_gain_and_nothing_else():
    """Estimates that are a factor off: the best linear correction removes the known error."""
    generator = torch.Generator().manual_seed(0)
    band = torch.zeros(200, 30, dtype=torch.long)
    band[:, 20:] = 1
    scale = torch.linspace(0.5, 2, 30).double().expand(200, 30)
    signal = scale[..., None] * torch.randn(200, 30, 3, generator=generator, dtype=torch.float64)
    noise = scale[..., None] * torch.randn(200, 30, 3, generator=generator, dtype=torch.float64)
    # The right estimate is `signal`; in band 0 the denoiser returns 1.3 times that.
    estimate = torch.where((band == 0)[..., None], 1.3 * signal, signal)
    residual = signal + noise - estimate
    features = torch.stack([estimate, torch.zeros_like(estimate)], -1)
    gain = _recalibration(residual, features, scale, band)
    expected = (estimate - signal).square().sum(-1)
    assert float(gain[:, :20].sum()) == pytest.approx(float(expected[:, :20].sum()), rel=0.05)
    assert abs(float(gain[:, 20:].sum())) < 0.05 * float(expected[:, :20].sum())


def test_bands_of_a_flow(denoiser):
    band = component_bands(denoiser.recipe([40, 30]), [40, 30])
    assert (band[1, 30:40] == -1).all() and band[0, 0] == -1
    assert band[0, 1] == 4 and band[0, 39] == 0  # periods of 80 and 2.05 residues
    assert (band[0, 40:79] == 5).all() and band[0, 79] == -1


def test_modes_at_the_edge_of_a_band(denoiser):
    """Mode 11 of 22 residues has a period of exactly 4 residues, and mode 11 of 44 one of 8."""
    band = component_bands(denoiser.recipe([22, 44]), [22, 44])
    assert band[0, 10:12].tolist() == [1, 0] and band[1, 10:12].tolist() == [2, 1]
