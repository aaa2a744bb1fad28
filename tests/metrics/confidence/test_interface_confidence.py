"""Scores of interfaces against their published formulas, computed pair by pair."""

import math

import numpy as np
import pytest

from protdiff.metrics.confidence.interface_confidence import interface_confidence, ipsae, pdockq


def plain_d0(length):
    """d0 of Yang and Skolnick (2004), of 27 residues at least, as in ipSAE."""
    return max(1.0, 1.24 * (max(length, 27) - 15) ** (1 / 3) - 1.8)


def plain_ipsae(pae, first, second):
    """Dunbrack (2025): for each residue of the first chain the mean over errors under 10 Å."""
    best = 0.0
    for i in first:
        valid = [j for j in second if pae[i, j] < 10]
        if valid:
            d0 = plain_d0(len(valid))
            terms = [1 / (1 + (pae[i, j] / d0) ** 2) for j in valid]
            best = max(best, sum(terms) / len(terms))
    return best


def plain_lis(pae, first, second):
    """Kim et al. (2024): errors up to 12 Å turned round, and their mean."""
    terms = [(12 - pae[i, j]) / 12 for i in first for j in second if pae[i, j] <= 12]
    return sum(terms) / len(terms) if terms else 0.0


def plain_contacts(coords, first, second):
    return [(i, j) for i in first for j in second if math.dist(coords[i], coords[j]) <= 8]


def plain_plddt(contacts, plddt):
    touching = {i for i, _ in contacts} | {j for _, j in contacts}
    return sum(plddt[k] for k in touching) / len(touching)


def plain_pdockq(coords, plddt, first, second):
    """Bryant et al. (2022)."""
    contacts = plain_contacts(coords, first, second)
    if not contacts:
        return 0.0
    x = plain_plddt(contacts, plddt) * math.log10(len(contacts))
    return 0.724 / (1 + math.exp(-0.052 * (x - 152.611))) + 0.018


def plain_pdockq2(coords, plddt, pae, first, second):
    """Zhu et al. (2023), of one pair of chains as in ipsae.py."""
    contacts = plain_contacts(coords, first, second)
    if not contacts:
        return 0.0
    weight = sum(1 / (1 + (pae[i, j] / 10) ** 2) for i, j in contacts) / len(contacts)
    x = plain_plddt(contacts, plddt) * weight
    return 1.31 / (1 + math.exp(-0.075 * (x - 84.733))) + 0.005


@pytest.mark.parametrize("error", [2.0, 8.0, 30.0])
def test_formulas_pair_by_pair(error):
    """Three chains of 40, 25 and 60 residues, from sure to hopeless."""
    rng = np.random.default_rng(int(error))
    sizes = {"A": 40, "C": 25, "B": 60}
    chains = np.repeat(list(sizes), list(sizes.values()))
    pae = rng.gamma(3, error / 3, (125, 125))
    coords = rng.normal(scale=12, size=(125, 3))
    plddt = rng.uniform(40, 99, 125)
    found = interface_confidence(chains, pae, plddt, coords)
    assert [pair.chains for pair in found] == [("A", "C"), ("A", "B"), ("C", "B")]
    for pair in found:
        first, second = ([k for k in range(125) if chains[k] == name] for name in pair.chains)
        there, back = (pae, first, second), (pae, second, first)
        assert pair.ipsae == pytest.approx(max(plain_ipsae(*there), plain_ipsae(*back)), abs=1e-12)
        assert pair.lis == pytest.approx((plain_lis(*there) + plain_lis(*back)) / 2, abs=1e-12)
        assert pair.pdockq == pytest.approx(plain_pdockq(coords, plddt, first, second), abs=1e-12)
        both = (plain_pdockq2(coords, plddt, *way) for way in (there, back))
        assert pair.pdockq2 == pytest.approx(max(both), abs=1e-12)
        blocks = pae[np.ix_(first, second)].mean(), pae[np.ix_(second, first)].mean()
        assert pair.pae == pytest.approx(np.mean(blocks))


def test_ways_differ():
    """A residue of the first chain is sure of all of the second, none the other way round."""
    chains = np.repeat(["A", "B"], [3, 50])
    pae = np.full((53, 53), 20.0)
    pae[1, 3:] = 1.0
    [pair] = interface_confidence(chains, pae, None, np.zeros((53, 3)))
    assert pair.ipsae == pytest.approx(1 / (1 + 1 / plain_d0(50) ** 2))
    assert ipsae(pae[3:, :3]) == 0
    assert pair.lis == pytest.approx(11 / 24)
    assert np.isnan([pair.pdockq, pair.pdockq2, pair.iptm]).all()  # no pLDDT


def test_values_that_are_missing_do_not_count():
    """Errors and pLDDT that a predictor writes as null: the means are those of the others."""
    chains = np.repeat(["A", "B"], 3)
    coords = np.stack([np.tile([0, 20, 40], 2), np.repeat([0, 5], 3), np.zeros(6)], 1).astype(float)
    plddt, pae = np.array([80, 70, 60, 80, 70, 60.0]), np.full((6, 6), 4.0)
    [whole] = interface_confidence(chains, pae, plddt, coords)
    pae[0, 3] = pae[4, 1] = pae[2, 3] = plddt[1] = plddt[4] = np.nan
    [holes] = interface_confidence(chains, pae, plddt, coords)
    assert holes[2:] == pytest.approx(whole[2:])
    pae[:3] = np.nan  # one of the two ways
    [back] = interface_confidence(chains, pae, plddt, coords)
    assert (back.pae, back.pdockq2) == pytest.approx((whole.pae, whole.pdockq2))
    pae[:], plddt[:] = np.nan, np.nan
    [nothing] = interface_confidence(chains, pae, plddt, coords)
    assert np.isnan([nothing.pae, nothing.pdockq, nothing.pdockq2]).all()


def test_no_contact_and_no_beta():
    """Chains apart have a pDockQ of 0; without CB, as in a backbone, there is none."""
    chains, plddt = np.repeat(["A", "B"], 5), np.full(10, 90.0)
    far = np.repeat([[0.0, 0, 0], [50.0, 0, 0]], 5, axis=0)
    [apart] = interface_confidence(chains, np.full((10, 10), 5.0), plddt, far)
    assert (apart.pdockq, apart.pdockq2) == (0, 0)
    [bare] = interface_confidence(chains, np.full((10, 10), 5.0), plddt, np.full((10, 3), np.nan))
    assert np.isnan([bare.pdockq, bare.pdockq2]).all() and bare.ipsae > 0


def test_the_limits_of_pdockq():
    """The published ends of the sigmoid: 0.018 for one contact, 0.742 for very many."""
    one = np.zeros((400, 400), bool)
    one[0, 0] = True
    plddt = np.full(400, 100.0)
    assert pdockq(plddt, plddt, one) == pytest.approx(0.018, abs=0.001)
    assert pdockq(plddt, plddt, np.ones((400, 400), bool)) == pytest.approx(0.742, abs=1e-3)
