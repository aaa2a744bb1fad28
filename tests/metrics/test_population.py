"""Populations: moments known exactly, plain loops, and the shipped real chains."""

from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.dataset import read_chains
from protdiff.metrics.descriptor import NAMES, descriptor
from protdiff.metrics.population import (
    Population,
    Structures,
    band_ratios,
    clusters,
    compare_columns,
    describe,
    gather,
    match_lengths,
    real_population,
)
from protdiff.metrics.quality import QUALITY, quality
from protdiff.structure.constants import BANDS

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
EXAMPLES = ROOT / "data" / "examples"


def population(lengths, columns=None, descriptors=None, seed=0):
    """Made-up numbers of chains of these lengths."""
    rng, count = np.random.default_rng(seed), len(lengths)
    values = rng.normal(size=(count, len(QUALITY)))
    values[:, list(QUALITY).index("residues")] = lengths
    for name, column in (columns or {}).items():
        values[:, list(QUALITY).index(name)] = column
    vectors = rng.normal(size=(count, len(NAMES))) if descriptors is None else descriptors
    return Population([str(k) for k in range(count)], values, vectors)


def part(whole, rows):
    """Some chains of a population."""
    return Population([whole.names[k] for k in rows], whole.columns[rows], whole.descriptors[rows])


@pytest.mark.parametrize("neighbours", [1, 3, 8, 50])
def test_match_lengths_by_brute_force(neighbours):
    rng = np.random.default_rng(1)
    mine, real = rng.integers(40, 70, 12), rng.integers(40, 70, 30)
    found = match_lengths(population(mine), population(real), neighbours)
    for length, row in zip(mine, found, strict=True):
        order = sorted(range(30), key=lambda k, n=length: (abs(real[k] - n), k))
        assert row.tolist() == order[:neighbours]


def cumulative_difference(one, two):
    """Kolmogorov-Smirnov statistic by looking at every value."""
    steps = [*one, *two]
    return max(abs(np.mean(one <= x) - np.mean(two <= x)) for x in steps)


def test_compare_columns_on_small_sets():
    mine = population([50, 60, 70], {"rg": [1, 2, 6], "dssp_helix": [np.nan, 0.2, 0.4]})
    real = population(
        [50, 51, 60, 70], {"rg": [5, 1, 3, 3], "dssp_helix": [0.1, np.nan, 0.5, 0.3]}, seed=1
    )
    real.columns[:, list(QUALITY).index("gaps")] = np.nan
    matched = np.array([[0, 1], [2, 1], [3, 2]])
    found = compare_columns(mine, real, matched)
    assert list(found) == [name for name in QUALITY if name != "gaps"]
    assert found["rg"] == pytest.approx(
        # Beside them stand 5, 1, 3, 1, 3, 3; under 2 are two thirds and one third, and so on.
        {"mean": 3, "median": 2, "real_mean": 16 / 6, "real_median": 3, "ks": 1 / 3}
    )
    assert found["dssp_helix"] == pytest.approx(
        {"mean": 0.3, "median": 0.3, "real_mean": 0.35, "real_median": 0.4, "ks": 0.5}
    )
    for name, row in found.items():
        one, two = mine.column(name), real.column(name)[matched].ravel()
        one, two = one[np.isfinite(one)], two[np.isfinite(two)]
        assert row["ks"] == pytest.approx(cumulative_difference(one, two))
        assert all(type(value) is float for value in row.values())


def test_band_ratios_by_hand():
    mine, real = population([50, 60, 70]), population([50, 60], seed=1)
    column = {name: NAMES.index(f"modes_{name}") for name in BANDS}
    mine.descriptors[:, column["<4"]] = np.log([1, 2, 6])
    real.descriptors[:, column["<4"]] = np.log([1, 5])
    mine.descriptors[0, column[">32"]] = np.nan  # a chain too short to have such modes
    mine.descriptors[1:, column[">32"]] = np.log([2, 4])
    real.descriptors[:, column["16-32"]] = np.nan
    found = band_ratios(mine, real, np.array([[0, 1], [1, 0], [1, 1]]))
    assert list(found) == ["<4", "4-8", "8-16", ">32"]
    spread = np.sqrt((4 + 1 + 9) / 2)  # of 1, 2, 6
    assert found["<4"] == pytest.approx(
        {"log_ratio": np.log(3 / (22 / 6)), "error": spread / np.sqrt(3) / 3}
    )
    theirs = np.exp(real.descriptors[:, column[">32"]])
    expected = np.log(3 / np.mean(theirs[[0, 1, 1, 0, 1, 1]]))
    assert found[">32"] == pytest.approx({"log_ratio": expected, "error": 1 / 3})
    assert band_ratios(mine, mine, np.array([[0], [1], [2]]))["4-8"]["log_ratio"] == 0
    alone = band_ratios(part(mine, [1]), real, np.array([[0, 1]]))
    assert np.isnan(alone["<4"]["error"]) and np.isfinite(alone["<4"]["log_ratio"])


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], [0, 1, 2, 3]),
        ([(0, 1), (2, 3)], [0, 0, 2, 2]),
        ([(0, 1), (1, 2), (2, 3)], [0, 0, 2, 2]),  # 2 is near 1, but 1 represents nobody
        ([(0, 3), (1, 3)], [0, 1, 2, 0]),  # the first representative takes it
        ([(a, b) for a in range(4) for b in range(a)], [0, 0, 0, 0]),
    ],
)
def test_clusters(pairs, expected):
    tm = np.full((4, 4), 0.3)
    np.fill_diagonal(tm, 1)
    for i, j in pairs:
        tm[i, j] = tm[j, i] = 0.5  # the cut-off belongs to the cluster
    assert clusters(tm) == expected
    assert clusters(tm, 0.51) == [0, 1, 2, 3] and clusters(tm, 0.3) == [0, 0, 0, 0]


