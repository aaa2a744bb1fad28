"""Superposition: three other libraries, exact answers on lines, gradients."""

import biotite.structure as struc
import mdtraj
import numpy as np
import pytest
import torch
from Bio.SVDSuperimposer import SVDSuperimposer
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.metrics import rmsd, superpose
from protdiff.structure.superposition import MANY, largest_trace, rotation_of

from ..metrics.helpers import (
    CAPSID,
    KRINGLE,
    REDUCTASE,
    example,
    helix,
    kabsch,
    random_rotation,
    walk,
)


def pair_of(kind):
    """Two corresponding point sets (N, 3) of a kind."""
    rng = np.random.default_rng(5)
    if kind == "random":
        return rng.normal(size=(30, 3)) * 10, rng.normal(size=(30, 3)) * 10
    if kind == "walks":
        return walk(rng, 50), walk(rng, 50)
    if kind == "three points":
        return rng.normal(size=(3, 3)) * 5, rng.normal(size=(3, 3)) * 5
    if kind == "perturbed":
        ca = example(CAPSID).ca
        noise = rng.normal(size=ca.shape)
        return ca, (ca + noise) @ random_rotation(rng) + rng.normal(size=3) * 50
    if kind == "mirrored":
        ca = example(KRINGLE).ca
        return ca * [1, 1, -1], ca
    return example(KRINGLE).ca[:52], example(REDUCTASE).ca


KINDS = ("random", "walks", "three points", "perturbed", "mirrored", "two proteins")


def by_biotite(x, y):
    return struc.rmsd(y, struc.superimpose(y, x)[0])


def by_biopython(x, y):
    superimposer = SVDSuperimposer()
    superimposer.set(y, x)
    superimposer.run()
    return superimposer.get_rms()


def by_mdtraj(x, y):
    first, second = (mdtraj.Trajectory(points[None] / 10, None) for points in (x, y))
    return 10 * mdtraj.rmsd(first, second)[0]


