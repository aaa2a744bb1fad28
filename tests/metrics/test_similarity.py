"""lDDT and dRMSD against plain loops and biotite, and their gradients."""

import importlib

import biotite.structure as struc
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.metrics import drmsd, lddt, rmsd
from protdiff.metrics.similarity import LDDT_THRESHOLDS, local_distances, residue_distances

from .helpers import (
    CAPSID,
    KRINGLE,
    REDUCTASE,
    atom_array,
    example,
    plain_drmsd,
    plain_lddt,
    random_rotation,
    walk,
)

MODULE = importlib.import_module("protdiff.metrics.similarity")


def perturbed(length, seed=0, size=1.0):
    rng = np.random.default_rng([length, seed])
    y = walk(rng, length)
    return y + size * rng.normal(size=y.shape), y


@pytest.mark.parametrize("radius", [6.0, 15.0])
@pytest.mark.parametrize("masked", [False, True])
def test_lddt_equals_plain_loops(radius, masked):
    x, y = perturbed(40)
    mask = np.random.default_rng(1).random(40) < 0.7 if masked else None
    kept, total = plain_lddt(x, y, mask, radius=radius)
    arguments = torch.tensor(x), torch.tensor(y), None if mask is None else torch.tensor(mask)
    assert float(lddt(*arguments, radius=radius)) == pytest.approx(kept.sum() / total.sum())
    with np.errstate(invalid="ignore"):
        expected = kept / total
    np.testing.assert_allclose(
        lddt(*arguments, radius=radius, per_point=True), expected, rtol=1e-12, equal_nan=True
    )
    found = local_distances(*arguments, radius=radius)
    np.testing.assert_allclose(found[0], kept, rtol=1e-12)
    np.testing.assert_array_equal(found[1], total)


@pytest.mark.parametrize("size", [0.3, 1.5, 6.0])
@pytest.mark.parametrize("name", [KRINGLE, CAPSID, REDUCTASE])
def test_lddt_equals_biotite(name, size):
    y = example(name).ca
    x = y + size * np.random.default_rng(2).normal(size=y.shape)
    reference, model = atom_array(y), atom_array(x)
    # The same single-precision coordinates on both sides
    x, y = torch.tensor(model.coord).double(), torch.tensor(reference.coord).double()
    # One distance in some thousands may fall on the other side of a threshold.
    assert float(lddt(x, y)) == pytest.approx(struc.lddt(reference, model), abs=1e-4)
    per_residue = struc.lddt(reference, model, aggregation="residue")
    off = np.abs(lddt(x, y, per_point=True).numpy() - per_residue)
    assert off.max() < 1e-2 and np.median(off) < 1e-6


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_group_of_atoms_makes_no_pairs(dtype):
    rng = np.random.default_rng(3)
    y = example(CAPSID).coords[:15].reshape(-1, 3)
    x = y + rng.normal(size=y.shape)
    group = np.repeat(np.arange(15), 4)
    mask = rng.random(len(y)) < 0.8
    kept, total = plain_lddt(x, y, mask, group)
    found = lddt(*map(torch.tensor, (x, y, mask)), group=torch.tensor(group).to(dtype))
    assert float(found) == pytest.approx(kept.sum() / total.sum())
    assert (total < plain_lddt(x, y, mask)[1]).any()


def test_group_equals_biotite_on_all_atoms():
    backbone = example(REDUCTASE)
    y = backbone.coords.reshape(-1, 3)
    x = y + 0.7 * np.random.default_rng(4).normal(size=y.shape)
    reference, model = atom_array(y), atom_array(x)
    group = np.repeat(np.arange(len(backbone)), 4)
    reference.res_id = model.res_id = group + 1
    x, y = torch.tensor(model.coord).double(), torch.tensor(reference.coord).double()
    expected = struc.lddt(reference, model)
    assert float(lddt(x, y, group=torch.tensor(group))) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("rows", "pairs"), [(1024, 1000), (7, 3), (1, 50)])
def test_residues_that_are_near_equal_all_atoms(rows, pairs, monkeypatch):
    """An extended chain, of which most residues are too far apart to be looked at."""
    monkeypatch.setattr(MODULE, "ROWS", rows)
    monkeypatch.setattr(MODULE, "PAIRS", pairs)
    rng = np.random.default_rng(6)
    y = np.arange(40)[:, None, None] * [3.3, 0.5, 0] + 3 * rng.normal(size=(40, 4, 3))
    x = y + rng.normal(size=y.shape)
    y[[2, 9], [0, 3]] = y[17] = np.nan
    x[[4, 30], [1, 2]] = x[21] = np.nan
    mask, group = np.isfinite(y).all(-1).reshape(-1), np.repeat(np.arange(40), 4)
    flat = (np.nan_to_num(y).reshape(-1, 3), mask, group)
    by_atom = plain_lddt(x.reshape(-1, 3), *flat)
    found = residue_distances(torch.tensor(x), torch.tensor(y))
    for ours, plain in zip(found, by_atom, strict=True):
        np.testing.assert_allclose(ours, plain.reshape(40, 4).sum(1), rtol=1e-12)
    assert found[1][17] == 0 < found[1][21] and found[0][21] == 0


