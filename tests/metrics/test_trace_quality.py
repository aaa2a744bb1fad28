"""Quality columns of CA alone: steps, clashes and contacts."""

import numpy as np
import pytest

import protdiff
from protdiff.metrics.quality import QUALITY, quality
from protdiff.structure.backbone import Backbone

from .helpers import EXAMPLES

BACKBONE_COLUMNS = [
    name
    for name in QUALITY
    if name.startswith(("rms_", "omega_", "rama_", "dssp_"))
    or name in ("links_broken", "phi_negative", "hydrogen_bonds", "overlaps", "overlaps_o_o")
]


def trace(ca, **fields):
    """CA-only backbone."""
    coords = np.full((len(ca), 4, 3), np.nan)
    coords[:, 1] = ca
    return Backbone.from_coords(coords, **fields)


def test_squeezed_bond_of_a_trace_is_a_bad_bond():
    steps = np.full(10, 3.8)
    steps[4] = 2.0
    columns = quality(trace(np.cumsum(steps)[:, None] * [1, 0, 0]))
    assert columns["ca_cis"] == 0 and columns["ca_bonds"] == pytest.approx(8 / 9)


def rod(count):
    return np.arange(count)[:, None] * np.array([3.8, 0, 0])


@pytest.mark.parametrize("height", [2.9, 3.5, 3.7])
@pytest.mark.parametrize("two_chains", [False, True])
def test_clash_of_exactly_one_pair(height, two_chains):
    ca = np.concatenate([rod(10), [[7.6, height, 0]]])  # over the third residue
    numbers, chains = np.array([*range(1, 11), 40]), np.array(["A"] * 10 + ["AB"[two_chains]])
    columns = quality(trace(ca, residue_numbers=numbers, chain_ids=chains))
    assert columns["clashes_3.0"] == pytest.approx(100 / 11 * (height < 3.0))
    assert columns["clashes_3.6"] == pytest.approx(100 / 11 * (height < 3.6))
    assert columns["gaps"] == (not two_chains) and columns["ca_bonds"] == 1


@pytest.mark.parametrize(("two_chains", "clashes"), [(False, 0), (True, 1)])
def test_near_neighbours_clash_between_chains_only(two_chains, clashes):
    ca = np.concatenate([rod(9), [rod(9)[-2] + [0, 2.5, 0]]])  # separation 2
    numbers, chains = np.array([*range(1, 10), 40]), np.array(["A"] * 9 + ["AB"[two_chains]])
    columns = quality(trace(ca, residue_numbers=numbers, chain_ids=chains))
    assert columns["clashes_3.0"] == pytest.approx(100 * clashes / 10)


@pytest.mark.parametrize("name", ["1tpk.pdb", "1a8o.pdb.gz"])
def test_trace_alone_gives_the_same_trace_columns(name):
    whole = protdiff.read(EXAMPLES / name)
    fields = {
        key: getattr(whole, key) for key in ("residue_numbers", "insertion_codes", "chain_ids")
    }
    mine, expected = quality(trace(whole.ca, **fields)), quality(whole)
    assert mine.pop("incomplete") == len(whole) and expected.pop("incomplete") == 0
    for key, value in mine.items():
        if key in BACKBONE_COLUMNS:
            assert np.isnan(value) and not np.isnan(expected[key])
        else:
            assert value == pytest.approx(expected[key], abs=1e-12)


def random_chains(seed, count=60):
    """A dense tangle of two chains with breaks, and its parts as plain lists."""
    rng = np.random.default_rng(seed)
    ca = np.cumsum(rng.normal(scale=2.3, size=(count, 3)), axis=0) * 0.6
    chains = ["A"] * 35 + ["B"] * (count - 35)
    numbers = [*range(1, 21), *range(30, 45), *range(5, 5 + count - 35)]
    return trace(ca, residue_numbers=np.array(numbers), chain_ids=np.array(chains))


@pytest.mark.parametrize("seed", range(4))
def test_pairs_and_steps_by_loops(seed):
    one = random_chains(seed)
    ca, chain, number = one.ca, one.chain_ids.tolist(), one.residue_numbers.tolist()
    length, close, orders = {"A": 35, "B": len(one) - 35}, {3.0: 0, 3.6: 0, 8.0: 0}, []
    for i in range(len(one)):
        for j in range(i):
            distance = np.linalg.norm(ca[i] - ca[j])
            if chain[i] == chain[j] and i - j < 3:
                continue
            for cutoff in close:
                close[cutoff] += distance < cutoff
            if distance < 8.0 and chain[i] == chain[j]:
                orders.append((i - j) / length[chain[i]])
    gaps = breaks = cis = 0
    steps = []
    for i in range(len(one) - 1):
        if chain[i] != chain[i + 1]:
            continue
        distance = np.linalg.norm(ca[i + 1] - ca[i])
        if number[i + 1] - number[i] != 1 and distance >= 4.2:
            gaps += 1
            continue
        steps.append(distance)
        breaks += distance > 4.2
        cis += 2.7 < distance < 3.3
    columns = quality(one)
    assert columns["clashes_3.0"] == pytest.approx(100 * close[3.0] / len(one))
    assert columns["clashes_3.6"] == pytest.approx(100 * close[3.6] / len(one))
    assert columns["contacts"] == pytest.approx(close[8.0] / len(one))
    assert columns["contact_order"] == pytest.approx(np.mean(orders))
    assert (columns["gaps"], columns["ca_breaks"]) == (gaps, breaks)
    assert columns["ca_cis"] == pytest.approx(cis / len(steps))
    center = sum(ca) / len(ca)
    rg = (sum(((x - center) ** 2).sum() for x in ca) / len(ca)) ** 0.5
    assert columns["rg"] == pytest.approx(rg)
    assert columns["rg_ratio"] == pytest.approx(rg / (2.2 * len(ca) ** 0.38))
