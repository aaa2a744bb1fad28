"""The flow of a chain: components, ends of the schedule, priors."""

import pytest
import torch

from protdiff.flow import ChainFlow, calibrated_prior, chain_momenta, free_field
from protdiff.flow.reference_spectrum import real_spectrum

LENGTHS = [8, 40, 57]


def test_components_are_modes_then_links():
    flow = ChainFlow(spectrum=real_spectrum())(LENGTHS, 60)
    assert flow.mask.shape == (3, 120)
    for mask, n in zip(flow.mask, LENGTHS, strict=True):
        assert mask.nonzero()[:, 0].tolist() == [*range(1, n), *range(60, 60 + n - 1)]
    assert (flow.momenta[:, 60:] == 2 * torch.pi).all()
    assert (flow.variance[:, 60:] == 1 / 3).all() and (flow.prior[:, 60:] == 1 / 3).all()
    assert torch.equal(flow.variance[:, :60], real_spectrum()(LENGTHS, 60))


@pytest.mark.parametrize("regulator", ["lognormal", "rational", "heat"])
def test_signal_at_both_ends(regulator):
    flow = ChainFlow(regulator=regulator, signal_first=0.99, signal_last=0.02)(LENGTHS)
    first, last = (flow.kernel(torch.full((3,), u)).alpha ** 2 for u in (0.0, 1.0))
    assert torch.allclose(first[:, -1], torch.full((3,), 0.99).double(), rtol=1e-10)
    assert torch.allclose(last[:, 1], torch.full((3,), 0.02).double(), rtol=1e-10)
    assert (first[flow.mask] >= 0.99 - 1e-12).all() and (last[flow.mask] <= 0.02 + 1e-12).all()


def test_a_padded_flow_is_that_of_each_chain():
    recipe, u = ChainFlow(spectrum=real_spectrum()), torch.tensor([0.2, 0.5, 0.8])
    batch = recipe(LENGTHS, 60)
    for row, n in enumerate(LENGTHS):
        alone = recipe([n])
        wide = torch.cat([torch.arange(n), 60 + torch.arange(n)])
        for name in ("alpha", "sigma", "total", "c_skip", "c_out", "c_in"):
            single = getattr(alone.kernel(u[row : row + 1]), name)[0]
            assert torch.allclose(getattr(batch.kernel(u), name)[row, wide], single, rtol=1e-12)


def test_priors():
    k, _ = chain_momenta(LENGTHS)
    expected = {
        "measured": real_spectrum()(LENGTHS), "calibrated": calibrated_prior(LENGTHS),
        "rgdm": free_field(k),
    }  # fmt: skip
    for name, prior in expected.items():
        flow = ChainFlow(spectrum=real_spectrum(), prior=name)(LENGTHS)
        assert torch.equal(flow.prior[:, :57], prior)
        assert torch.equal(flow.variance[:, :57], real_spectrum()(LENGTHS))


def test_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="RG"):
        ChainFlow(schedule="RG")(LENGTHS)


@pytest.mark.parametrize("n", [8, 40, 300, 1000, 2048])
@pytest.mark.parametrize("schedule", ["rg", "vp"])
def test_coefficients_are_finite_at_all_lengths_and_times(n, schedule):
    flow = ChainFlow(spectrum=real_spectrum(), schedule=schedule)([n])
    for u in (0.0, 1e-3, 0.5, 1.0):
        k = flow.kernel(torch.tensor([u]))
        for name in ("alpha", "sigma", "total", "c_skip", "c_out", "c_in"):
            value = getattr(k, name)[flow.mask]
            # float32 too: the network sees these numbers in single precision
            assert (value > 0).all() and value.float().isfinite().all(), name