def test_what_the_model_lacks_is_lost():
    x, y = perturbed(30)
    x[[3, 4, 20]] = np.nan
    kept, total = plain_lddt(x, y)
    assert kept[3] == 0 < total[3]
    found = lddt(torch.tensor(x), torch.tensor(y), per_point=True)
    np.testing.assert_allclose(found, kept / total, rtol=1e-12)
    assert float(lddt(torch.tensor(x), torch.tensor(y))) == pytest.approx(kept.sum() / total.sum())
    # A perfect model of all but one residue of a small, dense body: 2 N - 2 pairs of N (N - 1).
    y = torch.tensor(np.random.default_rng(0).random((10, 3)))
    x = y.index_fill(0, torch.tensor([7]), torch.nan)
    assert float(lddt(x, y)) == pytest.approx(1 - 2 / 10)


def test_what_the_reference_lacks_does_not_count():
    x, y = perturbed(30)
    y[[3, 4, 20]] = np.nan
    mask = np.isfinite(y).all(1)
    kept, total = plain_lddt(x[mask], y[mask])
    for given_mask in (None, torch.tensor(mask)):
        found = lddt(torch.tensor(x), torch.tensor(y), given_mask, per_point=True)
        np.testing.assert_allclose(found[mask], kept / total, rtol=1e-12)
        assert found[~mask].isnan().all()
        total_lddt = lddt(torch.tensor(x), torch.tensor(y), given_mask)
        assert float(total_lddt) == pytest.approx(kept.sum() / total.sum())


def test_lddt_of_exact_cases():
    y = torch.tensor([[0.0, 0, 0], [10, 0, 0], [30, 0, 0]]).double()
    # One pair under 15 Å, 10 Å in the reference; off by 0, 0.75, 1.5, 3 and 5 Å
    for off, expected in [(0, 1), (0.75, 0.75), (1.5, 0.5), (3, 0.25), (-3, 0.25), (5, 0)]:
        x = y + torch.tensor([[0, 0, 0], [off, 0, 0], [77, 0, 0]])
        assert float(lddt(x, y)) == expected
        assert lddt(x, y, per_point=True)[:2].tolist() == [expected] * 2
        assert lddt(x, y, per_point=True)[2].isnan()
    assert lddt(y[:1], y[:1]).isnan()
    # Strictly less than a threshold, and strictly closer than the radius
    assert float(lddt(y + torch.tensor([[0, 0, 0], [0.5, 0, 0], [0, 0, 0]]), y)) == 0.75
    assert lddt(y, y, radius=10.0).isnan()


def test_lddt_of_a_batch():
    rng = np.random.default_rng(5)
    y = np.stack([[walk(rng, 12) for _ in range(3)] for _ in range(2)])
    x = y + rng.normal(size=y.shape)
    mask, group = rng.random(y.shape[:-1]) < 0.8, rng.integers(0, 6, y.shape[:-1])
    x, y, mask, group = map(torch.tensor, (x, y, mask, group))
    for key in ({}, {"per_point": True}, {"smooth": 0.3}):
        found = lddt(x, y, mask, group=group, **key)
        distances = drmsd(x, y, mask)
        for i in range(2):
            for j in range(3):
                single = lddt(x[i, j], y[i, j], mask[i, j], group=group[i, j], **key)
                np.testing.assert_allclose(found[i, j], single, rtol=1e-12, equal_nan=True)
                single = drmsd(x[i, j], y[i, j], mask[i, j])
                assert float(distances[i, j]) == pytest.approx(float(single), rel=1e-12)


@pytest.mark.parametrize("rows", [1, 7, 29])
def test_rows_at_a_time_change_nothing(rows, monkeypatch):
    x, y = map(torch.tensor, perturbed(30))
    whole = local_distances(x, y), lddt(x, y, smooth=0.2, per_point=True)
    monkeypatch.setattr(MODULE, "ROWS", rows)
    pieces = local_distances(x, y), lddt(x, y, smooth=0.2, per_point=True)
    torch.testing.assert_close(pieces, whole, rtol=1e-13, atol=0)


def test_smooth_tends_to_the_steps():
    x, y = map(torch.tensor, perturbed(25))
    step = float(lddt(x, y))
    errors = [abs(float(lddt(x, y, smooth=width)) - step) for width in (0.3, 0.03, 1e-3, 1e-6)]
    assert errors[0] > errors[1] > errors[3]
    # At 1e-6 Å only a distance as close to a threshold could differ.
    assert errors[3] < 1e-9


