"""Flows as users choose them: what is changed acts, and what a schedule lacks is refused."""

import pytest
import torch

from protdiff.flow.flow_choice import FlowChoice
from protdiff.flow.zoo import FLOWS, get, recipe

U = torch.tensor([0.0, 0.3, 0.7, 1.0], dtype=torch.float64)


@pytest.mark.parametrize("name", FLOWS)
def test_a_name_alone_is_the_named_flow(name):
    assert FlowChoice(name).recipe() == recipe(name)
    assert FlowChoice(name).title == name and FlowChoice(name).changes == {}


def test_no_steepness_is_plain_diffusion():
    """GUD at a = 0 is the variance-preserving flow whose log-SNR is linear in time."""
    plain, vp = FlowChoice("gud", steepness=0).recipe()([50]), get("vp", length=50)
    for u in U:
        assert torch.allclose(plain.gamma(u[None]), vp.gamma(u[None]), rtol=1e-12)


@pytest.mark.parametrize("a", [0.5, 4, 16])
@pytest.mark.parametrize("basis", ["cosine", "haar", "identity"])
def test_steepness_sets_how_far_apart_components_dissolve(a, basis):
    """γ_n - γ_m = 2a ln(k_n/k_m), at every time (arXiv 2410.02667)."""
    flow = FlowChoice("gud", steepness=a, basis=basis, links=False).recipe()([40])
    gamma, log_k = flow.gamma(U[1:2])[0, 1:40], flow.momenta[0, 1:40].log()
    inside = gamma.abs() < 29  # γ is cut off at 30
    assert inside.sum() > 5
    apart = gamma[inside] - gamma[inside][0]
    assert torch.allclose(apart, 2 * a * (log_k[inside] - log_k[inside][0]), atol=1e-9)


@pytest.mark.parametrize("a", [0, 1, 4, 16, 64])
@pytest.mark.parametrize("links", [True, False])
def test_every_steepness_ends_at_data_and_starts_from_noise(a, links):
    flow = FlowChoice("gud", steepness=a, links=links).recipe()([60])
    first, last = (flow.kernel(torch.full((1,), u)) for u in (0.0, 1.0))
    trace = flow.mask[:, :60]
    noise = (first.sigma / first.alpha)[:, :60][trace].square().sum() / 60
    assert noise.sqrt() < 0.0101
    assert (first.alpha[flow.mask] ** 2 > (0.9989 if links else 0.99)).all()
    assert ((last.alpha**2 * flow.variance / last.total)[flow.mask] < 0.0031).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "gudd"}, "did you mean 'gud'"),
        ({"steepness": 2.0}, "`steepness`: goes with `schedule` gud, not rg"),
        ({"name": "vp", "regulator": "heat"}, "`regulator`: goes with `schedule` rg, not vp"),
        ({"name": "rgdm", "signal_last": 0.1}, "goes with `schedule` rg or vp or ve or gud"),
        ({"name": "gud", "steepness": 65.0}, "`steepness` 65.0: must be 0 to 64"),
        ({"name": "vp", "resolution": 0.0}, "`resolution` 0.0: must be 0.0001 to 1 Å"),
        ({"signal_first": 1.0}, "`signal_first` 1.0: must be between 0 and 1"),
    ],
)
def test_what_cannot_be_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        FlowChoice(**values).recipe()
