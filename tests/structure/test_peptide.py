"""Peptide links: read back exactly, atoms close on real chains, ends ideal."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff import read
from protdiff.structure import geometry
from protdiff.structure.peptide import deviations, link_vectors, place_backbone

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def real():
    """One complete, unbroken real chain; (L, 4, 3)."""
    backbone = read(EXAMPLES / "3nzd.cif")
    coords = backbone.chain(backbone.chains[0]).coords
    gaps = np.flatnonzero(~(np.linalg.norm(np.diff(coords[:, 1], axis=0), axis=-1) < 4.2))
    return coords[: gaps[0] + 1] if len(gaps) else coords


def random_chain(seed, length, cis=0.0):
    """A random walk of trans steps, and a share of cis ones, with random link vectors."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(length - 1, 3))
    size = np.where(rng.random(length - 1) < cis, 2.95, 3.8)[:, None]
    ca = np.cumsum(size * steps / np.linalg.norm(steps, axis=1, keepdims=True), axis=0)
    return np.concatenate([[[0, 0, 0]], ca]), rng.normal(size=(length - 1, 3))


def angle(a, b, c):
    """Angle a-b-c in degrees."""
    u, v = a - b, c - b
    cosine = (u * v).sum(-1) / np.linalg.norm(u, axis=-1) / np.linalg.norm(v, axis=-1)
    return np.degrees(np.arccos(cosine))


def test_real_chain_is_rebuilt(real):
    rebuilt = place_backbone(real[:, 1], link_vectors(real))
    error = np.sqrt(np.square(rebuilt - real).sum(-1)[1:-1].mean(0))
    # rms over 663 chains: N 0.056, C 0.038, O 0.048 Å (rigid peptides: 0.081, 0.050, 0.059)
    assert error[1] == 0
    assert (error < [0.08, 1e-9, 0.06, 0.08]).all()


def test_with_its_deviations_a_chain_is_rebuilt_exactly(real):
    """In the chain and at its ends. Without them there is the mean, and half of them between."""
    ca, links, off = real[:, 1], link_vectors(real), deviations(real)
    np.testing.assert_allclose(place_backbone(ca, links, off), real, atol=1e-9)
    mean = place_backbone(ca, links)
    np.testing.assert_array_equal(place_backbone(ca, links, off.scaled(0.0)), mean)
    half = place_backbone(ca, links, off.scaled(0.5))
    np.testing.assert_allclose(half[1:-1], (real + mean)[1:-1] / 2, atol=1e-9)
    # End atoms turn about their bonds, which keep a length between the two.
    for x in (half, real, mean):
        assert abs(np.linalg.norm(x[0, 0] - x[0, 1]) - 1.46) < 0.05
        assert abs(np.linalg.norm(x[-1, 2] - x[-1, 1]) - 1.52) < 0.05
    assert (abs(off.ends[:, 2]) <= 180).all()


def test_deviations_turn_with_the_chain(real):
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    for a, b in zip(deviations(real), deviations(real @ turn.T), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)


def test_peptides_yield_to_their_neighbours(real):
    """N-CA-C is as wide as in the real chain; rigid peptides spread it nearly twice as much."""
    rebuilt = place_backbone(real[:, 1], link_vectors(real))
    spread = [geometry.angle(*np.moveaxis(x[1:-1, :3], 1, 0)).std() for x in (rebuilt, real)]
    assert spread[0] == pytest.approx(spread[1], abs=0.7)
    omega = abs(geometry.dihedral(rebuilt[:-1, 1], rebuilt[:-1, 2], rebuilt[1:, 0], rebuilt[1:, 1]))
    assert 2 < np.sqrt(np.mean((180 - omega[omega > 90]) ** 2)) < 7


def test_atoms_see_the_next_links_and_no_farther():
    """One link turned by a right angle moves the atoms of its neighbours only."""
    ca, links = random_chain(3, 12)
    before, turned = place_backbone(ca, links), links.copy()
    turned[5] = np.cross(ca[6] - ca[5], links[5])
    moved = np.abs(place_backbone(ca, turned) - before).max(-1) > 1e-9
    owners = np.array([[i - 1, -1, i, i] for i in range(12)])  # link that places N, -, C, O
    assert set(owners[moved]) == {4, 5, 6}


