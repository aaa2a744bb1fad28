"""Energies: exact where quadratic, autograd, errors; the usual restraints; sums."""

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import Condition, Contacts, Energy, RadiusOfGyration, Repulsion, ca_of
from protdiff.conditioning.base import Stage
from protdiff.flow import cosine_modes


@pytest.fixture
def state():
    """Clean components of a random walk, and variances."""
    generator = torch.Generator().manual_seed(0)
    walk = torch.randn(20, 3, generator=generator, dtype=torch.float64).cumsum(0) * 2.2
    clean = torch.zeros(40, 3, dtype=torch.float64)
    clean[:20] = cosine_modes(20) @ walk
    clean[0] = 0
    variance = torch.linspace(4, 0.2, 40, dtype=torch.float64)
    variance[0] = variance[-1] = 0
    return clean, variance


def test_quadratic_energies_are_exact(state):
    """½ (x - a)ᵀ S⁻¹ (x - a) of one residue is an observation: the Gaussian conditional."""
    from protdiff.flow.conditional import conditional_mean, observation_precision

    clean, variance = state
    goal, noise = torch.tensor([1.0, 2.0, 3.0]).double(), 0.5
    made = Energy(lambda ca: ((ca[7] - goal) ** 2).sum() / (2 * noise))(clean, variance, 0.5)
    rows = torch.zeros(1, 40, dtype=torch.float64)
    rows[0, :20] = cosine_modes(20)[:, 7]
    noise = torch.tensor([noise]).double()
    precision = observation_precision(variance, rows, noise)
    expected = conditional_mean(clean, variance, rows, goal[None], precision)
    torch.testing.assert_close(made, expected, atol=1e-4, rtol=0)


def test_what_does_not_vary_stays(state):
    clean, variance = state
    variance[3] = 0
    made = Energy(lambda ca: ca.square().sum())(clean, variance, 0.5)
    torch.testing.assert_close(made[[0, 3]], clean[[0, 3]])
    assert (made - clean).abs().max() > 0.1


def test_contacts_and_radius_are_reached(state):
    clean, variance = state
    variance = variance * 25
    made = Contacts([(2, 18, 6.0, 0.5)])(clean, variance, 0.0)
    ca = ca_of(made)
    before = (ca_of(clean)[1] - ca_of(clean)[17]).norm()
    assert before > 8
    assert (ca[1] - ca[17]).norm() == pytest.approx(6.0, abs=0.5)
    small = torch.full_like(variance, 1e-3)
    energy = Contacts([(2, 18, 6.0, 0.5)])
    assert float(energy.energy(ca_of(clean), 0.0)) == pytest.approx(
        5 * (float(before) - 6.0 - 0.4) ** 2, rel=1e-6
    )
    # Uncertain places pull nothing together, and explain estimates that are too near.
    far = Contacts([(2, 18, float(before) + 5, 0.5)])
    assert float(far.energy(ca_of(clean), 0.0)) > 0
    assert float(far.energy(ca_of(clean), 20.0)) == 0
    assert float(energy.energy(ca_of(clean), 20.0)) == float(energy.energy(ca_of(clean), 0.0))
    rg = RadiusOfGyration(5.0)
    assert float(rg.energy(ca_of(clean), 0.0)) > 0
    assert (rg(clean, small, 0.0) - clean).abs().max() > 0


def test_radius_of_gyration_of_samples(tiny_weights):
    natural = np.mean([
        np.sqrt(np.square(b.ca).sum(1).mean())
        for b in protdiff.generate(length=40, num=2, weights=tiny_weights, steps=10)
    ])  # fmt: skip
    for factor in (0.8, 1.6):
        [made] = protdiff.generate(
            length=40, condition=RadiusOfGyration(factor * natural), weights=tiny_weights, steps=20
        )
        assert np.sqrt(np.square(made.ca).sum(1).mean()) == pytest.approx(
            factor * natural, rel=0.03
        )