def test_smooth_is_a_sum_of_sigmoids():
    y = torch.tensor([[0.0, 0, 0], [10, 0, 0]]).double()
    x = torch.tensor([[0.0, 0, 0], [11.2, 0, 0]]).double()
    expected = np.mean([1 / (1 + np.exp(-(t - 1.2) / 0.4)) for t in LDDT_THRESHOLDS])
    assert float(lddt(x, y, smooth=0.4)) == pytest.approx(expected)


def test_smooth_loses_what_the_model_lacks():
    x, y = perturbed(20)
    step = lddt(torch.tensor(x), torch.tensor(y), per_point=True)
    x[[4, 11]] = np.nan
    lost = lddt(torch.tensor(x), torch.tensor(y), per_point=True)
    smooth = lddt(torch.tensor(x), torch.tensor(y), per_point=True, smooth=1e-6)
    np.testing.assert_allclose(smooth, lost, atol=1e-9)
    assert smooth[4] == smooth[11] == 0 and (smooth <= step).all()


def test_gradient_of_smooth_lddt():
    x, y = map(torch.tensor, perturbed(10))
    mask = torch.arange(10) != 4
    x.requires_grad_()
    assert torch.autograd.gradcheck(lambda a: lddt(a, y, mask, smooth=0.4), x)
    for reference in (y, x.detach()):  # the second: every difference is zero
        (gradient,) = torch.autograd.grad(lddt(x, reference, smooth=0.4), x)
        assert gradient.isfinite().all()


@pytest.mark.parametrize("measure", [lambda *a: lddt(*a, smooth=0.4), drmsd])
def test_gradient_with_nan_in_masked_points(measure):
    x, y = map(torch.tensor, perturbed(10))
    mask = torch.arange(10) != 4
    x.requires_grad_()
    (expected,) = torch.autograd.grad(measure(x, y, mask), x)
    x = x.detach().masked_fill(~mask[:, None], torch.nan).requires_grad_()
    (gradient,) = torch.autograd.grad(measure(x, y, mask), x)
    np.testing.assert_allclose(gradient[mask], expected[mask], atol=1e-12)


def test_gradient_of_smooth_lddt_where_a_point_is_missing():
    """A distance that is lost, or that does not count, has no gradient; the others have theirs."""
    x, y = map(torch.tensor, perturbed(10))
    others = torch.arange(10) != 4
    total = float(local_distances(x, y)[1].sum())
    part = local_distances(x[others], y[others])[1].sum()
    for side in (x, y):
        side[4] = torch.nan
        given_x = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(lddt(given_x, y, smooth=0.4), given_x)
        given_x = x[others].clone().requires_grad_()
        (expected,) = torch.autograd.grad(lddt(given_x, y[others], smooth=0.4), given_x)
        if side is x:
            expected = expected * part / total
        np.testing.assert_allclose(gradient[others], expected, atol=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 25))
@settings(deadline=None, max_examples=30)
def test_rigid_motions_and_mirror_images_change_nothing(seed, length):
    x, y = perturbed(length, seed)
    rng = np.random.default_rng(seed)
    values = [float(f(torch.tensor(x), torch.tensor(y))) for f in (lddt, drmsd)]
    for mirror in (1, -1):
        turned = mirror * x @ random_rotation(rng) + rng.normal(size=3) * 30
        found = [float(f(torch.tensor(turned), torch.tensor(y))) for f in (lddt, drmsd)]
        np.testing.assert_allclose(found, values, rtol=1e-9)
    assert float(drmsd(torch.tensor(y), torch.tensor(x))) == pytest.approx(values[1])


@pytest.mark.parametrize("masked", [False, True])
def test_drmsd_equals_plain_loops(masked):
    x, y = perturbed(20)
    mask = np.random.default_rng(6).random(20) < 0.6 if masked else None
    given_mask = torch.tensor(mask) if masked else None
    expected = plain_drmsd(x, y, mask)
    assert float(drmsd(torch.tensor(x), torch.tensor(y), given_mask)) == pytest.approx(expected)
    if masked:
        x[~mask] = np.nan
        assert float(drmsd(torch.tensor(x), torch.tensor(y), given_mask)) == pytest.approx(expected)
    expected_gradient = torch.tensor(y, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda a: drmsd(torch.tensor(x).nan_to_num(), a, given_mask), expected_gradient
    )


def test_drmsd_of_a_mirror_image_is_zero_where_the_rmsd_is_not():
    y = torch.tensor(example(CAPSID).ca)
    x = y * torch.tensor([1, 1, -1])
    assert float(drmsd(x, y)) < 1e-9 and float(rmsd(x, y)) > 5