@given(st.integers(0, 10**6), st.integers(3, 40), st.sampled_from([0.0, 0.2]))
@settings(deadline=None, max_examples=50)
def test_placed_links_are_read_back(seed, length, cis):
    ca, links = random_chain(seed, length, cis)
    coords = place_backbone(ca, links)
    axis = np.diff(ca, axis=0) / np.linalg.norm(np.diff(ca, axis=0), axis=1, keepdims=True)
    plane = links - (links * axis).sum(1, keepdims=True) * axis
    plane /= np.linalg.norm(plane, axis=1, keepdims=True)
    np.testing.assert_allclose(link_vectors(coords), plane, atol=1e-9)


def test_bonds_of_a_rebuilt_chain(real):
    coords = place_backbone(real[:, 1], link_vectors(real))[1:-1]
    n, ca, c, o = np.moveaxis(coords, 1, 0)
    lengths = {
        "C-N": (np.linalg.norm(n[1:] - c[:-1], axis=1), 1.331),
        "C=O": (np.linalg.norm(o - c, axis=1), 1.233),
        "CA-C": (np.linalg.norm(c - ca, axis=1), 1.524),
        "N-CA": (np.linalg.norm(ca - n, axis=1), 1.461),
    }
    for name, (bond, ideal) in lengths.items():
        np.testing.assert_allclose(bond, ideal, atol=0.05, err_msg=name)
        assert np.sqrt(np.mean((bond - ideal) ** 2)) < 0.015, name


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=30)
def test_impossible_chains_keep_their_bonds(seed):
    """Whatever the neighbours do, bonds stretch by less than 0.2 Å."""
    n, ca, c, o = np.moveaxis(place_backbone(*random_chain(seed, 12)), 1, 0)
    assert np.abs(np.linalg.norm(n[1:] - c[:-1], axis=1) - 1.331).max() < 0.2
    for bond, ideal in ((o - c, 1.233), (c - ca, 1.524), (ca - n, 1.461)):
        assert np.abs(np.linalg.norm(bond, axis=1) - ideal).max() < 0.2


def test_ends_continue_the_neighbours(real):
    coords = place_backbone(real[:, 1], link_vectors(real))
    n, ca, c, o = np.moveaxis(coords, 1, 0)
    assert angle(n[0], ca[0], c[0]) == pytest.approx(110.9)
    assert angle(n[-1], ca[-1], c[-1]) == pytest.approx(110.9)
    assert angle(ca[-1], c[-1], o[-1]) == pytest.approx(120.4)
    psi = geometry.dihedral(n[:-1], ca[:-1], c[:-1], n[1:])
    assert psi[0] == pytest.approx(psi[1])
    phi = geometry.dihedral(c[:-1], n[1:], ca[1:], c[1:])
    assert phi[-1] == pytest.approx(phi[-2])


def test_cis_link_keeps_its_shape():
    ca = np.array([[0.0, 0, 0], [3.8, 0, 0], [3.8, 2.95, 0], [7.6, 2.95, 0]])
    coords = place_backbone(ca, np.tile([0.0, 0, 1.0], (3, 1)))
    omega = geometry.dihedral(ca[1], coords[1, 2], coords[2, 0], ca[2])
    assert abs(omega) < 1e-6
    assert np.linalg.norm(coords[1, 2] - coords[2, 0]) == pytest.approx(1.337, abs=0.01)


def test_mirror_image_has_opposite_torsions(real):
    mirrored = real * [1, 1, -1]
    rebuilt = place_backbone(mirrored[:, 1], link_vectors(mirrored))
    np.testing.assert_allclose(
        rebuilt * [1, 1, -1],
        place_backbone(real[:, 1], link_vectors(real)),
        atol=1e-9,
    )