@pytest.mark.parametrize("other", [by_biotite, by_biopython, by_mdtraj])
@pytest.mark.parametrize("kind", KINDS)
def test_rmsd_equals_other_libraries(kind, other):
    x, y = pair_of(kind)
    # mdtraj works in single precision
    assert abs(float(rmsd(torch.tensor(x), torch.tensor(y))) - other(x, y)) < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_motion_is_that_of_a_singular_value_decomposition(kind):
    x, y = pair_of(kind)
    rotation, translation = superpose(torch.tensor(x), torch.tensor(y))
    expected = kabsch(x, y)
    np.testing.assert_allclose(rotation, expected[0], atol=1e-9)
    np.testing.assert_allclose(translation, expected[1], atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_rotation_is_never_a_reflection(kind):
    x, y = pair_of(kind)
    for mirror in ([1, 1, 1], [-1, 1, 1], [-1, -1, -1]):
        rotation, _ = superpose(torch.tensor(x * mirror), torch.tensor(y))
        np.testing.assert_allclose(rotation @ rotation.mT, np.eye(3), atol=1e-12)
        assert float(torch.linalg.det(rotation)) == pytest.approx(1, abs=1e-12)


def test_mirrored_helix_does_not_fit():
    right = torch.tensor(helix(12))
    assert float(rmsd(right * torch.tensor([1, 1, -1]), right)) > 0.5
    # Two reflections are a rotation. The rmsd of nothing is the square root of round-off.
    assert float(rmsd(right * torch.tensor([1, -1, -1]), right)) < 1e-6


@given(st.integers(0, 10**6), st.integers(3, 40))
@settings(deadline=None, max_examples=40)
def test_rigid_motion_is_recovered(seed, length):
    rng = np.random.default_rng(seed)
    x, rotation, shift = walk(rng, length), random_rotation(rng), rng.normal(size=3) * 30
    found, translation = superpose(torch.tensor(x), torch.tensor(x @ rotation + shift))
    # Points may be almost on a line: the motion itself may be ill-conditioned, not its effect.
    np.testing.assert_allclose(
        x @ found.numpy() + translation.numpy(), x @ rotation + shift, atol=1e-6
    )


@given(st.integers(0, 10**6), st.integers(2, 30))
@settings(deadline=None, max_examples=40)
def test_rmsd_is_symmetric_invariant_and_the_least(seed, length):
    rng = np.random.default_rng(seed)
    x, y = walk(rng, length), walk(rng, length)
    value = float(rmsd(torch.tensor(x), torch.tensor(y)))
    assert float(rmsd(torch.tensor(y), torch.tensor(x))) == pytest.approx(value, abs=1e-8)
    turned = x @ random_rotation(rng) + rng.normal(size=3) * 30
    assert float(rmsd(torch.tensor(turned), torch.tensor(y))) == pytest.approx(value, abs=1e-8)
    x, y = x - x.mean(0), y - y.mean(0)
    for _ in range(20):
        apart = x @ random_rotation(rng) - y
        assert np.sqrt(np.square(apart).sum(1).mean()) >= value - 1e-8


def test_batched_calls_equal_single_calls():
    rng = np.random.default_rng(0)
    x, y = (torch.tensor(rng.normal(size=(3, 4, 17, 3))) for _ in range(2))
    mask = torch.tensor(rng.random((3, 4, 17)) < 0.7)
    plain, masked = rmsd(x, y), rmsd(x, y, mask)
    rotation, translation = superpose(x, y, mask)
    for i in range(3):
        for j in range(4):
            few = mask[i, j]
            assert float(plain[i, j]) == pytest.approx(float(rmsd(x[i, j], y[i, j])), abs=1e-12)
            alone = rmsd(x[i, j][few], y[i, j][few])
            assert float(masked[i, j]) == pytest.approx(float(alone), abs=1e-12)
            motion = superpose(x[i, j][few], y[i, j][few])
            np.testing.assert_allclose(rotation[i, j], motion[0], atol=1e-10)
            np.testing.assert_allclose(translation[i, j], motion[1], atol=1e-10)


def test_one_target_for_a_batch():
    rng = np.random.default_rng(1)
    x, y = torch.tensor(rng.normal(size=(5, 9, 3))), torch.tensor(rng.normal(size=(9, 3)))
    singles = [float(rmsd(points, y)) for points in x]
    np.testing.assert_allclose(rmsd(x, y), singles, atol=1e-12)


@pytest.mark.parametrize("where", ["mobile", "target", "both"])
def test_nan_in_masked_points_does_no_harm(where):
    rng = np.random.default_rng(2)
    x, y = (torch.tensor(rng.normal(size=(2, 12, 3))) for _ in range(2))
    mask = torch.ones(2, 12, dtype=torch.bool)
    mask[0, [0, 5]] = mask[1, 11] = False
    expected = rmsd(x, y, mask)
    if where != "target":
        x = x.masked_fill(~mask[..., None], torch.nan)
    if where != "mobile":
        y = y.masked_fill(~mask[..., None], torch.nan)
    np.testing.assert_allclose(rmsd(x, y, mask), expected, rtol=1e-12)
    assert all(part.isfinite().all() for part in superpose(x, y, mask))


@pytest.mark.parametrize("masked", [False, True])
def test_gradient_equals_finite_differences(masked):
    rng = np.random.default_rng(3)
    x, y = (torch.tensor(rng.normal(size=(2, 8, 3)), requires_grad=True) for _ in range(2))
    mask = torch.tensor(rng.random((2, 8)) < 0.7) if masked else None
    assert torch.autograd.gradcheck(lambda a, b: rmsd(a, b, mask), (x, y))


@pytest.mark.parametrize("where", [0, 1])
def test_gradient_with_nan_in_masked_points(where):
    rng = np.random.default_rng(4)
    points = [torch.tensor(rng.normal(size=(8, 3))) for _ in range(2)]
    mask = torch.ones(8, dtype=torch.bool)
    mask[3] = False
    x = points[0].clone().requires_grad_()
    (expected,) = torch.autograd.grad(rmsd(x, points[1], mask), x)
    points[where] = points[where].masked_fill(~mask[:, None], torch.nan)
    x = points[0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(rmsd(x, points[1], mask), x)
    np.testing.assert_allclose(gradient[mask], expected[mask], atol=1e-12)


def test_one_point_and_two_points():
    first, second = torch.tensor([[1.0, 2, 3]]).double(), torch.tensor([[4.0, 4, 4]]).double()
    assert float(rmsd(first, second)) < 1e-12
    x = torch.tensor([[0.0, 0, 0], [0, 0, 3]]).double()
    y = torch.tensor([[5.0, 5, 5], [12, 5, 5]]).double()
    assert float(rmsd(x, y)) == pytest.approx((7 - 3) / 2, abs=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_points_on_a_line(sign):
    rng = np.random.default_rng(6)
    s = rng.normal(size=9)
    t = sign * s + 0.3 * rng.normal(size=9)
    s, t = s - s.mean(), t - t.mean()
    direction = rng.normal(size=(2, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    x, y = s[:, None] * direction[0] + 1, t[:, None] * direction[1] - 2
    # On a line, turning round is a rotation: the sign of the covariance is free.
    expected = np.sqrt((s**2).mean() + (t**2).mean() - 2 * abs((s * t).mean()))
    x = torch.tensor(x, requires_grad=True)
    value = rmsd(x, torch.tensor(y))
    assert float(value.detach()) == pytest.approx(expected, abs=1e-9)
    assert torch.autograd.grad(value, x)[0].isfinite().all()


def test_points_in_one_place():
    y = torch.tensor(np.random.default_rng(7).normal(size=(6, 3)))
    spread = (y - y.mean(0)).square().sum(1).mean().sqrt()
    assert float(rmsd(torch.full((6, 3), 2.0).double(), y)) == pytest.approx(float(spread))


def test_many_rotations_are_those_of_a_singular_value_decomposition():
    """Newton's method, and what it leaves to LAPACK: lines, planes, mirror images, nothing."""
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(2, 2 * MANY, 5, 3)) * 4
    x[::4] = y[::4] * [1, 1, -1] + 0.1 * x[::4]
    x[1::8, :, 2] = 0  # a plane
    x[2::8, :, 1:] *= 1e-5  # nearly a line
    x[3] = x[11, :, 1:] = 0  # a point, and a line: any rotation about it is as good
    covariance = torch.tensor(x).mT @ torch.tensor(y)
    rotation = rotation_of(covariance)
    eye = torch.eye(3, dtype=torch.float64).expand_as(rotation)
    torch.testing.assert_close(rotation @ rotation.mT, eye, rtol=0, atol=1e-9)
    assert (torch.linalg.det(rotation) > 0).all()
    u, s, vh = torch.linalg.svd(covariance)
    s[:, 2] *= torch.linalg.det(u @ vh).sign()
    largest = (rotation * covariance).sum((1, 2))
    torch.testing.assert_close(largest, s.sum(1), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(largest_trace(covariance), s.sum(1), rtol=1e-10, atol=1e-12)