def test_clusters_of_nothing():
    assert clusters(np.empty((0, 0))) == []


def test_described_example():
    one = protdiff.read(EXAMPLES / "1a8o.pdb.gz")
    found = gather([describe("x", one), describe("y", one)])
    assert found.names == ["x", "y"] and len(found) == 2
    assert found.lengths.tolist() == [70, 70]
    for name, value in quality(one).items():
        assert found.column(name).tolist() == [value, value]
    assert found.descriptors.shape == (2, len(NAMES))


def test_shipped_real_chains():
    real = real_population()
    assert len(real) == len(set(real.names)) == 2000
    assert real.columns.shape == (2000, len(QUALITY)) and real.columns.dtype == np.float64
    assert real.descriptors.shape == (2000, len(NAMES))
    assert real.lengths.min() >= 40 and real.lengths.max() <= 512
    assert (real.lengths == real.lengths.round()).all()
    for column in ("incomplete", "gaps", "ca_breaks"):
        assert not real.column(column).any()
    states = sum(real.column(f"dssp_{state}") for state in ("helix", "strand", "coil"))
    np.testing.assert_allclose(states, 1, atol=1e-6)
    index = [NAMES.index(name) for name in ("rg_ratio", "psea_helix", "dssp_strand")]
    for k, name in zip(index, ("rg_ratio", "psea_helix", "dssp_strand"), strict=True):
        np.testing.assert_allclose(real.descriptors[:, k], real.column(name), rtol=1e-3, atol=1e-4)
    assert np.median(real.column("phi_negative")) > 0.95


@pytest.mark.skipif(not (SHARED / "chains.csv").is_file(), reason="the data set is not here")
def test_shipped_numbers_agree_with_fresh_ones():
    real = real_population()
    chains = read_chains(SHARED, "val", max_length=256)
    rows = {name: k for k, name in enumerate(real.names)}
    for chain in chains[::70]:
        name, columns, vector = describe(chain.name, chain.backbone())
        k = rows[name]
        np.testing.assert_allclose(real.columns[k], columns, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(real.descriptors[k], vector, rtol=2e-3, atol=1e-4)


@pytest.fixture(scope="module")
def pieces():
    """Pieces of 24 residues of real chains: three folds."""
    whole = [protdiff.read(EXAMPLES / name) for name in ("1tpk.pdb", "1a8o.pdb.gz", "3nzd.cif")]
    return [protdiff.Backbone.from_coords(one.coords[5:29], one.sequence[5:29]) for one in whole]


def structures(*backbones):
    return Structures.of([f"s{k}" for k in range(len(backbones))], list(backbones))


def test_structures_hold_quality_and_descriptor(pieces):
    found = structures(*pieces)
    assert len(found) == 3 and found.population.names == ["s0", "s1", "s2"]
    for k, one in enumerate(pieces):
        columns = quality(one)
        np.testing.assert_array_equal(found.population.columns[k], list(columns.values()))
        np.testing.assert_array_equal(found.population.descriptors[k], descriptor(one, columns))
    some = found[[2, 0]]
    assert some.population.names == ["s2", "s0"]
    assert [found.backbones.index(one) for one in some.backbones] == [2, 0]
    np.testing.assert_array_equal(some.population.columns, found.population.columns[[2, 0]])
    np.testing.assert_array_equal(some.population.descriptors, found.population.descriptors[[2, 0]])


def test_structures_drop_residues_without_ca(pieces):
    coords = pieces[0].coords.copy()
    coords[7, 1] = np.nan
    found = structures(protdiff.Backbone.from_coords(coords, pieces[0].sequence))
    assert len(found.backbones[0]) == 23 and found.population.lengths.tolist() == [23]