def test_repulsion_parts_overlapping_residues(state):
    clean, _ = state
    variance = torch.full((40,), 0.2, dtype=torch.float64)
    ca = ca_of(clean).clone()
    ca[15] = ca[3] + 0.8
    clean[:20] = cosine_modes(20) @ ca
    made = ca_of(Repulsion(4.0)(clean, variance, 0.2))
    assert (made[15] - made[3]).norm() > (ca[15] - ca[3]).norm() + 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda ca: ca.sum() * float("nan"), "energy bad: returned nan"),
        (lambda ca: torch.tensor(1.0), "energy bad: has no gradient"),
        (lambda ca: ca.detach().sum(), "has no gradient"),
        (lambda ca: 3.0, "must return a scalar tensor"),
        (lambda ca: ca[0], "must return a scalar tensor"),
        (lambda ca: (ca - ca).norm(dim=-1).pow(0.5).sum(), "its gradient is not finite"),
    ],
)
def test_bad_energies_are_named(state, function, message):
    with pytest.raises(ValueError, match=message):
        Energy(function, name="bad")(*state, 0.5)


def test_contacts_outside_the_chain():
    with pytest.raises(ValueError, match="contact 3-50: the chain has 40 residues"):
        Contacts([(3, 50, 8.0, 1.0)]).for_sample(40, None)


def test_contacts_without_a_pair():
    with pytest.raises(ValueError, match="at least one pair"):
        Contacts([])


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((2.5, 18, 6.0, 0.5), "contact 2.5-18: must be of two residues"),
        ((3, 3, 6.0, 0.5), "contact 3-3: must be of two residues"),
        ((2, 18, -6.0, 0.5), "contact 2-18: distance -6 and tolerance 0.5 must be"),
        ((2, 18, float("nan"), 0.5), "distance nan"),
        ((2, 18, 6.0, -0.5), "tolerance -0.5"),
        ((float("nan"), 18, 6.0, 0.5), "contact nan-18: must be of two residues"),
    ],
)
def test_contacts_that_mean_nothing(pair, message):
    with pytest.raises(ValueError, match=message):
        Contacts([pair])
    assert Contacts(np.array([[2, 18, 6.0, 0.5]])).pairs == ((2, 18, 6.0, 0.5),)


def test_restraints_without_a_scale():
    for make in (
        lambda: Contacts([(2, 18, 6.0, 0.5)], stiffness=float("nan")),
        lambda: RadiusOfGyration(12.0, precision=0.0),
        lambda: RadiusOfGyration(float("inf")),
    ):
        with pytest.raises(ValueError, match="must be"):
            make()


def test_conditions_add_up_soft_ones_first(state):
    """Plain functions may be added too; exact conditions have the last word."""
    order = []

    class Mark(Condition):
        def __init__(self, name, stage=Stage.SOFT):
            self.name, self.stage = name, stage

        def __call__(self, clean, variance, u):
            order.append(self.name)
            return clean + 1

    def function(clean, variance, u):
        order.append("function")
        return clean

    both = Mark("exact", Stage.EXACT) + Mark("soft") + function
    made = both.for_sample(20, None)(*state, 0.5)
    assert order == ["soft", "function", "exact"]
    torch.testing.assert_close(made, state[0] + 2)
    with pytest.raises(TypeError, match="is not a condition"):
        Mark("a") + 3


def test_a_condition_that_fails_is_named(tiny_weights):
    class Broken(Condition):
        def __call__(self, clean, variance, u):
            return clean * float("nan")

    with pytest.raises(ValueError, match="returned no finite"):
        protdiff.generate(length=12, condition=Broken(), weights=tiny_weights, steps=4)


def test_a_plain_function_is_a_condition(tiny_weights):
    options = {"length": 12, "weights": tiny_weights, "steps": 4}

    def flat(clean, variance, u):
        return clean * clean.new_tensor([1, 1, 0])

    [backbone] = protdiff.generate(condition=flat, **options)
    assert np.ptp(backbone.ca[:, 2]) < 1e-6 < np.ptp(backbone.ca[:, 0])
    with pytest.raises(ValueError, match="returned no finite"):
        protdiff.generate(condition=lambda clean, variance, u: None, **options)
    with pytest.raises(TypeError, match="is not a condition"):
        protdiff.generate(condition=[flat], **options)


@pytest.mark.parametrize("text", ["shape.py:ellipsoid", "pocket.py:pocket"])
def test_energies_of_the_documentation(state, text):
    """They load, and lower themselves."""
    from pathlib import Path

    from protdiff.cli._shared.energy_files import load_function

    folder = Path(__file__).parents[2] / "docs" / "examples"
    function = load_function(f"{folder}/{text}")
    clean, variance = state
    clean = 3 * clean
    made = Energy(function)(clean, variance, 0.5)
    assert float(function(ca_of(made))) < 0.9 * float(function(ca_of(clean)))
