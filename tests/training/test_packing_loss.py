"""Errors of overlaps and hydrogen bonds: loops over pairs, and finite changes of a real chain."""

from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.network.link_atoms import atoms_present, link_atoms
from protdiff.structure.peptide import link_vectors
from protdiff.training.packing_loss import (
    PackingWeights,
    _hydrogen_bond_sums,
    _overlap_sums,
    hydrogen_bond_error,
    overlap_error,
)

ROOT = Path(__file__).parents[2]
TERMS = [overlap_error, hydrogen_bond_error]


@pytest.fixture(scope="module")
def chain():
    """Atoms of a real chain, (1, N, 4, 3), and which there are."""
    chain = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")
    coords = chain.coords[: int(np.argmin(np.append(chain.mask.all(1), False)))]
    links = np.append(link_vectors(coords), [[0.0, 0, 0]], 0)
    atoms = link_atoms(*(torch.from_numpy(np.array(x))[None] for x in (coords[:, 1], links)))
    return atoms, atoms_present(torch.ones(atoms.shape[:2], dtype=torch.bool))


def errors(atoms, scale=0.3):
    generator = torch.Generator().manual_seed(1)
    return scale * torch.randn(2, *atoms.shape, generator=generator, dtype=atoms.dtype)


def test_overlaps_against_a_loop_over_pairs(chain):
    atoms, present = chain
    error, reference = errors(atoms)
    gaussian = (atoms - error - reference)[0].numpy()
    x, sums, count = atoms[0].numpy(), np.zeros(2), 0
    places = [(i, a) for i in range(len(x)) for a in range(4) if present[0, i, a]]
    for i, a in places:
        for j, b in places:
            if j < i + 2:
                continue
            line, other = x[i, a] - x[j, b], gaussian[i, a] - gaussian[j, b]
            distance = np.linalg.norm(line)
            if min(distance, np.linalg.norm(other)) < 6:
                count += 1
                for k, e in enumerate((error, reference)):
                    change = line @ (e[0, i, a] - e[0, j, b]).numpy()
                    sums[k] += (change / max(distance, 2) ** 2) ** 2
    expected = sums[0] / sums[1] * count / (count + 4)
    assert overlap_error(error, reference, atoms, present).item() == pytest.approx(expected)


def bond_geometry(atoms):
    """ln |H···O|, and the two angles, of all residues with all others."""
    x = atoms[0].numpy()
    oxygen, carbon = x[:, 3], x[:, 2]
    hydrogen = x[1:, 0] - (oxygen - carbon)[:-1] * 1.01 / 1.233
    line = oxygen[None] - hydrogen[:, None]
    length = np.linalg.norm(line, axis=-1)

    def angle(a, b):
        cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
        return np.arccos(cosine)

    at_h = angle((x[1:, 0] - hydrogen)[:, None], line)
    at_o = angle(-line, (carbon - oxygen)[None])
    return np.stack([np.log(length), at_h, at_o], -1)


def test_hydrogen_bonds_against_finite_changes(chain):
    """The errors are what the geometry changes by, for a small change of all atoms."""
    atoms, present = chain
    error, reference = errors(atoms)
    distance = (atoms[0, :, None, 0] - atoms[0, None, :, 3]).norm(dim=-1).numpy()
    n = len(distance)
    sums, count = np.zeros(2), 0
    changes = [
        (bond_geometry(atoms + 1e-6 * e) - bond_geometry(atoms - 1e-6 * e)) / 2e-6
        for e in (error, reference)
    ]
    for i in range(1, n):
        others = sorted((distance[i, j], j) for j in range(n - 1) if abs(i - j) >= 2)
        for d, j in others[:2]:
            if d < 4.5:
                count += 1
                sums += [(change[i - 1, j] ** 2).sum() for change in changes]
    assert count > 0.5 * n  # a chain with helices and sheets
    expected = sums[0] / sums[1] * count / (count + 4)
    assert hydrogen_bond_error(error, reference, atoms, present).item() == pytest.approx(
        expected, rel=1e-4
    )


@pytest.mark.parametrize("term", TERMS)
def test_padding_and_other_chains_do_not_count(term, chain):
    atoms, present = chain
    error, reference = errors(atoms)
    plain = term(error, reference, atoms, present).item()
    assert 0.6 < plain < 1.5  # errors of equal size
    padding = (0, 0, 0, 0, 0, 7)
    parts = [torch.nn.functional.pad(x, padding, value=3.0) for x in (error, reference, atoms)]
    real = torch.nn.functional.pad(present, (0, 0, 0, 7))
    assert term(*parts, real).item() == pytest.approx(plain)
    two = [torch.cat([x, x.flip(-1)]) for x in (error, reference, atoms)]
    both = torch.cat([present, present])
    assert term(*two, both)[0].item() == pytest.approx(plain)


@pytest.mark.parametrize("term", TERMS)
def test_moving_and_turning_a_whole_chain_costs_nothing(term, chain):
    atoms, present = chain
    _, reference = errors(atoms)
    turned = torch.linalg.cross(torch.tensor([0.2, 0.1, 1.0]).double().expand_as(atoms), atoms)
    for error in (turned, torch.ones_like(atoms)):
        assert term(error, reference, atoms, present).item() < 1e-18


@pytest.mark.parametrize("term", TERMS)
def test_atoms_on_each_other_and_no_atoms_have_finite_losses(term):
    for size in (1, 2, 3, 12):
        atoms = torch.zeros(1, size, 4, 3)
        error, reference = errors(atoms)
        error.requires_grad_()
        present = atoms_present(torch.ones(1, size, dtype=torch.bool))
        loss = term(error, reference, atoms, present).sum()
        loss.backward()
        assert bool(loss.isfinite()) and bool(error.grad.isfinite().all())


def test_the_posterior_mean_is_the_minimiser(chain):
    """Two clean chains, equally probable given the noisy one: the gradient at their mean is zero.

    So it is exactly for the numerators: the weights depend on the estimates alone.
    """
    atoms, present = chain
    shift, offset = errors(atoms)
    gaussian = atoms + offset
    for sums in (_overlap_sums, _hydrogen_bond_sums):
        gradients = []
        for clean in (atoms + shift, atoms - shift):
            estimate = atoms.clone().requires_grad_()
            parts = estimate - clean, clean - gaussian, estimate.detach()
            [gradient] = torch.autograd.grad(sums(*parts, present).error.sum(), estimate)
            gradients.append(gradient)
        assert (gradients[0] + gradients[1]).norm() < 1e-10 * gradients[0].norm()


def test_weights_choose_the_terms(chain):
    atoms, present = chain
    error, reference = errors(atoms)
    assert PackingWeights().names == [] and not PackingWeights().errors(*[None] * 4)
    both = PackingWeights(overlaps=2.0, hydrogen_bonds=0.5)
    assert both.names == ["overlaps", "hydrogen_bonds"] and both.values == [2.0, 0.5]
    values = [value.item() for value in both.errors(error, reference, atoms, present)]
    assert values == [term(error, reference, atoms, present).item() for term in TERMS]
    assert PackingWeights(hydrogen_bonds=1.0).names == ["hydrogen_bonds"]
