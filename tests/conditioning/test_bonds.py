"""Bonds that corrections turn, and do not stretch."""

from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import Contacts, ca_of
from protdiff.conditioning.bonds import BOND_NOISE, Bonds
from protdiff.conditioning.known import Known, Observations, backbone_observations
from protdiff.conditioning.variation import components_of
from protdiff.flow import cosine_modes
from protdiff.flow.conditional import observation_precision

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def clean():
    """Components of 40 residues of a real chain."""
    return components_of(protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:50])[0]


@pytest.fixture
def variance():
    return torch.cat([torch.logspace(1, -1, 40), torch.full((40,), 0.1)]).double()


def lengths(components):
    return ca_of(components).diff(dim=0).norm(dim=1)


def test_one_bond_has_the_law_of_two_beads():
    """The mode over a grid: two beads on springs, their distance observed."""
    clean = torch.zeros(4, 3, dtype=torch.float64)
    clean[:2, 0] = cosine_modes(2) @ torch.tensor([0.0, 3.6], dtype=torch.float64)
    variance = torch.tensor([0.0, 0.5, 0.1, 0.1], dtype=torch.float64)
    made = clean.clone()
    made[1, 0] *= 1.3  # some correction stretches the bond
    bonds = Bonds(clean, variance)
    along_line = torch.linspace(3, 6, 300001, dtype=torch.float64)
    # |distance| = sqrt(2) |mode 1|: prior about the corrected mode, noise about the old length.
    s2 = (BOND_NOISE.shortest**2 - 3.6**2) / 3
    start = float(lengths(made))
    energy = (along_line - start) ** 2 / (2 * 2 * 0.5) + (along_line - 3.6) ** 2 / (2 * s2)
    expected = along_line[energy.argmin()]
    torch.testing.assert_close(lengths(bonds.kept(made))[0], expected, atol=1e-4, rtol=0)


def test_a_pull_bends_the_chain(clean, variance):
    """The end of a chain is moved by 6 Å: bonds keep their lengths, the end goes there."""
    rows = cosine_modes(40)[:, [0, 39]].T
    rows = torch.cat([rows, torch.zeros_like(rows)], 1)
    noise = torch.full((2,), 1e-6, dtype=torch.float64)
    values = rows @ clean
    values[1] += torch.tensor([4.0, 4.0, 2.0])
    precision = observation_precision(variance, rows, noise)
    made = clean + variance[:, None] * (rows.T @ (precision @ (values - rows @ clean)))
    kept = Bonds(clean, variance, rows, precision).kept(made)
    assert (lengths(made) - lengths(clean)).abs().max() > 0.2
    assert (lengths(kept) - lengths(clean)).abs().max() < 0.03
    torch.testing.assert_close(rows @ kept, values, atol=2e-3, rtol=0)


def test_changes_without_stretch(clean, variance):
    """Bonds of a turned change do not stretch, to first order; what does not stretch stays."""
    generator = torch.Generator().manual_seed(0)
    change = variance[:, None].sqrt() * torch.randn(80, 3, generator=generator).double()
    bonds, step = Bonds(clean, variance), 1e-4

    def stretch(move):
        return (lengths(clean + step * move) - lengths(clean)) / step

    turned = bonds.turned(change)
    assert stretch(turned).abs().max() < 0.05 * stretch(change).abs().max()
    axis = torch.tensor([0.3, -0.2, 0.9], dtype=torch.float64)
    rigid = torch.linalg.cross(clean, axis.expand_as(clean))
    torch.testing.assert_close(bonds.turned(rigid), rigid, atol=1e-3, rtol=0)


def test_short_estimates_say_nothing(variance):
    """Bonds of a mean over many folds are short: such bonds are not held."""
    clean = torch.zeros(80, 3, dtype=torch.float64)
    clean[1, 0] = 10.0
    made = 1.5 * clean
    torch.testing.assert_close(Bonds(clean, variance).kept(made), made)


def test_conditions_hold_bonds_late(clean, variance):
    """Known residues and contacts: bonds stay at time 0.3; at 0.9 the Gaussian chain rules."""
    moved = ca_of(clean).numpy()[12:20] + np.array([2.0, 1.0, 0.0])
    coords = np.repeat(moved[:, None], 4, 1)
    rows, values, noise, positions = backbone_observations(40, 12, coords)
    rows, values, noise, positions = (t[:8] for t in (rows, values, noise, positions))
    keep = torch.ones(8, dtype=torch.bool)
    known = Known(Observations(rows, values, noise, keep), torch.zeros(8, dtype=torch.long))
    known.free = known.free[:, :0]  # at its place
    distance = float((ca_of(clean)[0] - ca_of(clean)[30]).norm())
    contact = Contacts([(1, 31, distance / 2, 0.5)])
    for condition in (known, contact):
        late = (lengths(condition(clean, variance, 0.3)) - lengths(clean)).abs().max()
        early = (lengths(condition(clean, variance, 0.9)) - lengths(clean)).abs().max()
        assert late < 0.1 and late < 0.5 * early
