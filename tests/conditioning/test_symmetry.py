"""Point groups, docking against brute force, exact copies."""

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import Symmetry
from protdiff.conditioning.symmetry import DOCKING, point_group, symmetry_error

ORDERS = {"C2": 2, "C5": 5, "C8": 8, "D2": 4, "D4": 8, "T": 12, "O": 24, "I": 60}


@pytest.mark.parametrize("name", ORDERS)
def test_groups_are_groups(name):
    """Right order, proper rotations, closed under products, all different."""
    group = point_group(name)
    assert len(group) == ORDERS[name]
    np.testing.assert_allclose(
        group @ group.transpose(0, 2, 1), np.tile(np.eye(3), (len(group), 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(group), 1)
    products = np.einsum("aij,bjk->abik", group, group).reshape(-1, 9)
    gaps = np.abs(products[:, None] - group.reshape(-1, 9)[None]).max(-1)
    assert (gaps.min(1) < 1e-6).all()
    gaps_within = np.abs(group.reshape(-1, 9)[:, None] - group.reshape(-1, 9)[None]).max(-1)
    assert (gaps_within + np.eye(len(group)) > 1e-3).all()


@pytest.mark.parametrize("name", ["C3", "D2", "T", "O"])
def test_docked_copies_just_touch(name):
    """All images, all pairs; a little closer would be too close."""
    rng = np.random.default_rng(1)
    ca = torch.tensor(np.cumsum(rng.normal(size=(30, 3)), 0) * 2)
    symmetry = Symmetry(name)
    radius, ca = symmetry.dock(ca), ca - ca.mean(0)

    def nearest(radius):
        unit = ca + radius * torch.tensor(symmetry.direction)
        images = torch.einsum("gij,nj->gni", torch.tensor(symmetry.group[1:]), unit)
        return float(torch.cdist(unit[None], images).min())

    assert nearest(radius) == pytest.approx(DOCKING.touch, abs=1e-6)
    assert nearest(radius - 0.05) < DOCKING.touch
    assert nearest(radius + 3) > DOCKING.touch


@pytest.mark.parametrize(("name", "count"), [("C2", 2), ("C8", 8), ("D3", 6), ("T", 12), ("I", 60)])
def test_samples_are_symmetric(name, count, tiny_weights, tmp_path):
    [made] = protdiff.generate(length=12, condition=Symmetry(name), weights=tiny_weights, steps=6)
    assert len(made.chains) == count and len(made) == 12 * count
    assert symmetry_error(made, name) < 1e-9
    ids = made.chain_ids
    apart = np.linalg.norm(made.ca[:, None] - made.ca[None], axis=-1)
    assert apart[ids[:, None] != ids[None]].min() > DOCKING.touch - 1e-6
    protdiff.write(made, tmp_path / "x.pdb")
    assert symmetry_error(protdiff.read(tmp_path / "x.pdb"), name) < 2e-3  # files have 0.001 Å


def test_the_unit_is_what_was_drawn(tiny_weights):
    """Nothing but a rigid motion is done to the chain at the end."""
    symmetry = Symmetry("C3").for_sample(20, None)
    [free] = protdiff.generate(length=20, weights=tiny_weights, steps=6)
    symmetry.ca = torch.tensor(free.ca)
    made = symmetry.finish(free).chain("A")
    for a, b in ((made.ca, free.ca), (made.coords[:, 3], free.coords[:, 3])):
        np.testing.assert_allclose(
            np.linalg.norm(a[:, None] - a[None], axis=-1),
            np.linalg.norm(b[:, None] - b[None], axis=-1), atol=1e-6,
        )  # fmt: skip


@pytest.mark.parametrize("name", ["C1", "D31", "C99", "X", "c", "", "Q3"])
def test_wrong_names(name):
    with pytest.raises(ValueError, match="not a symmetry; use C2 to C60, D2 to D30, T, O or I"):
        Symmetry(name)
