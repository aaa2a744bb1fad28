"""Errors of distances: exact answers on simple chains, and on a real one."""

from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.network.link_atoms import atoms_present as present_atoms
from protdiff.network.link_atoms import link_atoms
from protdiff.structure.peptide import link_vectors
from protdiff.training.distance_loss import LOCAL, contact_error, local_error

ROOT = Path(__file__).parents[2]


def atoms_present(length, padding=0):
    """Atoms of one chain with padding."""
    return present_atoms(torch.arange(length + padding)[None] < length)


@pytest.fixture(scope="module")
def real():
    """Coordinates of a real chain, its trace and its links, float64."""
    chain = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")
    coords = chain.coords[: int(np.argmin(np.append(chain.mask.all(1), False)))]
    ca = torch.from_numpy(np.array(coords[None, :, 1]))
    links = torch.from_numpy(np.append(link_vectors(coords), [[0.0, 0, 0]], 0)[None])
    return coords, ca, links


def test_atoms_of_a_real_chain(real):
    coords, ca, links = real
    present = atoms_present(len(coords))
    assert present.sum() == 4 * len(coords) - 3
    distance = (link_atoms(ca, links) - torch.from_numpy(np.array(coords)))[present].norm(dim=-1)
    assert distance.square().mean().sqrt() < 0.1  # docs/theory.md: the rigid trans peptide


def straight(n, padding=0):
    """A straight chain and errors along it and across it; (1, n + padding, 4, 3) each."""
    generator = torch.Generator().manual_seed(0)
    ca, along, across = torch.zeros(3, 1, n + padding, 3)
    ca[0, :n, 0] = torch.arange(n) * 3.8
    along[0, :n, 0] = torch.randn(n, generator=generator)
    across[0, :n, 1:] = torch.randn(n, 2, generator=generator)
    none = torch.zeros_like(ca)
    return (link_atoms(x, none) for x in (ca, along, across))


@pytest.mark.parametrize("padding", [0, 4])
def test_only_the_error_along_a_pair_counts(padding):
    atoms, along, across = straight(12, padding)
    present = atoms_present(12, padding)
    for pairs in LOCAL.values():
        assert local_error(across, along, atoms, present, pairs).item() == 0
        half = local_error(0.5 * along + across, along, atoms, present, pairs).item()
        assert half == pytest.approx(0.25)
    noise = torch.full_like(along, 9.0)
    padded = torch.where(present[..., None], along, noise)
    for pairs in LOCAL.values():
        assert local_error(0.5 * padded, along, atoms, present, pairs).item() == pytest.approx(0.25)


def test_contacts_against_a_loop_over_pairs(real):
    coords, ca, links = real
    generator = torch.Generator().manual_seed(1)
    atoms = link_atoms(ca, links)
    error, reference = torch.randn(2, *atoms.shape, generator=generator, dtype=atoms.dtype)
    present = atoms_present(len(coords))
    x, expected = atoms[0].numpy(), 0.0
    for a, b, reach in ((1, 1, 8.0), (0, 3, 5.0)):
        sums = np.zeros(2)
        for i in range(len(x)):
            for j in range(len(x)):
                line = x[i, a] - x[j, b]
                real_pair = present[0, i, a] and present[0, j, b] and abs(i - j) >= 3
                if real_pair and np.linalg.norm(line) < reach:
                    line /= np.linalg.norm(line)
                    for k, e in enumerate((error, reference)):
                        sums[k] += (line @ (e[0, i, a] - e[0, j, b]).numpy()) ** 2
        expected += sums[0] / sums[1] / 2
    assert contact_error(error, reference, atoms, present).item() == pytest.approx(expected)


def test_rotations_of_a_whole_chain_cost_nothing_to_first_order(real):
    coords, ca, links = real
    atoms = link_atoms(ca, links)
    turned = torch.linalg.cross(torch.tensor([0.0, 0, 1]).double().expand_as(atoms), atoms)
    present = atoms_present(len(coords))
    reference = torch.randn(atoms.shape, generator=torch.Generator().manual_seed(2)).to(atoms)
    for pairs in LOCAL.values():
        assert local_error(turned, reference, atoms, present, pairs).item() < 1e-20
    assert contact_error(turned, reference, atoms, present).item() < 1e-20
